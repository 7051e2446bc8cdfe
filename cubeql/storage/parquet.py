"""Data files: written once under a name nobody else has, complete on disk before anything refers to them."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cubeql.errors import StoreError
from cubeql.storage.columns import FileShape, levels
from cubeql.storage.table import DataFile
from cubeql.storage.tablefiles import TableFiles
from cubeql.values.cells import base_of

LONGEST_TEXT = 128  # a longer text has no file statistics


def new_file_name(tile: int, time_us: int | None) -> str:
    """A fresh name in the folder of a row's base cell and year."""
    # No '=' in folder names: DuckDB would read them as columns.
    year = "static" if time_us is None else str(np.datetime64(time_us, "us").astype("datetime64[Y]"))
    return f"data/{base_of(tile):03d}/{year}/{uuid.uuid4().hex}.parquet"


def new_rows_name() -> str:
    """A fresh name of a file of points or zones."""
    return f"data/{uuid.uuid4().hex}.parquet"


class NewFile:
    """A file being written; row groups go in by :meth:`write`, :meth:`close` makes it last.

    Raises:
        StoreError: from every method, where the disk refuses (full, not allowed).
    """

    def __init__(self, shape: FileShape, table: TableFiles, name: str) -> None:
        """Begin the file ``name`` of a table."""
        self.name = name
        self._statistics = _Statistics(shape.pruned_by)
        self.rows = 0
        schema = shape.schema
        self._made = table.begin(name)
        self._place = self._made.place
        with _place(self._place):
            self._writer = pq.ParquetWriter(
                self._made.file,
                schema,
                compression="zstd",
                compression_level=levels(shape),
                use_dictionary=shape.dictionary,
                column_encoding=shape.special,
                write_statistics=shape.statistics,
                sorting_columns=[pq.SortingColumn(schema.names.index(n)) for n in shape.sorted_by],
                store_schema=False,
                write_page_checksum=True,
            )
            if shape.metadata:
                self._writer.add_key_value_metadata(dict(shape.metadata))

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return self._made.file.tell()

    def write(self, rows: pa.Table) -> None:
        """Append a row group."""
        with _place(self._place):
            self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))
        self._statistics.add(rows)
        self.rows += rows.num_rows

    def close(self) -> DataFile:
        """Finish the file and wait until it is on the disk."""
        with _place(self._place):
            self._writer.close()
        size = self._made.finish()
        found = self._statistics
        return DataFile(self.name, self.rows, size, found.minimum, found.maximum, found.nulls)

    def discard(self) -> None:
        """Stop and remove the file."""
        self._writer.is_open = False  # it would write the end of the file as it is forgotten
        self._made.discard()

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()


@contextmanager
def _place(place: str) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"{place}: the file cannot be written: {reason}") from error


class _Statistics:
    """Least and greatest value per column that files are pruned by."""

    def __init__(self, columns: list[str]) -> None:
        self._columns = columns
        self.minimum: dict[str, Any] = {}
        self.maximum: dict[str, Any] = {}
        self.nulls: dict[str, int] = dict.fromkeys(self._columns, 0)
        self._unknown: set[str] = set()

    def add(self, rows: pa.Table) -> None:
        for name in self._columns:
            column = rows[name]
            self.nulls[name] += column.null_count
            found = pc.min_max(column)
            self._merge(name, found["min"].as_py(), found["max"].as_py())

    def _merge(self, name: str, least: Any, most: Any) -> None:
        if least is None or name in self._unknown:
            return
        if not (_expressible(least) and _expressible(most)):
            self._unknown.add(name)
            self.minimum.pop(name, None)
            self.maximum.pop(name, None)
            return
        self.minimum[name] = min(least, self.minimum.get(name, least))
        self.maximum[name] = max(most, self.maximum.get(name, most))


def _expressible(value: Any) -> bool:
    """Whether JSON can hold it: infinities cannot be, and long texts would only swell the log."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or len(value) <= LONGEST_TEXT
