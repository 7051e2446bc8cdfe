"""Rows that come from elsewhere, put in order by the engine, which takes to the disk what does not fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pyarrow as pa

from cubeql.engine.convert import converted
from cubeql.engine.running import Running
from cubeql.sql import quote

_BATCH_ROWS = 122_880
_NAME = "arriving"
_T = TypeVar("_T")


def in_order(running: Running, rows: pa.RecordBatchReader, column: str) -> Iterator[pa.RecordBatch]:
    """The rows ordered by a column; none before the last has come.

    Raises:
        QueryError: it was stopped.
        Exception: what ``rows`` raises.
    """
    source = _Heard(rows)
    text = f"SELECT * FROM {_NAME} ORDER BY {quote(column)}"  # noqa: S608 - identifiers are quoted, constants are our own

    def begun() -> pa.RecordBatchReader:
        running.cursor.register(_NAME, source.reader())
        return running.cursor.execute(text).to_arrow_reader(_BATCH_ROWS)

    with running.faults():
        ordered = source.tells(lambda: running.work(begun))
        while (batch := source.tells(lambda: running.work(lambda: next(ordered, None)))) is not None:
            yield converted(batch, rows.schema)
    running.close()


class _Heard:
    """A reader whose errors are kept: of what a reader raises the engine tells the text alone."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self._rows = rows
        self._error: Exception | None = None

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._rows.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._rows
        except Exception as error:
            self._error = error
            raise

    def tells(self, task: Callable[[], _T]) -> _T:
        try:
            return task()
        except Exception:
            if self._error is not None:
                raise self._error from None
            raise
