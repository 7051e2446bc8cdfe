"""A client that hides nothing, and what a server holds while it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.flight.wire import pack
from cubeql.server.counts import Counted
from tests.server.conftest import Served
from tests.session.test_stopping import STREAM

SMALL = {"batch_bytes": 1 << 16, "batches": 1}
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
