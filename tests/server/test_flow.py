"""Rows out of a server: as the embedded session gives them, a few at a time, no longer than somebody wants them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.flight.wire import decode, encode, pack, unpack
from cubeql.server.counts import Counted
from tests.server.conftest import Serve, Served
from tests.session.test_stopping import LONG, STREAM

WITHIN_S = 10.0
ENDLESS = STREAM.replace("w, g", "w, g, h.cell, i") + " JOIN (SELECT cell, red AS i FROM fine) AS j"
"""More rows than gRPC and the kernel hold for a client that does not read."""


def until(so: Callable[[], bool], what: Callable[[], object] = lambda: None) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WITHIN_S
    while not so():
        assert time.monotonic() < end, what()
        time.sleep(0.005)


class Client:
    """A Flight client that keeps nothing and hides nothing."""

    def __init__(self, served: Served, token: str | None = None, timeout_s: float | None = None) -> None:
        self.flight = flight.connect(served.address.replace("flight://", "grpc://"))
        header = (b"authorization", f"Bearer {token or served.keeper}".encode())
        self.options = flight.FlightCallOptions(timeout=timeout_s, headers=[header])

    def info(self, text: str) -> flight.FlightInfo:
        command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
        return self.flight.get_flight_info(command, self.options)

    def reader(self, text: str) -> flight.FlightStreamReader:
        return self.fetch(self.info(text))

    def fetch(self, info: flight.FlightInfo) -> flight.FlightStreamReader:
        return self.flight.do_get(info.endpoints[0].ticket, self.options)

    def table(self, text: str) -> pa.Table:
        return self.reader(text).read_all()


@contextmanager
def client(served: Served, **how: Any) -> Iterator[Client]:
    one = Client(served, **how)
    try:
        yield one
    finally:
        one.flight.close()


def now(served: Served) -> Counted:
    return served.serving.guests.desk.counts.now()


def is_free(served: Served) -> bool:
    """Whether no slot, stream, cursor and engine's work is left."""
    counted = now(served)
    if counted.running or counted.streams or counted.binding or counted.waiting:
        return False
    return all(running._closed for session in sessions(served) for running in session._at_work())


def sessions(served: Served) -> list[Any]:
    return [guest.session for guest in served.serving.guests._there.values()]


def threads() -> set[threading.Thread]:
    """Those that CubeQL began, but the one that looks after all; gRPC keeps some of its own."""
    return {t for t in threading.enumerate() if not t.name.startswith(("Dummy-", "cubeql-watch", "cubeql-guests"))}


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
        assert now(clean).running == 1
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
        until(lambda: now(clean).running == 1)
        assert cancel(other, info, way) == NOT_CANCELLABLE
        assert now(clean).running == 1
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


# -------------------------------------------------------------- limits

SMALL = {"batch_bytes": 1 << 16, "batches": 1}


def stalled(served: Served, one: Client) -> flight.FlightStreamReader:
    """A stream whose client has taken one batch and takes no more, until the server has stopped it."""
    reader = one.reader(ENDLESS)
    reader.read_chunk()
    until(lambda: now(served).running == 0 and all(r._closed for s in sessions(served) for r in s._at_work()))
    return reader


def test_a_client_that_takes_nothing_loses_its_statement_and_others_go_on(serve: Serve) -> None:
    served = serve(limits={"stall_s": 0.1, "running": 1, **SMALL})
    with client(served) as one, client(served) as other:
        reader = stalled(served, one)
        assert other.table("SELECT count(*) AS n FROM fine").num_rows == 1
        with pytest.raises(flight.FlightTimedOutError, match=r"not fetched for 0\.1 s"):
            reader.read_all()
        until(lambda: is_free(served))
    assert now(served).ended["stalled"] == 1


def test_a_result_larger_than_the_server_gives_is_refused_in_mid_stream(serve: Serve) -> None:
    served = serve(limits={"most_rows": 300})
    with client(served) as one:
        assert one.table("SELECT cell FROM fine LIMIT 300").num_rows == 300
        with pytest.raises(pa.ArrowInvalid, match="more than 300 rows"):
            one.table(ENDLESS)
        until(lambda: is_free(served))
    served = serve(limits={"most_bytes": 100_000})
    with client(served) as one:
        with pytest.raises(pa.ArrowInvalid, match="more than 100,000 bytes"):
            one.table(ENDLESS)
        until(lambda: is_free(served))


def test_a_statement_ends_at_the_servers_limit_or_at_a_lower_one_of_the_guest(serve: Serve) -> None:
    served = serve(limits={"run_s": 0.3})
    with client(served, token=served.token("anna", "keeper")) as one:
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.3 s"):
            one.table(LONG)
        with pytest.raises(pa.ArrowInvalid, match=r"can be 0\.3 at most"):
            one.table("SET timeout_s = 100")
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.3 s"):
            one.table(LONG)
        one.table("SET timeout_s = 0.1")
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.1 s"):
            one.table(LONG)
        until(lambda: is_free(served))
    assert now(served).ended["timeout"] == 3


def test_time_between_getting_ready_and_fetching_does_not_count(serve: Serve) -> None:
    served = serve(limits={"run_s": 30.0, "bind_s": 0.5})
    with client(served) as one:
        info = one.info("SELECT count(*) AS n FROM fine")
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 0.6)
        assert one.fetch(info).read_all().num_rows == 1


