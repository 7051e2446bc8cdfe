"""A reader: ``python -m scripts.stress.reading STORE LEDGER NUMBER SEED``; reads and checks until ended by SIGTERM.

Every snapshot must be whole: each time of it has all its cells, all of one value, and that value is one which the
ledger allows. What was told as committed before the reading began must be there.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import cubeql
from cubeql.errors import CubeQLError
from cubeql.storage import Store
from cubeql.values.tiles import slot_count
from scripts.stress.ground import EVENT_TILES, EVENTS
from scripts.stress.ledger import ABSENT, Known, known
from scripts.stress.processes import patiently

CELLS = len(EVENT_TILES) * slot_count(EVENTS.resolution, 0)
SUMS = "SELECT time, count(*) AS n, sum(v) AS s, min(v) AS least, max(v) AS most FROM events{} GROUP BY time"
MEETS = "FROM events AS a JOIN events AS b ON TIME EQUAL SELECT count(*) AS n, sum(CASE WHEN {} THEN 1 END) AS other"
Seen = dict[str, tuple[int, int, int, int]]
"""Of every time: cells, sum, least and greatest value."""


class Torn(Exception):  # noqa: N818
    """A reader saw what it must not see."""


class Reader:
    """One reader, with a session, one without the optimiser, and the store itself."""

    def __init__(self, address: str, ledger: Path, seed: int) -> None:
        """Read a store beside a ledger."""
        self.fast, self.plain = (
            patiently(lambda how=how: cubeql.connect(address, threads=1, **how)) for how in ({}, {"rules": ()})
        )
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.checks: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.rows = 0
        self.last = -1

    def step(self) -> None:
        """Read once and check; an unreachable store counts as failed."""
        what = self.chance.choice(("summaries", "arrays", "blocks", "versions", "meeting"))
        before = known(self.ledger)
        try:
            getattr(self, f"_{what}")(before)
        except CubeQLError as error:
            self.failed[f"{type(error).__name__}: {str(error)[:300]}"] += 1
            time.sleep(0.2)
            return
        self.checks[what] += 1

    def _summaries(self, before: Known) -> None:
        self._judge(_sums(self.fast), before)

    def _arrays(self, before: Known) -> None:
        self._judge(_sums(self.plain), before)

    def _blocks(self, before: Known) -> None:
        self._judge(_of_blocks(self.fast.store), before)

    def _versions(self, before: Known) -> None:
        latest = self.fast.store.snapshot("events").version
        if latest < self.last:
            raise Torn(f"version {latest} is the latest after version {self.last} was")
        self.last = latest
        version = self.chance.randint(max(0, latest - 20), latest)
        first, again = (_sums(s, f" VERSION {version}") for s in (self.fast, self.plain))
        if first != again:
            raise Torn(f"version {version} was read twice and differs")
        self._whole(first)

    def _meeting(self, before: Known) -> None:
        ((n, other),) = _rows(self.fast, MEETS.format("a.v <> b.v"))
        if n % CELLS or other:
            raise Torn(f"one statement saw two states: {n} cells met, {other} of them with other values")

    def _whole(self, seen: Seen) -> None:
        self.rows += len(seen)
        for time_, (n, total, least, most) in seen.items():
            if n != CELLS or least != most or total != n * least:
                raise Torn(f"{time_} is torn: {n} of {CELLS} cells, sum {total}, {least} to {most}")

    def _judge(self, seen: Seen, before: Known) -> None:
        self._whole(seen)
        now = known(self.ledger)
        for time_ in {*before.told, *seen}:
            found = seen[time_][2] if time_ in seen else ABSENT
            allowed = now.allowed(time_, before)
            if found not in allowed:
                raise Torn(f"{time_} has the value {found}, allowed are {sorted(map(str, allowed))}")


def _rows(session: cubeql.Session, text: str) -> list[tuple[Any, ...]]:
    table = session.query(text).to_arrow()
    return list(zip(*(c.to_pylist() for c in table.columns), strict=True))


def _sums(session: cubeql.Session, version: str = "") -> Seen:
    return {f"{t:%Y-%m-%dT%H:%M:%S}": (n, int(s), a, b) for t, n, s, a, b in _rows(session, SUMS.format(version))}


def _of_blocks(store: Store) -> Seen:
    found: dict[str, list[Any]] = {}
    for block in store.read_blocks("events"):
        values, valid = block.bands["v"]
        found.setdefault(str(np.datetime64(block.time, "s")), []).append(values[valid].astype(np.int64))
    parts = {t: np.concatenate(p) for t, p in found.items()}
    return {t: (len(v), int(v.sum()), int(v.min()), int(v.max())) for t, v in parts.items()}


def main(store: str, ledger: str, number: str, seed: str) -> int:
    """Read until told to stop; 1 where something torn or lost was seen."""
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    reader = Reader(store, Path(ledger), int(seed) * 100 + int(number))
    torn = None
    while not stopped and torn is None:
        try:
            reader.step()
        except Torn as fault:
            torn = str(fault)
    for what, count in reader.checks.items():
        print(f"done\t{what}\t{count}")
    print(f"done\ttimes seen\t{reader.rows}")
    for what, count in reader.failed.items():
        print(f"failed\t{' '.join(what.split())}\t{count}")
    if torn is not None:
        print(f"torn\t{torn}\t1")
    return int(torn is not None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
