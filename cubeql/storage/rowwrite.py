"""Writing a layer of points or zones: Arrow tables go in, sorted files go to disk, one commit makes them the layer's.

Points may repeat: two readings of one station at one instant are two rows. Zones are numbered in the order they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.committing import CommittedWrite, Mode, Settled, Shelf
from cubeql.storage.parquet import NewFile, new_rows_name
from cubeql.storage.rowcolumns import (
    BOUNDS,
    POINT_RESOLUTION,
    ROW_GROUP_ROWS,
    given_schema,
    row_schema,
    row_shape,
)
from cubeql.storage.table import DataFile, TableState


class RowWrite(CommittedWrite):
    """One write of points or zones; made by :meth:`cubeql.storage.Store.write_rows`, used in a ``with`` statement."""

    def __init__(self, shelf: Shelf, layer: Layer, mode: Mode, buffer_bytes: int) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        if layer.kind == "grid":
            raise StoreError(f"layer {layer.name}: a grid layer is tiles, not rows; write it with write")
        super().__init__(shelf, layer, mode)
        self._buffer: list[pa.Table] = []
        self._buffered = 0
        self._buffer_bytes = buffer_bytes
        self._files: list[DataFile] = []
        self._given = 0
        self._first_zone = _zones_of(self._begin) + 1 if mode == "append" else 1

    def add(self, rows: pa.Table) -> None:
        """Add rows.

        Args:
            rows: of points ``lon``, ``lat`` (degrees), ``time`` (where the layer has one) and the attributes; of
                zones ``geometry`` (WKB, valid polygons or multipolygons, longitude first) and the attributes. Columns
                may be in any order; each must be of the layer's type or of one that casts to it without loss.

        Raises:
            StoreError: they do not fit the layer, or the disk refuses. Rows are counted from 1 in messages, over all
                that this write was given.
        """
        fitted = self._fitted(rows)
        complete = self._zones(fitted) if self._layer.kind == "zones" else self._points(fitted)
        self._given += rows.num_rows
        self.rows += rows.num_rows
        self._buffer.append(complete)
        self._buffered += complete.nbytes
        if self._buffered >= self._buffer_bytes:
            self._flush()

    # -------------------------------------------------------------- rows made complete

    def _fitted(self, rows: pa.Table) -> pa.Table:
        wanted = given_schema(self._layer)
        if set(rows.column_names) != set(wanted.names) or len(rows.column_names) != len(wanted.names):
            raise self._fault(
                f"its columns are {', '.join(wanted.names)}, the rows added have {', '.join(rows.column_names)}"
            )
        columns = []
        for field in wanted:
            try:
                column = rows[field.name].cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise self._fault(f"the column {field.name} does not hold {field.type}: {error}") from error
            columns.append(_without_nan(column))
        return pa.table(columns, schema=wanted)

    def _points(self, rows: pa.Table) -> pa.Table:
        from cubeql.grid.cells import cells_at

        lon, lat = (rows[n].to_numpy() for n in ("lon", "lat"))
        self._require(np.isfinite(lon) & np.isfinite(lat), "has no place: longitude or latitude is missing")
        self._require((lon >= -180) & (lon <= 180), "has a longitude outside -180 to 180 degrees")
        self._require((lat >= -90) & (lat <= 90), "has a latitude outside -90 to 90 degrees")
        if self._layer.time is not None:
            self._require(rows["time"].is_valid().to_numpy(), "has no time")
        cells = pa.array(cells_at(lon, lat, POINT_RESOLUTION), pa.int64())
        return rows.append_column("cell", cells).select(row_schema(self._layer).names)

    def _zones(self, rows: pa.Table) -> pa.Table:
        import shapely

        geometry = rows["geometry"]
        self._require(geometry.is_valid().to_numpy(), "has no geometry")
        try:
            shapes = shapely.from_wkb(geometry.to_numpy())
        except shapely.errors.ShapelyError as error:
            raise self._fault(f"a geometry cannot be read: {error}") from error
        kinds = shapely.get_type_id(shapes)
        self._require(np.isin(kinds, (3, 6)), "is no polygon")
        self._require(~shapely.is_empty(shapes), "has an empty geometry")
        self._require(shapely.is_valid(shapes), "has a geometry that is not valid")
        ends = shapely.bounds(shapes)
        inside = (ends[:, 0] >= -180) & (ends[:, 2] <= 180) & (ends[:, 1] >= -90) & (ends[:, 3] <= 90)
        self._require(inside, "reaches beyond longitude -180 to 180 or latitude -90 to 90")
        first = self._first_zone + self._given
        rows = rows.append_column("zone", pa.array(np.arange(first, first + rows.num_rows), pa.int64()))
        for at, name in enumerate(BOUNDS):
            rows = rows.append_column(name, pa.array(ends[:, at]))
        return rows.select(row_schema(self._layer).names)

    def _require(self, holds: Any, problem: str) -> None:
        if not holds.all():
            raise self._fault(f"row {self._given + int(np.flatnonzero(~holds)[0]) + 1} {problem}")

    def _fault(self, text: str) -> StoreError:
        return StoreError(f"layer {self._layer.name}: {text}")

    # -------------------------------------------------------------- files

    def _flush(self) -> None:
        if not self._buffer:
            return
        rows = pa.concat_tables(self._buffer).combine_chunks()
        self._buffer, self._buffered = [], 0
        keys = row_shape(self._layer).sorted_by
        if keys != ["zone"]:
            rows = rows.take(pc.sort_indices(rows, [(k, "ascending") for k in keys]))
        self._files.append(self._written(iter([rows])))
        self.bytes += self._files[-1].bytes

    def _written(self, tables: Iterator[pa.Table]) -> DataFile:
        size = ROW_GROUP_ROWS[self._layer.kind]
        with NewFile(row_shape(self._layer), self._table, new_rows_name()) as file:
            for table in tables:
                for start in range(0, table.num_rows, size):
                    file.write(table.slice(start, size))
            return file.close()

    def _settle(self, base: TableState, into: Settled) -> None:
        into.adds += self._files
        shift = _zones_of(base) + 1 - self._first_zone
        if self._layer.kind != "zones" or shift == 0:
            return
        # Another writer has appended zones meanwhile: ours come after them.
        into.adds.clear()
        for file in self._files:
            into.make(self._written(_shifted(self._table.open(file.name), shift)))

    def _files_written(self) -> list[DataFile]:
        return self._files

    def _forget(self) -> None:
        self._files, self._buffer = [], []

    def _schema(self, layer: Layer) -> pa.Schema:
        return row_schema(layer)


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _zones_of(state: TableState | None) -> int:
    """The greatest number of a zone in a state; 0 where there is none."""
    if state is None or "max.zone" not in state.files.column_names:
        return 0
    return pc.max(state.files["max.zone"]).as_py() or 0


def _shifted(file: Any, shift: int) -> Iterator[pa.Table]:
    for batch in pq.ParquetFile(file, pre_buffer=True).iter_batches(ROW_GROUP_ROWS["zones"]):
        rows = pa.Table.from_batches([batch])
        yield rows.set_column(0, "zone", pc.add(rows["zone"], shift))
