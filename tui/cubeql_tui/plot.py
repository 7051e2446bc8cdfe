"""Lines over time on the screen, and a brush over time: gaps stay gaps, and the axis has dates."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.color import Color
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.display import instant_text, short_number
from cubeql.drawing.dots import WIDE
from cubeql.drawing.plotting import Frame
from cubeql.drawing.selection import TimeSpan
from cubeql.drawing.series import Line, Series
from cubeql_tui import curves
from cubeql_tui.actions import Place, bindings
from cubeql_tui.curves import AXIS, Look
from cubeql_tui.linked import ConditionAsked, TimesBrushed
from cubeql_tui.themes import INKS

_ZOOM = 1.6
_WIDE_HEAD = 90  # letters from which on the head has room for the span that is brushed
_NAMES = (60, 24, 16, 12, 9, 7)  # letters of the names of lines, as there is room


class SeriesPlot(Widget, can_focus=True):
    """Lines, a head that names them and reads the cursor, an axis of dates."""

    DEFAULT_CSS = """
    SeriesPlot { height: 1fr; width: 1fr; }
    SeriesPlot > .plot--axis { color: $quiet; }
    SeriesPlot > .plot--grid { color: $foreground 15%; }
    SeriesPlot > .plot--head { color: $foreground; text-style: bold; }
    SeriesPlot > .plot--mark { color: $accent; }
    SeriesPlot > .plot--brush { background: $foreground 14%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"plot--{part}" for part in ("axis", "grid", "head", "mark", "brush")}
    PLACE: ClassVar[Place] = "series"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class TimeChosen(Message):
        """An instant of the series was chosen."""

        def __init__(self, instant: np.datetime64) -> None:
            self.instant = instant
            super().__init__()

    class QuantityAsked(Message):
        """Another column is to be drawn, in the place of this one or beside it."""

        def __init__(self, beside: bool = False) -> None:
            self.beside = beside
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.series: Series | None = None
        self.second: Series | None = None
        self.cursor: np.datetime64 | None = None
        self.brush: TimeSpan | None = None
        self.window: TimeSpan | None = None
        self._anchor: np.datetime64 | None = None
        self._dragged = False
        self._drawn: tuple[tuple[int, int], list[Strip]] | None = None

    def show(self, series: Series | None, cursor: np.datetime64 | None = None, second: Series | None = None) -> None:
        """Draw other lines, those of ``second`` on an axis of their own; a window that still fits stays."""
        same = series is not None and self.series is not None and np.array_equal(series.times, self.series.times)
        self.series, self.second, self.cursor = series, second, cursor
        self.window = self.window if same else None
        self.redraw()

    def mark(self, time: np.datetime64 | None) -> None:
        """Put the cursor at an instant."""
        self.cursor = time
        self._follow()
        self.redraw()

    def paint_brush(self, span: TimeSpan | None) -> None:
        """Show a span as brushed."""
        self.brush = span
        if span is None:
            self._anchor = None
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, also where only the theme is another."""
        self._drawn = None
        self.refresh()

    # -------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the plot."""
        size = (self.size.width, self.size.height)
        if self.series is None or not len(self.series.times) or size[0] < 3 * AXIS or size[1] < 4:
            return Strip([Segment("  no values over time" if y == 1 and self.series else "")]).adjust_cell_length(
                size[0]
            )
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._paint(self.series))
        return self._drawn[1][y].apply_style(self.rich_style)  # a terminal's own ground may be another

    @property
    def _all(self) -> TimeSpan:
        """From the first instant to the last."""
        found = [s.times for s in (self.series, self.second) if s is not None and len(s.times)]
        return TimeSpan(min(t[0] for t in found), max(t[-1] for t in found))

    def _frame(self, series: Series) -> Frame:
        seen = self.window or self._all
        low, high = series.within(seen).range()
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        right = AXIS if self.second is not None else 0
        columns, rows = max(1, self.size.width - AXIS - 1 - right), max(1, self.size.height - 2)
        return Frame(columns, rows, low - margin, high + margin, seen.first, seen.last)

    def _look(self) -> Look:
        parts = ("axis", "grid", "head", "mark")
        found = {part: self.get_component_rich_style(f"plot--{part}") for part in parts}
        styles = {part: Style(color=style.color, bold=style.bold) for part, style in found.items()}
        styles["brush"] = Style(bgcolor=self.get_component_rich_style("plot--brush").bgcolor)
        return Look(styles, Color.parse(self.app.theme_variables["background"]).rgb, INKS[self.app.theme])

    def _paint(self, series: Series) -> list[Strip]:
        frame, look = self._frame(series), self._look()
        seen = TimeSpan(frame.first, frame.last)
        lines = [(line.within(seen), frame) for line in series.lines]
        other = None if self.second is None else self._frame(self.second)
        if self.second is not None and other is not None:
            lines += [(line.within(seen), other) for line in self.second.lines]
        marked, brushed = curves.column_of(self.cursor, frame), curves.columns_of_span(self.brush, frame)
        rows = curves.rows_of(curves.draw(lines), frame, marked, brushed, look)
        left = curves.left_axis(frame, look)
        right = [] if other is None else curves.right_axis(other, look.ink(len(series.lines)))
        body = [
            Strip([left[n], *row, *right[n : n + 1]]).adjust_cell_length(self.size.width)
            for n, row in enumerate(rows)
        ]  # fmt: skip
        return [self._head(series, look), *body, curves.dates(frame, self.size.width, look.styles["axis"])]

    # -------------------------------------------------------------- words

    def _head(self, series: Series, look: Look) -> Strip:
        segments = [Segment(f" {series.title}{_unit(series)}  ", look.styles["head"])]
        if self.brush is not None:
            count = int(self.brush.holds(self._times()).sum())
            times = f"{count:,} time{'' if count == 1 else 's'}"
            said = f"{self.brush} · {times}  " if self.size.width >= _WIDE_HEAD else f"{times}  "  # the border says it
            segments.append(Segment(said, look.styles["mark"]))
        elif self.cursor is not None:
            segments.append(Segment(f"{instant_text(self.cursor)}  ", look.styles["mark"]))
        behind = f"and {series.left_out:,} more" if series.left_out else ""
        room = self.size.width - sum(segment.cell_length for segment in segments) - len(behind)
        segments += self._readings(series, look, room)
        segments.append(Segment(behind, look.styles["axis"]))
        return Strip(segments).adjust_cell_length(self.size.width)

    def _readings(self, series: Series, look: Look, room: int) -> list[Segment]:
        """Each line with its value, their names as long as there is room for."""
        lines = [(line.name, line) for line in series.lines]
        if self.second is not None:
            beside = f"{self.second.title}{_unit(self.second)}"
            lines += [(f"{beside} {line.name}".rstrip(), line) for line in self.second.lines]
        found: list[Segment] = []
        for longest in _NAMES:
            said = [" ".join(p for p in (cut_name(name, longest), self._value(line)) if p) for name, line in lines]
            found = [Segment(f"━ {words}  ", look.ink(n)) for n, words in enumerate(said) if words]
            if sum(segment.cell_length for segment in found) <= room:
                break
        return found

    def _value(self, line: Line) -> str:
        """The mean of a line in the brush, else its value at the cursor."""
        if self.brush is not None:
            count, mean = line.summed(self.brush)
            every = int(self.brush.holds(self._times()).sum())
            of = "" if count == every else f" of {count:,}"
            return f"mean {short_number(mean)}{of}" if count else "no data"
        at = np.flatnonzero(line.times == self.cursor)
        if self.cursor is None or not len(at):
            return ""
        value = float(line.values[at[0]])
        return "no data" if np.isnan(value) else short_number(value)

    # -------------------------------------------------------------- cursor, brush, window

    def _times(self) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
        return self.series.times if self.series is not None else np.array([], "datetime64[us]")

    def _nearest(self, column: int) -> np.datetime64 | None:
        """The instant of the series that is nearest to a column, of those that are seen."""
        times = self._times()
        if self.series is None or not len(times):
            return None
        across = self._frame(self.series).across(times) / WIDE
        found: np.datetime64 = times[int(np.abs(across - (column - AXIS - 1)).argmin())]
        return found

    def _follow(self) -> None:
        """Move the window to the cursor."""
        seen = self.window
        if seen is not None and self.cursor is not None and not seen.first <= self.cursor <= seen.last:
            half = (seen.last - seen.first) / 2
            self._see(self.cursor - half, self.cursor + half)

    def _see(self, first: np.datetime64, last: np.datetime64) -> None:
        """See a window, kept within what there is; all of it where that is not more."""
        whole = self._all
        if last - first >= whole.last - whole.first:
            self.window = None
        else:
            moved = max(whole.first - first, min(whole.last - last, np.timedelta64(0, "us")))
            self.window = TimeSpan(first + moved, last + moved)
        self.redraw()

    def action_step(self, steps: int) -> None:
        """Go to an earlier or later instant."""
        times = self._times()
        if len(times):
            self._anchor = None
            self.mark(self._stepped(steps))

    def _stepped(self, steps: int) -> np.datetime64:
        times = self._times()
        at = len(times) if self.cursor is None else int(np.searchsorted(times, self.cursor))
        found: np.datetime64 = times[max(0, min(at + steps, len(times) - 1))]
        return found

    def action_brush(self, steps: int) -> None:
        """Brush on to an earlier or later instant."""
        if not len(self._times()):
            return
        if self.cursor is None:
            self.mark(self._times()[0 if steps > 0 else -1])
        self._span(self._stepped(steps))

    def _span(self, to: np.datetime64) -> None:
        """Brush from where it began to an instant."""
        if self._anchor is None:
            self._anchor = to if self.cursor is None else self.cursor
        self.mark(to)
        self.post_message(TimesBrushed(TimeSpan.between(self._anchor, to)))

    def action_zoom(self, steps: int) -> None:
        """See less time, or more, around the cursor."""
        self._zoom(_ZOOM**-steps, None)

    def _zoom(self, factor: float, around: np.datetime64 | None) -> None:
        times = self._times()
        if len(times) < 2:
            return
        seen = self.window or self._all
        middle = around if around is not None else self.cursor
        if middle is None or not seen.first <= middle <= seen.last:
            middle = seen.first + (seen.last - seen.first) / 2
        before, after = (middle - seen.first) * factor, (seen.last - middle) * factor
        window = TimeSpan(middle - before, middle + after)
        if factor > 1 or window.holds(times).sum() > 1:
            self._see(window.first, window.last)

    def action_pan(self, windows: int) -> None:
        """See an earlier or later time."""
        if self.window is not None:
            step = (self.window.last - self.window.first) / 2 * windows
            self._see(self.window.first + step, self.window.last + step)

    def action_fit(self) -> None:
        """See all times."""
        self.window = None
        self.redraw()

    def action_next_quantity(self) -> None:
        """Draw another column."""
        self.post_message(self.QuantityAsked())

    def action_beside(self) -> None:
        """Draw another column on an axis of its own, the next each time, then none."""
        self.post_message(self.QuantityAsked(beside=True))

    def action_to_statement(self) -> None:
        """Make the brush a condition of the statement."""
        self.post_message(ConditionAsked())

    def action_choose(self) -> None:
        """Choose the instant under the cursor."""
        if self.cursor is not None:
            self.post_message(self.TimeChosen(self.cursor))

    # -------------------------------------------------------------- pointer

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a brush."""
        self._anchor, self._dragged = self._nearest(event.x), False
        if self._anchor is not None:
            self.mark(self._anchor)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Brush on, or read the instant under the pointer."""
        nearest = self._nearest(event.x)
        if nearest is None or nearest == self.cursor:
            return
        if self.app.mouse_captured is self:
            self._dragged = True
            self._span(nearest)
        elif self.brush is None:
            self.mark(nearest)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """A brush has ended; without a move it was a click, which chooses the instant."""
        if self.app.mouse_captured is not self:
            return
        self.release_mouse()
        if not self._dragged and self._anchor is not None:
            chosen, self._anchor = self._anchor, None
            self.post_message(TimesBrushed(None))
            self.post_message(self.TimeChosen(chosen))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """See less time around what is under the pointer."""
        event.stop()
        self._zoom(1 / _ZOOM, self._nearest(event.x))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """See more."""
        event.stop()
        self._zoom(_ZOOM, self._nearest(event.x))


_CELL = re.compile(r"[0-9a-f]{15}")


def cut_name(name: str, longest: int) -> str:
    """The name of a line, shortened; of a cell the digits stay by which it differs from those around it."""
    if len(name) <= longest:
        return name
    if not _CELL.fullmatch(name):
        return name[: longest - 1] + "…"
    told = name.rstrip("f")
    return f"{told}…" if len(told) < longest else f"…{told[1 - longest:]}"


def _unit(series: Series) -> str:
    return f" [{series.unit}]" if series.unit not in (None, "", "1") else ""
