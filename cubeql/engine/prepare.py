"""All that a statement needs before it can run: scans of what matters, masks, geometry, settled ranks.

The first pass reads scalar columns only: it decides which tiles of the driving layer matter, and joined layers are read
for those tiles alone.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.analyze.bound import RegionRef
from cubeql.catalog.records import IN_PLACE
from cubeql.compiler import CompiledQuery
from cubeql.engine import scans
from cubeql.engine.attachments import Attachments
from cubeql.engine.caches import Caches
from cubeql.engine.inplace import InPlace
from cubeql.engine.knowing import known_of
from cubeql.engine.narrowing import Narrowing, of_layer
from cubeql.engine.places import Places, provide_places, provide_wanted
from cubeql.engine.prepared import Prepared
from cubeql.engine.regions import Masks, masks_of, shape_of
from cubeql.engine.rowscans import distinct_cells, provide_rows
from cubeql.engine.running import Running
from cubeql.engine.scans import NOTHING_TOLD, Held, ScanWork, Told
from cubeql.engine.settling import settled_rows, unsettled_rows
from cubeql.engine.shipment import shipments
from cubeql.engine.zones import provide_held, provide_zones, shape_of_zone
from cubeql.errors import QueryError, StoreError, diagnose
from cubeql.grid.cellsets import CellSetShape
from cubeql.grid.ranges import TileRanges
from cubeql.grid.shapes import RegionShape
from cubeql.plan.nodes import ALWAYS, Aligned, Cells, HeldCells, RowScan, Scan, Summaries
from cubeql.plan.rules.prune_times import reach
from cubeql.plan.walking import layers_of
from cubeql.sql import RegionNeed, quote
from cubeql.sql.aligned import areas_name
from cubeql.sql.known import NOTHING, ListedSlots
from cubeql.sql.tiles import tiles_name
from cubeql.storage import Snapshot, Store
from cubeql.storage.reach import ANYWHERE, Reach
from cubeql.values.cells import CellArray, descendant_range, parent
from cubeql.values.tiles import dead_slots, has_dead_slots, subtiles, tile_resolution

_MOST_LISTED_TILES = 100_000


class Preparation:
    """Prepares one statement on a cursor."""

    def __init__(
        self,
        compiled: CompiledQuery,
        store: Store,
        running: Running,
        caches: Caches,
        in_place: InPlace | None = None,
        reach: Reach = ANYWHERE,
        attached: Attachments | None = None,
    ) -> None:
        self.compiled = compiled
        self.reach = reach
        self.attached = Attachments() if attached is None else attached
        self.in_place = in_place or InPlace(None, 0, store, compiled.text)
        self.store = store
        self.running = running
        self.cursor: duckdb.DuckDBPyConnection = running.cursor
        self.geometry = caches.geometry
        self.zones = caches.zones
        self.regions = caches.regions
        self.caches = caches if running.remote is None else None
        self.held = Held(caches.rows, caches.keys if running.remote is None else None)
        self.places: dict[str, Places] = {}
        self.shapes: dict[RegionRef, RegionShape] = {}
        self.tiles: dict[str | None, tuple[NDArray[np.int64], int]] = {}
        self.cell_sets: dict[str, CellArray] = {}
        self.listed: dict[str, ListedSlots] = {}
        self.works: list[ScanWork] = []
        self.snapshots: dict[tuple[str, int | None], Snapshot] = {}

    def prepare(self) -> Prepared:
        """Make all relations that the statement names."""
        needs = self.compiled.statement.regions
        shipped = shipments(self.compiled, self.attached, self.running)
        self._points_and_zones()
        for cells in self.compiled.statement.cells:
            self._cells(cells, self._needs_of(cells))
        for need in needs:
            if need.points is not None:
                self._held(need, need.points)
            elif need.cells is None:
                self._listed(need)
        for summaries in self.compiled.statement.summaries:
            self._summaries(summaries)
        for one in self.compiled.statement.cell_lists:
            self.cursor.register(one.name, pa.table({"cell": self._stored_cells(one.cells.name, one.cells.resolution)}))
        tiles = {str(name): tiles for name, (tiles, _) in self.tiles.items()}
        known = known_of(self.cursor, self.compiled.statement, self.works, self.listed)
        compiled = self.compiled.knowing(known) if known != NOTHING else self.compiled
        return Prepared(compiled, self.works, shipped, tiles, known, caches=self.caches)

    def _needs_of(self, cells: Cells) -> list[RegionNeed]:
        """The regions that some cells are tested against."""
        needs = self.compiled.statement.regions
        return [n for n in needs if n.cells is not None and n.cells.name == cells.name]

    def _points_and_zones(self) -> None:
        """Make the relations of rows that are no tiles, and of what these meet."""
        statement = self.compiled.statement
        for scan in statement.scans:
            if isinstance(scan, RowScan):
                self._rows(scan)
        for node in statement.held:
            self._held_cells(node)
        for zones in statement.zones:
            snapshot = self._snapshot_of(zones.scan)
            self.works.append(provide_held(self.running, self.store, self.zones, zones.scan, snapshot))

    def _shape(self, region: RegionRef) -> RegionShape:
        if region not in self.shapes:
            self.shapes[region] = self.regions.shape(region, lambda: self._shape_of(region))
        return self.shapes[region]

    def _shape_of(self, region: RegionRef) -> RegionShape:
        if region.kind == "cells":
            name, resolution = region.args
            return CellSetShape(self._stored_cells(name, resolution), resolution)
        if region.kind == "zone":
            name, version, *_ = region.args
            zones = self.zones.layer(self.store, self._snapshot(name, version))
            return shape_of_zone(region, zones, self.compiled.text)
        return shape_of(region, self.compiled.text, self.reach)

    def _cover_of(self, region: RegionRef, resolution: int) -> TileRanges:
        """The tiles that a region may touch; both where layers are read and where its masks are made."""
        return self._shape(region).cover_ranges(resolution)

    def _stored_cells(self, name: str, resolution: int) -> CellArray:
        """The cells of a stored set, as they were when the statement first read them."""
        if name not in self.cell_sets:
            known, cells = self.store.cells_of(name)
            if known.resolution != resolution:
                raise StoreError(f"the cells {name} were replaced while the statement began; run it again")
            self.cell_sets[name] = cells
        return self.cell_sets[name]

    # -------------------------------------------------------------- points and zones

    def _rows(self, scan: RowScan) -> None:
        """Make the relation of a layer of points or zones."""
        self.running.check()
        snapshot = self._snapshot_of(scan)
        work = scans.work_of(scan, snapshot)
        self.works.append(work)
        cover = self._shape(scan.region).cover_cells() if scan.region is not None else None
        provide_rows(self.cursor, scan, snapshot, work, cover)
        if scan.grids:
            self.places[scan.name] = provide_places(self.cursor, scan)

    def _held_cells(self, node: HeldCells) -> None:
        """Read of a layer the tiles and times that points can meet."""
        places = self.places[node.points]
        tiles = provide_wanted(self.cursor, node.scan.name, places.cells[node.scan.layer.resolution])
        times = reach(node.match, places.times) if node.match is not None else ALWAYS
        self._provide_scan(replace(node.scan, times=times), tiles)

    def _held(self, need: RegionNeed, scan: RowScan) -> None:
        """Make the relation of those cells of points that lie in a region."""
        cells = distinct_cells(self.cursor, scan)
        inside = cells[self._shape(need.region).holds(cells)]
        self.cursor.register(need.name, pa.table({"cell": inside}))

    # -------------------------------------------------------------- layers that meet

    def _cells(self, cells: Cells, needs: list[RegionNeed]) -> None:
        layers = Narrowing(cells, self.cursor, self.compiled.parameters, self._provide, self._snapshot_of)
        before = self._met(cells)
        before = layers.before_driver(self._cover) if before is None else before
        driver = cells.driver
        stored = layers.driver(self._cover(driver) if before is None else of_layer(driver, before))
        tiles = self._query_tiles(driver, stored)
        tiles = tiles if before is None else np.intersect1d(tiles, before)
        tiles = layers.meet(self._with_points(cells, tiles))
        for need in needs:
            tiles = self._mask(cells, need, tiles)
        tiles = self._zones(cells, tiles)
        layers.finish(tiles)
        self.tiles[cells.name] = tiles, cells.tile
        if any(j.aligned.is_coarser for j in cells.joins):
            self.running.connections.provide(tiles_name(cells), pa.table({"tile": tiles}))
        if cells.geometry:
            table = self.geometry.table(tiles, cells.resolution, cells.geometry, self.running)
            self.running.connections.provide(f"{cells.name}$geometry", table)

    def _met(self, cells: Cells) -> NDArray[np.int64] | None:
        """The tiles of other cells, in which alone these can matter; None where that is not known."""
        if cells.met not in self.tiles:
            return None
        tiles, own = self.tiles[cells.met]
        if own >= cells.tile:
            return np.unique(parent(tiles, cells.tile)) if own > cells.tile else tiles
        # A grid that overviews answer is cut into coarser tiles than the same grid elsewhere.
        return np.sort(np.concatenate([tiles[:0], *(subtiles(int(t), cells.tile) for t in tiles.tolist())]))

    def _summaries(self, summaries: Summaries) -> None:
        """Tiles that lie wholly in every region are read as summaries, those at an edge as cells; so are rows of which
        what is stored does not tell whether they fulfil conditions on values."""
        told = settled_rows(summaries, self.compiled.parameters)
        if summaries.edges is None or not summaries.edges.regions:
            self._provide_scan(summaries.scan, None, told, needs_tiles=False).shares_with = "what is read as cells"
            if summaries.edges is not None:
                self._rest(summaries, summaries.edges.driver.scan, None)
            return
        work = self._provide_scan(summaries.scan, self._cover(summaries.edges.driver))
        work.shares_with = "what is read as cells"
        tiles = whole = work.tiles
        for need in self._needs_of(summaries.edges):
            masks = self._masks(summaries.edges, need, tiles)
            tiles, whole = masks.tiles, np.intersect1d(whole, masks.whole)
        if len(whole) < len(work.tiles) or told != NOTHING_TOLD:
            scans.narrow(self.cursor, summaries.scan, work, whole, told)
        self._rest(summaries, summaries.edges.driver.scan, np.setdiff1d(tiles, whole), tiles)

    def _rest(
        self, summaries: Summaries, scan: Scan, cut: NDArray[np.int64] | None, tiles: NDArray[np.int64] | None = None
    ) -> None:
        """Read as cells the tiles at an edge, ``cut``, and of all ``tiles`` those rows that are not settled."""
        name = None
        if cut is not None:
            name = f"{scan.name}$cut"
            self.cursor.register(name, pa.table({"tile": cut}))
        told = unsettled_rows(summaries, self.compiled.parameters, quote(name) if name is not None else None)
        work = self._provide_scan(scan, cut if told == NOTHING_TOLD else tiles, told)
        work.is_rest, work.shares_with = True, "what is read as summaries"
        if told != NOTHING_TOLD and work.selection is not None and work.paths:
            rows = work.selection.read_rows(self.cursor, scan.layer.time is not None)
            scans.settle(self.cursor, scan, work, rows)

    def _with_points(self, cells: Cells, tiles: NDArray[np.int64]) -> NDArray[np.int64]:
        """The tiles that hold points of all scans that the cells must meet."""
        for name in cells.points:
            tiles = np.intersect1d(tiles, self.places[name].tiles(cells.resolution, cells.tile))
        return tiles

    def _zones(self, cells: Cells, tiles: NDArray[np.int64]) -> NDArray[np.int64]:
        """Make the relations of zones; gives the tiles that are left."""
        for join in cells.joins:
            scan = join.aligned.scan
            if scan.zones is None:
                continue
            snapshot, statement = self._snapshot_of(scan), self.compiled.statement
            work, held = provide_zones(self.running, self.store, self.zones, join, snapshot, tiles, statement)
            self.works.append(work)
            tiles = held if join.kind in ("inner", "semi") else tiles
        return tiles

    def _cover(self, driver: Aligned) -> TileRanges | None:
        """The driver's tiles that its region may touch; None without a region.

        A tile finer than the grid's cells matters wherever it lies in a cell of the region: such a cell takes all of
        its descendants, those outside the region too.
        """
        scan = driver.scan
        if scan.region is None:
            return None
        cover = self._cover_of(scan.region, min(scan.tile, driver.resolution))
        if cover.resolution == scan.tile:
            return cover
        low, high = descendant_range(cover.low, scan.tile)[0], descendant_range(cover.high, scan.tile)[1]
        return TileRanges(scan.tile, low, high)

    def _provide(self, aligned: Aligned, tiles: NDArray[np.int64] | TileRanges | None) -> ScanWork:
        """Make the relation of a layer's scan; tells what is kept."""
        work = self._provide_scan(aligned.scan, tiles)
        if aligned.needs_areas:
            areas = self.geometry.table(work.tiles, aligned.scan.layer.resolution, ("area",), self.running)
            self.running.connections.provide(areas_name(aligned.scan), areas)
        return work

    def _provide_scan(
        self, scan: Scan, tiles: NDArray[np.int64] | TileRanges | None, told: Told = NOTHING_TOLD,
        needs_tiles: bool = True,
    ) -> ScanWork:  # fmt: skip
        self.running.check()
        snapshot = self._snapshot_of(scan)
        planned = None
        if snapshot.version == IN_PLACE:
            planned = scans.total(snapshot.files["rows"])
            snapshot = self.in_place.made(scan, tiles, self.running)
        work = scans.work_of(scan, snapshot)
        if planned is not None:
            work.in_place = work.tiles_all = planned
        self.works.append(work)
        held = self.held if planned is None else None
        scans.provide(self.cursor, scan, snapshot, work, tiles, self.compiled.parameters, told, held, needs_tiles)
        return work

    def _snapshot_of(self, scan: Scan | RowScan) -> Snapshot:
        return self._snapshot(scan.layer.name, scan.version if scan.version is not None else scan.layer.version)

    def _snapshot(self, name: str, version: int | None) -> Snapshot:
        if (name, version) not in self.snapshots:
            in_place = version == IN_PLACE
            found = self.in_place.planned(name) if in_place else self.store.snapshot(name, version)
            self.snapshots[name, version] = found
        return self.snapshots[name, version]

    def _query_tiles(self, driver: Aligned, stored: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tiles of the query's grid that the driver's rows lie in."""
        own = driver.scan.tile
        if own >= driver.tile:
            return np.unique(parent(stored, driver.tile)) if own > driver.tile else stored
        if driver.scan.region is not None:
            cover = self._shape(driver.scan.region).cover(driver.tile)
            return cover[np.isin(parent(cover, own), stored)]
        if not len(stored):
            return stored
        below = [_live(int(t), driver.tile) for t in stored.tolist()]
        return np.sort(np.concatenate(below))

    def _mask(self, cells: Cells, need: RegionNeed, tiles: NDArray[np.int64]) -> NDArray[np.int64]:
        """Make the relation of a region's masks; gives the tiles that are left where the region is required."""
        masks = self._masks(cells, need, tiles)
        required = any(r.name == need.name and r.required for r in cells.regions)
        return masks.tiles if required else tiles

    def _masks(self, cells: Cells, need: RegionNeed, tiles: NDArray[np.int64]) -> Masks:
        near = tiles[self._cover_of(need.region, need.tile).hold(tiles)]
        masks = masks_of(self._shape(need.region), near, need.tile, need.resolution, self.running)
        first = cells.regions[0]
        if first.name == need.name and first.required and masks.are_few:
            self.listed[need.name] = masks.listed()
        if need.name not in self.listed or any(a.is_coarser for a in layers_of(cells)):
            self.running.connections.provide(need.name, masks.table())
        return masks

    # -------------------------------------------------------------- the rest

    def _listed(self, need: RegionNeed) -> None:
        """A region that cells of a subquery are tested against: all its tiles."""
        shape = self._shape(need.region)
        ranges = shape.cover_ranges(tile_resolution(need.resolution))
        if ranges.count > _MOST_LISTED_TILES:
            fault = diagnose(
                "empty_cover", need.region.span, region=need.region.kind.upper(), resolution=need.resolution
            )
            raise QueryError([fault], self.compiled.text)
        masks = masks_of(shape, ranges.tiles(), need.tile, need.resolution, self.running)
        self.cursor.register(need.name, masks.table())

    def _work_of(self, scan: Scan) -> ScanWork:
        return next(w for w in self.works if w.name == scan.name)


def _live(tile: int, resolution: int) -> NDArray[np.int64]:
    below = subtiles(tile, resolution)
    if not has_dead_slots(tile):
        return below
    return below[~dead_slots(tile, resolution)]

