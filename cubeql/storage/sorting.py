"""Rows of several files in the order of their keys, gathered a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.columns import FileShape, key_fields, row_group_rows, slots_of_layer, tile_shape
from cubeql.storage.older import completed, given_schema, made_anew
from cubeql.storage.parquet import new_file_name, new_rows_name
from cubeql.storage.rowcolumns import ROW_GROUP_ROWS, row_schema, row_shape
from cubeql.storage.table import DataFile
from cubeql.storage.tablefiles import TableFiles

_ROW_BYTES = 512  # of a point or a zone, about


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where rows lie, in the order that they shall have.

    Attributes:
        files: the number of the file of each row.
        rows: the number of the row in it.
        weights: about how many bytes each has in a file.
    """

    files: NDArray[np.int32]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)

    def parts(self, count: int) -> list[Places]:
        """The rows in so many parts of about equal size, one after the other; none without rows."""
        reached = np.cumsum(self.weights)
        cuts = np.searchsorted(reached, reached[-1] * np.arange(1, count) / count) if self.count else []
        ends = [0, *np.unique(np.asarray(cuts, np.int64)), self.count]
        return [self._slice(a, b) for a, b in pairwise(ends) if b > a]

    def chunks(self, most: int) -> Iterator[Places]:
        """The rows, at most so many at a time."""
        for start in range(0, self.count, most):
            yield self._slice(start, start + most)

    def of_file(self, number: int) -> Places:
        """The rows of one file."""
        own = self.files == number
        return Places(self.files[own], self.rows[own], self.weights[own])

    def _slice(self, start: int, end: int) -> Places:
        return Places(self.files[start:end], self.rows[start:end], self.weights[start:end])


class Gatherer:
    """Reads rows of a layer's files, of today's format or an older one, and gives them as they are written today."""

    def __init__(self, layer: Layer, table: TableFiles) -> None:
        """Gather rows of a layer."""
        self._layer, self._table = layer, table
        self._footers: dict[str, pq.FileMetaData] = {}
        grid = layer.kind == "grid"
        self.keys = [f.name for f in key_fields(layer)] if grid else row_shape(layer).sorted_by
        self.shape: FileShape = tile_shape(layer) if grid else row_shape(layer)
        self.group_rows = row_group_rows(slots_of_layer(layer)) if grid else ROW_GROUP_ROWS[layer.kind]
        item = sum(np.dtype(b.storage).itemsize + 1 for b in layer.bands)
        self._wanted = given_schema(layer) if grid else row_schema(layer)
        self._slots = slots_of_layer(layer) if grid else 0
        # Gathered, put in order, and decoded: three times in memory.
        self.row_bytes = 3 * (slots_of_layer(layer) * item if grid else _ROW_BYTES)

    def columns(self, name: str) -> list[str]:
        """The columns of a file."""
        with self._opened(name) as file:
            return list(file.schema_arrow.names)

    def read_keys(self, name: str) -> pa.Table:
        """The key columns of a file."""
        with self._opened(name) as file:
            return _checked(self._table.uri(name), lambda: file.read(columns=self.keys))

    def new_name(self, rows: pa.Table) -> str:
        """A fresh name for a file that begins with some rows."""
        if self._layer.kind != "grid":
            return new_rows_name()
        time = rows["time"][0].cast(pa.int64()).as_py() if self._layer.time is not None else None
        return new_file_name(rows["tile"][0].as_py(), time)

    def groups(self, files: Sequence[DataFile], chunk: Places) -> Iterator[pa.Table]:
        """The rows of a chunk in its order, in row groups as they are written."""
        parts, at = [], []
        for number in np.unique(chunk.files):
            own = np.flatnonzero(chunk.files == number)
            wanted = chunk.rows[own]
            order = np.argsort(wanted, kind="stable")
            parts.append(self._rows(files[number].name, wanted[order]))
            at.append(own[order])
        found = pa.concat_tables(parts)
        back = np.argsort(np.concatenate(at), kind="stable")
        rows = found.take(pa.array(back)).combine_chunks()
        for start in range(0, rows.num_rows, self.group_rows):
            yield self._made_anew(rows.slice(start, self.group_rows))

    def _made_anew(self, rows: pa.Table) -> pa.Table:
        if self._layer.kind != "grid":
            return rows.combine_chunks()
        return made_anew(self._layer, rows, self._table.uri(""))

    def _rows(self, name: str, wanted: NDArray[np.int64]) -> pa.Table:
        """Rows of a file by their numbers, ascending."""
        place = self._table.uri(name)
        parts = []
        with self._opened(name) as file:
            # Arrays and keys alone: everything else is made of them.
            there = [n for n in self._wanted.names if n in file.schema_arrow.names]
            start = 0
            for i in range(file.num_row_groups):
                end = start + file.metadata.row_group(i).num_rows
                low, high = np.searchsorted(wanted, (start, end))
                if high > low:
                    group = _checked(place, partial(file.read_row_group, i, columns=there))
                    parts.append(group.take(pa.array(wanted[low:high] - start)))
                start = end
        return completed(self._wanted, pa.concat_tables(parts), self._slots, place)

    def _opened(self, name: str) -> pq.ParquetFile:
        def opened() -> pq.ParquetFile:
            known = self._footers.get(name)
            file = self._table.open(name)
            return pq.ParquetFile(file, metadata=known, page_checksum_verification=True, pre_buffer=True)

        file = _checked(self._table.uri(name), opened)
        self._footers[name] = file.metadata
        return file


def in_order(gather: Gatherer, files: Sequence[DataFile]) -> Places:
    """Where the rows of files lie, in the order of their keys; rows of one key in the order of the files."""
    parts = []
    for number, file in enumerate(files):
        keys = gather.read_keys(file.name)
        count = keys.num_rows
        keys = keys.append_column("__file", pa.array(np.full(count, number, np.int32)))
        keys = keys.append_column("__row", pa.array(np.arange(count)))
        parts.append(keys.append_column("__weight", pa.array(np.full(count, file.bytes / max(1, count)))))
    rows = pa.concat_tables(parts)
    order = pc.sort_indices(rows, [(k, "ascending") for k in (*gather.keys, "__file", "__row")])
    rows = rows.select(["__file", "__row", "__weight"]).take(order)
    return Places(*(rows[name].to_numpy() for name in ("__file", "__row", "__weight")))


def _checked(place: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{place}: the file is damaged or cannot be read: {error}") from error
