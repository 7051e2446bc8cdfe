"""Rows of cells become tile rows: the answer of a query as blocks that a store takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Band, Layer
from cubeql.engine.result import Result
from cubeql.errors import QueryError, diagnose
from cubeql.storage import TileBlock
from cubeql.values.cells import format_cell, parent
from cubeql.values.durations import add_duration, parse_duration
from cubeql.values.tiles import slot_count, slots_of, tile_resolution

BandArrays = tuple[NDArray[Any], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Target:
    """A layer, and which column of a query's result is what of it.

    Attributes:
        layer: the layer.
        cell: column of cells.
        time: column of instants; None in a static layer.
        dimensions: a column per dimension.
        bands: a column per band; None where the query has none, which is NULL.
        replaces: whether a row takes the place of the one that is there.
    """

    layer: Layer
    cell: str
    time: str | None
    dimensions: tuple[str, ...]
    bands: tuple[str | None, ...]
    replaces: bool = False


def refused(reason: str, suggestion: str, text: str) -> QueryError:
    """The error of rows that are none of a layer."""
    return QueryError([diagnose("layer_shape", reason=reason, suggestion=suggestion)], text)


def blocks_of(target: Target, result: Result, text: str) -> Iterator[tuple[TileBlock, int]]:
    """The tile rows of a result, which comes ordered by cell, and how many of their cells have a row.

    Raises:
        QueryError: a cell (and time, and dimensions) comes twice or is NULL, or a value does not fit its band.
    """
    for tile, rows in _by_tile(target, result):
        yield from _blocks(target, tile, rows, text)


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
    _check_keys(target, rows, text)
    cells = rows[target.cell].to_numpy().astype(np.int64)
    slots = slots_of(cells, tile_resolution(layer.resolution))
    columns = [
        None if name is None else _encoded(rows[name], band, text)
        for name, band in zip(target.bands, layer.bands, strict=True)
    ]
    for time, dimensions, chosen in _groups(target, rows):
        at = f" at {time}Z" if time is not None else ""
        _check_once(cells[chosen], at + "".join(f", {v}" for v in dimensions), text)
        bands = {
            b.name: _placed(column, chosen, slots, layer, b)
            for b, column in zip(layer.bands, columns, strict=True)
        }
        count = int(np.logical_or.reduce([valid for _, valid in bands.values()]).sum())
        if target.replaces and count < chosen.size:
            raise refused("a row without any value would replace one, but such rows are not kept",
                          "FILTER … IS NOT NULL", text)  # fmt: skip
        if count:
            yield TileBlock(tile, time, _end_of_step(layer, time), dimensions, bands), count


def _check_keys(target: Target, rows: pa.Table, text: str) -> None:
    for name in (target.cell, target.time, *target.dimensions):
        if name is not None and rows[name].null_count:
            what = "cell or time" if name in (target.cell, target.time) else f"value of {name!r}"
            raise refused(f"a {what} is NULL", "FILTER … IS NOT NULL", text)


def _groups(
    target: Target, rows: pa.Table
) -> Iterator[tuple[np.datetime64 | None, tuple[Any, ...], NDArray[np.int64]]]:
    """The rows of each time and dimensions, as their numbers."""
    keys = [name for name in (target.time, *target.dimensions) if name is not None]
    coded = [rows[name].combine_chunks().dictionary_encode() for name in keys]
    codes = np.zeros(rows.num_rows, np.int64)
    for column in coded:
        codes = codes * len(column.dictionary) + column.indices.to_numpy()
    # Few codes fit 16 bits, where a stable sort is a radix sort.
    order = np.argsort(codes.astype(np.min_scalar_type(int(codes.max(initial=0)))), kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(codes[order]) != 0)) if rows.num_rows else np.zeros(0, np.int64)
    for chosen in np.split(order, starts[1:]):
        values = [column.dictionary[int(column.indices[int(chosen[0])].as_py())] for column in coded]
        time = np.datetime64(values[0].cast(pa.int64()).as_py(), "us") if target.time is not None else None
        yield time, tuple(v.as_py() for v in values[int(time is not None) :]), chosen


def _check_once(cells: NDArray[np.int64], at: str, text: str) -> None:
    """Refuse a cell that comes twice; they come ordered."""
    again = np.flatnonzero(cells[1:] == cells[:-1])
    if again.size:
        cell = format_cell(int(cells[again[0]]))
        raise QueryError([diagnose("duplicate_cells", cell=cell, time=at)], text)


def _end_of_step(layer: Layer, time: np.datetime64 | None) -> np.datetime64 | None:
    axis = layer.time
    if time is None or axis is None or axis.step is None or axis.stamp == "instant":
        return None
    return add_duration(time, parse_duration(axis.step)) if axis.stamp == "start" else time


# ------------------------------------------------------------------ values


def _placed(
    column: BandArrays | None, chosen: NDArray[np.int64], slots: NDArray[np.int64], layer: Layer, band: Band
) -> BandArrays:
    count = slot_count(layer.resolution, tile_resolution(layer.resolution))
    values, valid = np.zeros(count, band.storage), np.zeros(count, bool)
    if column is not None:
        values[slots[chosen]] = column[0][chosen]
        valid[slots[chosen]] = column[1][chosen]
    return values, valid


def _encoded(column: pa.ChunkedArray, band: Band, text: str) -> BandArrays:
    """Values as the band stores them, and which there are."""
    there = column.is_valid().to_numpy()
    given = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    values = given.fill_null(0).to_numpy()
    if values.dtype.kind == "f" and np.isnan(values[there]).any():
        raise refused(f"a value of {band.name!r} is NaN", "make it NULL, for instance with CASE", text)
    _check_classes(values[there], band, text)
    scaled = band.scale is not None or band.offset is not None
    if scaled:
        values = (values - (band.offset or 0.0)) / (1.0 if band.scale is None else band.scale)
    return _stored(values, there, band, text), there


def _stored(values: NDArray[Any], there: NDArray[np.bool_], band: Band, text: str) -> NDArray[Any]:
    """Numbers in the band's storage type; one that does not fit is a fault."""
    kind = np.dtype(band.storage)
    if kind.kind == "i":
        limits = np.iinfo(kind)
        values = np.rint(values) if values.dtype.kind == "f" else values
        # As floats the ends of int64 round outwards, so the upper end itself does not fit.
        above = values >= float(limits.max) + 1 if values.dtype.kind == "f" else values > limits.max
        wrong = there & ((values < limits.min) | above)
    else:
        with np.errstate(over="ignore"):
            wrong = there & np.isinf(values.astype(kind)) & ~np.isinf(values.astype(np.float64))
    if wrong.any():
        reason = f"a value of {band.name!r} is beyond what its storage type {band.storage} holds"
        raise refused(reason, "test the values, or leave them out", text)
    return np.where(there, values, 0).astype(kind)


def _check_classes(values: NDArray[Any], band: Band, text: str) -> None:
    if band.kind != "categorical" or not band.classes:
        return
    unknown = values[~np.isin(values, [code for code, _ in band.classes])]
    if unknown.size:
        known = ", ".join(f"{c}={n}" for c, n in band.classes[:12])
        raise refused(f"{int(unknown[0])} is no class of {band.name!r}", f"its classes are {known}", text)
