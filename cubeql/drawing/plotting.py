"""Lines over time as dots of braille, and the round numbers and dates at their axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.display import instant_text
from cubeql.drawing.dots import HIGH, WIDE, stretches
from cubeql.drawing.series import Line, Times

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CALENDAR: tuple[tuple[str, int], ...] = (
    ("Y", 100), ("Y", 50), ("Y", 20), ("Y", 10), ("Y", 5), ("Y", 2), ("Y", 1), ("M", 6), ("M", 3), ("M", 1), ("D", 10),
    ("D", 5), ("D", 1), ("h", 12), ("h", 6), ("h", 3), ("h", 1), ("m", 30), ("m", 10), ("m", 1), ("s", 10), ("s", 1),
)  # fmt: skip


def number_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, not more than so many (and never none of a range that has one)."""
    span = high - low
    if span <= 0 or most < 1:
        return [low]
    power = 10.0 ** np.floor(np.log10(span / most))
    step = next(s * power for s in _STEPS if span / (s * power) <= most)
    first = np.ceil(low / step - 1e-9)
    return [float(n * step) + 0.0 for n in np.arange(first, np.floor(high / step + 1e-9) + 1)]  # + 0.0: no -0


def date_ticks(first: np.datetime64, last: np.datetime64, most: int) -> list[tuple[np.datetime64, str]]:
    """Whole years, months, days, hours, … from first to last with their words, not more than so many."""
    found: list[tuple[np.datetime64, str]] = []
    if first == last:
        return [(first, instant_text(first))]
    for unit, every in _CALENDAR:
        start, end = (t.astype(f"datetime64[{unit}]") for t in (first, last))
        if (end - start).astype(int) // every > 4 * most:
            break
        ticks = np.arange(start, end + 1)
        ticks = ticks[_parts(ticks, unit) % every == 0]
        instants = ticks.astype("datetime64[us]")
        inside = (instants >= first) & (instants <= last)
        if inside.sum() > most:
            break
        if inside.any():
            found = [(i, _words(t, unit)) for i, t in zip(instants[inside], ticks[inside], strict=True)]
    return found or [(first, instant_text(first))]


def _parts(ticks: Times, unit: str) -> NDArray[np.int64]:
    """What of a date a step counts: months within the year, days within the month, and so on."""
    coarser = {"Y": "Y", "M": "Y", "D": "M", "h": "D", "m": "h", "s": "m"}[unit]
    numbers = ticks.astype(np.int64)
    return (
        numbers + 1970
        if unit == "Y"
        else numbers - ticks.astype(f"datetime64[{coarser}]").astype(ticks.dtype).astype(int)
    )


def _words(tick: np.datetime64, unit: str) -> str:
    text = str(tick)
    return text[-5:] if unit == "m" else text[-8:] if unit == "s" else f"{text[-2:]}:00" if unit == "h" else text


@dataclass(frozen=True, slots=True)
class Frame:
    """Which value and instant lies at which dot."""

    columns: int
    rows: int
    low: float
    high: float
    first: np.datetime64
    last: np.datetime64

    def across(self, times: Times) -> NDArray[np.float64]:
        """Dots from the left."""
        span = max(1, int((self.last - self.first).astype(np.int64)))
        return (times - self.first).astype(np.int64) / span * (self.columns * WIDE - 1)

    def down(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Dots from the top."""
        return (self.high - values) / (self.high - self.low) * (self.rows * HIGH - 1)


@dataclass(frozen=True, slots=True)
class Band:
    """What many values a dot are drawn as.

    Attributes:
        middle: their mean, a value a column of dots.
        top: the row of characters of the greatest value in each column; beyond the last row where there is none.
        bottom: likewise of the least; -1 where there is none.
    """

    middle: Line
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]


def band_of(line: Line, frame: Frame) -> Band | None:
    """The mean of each column of dots and the reach of each column of characters; None where dots are enough."""
    known = np.isfinite(line.values)
    if int(known.sum()) <= frame.columns * WIDE:
        return None
    dot = np.clip(np.floor(frame.across(line.times)).astype(np.int64), 0, frame.columns * WIDE - 1)
    here = np.unique(dot)
    count, total = (np.bincount(dot[known], w, frame.columns * WIDE)[here] for w in (None, line.values[known]))
    first = np.searchsorted(dot, here)  # the first instant of each: times ascend
    middle = Line(line.name, line.times[first], total / np.where(count, count, np.nan))
    row = np.clip(frame.down(line.values[known]) // HIGH, 0, frame.rows - 1).astype(np.int64)
    top, bottom = np.full(frame.columns, frame.rows), np.full(frame.columns, -1)
    np.minimum.at(top, dot[known] // WIDE, row)
    np.maximum.at(bottom, dot[known] // WIDE, row)
    return Band(middle, top, bottom)


def dots_of(line: Line, frame: Frame) -> NDArray[np.uint8]:
    """A line, broken where a value is missing; a value between two gaps is a dot."""
    x, y = frame.across(line.times), frame.down(line.values)
    known = np.isfinite(y)
    joined = known[:-1] & known[1:]
    first = np.concatenate([np.flatnonzero(joined), np.flatnonzero(known)])
    second = np.concatenate([np.flatnonzero(joined) + 1, np.flatnonzero(known)])
    across, down = (np.stack([axis[first], axis[second]], axis=1) for axis in (x, y))
    return stretches(across, down, frame.columns, frame.rows)
