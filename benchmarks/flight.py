"""Rows over the network: throughput, CPU, memory and the first batch, beside ways that do less.

    python -m benchmarks.flight [--folder FOLDER] [--times 5] [--only numeric,mixed,wide,memory]

The server is a process of its own. All ways are run in turns, so that each meets the same busy machine; told are
medians, the CPU seconds of server and client apart, for a gigabyte of Arrow. ``wide`` makes the engine's work small
beside the bytes, so that what carries them shows.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

import cubeql
from benchmarks import data
from benchmarks.serving import PIECE, Server
from cubeql.flight.wire import pack

NUMERIC = "SELECT cell, time, ndvi FROM ndvi"
MIXED = (
    "SELECT cell, cell_to_string(cell) AS name, CASE WHEN scl = 'cloud' THEN 'cloud' ELSE 'clear' END AS kind, red "
    "FROM scene"
)
WIDE = "SELECT cell, time, " + ", ".join(f"ndvi AS v{n}" for n in range(14)) + " FROM ndvi FILTER time < '2024-04-01'"
GENEROUS = {"limits": {"run_s": 3600.0, "running": 50, "running_per_user": 50, "streams_per_user": 200}}


@dataclass
class Way:
    """A way rows take; ``run`` gives their bytes and when the first came."""

    name: str
    run: Callable[[str], tuple[int, float]]
    here: bool = False
    found: list[tuple[float, float, float, int, float]] = field(default_factory=list)


def _read(batches: Iterable[pa.RecordBatch]) -> tuple[int, float]:
    """Bytes of batches, and when the first came."""
    size, first = 0, 0.0
    for batch in batches:
        first = first or time.perf_counter()
        size += batch.nbytes
    return size, first


class Ways:
    """All of them, to one server."""

    def __init__(self, store: str, server: Server) -> None:
        self._house, self._server = cubeql.connect(store), server
        self._sizes: dict[str, int] = {}
        self._token, trusted = server.doors["tokens"][0], server.doors["trusted"]
        own = client_of(server.doors)
        secure = flight.connect(_grpc(server.doors["tls"], "grpc+tls"), tls_root_certs=trusted)
        adbc, secure_adbc = self._adbc(server.doors["own"], None), self._adbc(server.doors["tls"], trusted)
        self._bare = flight.connect(server.doors["bare"])
        self.all = [
            Way("in process", self._in_process, here=True),
            Way("Flight SQL, pyarrow", lambda text: _read(rows_of(own, self._token, text))),
            Way("Flight SQL, ADBC", lambda text: self._adbc_rows(adbc, text)),
            Way("Flight SQL, pyarrow, TLS", lambda text: _read(rows_of(secure, self._token, text))),
            Way("Flight SQL, ADBC, TLS", lambda text: self._adbc_rows(secure_adbc, text)),
            Way("Flight alone, nothing in between", self._bare_rows),
            Way("Arrow stream over a socket", self._ipc),
            Way("as many bytes over a socket", self._raw),
        ]

    def _in_process(self, text: str) -> tuple[int, float]:
        size, first = _read(self._house.query(text))
        self._sizes[text] = size
        return size, first

    def _adbc(self, address: str, trusted: str | None) -> Any:
        from adbc_driver_flightsql import dbapi

        options = {"adbc.flight.sql.authorization_header": f"Bearer {self._token}"}
        if trusted is not None:
            options["adbc.flight.sql.client_option.tls_root_certs"] = trusted
        scheme = "grpc" if trusted is None else "grpc+tls"
        return dbapi.connect(_grpc(address, scheme), db_kwargs=options, autocommit=True)

    def _adbc_rows(self, connection: Any, text: str) -> tuple[int, float]:
        with connection.cursor() as cursor:
            cursor.execute(text)
            return _read(cursor.fetch_record_batch())

    def _bare_rows(self, text: str) -> tuple[int, float]:
        return _read(chunk.data for chunk in self._bare.do_get(flight.Ticket(text.encode())))

    def _ipc(self, text: str) -> tuple[int, float]:
        with self._socket("ipc", text) as connection, connection.makefile("rb", PIECE) as lines:
            return _read(pa.ipc.open_stream(lines))

    def _raw(self, text: str) -> tuple[int, float]:
        space, size, first = bytearray(PIECE), self._sizes[text], 0.0
        with self._socket("raw", str(size)) as connection:
            while connection.recv_into(space):
                first = first or time.perf_counter()
        return size, first

    def _socket(self, door: str, asked: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._server.doors[door]))
        connection.sendall(asked.encode() + b"\n")
        return connection


def client_of(doors: dict[str, Any]) -> flight.FlightClient:
    """A client of a server's own door."""
    return flight.connect(_grpc(doors["own"], "grpc"))


