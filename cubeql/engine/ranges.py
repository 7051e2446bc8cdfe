"""Where the arrays of layers that meet do not fit in memory: ranges of tiles that fit.

Of two sides that meet the engine keeps the one of fewer rows in memory, whole: it puts them on disk by the ten thousand
rows, whatever these hold. Tiles meet no other tiles, so that ranges of them can meet one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine.connection import most_bytes
from cubeql.engine.scans import ScanWork
from cubeql.plan.nodes import Aligned, Cells
from cubeql.values.cells import descendant_range, parent
from cubeql.values.tiles import slot_count

FITS = 0.6
"""Of what the engine may hold, how much arrays may take that wait for others, all of them at once."""

SHARE = 0.25
"""The same of those in one range."""

FEWEST_BYTES = 32 * 2**20
"""Arrays of fewer bytes always fit."""

_BESIDE = 1.25
"""In memory arrays take this many times their bytes."""

_FINER = 4
"""Cells that are grouped by those of a coarser grid take this many times their bytes."""

_LAST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ranges:
    """Tiles of some cells, cut into ranges.

    Attributes:
        first: the first tile of each range.
        resolution: of these tiles.
        row_bytes: of the arrays in a row of what meets.
    """

    first: tuple[int, ...]
    resolution: int
    row_bytes: int

    def ends(self, number: int, resolution: int) -> tuple[int, int]:
        """The least and greatest index, both inclusive, of tiles of a resolution in a range; a coarser tile belongs to
        every range that it reaches."""
        low = self._from(number, resolution) if number else 0
        if number + 1 == len(self.first):
            return low, _LAST
        return low, self._from(number + 1, resolution) - (resolution >= self.resolution)

    def _from(self, number: int, resolution: int) -> int:
        tile = self.first[number]
        return parent(tile, resolution) if resolution < self.resolution else descendant_range(tile, resolution)[0]


@dataclass(frozen=True, slots=True)
class _Side:
    """A layer that meets others: rows and bytes in each of the tiles."""

    rows: NDArray[np.int64]
    row_bytes: int
    waits: bool

    @property
    def bytes(self) -> NDArray[np.int64]:
        return self.rows * self.row_bytes


def ranges_of(
    cells: Cells,
    tiles: NDArray[np.int64],
    works: Mapping[str, ScanWork],
    at_most: Mapping[str, int],
    cursor: duckdb.DuckDBPyConnection,
    parts: int,
) -> Ranges | None:
    """The ranges in which layers can meet; None where they fit as they are.

    Args:
        cells: the layers.
        tiles: of the query, in which they meet.
        works: what is read of each scan, by its name.
        at_most: how many rows of a scan may meet a row of the driver, where that was counted.
        cursor: tells how much the engine may hold.
        parts: of a statement that share it.
    """
    if not len(tiles) or not cells.joins:
        return None
    sides = [*_sides(cells, tiles, works, at_most)]
    waiting = np.sum([s.bytes for s in _waiting(sides)], axis=0, dtype=np.float64) * _BESIDE
    total = float(waiting.sum())
    if total <= FEWEST_BYTES:
        return None
    most = (most_bytes(cursor) or _LAST) / parts
    if total <= most * FITS:
        return None
    resolution = min(cells.tile, cells.driver.scan.tile)  # of a coarser driver a tile must not be read twice
    units, place = np.unique(parent(tiles, resolution), return_inverse=True)
    sizes: NDArray[np.float64] = np.bincount(place, waiting).astype(np.float64)
    first = tuple(units[list(_cuts(sizes, most * SHARE))].tolist())
    return Ranges(first, resolution, sum(s.row_bytes for s in sides)) if len(first) > 1 else None


def _cuts(sizes: NDArray[np.float64], most: float) -> Iterator[int]:
    """Where ranges begin that are no larger than this, but for those of one tile."""
    ends, at = np.cumsum(sizes), 0
    while at < len(sizes):
        yield at
        before = ends[at - 1] if at else 0.0
        at = max(at + 1, int(np.searchsorted(ends, before + most, "right")))


def _waiting(sides: list[_Side]) -> list[_Side]:
    """All but the one that the engine lets pass: of the most rows, as far as can be told."""
    passing = max((s for s in sides if not s.waits), key=lambda s: (int(s.rows.sum()), -s.row_bytes), default=None)
    return [s for s in sides if s is not passing]


def _sides(
    cells: Cells, tiles: NDArray[np.int64], works: Mapping[str, ScanWork], at_most: Mapping[str, int]
) -> Iterator[_Side]:
    driver = _side(cells.driver, tiles, works)
    yield driver
    for join in cells.joins:
        side = _side(join.aligned, tiles, works)
        if join.is_ranked:  # candidates wait, each beside the row of the driver that may take it
            rows = driver.rows * at_most.get(join.aligned.scan.name, 1)
            side = _Side(np.maximum(side.rows, rows), side.row_bytes, True)
        yield side
    if cells.geometry:
        slots = slot_count(cells.resolution, cells.tile)
        yield _Side(np.ones(len(tiles), np.int64), slots * 8 * len(cells.geometry), True)


def _side(aligned: Aligned, tiles: NDArray[np.int64], works: Mapping[str, ScanWork]) -> _Side:
    work = works[aligned.scan.name]
    return _Side(_rows(aligned, tiles, work), _row_bytes(aligned, work), aligned.is_finer)


def _rows(aligned: Aligned, tiles: NDArray[np.int64], work: ScanWork) -> NDArray[np.int64]:
    """How many rows of a layer lie in each of the query's tiles."""
    if work.zones is not None:
        return np.full(len(tiles), max(1, work.levels), np.int64)
    own = aligned.scan.tile
    if not len(work.tiles):
        return np.zeros(len(tiles), np.int64)
    if own < aligned.tile:
        above = parent(tiles, own)
        place = np.searchsorted(work.tiles, above).clip(max=len(work.tiles) - 1)
        return np.where(work.tiles[place] == above, work.rows_of_tiles[place], 0)
    above = parent(work.tiles, aligned.tile)
    place = np.searchsorted(tiles, above).clip(max=len(tiles) - 1)
    held = tiles[place] == above
    found: NDArray[np.int64] = np.bincount(place[held], work.rows_of_tiles[held], len(tiles)).astype(np.int64)
    return found


def _row_bytes(aligned: Aligned, work: ScanWork) -> int:
    """Bytes of the arrays of a row, as they meet others."""
    scan, layer = aligned.scan, aligned.scan.layer
    kinds = {b.name: np.dtype(b.storage).itemsize for b in layer.bands}
    bands = sum(kinds.get(b, 8) for b in scan.bands) + int(len(layer.bands) > 1)
    if aligned.is_coarser:
        return bands * slot_count(max(layer.resolution, aligned.tile), aligned.tile)
    if work.zones is not None:
        return bands * slot_count(aligned.resolution, aligned.tile)
    resolution = layer.resolution if scan.overview is None else scan.overview.resolution
    return bands * slot_count(resolution, scan.tile) * (_FINER if aligned.is_finer else 1)
