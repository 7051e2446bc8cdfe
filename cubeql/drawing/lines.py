"""Coasts and borders of Natural Earth, in two degrees of detail.

``lines.npz`` is made by ``scripts/make_map_lines.py`` from the package ``world-atlas`` of npm (ISC), whose data is that
of Natural Earth, in the public domain: https://www.naturalearthdata.com.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.dots import stretches
from cubeql.drawing.view import Floats, View, mercator

_SPECK = 3.0  # pixels: smaller islands are left out, they only darken the sea
_FINER_BELOW = 0.12  # degrees a pixel from which on 1:110 million looks edgy


@dataclass(frozen=True, slots=True)
class Lines:
    """Stretches between two points each.

    Attributes:
        lon: of the first and the second point, shape (stretches, 2).
        y: their heights on the Mercator plane, likewise.
        border: which stretches are borders between countries; the others are coasts.
        size: of the island that a stretch goes round, in degrees; without end where it is no island.
        arc: which line each stretch is part of, ascending.
        boxes: of each line: middle and half of its width, lowest and highest point, shape (lines, 4).
    """

    lon: Floats
    y: Floats
    border: NDArray[np.bool_]
    size: Floats
    arc: NDArray[np.intp]
    boxes: Floats

    def near(self, view: View) -> NDArray[np.intp]:
        """The stretches of lines that come near a window: a window from near sees few of all."""
        middle, half, low, high = self.boxes.T
        across, deep = (pixels * view.scale / 2 for pixels in (view.width, view.height))
        seen = np.abs((middle - view.lon + 180.0) % 360.0 - 180.0) <= half + across
        seen &= (low <= view.y + deep) & (high >= view.y - deep)
        return np.flatnonzero(seen[self.arc])


@cache
def _read(detail: str) -> Lines:
    with files("cubeql.drawing").joinpath("lines.npz").open("rb") as file:
        stored = np.load(file)
        steps, lengths, border, transform = (stored[f"{detail}_{part}"] for part in ("xy", "lengths", "border", "to"))
    starts = np.cumsum(lengths) - lengths
    sums = np.cumsum(steps.astype(np.int64), axis=0)  # the first step of an arc is its place: take off what was before
    before = np.zeros((len(starts), 2), dtype=np.int64)
    before[1:] = sums[starts[1:] - 1]
    places = (sums - np.repeat(before, lengths, axis=0)) * transform[0] + transform[1]
    ends = np.ones(len(places), dtype=bool)
    ends[starts + lengths - 1] = False
    first = np.flatnonzero(ends)
    lon = np.stack([places[first, 0], places[first + 1, 0]], axis=1)
    lat = np.stack([places[first, 1], places[first + 1, 1]], axis=1)
    seam = (np.abs(lon) > 179.9).all(axis=1) | (lat < -84.9).all(axis=1)  # where the plane was cut is no coast
    arc = np.repeat(np.arange(len(lengths)), lengths)[first]
    sizes = np.maximum.reduceat(places, starts) - np.minimum.reduceat(places, starts)
    closed = np.hypot(*(places[starts] - places[starts + lengths - 1]).T) < 1e-6
    size = np.where(closed, sizes.max(axis=1), np.inf)[arc]
    west, east = (reduce(places[:, 0], starts) for reduce in (np.minimum.reduceat, np.maximum.reduceat))
    south, north = (mercator(reduce(places[:, 1], starts)) for reduce in (np.minimum.reduceat, np.maximum.reduceat))
    boxes = np.stack([(west + east) / 2, (east - west) / 2, south, north], axis=1)
    kept = ~seam
    return Lines(lon[kept], mercator(lat[kept]), border[arc].astype(bool)[kept], size[kept], arc[kept], boxes)


def dots(view: View) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Coasts and borders as dots of braille: a character a column and two pixels, shape (height / 2, width) each."""
    coast, border = stretches_in(view)
    return braille(*coast, view), braille(*border, view)


def stretches_in(view: View) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Coasts and borders in a window: x and y of the two ends of each stretch in pixels, shape (stretches, 2)."""
    lines = _read("110m" if view.scale > _FINER_BELOW else "50m")
    near = lines.near(view)
    x = ((lines.lon[near] - view.lon + 180.0) % 360.0 - 180.0) / view.scale + view.width / 2
    y = (view.y - lines.y[near]) / view.scale + view.height / 2
    inside = (x.min(axis=1) < view.width) & (x.max(axis=1) >= 0) & (y.min(axis=1) < view.height) & (y.max(axis=1) >= 0)
    inside &= np.abs(x[:, 1] - x[:, 0]) * view.scale < 180.0  # not once around the earth
    inside &= lines.size[near] > _SPECK * view.scale
    coast, border = inside & ~lines.border[near], inside & lines.border[near]
    return (x[coast], y[coast]), (x[border], y[border])


def braille(x: Floats, y: Floats, view: View) -> NDArray[np.uint8]:
    """Stretches as dots, two a pixel in each direction.

    Args:
        x: of the two ends of each stretch, in pixels, shape (stretches, 2).
        y: likewise, downwards.
        view: the window.
    """
    return stretches(2 * x, 2 * y, view.width, view.height // 2)
