"""Many clients at once, some that stall and some that are killed, in short; ``benchmarks.guests`` has it at length."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.flight as flight
import pytest

from tests.server.conftest import Serve, Served
from tests.server.flowing import ENDLESS, SMALL, client, is_free, now, threads, until
from tests.session.test_stopping import LONG

KILLED = """
import sys, threading
import pyarrow.flight as flight
from cubeql.flight.wire import pack
address, token, *texts = sys.argv[1:]
pause = threading.Event()
options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer " + token.encode())])
def fetch(text):
    client = flight.connect(address)
    command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
    for chunk in client.do_get(client.get_flight_info(command, options).endpoints[0].ticket, options):
        print(text[:4], flush=True)
        pause.wait(0.01)  # so that it is not read to its end, nor the server at work on nothing else
for text in texts:
    threading.Thread(target=fetch, args=(text,)).start()
"""


def handles() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def doomed(served: Served, *texts: str) -> Iterator[subprocess.Popen[str]]:
    """A process with a client for each of some statements; it is killed when the block ends."""
    address = served.address.replace("flight://", "grpc://")
    command = [sys.executable, "-c", KILLED, address, served.token("kim", "keeper"), *texts]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_clients_that_stall_or_are_killed_leave_nothing_and_hold_up_nobody(serve: Serve) -> None:
    served = serve(limits={"stall_s": 2.0, "running": 8, "running_per_user": 8, **SMALL})
    held, before = handles(), threads()
    small = "SELECT count(*) AS n FROM fine"
    expected = served.house.query(small).to_arrow()
    with client(served, token=served.token("sam", "keeper")) as one, client(served) as other:
        readers = [one.reader(ENDLESS) for _ in range(3)]
        for reader in readers:
            reader.read_chunk()
        with doomed(served, ENDLESS, ENDLESS, LONG) as process:
            assert process.stdout is not None
            process.stdout.readline()
            until(lambda: served.serving.guests.desk._streams["kim"] == 3, lambda: now(served))
            for _ in range(3):
                assert other.table(small) == expected
        until(lambda: now(served).ended["stalled"] + now(served).ended["cancelled"] == 6, lambda: now(served))
        assert other.table(small) == expected
        for reader in readers:
            reader.cancel()
        until(lambda: is_free(served), lambda: now(served))
    assert now(served).ended["failed"] == 0
    until(lambda: threads() <= before, lambda: threads() - before)
    until(lambda: handles() <= held + 4, handles)  # gRPC keeps some


@pytest.mark.parametrize("text", [LONG, ENDLESS, "SELECT cell, red FROM fine"])
def test_cancels_at_any_moment_leave_nothing(served: Served, text: str) -> None:
    before, chance = threads(), random.Random(8)
    sums = sum(now(served).ended.values())
    with client(served) as one:
        for n in range(8):
            reader = one.reader(text)
            stopping = threading.Timer(chance.uniform(0, 0.02), reader.cancel)
            stopping.start()
            with pytest.raises((flight.FlightCancelledError, flight.FlightServerError, StopIteration)):
                while True:
                    reader.read_chunk()
            stopping.join()
            until(lambda: is_free(served), lambda: now(served))
            assert sum(now(served).ended.values()) == sums + n + 1
    until(lambda: threads() <= before, lambda: threads() - before)
