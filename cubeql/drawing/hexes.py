"""Cells with a value each, and the same at a coarser resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.view import Box, Floats, box_around, cell_degrees
from cubeql.grid.cells import centers
from cubeql.values.cells import CellArray, parent, resolution_of

_FEW = 20_000  # cells that are enough to know where all of them lie
_AROUND = 6  # sizes of a cell around one that is seen from near


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


def extent_of(cells: CellArray) -> Box | None:
    """Where ascending cells of one resolution lie, their outlines included; None of none."""
    if not len(cells):
        return None
    resolution = int(resolution_of(int(cells[0])))
    while len(cells) > _FEW and resolution:
        resolution -= 1
        cells = np.unique(parent(cells, resolution))
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
    own = int(resolution_of(int(cells[0])))
    found, number = np.unique(parent(cells, resolution), return_inverse=True)
    valid = ~np.isnan(values)
    number, values = number[valid], values[valid]
    reduce = _modes if classes else _means
    whole = own == resolution and len(number) == len(np.unique(number))
    return Hexes(resolution, found, reduce(number, values, len(found)), whole)


def _means(number: NDArray[np.intp], values: Floats, count: int) -> Floats:
    rows = np.bincount(number, minlength=count)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(number, weights=values, minlength=count) / np.where(rows, rows, np.nan))


def _modes(number: NDArray[np.intp], values: Floats, count: int) -> Floats:
    codes, code = np.unique(values, return_inverse=True)
    pairs, rows = np.unique(number * len(codes) + code, return_counts=True)
    cell, code = np.divmod(pairs, max(len(codes), 1))
    order = np.lexsort((-code, rows, cell))  # the last of each cell: most rows, then the smallest code
    last = np.append(np.diff(cell[order]) != 0, True)[: len(order)]
    modes = np.full(count, np.nan)
    modes[cell[order][last]] = codes[code[order][last]]
    return modes
