"""The page on which a statement that was run is found again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cubeql.drawing.display import seconds_text
from cubeql.history import Asked, History
from cubeql_tui.running import Run

_SIGNS = {"done": "✓", "cancelled": "■", "failed": "✗"}


def asked(run: Run) -> Asked:
    """What is to be kept of a statement that has ended."""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = len(run.rows) if run.rows is not None else 0
    return Asked(run.text, when, str(run.session.store.address), run.state, rows, round(run.seconds, 3))


class HistoryPage(ModalScreen[str | None]):
    """Find a statement; Enter puts it into the editor."""

    DEFAULT_CSS = """
    HistoryPage { align: center middle; background: $background 60%; }
    HistoryPage > Vertical { width: 90%; max-width: 120; height: 80%; border: round $primary; background: $surface;
                             border-title-color: $primary; border-subtitle-color: $quiet; padding: 0 1; }
    HistoryPage Input { border: none; height: 1; margin: 1 0; background: $panel; }
    HistoryPage OptionList { height: 1fr; border: none; background: $surface; padding: 0; text-wrap: nowrap;
                             text-overflow: ellipsis; scrollbar-size: 1 1; }
    HistoryPage #whole { height: auto; max-height: 40%; border-top: solid $border; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f8", "dismiss", "Close"),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._found: list[Asked] = []

    def compose(self) -> ComposeResult:
        """The field, the list, the whole text of the one under the cursor."""
        with Vertical() as box:
            box.border_title = "History"
            box.border_subtitle = "Enter puts it into the editor, Esc closes"
            yield Input(placeholder="words of the statement", compact=True)
            found = OptionList()
            found.can_focus = False
            yield found
            yield Static("", id="whole")

    def on_mount(self) -> None:
        """Show all."""
        self._seek("")

    @on(Input.Changed)
    def _sought(self, event: Input.Changed) -> None:
        self._seek(event.value)

    def _seek(self, words: str) -> None:
        self._found = self._history.find(words)
        shown = self.query_one(OptionList)
        shown.clear_options()
        shown.add_options([Option(_line(asked)) for asked in self._found])
        shown.highlighted = 0 if self._found else None
        if not self._found:
            self.query_one("#whole", Static).update(Text("Nothing was asked with these words.", "dim"))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#whole", Static).update(Text(self._found[event.option_index].text))

    def action_step(self, lines: int) -> None:
        """Move the cursor; the field keeps the keys."""
        shown = self.query_one(OptionList)
        (shown.action_cursor_down if lines > 0 else shown.action_cursor_up)()

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        at = self.query_one(OptionList).highlighted
        self.dismiss(None if at is None else self._found[at].text)


def _line(asked: Asked) -> Text:
    cost = f"{asked.rows:>9,} rows {seconds_text(asked.seconds):>8}" if asked.state == "done" else asked.state
    said = f"{_SIGNS.get(asked.state, '·')} {asked.when[:16].replace('T', ' ')} {cost:>23}  "
    return Text.assemble((said, "dim"), " ".join(asked.text.split()), no_wrap=True, overflow="ellipsis")
