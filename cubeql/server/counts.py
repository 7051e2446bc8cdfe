"""What a server counts: statements by how they ended, what they read and gave, and what is there just now."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType

ENDS = ("done", "failed", "cancelled", "timeout", "stalled", "refused")
"""How a statement ends: with its rows, with an error, stopped by its client, at its time limit, because its client did
not take its rows, or before it began because there was too much to do."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted up to a moment.

    Attributes:
        ended: statements that have ended, by how.
        tiles: tile rows that they read.
        rows: that went out.
        bytes: of these rows, as Arrow.
        binding: statements that are made ready.
        running: statements that run.
        waiting: statements in line for either.
        streams: results that clients have open, those of stalled clients among them.
    """

    ended: MappingProxyType[str, int]
    tiles: int
    rows: int
    bytes: int
    binding: int
    running: int
    waiting: int
    streams: int


class Counts:
    """Counts for one server. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # what ends a stream may be the collector, at any place
        self._ended: Counter[str] = Counter(dict.fromkeys(ENDS, 0))
        self._sums: Counter[str] = Counter()
        self._now: Counter[str] = Counter()

    def ended(self, how: str, tiles: int = 0) -> None:
        """A statement has ended, in one of the ways of :data:`ENDS`, and read so many tile rows."""
        with self._lock:
            self._ended[how] += 1
            self._sums["tiles"] += tiles

    def sent(self, rows: int, size: int) -> None:
        """Rows went out."""
        with self._lock:
            self._sums["rows"] += rows
            self._sums["bytes"] += size

    def change(self, what: str, by: int) -> None:
        """There are more, or fewer, that are ``binding``, ``running``, ``waiting``, or ``streams``."""
        with self._lock:
            self._now[what] += by

    def now(self) -> Counted:
        """All of them at one moment."""
        with self._lock:
            sums, now = self._sums, self._now
            return Counted(MappingProxyType(dict(self._ended)), sums["tiles"], sums["rows"], sums["bytes"],
                           now["binding"], now["running"], now["waiting"], now["streams"])  # fmt: skip
