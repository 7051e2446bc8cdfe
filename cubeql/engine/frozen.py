"""A layer frozen at an instant: of each cell the latest valid value, band by band, as tile rows without time.

The first pass reads scalars: behind a row that has a value in every cell of its tile, in all bands that are read, no
older row matters. Tiles of which one row is left are read as they are stored; the others are put together cell by cell.
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.plan.nodes import Scan
from cubeql.sql import quote
from cubeql.sql.positions import pentagons_at
from cubeql.values.tiles import slot_count
from cubeql.values.times import TimeRange

# ruff: noqa: S608 - identifiers are quoted, constants are our own

_MICROSECOND = np.timedelta64(1, "us")


def times_of(scan: Scan) -> TimeRange:
    """The times of rows that can matter."""
    return scan.times if scan.frozen is None else TimeRange(scan.times.start, scan.frozen + _MICROSECOND)


def make(cursor: duckdb.DuckDBPyConnection, scan: Scan, source: str, where: str) -> str:
    """Make what a frozen scan reads; gives the query of its rows.

    Args:
        cursor: where it is made.
        scan: the scan.
        source: the table function that reads its files.
        where: ``WHERE`` with conditions on stored columns, or nothing.
    """
    stored, latest = quote(f"{scan.name}$stored"), quote(f"{scan.name}$latest")
    several, dimensions = len(scan.layer.bands) > 1, scan.layer.dimensions
    counts = [quote(f"{b}__count") for b in scan.bands] if several else []
    names = [*map(quote, scan.bands), *(["valid"] if several else []), *counts]
    keys = [_instants("time"), *(_instants(d.name) if d.type == "timestamp" else quote(d.name) for d in dimensions)]
    listed = ", ".join(["tile", *keys, *names, "footprint__count"])
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW {stored} AS SELECT {listed} FROM {source}{where}")
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {latest} AS {_latest(scan, stored, counts)}")
    plain = ", ".join(["tile", *_dimensions(scan), *names, "footprint__count"])
    rows = f"SELECT {plain} FROM {stored} SEMI JOIN (FROM {latest} WHERE alone) USING ({', '.join(_keys(scan))})"
    return f"{rows} UNION ALL {_together(scan, stored, latest)}"


def kept(cursor: duckdb.DuckDBPyConnection, scan: Scan) -> tuple[NDArray[np.int64], int, bool, str | None]:
    """What is kept: sorted tiles, the number of stored rows, whether every slot has a row, and a band that is valid
    at exactly the cells that have one (None where that is not known)."""
    several = len(scan.layer.bands) > 1
    told = [f"bool_and(alone AND {quote(f'{b}__told')})" for b in scan.bands] if several else []
    whole = f"bool_and(alone AND footprint__count = {slot_count(scan.layer.resolution, scan.tile)})"
    items = ", ".join(["list(DISTINCT tile)", "count(*)", whole, *told])
    row = cursor.execute(f"SELECT {items} FROM {quote(f'{scan.name}$latest')}").fetchone()
    assert row is not None
    tiles, rows, is_whole, *witnesses = row
    witness = next((b for b, is_told in zip(scan.bands, witnesses, strict=False) if is_told), None)
    return np.sort(np.asarray(tiles or [], np.int64)), int(rows), bool(is_whole), witness


def _instants(name: str) -> str:
    """A stored column of instants as UTC timestamps."""
    return f"({quote(name)} AT TIME ZONE 'UTC') AS {quote(name)}"


def _dimensions(scan: Scan) -> list[str]:
    return [quote(d.name) for d in scan.layer.dimensions]


def _keys(scan: Scan) -> list[str]:
    return ["tile", "time", *_dimensions(scan)]


def _latest(scan: Scan, stored: str, counts: list[str]) -> str:
    """Keys of the rows that may give a value; ``alone`` where there is one of a tile and combination of dimensions."""
    depth = scan.layer.resolution - scan.tile
    pentagons = ", ".join(map(str, pentagons_at(scan.tile)))
    fewer = 7**depth - sum(7**k for k in range(depth))
    cells = f"CASE WHEN tile IN ({pentagons}) THEN {fewer} ELSE {7**depth} END"
    least = f"least({', '.join(counts)})" if len(counts) > 1 else (counts or ["footprint__count"])[0]
    pairs = zip(scan.bands, counts, strict=False)
    told = "".join(f", {c} = footprint__count AS {quote(f'{b}__told')}" for b, c in pairs)
    series = ", ".join(["tile", *_dimensions(scan)])
    newer = f"(PARTITION BY {series} ORDER BY time DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    rows = (
        f"SELECT {', '.join(_keys(scan))}, footprint__count{told} FROM {stored} "
        f"QUALIFY count(*) FILTER (WHERE {least} >= {cells}) OVER {newer} = 0"
    )
    return f"SELECT *, count(*) OVER (PARTITION BY {series}) = 1 AS alone FROM ({rows})"


def _together(scan: Scan, stored: str, latest: str) -> str:
    """Tiles of several rows, slot by slot."""
    several = len(scan.layer.bands) > 1
    series = ", ".join(["tile", *_dimensions(scan)])
    bands = [quote(b) for b in scan.bands]
    valid = ["unnest(valid) AS valid"] if several else []
    parts = ", ".join([series, "time", *(f"unnest({b}) AS {b}" for b in bands), *valid])
    slots = slot_count(scan.layer.resolution, scan.tile)
    cells = (
        f"SELECT {parts}, unnest(range({slots})) AS slot FROM {stored} "
        f"SEMI JOIN (FROM {latest} WHERE NOT alone) USING ({', '.join(_keys(scan))})"
    )
    there = f"coalesce(valid, {bands[0]} IS NOT NULL)" if several else f"{bands[0]} IS NOT NULL"
    values = ", ".join(f"arg_max({b}, time) AS {b}" for b in bands)
    settled = f"SELECT {series}, slot, {values}, bool_or({there}) AS valid FROM ({cells}) GROUP BY {series}, slot"
    arrays = [f"list({c} ORDER BY slot)" for c in (*bands, *(["valid"] if several else []))]
    counts = [f"count({b})" for b in bands] if several else []
    gathered = ", ".join([series, *arrays, *counts, "count(*) FILTER (WHERE valid)"])
    return f"SELECT {gathered} FROM ({settled}) GROUP BY {series}"
