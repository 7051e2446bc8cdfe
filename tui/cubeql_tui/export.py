"""Where a result is to be written."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

ENDINGS = (".parquet", ".csv", ".geojson", ".tif", ".arrow", ".json", ".jsonl", ".tsv")
"""What COPY writes; the ending of the name chooses."""


class ExportPage(ModalScreen[str | None]):
    """Asks for the name of a file; the statement is run again and its rows go there.

    Args:
        text: the statement.
        folder: where a bare name will lie.
    """

    DEFAULT_CSS = """
    ExportPage { align: center middle; background: $background 60%; }
    ExportPage > Vertical { width: 84; max-width: 94%; height: auto; border: round $primary; background: $surface;
                            border-title-color: $primary; border-subtitle-color: $quiet; padding: 1 2; }
    ExportPage Input { border: none; height: 1; margin: 1 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, text: str, folder: Path) -> None:
        super().__init__()
        self._text, self._folder = text, folder

    def compose(self) -> ComposeResult:
        """The statement, the field, what can be written."""
        with Vertical() as box:
            box.border_title = "Export"
            box.border_subtitle = "Enter writes it, Esc closes"
            yield Static(Text(" ".join(self._text.split()), "dim", no_wrap=True, overflow="ellipsis"))
            yield Input(placeholder="result.parquet", compact=True)
            yield Static("", id="said")

    def on_mount(self) -> None:
        """Say what can be written."""
        self._say("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._say(event.value)

    def _say(self, name: str) -> None:
        chosen = Path(name).suffix.lower()
        text = Text()
        for ending in ENDINGS:
            text.append(f"{ending}  ", "bold" if ending == chosen else "dim")
        path = self._folder / Path(name).expanduser()
        if name and chosen in ENDINGS:
            text.append(f"\n{path}", "")
            text.append("  is there and will be replaced" if path.exists() else "", "bold")
        self.query_one("#said", Static).update(text)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        if Path(name).suffix.lower() in ENDINGS:
            self.dismiss(str(self._folder / Path(name).expanduser()))
        elif name:
            self.notify(
                "The ending of the name chooses the format: it must be one of those listed.", severity="warning"
            )
