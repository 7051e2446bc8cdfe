"""Fifty clients at one server: what ten that stall and ten that are killed do to the other thirty.

    python -m benchmarks.guests [--folder FOLDER] [--seconds 20] [--limits running=8,stall_s=5]

Thirty clients, each a user of its own, ask for the series of a place every few seconds. Then ten of one user begin to
fetch a large result and read nothing more. Then five of another fetch it as fast as it comes, and five of a third wait
for a sort, for half of the time: they are killed (``kill -9``) while they do so. Told are the waits of the thirty in
each part, how long the server takes to let go of what the killed had asked for, and what it holds at the end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.flight import NUMERIC, client_of, reader_of
from benchmarks.serving import Server

ASKED = "SELECT time, ndvi FROM ndvi FILTER cell WITHIN POINT(25.03, 46.52)"
LARGE = " UNION ALL ".join([NUMERIC] * 20)
SORTED = f"SELECT * FROM ({' UNION ALL '.join([NUMERIC] * 6)}) AS s ORDER BY ndvi DESC"
OTHERS, PAUSE_S = 30, 3.0
PARTS = ("before", "with ten that stall", "with ten that are killed", "after")
STALLED, FETCHING, WAITING = 30, 31, 32
"""Numbers of their users; those below are the others'."""

Waits = list[tuple[float, float, str]]


def others(doors: dict[str, Any], numbers: list[int], told: Connection) -> None:
    """Clients that ask every few seconds until told to end; sends when each asked, how long it took, what was wrong."""
    waits: Waits = []
    over = threading.Event()

    def asks(number: int) -> None:
        client, token = client_of(doors), doors["tokens"][number]
        over.wait(PAUSE_S * number / OTHERS)
        while not over.is_set():
            began, wrong = time.monotonic(), ""
            try:
                reader_of(client, token, ASKED).read_all()
            except Exception as error:
                wrong = str(error).splitlines()[0][:100]
            waits.append((began, time.monotonic() - began, wrong))
            over.wait(PAUSE_S)

    threads = [threading.Thread(target=asks, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    told.recv()
    over.set()
    for thread in threads:
        thread.join()
    told.send(waits)


def fetching(doors: dict[str, Any], user: int, count: int, text: str, most: int, told: Connection) -> None:
    """Clients of one user that fetch a result: so many batches, then none."""
    token, held = doors["tokens"][user], []

    def fetches() -> None:
        client = client_of(doors)
        reader = reader_of(client, token, text)
        held.append((client, reader))
        try:
            for _ in range(most):
                reader.read_chunk()
        except Exception as error:
            held.append(str(error))

    for _ in range(count):
        threading.Thread(target=fetches, daemon=True).start()
    told.recv()
    os._exit(0)


class Guests:
    """Processes of clients of one server."""

    def __init__(self, server: Server) -> None:
        self._doors = server.doors
        self._spawn = multiprocessing.get_context("spawn")
        self.began: list[tuple[Any, Connection]] = []

    def begin(self, what: Any, *args: Any) -> tuple[Any, Connection]:
        """A process of clients, and the way to talk to it."""
        here, there = self._spawn.Pipe()
        process = self._spawn.Process(target=what, args=(self._doors, *args, there), daemon=True)
        process.start()
        self.began.append((process, here))
        return process, here


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where data is made and kept; a temporary folder unless told")
    parser.add_argument("--cells", type=int, default=13_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the four parts")
    parser.add_argument("--limits", default="", help="limits of the server, such as running=8,stall_s=5")
    options = parser.parse_args()
    limits = {"stall_s": 5.0} | {k: float(v) if "." in v else int(v) for k, v in _pairs(options.limits)}
    with tempfile.TemporaryDirectory(prefix="cubeql-guests-") as temporary:
        made = data.make((options.folder or Path(temporary)) / f"cells{options.cells}", options.cells)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, limits {limits}", flush=True)
        _run(Server(str(made.folder / "store"), limits=limits), options.seconds)


def _pairs(written: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (part.partition("=") for part in written.split(",") if part)]


def _run(server: Server, seconds: float) -> None:
    guests = Guests(server)
    asking = [guests.begin(others, list(range(first, first + 10)))[1] for first in range(0, OTHERS, 10)]
    time.sleep(8.0)  # they have started, and the server is warm
    states = {"before": server.ask("used")}
    marks = [time.monotonic()]
    time.sleep(seconds)
    marks.append(time.monotonic())
    guests.begin(fetching, STALLED, 10, LARGE, 1)
    time.sleep(seconds)
    states["with ten that stall"] = server.ask("used")
    marks.append(time.monotonic())
    victims = [guests.begin(fetching, FETCHING, 5, LARGE, 1 << 30), guests.begin(fetching, WAITING, 5, SORTED, 1)]
    time.sleep(seconds / 2)
    states["with all fifty"] = server.ask("used")
    killed = [_killed(server, process) for process, _ in victims]
    time.sleep(max(0.0, marks[-1] + seconds - time.monotonic()))
    marks.append(time.monotonic())
    time.sleep(seconds)
    marks.append(time.monotonic())
    waits: Waits = []
    for talk in asking:
        talk.send("end")
        waits += talk.recv()
    for process, _ in guests.began:
        process.kill()
        process.join()
    time.sleep(1.0)
    states["after"] = server.ask("used")
    _tell(waits, marks, states, killed)
    print(f"\nthe server ended in {server.end():.1f} s")


def _killed(server: Server, process: Any) -> tuple[float, int, int]:
    """Kill a process of five clients; gives the seconds until what they had asked for was free."""
    before = server.ask("used")
    process.kill()
    began = time.monotonic()
    while True:
        now = server.ask("used")
        free = now["ended"]["cancelled"] - before["ended"]["cancelled"]
        if free >= 5 or time.monotonic() - began > 20:
            return time.monotonic() - began, before["running"], free
        time.sleep(0.005)


def _tell(waits: Waits, marks: list[float], states: dict[str, Any], killed: list[tuple[float, int, int]]) -> None:
    print("\n| thirty others | asked | refused | p50 ms | p95 ms | worst ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, start, end in zip(PARTS, marks[:-1], marks[1:], strict=True):
        part = [(took, wrong) for began, took, wrong in waits if start <= began < end]
        good = sorted(took * 1e3 for took, wrong in part if not wrong)
        p95 = statistics.quantiles(good, n=20)[-1]
        print(f"| {name} | {len(part)} | {len(part) - len(good)} | {statistics.median(good):.0f} | {p95:.0f} | "
              f"{good[-1]:.0f} |")  # fmt: skip
    names = ("running", "waiting", "streams", "threads", "handles", "rss")
    print("\n| server | running | waiting | streams | threads | handles | memory MiB | ended |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, state in states.items():
        ended = ", ".join(f"{count} {how}" for how, count in state["ended"].items() if count)
        print(f"| {name} | {' | '.join(f'{state[n]:.0f}' for n in names)} | {ended} |")
    print()
    for what, (seconds, running, free) in zip(("mid-stream", "before the first batch"), killed, strict=True):
        print(f"five killed {what}: {free} freed in {seconds:.2f} s ({running} statements ran)")


if __name__ == "__main__":
    main()
