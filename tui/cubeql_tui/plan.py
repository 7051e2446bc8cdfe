"""How a statement would run, or ran: steps as a tree with their figures, and the SQL.

``a`` runs the statement to measure its steps; that goes on in a thread and is cancelled like any other statement.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Group
from rich.syntax import Syntax
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from cubeql.drawing.display import bytes_text, seconds_text
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql.sessions import Explanation
from cubeql_tui.actions import Place, bindings
from cubeql_tui.pulse import bar, left_text, tiles_text
from cubeql_tui.themes import sql_theme
from cubeql_tui.words import fault_text

if TYPE_CHECKING:
    from cubeql.sessions import AnySession

Steps = Sequence[Any]
_GAUGE = 8
_NARROWEST = 26
_BESIDE = 110
_BEAT_S = 0.1


def steps_text(found: Explanation, width: int, colours: Mapping[str, str]) -> Text:
    """The steps as a tree at the left, their figures in columns at the right."""
    for choice, gauged in _CHOICES:
        columns = [c for c in choice if any(c(found, s, colours, gauged) is not None for s in found.steps)]
        cells = [[c(found, s, colours, gauged) or Text("") for c in columns] for s in found.steps]
        wide = _widths(columns, cells)
        if width - sum(wide) >= _NARROWEST:
            break
    room = max(_NARROWEST, width - sum(wide))
    text = Text(no_wrap=True)
    if columns:
        text.append(" " * room)
        for column, size in zip(columns, wide, strict=True):
            text.append(f"{_HEADS[column]:>{size}}", colours["quiet"])
        text.append("\n")
    depths = [s.depth for s in found.steps]
    for number, step in enumerate(found.steps):
        told = any(c.plain for c in cells[number])
        rooms = (room - 2 if told else width, width)
        for at, line in enumerate(_wrapped(step, guides(depths, number), rooms, colours)):
            text.append_text(line)
            if at == 0 and told:
                text.append(" " * (room - line.cell_len))
                for cell, size in zip(cells[number], wide, strict=True):
                    text.append(" " * (size - cell.cell_len)).append_text(cell)
            text.append("\n")
    return text


def _widths(columns: Sequence[Any], cells: Sequence[Sequence[Text]]) -> list[int]:
    return [2 + max(len(_HEADS[c]), *(row[n].cell_len for row in cells)) for n, c in enumerate(columns)]


def guides(depths: Sequence[int], number: int) -> tuple[str, str]:
    """The lines of the tree before a step, and before the lines that its words run on."""
    first = after = ""
    for depth in range(1, depths[number] + 1):
        following = next((d for d in depths[number + 1 :] if d <= depth), None)
        goes_on, last = following == depth, depth == depths[number]
        first += ("├─ " if goes_on else "└─ ") if last else ("│  " if goes_on else "   ")
        after += "│  " if goes_on else "   "
    has_below = number + 1 < len(depths) and depths[number + 1] > depths[number]
    return first, after + ("│  " if has_below else "   ")


def _wrapped(step: Any, tree: tuple[str, str], rooms: tuple[int, int], colours: Mapping[str, str]) -> list[Text]:
    """A step's words, on as many lines as they need, and what left out tiles.

    Args:
        step: the step.
        tree: the lines of the tree before the first line and before the others.
        rooms: how wide the first line may be, which has figures beside it, and how wide the others.
        colours: of the theme.
    """
    first, after = tree
    found = []
    room = max(12, rooms[1] - len(after))
    before = " " * min(room - 12, rooms[1] - rooms[0])
    for at, line in enumerate(textwrap.wrap(step.words, room, initial_indent=before) or [""]):
        word, blank, rest = line.strip().partition(" ") if at == 0 else ("", "", line)
        found.append(Text.assemble((after if at else first, colours["border"]),
                                   (word, f"bold {colours['primary']}"), blank, rest))  # fmt: skip
    note = step.note if step.tiles_kept is None else step.note.partition("; ")[2]
    for line in textwrap.wrap(note, room):
        found.append(Text.assemble((after, colours["border"]), (line, colours["quiet"])))
    return found


def gauge(kept: int, every: int, colours: Mapping[str, str]) -> Text:
    """How much of all, as a bar that never hides a little."""
    share = 0.0 if not every else max(kept / every, 0.125 / _GAUGE * (kept > 0))
    return bar(share, _GAUGE, colours["accent"], colours["border"])


def _tiles(found: Explanation, step: Any, colours: Mapping[str, str], gauged: bool) -> Text | None:
    if step.tiles_kept is None:
        return None
    if not gauged:
        return Text(_of(step))
    most = max(len(_of(s)) for s in found.steps if s.tiles_kept is not None)
    return gauge(step.tiles_kept, step.tiles_all, colours).append(f" {_of(step):>{most}}")


def _of(step: Any) -> str:
    return f"{step.tiles_kept:,} of {step.tiles_all:,}"


def _bytes(found: Explanation, step: Any, colours: Mapping[str, str], gauged: bool) -> Text | None:
    return None if step.bytes is None else Text(bytes_text(step.bytes))


def _rows(found: Explanation, step: Any, colours: Mapping[str, str], gauged: bool) -> Text | None:
    return None if step.rows is None else Text(f"{step.rows:,}")


def _time(found: Explanation, step: Any, colours: Mapping[str, str], gauged: bool) -> Text | None:
    if step.seconds is None:
        return None
    if not gauged:
        return Text(seconds_text(step.seconds))
    share = step.seconds / found.actual["seconds"] if found.actual.get("seconds") else 0.0
    said = Text(f"{seconds_text(step.seconds)} ")
    return said.append_text(bar(share, _GAUGE, colours["warning"], colours["border"]))


_CHOICES = (((_tiles, _bytes, _rows, _time), True), ((_tiles, _rows, _time), True), ((_tiles, _rows, _time), False),
            ((_rows, _time), False), ((), False))  # fmt: skip
"""Columns from wide to narrow, and whether they have bars."""
_HEADS = {_tiles: "tiles kept", _bytes: "bytes", _rows: "rows", _time: "time"}


class PlanView(Container, can_focus=True):
    """The tree and the SQL; beside each other where there is room.

    Attributes:
        session: runs the statement where its steps are to be measured; None until the screen has given one.
    """

    DEFAULT_CSS = """
    PlanView { height: 1fr; layout: vertical; }
    PlanView VerticalScroll { height: 1fr; width: 1fr; padding: 0 2; scrollbar-size: 1 1; }
    PlanView #steps-scroll { height: 3fr; }
    PlanView #sql-scroll { border-top: solid $border; }
    PlanView.-beside { layout: horizontal; }
    PlanView.-beside #steps-scroll { width: 3fr; height: 1fr; }
    PlanView.-beside #sql-scroll { width: 2fr; border-top: none; border-left: solid $border; }
    """
    PLACE: ClassVar[Place] = "plan"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session: AnySession | None = None
        self._found: Explanation | None = None
        self._text = ""
        self._values: Mapping[str, Any] = {}
        self._said: Text | None = None
        self._measuring = self._stopping = False

    def compose(self) -> ComposeResult:
        """Two texts that scroll."""
        with VerticalScroll(id="steps-scroll", can_focus=False):
            yield Static("", id="steps")
        with VerticalScroll(id="sql-scroll", can_focus=False):
            yield Static("", id="sql")

    def on_mount(self) -> None:
        """Tell how far a measurement is."""
        self.set_interval(_BEAT_S, self._beat)

    def on_resize(self) -> None:
        """The columns stand elsewhere."""
        self.call_after_refresh(self._draw)

    def show(self, found: Explanation, text: str, values: Mapping[str, Any]) -> None:
        """Show the plan of a statement with the values of its parameters."""
        self._found, self._text, self._values, self._said = found, text, values, None
        theme = sql_theme(self.app.theme)
        ground = self.app.theme_variables["background"]
        self.query_one("#sql", Static).update(Syntax(found.sql, "sql", theme=theme, background_color=ground))
        self._draw()

    def recolour(self) -> None:
        """Follow the theme."""
        if self._found is not None:
            self.show(self._found, self._text, self._values)

    def say(self, words: Text) -> None:
        """Say why there is no plan."""
        self._found = None
        self.query_one("#steps", Static).update(words)
        self.query_one("#sql", Static).update("")

    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        self.set_class(self.size.width >= _BESIDE and not found.actual, "-beside")
        colours, width = self.app.theme_variables, self.size.width
        width = (width * 3 // 5 if self.has_class("-beside") else width) - 6
        head = [self._said or self._head(found), Text(found.summary(), colours["quiet"]), Text("")]
        self.query_one("#steps", Static).update(Group(*head, steps_text(found, max(width, _NARROWEST), colours)))

    def _head(self, found: Explanation) -> Text:
        if not found.actual:
            return Text.assemble(("a", f"bold {self.app.theme_variables['accent']}"), " runs it and measures each step")
        rows, seconds = int(found.actual["rows"]), seconds_text(found.actual["seconds"])
        return Text(f"measured: {rows:,} rows in {seconds}, {seconds_text(found.elsewhere)} of it in no step")

    # -------------------------------------------------------------- measuring

    @property
    def measuring(self) -> bool:
        """Whether a statement is run to be measured."""
        return self._measuring

    def action_measure(self) -> None:
        """Run the statement, and tell what each step took."""
        if self._found is None or self._measuring or self.session is None:
            return
        self._measuring, self._stopping = True, False
        self._measure(self.session, self._text, self._values)
        self._beat()

    def stop(self) -> bool:
        """Stop a measurement; tells whether there was one."""
        if not self._measuring:
            return False
        self._stopping = True
        self._beat()
        return True

    @work(thread=True, group="measure")
    def _measure(self, session: AnySession, text: str, values: Mapping[str, Any]) -> None:
        try:
            found: Explanation | CubeQLError = session.explain(text, values or None, analyze=True)
        except CubeQLError as error:
            found = error
        self.app.call_from_thread(self._measured, found, text, values)

    def _measured(self, found: Explanation | CubeQLError, text: str, values: Mapping[str, Any]) -> None:
        self._measuring = False
        colours = self.app.theme_variables
        if text != self._text:  # another plan is seen meanwhile
            return
        if isinstance(found, QueryCancelled):
            self._said = Text.assemble(("■ ", f"bold {colours['warning']}"), "cancelled; nothing was measured")
            self._draw()
        elif isinstance(found, CubeQLError):
            self.say(fault_text(found, colours))
        else:
            self.show(found, text, values)

    def _beat(self) -> None:
        if not self._measuring or self.session is None:
            return
        if self._stopping:
            self.session.cancel()  # what has not reached the engine does not hear
        colours, progress = self.app.theme_variables, self.session.progress()
        said = Text.assemble(("● ", f"bold {colours['primary']}"), "cancelling …" if self._stopping else "measuring")
        if progress is not None and not self._stopping:
            if progress.all:
                said.append("  ").append_text(tiles_text(progress, colours, 16))
            said.append(f"  {seconds_text(progress.seconds)}")
            said.append(f"  {left_text(progress.seconds_left)}" if progress.seconds_left is not None else "")
        self._said = said
        self._draw()

    def action_scroll(self, lines: int) -> None:
        """Scroll both texts."""
        for box in self.query(VerticalScroll):
            box.scroll_relative(y=lines, animate=False)
