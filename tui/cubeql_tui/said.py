"""Words where rows would be."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cubeql.errors import CubeQLError
from cubeql_tui.words import fault_text


class Said(VerticalScroll, can_focus=False):
    """What a statement without rows has done, or why it has none."""

    DEFAULT_CSS = """
    Said { height: 1fr; scrollbar-size: 1 1; }
    Said Static { height: auto; padding: 1 2; }
    """
    _fault: CubeQLError | None = None

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield Static("", id="words")

    def say(self, said: Text | CubeQLError) -> None:
        """Say something; a fault is written in the colours of the theme."""
        self._fault = None if isinstance(said, Text) else said
        words = said if isinstance(said, Text) else fault_text(said, self.app.theme_variables)
        self.query_one(Static).update(words)

    def recolour(self) -> None:
        """Follow the theme."""
        if self._fault is not None:
            self.say(self._fault)
