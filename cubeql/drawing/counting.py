"""How often each value comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.drawing.colours import Scale
from cubeql.drawing.display import Column, columns_of, short_number

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counted:
    """Values to be counted.

    Attributes:
        title: what they are.
        unit: None where they have none.
        values: NaN where there is none.
        scale: their colours.
        classes: names by code; None for numbers.
    """

    title: str
    unit: str | None
    values: Floats
    scale: Scale
    classes: dict[int, str] | None = None

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
    return Counted(column.name, unit, values, Scale.of(column, values), column.classes)


def bins(values: Floats, count: int) -> tuple[NDArray[np.int64], Floats]:
    """How many values lie in each of equal steps from the lowest to the highest, and the edges of the steps."""
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, count, (low, high) if high > low else (low - 0.5, high + 0.5))
    return counts.astype(np.int64), edges


def class_counts(values: Floats) -> list[tuple[int, int]]:
    """Codes with the number of their values, the most frequent first, of equal ones the smaller code."""
    codes, counts = np.unique(values.astype(np.int64), return_counts=True)
    order = np.lexsort((codes, -counts))
    return [(int(codes[i]), int(counts[i])) for i in order]
