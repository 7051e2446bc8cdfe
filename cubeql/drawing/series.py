"""Values over time: what a line is, and how the rows of a result or a cell of the map become lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.drawing.display import Column, columns_of, text_of
from cubeql.drawing.selection import TimeSpan

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

MOST_LINES = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One value an instant.

    Attributes:
        name: what sets it apart from other lines; empty where it is the only one.
        times: ascending, each once.
        values: NaN where there is none: the line is broken there.
    """

    name: str
    times: Times
    values: Floats

    def within(self, span: TimeSpan) -> Line:
        """Its part in a span, with the places where it enters and leaves."""
        first = int(np.searchsorted(self.times, span.first, "left"))
        behind = int(np.searchsorted(self.times, span.last, "right"))
        enters, leaves = self._crossing(first, span.first), self._crossing(behind, span.last)
        times = [enters[0], self.times[first:behind], leaves[0]]
        return Line(self.name, np.concatenate(times), np.concatenate([enters[1], self.values[first:behind], leaves[1]]))

    def _crossing(self, behind: int, edge: np.datetime64) -> tuple[Times, Floats]:
        """Where it crosses an instant that lies before the point of this number; nothing where it does not."""
        if not 0 < behind < len(self.times) or edge in (self.times[behind - 1], self.times[behind]):
            return self.times[:0], self.values[:0]
        times, values = (each[behind - 1 : behind + 1] for each in (self.times, self.values))
        share = (edge - times[0]).astype(np.int64) / (times[1] - times[0]).astype(np.int64)
        return np.array([edge], times.dtype), np.array([values[0] + (values[1] - values[0]) * share])

    def summed(self, span: TimeSpan) -> tuple[int, float]:
        """How many values it has in a span, and their mean."""
        known = self.values[span.holds(self.times)]
        known = known[np.isfinite(known)]
        return len(known), float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True, slots=True)
class Series:
    """Lines of one quantity.

    Attributes:
        title: what they are of.
        unit: of their values; None where they have none.
        lines: those with the most values first.
        left_out: how many lines there are besides.
    """

    title: str
    unit: str | None
    lines: tuple[Line, ...]
    left_out: int = 0

    @property
    def times(self) -> Times:
        """All instants, ascending."""
        found = [line.times for line in self.lines]
        return np.unique(np.concatenate(found)) if found else np.array([], "datetime64[us]")

    def within(self, span: TimeSpan) -> Series:
        """The part of each line in a span."""
        return replace(self, lines=tuple(line.within(span) for line in self.lines))

    def range(self) -> tuple[float, float]:
        """The lowest and the highest value; 0 and 1 of none."""
        found = [line.values for line in self.lines]
        known = np.concatenate(found) if found else np.array([])
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)


def averaged(name: str, times: Times, values: Floats) -> Line:
    """A line of values in any order, of several at one instant their mean."""
    instants, number = np.unique(times, return_inverse=True)
    valid = np.isfinite(values)
    count = np.bincount(number[valid], minlength=len(instants))
    total = np.bincount(number[valid], weights=values[valid], minlength=len(instants))
    return Line(name, instants, total / np.where(count, count, np.nan))


def can_show(schema: pa.Schema) -> bool:
    """Whether rows have a time and a number."""
    kinds = columns_of(schema)
    return any(c.kind == "timestamp" for c in kinds) and any(c.is_number for c in kinds)


def quantities(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns that can be drawn."""
    return tuple(c for c in columns_of(schema) if c.is_number)


def of_table(table: pa.Table, quantity: Column) -> Series:
    """A column over time, a line each combination of the cells, texts and classes beside it."""
    columns = columns_of(table.schema)
    clock = next(c for c in columns if c.kind == "timestamp")
    keys = [c for c in columns if not c.is_number and c.kind != "timestamp"]
    times = table.column(clock.number).to_numpy().astype("datetime64[us]")
    values = table.column(quantity.number).cast(pa.float64()).to_numpy()
    known = ~np.isnat(times)
    group, names = _groups(table, keys)
    counts = np.bincount(group[known], minlength=len(names))
    order = np.argsort(-counts, kind="stable")[:MOST_LINES]
    lines = tuple(
        averaged(names[number], times[known & (group == number)], values[known & (group == number)])
        for number in order.tolist()
        if counts[number]
    )
    return Series(quantity.name, quantity.unit, lines, int((counts > 0).sum()) - len(lines))


def _groups(table: pa.Table, keys: list[Column]) -> tuple[NDArray[np.int64], list[str]]:
    """The number of each row's combination, and the name of each."""
    group = np.zeros(len(table), np.int64)
    names = [""]
    for key in keys:
        encoded = table.column(key.number).combine_chunks().dictionary_encode("encode")
        codes = encoded.indices.to_numpy()
        words = [text_of(value, key) for value in encoded.dictionary.to_pylist()]
        pairs, group = np.unique(group * max(1, len(words)) + codes, return_inverse=True)
        before = [divmod(pair, max(1, len(words))) for pair in pairs.tolist()]
        names = [" · ".join(part for part in (names[b], words[w]) if part) for b, w in before]
    return group, names
