"""The grid map: which pixels make up each cell of a patch.

It depends on the pixel grid, the patch and the family of the method alone, never on pixel values, so it is
made once and serves every band and every date. A patch is a tile, or one of its descendants where a whole
tile would hold too many pixels.

Families:

* ``nearest``  one pixel a slot: the one that holds the cell's centre;
* ``bilinear`` five pixels a slot: that one, and the four whose centres surround the cell's centre;
* ``pixels``   all pixels whose centre lies in the cell, in slot order; a cell in which no pixel centre lies,
  but whose own centre lies on the grid, has the pixel that holds it;
* ``sum``      as ``pixels``, without that last clause, which would count a pixel twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.pixelgrid import Floats, PixelWindow, Projector
from cubeql.ingest.placing import pixels_in_cells, slot_places
from cubeql.values.cells import resolution_of
from cubeql.values.tiles import slot_count

Family = Literal["nearest", "bilinear", "pixels", "sum"]
Indexes = NDArray[np.integer[Any]]
Positions = NDArray[np.uint16] | NDArray[np.int32]

_NONE = np.zeros(0, dtype=np.int32)
_NO_FLAGS = np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class PatchMap:
    """The pixels of one patch.

    Attributes:
        patch: H3 index of the patch.
        window: the block of pixels that holds all of them; None where the patch has none.
        pixels: positions in the window, row by row, of 16 bits where they fit; the largest number of their type is
            no pixel. ``nearest``: ``(slots,)``. ``bilinear``: ``(5, slots)``. ``pixels`` and ``sum``: ``(n,)``,
            grouped by slot.
        whole: whether every position is one of a pixel.
        starts: of ``pixels`` and ``sum``, where the pixels of each filled slot begin.
        slots: of ``pixels`` and ``sum``, the filled slots.
        lone: which of them hold no pixel centre and have the pixel at their own centre instead.
        weights: of ``bilinear``, how far the cell's centre lies to the right of and below the first of the
            four pixel centres, ``(2, slots)``, 0 to 1.
    """

    patch: int
    window: PixelWindow | None
    pixels: Positions
    whole: bool = True
    starts: Indexes = field(default_factory=lambda: _NONE)
    slots: Indexes = field(default_factory=lambda: _NONE)
    lone: NDArray[np.bool_] = field(default_factory=lambda: _NO_FLAGS)
    weights: NDArray[np.float32] | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which positions are those of a pixel."""
        return np.asarray(self.pixels != no_pixel(self.pixels.dtype))

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        weights = 0 if self.weights is None else self.weights.nbytes
        return self.pixels.nbytes + self.starts.nbytes + self.slots.nbytes + self.lone.nbytes + weights


def make_map(projector: Projector, patch: int, resolution: int, family: Family) -> PatchMap:
    """Make the grid map of a patch.

    Args:
        projector: places on the pixel grid.
        patch: H3 index of the tile or of a descendant of it, no finer than the cells.
        resolution: of the cells.
        family: see the module.
    """
    if family == "nearest":
        return _nearest(projector, patch, resolution)
    if family == "bilinear":
        return _bilinear(projector, patch, resolution)
    return _of_pixels(projector, patch, resolution, fill=family == "pixels")


def _floors(values: Floats) -> NDArray[np.int64]:
    """Whole pixel numbers; far outside for places the projection does not know."""
    with np.errstate(invalid="ignore"):
        return np.floor(np.nan_to_num(np.clip(values, -(2**40), 2**40), nan=-(2.0**40))).astype(np.int64)


