"""Coasts, borders and the graticule over a window; a window that has moved takes them from one that was wider."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.dots import HIGH, WIDE, joined, quarters
from cubeql.drawing.lines import stretches_in
from cubeql.drawing.view import Floats, View, mercator

COAST, BORDER, MARK, GRID = 1, 2, 3, 4
"""Kinds of lines."""

_BORDERS_BELOW = 1.2  # degrees a pixel: on a smaller map borders bury what they bound
_MARGIN = 48  # pixels that are drawn beyond each edge
_SPACINGS = (*(step * 10.0**power for power in range(-6, 1) for step in (1.0, 2.0, 5.0)), 10.0, 15.0, 30.0)
_APART = 22  # pixels between lines of the graticule at least

Dots = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Overlay:
    """Lines over a window and beyond its edges, as dots of halves of characters.

    Attributes:
        view: the wider window.
        coast: shape (height, width) of it; likewise the others.
        border: between countries.
        grid: the graticule.
    """

    view: View
    coast: Dots
    border: Dots
    grid: Dots

    def at(self, view: View) -> tuple[Dots, Dots] | None:
        """Dots and kind of each character of a window; None where it is not part of the wider one."""
        if view.scale != self.view.scale:
            return None
        right = ((view.lon - self.view.lon + 180.0) % 360.0 - 180.0) / view.scale
        down = (self.view.y - view.y) / view.scale
        left = round(right) + (self.view.width - view.width) // 2
        top = round(down) + (self.view.height - view.height) // 2
        whole = abs(right - round(right)) < 1e-6 and abs(down - round(down)) < 1e-6
        inside = 0 <= left <= self.view.width - view.width and 0 <= top <= self.view.height - view.height
        if not whole or not inside:
            return None
        part = (slice(top, top + view.height), slice(left, left + view.width))
        coast, border, grid = (joined(dots[part]) for dots in (self.coast, self.border, self.grid))
        lines = coast | border
        kinds = np.where(coast > 0, COAST, np.where(border > 0, BORDER, GRID)).astype(np.uint8)
        return np.where(lines > 0, lines, grid), kinds


def overlay_of(view: View, graticule: bool) -> Overlay:
    """The lines over a window."""
    wide = replace(view, width=view.width + 2 * _MARGIN, height=view.height + 2 * _MARGIN)
    coast, border = (quarters(x * WIDE, y * HIGH / 2, wide.width, wide.height) for x, y in stretches_in(wide))
    if view.scale >= _BORDERS_BELOW:
        border = np.zeros_like(border)
    return Overlay(wide, coast, border, _graticule(wide) if graticule else np.zeros_like(border))


def spacing(view: View) -> float:
    """How far lines of the graticule are apart, in degrees."""
    return next((s for s in _SPACINGS if s / view.scale >= _APART), _SPACINGS[-1])


def meridians(view: View) -> Floats:
    """The longitudes of the graticule in a window, from its left; not brought back to -180 to 180."""
    half = min(view.width * view.scale / 2, 180.0)
    return _multiples(view.lon - half, view.lon + half, spacing(view))


def parallels(view: View) -> Floats:
    """The latitudes of the graticule in a window."""
    box = view.box()
    return _multiples(box.south, box.north, spacing(view))


def _multiples(low: float, high: float, step: float) -> Floats:
    return np.asarray(np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step, np.float64)


def _graticule(wide: View) -> Dots:
    """Every other dot of straight lines: the plane has meridians and parallels at right angles."""
    dots = np.zeros((wide.height, wide.width), np.uint8)
    x = (meridians(wide) - wide.lon) / wide.scale + wide.width / 2
    y = (wide.y - mercator(parallels(wide))) / wide.scale + wide.height / 2
    dots[:, x[(x >= 0) & (x < wide.width)].astype(int)] = 1
    dots[y[(y >= 0) & (y < wide.height)].astype(int), :] = 1
    return dots
