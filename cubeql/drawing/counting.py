"""How often each value comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.drawing.colours import Scale
from cubeql.drawing.display import Column, columns_of, short_number
from cubeql.drawing.selection import Choice
from cubeql.grid.cells import area_km2

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]
Counts = NDArray[np.int64]
How = Literal["count", "log", "cumulative"]

HOWS: dict[How, str] = {"count": "", "log": "logarithmic", "cumulative": "so far, of all"}
"""What the height of a bar can be, with the words that say so."""

_MOST_AREAS = 200_000  # cells whose areas are summed while somebody brushes


@dataclass(frozen=True, slots=True)
class Counted:
    """Values to be counted.

    Attributes:
        title: what they are.
        unit: None where they have none.
        values: NaN where there is none.
        scale: their colours.
        classes: names by code; None for numbers.
        quantity: the band or column they are of.
        cells: of each value its cell; None where they have none.
    """

    title: str
    unit: str | None
    values: Floats
    scale: Scale
    classes: dict[int, str] | None = None
    quantity: str = ""
    cells: Cells | None = None

    def share(self, choice: Choice) -> str:
        """How many of them a choice holds, and what part of the area."""
        chosen = choice.holds(self.values)
        count, every = int(chosen.sum()), len(self.known)
        said = f"{count:,} of {every:,} ({100 * count / max(1, every):.3g} %)"
        if self.cells is None or not 0 < len(self.cells) <= _MOST_AREAS:
            return said
        areas = np.where(np.isfinite(self.values), area_km2(self.cells), 0.0)
        return f"{said} · {100 * areas[chosen].sum() / (areas.sum() or 1.0):.3g} % of the area"

    @property
    def known(self) -> Floats:
        """Those that there are."""
        return self.values[np.isfinite(self.values)]

    def summary(self) -> str:
        """How many, and where they lie."""
        known, missing = self.known, int((~np.isfinite(self.values)).sum())
        said = f"{len(known):,} values" + (f", {missing:,} without" if missing else "")
        if not len(known) or self.classes:
            return said
        low, middle, high = (short_number(float(v)) for v in np.percentile(known, [0, 50, 100]))
        mean, spread = short_number(float(known.mean())), short_number(float(known.std()))
        return f"{said} · {low} to {high} · mean {mean} · median {middle} · deviation {spread}"


def quantities(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns whose values can be counted."""
    return tuple(c for c in columns_of(schema) if c.kind in ("number", "integer"))


def of_table(table: pa.Table, column: Column) -> Counted:
    """The values of a column."""
    values = table.column(column.number).cast(pa.float64()).to_numpy()
    unit = None if column.classes else column.unit
    place = next((c.number for c in columns_of(table.schema) if c.kind == "cell"), None)
    cells = None if place is None or table.column(place).null_count else table.column(place).to_numpy().astype(np.int64)
    return Counted(column.name, unit, values, Scale.of(column, values), column.classes, column.name, cells)


def heights(counts: Counts, how: How) -> Floats:
    """How high the bar of each count is, the highest 1."""
    drawn = np.log1p(counts) if how == "log" else np.cumsum(counts) if how == "cumulative" else counts.astype(float)
    return np.asarray(drawn / (drawn.max() or 1.0))


def bounds(edges: Floats, first: int, last: int) -> tuple[float, float]:
    """The steps from ``first`` to ``last`` as two numbers that can be read: rounded outwards, by less than a tenth of
    a step."""
    step = float(edges[1] - edges[0])
    digit = 10.0 ** np.floor(np.log10(step / 10))
    low, high = np.floor(edges[first] / digit + 1e-9), np.ceil(edges[last + 1] / digit - 1e-9)
    places = max(0, -round(float(np.log10(digit))))
    return round(float(low * digit), places) + 0.0, round(float(high * digit), places) + 0.0


def bins(values: Floats, count: int) -> tuple[Counts, Floats]:
    """How many values lie in each of equal steps from the lowest to the highest, and the edges of the steps."""
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, count, (low, high) if high > low else (low - 0.5, high + 0.5))
    return counts.astype(np.int64), edges


def class_counts(values: Floats) -> list[tuple[int, int]]:
    """Codes with the number of their values, the most frequent first, of equal ones the smaller code."""
    codes, counts = np.unique(values.astype(np.int64), return_counts=True)
    order = np.lexsort((codes, -counts))
    return [(int(codes[i]), int(counts[i])) for i in order]
