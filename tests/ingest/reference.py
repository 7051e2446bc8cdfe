"""Regridding as its definition says it, a cell and a pixel at a time, with nothing of the product but h3 and PROJ.

A cell is its H3 index as a number. A value that is not there is no value: invalid cells are absent.
"""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Any

import h3
import numpy as np
import pyproj
from affine import Affine

CellValues = dict[int, float]


@dataclass(frozen=True)
class Picture:
    """Pixels of a raster with their place; ``valid`` says which hold data."""

    values: Any
    valid: Any
    transform: Affine
    crs: str

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape

    def lonlat(self, column: float, row: float) -> tuple[float, float]:
        x, y = self.transform @ (column, row)
        lon, lat = _projection(self.crs).transform(x, y, direction="INVERSE")
        return lon, lat

    def pixel(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixel coordinates, of the turn of longitude that lies on the raster if one does."""
        x, y = _projection(self.crs).transform(lon, lat)
        turns = (0, 360, -360, 720) if pyproj.CRS(self.crs).is_geographic else (0,)
        for turn in turns:
            column, row = ~self.transform @ (x + turn, y)
            if 0 <= column < self.shape[1] and 0 <= row < self.shape[0]:
                return column, row
        return ~self.transform @ (x, y)

    @property
    def wraps(self) -> bool:
        geographic = pyproj.CRS(self.crs).is_geographic
        return geographic and abs(abs(self.transform.a) * self.shape[1] - 360) < abs(self.transform.a) / 2


_PROJECTIONS: dict[str, pyproj.Transformer] = {}


def _projection(crs: str) -> pyproj.Transformer:
    if crs not in _PROJECTIONS:
        _PROJECTIONS[crs] = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    return _PROJECTIONS[crs]


def centre_of(cell: int) -> tuple[float, float]:
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))
    return lon, lat


def cells_on(picture: Picture, resolution: int) -> list[int]:
    """All cells whose centre lies on the raster: found from points all over it, and their neighbours."""
    height, width = picture.shape
    seen: set[str] = set()
    parts = 3
    for row in np.linspace(0, height, parts * height + 1):
        for column in np.linspace(0, width, parts * width + 1):
            lon, lat = picture.lonlat(column, row)
            if np.isfinite(lon) and np.isfinite(lat) and abs(lat) <= 90:
                seen.add(h3.latlng_to_cell(lat, lon, resolution))
    around = {cell for s in seen for cell in h3.grid_disk(s, 1)}
    found = []
    for text in around:
        column, row = picture.pixel(*centre_of(h3.str_to_int(text)))
        if 0 <= column < width and 0 <= row < height:
            found.append(h3.str_to_int(text))
    return found


def nearest(picture: Picture, resolution: int) -> CellValues:
    found = {}
    for cell in cells_on(picture, resolution):
        column, row = (int(np.floor(v)) for v in picture.pixel(*centre_of(cell)))
        if picture.valid[row, column]:
            found[cell] = picture.values[row, column]
    return found


def bilinear(picture: Picture, resolution: int) -> CellValues:
    height, width = picture.shape
    found = {}
    for cell in cells_on(picture, resolution):
        column, row = picture.pixel(*centre_of(cell))
        if not picture.valid[int(row), int(column)]:
            continue
        left, top = int(np.floor(column - 0.5)), int(np.floor(row - 0.5))
        right, down = column - 0.5 - left, row - 0.5 - top
        total = weight = 0.0
        for u, v, share in (
            (left, top, (1 - right) * (1 - down)),
            (left + 1, top, right * (1 - down)),
            (left, top + 1, (1 - right) * down),
            (left + 1, top + 1, right * down),
        ):
            u = u % width if picture.wraps else u
            if 0 <= u < width and 0 <= v < height and picture.valid[v, u]:
                total += share * float(picture.values[v, u])
                weight += share
        found[cell] = total / weight
    return found


def pixels_of(picture: Picture, resolution: int, *, fill: bool) -> dict[int, list[tuple[Any, bool]]]:
    """The pixels of each cell as (value, valid); a cell without a pixel centre has the one at its own centre."""
    height, width = picture.shape
    found: dict[int, list[tuple[Any, bool]]] = {}
    for row in range(height):
        for column in range(width):
            lon, lat = picture.lonlat(column + 0.5, row + 0.5)
            if not (np.isfinite(lon) and np.isfinite(lat)) or abs(lat) > 90.0001:
                continue
            cell = h3.str_to_int(h3.latlng_to_cell(min(max(lat, -90), 90), lon, resolution))
            found.setdefault(cell, []).append((picture.values[row, column], picture.valid[row, column]))
    if fill:
        for cell in cells_on(picture, resolution):
            if cell not in found:
                column, row = (int(v) for v in picture.pixel(*centre_of(cell)))
                found[cell] = [(picture.values[row, column], picture.valid[row, column])]
    return found


def _mode(values: list[Any]) -> Any:
    counts = Counter(values)
    return min(counts, key=lambda v: (-counts[v], v))


_REDUCERS: dict[str, Any] = {
    "mean": lambda v: float(np.mean([float(x) for x in v])),
    "min": min,
    "max": max,
    "sum": lambda v: sum(float(x) for x in v),
    "median": lambda v: statistics.median(float(x) for x in v),
    "mode": _mode,
}


def regridded(picture: Picture, resolution: int, method: str) -> CellValues:
    """Values of all cells that have one."""
    if method == "nearest":
        return nearest(picture, resolution)
    if method == "bilinear":
        return bilinear(picture, resolution)
    found = {}
    for cell, pixels in pixels_of(picture, resolution, fill=method != "sum").items():
        values = [v for v, valid in pixels if valid]
        if values:
            found[cell] = _REDUCERS[method](values)
    return found
