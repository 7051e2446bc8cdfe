"""Regions of cells: some cells with all that lies below them, or the cells that hold some points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.cells import cells_at
from cubeql.grid.ranges import TileRanges
from cubeql.grid.shapes import Mask, RegionShape
from cubeql.values.cells import MAX_RESOLUTION, CellArray, descendant_range, distinct, parent, resolution_of
from cubeql.values.tiles import DEPTH, cell_count, dead_slots, has_dead_slots, slot_count, slots_of

FloatArray = NDArray[np.float64]


class CellSetShape(RegionShape):
    """Cells of one resolution: on a finer grid their descendants, on a coarser one their ancestors."""

    def __init__(self, cells: CellArray, resolution: int | None = None) -> None:
        """Take valid cells of one resolution, in any order; where there may be none, the resolution, too."""
        self.cells: CellArray = distinct(cells)
        self.resolution = int(resolution_of(int(self.cells[0]))) if resolution is None else resolution

    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """The tiles above or below the cells: none too many."""
        cells = self.cells if self.resolution <= tile_resolution else parent(self.cells, tile_resolution)
        return TileRanges.below(cells, tile_resolution)

    def mask(self, tile: int, resolution: int) -> Mask:
        """By the cells' slots."""
        own = int(resolution_of(tile))
        slots = slot_count(resolution, own)
        if self.resolution <= own:
            return self._holds(parent(tile, self.resolution))
        low, high = descendant_range(tile, self.resolution)
        first, last = np.searchsorted(self.cells, (low, high + 1))
        below = self.cells[first:last]
        if self.resolution > resolution:
            below = parent(below, resolution)
        if below.size == 0:
            return False
        mask = np.zeros(slots, dtype=np.bool_)
        mask.reshape(slot_count(min(self.resolution, resolution), own), -1)[slots_of(below, own)] = True
        if has_dead_slots(tile):
            mask &= ~dead_slots(tile, resolution)
        return True if int(np.count_nonzero(mask)) == cell_count(tile, resolution) else mask

    def holds(self, cells: CellArray) -> NDArray[np.bool_]:
        """By their ancestors, or those of the set."""
        if not cells.size:
            return np.zeros(0, np.bool_)
        own = int(resolution_of(int(cells[0])))
        if self.resolution <= own:
            return np.isin(parent(cells, self.resolution), self.cells)
        return np.isin(cells, parent(self.cells, own))

    def _holds(self, cell: int) -> bool:
        at = int(np.searchsorted(self.cells, cell))
        return at < self.cells.size and int(self.cells[at]) == cell


class PointsShape(RegionShape):
    """Points: on every grid, the cells that hold one of them.

    The cell that holds a point is asked of each resolution anew: children stick out of their parents, so it
    need not lie below the coarser cell that holds the point.
    """

    def __init__(self, lon: FloatArray, lat: FloatArray) -> None:
        """Take at least one point, degrees, one axis."""
        self._lon, self._lat = lon, lat
        self._known: dict[int, CellSetShape] = {}

    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """The tiles above the cells of every resolution that has tiles of this one, so a few too many."""
        finest = min(tile_resolution + DEPTH, MAX_RESOLUTION)
        tiles = [parent(self._at(r).cells, tile_resolution) for r in range(tile_resolution, finest + 1)]
        return TileRanges.below(np.concatenate(tiles), tile_resolution)

    def cover_cells(self) -> TileRanges:
        """The finest cells that hold the points: none too many."""
        return self._at(MAX_RESOLUTION).cover_ranges(MAX_RESOLUTION)

    def holds(self, cells: CellArray) -> NDArray[np.bool_]:
        """By the cells of that resolution that hold the points."""
        return self._at(int(resolution_of(int(cells[0])))).holds(cells) if cells.size else np.zeros(0, np.bool_)

    def mask(self, tile: int, resolution: int) -> Mask:
        """By the cells of that resolution that hold the points."""
        return self._at(resolution).mask(tile, resolution)

    def _at(self, resolution: int) -> CellSetShape:
        if resolution not in self._known:
            self._known[resolution] = CellSetShape(cells_at(self._lon, self._lat, resolution))
        return self._known[resolution]
