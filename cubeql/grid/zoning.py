"""Which zone holds which cell: many polygons met with the grid at once.

The polygons are followed down the grid together, as pairs of a cell and a zone: a pair is settled as soon as no border
of the zone comes near the cell, for all that lies below it. Only pairs along the borders get down to single cells,
so that the work grows with the length of the borders, not with the number of cells or zones.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
import shapely
from numpy.typing import NDArray

from cubeql.grid.assignment import Assignment, in_levels
from cubeql.grid.caps import Caps, outline_radius
from cubeql.grid.cells import boundaries, centers
from cubeql.grid.edges import EdgeIndex
from cubeql.grid.outlines import fold
from cubeql.grid.ranges import children
from cubeql.grid.sphere import spherical_areas
from cubeql.values.cells import CellArray, parent, resolution_of
from cubeql.values.containment import Containment
from cubeql.values.tiles import dead_slots, has_dead_slots, slot_count, slots_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_STEP = 2  # resolutions between the parts of a tile that are asked


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Cells of one resolution, and for pairs of a cell and a zone the places of both."""

    cells: CellArray
    cell: IntArray
    zone: IntArray

    def take(self, which: BoolArray) -> _Pairs:
        return _Pairs(self.cells, self.cell[which], self.zone[which])


class Zones:
    """Numbered polygons, ready to meet tiles; safe to ask from several threads.

    A zone is closed: a cell's centre on the border of two zones belongs to both, so that no cell between neighbours
    is lost.
    """

    def __init__(self, areas: NDArray[np.object_]) -> None:
        """Take a valid Polygon or MultiPolygon a zone, degrees, longitude first; longitudes may go on beyond 180."""
        folded = np.array([fold(a) for a in areas], dtype=object)
        self.areas: NDArray[np.object_] = shapely.from_wkb(shapely.to_wkb(folded))  # preparing changes the object
        shapely.prepare(self.areas)
        parts, self._part_of = shapely.get_parts(self.areas, return_index=True)
        self._parts = shapely.STRtree(parts)
        self._known_edges: EdgeIndex | None = None
        self._lock = Lock()  # GEOS completes a prepared geometry when it is first asked

    def __len__(self) -> int:
        return len(self.areas)

    @property
    def _edges(self) -> EdgeIndex:
        """The borders, indexed when they are first asked for."""
        if self._known_edges is None:
            self._known_edges = EdgeIndex(self.areas)
        return self._known_edges

    def near(self, tiles: CellArray, resolution: int, containment: Containment = "center") -> tuple[IntArray, IntArray]:
        """Pairs of a tile and a zone whose boxes meet: places in ``tiles``, numbers.

        All pairs of a tile and a zone that holds a cell of it are there, and some more.
        """
        if tiles.size == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        pairs = self._candidates(tiles, _reach(resolution, containment))
        return pairs.cell, pairs.zone + 1

    def assign(self, tile: int, resolution: int, containment: Containment = "center") -> Assignment:
        """Which zones hold the cells of a tile.

        Args:
            tile: a cell.
            resolution: of the cells, not coarser than the tile.
            containment: a zone holds a cell whose centre lies in it (``center``), whose outline touches it
                (``overlap``, and ``area``, which adds the share of its area), or whose outline lies in it (``full``).
        """
        with self._lock:
            return self._assign(tile, resolution, containment)

    def _assign(self, tile: int, resolution: int, containment: Containment) -> Assignment:
        own, slots = int(resolution_of(tile)), slot_count(resolution, int(resolution_of(tile)))
        pairs = self._candidates(np.array([tile], dtype=np.int64), _reach(resolution, containment))
        held: list[tuple[IntArray, IntArray, FloatArray]] = []
        level = own
        while level < resolution:
            pairs, within = self._relate(pairs, resolution, containment)
            held.append(_below(within, own, slots // 7 ** (level - own)))
            level = min(level + _STEP, resolution)
            pairs = _descended(pairs, level)
        held.append(self._exactly(pairs, own, resolution, containment))
        slot, zone, share = (np.concatenate(column) for column in zip(*held, strict=True))
        if has_dead_slots(tile):
            alive = ~dead_slots(tile, resolution)[slot]
            slot, zone, share = slot[alive], zone[alive], share[alive]
        return in_levels(slots, slot, (zone + 1).astype(np.int32), share if containment == "area" else None)

    def at(self, lon: FloatArray, lat: FloatArray) -> tuple[IntArray, IntArray]:
        """Pairs of a point (longitude -180 to 180) and a zone that holds it: places in the arrays, numbers; sorted."""
        asked, part = self._parts.query(shapely.points(lon, lat))
        point, zone = self._distinct(asked, self._part_of[part])
        with self._lock:
            inside = shapely.intersects_xy(self.areas[zone], lon[point], lat[point])
        return point[inside], zone[inside] + 1

    def holding(self, cells: CellArray, containment: Containment = "center") -> tuple[IntArray, IntArray, FloatArray]:
        """Pairs of a cell and a zone that holds it, cells in any order: places in ``cells``, numbers, and the shares of
        the cells' areas (1 unless asked for); in order."""
        if containment == "center":
            cell, number = self.at(*centers(cells))
            return cell, number, np.ones(cell.shape)
        outlines = boundaries(cells)
        asked, part = self._parts.query(outlines)
        cell, zone = self._distinct(asked, self._part_of[part])
        with self._lock:
            test = shapely.covers if containment == "full" else shapely.intersects
            pairs = _Pairs(cells, cell, zone).take(test(self.areas[zone], outlines[cell]))
            share = np.ones(pairs.cell.shape)
            if containment == "area" and cells.size:
                share = self._shares(pairs, outlines, max(0, int(resolution_of(int(cells[0]))) - 2 * _STEP))
        return pairs.cell, pairs.zone + 1, share

    def _distinct(self, place: IntArray, zone: IntArray) -> tuple[IntArray, IntArray]:
        """Each pair once, in order."""
        keys = np.unique(place * len(self) + zone)
        return keys // max(1, len(self)), keys % max(1, len(self))

    # -------------------------------------------------------------- pairs

    def _candidates(self, tiles: CellArray, reach: float) -> _Pairs:
        """Pairs of tiles and zones whose boxes meet."""
        box, place, _ = _boxes(Caps.of(tiles, int(resolution_of(int(tiles[0]))), reach))
        asked, part = self._parts.query(shapely.box(*box.T))
        return _Pairs(tiles, *self._distinct(place[asked], self._part_of[part]))

    def _relate(self, pairs: _Pairs, resolution: int, containment: Containment) -> tuple[_Pairs, _Pairs]:
        """Of pairs: those that are open, and those of which the zone holds all that lies below the cell."""
        if pairs.cell.size == 0:
            return pairs, pairs
        cells = pairs.cells
        caps = Caps.of(cells, int(resolution_of(int(cells[0]))), _reach(resolution, containment))
        box, place, count = _boxes(caps)
        met_box, met_zone = self._edges.owners(*box.T)
        keys = pairs.cell * len(self) + pairs.zone
        met = np.isin(keys, place[met_box] * len(self) + met_zone)
        inside = np.zeros(keys.shape, dtype=np.int64)
        # Where no border runs through a box, any of its points speaks for all of them.
        for turn in range(2):
            asked = np.flatnonzero(~met & (count[pairs.cell] > turn))
            at = box[pairs.cell[asked] if turn == 0 else _second(count, pairs.cell[asked])]
            x, y = (at[:, 0] + at[:, 2]) / 2.0, (at[:, 1] + at[:, 3]) / 2.0
            inside[asked] += shapely.intersects_xy(self.areas[pairs.zone[asked]], x, y)
        within = ~met & (inside == count[pairs.cell])
        return pairs.take(met | ((inside > 0) & ~within)), pairs.take(within)

    # -------------------------------------------------------------- single cells

    def _exactly(
        self, pairs: _Pairs, own: int, resolution: int, containment: Containment
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Slots, zones and shares of the pairs of single cells that hold."""
        slots = slots_of(pairs.cells, own)
        if containment == "center":
            lon, lat = centers(pairs.cells)
            inside = shapely.intersects_xy(self.areas[pairs.zone], lon[pairs.cell], lat[pairs.cell])
            kept = pairs.take(inside)
            return slots[kept.cell], kept.zone, np.ones(kept.cell.shape)
        open_pairs, within = self._relate(pairs, resolution, containment)
        used, place = np.unique(open_pairs.cell, return_inverse=True)
        open_pairs, outlines = _Pairs(pairs.cells[used], place, open_pairs.zone), boundaries(pairs.cells[used])
        zones, cells = self.areas[open_pairs.zone], outlines[open_pairs.cell]
        if containment == "full":
            kept = open_pairs.take(shapely.covers(zones, cells))
        else:
            kept = open_pairs.take(shapely.intersects(zones, cells))
        share = np.ones(kept.cell.shape)
        if containment == "area":
            share = self._shares(kept, outlines, own)
        held = np.concatenate([slots[within.cell], slots[used[kept.cell]]])
        zone = np.concatenate([within.zone, kept.zone])
        return held, zone, np.concatenate([np.ones(within.cell.shape), share])


    def _shares(self, pairs: _Pairs, outlines: NDArray[np.object_], own: int) -> FloatArray:
        """The share of each pair's cell that lies in its zone."""
        share = np.ones(pairs.cell.shape)
        cut = ~shapely.covers(self.areas[pairs.zone], outlines[pairs.cell])
        cell, zone, cells = pairs.cell[cut], pairs.zone[cut], outlines[pairs.cell[cut]]
        if not cell.size:
            return share
        bounds = shapely.bounds(cells)
        # A zone is first cut to the ground round some cells, so that not every cell meets all of its corners.
        pieces, piece = self.areas, zone
        resolution = int(resolution_of(int(pairs.cells[0])))
        for level in range(max(own, resolution - 2 * _STEP), resolution, _STEP):
            above = parent(pairs.cells[cell], level)
            keys = piece * above.size + np.unique(above, return_inverse=True)[1]
            groups, first, group = np.unique(keys, return_index=True, return_inverse=True)
            frames = np.full((groups.size, 4), [np.inf, np.inf, -np.inf, -np.inf])
            np.minimum.at(frames[:, :2], group, bounds[:, :2])
            np.maximum.at(frames[:, 2:], group, bounds[:, 2:])
            pieces, piece = shapely.intersection(pieces[piece[first]], shapely.box(*frames.T)), group
        inside = spherical_areas(shapely.intersection(pieces[piece], cells))
        share[cut] = np.clip(inside / spherical_areas(cells), 0.0, 1.0)
        return share


def _reach(resolution: int, containment: Containment) -> float:
    """How far beyond its centre a cell is asked about, radians."""
    return 0.0 if containment == "center" else outline_radius(resolution)


def _boxes(caps: Caps) -> tuple[FloatArray, IntArray, IntArray]:
    """Boxes (west, south, east, north) of caps: one a cap, then a second one of each that crosses the antimeridian.

    Beside them the place of the cap of each box, and how many boxes each cap has.
    """
    west, south, east, north = caps.boxes()
    over = np.flatnonzero((west < -180.0) | (east > 180.0))
    far_west = np.where(west < -180.0, west + 360.0, -180.0)[over]
    far_east = np.where(west < -180.0, 180.0, east - 360.0)[over]
    first = np.column_stack([np.maximum(west, -180.0), south, np.minimum(east, 180.0), north])
    second = np.column_stack([far_west, south[over], far_east, north[over]])
    count = np.ones(west.shape, dtype=np.int64)
    count[over] = 2
    return np.concatenate([first, second]), np.concatenate([np.arange(west.size), over]), count


def _second(count: IntArray, cell: IntArray) -> IntArray:
    """The places of the second boxes of cells that have one."""
    return count.size + (np.cumsum(count > 1) - 1)[cell]


def _descended(pairs: _Pairs, resolution: int) -> _Pairs:
    """The pairs of the descendants."""
    used, place = np.unique(pairs.cell, return_inverse=True)
    above = pairs.cells[used]
    cells = above
    while cells.size and resolution_of(int(cells[0])) < resolution:
        cells = children(cells)
    if cells.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return _Pairs(cells, nothing, nothing)
    # The cells of a tile ascend, so do their descendants, and those of one cell stand together.
    first = np.searchsorted(parent(cells, int(resolution_of(int(above[0])))), above)
    length = np.diff(np.append(first, cells.size))[place]
    start = np.cumsum(length) - length
    within = np.arange(int(length.sum())) - np.repeat(start, length)
    return _Pairs(cells, np.repeat(first[place], length) + within, np.repeat(pairs.zone, length))


def _below(pairs: _Pairs, own: int, width: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Slots, zones and shares of all that lies below the cells of pairs, each ``width`` slots wide."""
    if pairs.cell.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0)
    first = slots_of(pairs.cells[pairs.cell], own) * width
    slots = (first[:, None] + np.arange(width)).reshape(-1)
    return slots, np.repeat(pairs.zone, width), np.ones(slots.shape)
