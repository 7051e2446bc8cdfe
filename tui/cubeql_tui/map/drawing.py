"""A row of places as characters: two colours a character, and lines of dots over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cubeql.drawing.colours import Rgb

COAST, BORDER, MARK = 1, 2, 3


class Palette:
    """The colours of a map as styles, each made once.

    Args:
        colours: of values, then that of no value, then that of the place under the pointer.
        mark: colour of the outline of a chosen cell.
        dark: whether the screen is.
    """

    def __init__(self, colours: Sequence[Rgb], mark: Rgb, dark: bool) -> None:
        self.colours = [Color.from_rgb(*c) for c in colours]
        nothing = len(colours) - 2
        quiet: tuple[Rgb, Rgb] = ((104, 122, 142), (58, 70, 84)) if dark else ((110, 124, 140), (196, 205, 214))
        self._lines = {MARK: [Color.from_rgb(*mark)] * len(colours)}
        for kind, share in ((COAST, 0.7), (BORDER, 0.4)):
            drawn = [_over(c, share) for c in colours]
            drawn[nothing] = quiet[kind - 1]
            self._lines[kind] = [Color.from_rgb(*c) for c in drawn]
        self._pairs: dict[int, Style] = {}
        self._dots: dict[int, Style] = {}

    def pair(self, top: int, bottom: int) -> Style:
        """Upper half in one colour, lower in another."""
        key = top << 16 | bottom
        style = self._pairs.get(key)
        if style is None:
            style = self._pairs[key] = Style(color=self.colours[top], bgcolor=self.colours[bottom])
        return style

    def dots(self, kind: int, ground: int) -> Style:
        """Dots of a kind of line on a colour."""
        key = kind << 16 | ground
        style = self._dots.get(key)
        if style is None:
            style = self._dots[key] = Style(color=self._lines[kind][ground], bgcolor=self.colours[ground])
        return style


def _over(ground: Rgb, share: float) -> Rgb:
    """A line that is seen on a colour: light on dark, dark on light."""
    bright = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 140
    red, green, blue = (round(c + ((12 if bright else 250) - c) * share) for c in ground)
    return red, green, blue


def line_of(
    top: NDArray[np.int16], bottom: NDArray[np.int16], dots: NDArray[np.uint8], kinds: NDArray[np.uint8], ink: Palette
) -> Strip:
    """One line of characters.

    Args:
        top: colour of each upper half.
        bottom: colour of each lower half.
        dots: of braille, 0 where there is no line.
        kinds: of each line.
        ink: the colours.
    """
    code = top.astype(np.int64) << 32 | bottom.astype(np.int64) << 16
    code = np.where(dots > 0, code | dots.astype(np.int64) << 4 | kinds, code)
    cuts = np.flatnonzero(np.diff(code)) + 1
    starts = np.concatenate(([0], cuts)).tolist()
    lengths = np.diff(np.concatenate((starts, [len(code)]))).tolist()
    segments = []
    for value, length in zip(code[starts].tolist(), lengths, strict=True):
        upper, lower, dot = value >> 32, value >> 16 & 0xFFFF, value >> 4 & 0xFF
        if dot:
            segments.append(Segment(chr(0x2800 + dot) * length, ink.dots(value & 0xF, lower)))
        elif upper == lower:
            segments.append(Segment(" " * length, ink.pair(upper, lower)))
        else:
            segments.append(Segment("▀" * length, ink.pair(upper, lower)))
    return Strip(segments, len(code))
