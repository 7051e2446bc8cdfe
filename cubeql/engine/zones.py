"""A join of zones at work: the relation of tile rows that tell which zone holds which cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.analyze.bound import RegionRef
from cubeql.engine.running import Running
from cubeql.engine.scans import ScanWork
from cubeql.engine.zonecache import LayerZones, ZoneCache
from cubeql.engine.zonefunctions import handle_of
from cubeql.errors import QueryError, StoreError, diagnose, nearest
from cubeql.grid.assignment import Assignment
from cubeql.grid.shapes import RegionShape
from cubeql.plan.nodes import LEVEL, Scan, TileJoin
from cubeql.sql import bound_values, print_query
from cubeql.sql.statement import Statement
from cubeql.sql.zonejoin import handle_name
from cubeql.sql.zones import zones_name
from cubeql.storage import Snapshot, Store
from cubeql.values.tiles import slot_count


@dataclass(frozen=True, slots=True)
class Numbers:
    """The number each zone is counted as, by its own number; 0 where it cannot matter. ``every`` is true where all are
    counted as themselves."""

    by_zone: NDArray[np.int32]
    every: bool


def provide_zones(
    running: Running,
    store: Store,
    cache: ZoneCache,
    join: TileJoin,
    snapshot: Snapshot,
    tiles: NDArray[np.int64],
    statement: Statement,
) -> tuple[ScanWork, NDArray[np.int64]]:
    """Make the relations of a scan of zones.

    Returns:
        The work it is, and the tiles that hold a cell of a zone.
    """
    scan, cursor = join.aligned.scan, running.cursor
    zones = cache.layer(store, snapshot)
    cursor.register(zones_name(scan), zones.rows)
    numbers = _numbers(cursor, scan, zones, statement)
    found = _assigned(running, store, cache, join, zones, tiles, numbers)
    running.connections.provide(scan.name, _table(scan, found))
    kept = np.array([tile for tile, _ in found], np.int64)
    return _work(scan, snapshot, found, tiles, int(np.count_nonzero(numbers.by_zone))), kept


def provide_held(running: Running, store: Store, cache: ZoneCache, scan: Scan, snapshot: Snapshot) -> ScanWork:
    """Make the relations of zones that cells of a query, or points, are asked of one by one."""
    zones = cache.layer(store, snapshot)
    assert scan.zones is not None
    running.kept.append(zones)
    cache.at_work[zones.key] = zones
    running.cursor.register(zones_name(scan), zones.rows)
    handle = pa.table({"handle": [handle_of(zones.key, scan.zones.containment)]})
    running.cursor.register(handle_name(scan), handle)
    return _work(scan, snapshot, [], np.zeros(0, np.int64), zones.rows.num_rows)


def shape_of_zone(region: RegionRef, zones: LayerZones, text: str) -> RegionShape:
    """The ground of all zones of which a column has a value.

    Raises:
        QueryError: there is none; the nearest values are told.
    """
    import shapely  # takes long to load, and few statements need it

    from cubeql.grid.ground import PlanarShape

    layer, _, column, value = region.args
    values = zones.rows[column].to_pylist()
    chosen = np.array([v == value for v in values], np.bool_)
    if not chosen.any():
        like = nearest(str(value), sorted({str(v) for v in values if v is not None}))
        suggestion = f"did you mean {' or '.join(repr(n) for n in like)}?" if like else ""
        fault = diagnose("unknown_zone", region.span, layer=layer, column=column, name=value, suggestion=suggestion)
        raise QueryError([fault], text)
    return PlanarShape(shapely.union_all(zones.shapes.areas[chosen]))


def _numbers(cursor: duckdb.DuckDBPyConnection, scan: Scan, zones: LayerZones, statement: Statement) -> Numbers:
    query = dict(statement.choices).get(scan.name)
    if query is None:
        return Numbers(np.arange(zones.rows.num_rows + 1, dtype=np.int32), True)
    chosen = cursor.execute(print_query(query), bound_values(query, statement.values.bound)).fetchnumpy()
    by_zone = np.zeros(zones.rows.num_rows + 1, np.int32)
    by_zone[np.asarray(chosen["zone"], np.int64)] = np.asarray(chosen["number"], np.int64)
    return Numbers(by_zone, False)


def _assigned(
    running: Running,
    store: Store,
    cache: ZoneCache,
    join: TileJoin,
    zones: LayerZones,
    tiles: NDArray[np.int64],
    numbers: Numbers,
) -> list[tuple[int, Assignment]]:
    """The assignments of the tiles that hold a cell of a zone that matters, in order of the tiles."""
    zoned, resolution = join.aligned.scan.zones, join.aligned.resolution
    assert zoned is not None
    if zoned.chosen:
        place, number = zones.shapes.near(tiles, resolution, zoned.containment)
        tiles = tiles[np.unique(place[numbers.by_zone[number] > 0])]
    folder = _cache_of(store)
    found = []
    for tile in tiles.tolist():
        running.check()
        one = cache.assignment(zones, tile, resolution, zoned.containment, folder)
        if not numbers.every:
            one = _counted(one, numbers.by_zone)
        if join.takes_any_zone:
            one = Assignment(one.zones[:1], None if one.fractions is None else one.fractions[:1])
        if len(one.zones):
            found.append((tile, one))
    return found


def _cache_of(store: Store) -> Path | None:
    """The folder for assignments; None where the store cannot be written."""
    try:
        return store.cache_folder
    except StoreError:
        return None


def _counted(found: Assignment, by_zone: NDArray[np.int32]) -> Assignment:
    """Only the zones that matter, by the number each is counted as."""
    if not np.all(by_zone[found.zones[found.zones > 0]]):
        found = found.of(by_zone > 0)
    return Assignment(by_zone[found.zones], found.fractions)


def _table(scan: Scan, found: list[tuple[int, Assignment]]) -> pa.Table:
    """A row a tile and level; numbers and shares are NULL where no zone is."""
    slots = slot_count(scan.layer.resolution, scan.tile)
    levels = [len(a.zones) for _, a in found]
    tiles = np.repeat(np.array([t for t, _ in found], np.int64), levels)
    numbers = np.concatenate([np.zeros(0, np.int32), *(a.zones.reshape(-1) for _, a in found)])
    none = numbers == 0
    offsets = pa.array(np.arange(len(tiles) + 1) * slots, pa.int32())
    columns = {
        "tile": pa.array(tiles, pa.int64()),
        LEVEL: pa.array(np.concatenate([np.zeros(0, np.int64), *(np.arange(n) for n in levels)]), pa.int64()),
        "zone": pa.ListArray.from_arrays(offsets, pa.array(numbers, mask=none)),
        "valid": pa.nulls(len(tiles), pa.list_(pa.bool_())),
        "footprint__count": pa.array(np.zeros(len(tiles), np.int64)),
    }
    if "fraction" in scan.bands:
        shares = np.concatenate([np.zeros(0), *(a.fractions.reshape(-1) for _, a in found if a.fractions is not None)])
        columns["fraction"] = pa.ListArray.from_arrays(offsets, pa.array(shares, mask=none))
    return pa.table(columns)


def _work(
    scan: Scan, snapshot: Snapshot, found: list[tuple[int, Assignment]], tiles: NDArray[np.int64], chosen: int
) -> ScanWork:
    files = snapshot.files
    return ScanWork(
        scan.name, snapshot.layer.name, snapshot.version, scan.bands,
        tiles_all=len(tiles), files_all=files.num_rows, bytes_all=0,
        tiles_kept=len(found), files_kept=files.num_rows,
        witness="zone" if len(scan.bands) > 1 else None,
        zones=chosen, levels=max((len(a.zones) for _, a in found), default=0),
    )  # fmt: skip
