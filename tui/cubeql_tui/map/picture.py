"""Cells as colours of pixels. What was computed of one window is kept for the next, which often sees much the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.colours import Scale
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.raster import Ground, ground_of, indexes_at
from cubeql.drawing.view import View

_NONE = np.array([], np.int64)


class Picture:
    """What a map draws.

    Attributes:
        hexes: its cells.
        scale: their colours.
    """

    def __init__(self) -> None:
        self.hexes = Hexes(0, _NONE, np.array([]))
        self.scale = Scale.of_values(np.array([]), "grey")
        self._ground: Ground | None = None
        self._pixels: tuple[View, NDArray[np.int16]] | None = None
        self._shades: NDArray[np.int16] | None = None

    def show(self, hexes: Hexes, scale: Scale) -> None:
        """Draw other cells, or the same in other colours."""
        self.hexes, self.scale = hexes, scale
        self._pixels = self._shades = None

    def ground(self, view: View) -> Ground:
        """The cells of a window."""
        self._ground = ground_of(view, self.hexes.resolution, self._ground)
        return self._ground

    def pixels(self, view: View) -> NDArray[np.int16]:
        """The colour of each pixel, as the scale counts them."""
        if self._pixels is None or self._pixels[0] != view:
            if self._shades is None:
                self._shades = self.scale.indexes(self.hexes.values)
            shown = indexes_at(self.ground(view), self.hexes.cells, self._shades, self.scale.nothing)
            self._pixels = view, shown
        return self._pixels[1]

    def forget(self) -> None:
        """Let go of all that was computed."""
        self._ground = self._pixels = self._shades = None
