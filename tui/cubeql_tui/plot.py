"""Lines over time on the screen: gaps stay gaps, and the axis has dates."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.display import instant_text, short_number
from cubeql.drawing.dots import HIGH, WIDE
from cubeql.drawing.plotting import Frame, date_ticks, dots_of, number_ticks
from cubeql.drawing.series import Line, Series
from cubeql_tui.actions import Place, bindings

_AXIS = 9  # characters for the numbers at the left
_INKS = ("#6cb6e0", "#f0b866", "#8fc7a4", "#d6a5e8", "#f09f7c", "#b9c46a", "#8d9bad")


class SeriesPlot(Widget, can_focus=True):
    """Lines, a head that names them and reads the cursor, an axis of dates."""

    DEFAULT_CSS = """
    SeriesPlot { height: 1fr; width: 1fr; }
    SeriesPlot > .plot--axis { color: $quiet; }
    SeriesPlot > .plot--grid { color: $foreground 15%; }
    SeriesPlot > .plot--head { color: $foreground; text-style: bold; }
    SeriesPlot > .plot--mark { color: $accent; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"plot--{part}" for part in ("axis", "grid", "head", "mark")}
    PLACE: ClassVar[Place] = "series"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class TimeChosen(Message):
        """An instant of the series was chosen."""

        def __init__(self, instant: np.datetime64) -> None:
            self.instant = instant
            super().__init__()

    class QuantityAsked(Message):
        """Another column is to be drawn."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.series: Series | None = None
        self.cursor: np.datetime64 | None = None
        self._drawn: tuple[tuple[int, int], list[Strip]] | None = None

    def show(self, series: Series | None, cursor: np.datetime64 | None = None) -> None:
        """Draw other lines."""
        self.series, self.cursor = series, cursor
        self.redraw()

    def mark(self, time: np.datetime64 | None) -> None:
        """Put the cursor at an instant."""
        self.cursor = time
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, also where only the theme is another."""
        self._drawn = None
        self.refresh()

    # -------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the plot."""
        size = (self.size.width, self.size.height)
        if self.series is None or not len(self.series.times) or size[0] < 2 * _AXIS or size[1] < 4:
            return Strip([Segment("  no values over time" if y == 1 and self.series else "")]).adjust_cell_length(
                size[0]
            )
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._paint(self.series, self._frame(self.series)))
        return self._drawn[1][y]

    def _frame(self, series: Series) -> Frame:
        low, high = series.range()
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        times = series.times
        columns, rows = max(1, self.size.width - _AXIS - 1), max(1, self.size.height - 2)
        return Frame(columns, rows, low - margin, high + margin, times[0], times[-1])

    def _paint(self, series: Series, frame: Frame) -> list[Strip]:
        bits = np.zeros((frame.rows, frame.columns), np.uint8)
        owner = np.full((frame.rows, frame.columns), -1, np.int8)
        for number, line in reversed(list(enumerate(series.lines))):
            drawn = dots_of(line, frame)
            bits |= drawn
            owner[drawn > 0] = number
        ticks = {round(float(frame.down(np.array([t]))[0]) // HIGH): t for t in _ticks(frame)}
        marked = None if self.cursor is None else int(frame.across(np.array([self.cursor]))[0]) // WIDE
        body = [self._row(row, bits[row], owner[row], ticks.get(row), marked) for row in range(frame.rows)]
        return [self._head(series), *body, self._dates(frame)]

    def _row(
        self, row: int, bits: NDArray[np.uint8], owner: NDArray[np.int8], tick: float | None, marked: int | None
    ) -> Strip:
        axis, grid, mark = (self.get_component_rich_style(f"plot--{p}") for p in ("axis", "grid", "mark"))
        inks = [Style(color=Color.parse(ink)) for ink in _INKS]
        label = "" if tick is None else f"{tick:.6g}"
        segments = [Segment(f"{label:>{_AXIS - 1}} ", axis), Segment("┤" if label else "│", axis)]
        for column, (dot, own) in enumerate(zip(bits.tolist(), owner.tolist(), strict=True)):
            if own >= 0:
                segments.append(Segment(chr(0x2800 + dot), mark if column == marked else inks[own]))
            elif column == marked:
                segments.append(Segment("┊", mark))
            else:
                segments.append(Segment("┈" if label else " ", grid))
        return Strip(segments).simplify()

    def _head(self, series: Series) -> Strip:
        head, axis = (self.get_component_rich_style(f"plot--{part}") for part in ("head", "axis"))
        unit = f" [{series.unit}]" if series.unit not in (None, "", "1") else ""
        segments = [Segment(f" {series.title}{unit}  ", head)]
        if self.cursor is not None:
            segments.append(Segment(f"{instant_text(self.cursor)}  ", self.get_component_rich_style("plot--mark")))
        for number, line in enumerate(series.lines):
            said = " ".join(part for part in (line.name, self._value(line)) if part)
            if said:
                segments.append(Segment(f"━ {said}  ", Style(color=Color.parse(_INKS[number]))))
        if series.left_out:
            segments.append(Segment(f"and {series.left_out:,} more", axis))
        return Strip(segments).adjust_cell_length(self.size.width)

    def _value(self, line: Line) -> str:
        """The value of a line at the cursor."""
        at = np.flatnonzero(line.times == self.cursor)
        if self.cursor is None or not len(at):
            return ""
        value = float(line.values[at[0]])
        return "no data" if np.isnan(value) else short_number(value)

    def _dates(self, frame: Frame) -> Strip:
        text = [" "] * self.size.width
        behind = 0
        for time, words in date_ticks(frame.first, frame.last, max(1, frame.columns // 13)):
            at = _AXIS + 1 + int(frame.across(np.array([time]))[0]) // WIDE - len(words) // 2
            at = max(_AXIS - 3, min(at, len(text) - len(words)))
            if at >= behind:
                text[at : at + len(words)] = words
                behind = at + len(words) + 1
        return Strip([Segment("".join(text), self.get_component_rich_style("plot--axis"))])

    # -------------------------------------------------------------- cursor

    def _nearest(self, column: int) -> np.datetime64 | None:
        """The instant of the series that is nearest to a column."""
        if self.series is None or not len(self.series.times):
            return None
        times = self.series.times
        across = self._frame(self.series).across(times) / WIDE
        found: np.datetime64 = times[int(np.abs(across - (column - _AXIS - 1)).argmin())]
        return found

    def action_step(self, steps: int) -> None:
        """Go to an earlier or later instant."""
        if self.series is not None and len(self.series.times):
            times = self.series.times
            at = len(times) if self.cursor is None else int(np.searchsorted(times, self.cursor))
            self.mark(times[max(0, min(at + steps, len(times) - 1))])

    def action_next_quantity(self) -> None:
        """Draw another column."""
        self.post_message(self.QuantityAsked())

    def action_choose(self) -> None:
        """Choose the instant under the cursor."""
        if self.cursor is not None:
            self.post_message(self.TimeChosen(self.cursor))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the instant under the pointer."""
        nearest = self._nearest(event.x)
        if nearest is not None and nearest != self.cursor:
            self.mark(nearest)

    def on_click(self, event: events.Click) -> None:
        """Choose the instant under the pointer."""
        nearest = self._nearest(event.x)
        if nearest is not None:
            self.mark(nearest)
            self.post_message(self.TimeChosen(nearest))


def _ticks(frame: Frame) -> list[float]:
    return number_ticks(frame.low, frame.high, max(2, frame.rows // 3))