def _on_grid(
    projector: Projector, columns: Floats, rows: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The pixel that holds each place, and whether there is one."""
    grid = projector.grid
    c, r = _floors(columns), _floors(rows)
    if grid.turn:
        # The earth may be a fraction of a pixel wider than the columns: what falls between is the last
        # column.
        c = np.where(np.isfinite(columns), np.clip(c, 0, grid.turn - 1), c)
    inside = (c >= 0) & (c < grid.width) & (r >= 0) & (r < grid.height)
    return c, r, inside


def _unrolled(columns: NDArray[np.int64], turn: int, near: int) -> NDArray[np.int64]:
    """Columns moved by whole turns to within half a turn of one column."""
    return (columns - near + turn // 2) % turn + near - turn // 2 if turn else columns


def _bounding(columns: NDArray[np.int64], rows: NDArray[np.int64]) -> PixelWindow:
    left, top = int(columns.min()), int(rows.min())
    return PixelWindow(top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1)


def no_pixel(dtype: np.dtype[Any]) -> int:
    """What stands for no pixel among positions of a type."""
    return int(np.iinfo(dtype).max)


def _positions(
    window: PixelWindow, columns: NDArray[np.int64], rows: NDArray[np.int64], inside: NDArray[np.bool_] | None = None
) -> Positions:
    position = (rows - window.row) * window.width + (columns - window.column)
    dtype: Any = np.uint16 if window.pixels <= no_pixel(np.dtype(np.uint16)) else np.int32
    if inside is not None:
        position[~inside] = no_pixel(np.dtype(dtype))
    return np.asarray(position.astype(dtype))


def _nearest(projector: Projector, patch: int, resolution: int) -> PatchMap:
    columns, rows, inside = _on_grid(projector, *slot_places(projector, patch, resolution))
    if not inside.any():
        return PatchMap(patch, None, _NONE)
    columns = _unrolled(columns, projector.grid.turn, int(columns[inside][0]))
    window = _bounding(columns[inside], rows[inside])
    return PatchMap(patch, window, _positions(window, columns, rows, inside), bool(inside.all()))


def _bilinear(projector: Projector, patch: int, resolution: int) -> PatchMap:
    grid = projector.grid
    places = slot_places(projector, patch, resolution)
    columns, rows, inside = _on_grid(projector, *places)
    if not inside.any():
        return PatchMap(patch, None, _NONE)
    near = int(columns[inside][0])
    left, top = _floors(places[0] - 0.5), _floors(places[1] - 0.5)
    all_columns = np.stack([columns, left, left + 1, left, left + 1])
    all_rows = np.stack([rows, top, top, top + 1, top + 1])
    known = inside & (all_rows >= 0) & (all_rows < grid.height)
    if grid.turn:
        all_columns = _unrolled(all_columns % grid.turn, grid.turn, near)
    else:
        known &= (all_columns >= 0) & (all_columns < grid.width)
    window = _bounding(all_columns[known], all_rows[known])
    weights = np.stack([places[0] - 0.5 - left, places[1] - 0.5 - top])
    weights = np.where(inside, np.clip(weights, 0, 1), 0)
    positions = _positions(window, all_columns, all_rows, known)
    return PatchMap(patch, window, positions, bool(known.all()), weights=weights.astype(np.float32))


def _of_pixels(projector: Projector, patch: int, resolution: int, *, fill: bool) -> PatchMap:
    columns, rows, slots = pixels_in_cells(projector, patch, resolution)
    held = np.zeros(slot_count(resolution, resolution_of(patch)), dtype=np.bool_)
    held[slots] = True
    if fill:
        c, r, inside = _on_grid(projector, *slot_places(projector, patch, resolution, ~held))
        columns = np.concatenate([columns, c[inside]])
        rows = np.concatenate([rows, r[inside]])
        slots = np.concatenate([slots, np.flatnonzero(inside)])
    if not slots.size:
        return PatchMap(patch, None, _NONE)
    columns = _unrolled(columns, projector.grid.turn, int(columns[0]))
    found = _bounding(columns, rows)
    positions = _positions(found, columns, rows)
    # Slots of a tile fit 16 bits, where a stable sort is a radix sort.
    order = np.argsort(slots.astype(np.uint16) if held.size <= 2**16 else slots, kind="stable")
    ordered = slots[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    filled = ordered[starts]
    return PatchMap(
        patch,
        found,
        positions[order],
        starts=starts.astype(np.int32),
        slots=filled.astype(np.int32),
        lone=~held[filled],
    )
