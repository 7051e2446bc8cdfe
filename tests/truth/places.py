"""Cells of places and places of cells, one by one with the plain h3 package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h3.api.numpy_int as h3
import numpy as np


def centres(cells: Any) -> tuple[Any, Any]:
    """Longitudes and latitudes of cell centres, degrees."""
    pairs = np.array([h3.cell_to_latlng(int(c)) for c in cells]).reshape(-1, 2)
    return pairs[:, 1], pairs[:, 0]


def cells_at(lon: Any, lat: Any, resolution: int) -> Any:
    """Cells of places."""
    return np.array([h3.latlng_to_cell(y, x, resolution) for x, y in zip(lon, lat, strict=True)], np.int64)


def with_neighbours(cells: Any, steps: int) -> Any:
    """The cells and all within so many steps of them, ascending."""
    found: set[int] = set()
    for cell in np.unique(cells):
        found.update(h3.grid_disk(int(cell), steps).astype(np.int64).tolist())
    return np.array(sorted(found), np.int64)


def parents(cells: Any, resolution: int) -> Any:
    """Parents of cells."""
    return np.array([h3.cell_to_parent(int(c), resolution) for c in cells], np.int64)


def children(cell: int, resolution: int) -> Any:
    """All cells of a resolution below a cell."""
    return h3.cell_to_children(int(cell), resolution).astype(np.int64)


def area_km2(cells: Iterable[int]) -> float:
    """True area of cells together."""
    return float(sum(h3.cell_area(int(c), "km^2") for c in cells))


def outline_box(cell: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a cell, a tenth wider than its corners; west may lie below -180."""
    corners = np.array(h3.cell_to_boundary(cell))
    lon = h3.cell_to_latlng(cell)[1]
    x = lon + (corners[:, 1] - lon + 180) % 360 - 180
    wide, high = np.ptp(x) * 0.1, np.ptp(corners[:, 0]) * 0.1
    south, north = corners[:, 0].min() - high, corners[:, 0].max() + high
    for pole in (-90, 90):
        if h3.latlng_to_cell(pole, 0, h3.get_resolution(cell)) == cell:
            return -180, min(south, pole), 180, max(north, pole)
    return x.min() - wide, south, x.max() + wide, north
