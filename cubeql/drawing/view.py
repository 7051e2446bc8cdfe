"""What is seen of the earth: a window on the Mercator plane, in pixels, of which a character holds two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_LATITUDE = 85.05
EARTH_KM2 = 510_065_621.7
_KM_A_DEGREE = 111.2
_CLOSEST = 1e-6  # degrees a pixel: a cell of resolution 15 is then some ten pixels wide
_LEAST_PIXELS = 0.29  # a step of the resolution is a factor of seven: cells have a third of a pixel to two
INHABITED = (-58.0, 79.0)  # what of the earth is fitted into a window: the plane stretches the poles without end


def _turned(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0


class Box(NamedTuple):
    """A region in degrees; ``west`` is greater than ``east`` where it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        """From west to east, 0 to 360 degrees."""
        return (self.east - self.west) % 360.0 or (360.0 if self.east != self.west else 0.0)

    def grown(self, degrees: float) -> Box:
        """With as much more on each side as so many degrees of latitude are."""
        south, north = max(self.south - degrees, -90.0), min(self.north + degrees, 90.0)
        narrowest = math.cos(math.radians(max(abs(south), abs(north))))
        wider = degrees / max(narrowest, 1e-6)
        if self.width + 2 * wider >= 360.0:
            return Box(-180.0, south, 180.0, north)
        return Box(_turned(self.west - wider), south, _turned(self.east + wider), north)

    def holds(self, other: Box) -> bool:
        """Whether another lies in it."""
        if self.south > other.south or self.north < other.north:
            return False
        return self.width >= 360.0 or (other.west - self.west) % 360.0 + other.width <= self.width + 1e-9


def mercator(latitude: float | Floats) -> Floats:
    """How far north of the equator a latitude lies on the plane, in degrees of longitude."""
    clipped = np.clip(latitude, -MAX_LATITUDE, MAX_LATITUDE)
    return np.asarray(np.degrees(np.arctanh(np.sin(np.radians(clipped)))))


def latitude_of(y: float | Floats) -> Floats:
    """The latitude at a height of the plane."""
    return np.asarray(np.degrees(np.arcsin(np.tanh(np.radians(y)))))


def cell_km2(resolution: int) -> float:
    """The mean area of a cell."""
    return float(EARTH_KM2 / (2 + 120 * 7**resolution))


def cell_degrees(resolution: int) -> float:
    """How far the outline of a cell may lie from its middle, in degrees of latitude: more than any does."""
    return math.sqrt(cell_km2(resolution)) / _KM_A_DEGREE


