"""The rows of a result, read one by one, some at a time, or as Arrow from wherever the reading stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from cubeql.dbapi.faults import faults, misused
from cubeql.engine.result import Result

Row = tuple[Any, ...]
_AHEAD = 1024
"""Rows that are made Python values at once, where they are asked for one by one."""


class Rows:
    """A result being read; never more of it is held than one batch.

    Attributes:
        schema: of its rows.
        number: of rows that have been handed out; None when they went out as Arrow.
    """

    def __init__(self, result: Result) -> None:
        self.schema: pa.Schema = result.schema
        self.number: int | None = 0
        self._result = result
        self._batches: Iterator[pa.RecordBatch] | None = iter(result)
        self._batch: pa.RecordBatch | None = None
        self._at = 0  # of the first row of the batch that has not been handed out
        self._made: deque[Row] = deque()  # the rows from there on, as far as they are made

    def one(self) -> Row | None:
        """The next row; None at the end."""
        if not self._made:
            self._made.extend(self._values(_AHEAD))
        return self._handed(1)[0] if self._made else None

    def many(self, most: int) -> list[Row]:
        """The next rows, fewer where it ends."""
        found: list[Row] = []
        while len(found) < most:
            if not self._made:
                self._made.extend(self._values(most - len(found)))
                if not self._made:
                    break
            found += self._handed(most - len(found))
        return found

    def all(self) -> list[Row]:
        """All rows that are left."""
        found: list[Row] = []
        while rows := self.many(_AHEAD):
            found += rows
        return found

    def take(self) -> ArrowRows:
        """The rows that are left, as Arrow; they can be taken once."""
        self._check()
        self.number = None
        return ArrowRows(self.schema, self._rest())

    def cancel(self) -> None:
        """Stop the statement, from any thread."""
        self._result.cancel()

    def close(self) -> None:
        """Let go of the statement; a reader of its rows that was handed out reads no more."""
        self._batch = self._batches = None
        self._made.clear()
        with faults():
            self._result.close()

    def _check(self) -> None:
        if self.number is None:
            raise misused("the rows of this statement have been taken as Arrow; execute it again")

    def _handed(self, most: int) -> list[Row]:
        found = [self._made.popleft() for _ in range(min(most, len(self._made)))]
        self._at += len(found)
        self.number = (self.number or 0) + len(found)
        return found

    def _values(self, most: int) -> list[Row]:
        """Python values of the next rows of one batch; none at the end."""
        self._check()
        while self._batch is None or self._at >= self._batch.num_rows:
            self._batch, self._at = self._next(), 0
            if self._batch is None:
                return []
        columns = [c.to_pylist() for c in self._batch.slice(self._at, most).columns]
        return list(zip(*columns, strict=True))

    def _next(self) -> pa.RecordBatch | None:
        if self._batches is None:
            raise misused("the cursor of these rows was closed, or has run another statement")
        with faults():
            return next(self._batches, None)

    def _rest(self) -> Iterator[pa.RecordBatch]:
        begun, at = self._batch, self._at
        self._batch = None
        self._made.clear()
        if begun is not None and at < begun.num_rows:
            yield begun.slice(at)
        while (batch := self._next()) is not None:
            yield batch


class ArrowRows:
    """Rows as an Arrow stream, for whatever takes such; they can be read once, and refuse to be read again.

    Both capsules are needed: without that of the schema DuckDB would ask for the stream to learn it.
    """

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self.schema = schema
        self._batches: Iterator[pa.RecordBatch] | None = batches

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a reader of pyarrow."""
        if self._batches is None:
            raise misused("these rows have been read already; execute the statement again")
        batches, self._batches = self._batches, None
        return pa.RecordBatchReader.from_batches(self.schema, batches)

    def __arrow_c_schema__(self) -> Any:
        """The schema as an Arrow capsule."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as an Arrow stream capsule."""
        return self.reader().__arrow_c_stream__(requested_schema)
