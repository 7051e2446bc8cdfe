"""Which instant the map shows: one of all there are, or of a span that was brushed, or the mean over that span."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cubeql.drawing.display import instant_text
from cubeql.drawing.selection import TimeSpan
from cubeql_tui.asking import When
from cubeql_tui.map.sources import Times


def _none() -> Times:
    return np.array([], "datetime64[us]")


@dataclass(slots=True)
class Clock:
    """The instants of what the map shows.

    Attributes:
        known: all of them, ascending.
        span: those that are stepped through; None for all.
    """

    known: Times = field(default_factory=_none)
    span: TimeSpan | None = None
    _at: int = -1  # before the first is the mean of a span

    @staticmethod
    def of(times: Times) -> Clock:
        """The last of these."""
        return Clock(times, None, len(times) - 1)

    @property
    def times(self) -> Times:
        """The instants that are stepped through."""
        return self.known if self.span is None else self.known[self.span.holds(self.known)]

    @property
    def when(self) -> When:
        """What is shown."""
        return self.span if self.span is not None and self._at < 0 else self.time

    @property
    def time(self) -> np.datetime64 | None:
        """The instant that is shown, of a span the first; None where there is none."""
        return self.times[max(self._at, 0)] if len(self.times) else None

    def narrow(self, span: TimeSpan | None) -> None:
        """Step only through a span, beginning with its mean; None steps through all, from the instant of now."""
        within = 0 if span is None else int(span.holds(self.known).sum())
        now = self.time
        self.span, self._at = (span if within else None), (-1 if within > 1 else 0)
        if not within and now is not None:
            self.turn_to(now)

    def step(self, steps: int) -> None:
        """Go to a later or earlier instant, round and round; the mean of a span is one of the stops."""
        first = 0 if self.span is None else -1
        self._at = first + (self._at - first + steps) % max(1, len(self.times) - first)

    def turn_to(self, time: np.datetime64) -> bool:
        """Show an instant; False where there is none such."""
        at = np.flatnonzero(self.times == time)
        if len(at):
            self._at = int(at[0])
        return bool(len(at))

    def words(self) -> str:
        """What is shown, for the title; empty where there is no time."""
        if self.time is None:
            return ""
        of = f"of {len(self.times)} brushed" if self.span is not None else f"of {len(self.times)}"
        if isinstance(self.when, TimeSpan):
            return f"mean {of} times, {self.when}"
        return f"{instant_text(self.time)} ({self._at + 1} {of})"
