"""How a statement would run: the steps as a tree, what is read of all, and the SQL beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.console import Group
from rich.syntax import Syntax
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from cubeql_tui.actions import Place, bindings
from cubeql_tui.themes import sql_theme

_KEPT = re.compile(r"\b(tiles|files|rows) ([\d,]+) of ([\d,]+)")
_GAUGE = 10


def tree_of(lines: Sequence[str], colours: Mapping[str, str]) -> Text:
    """Lines that are indented by two blanks a step, as a tree; what is kept of all has a gauge."""
    depths = [(len(line) - len(line.lstrip())) // 2 for line in lines]
    text = Text()
    for number, line in enumerate(lines):
        guides = ""
        for depth in range(1, depths[number] + 1):
            goes_on = _goes_on(depths, number, depth)
            last = depth == depths[number]
            guides += ("├─ " if goes_on else "└─ ") if last else ("│  " if goes_on else "   ")
        text.append(guides, colours["border"])
        text.append_text(_step(line.strip(), colours))
        text.append("\n")
    return text


def _goes_on(depths: Sequence[int], number: int, depth: int) -> bool:
    """Whether another step of this depth follows below the same one."""
    following = next((d for d in depths[number + 1 :] if d <= depth), None)
    return following == depth


def _step(line: str, colours: Mapping[str, str]) -> Text:
    word, _, rest = line.partition(" ")
    text = Text.assemble((word, f"bold {colours['primary']}"), " ")
    found = _KEPT.search(rest)
    if found is None:
        return text.append(rest)
    kept, every = (int(found[i].replace(",", "")) for i in (2, 3))
    text.append(rest[: found.start()])
    return text.append_text(gauge(kept, every, colours)).append(" " + rest[found.start() :])


def gauge(kept: int, every: int, colours: Mapping[str, str]) -> Text:
    """How much of all, as a bar."""
    filled = 0 if not every else max(int(kept > 0), round(_GAUGE * kept / every))
    return Text.assemble(("█" * filled, colours["accent"]), ("░" * (_GAUGE - filled), colours["border"]))


class PlanView(Container, can_focus=True):
    """The tree and the SQL; beside each other where there is room."""

    DEFAULT_CSS = """
    PlanView { height: 1fr; layout: vertical; }
    PlanView VerticalScroll { height: 1fr; width: 1fr; padding: 0 2; scrollbar-size: 1 1; }
    PlanView #sql-scroll { border-top: solid $border; }
    PlanView Static { width: auto; }
    """
    PLACE: ClassVar[Place] = "plan"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]
    _shown: tuple[Sequence[str], str, str] | None = None

    def compose(self) -> ComposeResult:
        """Two texts that scroll."""
        with VerticalScroll(can_focus=False):
            yield Static("", id="steps")
        with VerticalScroll(id="sql-scroll", can_focus=False):
            yield Static("", id="sql")

    def show(self, plan: Sequence[str], summary: str, sql: str) -> None:
        """Show another plan."""
        self._shown = (plan, summary, sql)
        colours = self.app.theme_variables
        said = Text(summary + "\n", colours["foreground"])
        self.query_one("#steps", Static).update(Group(said, tree_of(plan, colours)))
        theme = sql_theme(self.app.theme)
        self.query_one("#sql", Static).update(Syntax(sql, "sql", theme=theme, background_color=colours["background"]))

    def recolour(self) -> None:
        """Follow the theme."""
        if self._shown is not None:
            self.show(*self._shown)

    def say(self, words: Text) -> None:
        """Say why there is no plan."""
        self._shown = None
        self.query_one("#steps", Static).update(words)
        self.query_one("#sql", Static).update("")

    def action_scroll(self, lines: int) -> None:
        """Scroll both texts."""
        for box in self.query(VerticalScroll):
            box.scroll_relative(y=lines, animate=False)
