"""The source rasters in longitude and latitude as arrays, and what a cell gets from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import rasterio

from cubeql.demo.sources import DATA
from tests.truth import places


@dataclass(frozen=True)
class World:
    """A raster round the earth: stored values ``(rows, columns)``, north up, and how they decode."""

    values: Any = field(repr=False)
    west: float
    north: float
    step: float
    nodata: float
    scale: float = 1.0
    offset: float = 0.0

    def at(self, lon: Any, lat: Any) -> Any:
        """Stored values of the pixels that hold places."""
        row = np.floor((self.north - np.asarray(lat)) / self.step).astype(int)
        column = np.floor(((np.asarray(lon) - self.west) % 360) / self.step).astype(int)
        return self.values[row, column]

    def mean(self, cell: int) -> float:
        """Decoded mean of the valid pixels whose centre is in a cell, NaN without one.

        The mean is rounded to float32 before it is decoded: that is how such a layer is stored.
        """
        picked = self.values[self.pixels_of(cell)]
        valid = picked[picked != self.nodata]
        if not valid.size:
            return float("nan")
        return float(np.float32(valid.mean(dtype=np.float64))) * self.scale + self.offset

    def pixels_of(self, cell: int) -> tuple[Any, Any]:
        """Rows and columns of the pixels whose centre is in a cell."""
        west, south, east, north = places.outline_box(cell)
        height, width = self.values.shape
        first = max(0, int(np.floor((self.north - north) / self.step)))
        rows = np.arange(first, min(height, int(np.ceil((self.north - south) / self.step))))
        columns = np.arange(np.floor((west - self.west) / self.step), np.ceil((east - self.west) / self.step))
        columns = np.unique(columns.astype(int) % width)
        grid = np.array(np.meshgrid(rows, columns, indexing="ij")).reshape(2, -1)
        lat = self.north - (grid[0] + 0.5) * self.step
        lon = (self.west + (grid[1] + 0.5) * self.step + 180) % 360 - 180
        inside = places.cells_at(lon, lat, h3.get_resolution(cell)) == cell
        return grid[0][inside], grid[1][inside]

    def centres_in(self, west: float, south: float, east: float, north: float) -> tuple[Any, Any]:
        """Longitudes and latitudes of the pixel centres in a box, a pixel more on each side."""
        height, width = self.values.shape
        lat = self.north - (np.arange(height) + 0.5) * self.step
        lon = self.west + (np.arange(width) + 0.5) * self.step
        lat = lat[(lat > south - self.step) & (lat < north + self.step)]
        lon = lon[(lon > west - self.step) & (lon < east + self.step)]
        grid = np.meshgrid(lon, lat)
        return grid[0].ravel(), grid[1].ravel()


@cache
def landcover() -> World:
    """Class codes; every pixel has one."""
    with rasterio.open(DATA / "landcover_2019.tif") as file:
        return World(file.read(1), -180, 90, 0.05, 255)


@cache
def landcover_classes() -> dict[int, str]:
    """Names of the class codes, as the file has them."""
    with rasterio.open(DATA / "landcover_2019.tif") as file:
        pairs = (part.partition("=") for part in file.tags(1)["classes"].split("|"))
        return {int(code): name for code, _, name in pairs}


@cache
def elevation() -> World:
    """Codes of 28 m, decoded to metres."""
    with rasterio.open(DATA / "elevation.tif") as file:
        return World(file.read(1), -180, 90, 1 / 12, 255, 28.0, -450.0)


@cache
def climate(band: str) -> tuple[World, ...]:
    """The twelve months of ``t2m`` (degrees Celsius) or ``tp`` (millimetres); pixels are centred on nodes."""
    scale = {"t2m": 0.1, "tp": 1.0}[band]
    with rasterio.open(DATA / "climate" / f"{band}.tif") as file:
        months = file.read()
    return tuple(World(values, -0.125, 90.125, 0.25, -32768, scale) for values in months)


@cache
def _months(band: str) -> Any:
    return np.stack([world.values for world in climate(band)])


@cache
def _nodes(cell: int) -> tuple[Any, Any]:
    return climate("t2m")[0].pixels_of(cell)


def monthly(band: str, cell: int) -> Any:
    """What :meth:`World.mean` gives for each of the twelve months, NaN without a valid node."""
    row, column = _nodes(cell)
    picked = _months(band)[:, row, column]
    valid = picked != climate(band)[0].nodata
    count = valid.sum(axis=1)
    mean = np.where(valid, picked, 0).sum(axis=1) / np.where(count, count, np.nan)
    return mean.astype(np.float32).astype(np.float64) * climate(band)[0].scale
