"""Regions of ground: a cell belongs to them when its centre lies in them."""

from __future__ import annotations

import math
from abc import abstractmethod
from threading import Lock

import numpy as np
import shapely
from numpy.typing import NDArray

from cubeql.grid.areas import unit_vectors
from cubeql.grid.caps import Caps
from cubeql.grid.cells import EARTH_RADIUS_KM, centers
from cubeql.grid.edges import EdgeIndex
from cubeql.grid.ranges import TileRanges, children
from cubeql.grid.shapes import Mask, RegionShape
from cubeql.values.cells import BASE_TILES, MAX_RESOLUTION, CellArray, check_resolution, parent, resolution_of
from cubeql.values.tiles import cell_count, dead_slots, has_dead_slots, slot_count, slots_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_LOOK_AHEAD = 2  # resolutions below a tile on which a cover is proved right
_LOOK_AHEAD_MOST = 20_000  # tiles so proved; a longer border is not worth the time
_FEW = 64  # cells asked about in much the same time as one
_STEP = 2  # resolutions between the parts of a tile that a mask asks
_ANGLE_SLACK = 1e-7  # radians; the arc sine loses half its digits near the opposite point


class GroundShape(RegionShape):
    """A region of ground, known by what it says of circles of ground and of points."""

    @abstractmethod
    def relate(self, caps: Caps) -> tuple[BoolArray, BoolArray]:
        """Which circles may touch the region (never too few), and which lie in it wholly (never too many)."""

    @abstractmethod
    def inside(self, lon: FloatArray, lat: FloatArray) -> BoolArray:
        """Which points, in degrees, lie in the region or on its border."""

    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """Cells are followed downwards while they may touch the region, but not where they lie in it."""
        check_resolution(tile_resolution)
        resolution = 0
        open_cells, within = self._split(BASE_TILES, resolution)
        whole = [within]
        while resolution < tile_resolution:
            resolution = min(tile_resolution, resolution + _stride(open_cells))
            open_cells, within = self._split(_descendants(open_cells, resolution), resolution)
            whole.append(within)
        proved = self._look_ahead(open_cells, tile_resolution)
        return TileRanges.below(np.concatenate([*whole, proved]), tile_resolution)

    def mask(self, tile: int, resolution: int) -> Mask:
        """Parts of the tile that lie in the region wholly, or not at all, are settled without their cells."""
        own = int(resolution_of(tile))
        mask = np.zeros(slot_count(resolution, own), dtype=np.bool_)
        open_cells, whole = self._split(np.array([tile], dtype=np.int64), own)
        if open_cells.size == 0:
            return bool(whole.size)
        for level in range(own + _STEP, resolution, _STEP):
            open_cells, whole = self._split(_descendants(open_cells, level), level)
            mask.reshape(7 ** (level - own), -1)[slots_of(whole, own)] = True
        cells = _descendants(open_cells, resolution)
        mask[slots_of(cells[self.inside(*centers(cells))], own)] = True
        if has_dead_slots(tile):  # below a part that lies in the region wholly
            mask &= ~dead_slots(tile, resolution)
        return _settled(mask, tile, resolution)

    def holds(self, cells: CellArray) -> BoolArray:
        """By their centres."""
        return self.inside(*centers(cells)) if cells.size else np.zeros(0, np.bool_)

    def _split(self, cells: CellArray, resolution: int) -> tuple[CellArray, CellArray]:
        """Of cells of a resolution: those whose descendants may lie in the region, and those whose must."""
        touching, within = self.relate(Caps.of(cells, resolution))
        return cells[touching & ~within], cells[within]

    def _look_ahead(self, tiles: CellArray, tile_resolution: int) -> CellArray:
        """The tiles that still may touch the region when their descendants are asked instead."""
        proved: list[CellArray] = [np.zeros(0, dtype=np.int64)]
        open_cells, resolution = tiles, tile_resolution
        finest = min(tile_resolution + _LOOK_AHEAD, MAX_RESOLUTION)
        while resolution < finest and open_cells.size <= _LOOK_AHEAD_MOST:
            resolution = min(finest, resolution + _stride(open_cells))
            open_cells, within = self._split(_descendants(open_cells, resolution), resolution)
            proved.append(parent(within, tile_resolution))
        return np.concatenate([*proved, parent(open_cells, tile_resolution)])


