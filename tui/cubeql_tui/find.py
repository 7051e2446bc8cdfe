"""A line in which words are typed that rows must have."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class FindPage(ModalScreen[str | None]):
    """Enter gives the words, empty ones for all rows; Esc gives nothing.

    Args:
        words: those of before.
    """

    DEFAULT_CSS = """
    FindPage { align: center bottom; background: transparent; }
    FindPage > Vertical { width: 84; max-width: 94%; height: auto; margin-bottom: 3; border: round $primary;
                          background: $surface; border-title-color: $primary; border-subtitle-color: $quiet;
                          padding: 0 2; }
    FindPage Input { border: none; height: 1; background: $panel; }
    FindPage Static { color: $quiet; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """The field, and what is looked through."""
        with Vertical() as box:
            box.border_title = "Find rows"
            box.border_subtitle = "Enter finds, Esc closes"
            yield Input(self._words, placeholder="forest, 2020-05, 84be0e5ffffffff, 12.5 …", compact=True)
            yield Static("in texts and class names, in times, as the beginning of a number, as a cell or one above it")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
