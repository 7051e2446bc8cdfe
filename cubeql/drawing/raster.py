"""Which cell lies at which pixel: each pixel looks its cell up, so that cells have their true shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.lines import braille
from cubeql.drawing.view import Floats, View, mercator
from cubeql.grid.cells import boundaries, cells_at

Cells = NDArray[np.int64]
Places = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Ground:
    """The cells of a window.

    Attributes:
        view: the window.
        resolution: of the cells.
        cells: shape (height, width); 0 beside the earth.
    """

    view: View
    resolution: int
    cells: Cells


def ground_of(view: View, resolution: int, before: Ground | None = None) -> Ground:
    """The cells of a window; what a window before saw too is taken from there, where both have the same pixels."""
    if before is not None and (before.view, before.resolution) == (view, resolution):
        return before
    moved = _moved(view, resolution, before)
    return moved if moved is not None else Ground(view, resolution, _cells(view, resolution, None, None))


def _moved(view: View, resolution: int, before: Ground | None) -> Ground | None:
    if before is None or before.resolution != resolution:
        return None
    old = before.view
    if (old.width, old.height, old.scale) != (view.width, view.height, view.scale):
        return None
    right, down = ((view.lon - old.lon + 180.0) % 360.0 - 180.0) / view.scale, (old.y - view.y) / view.scale
    across, deep = round(right), round(down)
    same = abs(right - across) < 1e-6 and abs(down - deep) < 1e-6
    if not same or abs(across) > view.width // 2 or abs(deep) > view.height // 2 or not view.shows_longitude().all():
        return None
    cells = np.zeros_like(before.cells)
    new_rows, old_rows = _overlap(deep, view.height)
    new_columns, old_columns = _overlap(across, view.width)
    cells[new_rows, new_columns] = before.cells[old_rows, old_columns]
    rows = np.ones(view.height, bool)
    columns = np.ones(view.width, bool)
    rows[new_rows], columns[new_columns] = False, False
    cells[rows] = _cells(view, resolution, rows, None)
    cells[:, columns] = _cells(view, resolution, None, columns)
    return Ground(view, resolution, cells)


def _overlap(step: int, size: int) -> tuple[slice, slice]:
    """Of a row of pixels that has moved: which of the new were there, and where they were."""
    return slice(max(0, -step), size - max(0, step)), slice(max(0, step), size + min(0, step))


def _cells(view: View, resolution: int, rows: NDArray[np.bool_] | None, columns: NDArray[np.bool_] | None) -> Cells:
    lon, lat, seen = view.longitudes(), view.latitudes(), view.shows_longitude()
    if rows is not None:
        lat = lat[rows]
    if columns is not None:
        lon, seen = lon[columns], seen[columns]
    east, north = np.meshgrid(lon[seen], lat)
    cells = np.zeros((len(lat), len(lon)), np.int64)
    cells[:, seen] = cells_at(east, north, resolution)
    return cells


def indexes_at(ground: Ground, cells: Cells, colours: NDArray[np.int16], nothing: int) -> NDArray[np.int16]:
    """The colour of each pixel.

    Args:
        ground: which cell each pixel is.
        cells: those that have a colour, ascending.
        colours: of each of them.
        nothing: what stands where there is no such cell.
    """
    if not len(cells):
        return np.full(ground.cells.shape, nothing, np.int16)
    at = np.searchsorted(cells, ground.cells)
    at[at == len(cells)] = 0
    return np.where(cells[at] == ground.cells, colours[at], nothing).astype(np.int16)


def outline_of(cell: int) -> list[Places]:
    """The outline of a cell, a line a ring: longitudes and latitudes."""
    import shapely

    rings = shapely.get_parts(shapely.boundary(boundaries(np.array([cell], np.int64))[0]))
    return [tuple(shapely.get_coordinates(ring).T) for ring in rings]


def line_dots(lines: Sequence[Places], view: View) -> NDArray[np.uint8]:
    """Lines over a window as dots of braille; a stretch goes the short way round the earth."""
    x, y = [np.empty((0, 2))], [np.empty((0, 2))]
    for lon, lat in lines:
        across = ((lon - view.lon + 180.0) % 360.0 - 180.0) / view.scale + view.width / 2
        down = (view.y - mercator(lat)) / view.scale + view.height / 2
        near = np.abs(np.diff(across)) * view.scale < 180.0
        x.append(np.stack([across[:-1], across[1:]], axis=1)[near])
        y.append(np.stack([down[:-1], down[1:]], axis=1)[near])
    across, down = np.concatenate(x), np.concatenate(y)
    thick = np.concatenate((across, across + 0.5)), np.concatenate((down, down))  # to be told from a coast
    return braille(*thick, view)
