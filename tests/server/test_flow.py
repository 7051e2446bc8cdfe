"""Rows out of a server: as the embedded session gives them, a few at a time, no longer than somebody wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.flight.wire import decode, encode, pack, unpack
from tests.server.conftest import Serve, Served
from tests.server.flowing import ENDLESS, Client, client, is_free, now, threads, until
from tests.session.test_stopping import LONG


@pytest.fixture
def clean(served: Served) -> Iterator[Served]:
    """The module's server; it is as free after a test as before, with no thread more."""
    before = threads()
    yield served
    until(lambda: is_free(served), lambda: now(served))
    until(lambda: threads() <= before, lambda: threads() - before)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT cell, red, nir FROM fine ORDER BY cell, time, red",
        "SELECT cell, red FROM fine FILTER red > 1e9",
        "SELECT count(*) AS n, avg(red) AS m FROM fine",
        "SHOW LAYERS",
        "EXPLAIN SELECT avg(red) FROM fine",
    ],
)
def test_rows_are_those_of_the_embedded_session(clean: Served, text: str) -> None:
    expected = clean.house.query(text).to_arrow()
    with client(clean) as one:
        reader = one.reader(text)
        assert reader.schema.equals(expected.schema, check_metadata=text.startswith("SELECT"))
        assert reader.read_all() == expected


def test_an_error_in_mid_stream_comes_with_what_is_wrong(clean: Served) -> None:
    text = "SELECT month(time) + 9223372036854775807 AS x FROM fine"
    with client(clean) as one:
        info = one.info(text)
        with pytest.raises(pa.ArrowInvalid, match="a value does not fit"):
            one.fetch(info).read_all()
    until(lambda: is_free(clean))


def test_a_client_that_cancels_between_batches_frees_the_engine(clean: Served) -> None:
    with client(clean) as one:
        reader = one.reader(ENDLESS)
        reader.read_chunk()
        assert now(clean).streams == 1
        reader.cancel()
        until(lambda: is_free(clean))
    until(lambda: now(clean).ended["cancelled"] >= 1)


def test_a_client_that_goes_before_the_first_batch_frees_the_engine(clean: Served) -> None:
    before = now(clean).ended["cancelled"]
    with client(clean) as one:
        reader = one.reader(LONG)
        until(lambda: now(clean).running == 1)
        reader.cancel()
        until(lambda: is_free(clean))
    assert now(clean).ended["cancelled"] == before + 1


def test_a_client_that_closes_its_connection_frees_the_engine(clean: Served) -> None:
    with client(clean) as one:
        one.reader(ENDLESS).read_chunk()
        one.flight.close()
        until(lambda: is_free(clean))


def test_each_statement_is_counted_once(serve: Serve) -> None:
    served = serve()
    with client(served) as one:
        for text in ("SET timeout_s = 100", "SHOW LAYERS", "SELECT cell FROM fine"):
            one.table(text)
        one.info("SET timeout_s = 90")  # done, though nobody asks what it says
        one.info("SELECT cell FROM fine")  # not begun
        until(lambda: now(served).streams == 0)
        with pytest.raises(pa.ArrowInvalid):
            one.info("SELECT cell FROM none_such")
    found = now(served)
    assert (found.ended["done"], found.ended["failed"], sum(found.ended.values())) == (4, 1, 5)
    rows = [served.house.query(text).to_arrow().num_rows for text in ("SHOW LAYERS", "SELECT cell FROM fine")]
    assert found.rows == sum(rows) + 1
    assert found.tiles > 0


# -------------------------------------------------------------- cancelled from elsewhere

WAYS = {
    "CancelFlightInfo": (
        lambda info: encode("CancelFlightInfoRequest", {"info": decode("FlightInfo", info)}),
        lambda body: decode("CancelFlightInfoResult", body)["status"],
    ),
    "CancelQuery": (
        lambda info: pack("ActionCancelQueryRequest", info=info),
        lambda body: unpack(body)[1]["result"],
    ),
}
CANCELLED, NOT_CANCELLABLE = 1, 3


def cancel(one: Client, info: flight.FlightInfo, way: str) -> int:
    asked, answered = WAYS[way]
    results = list(one.flight.do_action(flight.Action(way, asked(info.serialize())), one.options))
    return int(answered(results[0].body.to_pybytes()))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [LONG, ENDLESS])
def test_another_connection_of_the_user_cancels_and_another_users_does_not(clean: Served, way: str, text: str) -> None:
    token = clean.token("anna", "keeper")
    with client(clean, token=token) as one, client(clean, token=token) as same, client(clean) as other:
        info = one.info(text)
        reader = one.fetch(info)
        if text == ENDLESS:
            reader.read_chunk()
        until(lambda: now(clean).streams == 1)
        assert cancel(other, info, way) == NOT_CANCELLABLE
        assert now(clean).streams == 1
        assert cancel(same, info, way) == CANCELLED
        with pytest.raises(flight.FlightError, match="cancelled"):
            reader.read_all()
        until(lambda: is_free(clean))
        assert cancel(same, info, way) == NOT_CANCELLABLE


def test_a_statement_that_is_ready_is_cancelled_and_not_fetched(clean: Served) -> None:
    with client(clean, token=clean.token("anna")) as one:
        info = one.info("SHOW LAYERS")
        assert cancel(one, info, "CancelFlightInfo") == CANCELLED
        with pytest.raises(pa.ArrowInvalid, match="unknown, used or expired"):
            one.fetch(info).read_all()
