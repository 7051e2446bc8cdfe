"""The table of a result: what can be done with rows beside looking at them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
from textual import events, on, work
from textual.binding import BindingType
from textual.message import Message

from cubeql.drawing.display import Column, columns_of, shorten, whole_texts
from cubeql_tui.actions import Place, bindings
from cubeql_tui.arranging import Arranged, Wish, arranged, as_csv, as_markdown, can_sort, facts
from cubeql_tui.find import FindPage
from cubeql_tui.grid import GAP, LEAST, RowsGrid, Shape, lay
from cubeql_tui.pages import facts_page
from cubeql_tui.rows import Rows

_MOST_COPIED, _MOST_IN_TEXT = 100_000, 200


class ResultTable(RowsGrid):
    """The rows of a statement: sorted, searched, copied, a column told of."""

    PLACE: ClassVar[Place] = "table"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class RowAsked(Message):
        """A whole row is to be shown."""

        def __init__(self, row: int) -> None:
            self.row = row
            super().__init__()

    class ArrangedCame(Message):
        """The rows stand in another order, or some of them."""

        def __init__(self, rows: Rows, wish: Wish, found: Arranged, of: int) -> None:
            self.rows, self.wish, self.found, self.of = rows, wish, found, of
            super().__init__()

    class FactsCame(Message):
        """What there is to say of a column is known."""

        def __init__(self, column: Column, found: list[tuple[str, str]], of: int) -> None:
            self.column, self.found, self.of = column, found, of
            super().__init__()

    class MapAsked(Message):
        """The cell of a row is to be shown on the map."""

        def __init__(self, cell: int) -> None:
            self.cell = cell
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._of = 0
        self._arranging = False

    # -------------------------------------------------------------- what is shown

    def show(self, rows: Rows | None) -> None:
        """Show other rows, from the first."""
        self.rows = self.view = rows
        self.wish, self.shape, self._arranging = Wish(), Shape(), False
        self.cursor = (0, 0)
        self.laid = ()
        self.scroll_to(0, 0, animate=False)
        self.grew()

    def grew(self) -> None:
        """There may be more rows than before."""
        if self.wish and self.rows is not None and len(self.rows) > self._of and not self._arranging:
            self._arrange(self.rows, self.wish)
        self.lay_out()

    def action_copy_value(self) -> None:
        """Copy the value under the cursor, whole."""
        if self.view and self.laid:
            row, place = self.cursor
            column = self.laid[place].column
            text = whole_texts(self.view.window(row, row + 1).column(column.number), column)[0]
            self._copy(text, shorten(text))

    def _copy(self, text: str, said: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(said, title="Copied", timeout=3, markup=False)

    def _shown(self, start: int, stop: int) -> pa.Table:
        """Rows as they are seen: in their order, without hidden columns."""
        assert self.view is not None
        return self.view.window(start, stop).select([laid.column.number for laid in self.laid])

    def action_copy_row(self) -> None:
        """Copy the row under the cursor, with the names of its columns, as CSV."""
        if self.view and self.laid:
            self._copy(as_csv(self._shown(self.cursor[0], self.cursor[0] + 1)), "the row as CSV")

    def action_copy_column(self) -> None:
        """Copy the column under the cursor as CSV."""
        if self.view and self.laid:
            column = self.laid[self.cursor[1]].column
            table = self.view.window(0, _MOST_COPIED).select([column.number])
            self._copy(as_csv(table), f"{column.name}: {_of_all(len(table), len(self.view), 'value')} as CSV")

    def action_copy_table(self) -> None:
        """Copy the rows as a table of Markdown."""
        if self.view and self.laid:
            table = self._shown(0, _MOST_IN_TEXT)
            self._copy(as_markdown(table), f"{_of_all(len(table), len(self.view), 'row')} as Markdown")

    def action_show_row(self) -> None:
        """Show the whole row."""
        if self.view:
            self.post_message(self.RowAsked(self.number(self.cursor[0])))

    # -------------------------------------------------------------- order, search, facts

    def said(self) -> str:
        """How the rows are seen, and of how many."""
        assert self.rows is not None
        if self._arranging:
            return "arranging …"
        words = f"“{self.wish.words}”: {len(self.view or ()):,} of {self._of:,} fetched rows" if self.wish.words else ""
        name = "" if self.wish.column is None else columns_of(self.rows.schema)[self.wish.column].name
        of = "" if words else f"{self._of:,} fetched rows "
        order = f"{of}by {name}, {'greatest' if self.wish.descending else 'least'} first" if name else ""
        return " · ".join(part for part in (words, order, "Esc shows all") if part)

    def seek(self, wish: Wish) -> None:
        """See the rows otherwise; what takes time is done in a thread."""
        self.wish = wish
        if self.rows is None:
            return
        if wish:
            self._arrange(self.rows, wish)
        else:
            self._take(self.rows, len(self.rows))

    def _arrange(self, rows: Rows, wish: Wish) -> None:
        self._arranging = True
        self._work(rows, wish)
        self.refresh()

    @work(thread=True, group="arranging")
    def _work(self, rows: Rows, wish: Wish) -> None:
        try:
            self.post_message(self.ArrangedCame(rows, wish, *arranged(rows, wish)))
        except pa.ArrowException as error:
            self.app.call_from_thread(self._refused, wish, str(error))

    def _refused(self, wish: Wish, why: str) -> None:
        if wish == self.wish and self.rows is not None:
            self.seek(Wish())
            self.notify(why, title="The rows cannot be seen so", severity="warning", markup=False)

    @on(ArrangedCame)
    def _came(self, event: ArrangedCame) -> None:
        if event.rows is self.rows and event.wish == self.wish:
            self._take(event.found, event.of)

    def _take(self, view: Rows | Arranged, of: int) -> None:
        self.view, self._of, self._arranging = view, of, False
        self.cursor = (0, self.cursor[1])
        self.forget()
        self.scroll_to(int(self.scroll_offset.x), 0, animate=False, force=True)
        self.lay_out()

    def _column(self) -> Column | None:
        """That under the cursor."""
        return self.laid[min(self.cursor[1], len(self.laid) - 1)].column if self.rows and self.laid else None

    def action_sort(self) -> None:
        """Sort by the column under the cursor."""
        column = self._column()
        if column is None or self.rows is None:
            return
        if not can_sort(self.rows.schema.field(column.number).type):
            self.notify(f"{column.name} holds values without an order.", severity="warning", markup=False)
            return
        self.seek(self.wish.turned(column.number))

    def action_find(self) -> None:
        """Find rows that have some words."""
        if self.rows:
            self.app.push_screen(FindPage(self.wish.words), self._sought)

    def _sought(self, words: str | None) -> None:
        if words is not None:
            self.seek(replace(self.wish, words=words))

    def action_facts(self) -> None:
        """Say what there is to say of the column under the cursor."""
        column = self._column()
        if column is not None and self.rows is not None:
            self._tell_facts(self.rows, column)

    @work(thread=True, exclusive=True, group="facts")
    def _tell_facts(self, rows: Rows, column: Column) -> None:
        self.post_message(self.FactsCame(column, facts(rows, column), len(rows)))

    @on(FactsCame)
    def _facts_came(self, event: FactsCame) -> None:
        names, values = zip(*event.found, strict=True)
        of = f"{event.column.name}, of the {event.of:,} rows fetched"
        self.app.push_screen(facts_page(of, list(names), list(values)))

    def action_to_map(self) -> None:
        """Show the cell of the row on the map."""
        place = next((c for c in columns_of(self.rows.schema) if c.kind == "cell"), None) if self.rows else None
        if place is None or self.view is None or not len(self.view):
            self.notify("These rows have no cell.", severity="warning", timeout=3)
            return
        cell = self.view.window(self.cursor[0], self.cursor[0] + 1).column(place.number)[0].as_py()
        if cell is not None:
            self.post_message(self.MapAsked(int(cell)))

    def go_to_row(self, number: int) -> None:
        """Put the cursor at one of the rows that came; all of them are seen then, as they came, where it was not."""
        places = self.view.places if isinstance(self.view, Arranged) else None
        at = np.flatnonzero(places == number) if places is not None else np.array([number])
        if not len(at):
            self.seek(Wish())
            at = np.array([number])
        self.go(int(at[0]), self.cursor[1])

    # -------------------------------------------------------------- columns

    def _reshape(self, shape: Shape) -> None:
        assert self.rows is not None
        self.shape, self.laid = shape, lay(self.rows, shape)
        self.cursor = (self.cursor[0], min(self.cursor[1], len(self.laid) - 1))
        self.forget()
        self.lay_out()

    def action_widen(self, by: int) -> None:
        """Make the column under the cursor wider or narrower."""
        column = self._column()
        if column is not None:
            width = max(LEAST, self.laid[self.cursor[1]].width + by)
            self._reshape(replace(self.shape, widths={**self.shape.widths, column.number: width}))

    def action_hide(self) -> None:
        """Hide the column under the cursor; the last one stays."""
        column = self._column()
        if column is not None and len(self.laid) > 1:
            self._reshape(replace(self.shape, hidden=self.shape.hidden | {column.number}))

    def action_all_columns(self) -> None:
        """Show all columns, in their own width."""
        if self.rows:
            self._reshape(Shape())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the pointer is."""
        x = event.x - self._numbers + int(self.scroll_offset.x)
        place = next((n for n, laid in enumerate(self.laid) if x < laid.x + laid.width + GAP), len(self.laid) - 1)
        if event.y == 0 and self.laid:
            self.cursor = (self.cursor[0], place)
            self.action_sort()
        elif event.y > 0:
            self.go(int(self.scroll_offset.y) + event.y - 1, place)


def _of_all(count: int, every: int, word: str) -> str:
    """How many of how many, where it is not all."""
    words = word if every == 1 else f"{word}s"
    return f"{count:,} {words}" if count == every else f"the first {count:,} of {every:,} {words}"
