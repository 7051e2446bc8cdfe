"""Sets of tiles as ranges of indexes: all that lies below a coarse cell is one range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.values.cells import (
    MAX_RESOLUTION,
    CellArray,
    descendant_range,
    is_deleted,
    is_pentagon,
    resolution_of,
)
from cubeql.values.tiles import cells_at_ordinals, ordinals_of

MOST_TILES = 1 << 25
"""As many tiles as are ever listed one by one (256 MiB)."""

_CHUNK = 1 << 19  # tiles worked on at once, to bound what the steps between take


def children(cells: CellArray) -> CellArray:
    """The children, one resolution finer, of cells (one axis) that share a resolution, in order.

    What H3 leaves out below a pentagon is not there.
    """
    if cells.size == 0:
        return cells
    resolution = int(resolution_of(int(cells[0])))
    shift = np.int64(3 * (MAX_RESOLUTION - resolution - 1))
    first = (cells + (np.int64(1) << np.int64(52))) & ~(np.int64(7) << shift)
    below = first[:, None] | (np.arange(7, dtype=np.int64) << shift)
    there = np.ones(below.shape, dtype=np.bool_)
    there[is_pentagon(cells), 1] = False
    return below[there]


@dataclass(frozen=True, slots=True)
class TileRanges:
    """Tiles of one resolution as ranges of indexes: ascending, apart from each other, both ends included.

    Attributes:
        resolution: of the tiles.
        low: first index of each range, int64.
        high: last index of each range, int64.
    """

    resolution: int
    low: CellArray
    high: CellArray

    @staticmethod
    def below(cells: CellArray, resolution: int) -> TileRanges:
        """The tiles that are, or lie below, cells of any resolutions up to the tiles' own."""
        return _merged(*descendant_range(cells, resolution), resolution)

    @staticmethod
    def union(sets: Sequence[TileRanges], resolution: int) -> TileRanges:
        """The tiles that are in any of the sets, all of the given resolution."""
        nothing = np.zeros(0, dtype=np.int64)
        low = np.concatenate([nothing, *(s.low for s in sets)])
        return _merged(low, np.concatenate([nothing, *(s.high for s in sets)]), resolution)

    @property
    def count(self) -> int:
        """How many tiles there are; those left out below pentagons are counted, too."""
        return int((ordinals_of(self.high) - ordinals_of(self.low) + 1).sum())

    def hold(self, tiles: CellArray) -> NDArray[np.bool_]:
        """Which of the tiles, of this resolution and in any order, lie in the ranges."""
        if self.low.size == 0:
            return np.zeros(tiles.shape, dtype=np.bool_)
        at = np.searchsorted(self.low, tiles, side="right") - 1
        found: NDArray[np.bool_] = (at >= 0) & (tiles <= self.high[at])
        return found

    def tiles(self) -> CellArray:
        """Every tile, ascending; those left out below pentagons are not there.

        Raises:
            ValueError: there are more than :data:`MOST_TILES`.
        """
        if self.count > MOST_TILES:
            raise ValueError(
                f"the region has {self.count:,} tiles of resolution {self.resolution}, "
                f"more than the {MOST_TILES:,} that are listed one by one"
            )
        lengths = ordinals_of(self.high) - ordinals_of(self.low) + 1
        past = np.cumsum(lengths)
        shift = ordinals_of(self.low) - (past - lengths)
        listed: list[CellArray] = [np.zeros(0, dtype=np.int64)]
        for at in range(0, int(lengths.sum()), _CHUNK):
            places = np.arange(at, min(at + _CHUNK, int(past[-1])))
            ordinals = places + shift[np.searchsorted(past, places, side="right")]
            tiles = cells_at_ordinals(ordinals, self.resolution)
            listed.append(tiles[~is_deleted(tiles)])
        return np.concatenate(listed)


def _merged(low: CellArray, high: CellArray, resolution: int) -> TileRanges:
    """Ranges that overlap or touch become one."""
    if low.size == 0:
        return TileRanges(resolution, low, high)
    order = np.argsort(low, kind="stable")
    first, last = ordinals_of(low[order]), np.maximum.accumulate(ordinals_of(high[order]))
    starts = np.concatenate([[True], first[1:] > last[:-1] + 1])
    ends = np.append(np.flatnonzero(starts)[1:] - 1, first.size - 1)
    return TileRanges(resolution, low[order][starts], cells_at_ordinals(last[ends], resolution))
