"""Where a text is read from or kept, and where words are found in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

ENDING = ".cql"
_MOST_BYTES = 1_000_000


class FilePage(ModalScreen[Path | None]):
    """Asks for the name of a file of statements.

    Args:
        saving: whether it will be written; else it must be there.
        folder: where a bare name lies.
        last: the file that was read or written last.
    """

    DEFAULT_CSS = """
    FilePage { align: center middle; background: $background 60%; }
    FilePage > Vertical { width: 84; max-width: 94%; height: auto; border: round $primary; background: $surface;
                          border-title-color: $primary; border-subtitle-color: $quiet; padding: 1 2; }
    FilePage Input { border: none; height: 1; margin: 0 0 1 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, saving: bool, folder: Path, last: Path | None) -> None:
        super().__init__()
        self._saving, self._folder, self._last = saving, folder, last

    def compose(self) -> ComposeResult:
        """The field, and what stands against it."""
        with Vertical() as box:
            box.border_title = "Save the statements to a file" if self._saving else "Open a file of statements"
            box.border_subtitle = f"Enter {'saves' if self._saving else 'opens'} it, Esc closes"
            yield Input(str(self._last or ""), placeholder=f"name{ENDING}", compact=True)
            yield Static("", id="said")

    @property
    def _file(self) -> Path:
        path = self._folder / at_home(self.query_one(Input).value.strip())
        return path if path.suffix else path.with_suffix(ENDING)

    def _against(self) -> str:
        """Why the file cannot be; empty where it can."""
        try:
            if self._saving:
                return "" if self._file.parent.is_dir() else f"there is no folder {self._file.parent}"
            return "" if self._file.is_file() else f"there is no file {self._file}"
        except (OSError, ValueError) as error:  # such as a name that is too long
            return str(error)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        text = Text("")
        if event.value.strip():
            against = self._against()
            replaced = self._saving and not against and os.path.exists(self._file)  # noqa: PTH110  (that of Path raises)
            text = Text(against or f"{self._file}{'  is there and will be replaced' if replaced else ''}")
        self.query_one("#said", Static).update(text)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() and not self._against():
            self.dismiss(self._file)


def working_folder() -> Path:
    """The folder that paths begin in; that of the person where the program's own was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


def at_home(path: str) -> Path:
    """A path with its ``~`` resolved; of a person whom this machine does not know it stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  (that of Path raises)


def read_statements(file: Path) -> str:
    """The text of a file.

    Raises:
        OSError: it cannot be read, is no text, or too long for an editor.
    """
    if file.stat().st_size > _MOST_BYTES:
        raise OSError(f"{file} is longer than {_MOST_BYTES:,} bytes; cubeql -f runs it")
    try:
        return file.read_text("utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise OSError(f"{file} is no text in UTF-8") from error


class FindBar(Horizontal):
    """A line below the editor in which words are sought."""

    DEFAULT_CSS = """
    FindBar { height: 1; display: none; padding: 0 1; background: $panel; }
    FindBar Input { border: none; height: 1; width: 1fr; padding: 0; background: $panel; }
    FindBar Static { width: auto; color: $quiet; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]

    class Sought(Message):
        """Words are sought: at the cursor (0), behind it (1) or before it (-1)."""

        def __init__(self, words: str, step: int) -> None:
            self.words, self.step = words, step
            super().__init__()

    class Closed(Message):
        """Nothing is sought any more."""

    def compose(self) -> ComposeResult:
        """The field, and what was found."""
        yield Input(placeholder="find; Enter or ↓ the next, ↑ the one before, Esc closes", compact=True, id="find")
        yield Static("", id="count")

    def open(self, words: str) -> None:
        """Seek, beginning with words that were chosen."""
        self.display = True
        field = self.query_one(Input)
        if words:
            field.value = words
        field.focus()

    def tell(self, nth: int, count: int) -> None:
        """Say which of how many is seen."""
        self.query_one("#count", Static).update(f"{nth} of {count}" if count else "not found")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Sought(event.value, 0))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_step(1)

    def action_step(self, step: int) -> None:
        """The next, or the one before."""
        self.post_message(self.Sought(self.query_one(Input).value, step))

    def action_close(self) -> None:
        """Back to the text."""
        self.display = False
        self.post_message(self.Closed())
