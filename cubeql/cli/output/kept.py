"""The rows of a result, kept as far as they were read, so that they can be shown once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 2_000_000


class Kept:
    """The rows of one result; it can be read several times as long as there are not more than ``most``.

    Attributes:
        schema: its columns.
        count: how many rows were read.
        complete: whether all were.
        overflown: there were more than are kept.
        most: how many are kept.
    """

    def __init__(self, rows: Rows, most: int = MOST) -> None:
        self.schema = rows.schema
        self.most = most
        self.count = 0
        self.complete = False
        self.overflown = False
        self._stream = rows.batches
        self._batches: list[pa.RecordBatch] = []

    @property
    def whole(self) -> bool:
        """Whether all rows are here."""
        return self.complete and not self.overflown

    def rows(self) -> Rows:
        """The rows from the first one, to be read once."""
        return Rows(self.schema, iter(self))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        position = 0
        while True:
            if not self.overflown and position < len(self._batches):
                yield self._batches[position]
            elif (batch := self._next()) is not None:
                yield batch
            else:
                return
            position += 1

    def _next(self) -> pa.RecordBatch | None:
        if self.complete:
            return None
        batch = next(self._stream, None)
        if batch is None:
            self.complete = True
            return None
        self.count += batch.num_rows
        if self.count > self.most:  # too many to keep: they only pass by
            self.overflown = True
            self._batches = []
        if not self.overflown:
            self._batches.append(batch)
        return batch