def test_getting_ready_has_a_limit_of_its_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(limits={"bind_s": 0.2})
    hold_binding(monkeypatch)
    with client(served) as one:
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.2 s"):
            one.info("SELECT cell FROM fine")
        until(lambda: is_free(served))


def test_a_client_that_goes_while_its_statement_is_made_ready_frees_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    hold_binding(monkeypatch)
    with client(served, timeout_s=0.2) as one:
        with pytest.raises(flight.FlightTimedOutError):
            one.info("SELECT cell FROM fine")
        until(lambda: is_free(served))
    assert now(served).ended["cancelled"] == 1


def hold_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let statements get ready as slowly as one that lists a million files."""
    from cubeql.engine import execute

    def slow(running: Any, prepared: Any) -> Any:
        return running.cursor.execute("SELECT sum(a.range * b.range) FROM range(10000000) a, range(1000000) b")

    monkeypatch.setattr(execute, "_shape", slow)


def test_one_user_has_so_many_results_open_and_no_more(serve: Serve) -> None:
    served = serve(limits={"streams_per_user": 2, "stall_s": 0.1, **SMALL})
    token = served.keeper
    with client(served, token=token) as one:
        readers = [stalled(served, one) for _ in range(2)]
        with pytest.raises(flight.FlightUnavailableError, match="2 results of yours are open"):
            one.reader(ENDLESS).read_chunk()
        with client(served, token=served.token("ben", "keeper")) as other:
            assert other.table("SELECT count(*) AS n FROM fine").num_rows == 1
        for reader in readers:
            reader.cancel()
        until(lambda: is_free(served))
        assert one.table("SELECT count(*) AS n FROM fine").num_rows == 1


def test_a_full_server_says_that_it_is_busy_and_still_tells_what_rows_look_like(serve: Serve) -> None:
    served = serve(limits={"running": 1, "waiting": 0, **SMALL})
    with client(served) as one, client(served) as other:
        reader = one.reader(ENDLESS)
        reader.read_chunk()
        info = other.info("SELECT cell FROM fine")
        with pytest.raises(flight.FlightUnavailableError, match="busy: 1 statements run and 0 wait"):
            other.fetch(info).read_all()
        assert other.table("SHOW LAYERS").num_rows > 0
        reader.cancel()
        until(lambda: is_free(served))
    assert now(served).ended["refused"] == 1


# -------------------------------------------------------------- statements that change something


@pytest.mark.parametrize("text", ["CREATE LAYER made AS SELECT cell, max(s) AS s FROM ({long}) AS q GROUP BY cell"])
def test_a_change_whose_client_goes_away_changes_nothing(serve: Serve, text: str) -> None:
    served = serve()
    long = "SELECT a.cell AS cell, " + LONG.partition("SELECT count(*) AS n, sum(")[2].replace(") AS s", " AS s", 1)
    long = LONG.partition("SELECT count(*)")[0] + long
    with client(served, timeout_s=0.5) as one:
        with pytest.raises(flight.FlightTimedOutError):
            one.info(text.format(long=long))
        until(lambda: is_free(served))
    assert now(served).ended["cancelled"] == 1
    assert served.house.store.layer("made") is None


# -------------------------------------------------------------- the end


def test_what_runs_may_end_when_the_server_stops_and_nothing_new_begins(serve: Serve) -> None:
    served = serve(limits=SMALL)
    with client(served) as one:
        expected = served.house.query(STREAM).to_arrow().num_rows
        info, reader = one.info("SELECT cell FROM fine LIMIT 1"), one.reader(STREAM)
        rows = reader.read_chunk().data.num_rows
        stopping = threading.Thread(target=served.serving.stop, args=(WITHIN_S,))
        stopping.start()
        until(lambda: served.serving.guests.desk.draining)
        with pytest.raises(flight.FlightUnavailableError, match="shutting down"):
            one.info("SELECT cell FROM fine")
        assert one.fetch(info).read_all().num_rows == 1  # it was ready before
        assert rows + reader.read_all().num_rows == expected
        stopping.join(WITHIN_S)
        assert not stopping.is_alive()


def test_what_runs_too_long_is_cancelled_when_the_server_stops(serve: Serve) -> None:
    served = serve()
    with client(served) as one:
        reader = one.reader(LONG)
        until(lambda: now(served).running == 1)
        served.serving.stop(0.0)
        with pytest.raises(flight.FlightError, match="cancelled"):
            reader.read_all()


def test_a_client_that_does_not_read_does_not_keep_a_server_from_stopping(serve: Serve) -> None:
    served = serve()
    with client(served) as one:
        reader = one.reader(ENDLESS)
        reader.read_chunk()
        stream = next(iter(served.serving.guests.desk._open.values()))._stream
        assert stream is not None
        until(lambda: not stream._asking and time.monotonic() - stream._taken_at > 0.5)  # it is stuck in a write
        began = time.monotonic()
        assert served.serving.stop(0.0) is False
        assert time.monotonic() - began < WITHIN_S
        assert all(r._closed for s in sessions(served) for r in s._at_work())
        reader.cancel()
