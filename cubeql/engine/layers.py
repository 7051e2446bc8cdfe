"""CREATE LAYER name AS query: rows of cells become tile rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.engine.result import Result
from cubeql.errors import QueryError, diagnose
from cubeql.storage import Store, TileBlock
from cubeql.storage.names import column_problem
from cubeql.values.cells import format_cell, parent
from cubeql.values.tiles import slot_count, slots_of, tile_resolution

_STORAGE = {"integer": "int64", "number": "float64", "boolean": "int8"}


@dataclass(frozen=True, slots=True)
class Target:
    """The layer that a query's columns make, and which of them is what."""

    layer: Layer
    cell: str
    time: str | None


def target_of(name: str, columns: tuple[OutputColumn, ...], facts: dict[str, str], text: str) -> Target:
    """The layer of a query's columns.

    Raises:
        QueryError: there is no cell column of a known resolution, no band, or a column cannot be a band.
    """
    cells = [c for c in columns if c.type.name == "cell"]
    if len(cells) != 1 or cells[0].type.resolution is None:
        raise _refused("a layer needs one column of cells", "SELECT cell, [time,] and the values of its bands", text)
    time = next((c for c in columns if c.type.name == "timestamp"), None)
    bands = tuple(_band(c, text) for c in columns if c is not cells[0] and c is not time)
    if not bands:
        raise _refused("a layer needs a band", "SELECT cell and at least one number", text)
    layer = Layer(name, cells[0].type.resolution, bands, TimeAxis() if time else None, **facts)  # type: ignore[arg-type]
    return Target(layer, cells[0].name, time.name if time else None)


def _band(column: OutputColumn, text: str) -> Band:
    storage = _STORAGE.get(column.type.name)
    if storage is None:
        raise _refused(f"the column {column.name!r} is a {column.type}, which no band can hold",
                       "bands are numbers; leave it out or CAST it", text)  # fmt: skip
    problem = column_problem(column.name)
    if problem is not None:
        raise _refused(f"a band cannot be called {column.name!r}: it {problem}", "give it a name with AS", text)
    kind = "categorical" if column.type.categorical else "continuous"
    return Band(column.name, storage, column.type.unit, kind=kind, classes=column.type.classes)  # type: ignore[arg-type]


def _refused(reason: str, suggestion: str, text: str) -> QueryError:
    return QueryError([diagnose("layer_shape", reason=reason, suggestion=suggestion)], text)


def write_layer(store: Store, target: Target, result: Result, replace: bool, text: str) -> tuple[int, int]:
    """Store the rows of a result, which come ordered by cell; gives (tile rows, cells) written.

    Raises:
        QueryError: a cell (and time) comes twice, or is NULL.
        StoreError: the layer cannot be written; it is as it was.
    """
    tiles = cells = 0
    with store.write(target.layer, "replace" if replace else "create") as job:
        for tile, rows in _by_tile(target, result):
            for block, count in _blocks(target, tile, rows, text):
                job.add(block)
                tiles, cells = tiles + 1, cells + count
    return tiles, cells


def _by_tile(target: Target, result: Result) -> Iterator[tuple[int, pa.Table]]:
    """Rows of one tile after the other; they come ordered by cell, hence by tile."""
    level = tile_resolution(target.layer.resolution)
    held: list[pa.Table] = []
    current: int | None = None
    for batch in result:
        tiles = parent(batch.column(target.cell).fill_null(0).to_numpy().astype(np.int64), level)
        starts = np.flatnonzero(np.append(True, tiles[1:] != tiles[:-1]))
        for start, end in zip(starts, np.append(starts[1:], len(tiles))):
            tile = int(tiles[start])
            if current is not None and tile != current:
                yield current, pa.concat_tables(held)
                held = []
            current = tile
            held.append(pa.Table.from_batches([batch.slice(start, end - start)]))
    if current is not None:
        yield current, pa.concat_tables(held)


def _blocks(target: Target, tile: int, rows: pa.Table, text: str) -> Iterator[tuple[TileBlock, int]]:
    layer = target.layer
    if rows[target.cell].null_count or (target.time and rows[target.time].null_count):
        raise _refused("a cell or time is NULL", "FILTER … IS NOT NULL", text)
    cells = rows[target.cell].to_numpy().astype(np.int64)
    slots = slots_of(cells, tile_resolution(layer.resolution))
    times = rows[target.time].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]") if target.time else None
    every: list[np.datetime64 | None] = list(np.unique(times)) if times is not None else [None]
    for time in every:
        chosen = np.ones(len(slots), bool) if times is None or time is None else times == time
        _check_once(cells[chosen], slots[chosen], time, text)
        bands = {b.name: _array(rows[b.name], b, chosen, slots, layer) for b in layer.bands}
        _check_numbers(bands, text)
        yield TileBlock(tile, time, None, (), bands), int(chosen.sum())


def _check_once(cells: NDArray[np.int64], slots: NDArray[np.int64], time: np.datetime64 | None, text: str) -> None:
    found, counts = np.unique(slots, return_counts=True)
    if (counts > 1).any():
        cell = cells[slots == found[counts > 1][0]][0]
        at = f" at {time}Z" if time is not None else ""
        raise QueryError([diagnose("duplicate_cells", cell=format_cell(int(cell)), time=at)], text)


def _check_numbers(bands: dict[str, tuple[NDArray[Any], NDArray[np.bool_]]], text: str) -> None:
    for name, (values, valid) in bands.items():
        if values.dtype.kind == "f" and np.isnan(values[valid]).any():
            raise _refused(f"a value of {name!r} is NaN", "make it NULL, for instance with CASE", text)


def _array(
    column: pa.ChunkedArray, band: Band, chosen: NDArray[np.bool_], slots: NDArray[np.int64], layer: Layer
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    count = slot_count(layer.resolution, tile_resolution(layer.resolution))
    values, valid = np.zeros(count, band.storage), np.zeros(count, bool)
    there = ~column.is_null().to_numpy()[chosen]
    given = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    plain = given.fill_null(0).to_numpy()[chosen]
    values[slots[chosen]] = plain.astype(band.storage)
    valid[slots[chosen]] = there
    return values, valid