def _grpc(address: str, scheme: str) -> str:
    return address.replace("flight", scheme, 1)


def options_of(token: str) -> flight.FlightCallOptions:
    """What goes with every call of a user."""
    return flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])


def reader_of(client: flight.FlightClient, token: str, text: str) -> flight.FlightStreamReader:
    """A statement's rows, over Flight SQL."""
    options = options_of(token)
    command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
    return client.do_get(client.get_flight_info(command, options).endpoints[0].ticket, options)


def rows_of(client: flight.FlightClient, token: str, text: str) -> Iterator[pa.RecordBatch]:
    """The same, batch by batch."""
    for chunk in reader_of(client, token, text):
        yield chunk.data


def throughput(ways: Ways, server: Server, text: str, times: int) -> None:
    """Run all ways in turns and print their medians."""
    for _ in range(times):
        for way in ways.all:
            before = server.ask("used")["cpu"]
            own, began = time.process_time(), time.perf_counter()
            size, first = way.run(text)
            wall, client = time.perf_counter() - began, time.process_time() - own
            way.found.append((wall, server.ask("used")["cpu"] - before, client, size, first - began))
    print("| way | GB/s | server CPU s/GB | client CPU s/GB | both | first batch ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for way in ways.all:
        size = way.found[0][3] / 1e9
        wall, served, client, _, first = (statistics.median(column) for column in zip(*way.found, strict=True))
        there = "" if way.here else f"{served / size:.2f}"
        both = (0.0 if way.here else served) + client
        figures = f"{size / wall:.2f} | {there} | {client / size:.2f} | {both / size:.2f} | {first * 1e3:.0f}"
        print(f"| {way.name} | {figures} |", flush=True)
        way.found.clear()


def memory(store: str) -> None:
    """The server's peak while it gives a result, and one ten times as large."""
    print("| result GB | server's peak, MiB above its start |\n| ---: | ---: |")
    for times in (1, 10):
        server = Server(store, **GENEROUS)
        client, token = client_of(server.doors), server.doors["tokens"][0]
        _read(rows_of(client, token, "SELECT cell, time, ndvi FROM ndvi LIMIT 1000"))
        before = server.ask("forget")["rss"]
        size, _ = _read(rows_of(client, token, " UNION ALL ".join([NUMERIC] * times)))
        print(f"| {size / 1e9:.2f} | {server.ask('used')['peak'] - before:.0f} |", flush=True)
        server.end()


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where data is made and kept; a temporary folder unless told")
    parser.add_argument("--cells", type=int, default=13_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--limits", default="", help="limits of the server, such as batch_bytes=1048576,batches=4")
    parser.add_argument("--ways", default="", help="those whose names begin so")
    parser.add_argument("--only", default="numeric,mixed,wide,memory")
    options = parser.parse_args()
    only = options.only.split(",")
    limits = dict(GENEROUS["limits"]) | {k: int(v) for k, v in (p.split("=") for p in options.limits.split(",") if p)}
    with tempfile.TemporaryDirectory(prefix="cubeql-flight-") as temporary:
        made = data.make((options.folder or Path(temporary)) / f"cells{options.cells}", options.cells)
        store = str(made.folder / "store")
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        if set(only) - {"memory"}:
            server = Server(store, limits=limits)
            ways = Ways(store, server)
            ways.all = [way for way in ways.all if way.name.startswith(options.ways)]
            for name, text in (("numeric", NUMERIC), ("mixed", MIXED), ("wide", WIDE)):
                if name in only:
                    print(f"\n{name}: `{text}`\n")
                    throughput(ways, server, text, options.times)
            server.end()
        if "memory" in only:
            print()
            memory(store)


if __name__ == "__main__":
    main()
