"""DuckDB on Parquet of a row a pixel, and of a row an H3 cell: layers meet in hash joins.

Tiles, months and coarse parents are folders, and the questions name those that they need: what a careful user does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import shapely
from h3ronpy.vector import coordinates_to_cells, wkb_to_cells

from benchmarks.peers import plain
from benchmarks.peers.building import THREADS, TILE
from benchmarks.peers.landscape import (
    BLOCK,
    BLOCK_RESOLUTION,
    COARSE,
    COARSE_RESOLUTION,
    FINE_RESOLUTION,
    Landscape,
)
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN
from cubeql.values.cells import parent

_MEAN = "avg(n.value) * 0.0001"
_CLASS = "n.value // 1000 - (n.value % 1000 < 0)::INT"
_WHERE = f"WHERE e.value BETWEEN {HEIGHTS[0]} AND {HEIGHTS[1]} AND t.value > {WARMER_THAN}"


def ask_pixels(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked of rows of pixels."""
    con = _connected()
    relation = {name: _files(land, "pixels", name, "tile") for name in ("ndvi", "temperature", "elevation", "land")}
    row, column = (int(v[0]) for v in land.pixel_of(*(np.array([v]) for v in land.point)))

    def polygon() -> Any:
        window, inside = plain.masked(land)
        rows, columns = np.nonzero(inside)
        rows, columns = rows + window.row_off, columns + window.col_off
        con.register("mask", pa.table({"r": rows.astype(np.int16), "c": columns.astype(np.int16)}))
        tiles = ", ".join(map(str, np.unique(rows // TILE * 100 + columns // TILE).tolist()))
        return con.sql(
            f"SELECT n.day, {_MEAN} FROM {relation['ndvi']} n SEMI JOIN mask ON n.row = r AND n.col = c "
            f"WHERE n.tile IN ({tiles}) AND n.row BETWEEN {rows.min()} AND {rows.max()} "
            f"AND n.col BETWEEN {columns.min()} AND {columns.max()} GROUP BY ALL"
        ).to_arrow_table()

    return {
        "point": lambda: con.sql(
            f"SELECT day, value * 0.0001 FROM {relation['ndvi']} "
            f"WHERE tile = {row // TILE * 100 + column // TILE} AND row = {row} AND col = {column}"
        ).to_arrow_table(),
        "polygon": polygon,
        "filter": lambda: con.sql(
            f"SELECT n.day, {_MEAN}, count(*) FROM {relation['ndvi']} n "
            f"JOIN {relation['elevation']} e USING (tile, row, col) JOIN {relation['temperature']} t "
            f"ON t.row = n.row // {COARSE} AND t.col = n.col // {COARSE} AND t.day = n.day {_WHERE} GROUP BY ALL"
        ).to_arrow_table(),
        "month": lambda: con.sql(
            f"SELECT n.month || '-01', n.row // {BLOCK} * 1000 + n.col // {BLOCK}, {_MEAN}, count(*) "
            f"FROM {relation['ndvi']} n GROUP BY ALL"
        ).to_arrow_table(),
        **_tables(con, relation, "USING (tile, row, col)"),
    }


def ask_cells(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked of rows of cells."""
    con = _connected()
    relation = {name: _files(land, "cells", name, "parent") for name in ("ndvi", "temperature", "elevation", "land")}
    for resolution in (BLOCK_RESOLUTION, COARSE_RESOLUTION):
        rest = (1 << 3 * (15 - resolution)) - 1
        con.sql(f"CREATE MACRO p{resolution}(c) AS (c & {~(0xF << 52) & ~rest}) | {resolution << 52 | rest}")

    def point() -> Any:
        cell = coordinates_to_cells(*(np.array([v]) for v in reversed(land.point)), FINE_RESOLUTION)
        cell = int(np.asarray(pa.array(cell))[0])
        return con.sql(
            f"SELECT day, value * 0.0001 FROM {relation['ndvi']} WHERE parent = {parent(cell, 3)} AND cell = {cell}"
        ).to_arrow_table()

    def polygon() -> Any:
        region = shapely.to_wkb(shapely.from_wkt(land.polygon))
        cells = np.asarray(pa.array(wkb_to_cells([region], FINE_RESOLUTION, flatten=True))).astype(np.int64)
        con.register("mask", pa.table({"c": cells}))
        parents = ", ".join(map(str, np.unique(parent(cells, 3)).tolist()))
        return con.sql(
            f"SELECT n.day, {_MEAN} FROM {relation['ndvi']} n SEMI JOIN mask ON n.cell = c "
            f"WHERE n.parent IN ({parents}) AND n.cell BETWEEN {cells.min()} AND {cells.max()} GROUP BY ALL"
        ).to_arrow_table()

    return {
        "point": point,
        "polygon": polygon,
        "filter": lambda: con.sql(
            f"SELECT n.day, {_MEAN}, count(*) FROM {relation['ndvi']} n "
            f"JOIN {relation['elevation']} e USING (parent, cell) JOIN {relation['temperature']} t "
            f"ON t.cell = p{COARSE_RESOLUTION}(n.cell) AND t.day = n.day {_WHERE} GROUP BY ALL"
        ).to_arrow_table(),
        "month": lambda: con.sql(
            f"SELECT n.month || '-01', p{BLOCK_RESOLUTION}(n.cell), {_MEAN}, count(*) "
            f"FROM {relation['ndvi']} n GROUP BY ALL"
        ).to_arrow_table(),
        **_tables(con, relation, "USING (parent, cell)"),
    }


_TABLES = (("heights", "elevation", f"o.value // {HEIGHT_CLASS}"), ("classes", "land", "o.value"))


def _tables(con: duckdb.DuckDBPyConnection, relation: dict[str, str], on: str) -> dict[str, Callable[[], Any]]:
    return {name: partial(_tabled, con, relation["ndvi"], relation[o], code, on) for name, o, code in _TABLES}


def _tabled(con: duckdb.DuckDBPyConnection, ndvi: str, other: str, code: str, on: str) -> Any:
    text = f"SELECT {_CLASS}, {code}, count(*) FROM {ndvi} n JOIN {other} o {on} GROUP BY ALL"
    return con.sql(text).to_arrow_table()


def _connected() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": THREADS})
    con.sql("SET enable_progress_bar = false")
    return con


def _files(land: Landscape, kind: str, layer: str, part: str) -> str:
    timed = "/*" if layer in ("ndvi", "temperature") else ""
    month = ", 'month': VARCHAR" if timed else ""
    return (
        f"read_parquet('{land.folder / kind / layer}/*{timed}/*.parquet', hive_partitioning = true, "
        f"hive_types = {{'{part}': BIGINT{month}}})"
    )
