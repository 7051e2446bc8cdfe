"""Cells with a value each, and the same at a coarser resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.view import Box, Floats, box_around, cell_degrees
from cubeql.grid.cells import centers
from cubeql.values.cells import CellArray, descendant_range, parent, resolution_of

_MOST_COUNTED = 20_000_000  # classes times cells that are counted in one table
_FEW = 20_000  # cells that are enough to know where all of them lie
_AROUND = 6  # sizes of a cell around one that is seen from near
_MANY = 200_000  # of more cells only those in a window are worth having
_PIECE = 200_000  # cells that are gathered at once
_ABOVE = 4  # resolutions between cells and those that tell which of them are in a window


@dataclass(frozen=True, slots=True)
class Hexes:
    """What is drawn.

    Attributes:
        resolution: of all cells.
        cells: ascending, each once.
        values: one a cell, NaN where there is none; codes where they are classes.
        whole: whether a value is that of its own cell; else it is the mean, or the most frequent class, of those below.
    """

    resolution: int
    cells: CellArray
    values: Floats
    whole: bool = True

    def __len__(self) -> int:
        return len(self.cells)

    def value(self, cell: int) -> float | None:
        """The value of a cell; None where there is no such cell, or no value."""
        at = int(np.searchsorted(self.cells, cell))
        if at == len(self.cells) or self.cells[at] != cell or np.isnan(self.values[at]):
            return None
        return float(self.values[at])

    def near(self, box: Box) -> Hexes:
        """Those of a region, some around it among them; all of them where they are not many."""
        if len(self) <= _MANY:
            return self
        coarse = max(0, self.resolution - _ABOVE)
        above = parent(self.cells, coarse)
        starts = _starts(above)
        lon, lat = centers(above[starts])
        region = box.grown(cell_degrees(coarse))
        inside = (region.south <= lat) & (lat <= region.north)
        if region.width < 360.0:
            inside &= (lon - region.west) % 360.0 <= region.width
        kept = np.repeat(inside, np.diff(starts, append=len(above)))
        return Hexes(self.resolution, self.cells[kept], self.values[kept], self.whole)


def extent_of(cells: CellArray) -> Box | None:
    """Where ascending cells of one resolution lie, their outlines included; None of none."""
    if not len(cells):
        return None
    resolution = int(resolution_of(int(cells[0])))
    while len(cells) > _FEW and resolution:
        resolution -= 1
        cells = parent(cells, resolution)
        cells = cells[_starts(cells)]
    lon, lat = centers(cells)
    return box_around(lon, lat, cell_degrees(resolution))


def near(cell: int) -> Box:
    """A cell with some of what lies around it."""
    around = extent_of(np.array([cell], np.int64))
    assert around is not None
    return around.grown(_AROUND * cell_degrees(resolution_of(cell)))


def one_resolution(cells: CellArray) -> CellArray:
    """Cells of several resolutions as cells of the coarsest of them."""
    coarsest = int(resolution_of(cells).min()) if len(cells) else 0
    return parent(cells, coarsest)


def difference(first: Hexes, second: Hexes) -> Hexes:
    """The second less the first, at the coarser of their resolutions, where both have a value."""
    resolution = min(first.resolution, second.resolution)
    one, other = (h if h.resolution == resolution else gathered(h.cells, h.values, resolution, False)
                  for h in (first, second))  # fmt: skip
    cells, at, beside = np.intersect1d(one.cells, other.cells, assume_unique=True, return_indices=True)
    return Hexes(resolution, cells, other.values[beside] - one.values[at], one.whole and other.whole)


def gathered(cells: CellArray, values: Floats, resolution: int, classes: bool) -> Hexes:
    """Cells in any order, many of them perhaps the same, as one value a cell of a resolution not finer than theirs.

    The value is the mean, of classes the most frequent, of ties among them the smallest code.
    """
    if not len(cells):
        return Hexes(resolution, cells, values)
    order = order_of(cells)
    if order is not None:
        cells, values = np.take(cells, order), np.take(values, order)
    pieces = [_gathered(cells[part], values[part], resolution, classes) for part in _pieces(cells, resolution)]
    if len(pieces) == 1:
        return pieces[0]
    found, means = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("cells", "values"))
    return Hexes(resolution, found, means, all(p.whole for p in pieces))


def _pieces(cells: CellArray, resolution: int) -> list[slice]:
    """Ascending cells of one resolution in parts, those below one cell together.

    Of millions each step would wait for memory of its own, and other threads with it.
    """
    own = int(resolution_of(int(cells[0])))
    heads = parent(cells[_PIECE::_PIECE], resolution)
    cuts = np.unique(np.searchsorted(cells, descendant_range(heads, own)[0])).tolist()
    return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, len(cells)], strict=True) if a < b]


def _gathered(cells: CellArray, values: Floats, resolution: int, classes: bool) -> Hexes:
    """Ascending cells as one value a cell of a resolution."""
    above = parent(cells, resolution)  # of ascending cells those above ascend, too
    starts = _starts(above)
    found = np.take(above, starts)
    valid = ~np.isnan(values)
    rows = np.add.reduceat(valid, starts, dtype=np.int64)
    whole = bool(resolution_of(int(cells[0])) == resolution and rows.max() <= 1)
    if classes:
        number = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(above)))
        return Hexes(resolution, found, _modes(number[valid], values[valid], len(starts)), whole)
    sums = np.add.reduceat(np.where(valid, values, 0.0), starts)
    return Hexes(resolution, found, sums / np.where(rows, rows, np.nan), whole)


def order_of(cells: CellArray) -> NDArray[np.intp] | None:
    """The order in which cells ascend; None where they do, as those of most results."""
    return None if (cells[1:] >= cells[:-1]).all() else np.argsort(cells, kind="stable")


def _starts(cells: CellArray) -> NDArray[np.intp]:
    """Where the first of each is among ascending cells."""
    return np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))


def _modes(number: NDArray[np.intp], values: Floats, count: int) -> Floats:
    codes = np.unique(values)
    code = np.searchsorted(codes, values)
    if count * len(codes) <= _MOST_COUNTED:
        rows = np.bincount(number * len(codes) + code, minlength=count * len(codes)).reshape(count, len(codes))
        most = codes[rows.argmax(axis=1)] if len(codes) else np.zeros(count)
        return np.where(rows.any(axis=1), most, np.nan)
    pairs, rows = np.unique(number * len(codes) + code, return_counts=True)
    cell, code = np.divmod(pairs, max(len(codes), 1))
    order = np.lexsort((-code, rows, cell))  # the last of each cell: most rows, then the smallest code
    last = np.append(np.diff(cell[order]) != 0, True)[: len(order)]
    modes = np.full(count, np.nan)
    modes[cell[order][last]] = codes[code[order][last]]
    return modes
