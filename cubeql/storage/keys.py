"""Rows are unique by (tile, time, dimensions): finding the keys that two sets of rows share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.storage.blocks import Key, TileBlock, describe_place, microseconds
from cubeql.storage.columns import DIMENSION_TYPES, TIMESTAMP, key_fields
from cubeql.values.cells import format_cell

_ROW = "row"


def key_table(layer: Layer, blocks: Sequence[TileBlock]) -> pa.Table:
    """The key columns of blocks."""
    columns = [pa.array([block.tile for block in blocks], pa.int64())]
    if layer.time is not None:
        columns.append(pa.array([microseconds(block.time) for block in blocks], pa.int64()).cast(TIMESTAMP))
    for i, dimension in enumerate(layer.dimensions):
        columns.append(pa.array([block.dimensions[i] for block in blocks], DIMENSION_TYPES[dimension.type]))
    return pa.table(columns, schema=pa.schema(key_fields(layer)))


def key_rows(layer: Layer, keys: pa.Table) -> list[Key]:
    """Key columns as the tuples of :attr:`TileBlock.key`."""
    times = keys["time"].cast(pa.int64()).to_pylist() if layer.time is not None else [0] * keys.num_rows
    rest = [keys[d.name].to_pylist() for d in layer.dimensions]
    return list(zip(keys["tile"].to_pylist(), times, *rest, strict=True))


def rows_in(rows: pa.Table, keys: pa.Table) -> NDArray[np.bool_]:
    """Which rows have a key that is among ``keys`` (both tables of key columns)."""
    found = np.zeros(rows.num_rows, np.bool_)
    if rows.num_rows == 0 or keys.num_rows == 0 or not _near(rows, keys):
        return found
    numbered = rows.append_column(_ROW, pa.array(np.arange(rows.num_rows)))
    joined = numbered.join(keys, keys=keys.column_names, join_type="left semi", use_threads=False)
    found[joined[_ROW].to_numpy()] = True
    return found


def _near(a: pa.Table, b: pa.Table) -> bool:
    ranges = [pc.min_max(table["tile"]).as_py() for table in (a, b)]
    return bool(ranges[0]["min"] <= ranges[1]["max"] and ranges[1]["min"] <= ranges[0]["max"])


def files_near(files: pa.Table, keys: pa.Table) -> NDArray[np.int64]:
    """Which files (rows of a table state's file table) may hold one of the keys, by their statistics."""
    if files.num_rows == 0 or keys.num_rows == 0:
        return np.zeros(0, np.int64)
    tiles = np.unique(keys["tile"].to_numpy())
    first = _bound(files, "min.tile", np.iinfo(np.int64).min)
    last = _bound(files, "max.tile", np.iinfo(np.int64).max)
    near = np.searchsorted(tiles, first, "left") < np.searchsorted(tiles, last, "right")
    if "time" in keys.column_names:
        times = keys["time"].cast(pa.int64()).to_numpy()
        near &= _bound(files, "min.time", np.iinfo(np.int64).min) <= times.max()
        near &= _bound(files, "max.time", np.iinfo(np.int64).max) >= times.min()
    return np.flatnonzero(near)


def files_within(
    files: pa.Table, spans: Sequence[tuple[np.datetime64, np.datetime64]]
) -> NDArray[np.int64]:
    """Which files (rows of a table state's file table) may hold a row of one of the spans of time."""
    first = _bound(files, "min.time", np.iinfo(np.int64).min)
    last = _bound(files, "max.time", np.iinfo(np.int64).max)
    near = np.zeros(files.num_rows, np.bool_)
    for start, end in (tuple(int(t.astype("M8[us]").astype(np.int64)) for t in span) for span in spans):
        near |= (first < end) & (last >= start)
    return np.flatnonzero(near)


def _bound(files: pa.Table, name: str, unknown: int) -> NDArray[Any]:
    """A statistic of every file; one that is unknown excludes nothing."""
    if name not in files.column_names:
        return np.full(files.num_rows, unknown, np.int64)
    bound: NDArray[Any] = files[name].cast(pa.int64()).fill_null(unknown).to_numpy()
    return bound


def describe_key(layer: Layer, key: Key) -> str:
    """A key for a message: ``tile 8928308280fffff at 2024-05-01T00:00:00.000000, horizon = 24``."""
    return f"tile {format_cell(key[0])}{describe_place(layer, key)}"
