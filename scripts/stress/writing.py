"""A writer: ``python -m scripts.stress.writing STORE LEDGER NUMBER SEED``; writes until it is ended by SIGTERM."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import cubeql
from cubeql.errors import CubeQLError
from scripts.stress.ground import EVENT_TILES, EVENTS, filled
from scripts.stress.ledger import Ledger
from scripts.stress.processes import patiently

SHARES = {"append": 6, "insert": 4, "replace": 3, "overwrite": 2, "title": 1, "compact": 1}


class Writer:
    """One writer's times and values; no two of all writers' are alike."""

    def __init__(self, session: cubeql.Session, ledger: Ledger, number: int, seed: int) -> None:
        """Write with a session; which time and value come next follows from the numbers."""
        self.session, self.ledger, self.number = session, ledger, number
        self.chance = random.Random(seed * 1000 + number)
        self.told: dict[str, int] = {}
        self.turn = 0
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def step(self) -> None:
        """Do one thing; where the store is at fault (an S3 server that is gone) it counts as failed."""
        what = self.chance.choices(list(SHARES), list(SHARES.values()))[0]
        if what in ("replace", "overwrite") and not self.told:
            what = "append"
        self.turn += 1
        try:
            getattr(self, f"_{what}")()
        except CubeQLError as error:
            self.failed[f"{type(error).__name__}: {str(error)[:300]}"] += 1
            time.sleep(0.2)  # a server that is gone is not asked without a pause
            return
        self.done[what] += 1

    def _noted(self, time: str, write: Callable[[int], object]) -> None:
        value = self.number * 1_000_000 + self.turn
        self.ledger.meant(time, value)
        # Whether it took place is not known when it fails: then the time is not written again.
        self.told.pop(time, None)
        write(value)
        self.ledger.told(time, value)
        self.told[time] = value

    def _new_time(self) -> str:
        minute = self.turn
        day, rest = divmod(minute, 1440)
        return f"{2000 + self.number}-{1 + day // 28:02d}-{1 + day % 28:02d}T{rest // 60:02d}:{rest % 60:02d}:00"

    def _some_time(self) -> str:
        return self.chance.choice(sorted(self.told))

    def _write(self, time: str, value: int, on_conflict: str) -> None:
        # A small buffer: several files a commit.
        with self.session.store.write(EVENTS, "append", on_conflict, buffer_bytes=40_000) as write:  # type: ignore[arg-type]
            for tile in EVENT_TILES:
                write.add(filled(EVENTS, tile, time, value))

    def _append(self) -> None:
        time = self._new_time()
        self._noted(time, lambda value: self._write(time, value, "error"))

    def _replace(self) -> None:
        time = self._some_time()
        self._noted(time, lambda value: self._write(time, value, "replace"))

    def _insert(self) -> None:
        self._said("INSERT INTO events", self._new_time())

    def _overwrite(self) -> None:
        self._said("INSERT OR REPLACE INTO events", self._some_time())

    def _said(self, statement: str, time: str) -> None:
        query = f"{statement} SELECT cell, $time AS time, v + $value AS v FROM mould"  # noqa: S608 - our own words
        at = datetime.fromisoformat(time)
        self._noted(time, lambda value: self.session.query(query, {"time": at, "value": value}))

    def _title(self) -> None:
        self.session.query(f"ALTER LAYER events SET (title 'turn {self.turn} of {self.number}')")

    def _compact(self) -> None:
        self.session.compact("events", target_bytes=100_000)


def main(store: str, ledger: str, number: str, seed: str) -> None:
    """Write until told to stop; then say what was done, and how often what failed."""
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    with patiently(lambda: cubeql.connect(store, threads=1)) as session, Ledger(Path(ledger), int(number)) as notes:
        writer = Writer(session, notes, int(number), int(seed))
        while not stopped:
            writer.step()
    for what, count in writer.done.items():
        print(f"done\t{what}\t{count}")
    for what, count in writer.failed.items():
        print(f"failed\t{' '.join(what.split())}\t{count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
