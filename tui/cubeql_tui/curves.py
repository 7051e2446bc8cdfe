"""Lines over time as lines of characters: braille on the bands of many values, a brush behind them, axes around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cubeql.drawing.dots import HIGH, WIDE
from cubeql.drawing.plotting import Frame, band_of, date_ticks, dots_of, number_ticks
from cubeql.drawing.selection import TimeSpan
from cubeql.drawing.series import Line

AXIS = 9  # characters for numbers at a side
_BAND = 0.3  # of the ink in what lies between the least and the greatest value


@dataclass(frozen=True, slots=True)
class Look:
    """Styles by name, the ground they stand on, and the colours of lines."""

    styles: dict[str, Style]
    ground: tuple[int, int, int]
    inks: tuple[str, ...]

    def ink(self, number: int) -> Style:
        """Of a line."""
        return Style(color=Color.parse(self.inks[number % len(self.inks)]))

    def band(self, number: int) -> Style:
        """Of what lies around a line."""
        ink = Color.parse(self.inks[number % len(self.inks)]).get_truecolor()
        red, green, blue = (round(g + (c - g) * _BAND) for c, g in zip(ink, self.ground, strict=True))
        return Style(bgcolor=Color.from_rgb(red, green, blue))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What stands in each character: dots, the line they are of, the line whose band lies behind; -1 of none."""

    bits: NDArray[np.uint8]
    owner: NDArray[np.int8]
    behind: NDArray[np.int8]


def draw(lines: Sequence[tuple[Line, Frame]]) -> Drawn:
    """Draw lines, each in its frame, the first over the others."""
    rows, columns = lines[0][1].rows, lines[0][1].columns
    bits = np.zeros((rows, columns), np.uint8)
    owner, behind = (np.full((rows, columns), -1, np.int8) for _ in range(2))
    down = np.arange(rows)[:, None]
    for number, (line, frame) in reversed(list(enumerate(lines))):
        band = band_of(line, frame)
        if band is not None:
            behind[(down >= band.top) & (down <= band.bottom)] = number
        drawn = dots_of(line if band is None else band.middle, frame)
        bits |= drawn
        owner[drawn > 0] = number
    return Drawn(bits, owner, behind)


def columns_of_span(span: TimeSpan | None, frame: Frame) -> NDArray[np.bool_]:
    """Which columns of characters a brush lies behind."""
    columns = np.arange(frame.columns)
    if span is None:
        return np.zeros(frame.columns, bool)
    first, last = (frame.across(np.array([end]))[0] // WIDE for end in (span.first, span.last))
    return np.asarray((columns >= first) & (columns <= last))


def column_of(time: np.datetime64 | None, frame: Frame) -> int | None:
    """The column of characters of an instant; None where it is not seen."""
    if time is None or not frame.first <= time <= frame.last:
        return None
    return int(frame.across(np.array([time]))[0]) // WIDE


def rows_of(drawn: Drawn, frame: Frame, marked: int | None, brushed: NDArray[np.bool_], look: Look) -> list[Strip]:
    """The lines without their axes."""
    ticks = ticks_of(frame)
    return [_row(drawn, row, row in ticks, marked, brushed, look) for row in range(frame.rows)]


def _row(drawn: Drawn, row: int, ruled: bool, marked: int | None, brushed: NDArray[np.bool_], look: Look) -> Strip:
    segments = []
    whole = zip(*(a[row].tolist() for a in (drawn.bits, drawn.owner, drawn.behind)), brushed.tolist(), strict=True)
    plain = Style()
    for column, (dots, owner, behind, inside) in enumerate(whole):
        under = look.styles["brush"] if inside else look.band(behind) if behind >= 0 else plain
        mark = column == marked
        if owner >= 0:
            text, style = chr(0x2800 + dots), look.styles["mark"] if mark else look.ink(owner)
        elif mark:
            text, style = "┊", look.styles["mark"]
        else:
            text, style = "┈" if ruled and behind < 0 else " ", look.styles["grid"]
        segments.append(Segment(text, style + under))
    return Strip(segments).simplify()


def ticks_of(frame: Frame) -> dict[int, float]:
    """The round numbers of an axis by the row of characters they stand in."""
    ticks = number_ticks(frame.low, frame.high, max(2, frame.rows // 3))
    return {round(float(frame.down(np.array([t]))[0]) // HIGH): t for t in ticks}


def left_axis(frame: Frame, look: Look) -> list[Segment]:
    """The numbers at the left, a row each."""
    ticks = ticks_of(frame)
    labels = (f"{ticks[row]:.6g}" if row in ticks else "" for row in range(frame.rows))
    return [Segment(f"{label:>{AXIS - 1}} {'┤' if label else '│'}", look.styles["axis"]) for label in labels]


def right_axis(frame: Frame, ink: Style) -> list[Segment]:
    """The numbers at the right, in the colour of the lines they are for."""
    ticks = ticks_of(frame)
    labels = (f"{ticks[row]:.6g}" if row in ticks else "" for row in range(frame.rows))
    return [Segment(f"{'├' if label else '│'} {label:<{AXIS - 2}}", ink) for label in labels]


def dates(frame: Frame, width: int, style: Style) -> Strip:
    """The axis of time."""
    text = [" "] * width
    behind = 0
    for time, words in date_ticks(frame.first, frame.last, max(1, frame.columns // 13)):
        at = AXIS + 1 + int(frame.across(np.array([time]))[0]) // WIDE - len(words) // 2
        at = max(AXIS - 3, min(at, len(text) - len(words)))
        if at >= behind:
            text[at : at + len(words)] = words
            behind = at + len(words) + 1
    return Strip([Segment("".join(text), style)])