@dataclass(frozen=True, slots=True)
class View:
    """A window.

    Attributes:
        lon: longitude of its middle, -180 to 180.
        y: height of its middle on the plane.
        scale: degrees of longitude a pixel.
        width: pixels.
        height: pixels, an even number.
    """

    lon: float
    y: float
    scale: float
    width: int
    height: int

    @staticmethod
    def fitting(box: Box, width: int, height: int) -> View:
        """The window that shows a region as large as it can."""
        south, north = (min(max(edge, INHABITED[0]), INHABITED[1]) for edge in (box.south, box.north))
        if south == north:  # all of it is beyond
            south, north = box.south, box.north
        low, high = float(mercator(south)), float(mercator(north))
        scale = max(box.width / width, (high - low) / height, _CLOSEST) * 1.04
        return View(box.west + box.width / 2, (low + high) / 2, scale, width, height)._kept()

    def _kept(self) -> View:
        """The same within what there is of the plane."""
        top = float(mercator(MAX_LATITUDE))
        scale = min(max(self.scale, _CLOSEST), max(360.0 / self.width, 2 * top / self.height))
        half = scale * self.height / 2
        y = 0.0 if half >= top else min(max(self.y, half - top), top - half)
        return replace(self, lon=(self.lon + 180.0) % 360.0 - 180.0, y=y, scale=scale)

    def sized(self, width: int, height: int) -> View:
        """The same middle and scale in a window of another size."""
        return replace(self, width=width, height=height)._kept()

    def panned(self, right: float, down: float) -> View:
        """Moved by pixels."""
        return replace(self, lon=self.lon + right * self.scale, y=self.y - down * self.scale)._kept()

    def zoomed(self, factor: float, x: float | None = None, y: float | None = None) -> View:
        """With ``factor`` times the scale; what is at a pixel stays there."""
        right = (self.width / 2 if x is None else x) - self.width / 2
        down = (self.height / 2 if y is None else y) - self.height / 2
        scale = replace(self, scale=self.scale * factor)._kept().scale
        moved = self.scale - scale
        return replace(self, lon=self.lon + right * moved, y=self.y - down * moved, scale=scale)._kept()

    def _steps(self, pixels: int) -> Floats:
        return (np.arange(pixels, dtype=np.float64) + 0.5 - pixels / 2) * self.scale

    def longitudes(self) -> Floats:
        """Of the middles of the columns; not brought back to -180 to 180."""
        return self.lon + self._steps(self.width)

    def latitudes(self) -> Floats:
        """Of the middles of the rows, from the top."""
        return latitude_of(self.y - self._steps(self.height))

    def place(self, x: int, y: int) -> tuple[float, float]:
        """Longitude and latitude of the middle of a pixel."""
        lon = self.lon + (x + 0.5 - self.width / 2) * self.scale
        return (lon + 180.0) % 360.0 - 180.0, float(latitude_of(self.y - (y + 0.5 - self.height / 2) * self.scale))

    def pixel(self, lon: float, lat: float) -> tuple[int, int]:
        """The pixel of a place; it may lie beside the window."""
        right = ((lon - self.lon + 180.0) % 360.0 - 180.0) / self.scale
        down = (self.y - float(mercator(lat))) / self.scale
        return math.floor(right + self.width / 2), math.floor(down + self.height / 2)

    def shows_longitude(self) -> NDArray[np.bool_]:
        """Which columns lie on the earth: a wide window sees it once."""
        return np.asarray(np.abs(self.longitudes() - self.lon) <= 180.0)

    def box(self, margin: float = 0.0) -> Box:
        """What is seen, and a share of its size more on each side."""
        half = min(self.width * self.scale * (0.5 + margin), 180.0)
        rise = self.height * self.scale * (0.5 + margin)
        south, north = (float(latitude_of(self.y + side * rise)) for side in (-1, 1))
        if half >= 180.0:
            return Box(-180.0, south, 180.0, north)
        return Box(_turned(self.lon - half), south, _turned(self.lon + half), north)

    def bar(self, most: int) -> tuple[int, float]:
        """A bar of a round length at the middle of the window: pixels, at most so many, and kilometres."""
        a_pixel = math.sqrt(self.pixel_km2)
        power = 10.0 ** math.floor(math.log10(a_pixel * most))
        km = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= a_pixel * most)
        return max(1, round(km / a_pixel)), km

    @property
    def pixel_km2(self) -> float:
        """The area of a pixel in the middle."""
        return float((self.scale * _KM_A_DEGREE * math.cos(math.radians(float(latitude_of(self.y))))) ** 2)

    def resolution(self, finest: int) -> int:
        """The finest resolution whose cells are not much smaller than a pixel."""
        fitting = (r for r in range(finest, 0, -1) if cell_km2(r) >= _LEAST_PIXELS * self.pixel_km2)
        return next(fitting, 0)


def box_around(lon: Floats, lat: Floats, margin: float) -> Box:
    """The smallest region that holds all places, on whichever side of the earth, and degrees more on each side."""
    east = np.sort(lon % 360.0)
    gaps = np.diff(np.append(east, east[0] + 360.0))
    widest = int(np.argmax(gaps))
    south, north = max(float(lat.min()) - margin, -90.0), min(float(lat.max()) + margin, 90.0)
    if gaps[widest] <= 2 * margin:
        return Box(-180.0, south, 180.0, north)
    west = float(east[(widest + 1) % len(east)]) - margin
    return Box(_turned(west), south, _turned(float(east[widest]) + margin), north)
