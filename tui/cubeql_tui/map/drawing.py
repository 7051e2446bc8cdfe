"""Places as characters: two colours a character, and lines of dots over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cubeql.drawing.colours import Rgb, line_on
from cubeql.drawing.overlay import BORDER, COAST, GRID, MARK

_MOST_KEPT = 100_000


class Palette(dict[int, Segment]):
    """The runs of characters of a map, each made once: most of a frame has been seen before.

    Args:
        colours: of values, then that of no value, of the place under the pointer, of a divider; or such of two maps.
        ground: that of no value.
        mark: colour of what was chosen or drawn.
        dark: whether the screen is.
    """

    def __init__(self, colours: Sequence[Rgb], ground: Rgb, mark: Rgb, dark: bool) -> None:
        super().__init__()
        self.colours = [Color.from_rgb(*c) for c in colours]
        quiet: tuple[Rgb, ...] = _QUIET[dark]
        marks = [mark if c == ground else line_on(c, 1.0) for c in colours]
        self._lines = {MARK: [Color.from_rgb(*c) for c in marks]}
        for kind, share, alone in ((COAST, 0.7, quiet[0]), (BORDER, 0.4, quiet[1]), (GRID, 0.22, quiet[2])):
            drawn = [alone if c == ground else line_on(c, share) for c in colours]
            self._lines[kind] = [Color.from_rgb(*c) for c in drawn]
        self._styles: dict[tuple[int, int, int], Style] = {}

    def __missing__(self, key: int) -> Segment:
        """The run of a code of :func:`_codes`."""
        if len(self) > _MOST_KEPT:
            self.clear()
        length, kind, dots = key & 0xFFF, key >> 12 & 0xF, key >> 16 & 0xFF
        upper, lower = key >> 40, key >> 24 & 0xFFFF
        character = chr(0x2800 + dots) if dots else " " if upper == lower else "▀"
        segment = self[key] = Segment(character * length, self._style(kind if dots else 0, upper, lower))
        return segment

    def _style(self, kind: int, upper: int, lower: int) -> Style:
        key = (kind, 0 if kind else upper, lower)
        style = self._styles.get(key)
        if style is None:
            colour = self._lines[kind][lower] if kind else self.colours[upper]
            style = self._styles[key] = Style(color=colour, bgcolor=self.colours[lower])
        return style


_QUIET: dict[bool, tuple[Rgb, ...]] = {
    True: ((104, 122, 142), (58, 70, 84), (42, 50, 60)),
    False: ((110, 124, 140), (196, 205, 214), (218, 224, 230)),
}
"""Coasts, borders and the graticule where no value is, on a dark and on a light screen."""


def strips_of(
    pixels: NDArray[np.int16], dots: NDArray[np.uint8], kinds: NDArray[np.uint8], ink: Palette
) -> Iterator[Strip]:
    """The lines of characters.

    Args:
        pixels: colours, shape (2 x lines, columns): a character holds two.
        dots: of braille, shape (lines, columns), 0 where there is no line.
        kinds: of each line, likewise.
        ink: the colours.
    """
    width = pixels.shape[1]
    codes = _codes(pixels, dots, kinds)
    new = np.ones(codes.shape, bool)
    np.not_equal(codes[:, 1:], codes[:, :-1], out=new[:, 1:])
    starts = np.flatnonzero(new)
    lengths = np.diff(starts, append=codes.size)
    runs = (codes.reshape(-1)[starts] | lengths).tolist()
    ends = np.cumsum(new.sum(axis=1)).tolist()
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        yield Strip([ink[run] for run in runs[first:last]], width)


def _codes(pixels: NDArray[np.int16], dots: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """What each character is: colours, dots and their kind; the last 12 bits are free for how often it comes."""
    bottom = pixels[1::2].astype(np.int64) << 24
    dotted = bottom | dots.astype(np.int64) << 16 | kinds.astype(np.int64) << 12
    return np.where(dots > 0, dotted, pixels[::2].astype(np.int64) << 40 | bottom)
