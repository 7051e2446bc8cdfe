"""What was brushed: a span of time, or some of the values of a quantity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.display import instant_text, short_number

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_PRECISIONS = ("D", "s", "us")  # of instants: a text stands for as long as it is precise


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Instants from ``first`` to ``last``, both in it."""

    first: np.datetime64
    last: np.datetime64

    @staticmethod
    def between(one: np.datetime64, other: np.datetime64) -> TimeSpan:
        """From the earlier to the later."""
        return TimeSpan(min(one, other), max(one, other))

    def holds(self, times: Times) -> Mask:
        """Which instants lie in it."""
        return np.asarray((times >= self.first) & (times <= self.last))

    def __str__(self) -> str:
        first, last = instant_text(self.first), instant_text(self.last)
        return first if first == last else f"{first} … {last}"

    def period(self, known: Times) -> str:
        """As ``DURING`` takes it: ``2018-05-01/2018-09-01`` means its last day, too.

        Args:
            known: all instants there are; the text holds those of the span and no others of them.
        """
        ends = [end.astype("datetime64[us]") for end in (self.first, self.last)]
        for unit in _PRECISIONS:
            behind = (ends[1].astype(f"datetime64[{unit}]") + 1).astype("datetime64[us]")
            whole = all(end == end.astype(f"datetime64[{unit}]") for end in ends)
            if whole and not np.any((known > ends[1]) & (known < behind)):
                break
        return "/".join(str(end.astype(f"datetime64[{unit}]")) + ("" if unit == "D" else "Z") for end in ends)


@dataclass(frozen=True, slots=True)
class Choice:
    """Some of the values of a quantity.

    Attributes:
        quantity: its name.
        low: the least that is chosen.
        high: the greatest.
        codes: of classes those that are chosen, ascending; None for numbers.
        words: what is chosen, for people.
    """

    quantity: str
    low: float
    high: float
    codes: tuple[int, ...] | None
    words: str

    @staticmethod
    def of_range(quantity: str, unit: str | None, low: float, high: float) -> Choice:
        """The numbers from ``low`` to ``high``, both in it."""
        beside = f" {unit}" if unit not in (None, "", "1") else ""
        return Choice(quantity, low, high, None, f"{quantity} {short_number(low)} … {short_number(high)}{beside}")

    @staticmethod
    def of_classes(quantity: str, codes: frozenset[int], names: dict[int, str]) -> Choice:
        """Some classes."""
        chosen = tuple(sorted(codes))
        words = ", ".join(names.get(code, str(code)) for code in chosen)
        return Choice(quantity, float(chosen[0]), float(chosen[-1]), chosen, f"{quantity} {words}")

    def holds(self, values: Floats) -> Mask:
        """Which values are among them; one that is missing is not."""
        if self.codes is not None:
            return np.isin(values, self.codes)
        return np.asarray((values >= self.low) & (values <= self.high))
