"""What stands where in a picture of a map: title, the map itself, its legend, where the data is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cubeql.drawing.colours import Rgb, Scale
from cubeql.drawing.escape import visible
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.mapped import Mapped
from cubeql.drawing.plotting import number_ticks
from cubeql.drawing.view import View

_MARGIN = 16
_TITLE, _TEXT, _SMALL = 17, 13, 11
_LETTER = 0.55  # of the size of a text a letter is wide, on average
_CHIP, _ROW, _COLUMN = 12, 20, 240
_BAR, _BAR_HEIGHT = 360, 12
_MOST_CLASSES = 40


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours around a map."""

    page: Rgb
    ink: Rgb
    quiet: Rgb
    nothing: Rgb


LIGHT = Theme((255, 255, 255), (33, 39, 48), (104, 112, 124), (233, 236, 240))
DARK = Theme((18, 22, 28), (226, 230, 236), (142, 151, 163), (36, 42, 50))


@dataclass(frozen=True, slots=True)
class Picture:
    """A map to be drawn.

    Attributes:
        title: what it shows.
        view: the window, in pixels of the picture.
        hexes: the cells that are drawn.
        scale: the colours of their values.
        unit: of the values; None where they have none.
        classes: names of class codes; None for numbers.
        notes: lines below the legend: what was done to the values, where they are from.
        theme: the colours around the map.
    """

    title: str
    view: View
    hexes: Hexes
    scale: Scale
    unit: str | None = None
    classes: Mapping[int, str] | None = None
    notes: tuple[str, ...] = ()
    theme: Theme = LIGHT


def picture_of(
    shown: Mapped, width: int = 960, height: int = 720, notes: tuple[str, ...] = (), theme: Theme = LIGHT
) -> Picture:
    """A column of a result as a picture.

    Args:
        shown: the column.
        width: pixels of the picture.
        height: pixels that the map itself has at most.
        notes: lines below the legend.
        theme: the colours around the map.
    """
    seen = shown.seen_in(shown.window(width - 2 * _MARGIN, height))
    said = (" · ".join(seen.notes),) if seen.notes else ()
    named = shown.column.classes
    return Picture(shown.title, seen.view, seen.hexes, shown.scale, shown.unit, named, (*said, *notes), theme)


def scaled(view: View, width: int) -> View:
    """What a window shows, with other pixels: a window of a screen as one of a picture of a width."""
    pixels = width - 2 * _MARGIN
    height = 2 * max(1, round(view.height * pixels / view.width / 2))
    return View(view.lon, view.y, view.scale * view.width / pixels, pixels, height)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of one colour."""

    x: float
    y: float
    width: float
    height: float
    colour: Rgb


@dataclass(frozen=True, slots=True)
class Words:
    """A text; ``x`` is its left edge, or its middle, ``y`` its base line."""

    x: float
    y: float
    text: str
    size: int
    colour: Rgb
    middle: bool = False


@dataclass(slots=True)
class Sheet:
    """All of a picture but the map itself.

    Attributes:
        width: pixels.
        height: likewise.
        left: of the map.
        top: likewise.
        blocks: rectangles.
        words: texts.
    """

    width: int
    height: int = 0
    left: int = _MARGIN
    top: int = _MARGIN
    blocks: list[Block] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def sheet_of(picture: Picture) -> Sheet:
    """Lay a picture out."""
    sheet = Sheet(picture.view.width + 2 * _MARGIN)
    theme = picture.theme
    sheet.words.append(Words(_MARGIN, _MARGIN + _TITLE - 2, _cut(picture.title, sheet, _TITLE), _TITLE, theme.ink))
    sheet.top = _MARGIN + _TITLE + 10
    legend = _classes if picture.classes else _ramp
    below = legend(picture, sheet, sheet.top + picture.view.height + 14)
    for note in picture.notes:
        below += _SMALL + 4
        sheet.words.append(Words(_MARGIN, below - 2, _cut(note, sheet, _SMALL), _SMALL, theme.quiet))
    sheet.height = round(below + _MARGIN - 4)
    return sheet


def _cut(text: str, sheet: Sheet, size: int, room: float | None = None) -> str:
    most = int((room or sheet.width - 2 * _MARGIN) / (_LETTER * size))
    text = visible(text)
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"


def _ramp(picture: Picture, sheet: Sheet, y: float) -> float:
    """The ramp with ticks, the unit beside it; where it ends."""
    scale, theme = picture.scale, picture.theme
    width = min(_BAR, picture.view.width - 60)
    step = width / len(scale.colours)
    sheet.blocks += [Block(_MARGIN + n * step, y, step + 0.5, _BAR_HEIGHT, c) for n, c in enumerate(scale.colours)]
    span = (scale.high - scale.low) or 1.0
    for tick in number_ticks(scale.low, scale.high, 8):
        x = _MARGIN + (tick - scale.low) / span * width
        sheet.blocks.append(Block(x - 0.5, y + _BAR_HEIGHT, 1, 4, theme.quiet))
        sheet.words.append(Words(x, y + _BAR_HEIGHT + 17, f"{tick:.6g}", _SMALL, theme.quiet, middle=True))
    known = picture.hexes.values[np.isfinite(picture.hexes.values)]
    beyond = bool(((known < scale.low) | (known > scale.high)).any())
    ends = "values beyond the ends have their colours" if beyond else None
    said = " · ".join(part for part in (picture.unit, ends) if part)
    x = _MARGIN + width + 14
    if said:
        sheet.words.append(Words(x, y + 11, visible(said), _TEXT, theme.ink))
    return y + _BAR_HEIGHT + 20


def _classes(picture: Picture, sheet: Sheet, y: float) -> float:
    """A chip and a name for each class that is there, in columns; where they end."""
    codes, names = picture.scale.codes or (), picture.classes or {}
    known = picture.hexes.values[np.isfinite(picture.hexes.values)].astype(int)
    present = [code for code in codes if code in set(known.tolist())]
    columns = max(1, picture.view.width // _COLUMN)
    shown = present[:_MOST_CLASSES]
    rest = [f"and {len(present) - len(shown)} more"] if len(present) > len(shown) else []
    for number, code in enumerate(shown):
        x = _MARGIN + number % columns * (picture.view.width / columns)
        top = y + number // columns * _ROW
        sheet.blocks.append(Block(x, top, _CHIP, _CHIP, picture.scale.colours[codes.index(code)]))
        name = _cut(names.get(code, str(code)), sheet, _TEXT, picture.view.width / columns - _CHIP - 14)
        sheet.words.append(Words(x + _CHIP + 7, top + 11, name, _TEXT, picture.theme.ink))
    below = y + -(-len(shown) // columns) * _ROW
    for text in rest:
        sheet.words.append(Words(_MARGIN, below + 11, text, _TEXT, picture.theme.quiet))
        below += _ROW
    return below
