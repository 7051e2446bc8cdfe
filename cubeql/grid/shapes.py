"""What every region answers, whatever it was made from."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.ranges import TileRanges
from cubeql.values.cells import MAX_RESOLUTION, CellArray, descendant_range, parent, resolution_of
from cubeql.values.tiles import slots_of, tile_resolution

_COVER_RESOLUTION = 5  # cells some 8 km wide: enough to tell files and row groups apart

Mask = NDArray[np.bool_] | bool
"""Which slots of a tile lie in a region: an array in slot order, True for all of them, False for none."""


class RegionShape(ABC):
    """A region: which cells belong to it, and in which tiles to look for them.

    A cell belongs to a region of ground (box, polygon, circle) when its centre does, borders included; to a
    region of points when it holds one of them; to a region of cells when it is one of them, lies below one
    or has one below it.
    """

    @abstractmethod
    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """The tiles that may hold a matching cell, as ranges of indexes: never too few, at times too many."""

    @abstractmethod
    def mask(self, tile: int, resolution: int) -> Mask:
        """Which slots of a tile hold a matching cell of a resolution.

        Returns:
            A boolean array in slot order, False in dead slots; or True where every cell of the tile matches
            (dead slots hold none); or False where none does.

        Raises:
            ValueError: the tile is finer than the resolution.
        """

    def cover_cells(self) -> TileRanges:
        """The cells of the finest resolution that may match, as ranges of indexes: never too few, at times too many."""
        cover = self.cover_ranges(_COVER_RESOLUTION)
        low, high = descendant_range(cover.low, MAX_RESOLUTION)[0], descendant_range(cover.high, MAX_RESOLUTION)[1]
        return TileRanges(MAX_RESOLUTION, low, high)

    def holds(self, cells: CellArray) -> NDArray[np.bool_]:
        """Which of some cells, that share a resolution and come in any order, match."""
        found = np.zeros(cells.size, np.bool_)
        if not cells.size:
            return found
        resolution = int(resolution_of(int(cells[0])))
        level = tile_resolution(resolution)
        tiles = parent(cells, level)
        for tile in np.unique(tiles).tolist():
            mask = self.mask(tile, resolution)
            of_tile = tiles == tile
            found[of_tile] = mask if isinstance(mask, bool) else mask[slots_of(cells[of_tile], level)]
        return found

    def cover(self, tile_resolution: int) -> CellArray:
        """The tiles of :meth:`cover_ranges` one by one, ascending.

        Raises:
            ValueError: there are more than 33 million; their ranges can still be had.
        """
        return self.cover_ranges(tile_resolution).tiles()


class UnionShape(RegionShape):
    """What belongs to any of several regions."""

    def __init__(self, parts: tuple[RegionShape, ...]) -> None:
        self.parts = parts

    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """The tiles of all parts."""
        return TileRanges.union([part.cover_ranges(tile_resolution) for part in self.parts], tile_resolution)

    def cover_cells(self) -> TileRanges:
        """The cells of all parts."""
        return TileRanges.union([part.cover_cells() for part in self.parts], MAX_RESOLUTION)

    def holds(self, cells: CellArray) -> NDArray[np.bool_]:
        """The cells of any part."""
        found = np.zeros(cells.size, np.bool_)
        for part in self.parts:
            found |= part.holds(cells)
        return found

    def mask(self, tile: int, resolution: int) -> Mask:
        """The slots of any part."""
        found: Mask = False
        for part in self.parts:
            mask = part.mask(tile, resolution)
            if mask is True:
                return True
            if mask is not False:
                found = mask if found is False else found | mask
        return found
