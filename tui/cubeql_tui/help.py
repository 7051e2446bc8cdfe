"""The help page: first steps, then every action with its keys, the place that has the focus first; found by typing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cubeql_tui.actions import PLACES, Action, Place, actions_of
from cubeql_tui.words import first_steps

_KEYS_WIDTH = 16


class HelpPage(ModalScreen[None]):
    """What can be done, and how.

    Args:
        actions: the table, with the keys that hold.
        place: the one that has the focus.
        colour: of keys.
    """

    DEFAULT_CSS = """
    HelpPage { align: center middle; background: $background 60%; }
    HelpPage > Vertical { width: 104; max-width: 96%; height: 92%; padding: 0 2; border: round $primary;
                          background: $surface; border-title-color: $primary;
                          border-subtitle-color: $quiet; }
    HelpPage Input { border: none; height: 1; margin: 1 0; padding: 0 1; background: $panel; }
    HelpPage VerticalScroll { height: 1fr; scrollbar-size: 1 1; background: $surface; }
    HelpPage #said { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "Close"),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(12)", show=False),
        Binding("pageup", "scroll(-12)", show=False),
    ]

    def __init__(self, actions: tuple[Action, ...], place: Place | None, colour: str) -> None:
        super().__init__()
        self._actions, self._place, self._colour = actions, place, colour

    def compose(self) -> ComposeResult:
        """A field, and what answers to its words."""
        with Vertical() as box:
            box.border_title = "Help"
            box.border_subtitle = "type to search · ↑ ↓ scroll · Esc closes"
            yield Input(placeholder="search: a word of what you want to do, or a key", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(self._found(""), id="said")

    @on(Input.Changed)
    def _sought(self, event: Input.Changed) -> None:
        self.query_one("#said", Static).update(self._found(event.value))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_scroll(self, lines: int) -> None:
        """Move the text; the field keeps the keys."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _found(self, sought: str) -> Group | Text:
        words = sought.casefold().split()
        parts = list(self._parts(words))
        return Group(*parts) if parts else Text(f"Nothing here answers to “{sought}”.")

    def _parts(self, words: list[str]) -> Iterator[Text | Table]:
        """Headings, each with its keys and what they do."""
        if not words:
            yield Text("First steps", "bold")
            yield self._keys(first_steps(self._actions))
        for place, actions in self._by_place(words):
            here = ("   you are here", self._colour) if place == self._place else ""
            yield Text.assemble((PLACES[place], "bold"), here)
            yield self._keys([("  ".join(action.all_keys), action.help) for action in actions])

    def _keys(self, rows: list[tuple[str, str]]) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, min_width=_KEYS_WIDTH)
        grid.add_column()
        for keys, said in rows:
            grid.add_row(Text(f"  {keys}", self._colour), Text(said))
        grid.add_row("", "")
        return grid

    def _by_place(self, words: list[str]) -> Iterator[tuple[Place, list[Action]]]:
        """Places with their actions that answer to all words; the one that has the focus comes first."""
        for place in sorted(PLACES, key=lambda p: p != self._place):
            found = [a for a in actions_of(place, self._actions) if all(word in _known(a) for word in words)]
            if found:
                yield place, found


def _known(action: Action) -> str:
    return " ".join((PLACES[action.place], action.label, action.help, *action.all_keys)).casefold()