class CircleShape(GroundShape):
    """All points up to a great-circle distance from a centre, on the sphere that H3 uses."""

    def __init__(self, lon: float, lat: float, radius_km: float) -> None:
        self._center = unit_vectors(np.array([lon]), np.array([lat]))
        self._angle = min(radius_km / EARTH_RADIUS_KM, math.pi)

    def relate(self, caps: Caps) -> tuple[BoolArray, BoolArray]:
        """By the angle between the centres."""
        angle = 2.0 * np.arcsin(np.minimum(self._chords(caps.lon, caps.lat) / 2.0, 1.0))
        touching = angle <= self._angle + caps.radius + _ANGLE_SLACK
        return touching, angle + caps.radius + _ANGLE_SLACK <= self._angle

    def inside(self, lon: FloatArray, lat: FloatArray) -> BoolArray:
        """By the straight line between the points, which keeps its precision at short distances."""
        found: BoolArray = self._chords(lon, lat) <= 2.0 * math.sin(self._angle / 2.0)
        return found

    def _chords(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        lengths: FloatArray = np.linalg.norm(unit_vectors(lon, lat) - self._center, axis=1)
        return lengths


class PlanarShape(GroundShape):
    """The ground inside polygons whose edges are straight in longitude and latitude."""

    def __init__(self, area: shapely.Geometry) -> None:
        """Take a valid Polygon or MultiPolygon with longitudes -180 to 180 and latitudes -90 to 90."""
        self.area = area
        self._prepared = shapely.from_wkb(shapely.to_wkb(area))  # preparing changes the caller's object
        shapely.prepare(self._prepared)
        self._edges = EdgeIndex(area)
        self._lock = Lock()  # GEOS completes a prepared geometry when it is first asked

    def relate(self, caps: Caps) -> tuple[BoolArray, BoolArray]:
        """By a box round each circle, cut in two where it crosses the antimeridian."""
        west, south, east, north = caps.boxes()
        touching, within = self._relate(np.maximum(west, -180.0), south, np.minimum(east, 180.0), north)
        over = (west < -180.0) | (east > 180.0)
        if over.any():
            far_west = np.where(west < -180.0, west + 360.0, -180.0)[over]
            far_east = np.where(west < -180.0, 180.0, east - 360.0)[over]
            also_touching, also_within = self._relate(far_west, south[over], far_east, north[over])
            touching[over] |= also_touching
            within[over] &= also_within
        return touching, within

    def inside(self, lon: FloatArray, lat: FloatArray) -> BoolArray:
        """By the polygons' edges; a point on a border is inside."""
        with self._lock:
            found: BoolArray = shapely.intersects_xy(self._prepared, lon, lat)
        return found

    def _relate(
        self, west: FloatArray, south: FloatArray, east: FloatArray, north: FloatArray
    ) -> tuple[BoolArray, BoolArray]:
        met = self._edges.meet(west, south, east, north)
        within = np.zeros_like(met)
        within[~met] = self.inside(((west + east) / 2.0)[~met], ((south + north) / 2.0)[~met])
        return met | within, within


def _stride(cells: CellArray) -> int:
    """Resolutions to go down at once: with few cells another round costs more than some cells too many."""
    return 2 if cells.size <= _FEW else 1


def _descendants(cells: CellArray, resolution: int) -> CellArray:
    while cells.size and resolution_of(int(cells[0])) < resolution:
        cells = children(cells)
    return cells


def _settled(mask: BoolArray, tile: int, resolution: int) -> Mask:
    """True or False in place of a mask that says so of every cell."""
    count = int(np.count_nonzero(mask))
    if count == cell_count(tile, resolution):
        return True
    return mask if count else False
