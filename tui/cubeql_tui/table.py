"""Rows on the screen: only those that are seen are made into text, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cubeql.drawing.display import NULL, Column, columns_of, texts
from cubeql_tui.actions import Place, bindings
from cubeql_tui.rows import Rows

_SAMPLE = 200  # rows that decide how wide a column is: widths must not jump while one scrolls
_LEAST, _WIDEST, _GAP = 5, 40, 2


@dataclass(frozen=True, slots=True)
class _Laid:
    """A column with its place on the screen; ``x`` counts from the first column."""

    column: Column
    x: int
    width: int

    def text(self, value: str) -> str:
        """A value in its width, numbers at the right."""
        value = value if len(value) <= self.width else value[: self.width - 1] + "…"
        return value.rjust(self.width) if self.column.is_number else value.ljust(self.width)


class ResultTable(ScrollView, can_focus=True):
    """The rows of a statement, with a cursor on one value."""

    DEFAULT_CSS = """
    ResultTable { height: 1fr; background: $background; scrollbar-size: 1 1; }
    ResultTable > .table--head { background: $surface; color: $primary; text-style: bold; }
    ResultTable > .table--note { background: $surface; color: $quiet; }
    ResultTable > .table--number { color: $quiet; }
    ResultTable > .table--row { color: $foreground; }
    ResultTable > .table--odd { color: $foreground; background: $surface; }
    ResultTable > .table--null { color: $quiet; text-style: italic; }
    ResultTable > .table--line { background: $block-cursor-blurred-background; color: $foreground; }
    ResultTable > .table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"table--{part}" for part in ("head", "note", "number", "row", "odd", "null", "line", "cursor")
    }
    PLACE: ClassVar[Place] = "table"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class NearEnd(Message):
        """The cursor or the window has come near the last row that was fetched."""

    class RowAsked(Message):
        """A whole row is to be shown."""

        def __init__(self, row: int) -> None:
            self.row = row
            super().__init__()

    class Moved(Message):
        """The cursor is at another value."""

        def __init__(self, row: int, column: int) -> None:
            self.row, self.column = row, column
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Rows | None = None
        self.cursor = (0, 0)
        self._laid: tuple[_Laid, ...] = ()
        self._numbers = 0
        self._window: tuple[int, int, list[list[str]]] = (0, 0, [])

    # -------------------------------------------------------------- what is shown

    def show(self, rows: Rows | None) -> None:
        """Show other rows, from the first."""
        self.rows = rows
        self.cursor = (0, 0)
        self._laid = ()
        self.scroll_to(0, 0, animate=False)
        self.grew()

    def grew(self) -> None:
        """There may be more rows than before."""
        count = len(self.rows or ())
        if self.rows is not None and (not self._laid or count <= _SAMPLE or not self._window[2]):
            self._laid = _lay(self.rows)
        self._numbers = len(str(max(count, 1000))) + 2
        self._window = (0, 0, [])
        width = self._numbers + (self._laid[-1].x + self._laid[-1].width + _GAP if self._laid else 0)
        self.virtual_size = Size(width, count + 1)
        self.refresh()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are shown."""
        return tuple(laid.column for laid in self._laid)

    # -------------------------------------------------------------- lines

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the head, or a row."""
        width = self.size.width
        if self.rows is None or not self._laid:
            return Strip.blank(width, self._style("row"))
        if y == 0:
            return self._crop(self._head(), self._style("head"))
        row = int(self.scroll_offset.y) + y - 1
        if row >= len(self.rows):
            return Strip.blank(width, self._style("row"))
        line = self._style("line" if row == self.cursor[0] else "odd" if row % 2 else "row")
        return self._crop(self._row(row, line), line)

    def _crop(self, segments: list[Segment], style: Style) -> Strip:
        number, values = Strip(segments[:1]), Strip(segments[1:])
        left = int(self.scroll_offset.x)
        width = self.size.width - number.cell_length
        return Strip.join([number, values.crop_extend(left, left + width, style)])

    def _head(self) -> list[Segment]:
        head, note = self._style("head"), self._style("note")
        segments = [Segment(" " * self._numbers, note)]
        for laid in self._laid:
            name, beside = laid.column.name[: laid.width], laid.column.note
            room = laid.width - len(name) - 1
            beside = f" {beside}" if len(beside) <= room and beside != name else ""
            pad = " " * (laid.width - len(name) - len(beside))
            before, behind = (pad, "") if laid.column.is_number else ("", pad)
            segments += [Segment(before + name, head), Segment(beside + behind + " " * _GAP, note)]
        return segments

    def _row(self, row: int, line: Style) -> list[Segment]:
        cells = self._texts(row)
        null, cursor = (
            line + self._style("null").without_color + _foreground(self._style("null")),
            self._style("cursor"),
        )
        segments = [Segment(f"{row + 1:>{self._numbers - 2}}  ", line + _foreground(self._style("number")))]
        for place, (laid, text) in enumerate(zip(self._laid, cells, strict=True)):
            style = null if text == NULL else line
            if (row, place) == self.cursor and self.has_focus:
                style = cursor
            segments += [Segment(laid.text(text), style), Segment(" " * _GAP, line)]
        return segments

    def _texts(self, row: int) -> list[str]:
        """The texts of a row; those of a screenful are made at once."""
        start, stop, made = self._window
        if not start <= row < stop:
            assert self.rows is not None
            start, stop = max(0, row - 2), row + max(self.size.height, 10)
            part = self.rows.window(start, stop)
            by_column = [texts(part.column(laid.column.number), laid.column) for laid in self._laid]
            made = [list(values) for values in zip(*by_column, strict=True)]
            stop = start + len(made)
            self._window = (start, stop, made)
        return made[row - start]

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"table--{part}")

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self.refresh()

    # -------------------------------------------------------------- moving

    def _go(self, row: int, column: int) -> None:
        count = len(self.rows or ())
        if not count or not self._laid:
            return
        row, column = max(0, min(row, count - 1)), max(0, min(column, len(self._laid) - 1))
        self.cursor = (row, column)
        laid = self._laid[column]
        height = self.size.height - 1
        at = Region(laid.x, row, min(laid.width + _GAP, self.size.width - self._numbers), 1)
        x, y = self.scroll_offset
        y = row if row < y else row - height + 1 if row >= y + height else y
        width = self.size.width - self._numbers
        x = at.x if at.x < x else at.right - width if at.right > x + width else x
        self.scroll_to(x, y, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(row, column))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more rows before the end is seen."""
        super().watch_scroll_y(old_value, new_value)
        if self.rows is not None and new_value + 4 * self.size.height >= len(self.rows):
            self.post_message(self.NearEnd())

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self._go(self.cursor[0] + rows, self.cursor[1] + columns)

    def action_page(self, pages: int) -> None:
        """Move by screenfuls."""
        self.action_move(pages * max(1, self.size.height - 2), 0)

    def action_first(self) -> None:
        """To the first row."""
        self._go(0, self.cursor[1])

    def action_last(self) -> None:
        """To the last row that has come."""
        self._go(len(self.rows or ()) - 1, self.cursor[1])

    def action_copy_value(self) -> None:
        """Copy the value under the cursor, whole."""
        if self.rows and self._laid:
            row, place = self.cursor
            column = self._laid[place].column
            text = texts(self.rows.window(row, row + 1).column(column.number), column)[0]
            self.app.copy_to_clipboard(text)
            self.notify(text, title="Copied", timeout=2, markup=False)

    def action_show_row(self) -> None:
        """Show the whole row."""
        if self.rows:
            self.post_message(self.RowAsked(self.cursor[0]))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the pointer is."""
        x = event.x - self._numbers + int(self.scroll_offset.x)
        place = next((n for n, laid in enumerate(self._laid) if x < laid.x + laid.width + _GAP), len(self._laid) - 1)
        if event.y > 0:
            self._go(int(self.scroll_offset.y) + event.y - 1, place)


def _foreground(style: Style) -> Style:
    return Style(color=style.color)


def _lay(rows: Rows) -> tuple[_Laid, ...]:
    sample = rows.window(0, _SAMPLE)
    laid: list[_Laid] = []
    x = 0
    for column in columns_of(rows.schema):
        longest = max(map(len, texts(sample.column(column.number), column)), default=0)
        head = len(column.name) + 1 + len(column.note)
        width = max(_LEAST, min(max(longest, head), _WIDEST), min(longest, _WIDEST))
        laid.append(_Laid(column, x, width))
        x += width + _GAP
    return tuple(laid)
