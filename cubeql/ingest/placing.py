"""Where the slots of a patch lie among the pixels, and in which slots pixels lie.

The fast way of :mod:`cubeql.ingest.lattice` where it can be trusted; a patch it cannot take is divided into
its children, and what is left goes the exact way through the H3 library and PROJ, place by place.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.areas import unit_vectors
from cubeql.grid.cells import cells_at, centers
from cubeql.ingest.lattice import FEWEST_SLOTS, PatchPlane, block_slots, plane_of, slot_pixels
from cubeql.ingest.pixelgrid import Floats, PixelWindow, Projector
from cubeql.ingest.reach import disc_of, reach_window
from cubeql.values.cells import parent, resolution_of
from cubeql.values.tiles import cells_of, dead_slots, slot_count, slot_range, slots_of, valid_cells

Pixels = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Column, row and slot of pixels."""

_BLOCK = 512
_SMOOTH = 256  # a block that is not smooth enough is divided down to this
_FEW_CELLS = 2  # resolutions between a patch and its cells from which it is not worth dividing


def slot_places(
    projector: Projector, patch: int, resolution: int, wanted: NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """Pixel coordinates of the centres of all slots (or of those wanted); NaN for slots that are no cell."""
    if wanted is None:
        quick = slot_pixels(projector, patch, resolution)
        if quick is not None:
            return quick
        if slot_count(resolution, resolution_of(patch)) > FEWEST_SLOTS:
            return _divided_places(projector, patch, resolution)
    cells = cells_of(patch, resolution)
    live = ~dead_slots(patch, resolution)
    if wanted is not None:
        live &= wanted
    columns, rows = np.full(cells.size, np.nan), np.full(cells.size, np.nan)
    if live.any():
        columns[live], rows[live] = projector.pixels(*centers(cells[live]))
    return columns, rows


def _divided_places(projector: Projector, patch: int, resolution: int) -> tuple[Floats, Floats]:
    places = np.full((2, slot_count(resolution, resolution_of(patch))), np.nan)
    for child in valid_cells(patch, resolution_of(patch) + 1).tolist():
        first, end = slot_range(patch, child, resolution)
        places[:, first:end] = slot_places(projector, child, resolution)
    return places[0], places[1]


def pixels_in_cells(projector: Projector, patch: int, resolution: int) -> Pixels:
    """Every pixel whose centre lies in a cell of the patch; columns may lie beyond a round grid's seam."""
    none = np.zeros(0, dtype=np.int64)
    parts = [(none, none, none), *_pixel_parts(projector, patch, resolution)]
    columns, rows, slots = (np.concatenate(p) for p in zip(*parts, strict=True))
    return columns, rows, slots


def _pixel_parts(projector: Projector, patch: int, resolution: int) -> Iterator[Pixels]:
    window = reach_window(projector, patch, resolution)
    if window is None:
        return
    plane = plane_of(patch, resolution)
    if plane is None and resolution - resolution_of(patch) > _FEW_CELLS:
        for child in valid_cells(patch, resolution_of(patch) + 1).tolist():
            first, _ = slot_range(patch, child, resolution)
            for columns, rows, slots in _pixel_parts(projector, child, resolution):
                yield columns, rows, slots + first
        return
    for block in _blocks(window):
        yield from _of_block(projector, plane, patch, resolution, block)


def _blocks(window: PixelWindow, most: int = _BLOCK) -> Iterator[PixelWindow]:
    """A window in even blocks, small enough to be smooth and to be worked on at once."""
    for row, height in _shares(window.row, window.height, most):
        for column, width in _shares(window.column, window.width, most):
            yield PixelWindow(row, column, height, width)


def _shares(first: int, length: int, most: int) -> list[tuple[int, int]]:
    count = -(-length // most)
    bounds = [first + length * i // count for i in range(count + 1)]
    return [(a, b - a) for a, b in pairwise(bounds)]


def _of_block(
    projector: Projector, plane: PatchPlane | None, patch: int, resolution: int, block: PixelWindow
) -> Iterator[Pixels]:
    slots = None if plane is None else block_slots(projector, plane, block)
    if slots is not None:
        rows, columns = np.nonzero(slots >= 0)
        yield columns + block.column, rows + block.row, slots[rows, columns].astype(np.int64)
    elif plane is not None and max(block.width, block.height) > _SMOOTH:
        for part in _blocks(block, _SMOOTH):
            yield from _of_block(projector, plane, patch, resolution, part)
    else:
        yield _exact_pixels(projector, patch, resolution, block)


def _exact_pixels(projector: Projector, patch: int, resolution: int, block: PixelWindow) -> Pixels:
    columns = np.tile(np.arange(block.column, block.column + block.width, dtype=np.int64), block.height)
    rows = np.repeat(np.arange(block.row, block.row + block.height, dtype=np.int64), block.width)
    lon, lat = projector.lonlat(columns.astype(np.float64) + 0.5, rows.astype(np.float64) + 0.5)
    centre, radius = disc_of(patch, resolution)
    with np.errstate(invalid="ignore"):
        near = unit_vectors(lon, lat) @ centre >= np.cos(radius)
    cells = cells_at(lon[near], lat[near], resolution)
    mine = parent(cells, resolution_of(patch)) == patch
    slots = slots_of(cells[mine], resolution_of(patch))
    return columns[near][mine], rows[near][mine], slots
