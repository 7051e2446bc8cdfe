"""The rows that a statement has brought so far: they grow in one thread and are read in another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_SCREENFUL = 300


class Rows:
    """Record batches in the order they came.

    Args:
        schema: of every batch.
        batches: those that are there from the start.
    """

    def __init__(self, schema: pa.Schema, batches: Sequence[pa.RecordBatch] = ()) -> None:
        self.schema = schema
        self._batches: list[pa.RecordBatch] = []
        self._ends: list[int] = []
        for batch in batches:
            self.append(batch)

    def append(self, batch: pa.RecordBatch) -> None:
        """Take one more batch; only one thread may."""
        if batch.num_rows:
            end = len(self) + batch.num_rows
            self._batches.append(batch)
            self._ends.append(end)  # last: readers count by it

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def window(self, start: int, stop: int) -> pa.Table:
        """The rows from ``start`` to before ``stop``, without a copy of any other; fewer where there are fewer."""
        stop = min(stop, len(self))
        if start >= stop:
            return self.schema.empty_table()
        first = bisect_right(self._ends, start)
        last = bisect_right(self._ends, stop - 1)
        before = self._ends[first - 1] if first else 0
        table = pa.Table.from_batches(self._batches[first : last + 1], self.schema)
        return table.slice(start - before, stop - start)

    def number(self, row: int) -> int:
        """Which of the rows that came one is, from 0: itself."""
        return row

    def at(self, places: NDArray[np.int64]) -> pa.Table:
        """The rows at these places, in their order; a screenful is quick, however many rows there are."""
        if len(places) > _SCREENFUL:
            return self.table().take(pa.array(places))
        found = [self.window(place, place + 1) for place in places.tolist()]
        return pa.concat_tables(found) if found else self.schema.empty_table()

    def table(self) -> pa.Table:
        """All rows of now."""
        return self.window(0, len(self))
