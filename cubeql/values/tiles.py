"""Tiles: the H3 parents by which a grid layer is stored, and the slots of cells inside them.

A layer of resolution ``r`` is stored by tiles of resolution ``t = tile_resolution(r)``. The slot of a cell
is the number its H3 digits ``t+1 .. r`` spell in base 7, so slots follow ascending index, which is the
order of H3's own child lists. Every tile has ``7 ** (r - t)`` slots. Below a pentagon some of them are
dead: their digits name no cell (the first one that is not 0 is 1).

H3 children do not cover exactly the ground of their parent: a tile is the set of its logical
descendants, some of which stick out of its outline.
"""

from __future__ import annotations

from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray

from cubeql.values.cells import (
    BASE_TILES,
    MAX_RESOLUTION,
    CellArray,
    base_of,
    check_resolution,
    descendant_range,
    is_deleted,
    is_pentagon,
    resolution_of,
)

DEPTH = 5
"""Resolutions between a tile and its cells, where the layer is fine enough to have as many."""

_CHUNK = 5  # digits decoded by one look-up; the table has 8 ** _CHUNK entries


def tile_resolution(resolution: int) -> int:
    """Resolution of the tiles of a layer of the given resolution."""
    return max(0, check_resolution(resolution) - DEPTH)


def slot_count(resolution: int, tile_resolution: int) -> int:
    """Slots of a tile, dead ones included: 7 to the number of resolutions between.

    Raises:
        ValueError: the tile would be finer than its cells.
    """
    return int(7 ** _depth(resolution, tile_resolution))


@overload
def slots_of(cells: int, tile_resolution: int) -> int: ...
@overload
def slots_of(cells: CellArray, tile_resolution: int) -> CellArray: ...
def slots_of(cells: int | CellArray, tile_resolution: int) -> int | CellArray:
    """The slot of each cell in its tile.

    Args:
        cells: a cell, or cells that share one resolution, in any shape.
        tile_resolution: resolution of the tiles.

    Raises:
        ValueError: the cells differ in resolution, or are coarser than the tile.
    """
    if not isinstance(cells, np.ndarray):
        return int(slots_of(np.array([cells], dtype=np.int64), tile_resolution)[0])
    if cells.size == 0:
        return np.zeros(cells.shape, dtype=np.int64)
    resolution = _shared_resolution(cells)
    left = _depth(resolution, tile_resolution)
    slots = np.zeros(cells.shape, dtype=np.int64)
    shift = 3 * (MAX_RESOLUTION - tile_resolution)
    while left > 0:
        digits = min(left, _CHUNK)
        shift -= 3 * digits
        slots *= 7**digits
        slots += _base7_of_octal()[(cells >> shift) & (8**digits - 1)]
        left -= digits
    return slots


def cells_of(tile: int, resolution: int) -> CellArray:
    """The index of every slot of a tile, in slot order: ascending, dead slots included.

    Returns:
        int64 array of ``slot_count(resolution, resolution_of(tile))`` indexes, fresh.

    Raises:
        ValueError: the tile is finer than the resolution.
    """
    first, _ = descendant_range(tile, resolution)
    offsets = _octal_of_base7(resolution - resolution_of(tile))
    return first + (offsets << np.int64(3 * (MAX_RESOLUTION - resolution)))


def dead_slots(tile: int, resolution: int) -> NDArray[np.bool_]:
    """Which slots of a tile hold no cell because H3 leaves them out below a pentagon.

    Returns:
        Boolean array in slot order: all False below a hexagon, all True for a tile that is itself left out.
    """
    depth = _depth(resolution, resolution_of(tile))
    if not has_dead_slots(tile):
        return np.zeros(7**depth, dtype=np.bool_)
    if is_deleted(tile):
        return np.ones(7**depth, dtype=np.bool_)
    return _dead_of_pentagon(depth).copy()


def has_dead_slots(tile: int) -> bool:
    """Whether a tile has dead slots at resolutions finer than itself."""
    return is_pentagon(tile) or is_deleted(tile)


def valid_cells(tile: int, resolution: int) -> CellArray:
    """The descendants of a tile at a resolution, ascending: :func:`cells_of` without dead slots."""
    cells = cells_of(tile, resolution)
    return cells[~dead_slots(tile, resolution)] if has_dead_slots(tile) else cells


