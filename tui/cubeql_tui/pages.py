"""What lies over the screen for a moment: the help page, and one whole row."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from cubeql_tui.actions import PLACES, actions_of


class Page(ModalScreen[None]):
    """A text over the screen, to be scrolled and closed.

    Args:
        title: at its border.
        body: what it says.
    """

    DEFAULT_CSS = """
    Page { align: center middle; background: $background 60%; }
    Page > VerticalScroll { width: 100; max-width: 96%; height: auto; max-height: 90%; padding: 1 3;
                            border: round $primary; background: $surface; border-title-color: $primary;
                            border-subtitle-color: $foreground 50%;
                            scrollbar-size: 1 1; }
    Page Static { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "Close")]

    def __init__(self, title: str, body: Text | Table) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll() as box:
            box.border_title = self._title
            box.border_subtitle = "Esc closes"
            yield Static(self._body, id="body")


def help_page(key_colour: str) -> Page:
    """All actions with their keys, by place; made of the table of actions."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for number, (place, heading) in enumerate(PLACES.items()):
        if number:
            grid.add_row("", "")
        grid.add_row(Text(heading, "bold"), "")
        for action in actions_of(place):
            grid.add_row(Text("  " + "  ".join(action.all_keys), key_colour), Text(action.help))
    grid.add_row("", "")
    grid.add_row(Text("  ^p", key_colour), Text("the palette: every action by its name, and the themes"))
    return Page("Keys", grid)


def row_page(number: int, names: list[str], values: list[str]) -> Page:
    """One row, a column a line, nothing cut off."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", style="dim")
    grid.add_column(overflow="fold")
    for name, value in zip(names, values, strict=True):
        grid.add_row(Text(name), Text(value))
    return Page(f"Row {number:,}", grid)
