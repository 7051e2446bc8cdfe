"""Where a layer lies: the box of longitude and latitude around all of its rows.

A grid's box is around the cells of its finest overview that have data, or around its tiles where there is none or the
rows are many; it is never too small, and at most about such a cell too large. Every version has a box of its own, so
that it is worked out once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.tilefiles import read_files, source_of
from cubeql.grid.cells import area_km2, centers
from cubeql.sql import quote
from cubeql.storage import Snapshot
from cubeql.storage.columns import overview_levels
from cubeql.values.tiles import dead_slots, subtiles, tile_resolution

MOST_FILES = 2_000
"""A layer of more files has no box: reading a column of each would take too long for a description."""
MOST_ROWS = {2: 5_000, 4: 200_000}
"""Of up to so many rows the overview so many resolutions up is read: what it costs is 343 and 7 counts a row."""
_KM_PER_DEGREE = 111.1
_REACH = 0.62 * 1.3
"""Of a cell's outermost descendant from its centre, in roots of its area: a hexagon's corner, and what lies beyond."""


class Extent(NamedTuple):
    """A box in degrees; west > east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def extent_of(snapshot: Snapshot, cursor: duckdb.DuckDBPyConnection) -> Extent | None:
    """The box of a layer; None where it has no rows, or more than :data:`MOST_FILES` files."""
    paths = snapshot.files["path"].to_pylist()
    if not paths or len(paths) > MOST_FILES:
        return None
    if snapshot.layer.kind == "grid":
        return _around(_cells(snapshot, source_of(snapshot.layer, paths, snapshot.files["lacks"].to_pylist()), cursor))
    source = read_files(paths)
    ends = ("min(lon)", "min(lat)", "max(lon)", "max(lat)")
    if snapshot.layer.kind == "zones":
        ends = ("min(xmin)", "min(ymin)", "max(xmax)", "max(ymax)")
    row = cursor.execute(f"SELECT {', '.join(ends)} FROM {source}").fetchone()  # noqa: S608 - columns and paths of our own
    return None if row is None or row[0] is None else Extent(*(float(v) for v in row))


def _cells(snapshot: Snapshot, source: str, cursor: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Cells that hold all rows of a layer between them."""
    layer, levels = snapshot.layer, overview_levels(snapshot.layer)
    rows = int(np.sum(snapshot.files["rows"].to_numpy()))
    level = next((n for n in levels if rows <= MOST_ROWS[n]), None)
    if level is None:
        found = cursor.execute(f"SELECT DISTINCT tile FROM {source} ORDER BY tile").fetchnumpy()  # noqa: S608 - paths of our own
        return np.asarray(found["tile"], np.int64)
    own = tile_resolution(layer.resolution)
    counts = [f"{quote(f'{b.name}__l{level}')}.count AS {quote(b.name)}" for b in layer.bands]
    table = cursor.execute(f"SELECT tile, {', '.join(counts)} FROM {source}").to_arrow_table()  # noqa: S608 - names are quoted
    size = 7 ** (layer.resolution - level - own)
    tiles, place = np.unique(table["tile"].to_numpy(), return_inverse=True)
    if not tiles.size:
        return tiles
    held = np.zeros((len(tiles), size), bool)
    for band in layer.bands:
        np.logical_or.at(held, place, _counted(table[band.name], size))
    parts = [
        subtiles(int(tile), layer.resolution - level)[kept & ~_dead(int(tile), layer.resolution - level)]
        for tile, kept in zip(tiles, held, strict=True)
    ]
    return np.concatenate(parts)


def _dead(tile: int, resolution: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = dead_slots(tile, resolution)
    return found


def _counted(column: pa.ChunkedArray, size: int) -> NDArray[np.bool_]:
    """Which overview cells of each row have a value, ``(rows, size)``; none of a band that a row lacks."""
    whole = column.combine_chunks()
    found = np.zeros((len(whole), size), bool)
    there = whole.is_valid().to_numpy(zero_copy_only=False)
    found[there] = whole.drop_null().flatten().fill_null(0).to_numpy(zero_copy_only=False).reshape(-1, size) > 0
    return found


def _around(cells: NDArray[np.int64]) -> Extent | None:
    if not cells.size:
        return None
    lon, lat = centers(cells)
    reach = np.sqrt(area_km2(cells)) * _REACH / _KM_PER_DEGREE
    south, north = float(np.min(lat - reach)), float(np.max(lat + reach))
    polar = np.abs(lat) + reach >= 90
    wide = np.where(polar, 180.0, reach / np.maximum(np.cos(np.radians(np.abs(lat) + reach)), 1e-9))
    west, east = _shortest(lon - wide, lon + wide)
    return Extent(west, _outward(max(south, -90.0), -1), east, _outward(min(north, 90.0), 1))


def _shortest(west: NDArray[np.float64], east: NDArray[np.float64]) -> tuple[float, float]:
    """The shortest stretch of longitudes that holds all of these: what is left of the widest gap."""
    if np.any(east - west >= 360):
        return -180.0, 180.0
    order = np.argsort(west)
    west, reached = west[order], np.maximum.accumulate(east[order])
    gaps = np.append(west[1:], west[0] + 360) - reached
    widest = int(np.argmax(gaps))
    if gaps[widest] <= 0:
        return -180.0, 180.0
    begin = float(west[(widest + 1) % len(west)])
    return _outward(_turned(begin), -1), _outward(_turned(float(reached[widest])), 1)


def _turned(lon: float) -> float:
    return lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180


def _outward(value: float, sign: int) -> float:
    """To four digits, away from the middle."""
    return sign * math.ceil(sign * value * 10_000) / 10_000
