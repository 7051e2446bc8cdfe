"""Rows on the screen: only those that are seen are made into text, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cubeql.drawing.display import NULL, Column, columns_of, texts
from cubeql_tui.arranging import Arranged, Wish
from cubeql_tui.rows import Rows

_SAMPLE = 200  # rows that decide how wide a column is: widths must not jump while one scrolls
LEAST, _WIDEST, GAP = 5, 40, 2


@dataclass(frozen=True, slots=True)
class Laid:
    """A column with its place on the screen; ``x`` counts from the first column."""

    column: Column
    x: int
    width: int

    def text(self, value: str) -> str:
        """A value in its width, numbers at the right."""
        value = value if len(value) <= self.width else value[: self.width - 1] + "…"
        return value.rjust(self.width) if self.column.is_number else value.ljust(self.width)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a person has made of the columns: widths by number, and those that are hidden."""

    widths: Mapping[int, int] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()


class RowsGrid(ScrollView, can_focus=True):
    """Rows with a cursor on one value."""

    DEFAULT_CSS = """
    RowsGrid { height: 1fr; background: $background; scrollbar-size: 1 1; }
    RowsGrid > .table--head { background: $surface; color: $primary; text-style: bold; }
    RowsGrid > .table--note { background: $surface; color: $quiet; }
    RowsGrid > .table--number { color: $quiet; }
    RowsGrid > .table--row { color: $foreground; }
    RowsGrid > .table--odd { color: $foreground; background: $surface; }
    RowsGrid > .table--null { color: $quiet; text-style: italic; }
    RowsGrid > .table--line { background: $block-cursor-blurred-background; color: $foreground; }
    RowsGrid > .table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"table--{part}" for part in ("head", "note", "number", "row", "odd", "null", "line", "cursor")
    }

    class NearEnd(Message):
        """The cursor or the window has come near the last row that was fetched."""

    class Moved(Message):
        """The cursor is at another value."""

        def __init__(self, row: int, column: int) -> None:
            self.row, self.column = row, column
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Rows | None = None
        self.view: Rows | Arranged | None = None
        self.wish = Wish()
        self.shape = Shape()
        self.cursor = (0, 0)
        self.laid: tuple[Laid, ...] = ()
        self._numbers = 0
        self._window: tuple[int, int, list[list[str]]] = (0, 0, [])

    # -------------------------------------------------------------- what is shown

    def lay_out(self) -> None:
        """Make room for the rows there are."""
        count = len(self.view or ())
        if self.rows is not None and (not self.laid or len(self.rows) <= _SAMPLE or not self._window[2]):
            self.laid = lay(self.rows, self.shape)
        count += self.notes
        self._numbers = len(str(max(len(self.rows or ()), 1000))) + 2
        self._window = (0, 0, [])
        width = self._numbers + (self.laid[-1].x + self.laid[-1].width + GAP if self.laid else 0)
        self.virtual_size = Size(width, count + 1)
        self.refresh()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are shown."""
        return tuple(laid.column for laid in self.laid)

    @property
    def notes(self) -> int:
        """Lines at the bottom that are not of rows."""
        return int(bool(self.wish))

    def number(self, row: int) -> int:
        """Which of the rows that came a row of the screen is, from 0."""
        return self.view.number(row) if self.view is not None else row

    def said(self) -> str:
        """What the line at the bottom says, where the rows are seen otherwise than they came."""
        return ""

    @property
    def _seen(self) -> Size:
        """What is seen of it beside its scrollbars."""
        return self.scrollable_content_region.size

    def forget(self) -> None:
        """Make the texts anew."""
        self._window = (0, 0, [])

    # -------------------------------------------------------------- lines

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the head, or a row."""
        width = self._seen.width
        if self.rows is None or not self.laid:
            return Strip.blank(width, self._style("row"))
        if y == 0:
            return self._crop(self._head(), self._style("head"))
        row = int(self.scroll_offset.y) + y - 1
        if y == self._seen.height - 1 and self.wish:
            note = self._style("note")
            return Strip([Segment(f" {self.said()}", note)]).adjust_cell_length(width, note)
        if row >= len(self.view or ()):
            return Strip.blank(width, self._style("row"))
        line = self._style("line" if row == self.cursor[0] else "odd" if row % 2 else "row")
        return self._crop(self._row(row, line), line)

    def _crop(self, segments: list[Segment], style: Style) -> Strip:
        number, values = Strip(segments[:1]), Strip(segments[1:])
        left = int(self.scroll_offset.x)
        width = self._seen.width - number.cell_length
        return Strip.join([number, values.crop_extend(left, left + width, style)])

    def _head(self) -> list[Segment]:
        head, note = self._style("head"), self._style("note")
        segments = [Segment(" " * self._numbers, note)]
        for laid in self.laid:
            sign = "" if laid.column.number != self.wish.column else " ↓" if self.wish.descending else " ↑"
            name, beside = laid.column.name[: laid.width - len(sign)] + sign, laid.column.note
            room = laid.width - len(name) - 1
            beside = f" {beside}" if len(beside) <= room and beside != name else ""
            pad = " " * (laid.width - len(name) - len(beside))
            before, behind = (pad, "") if laid.column.is_number else ("", pad)
            segments += [Segment(before + name, head), Segment(beside + behind + " " * GAP, note)]
        return segments

    def _row(self, row: int, line: Style) -> list[Segment]:
        cells = self._texts(row)
        null, cursor = (
            line + self._style("null").without_color + _foreground(self._style("null")),
            self._style("cursor"),
        )
        segments = [
            Segment(f"{self.number(row) + 1:>{self._numbers - 2}}  ", line + _foreground(self._style("number")))
        ]
        for place, (laid, text) in enumerate(zip(self.laid, cells, strict=True)):
            style = null if text == NULL else line
            if (row, place) == self.cursor and self.has_focus:
                style = cursor
            segments += [Segment(laid.text(text), style), Segment(" " * GAP, line)]
        return segments

    def _texts(self, row: int) -> list[str]:
        """The texts of a row; those of a screenful are made at once."""
        start, stop, made = self._window
        if not start <= row < stop:
            assert self.view is not None
            start, stop = max(0, row - 2), row + max(self._seen.height, 10)
            part = self.view.window(start, stop)
            by_column = [texts(part.column(laid.column.number), laid.column) for laid in self.laid]
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

    def go(self, row: int, column: int) -> None:
        """Put the cursor at a value, and bring it into sight."""
        count = len(self.view or ())
        if not count or not self.laid:
            return
        row, column = max(0, min(row, count - 1)), max(0, min(column, len(self.laid) - 1))
        self.cursor = (row, column)
        laid = self.laid[column]
        height = self._seen.height - 1 - self.notes
        at = Region(laid.x, row, min(laid.width + GAP, self._seen.width - self._numbers), 1)
        x, y = self.scroll_offset
        y = row if row < y else row - height + 1 if row >= y + height else y
        width = self._seen.width - self._numbers
        x = at.x if at.x < x else at.right - width if at.right > x + width else x
        self.scroll_to(x, y, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(row, column))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more rows before the end is seen."""
        super().watch_scroll_y(old_value, new_value)
        if self.rows is not None and not self.wish and new_value + 4 * self._seen.height >= len(self.view or ()):
            self.post_message(self.NearEnd())

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self.go(self.cursor[0] + rows, self.cursor[1] + columns)

    def action_page(self, pages: int) -> None:
        """Move by screenfuls."""
        self.action_move(pages * max(1, self._seen.height - 2), 0)

    def action_first(self) -> None:
        """To the first row."""
        self.go(0, self.cursor[1])

    def action_last(self) -> None:
        """To the last row that has come."""
        self.go(len(self.view or ()) - 1, self.cursor[1])


def _foreground(style: Style) -> Style:
    return Style(color=style.color)


def lay(rows: Rows, shape: Shape) -> tuple[Laid, ...]:
    """The columns with their places: as wide as their first rows need, unless a person has said otherwise."""
    sample = rows.window(0, _SAMPLE)
    laid: list[Laid] = []
    x = 0
    for column in columns_of(rows.schema):
        if column.number in shape.hidden:
            continue
        longest = max(map(len, texts(sample.column(column.number), column)), default=0)
        head = len(column.name) + 1 + len(column.note)
        width = max(LEAST, min(max(longest, head), _WIDEST), min(longest, _WIDEST))
        width = shape.widths.get(column.number, width)
        laid.append(Laid(column, x, width))
        x += width + GAP
    return tuple(laid)
