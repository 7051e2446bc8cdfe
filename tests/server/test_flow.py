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

from cubeql.flight.wire import pack
from cubeql.server.counts import Counted
from tests.server.conftest import Served
from tests.session.test_stopping import LONG, STREAM

WITHIN_S = 10.0


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
    sessions = [guest.session for guest in served.serving.guests._there.values()]
    return not any(not running._closed for session in sessions for running in session._at_work())


def threads() -> set[threading.Thread]:
    """Those that CubeQL began, but the one that looks after all; gRPC keeps some of its own."""
    return {t for t in threading.enumerate() if not t.name.startswith(("Dummy-", "cubeql-watch"))}


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
        "SET timeout_s = 100",
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
        reader = one.reader(STREAM)
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
        one.reader(STREAM).read_chunk()
        one.flight.close()
        until(lambda: is_free(clean))
