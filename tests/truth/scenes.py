"""The Sentinel-2 cubes and the tree cover, cell by cell: the pixel that holds the cell's centre."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import netCDF4
import numpy as np
import pyproj
import rasterio

from cubeql.demo.sources import DATA
from tests.truth import places

_LAEA = "EPSG:3035"


@dataclass(frozen=True)
class Scenes:
    """Values of cells: ``bands`` are stored values ``(times, cells)``, ``days`` the times."""

    cells: Any = field(repr=False)
    days: Any = field(repr=False)
    bands: dict[str, Any] = field(repr=False)

    @property
    def months(self) -> Any:
        """Calendar month of each time, 1 to 12."""
        return self.days.astype("datetime64[M]").astype(int) % 12 + 1

    @property
    def years(self) -> Any:
        """Year of each time."""
        return self.days.astype("datetime64[Y]").astype(int) + 1970

    def index(self, high: str, low: str) -> Any:
        """Normalised difference of two bands, ``(times, cells)``; NaN where one has no data."""
        a, b = (self.bands[name].astype(np.float64) * 0.0001 for name in (high, low))
        return np.where((self.bands[high] != 0) & (self.bands[low] != 0), (a - b) / (a + b), np.nan)


@cache
def sentinel2(pixel: str, resolution: int) -> Scenes:
    """A cube (``10m`` or ``20m``) on the cells of a resolution."""
    with netCDF4.Dataset(DATA / f"sentinel2_{pixel}.nc") as file:
        file.set_auto_maskandscale(False)
        x, y = file["x"][:], file["y"][:]
        days = np.datetime64("2015-01-01", "D") + file["time"][:].astype("timedelta64[D]")
        bands = {name: file[name][:] for name in file.variables if file[name].ndim == 3}
    cells, row, column = _gather(x, y, resolution)
    return Scenes(cells, days, {name: values[:, row, column] for name, values in bands.items()})


@cache
def tree_cover(resolution: int) -> dict[int, int]:
    """Percent of the cells of a resolution that have a value."""
    with rasterio.open(DATA / "tree_cover_2018.tif") as file:
        values = file.read(1)
        x = file.transform.c + (np.arange(file.width) + 0.5) * file.transform.a
        y = file.transform.f + (np.arange(file.height) + 0.5) * file.transform.e
    cells, row, column = _gather(x, y, resolution)
    picked = values[row, column]
    return {int(c): int(v) for c, v in zip(cells, picked, strict=True) if v != 255}


def _gather(x: Any, y: Any, resolution: int) -> tuple[Any, Any, Any]:
    """Cells whose centre is in the raster, and the row and column of the pixel that holds it."""
    back = pyproj.Transformer.from_crs(_LAEA, "EPSG:4326", always_xy=True)
    there = pyproj.Transformer.from_crs("EPSG:4326", _LAEA, always_xy=True)
    lon, lat = back.transform(*(v.ravel() for v in np.meshgrid(x, y)))
    # A centre lies at most half a diagonal from that of its pixel: two steps of cells are enough.
    cells = places.with_neighbours(places.cells_at(lon, lat, resolution), 2)
    east, north = there.transform(*places.centres(cells))
    column = np.floor((east - x[0]) / (x[1] - x[0]) + 0.5).astype(int)
    row = np.floor((north - y[0]) / (y[1] - y[0]) + 0.5).astype(int)
    inside = (column >= 0) & (column < x.size) & (row >= 0) & (row < y.size)
    return cells[inside], row[inside], column[inside]
