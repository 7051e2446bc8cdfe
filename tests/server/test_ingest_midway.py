"""Rows of which half come: nothing of them is kept, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pytest

from cubeql.errors import QueryCancelled, QueryTimeout
from cubeql.flight.wire import pack
from cubeql.server.ingesting import Pipe
from cubeql.session import Halt
from tests.server.conftest import Served

KILLED = """
import os, signal, sys
import numpy as np, pyarrow as pa, pyarrow.flight as flight
address, token, command = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
rows = pa.table({"lon": np.zeros(1000), "lat": np.zeros(1000), "h": np.arange(1000)})
writer, reader = flight.connect(address).do_put(flight.FlightDescriptor.for_command(command), rows.schema, options)
for _ in range(20):
    writer.write_table(rows)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_client_that_is_killed_midway_leaves_nothing(served: Served) -> None:
    command = pack("CommandStatementIngest", table="killed",
                   table_definition_options={"if_not_exist": 1, "if_exists": 2})  # fmt: skip
    address = served.address.replace("flight://", "grpc://")
    subprocess.run([sys.executable, "-c", KILLED, address, served.keeper, command.hex()], check=False, timeout=60)
    deadline = time.monotonic() + 30
    while any(t.name == "cubeql-ingest" for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(t.name == "cubeql-ingest" for t in threading.enumerate())
    assert served.house.store.kind_of("killed") is None


def test_a_pipe_ends_when_it_is_halted_or_takes_too_long() -> None:
    halt = Halt()
    taken = Pipe(10).taken(halt, 60)
    threading.Timer(0.05, halt.call).start()
    with pytest.raises(QueryCancelled):
        next(taken)
    with pytest.raises(QueryTimeout):
        next(Pipe(10).taken(Halt(), 0.05))


def test_a_pipe_holds_little_and_gives_all_in_order() -> None:
    batch = pa.record_batch({"a": np.arange(100)})
    pipe, given = Pipe(batch.nbytes * 2), []

    def fill() -> None:
        for n in range(20):
            pipe.give(batch.slice(n, 1 + n))
            given.append(n)
        pipe.end()

    thread = threading.Thread(target=fill)
    thread.start()
    found = [b.num_rows for b in pipe.taken(Halt(), 60)]
    thread.join()
    assert found == list(range(1, 21))
    assert given == list(range(20))


def test_a_closed_pipe_takes_nothing_more() -> None:
    pipe = Pipe(10)
    pipe.close()
    assert not pipe.give(pa.record_batch({"a": [1]}))
