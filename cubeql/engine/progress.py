"""How far a statement is: tiles that are done, of all that it reads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_FIRST_S = 0.5
_WINDOW_S = 10.0
_EVERY_S = 0.1
_STILL_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a statement is.

    Attributes:
        done: tile rows that are done with; never more than truly are.
        all: tile rows that it reads; 0 until that is known.
        seconds: since it began.
        seconds_left: an estimate from how fast it went lately; None where there is none, as in the first instants.
    """

    done: int
    all: int
    seconds: float
    seconds_left: float | None


class Pulse:
    """Follows one statement. Safe to ask from any thread; what is told never goes back.

    Args:
        clock: gives seconds; another one in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._all = self._done = 0
        self._moved = self._began
        self._count: Callable[[], int] = lambda: 0
        self._samples: deque[tuple[float, int]] = deque()
        self._last: Progress | None = None

    def reads(self, tiles: int, count: Callable[[], int]) -> None:
        """From now on so many tile rows are read; ``count`` tells how many of them are done with."""
        with self._lock:
            self._all, self._count = tiles, count
            self._moved = self._clock()
            self._samples = deque([(self._clock(), count())])

    def now(self) -> Progress:
        """How far it is."""
        with self._lock:
            if self._last is not None:
                return self._last
            now = self._clock()
            # The last tile is done with the last row: what sorts or groups has work left when all are read.
            found = min(self._count(), self._all - 1)
            if found > self._done:
                self._done, self._moved = found, now
            return Progress(self._done, self._all, now - self._began, self._left(now))

    def end(self, whole: bool) -> None:
        """It has ended, with all its rows or (not ``whole``) without."""
        with self._lock:
            if self._last is None:
                self._done = self._all if whole else self._done
                self._last = Progress(self._done, self._all, self._clock() - self._began, 0.0 if whole else None)

    def _left(self, now: float) -> float | None:
        samples = self._samples
        if not self._all or now - samples[0][0] < _FIRST_S:
            return None
        if now - samples[-1][0] >= _EVERY_S:
            samples.append((now, self._done))
        while len(samples) > 2 and now - samples[1][0] >= _WINDOW_S:
            samples.popleft()
        since, before = samples[0]
        if self._done <= before:
            return None
        left = (self._all - self._done) * (now - since) / (self._done - before)
        # Where no tile comes any more, rows are sorted or grouped: tiles do not tell how long that takes.
        return None if now - self._moved > max(_STILL_S, left) else left
