"""A server in a process of its own, told what to do by lines: what ``benchmarks.flight`` and ``benchmarks.guests`` ask.

    python -m benchmarks.serving STORE SETTINGS

Beside CubeQL's own door, with TLS and without, it has three others that give the same rows with less: ``bare`` (Arrow
Flight straight from the engine's reader), ``ipc`` (an Arrow stream over a socket), ``raw`` (so many bytes over one).
"""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import trustme

import cubeql
from cubeql.server.flight import FlightDoor
from cubeql.server.gate import Gate
from cubeql.server.passes import Passes
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings

PIECE = 4 << 20
_SELF = Path("/proc/self")


class Server:
    """The other end of the lines: starts a server process, asks it, ends it.

    Args:
        store: what it serves.
        **settings: tables of its settings.
    """

    def __init__(self, store: str, **settings: Any) -> None:
        command = [sys.executable, "-m", "benchmarks.serving", store, json.dumps(settings)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.doors: dict[str, Any] = self._line()

    def ask(self, what: str) -> dict[str, Any]:
        """``{"ask": "used"}`` and such, and the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def end(self) -> float:
        """Have it end; gives the seconds that took."""
        began = time.monotonic()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        return time.monotonic() - began


class Bare(flight.FlightServerBase):  # type: ignore[misc]
    """Arrow Flight straight from the engine's reader: no queue, no limits, nobody to see whether the client lives."""

    def __init__(self, house: cubeql.Session) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self._house = house

    def do_get(self, context: Any, ticket: Any) -> Any:
        """The rows of the statement that the ticket is."""
        return flight.RecordBatchStream(self._house.query(ticket.ticket.decode()).to_reader())


def _listens(answer: Callable[[socket.socket], None]) -> int:
    """A socket that answers each connection in a thread; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def _asked(connection: socket.socket) -> str:
    with connection.makefile("rb") as lines:
        return lines.readline().decode().strip()


def _raw(connection: socket.socket) -> None:
    left, piece = int(_asked(connection)), bytes(PIECE)
    while left > 0:
        connection.sendall(memoryview(piece)[: min(left, PIECE)])
        left -= PIECE


def _ipc(house: cubeql.Session, connection: socket.socket) -> None:
    with (
        house.query(_asked(connection)) as result,
        connection.makefile("wb", PIECE) as out,
        pa.ipc.new_stream(out, result.schema) as writer,
    ):
        for batch in result:
            writer.write_batch(batch)


def _secure(serving: Serving, house: cubeql.Session) -> tuple[FlightDoor, str]:
    """A second door to the same guests, by TLS, and the authority that clients must trust."""
    authority = trustme.CA()
    shown = authority.issue_cert("127.0.0.1")
    pair = (shown.cert_chain_pems[0].bytes(), shown.private_key_pem.bytes())
    access = serving.settings.access
    gate = Gate(serving.guests, Passes(house.store.tokens, access), access, lambda peer, user: None)
    door = FlightDoor(gate, "grpc+tls://127.0.0.1:0", tls_certificates=[pair])
    return door, authority.cert_pem.bytes().decode()


def used() -> dict[str, Any]:
    """What this process has used and holds."""
    status = dict(line.split(":", 1) for line in (_SELF / "status").read_text().splitlines() if ":" in line)
    taken = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu": taken.ru_utime + taken.ru_stime,
        "rss": int(status["VmRSS"].split()[0]) / 1024, "peak": int(status["VmHWM"].split()[0]) / 1024,
        "threads": int(status["Threads"]), "handles": len(list((_SELF / "fd").iterdir())),
    }  # fmt: skip


def main() -> None:
    """Serve until stdin ends."""
    house = cubeql.connect(sys.argv[1], locked=True)
    settings = ServerSettings.of(**{"flight": {"address": "127.0.0.1:0"}, **json.loads(sys.argv[2])})
    tokens = [house.store.tokens.create(f"user{n}", "keeper", timedelta(hours=1))[1] for n in range(50)]
    serving, bare = Serving(house, settings), Bare(house)
    secure, trusted = _secure(serving, house)
    doors = {"own": serving.address, "tls": f"flight://127.0.0.1:{secure.port}", "trusted": trusted,
             "tokens": tokens, "bare": f"grpc://127.0.0.1:{bare.port}", "raw": _listens(_raw),
             "ipc": _listens(lambda connection: _ipc(house, connection))}  # fmt: skip
    print(json.dumps(doors), flush=True)
    counts = serving.guests.desk.counts
    for line in sys.stdin:
        if line.strip() == "forget":  # the peak of memory counts from here
            gc.collect()
            (_SELF / "clear_refs").write_text("5")
        now = counts.now()
        here = {"running": now.running, "waiting": now.waiting, "streams": now.streams, "ended": dict(now.ended)}
        print(json.dumps(used() | here), flush=True)
    serving.stop(0.0)
    sys.stdout.flush()
    os._exit(0)  # a handler in a write to a client that does not read cannot be ended


if __name__ == "__main__":
    main()
