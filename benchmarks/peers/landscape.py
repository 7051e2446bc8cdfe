"""A landscape made from a seed, as plain GeoTIFFs: what the data of every peer is built from.

Longitude and latitude, 2000 x 2000 pixels of 0.0035 degrees around 46 N, 10.5 E: there a pixel has the area of a
cell of resolution 9 to one in a hundred, so that a peer that keeps pixels and one that keeps cells have as many values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

PIXEL = 0.0035
COARSE = 10
"""Pixels of the fine layers along the side of one of the temperature's."""
BLOCK = 125
"""Pixels along the side of a block, whose area is nearly that of a cell of resolution 4."""
NO_NUMBER, NO_CLASS = -32768, 255
FINE_RESOLUTION, COARSE_RESOLUTION, BLOCK_RESOLUTION = 9, 7, 4
_WEST, _NORTH = 7.0, 49.5
_SEED = 7

Array = NDArray[Any]


@dataclass(frozen=True)
class Landscape:
    """Where a landscape's files are, and how large it is.

    Attributes:
        folder: of everything that is made of it.
        size: pixels along a side, a multiple of ``COARSE`` and ``BLOCK``.
        dates: number of dates, two a month from January 2024 on, at most 24.
    """

    folder: Path
    size: int = 2000
    dates: int = 24

    @property
    def days(self) -> tuple[str, ...]:
        """The dates, as ISO 8601 writes them."""
        return tuple(f"2024-{1 + i // 2:02d}-{1 if i % 2 == 0 else 16:02d}" for i in range(self.dates))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all of it."""
        side = self.size * PIXEL
        return _WEST, _NORTH - side, _WEST + side, _NORTH

    @property
    def point(self) -> tuple[float, float]:
        """Longitude and latitude of a place in it, the centre of a pixel."""
        column, row = int(0.611 * self.size), int(0.697 * self.size)
        return round(_WEST + (column + 0.5) * PIXEL, 6), round(_NORTH - (row + 0.5) * PIXEL, 6)

    @cached_property
    def polygon(self) -> str:
        """A small polygon as text: some two thousand pixels where the landscape has its full size."""
        angles = np.linspace(0, 2 * np.pi, 9)[:-1]
        side = self.size * PIXEL / 7
        radii = side * np.array([0.085, 0.105, 0.070, 0.098, 0.112, 0.080, 0.093, 0.102])
        west, north = _WEST + 3.04 * side, _NORTH - 4.18 * side
        edges = zip(west + radii * np.cos(angles), north + radii * np.sin(angles), strict=True)
        corners = [f"{lon:.5f} {lat:.5f}" for lon, lat in edges]
        return f"POLYGON(({', '.join([*corners, corners[0]])}))"

    def centres(self, coarse: bool = False) -> tuple[Array, Array]:
        """Longitudes of the columns and latitudes of the rows."""
        step = PIXEL * COARSE if coarse else PIXEL
        places = (np.arange(self.size // COARSE if coarse else self.size) + 0.5) * step
        return _WEST + places, _NORTH - places

    def pixel_of(self, lon: Array, lat: Array, coarse: bool = False) -> tuple[Array, Array]:
        """Row and column of the pixels that hold places; outside where they are below 0 or beyond the size."""
        step = PIXEL * COARSE if coarse else PIXEL
        return np.floor((_NORTH - lat) / step).astype(np.int64), np.floor((lon - _WEST) / step).astype(np.int64)

    def file(self, layer: str, day: str | None = None, kind: str = "plain") -> Path:
        """Path of a layer's raster, of one day where it has time; ``kind`` is the folder."""
        stamp = "" if day is None else f"_{day.replace('-', '')}"
        return self.folder / kind / f"{layer}{stamp}.tif"

    def read(self, layer: str, day: str | None = None) -> Array:
        """Numbers of a raster as they are stored."""
        with rasterio.open(self.file(layer, day)) as file:
            return file.read(1)

    def make(self) -> None:
        """Write the rasters where they are not there yet."""
        if (self.folder / "plain" / "done").exists():
            return
        (self.folder / "plain").mkdir(parents=True, exist_ok=True)
        _make(self)
        (self.folder / "plain" / "done").touch()


TIMED = ("ndvi", "temperature")
STATIC = ("elevation", "land", "slope")
LAYERS = TIMED + STATIC


def _make(land: Landscape) -> None:
    random = np.random.default_rng(_SEED)
    size = land.size
    north = np.linspace(1, 0, size)[:, None]
    height = np.clip(150 + 1900 * north + 600 * _field(random, size, 3.2) + 25 * _field(random, size, 2.0), 0, 4800)
    rough, mixed = _field(random, size, 2.2), _field(random, size, 2.6)
    _write(land, "elevation", None, _holed(np.round(height).astype(np.int16), _holes(random, size), NO_NUMBER))
    _write(land, "slope", None, np.hypot(*np.gradient(height.astype(np.float32), 300.0)).astype(np.float32))
    classes = np.clip(np.floor(5 + 1.6 * mixed + height / 1500), 0, 9).astype(np.uint8)
    _write(land, "land", None, _holed(classes, _holes(random, size), NO_CLASS))
    low = size // COARSE
    coarse = height.reshape(low, COARSE, low, COARSE).mean((1, 3))
    for day in land.days:
        year = (np.datetime64(day) - np.datetime64("2024-01-01")) / np.timedelta64(366, "D")
        season = np.sin((year - 0.29) * 2 * np.pi)
        ndvi = 0.45 + 0.22 * season - 0.00012 * (height - 800) + 0.1 * rough + 0.05 * _field(random, size, 2.4)
        numbers = np.round(np.clip(ndvi + 0.02 * random.standard_normal((size, size)), -0.2, 0.999) * 10_000)
        numbers += numbers % 1000 == 0  # on the edge of a class floats of 32 and of 64 bits may disagree
        _write(land, "ndvi", day, _holed(numbers.astype(np.int16), _holes(random, size), NO_NUMBER))
        warm = 12 + 10 * season - 0.006 * (coarse - 200) + 1.5 * _field(random, low, 3.0)
        _write(land, "temperature", day, _holed(np.round(warm, 2).astype(np.float32), _holes(random, low), np.nan))


def _field(random: np.random.Generator, size: int, slope: float) -> Array:
    """Noise whose power falls with its frequency, of mean 0 and deviation 1."""
    squares = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size)[None, :] ** 2
    squares[0, 0] = 1
    amplitude = squares ** (-slope / 4)
    amplitude[0, 0] = 0
    waves = random.standard_normal(amplitude.shape) + 1j * random.standard_normal(amplitude.shape)
    field = np.fft.irfft2(waves * amplitude, s=(size, size))
    return (field - field.mean()) / field.std()


def _holes(random: np.random.Generator, size: int) -> Array:
    """Where 3 % of the pixels have no value: clouds of all sizes."""
    field = _field(random, size, 3.0)
    return field > np.quantile(field, 0.97)


def _holed(values: Array, holes: Array, nothing: float) -> Array:
    values[holes] = nothing
    return values


_NOTHING: dict[str, float] = {"int16": NO_NUMBER, "uint8": NO_CLASS, "float32": np.nan}


def _write(land: Landscape, layer: str, day: str | None, values: Array) -> None:
    step = PIXEL * land.size / values.shape[0]
    with rasterio.open(
        land.file(layer, day), "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
        dtype=values.dtype, crs="EPSG:4326", transform=from_origin(_WEST, _NORTH, step, step),
        nodata=_NOTHING[str(values.dtype)], tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(values, 1)
        if layer == "ndvi":
            file.scales = (0.0001,)
