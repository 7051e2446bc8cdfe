"""Points among cells: which cells of a grid hold them, and at which places of its arrays these lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.grid.cells import cells_at
from cubeql.plan.nodes import RowScan
from cubeql.sql import quote
from cubeql.values.cells import parent, resolution_of
from cubeql.values.tiles import slots_of, tile_resolution
from cubeql.values.times import TimeRange

Cells = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where and when the points of a scan are.

    Attributes:
        cells: by resolution, the cells that hold some of them, sorted.
        times: from the first to the last of them.
    """

    cells: Mapping[int, Cells]
    times: TimeRange

    def tiles(self, resolution: int, tile: int) -> Cells:
        """The tiles that hold cells of a resolution with points, sorted."""
        return np.unique(parent(self.cells[resolution], tile))


def provide_places(cursor: duckdb.DuckDBPyConnection, scan: RowScan) -> Places:
    """Make the relation ``scan$places`` of a scan: ``lon``, ``lat``, and a column of cells for each grid it meets."""
    found = cursor.execute(f"SELECT DISTINCT lon, lat FROM {quote(scan.name)}").fetchnumpy()  # noqa: S608 - identifiers are quoted, constants are our own
    lon, lat = (np.asarray(found[n], np.float64) for n in ("lon", "lat"))
    cells = {r: cells_at(lon, lat, r) for r in scan.grids}
    table = {"lon": pa.array(lon), "lat": pa.array(lat)} | {str(r): pa.array(c, pa.int64()) for r, c in cells.items()}
    cursor.register(f"{scan.name}$places", pa.table(table))
    return Places({r: np.unique(c) for r, c in cells.items()}, _times(cursor, scan))


def provide_wanted(cursor: duckdb.DuckDBPyConnection, name: str, cells: Cells) -> Cells:
    """Make the relation ``name$wanted`` of sorted cells of one resolution: a row a tile with their slots; its tiles."""
    if not cells.size:
        empty = pa.array([], pa.list_(pa.int64()))
        cursor.register(f"{name}$wanted", pa.table({"tile": pa.array([], pa.int64()), "slots": empty, "cells": empty}))
        return cells
    resolution = int(resolution_of(int(cells[0])))
    above = parent(cells, tile_resolution(resolution))
    tiles, first = np.unique(above, return_index=True)
    ends = pa.array(np.append(first, cells.size).astype(np.int32))
    slots = slots_of(cells, tile_resolution(resolution)) + 1  # lists count from 1
    lists = (pa.ListArray.from_arrays(ends, pa.array(v.astype(np.int64))) for v in (slots, cells))
    cursor.register(f"{name}$wanted", pa.table([pa.array(tiles), *lists], names=["tile", "slots", "cells"]))
    return tiles


def _times(cursor: duckdb.DuckDBPyConnection, scan: RowScan) -> TimeRange:
    if scan.layer.time is None or "time" not in scan.columns:
        return scan.times
    found = cursor.execute(f"SELECT min(time), max(time) FROM {quote(scan.name)}").fetchone()  # noqa: S608 - identifiers are quoted, constants are our own
    if found is None or found[0] is None:
        return scan.times
    first, last = (np.datetime64(t, "us") for t in found)
    return TimeRange(first, last + np.timedelta64(1, "us"))
