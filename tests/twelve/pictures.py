"""Real rasters of the demo, asked at places: where they lie, or stretched over another piece of land."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h3
import numpy as np
import rasterio
import rasterio.transform
import rasterio.windows
import xarray as xr

from tests.support.cube import A, below

DATA = Path(__file__).parents[2] / "cubeql/demo/data"
SCENES = 33


def place(cell: int) -> tuple[float, float]:
    """Longitude and latitude of a cell's centre."""
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))
    return lon, lat


@functools.cache
def _bounds() -> tuple[float, float, float, float]:
    """West, south, width and height of the land that pictures are stretched over: the cell of Munich."""
    places = [place(c) for c in below(A, 8)]
    west, south = (min(p[n] for p in places) for n in (0, 1))
    return west, south, max(p[0] for p in places) - west, max(p[1] for p in places) - south


@dataclass(frozen=True)
class Picture:
    """A raster of shape (rows, columns), NaN where it has no value."""

    values: Any

    def at(self, cell: int) -> float | None:
        """The pixel that lies in the picture where the cell lies in the land; beyond its edge it begins anew."""
        lon, lat = place(cell)
        west, south, width, height = _bounds()
        rows, columns = self.values.shape
        column = int((lon - west) / width * (columns - 1)) % columns
        row = int((1 - (lat - south) / height) * (rows - 1)) % rows
        found = float(self.values[row, column])
        return None if np.isnan(found) else found


def window(name: str, west: float, north: float, rows: int, columns: int) -> Picture:
    """A piece of a raster in degrees, from its north-western corner, decoded."""
    with rasterio.open(DATA / name) as raster:
        row, column = raster.index(west, north)
        cut = rasterio.windows.Window(column, row, columns, rows)
        stored = raster.read(1, window=cut).astype(float)
        stored[stored == raster.nodata] = np.nan
        return Picture(stored * raster.scales[0] + raster.offsets[0])


@functools.cache
def scenes(band: str) -> tuple[Picture, ...]:
    """A band of the 33 dates of Sentinel-2, each a picture of 100 by 100 pixels."""
    with xr.open_dataset(DATA / "sentinel2_10m.nc") as cube:
        return tuple(Picture(cube[band].values[n].astype(float)) for n in range(SCENES))


@functools.cache
def climate(name: str, month: int) -> Any:
    """A month of the climatology as (values, transform)."""
    with rasterio.open(DATA / "climate" / f"{name}.tif") as raster:
        stored = raster.read(month).astype(float)
        stored[stored == raster.nodata] = np.nan
        return stored * raster.scales[month - 1], raster.transform


def climate_at(name: str, month: int, cell: int) -> float:
    """Climatology at the place of a cell itself: ``t2m`` in °C, ``tp`` in mm a month."""
    values, transform = climate(name, month)
    lon, lat = place(cell)
    row, column = rasterio.transform.rowcol(transform, lon % 360, lat)
    return float(values[row, column])