def cell_count(tile: int, resolution: int) -> int:
    """How many cells a tile holds at a resolution, dead slots not counted."""
    slots = slot_count(resolution, resolution_of(tile))
    if is_deleted(tile):
        return 0
    return slots - (slots - 1) // 6 if is_pentagon(tile) else slots


def subtiles(tile: int, resolution: int) -> CellArray:
    """The tiles below a tile at a finer resolution, in order, those left out below a pentagon included.

    :func:`dead_slots` of the same arguments says which of them are left out.
    """
    return cells_of(tile, resolution)


def ordinals_of(cells: CellArray) -> CellArray:
    """The number of each cell among all indexes of its resolution, in ascending order from 0.

    That is its base cell and its digits read in base 7, so cells left out below pentagons are counted, too:
    one step of the number is one step of the index, whatever cell it lies below.

    Raises:
        ValueError: the cells differ in resolution.
    """
    if cells.size == 0:
        return np.zeros(cells.shape, dtype=np.int64)
    resolution = _shared_resolution(cells)
    numbers: CellArray = base_of(cells) * np.int64(7**resolution) + slots_of(cells, 0)
    return numbers


def cells_at_ordinals(ordinals: CellArray, resolution: int) -> CellArray:
    """The cells of a resolution with the numbers that :func:`ordinals_of` gives."""
    base, slots = np.divmod(ordinals, 7 ** check_resolution(resolution))
    digits = np.zeros_like(slots)
    for done in range(0, resolution, _CHUNK):
        slots, chunk = np.divmod(slots, 7**_CHUNK)
        digits |= _octal_of_base7(_CHUNK)[chunk] << np.int64(3 * done)
    first, _ = descendant_range(BASE_TILES, resolution)
    cells: CellArray = first[base] | (digits << np.int64(3 * (MAX_RESOLUTION - resolution)))
    return cells


def slot_range(tile: int, cell: int, resolution: int) -> tuple[int, int]:
    """First slot and slot past the last that the descendants of a cell have in a tile above it.

    Raises:
        ValueError: the cell does not lie below the tile, or is finer than the resolution.
    """
    above, own = resolution_of(tile), resolution_of(cell)
    low, high = descendant_range(tile, own) if own >= above else (0, -1)
    if not low <= cell <= high:
        raise ValueError(f"cell {cell:015x} does not lie below tile {tile:015x}")
    width = slot_count(resolution, own)
    first = slots_of(cell, above) * width
    return first, first + width


def _depth(resolution: int, tile_resolution: int) -> int:
    check_resolution(resolution)
    check_resolution(tile_resolution)
    if tile_resolution > resolution:
        raise ValueError(
            f"tiles of resolution {tile_resolution} are finer than cells of resolution {resolution}"
        )
    return resolution - tile_resolution


def _shared_resolution(cells: CellArray) -> int:
    resolutions = resolution_of(cells)
    lowest, highest = int(resolutions.min()), int(resolutions.max())
    if lowest != highest:
        raise ValueError(f"slots need cells of one resolution, these have {lowest} to {highest}")
    return lowest


@lru_cache(maxsize=1)
def _base7_of_octal() -> CellArray:
    """For five packed digits of three bits: their number in base 7 (7 marks no digit and is never met)."""
    octal = np.arange(8**_CHUNK, dtype=np.int64)
    numbers = np.zeros_like(octal)
    for i in range(_CHUNK):
        numbers += ((octal >> (3 * i)) & 7) * 7**i
    return numbers


@lru_cache(maxsize=8)
def _octal_of_base7(depth: int) -> CellArray:
    """For every number of ``depth`` digits in base 7: the same digits packed three bits each."""
    packed = np.zeros(1, dtype=np.int64)
    digits = np.arange(7, dtype=np.int64)
    for _ in range(depth):
        packed = ((packed[:, None] << 3) | digits).reshape(-1)
    packed.flags.writeable = False
    return packed


@lru_cache(maxsize=8)
def _dead_of_pentagon(depth: int) -> NDArray[np.bool_]:
    dead = np.zeros(7**depth, dtype=np.bool_)
    for digits in range(depth):
        dead[7**digits : 2 * 7**digits] = True
    dead.flags.writeable = False
    return dead
