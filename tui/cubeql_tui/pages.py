"""What lies over the screen for a moment: one whole row, what is known of a column."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


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
                            border-subtitle-color: $quiet;
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


def row_page(number: int, names: list[str], values: list[str]) -> Page:
    """One row, a column a line, nothing cut off."""
    return facts_page(f"Row {number:,}", names, values)


def facts_page(title: str, names: list[str], values: list[str]) -> Page:
    """Headings with a text each, nothing cut off."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", style="dim")
    grid.add_column(overflow="fold")
    for name, value in zip(names, values, strict=True):
        grid.add_row(Text(name), Text(value))
    return Page(title, grid)
