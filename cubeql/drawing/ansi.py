"""Pictures as lines of a terminal: two pixels a character in colour, coasts as dots of braille over them.

Where there is no value, nothing is painted: the ground is that of the terminal, dark or light. Without colours there
are shades, ``░`` to ``█``, or a letter a class.
"""

from __future__ import annotations

import os
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.colours import Rgb, line_on

Depth = Literal["none", "256", "true"]
RESET = "\x1b[0m"
_SHADES = {True: "░▒▓█", False: ".:+#"}
_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
_QUIET: Rgb = (128, 134, 144)  # a line where there is no value: seen on dark and on light
_COAST, _BORDER = 0.7, 0.4
_LEVELS = np.array([0, 95, 135, 175, 215, 255])


@dataclass(frozen=True, slots=True)
class Canvas:
    """What can be drawn on.

    Attributes:
        width: characters.
        height: lines.
        depth: how many colours there are.
        unicode: whether blocks and braille can be shown.
    """

    width: int = 80
    height: int = 24
    depth: Depth = "none"
    unicode: bool = True

    @property
    def shades(self) -> str:
        """Characters from low to high, where there is no colour."""
        return _SHADES[self.unicode]


def depth_of(colour: bool, environ: Mapping[str, str] = os.environ) -> Depth:
    """How many colours a terminal has, where colours are wanted: ``COLORTERM`` says whether all."""
    if not colour:
        return "none"
    return "true" if environ.get("COLORTERM", "").casefold() in ("truecolor", "24bit") else "256"


def inked(text: str, ink: str, canvas: Canvas) -> str:
    """A text in one of the sixteen inks or bold or dim, by the number of its code."""
    return text if canvas.depth == "none" or not text else f"\x1b[{ink}m{text}{RESET}"


def coloured(text: str, front: Rgb | None, back: Rgb | None, depth: Depth) -> str:
    """A text in a colour on a colour; None leaves that of the terminal."""
    if depth == "none" or not text or (front is None and back is None):
        return text
    return f"{_code(front, back, depth)}{text}{RESET}"


def letter_of(number: int) -> str:
    """What stands for a class where there is no colour."""
    return _LETTERS[number] if number < len(_LETTERS) else "?"


@lru_cache(65_536)
def _code(front: Rgb | None, back: Rgb | None, depth: Depth) -> str:
    parts = [_colour(c, where, depth) for c, where in ((front, 38), (back, 48)) if c is not None]
    return f"\x1b[{';'.join(['0', *parts])}m"


def _colour(colour: Rgb, where: int, depth: Depth) -> str:
    if depth == "true":
        return f"{where};2;{colour[0]};{colour[1]};{colour[2]}"
    return f"{where};5;{nearest_256(colour)}"


@lru_cache(65_536)
def nearest_256(colour: Rgb) -> int:
    """The number of the most similar of the 256 colours that terminals have: of the cube, or a grey."""
    wanted = np.array(colour)
    steps = np.abs(_LEVELS[None, :] - wanted[:, None]).argmin(axis=1)
    grey = int(np.clip(round((wanted.mean() - 8) / 10), 0, 23))
    away = [((found - wanted) ** 2).sum() for found in (_LEVELS[steps], np.full(3, 8 + 10 * grey))]
    if away[1] < away[0]:
        return 232 + grey
    red, green, blue = (int(s) for s in steps)
    return 16 + 36 * red + 6 * green + blue


def painted(
    indexes: NDArray[np.int16],
    colours: Sequence[Rgb],
    lines: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    canvas: Canvas,
    classes: bool,
) -> list[str]:
    """Pixels as lines of characters, each of which holds two of them, one above the other.

    Args:
        indexes: the colour of each pixel, shape (2 x lines, characters); ``len(colours)`` where there is no value.
        colours: of values.
        lines: coasts and borders as dots of braille, shape (lines, characters) each.
        canvas: what is drawn on.
        classes: each colour is a class of its own, and not a step from low to high.
    """
    coast, border = lines if canvas.unicode else (np.zeros_like(lines[0]), np.zeros_like(lines[1]))
    if canvas.depth == "none":
        return _shaded(indexes, len(colours), coast, canvas, classes)
    code = np.stack([indexes[0::2], indexes[1::2], np.where(coast, coast, border), coast > 0], axis=-1)
    return [_run_lengths(row, colours, canvas.depth) for row in code.astype(np.int64)]


def _run_lengths(row: NDArray[np.int64], colours: Sequence[Rgb], depth: Depth) -> str:
    starts = np.flatnonzero(np.append(True, (np.diff(row, axis=0) != 0).any(axis=1)))
    lengths = np.diff(np.append(starts, len(row))).tolist()
    runs = (
        _run(top, bottom, dots, bool(coast), length, colours, depth)
        for (top, bottom, dots, coast), length in zip(row[starts].tolist(), lengths, strict=True)
    )
    return "".join(runs)


def _run(top: int, bottom: int, dots: int, coast: bool, length: int, colours: Sequence[Rgb], depth: Depth) -> str:
    upper, lower = (colours[i] if i < len(colours) else None for i in (top, bottom))
    if dots:
        line = _QUIET if lower is None else line_on(lower, _COAST if coast else _BORDER)
        return coloured(chr(0x2800 + dots) * length, line, lower, depth)
    if upper == lower:
        return coloured(" " * length, None, lower, depth)
    if upper is None:
        return coloured("▄" * length, lower, None, depth)
    return coloured("▀" * length, upper, lower, depth)


def _shaded(
    indexes: NDArray[np.int16], nothing: int, coast: NDArray[np.uint8], canvas: Canvas, classes: bool
) -> list[str]:
    """Without colours: a shade for the mean of the two pixels, or the letter of the class of the upper one."""
    pair = np.stack([indexes[0::2], indexes[1::2]]).astype(np.float64)
    pair[pair >= nothing] = np.nan
    known = np.isfinite(pair).any(axis=0)
    first = np.where(np.isfinite(pair[0]), pair[0], pair[1])
    mean = np.where(np.isfinite(pair).all(axis=0), np.nan_to_num(pair).mean(axis=0), first)
    marks = _LETTERS if classes else canvas.shades
    step = (first if classes else mean * len(marks) / max(1, nothing)).astype(np.float64)
    number = np.clip(np.nan_to_num(step), 0, len(marks) - 1).astype(int)
    empty = np.where(coast > 0, 0x2800 + coast.astype(int), ord(" "))
    found = np.where(known, np.array([ord(c) for c in marks])[number], empty)
    return ["".join(map(chr, row)).rstrip() for row in found.tolist()]
