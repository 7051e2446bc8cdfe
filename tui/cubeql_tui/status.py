"""The line that says how a statement stands."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from cubeql.drawing.display import bytes_text, seconds_text
from cubeql.sessions import Progress
from cubeql_tui.pulse import left_text, tiles_text
from cubeql_tui.running import Run

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 24
_SIGNS = {"running": ("●", "primary"), "waiting": ("◍", "primary"), "done": ("✓", "success"),
          "cancelled": ("■", "warning"), "failed": ("✗", "error")}  # fmt: skip


class StatusLine(Static):
    """State at the left, what the statement cost at the right."""

    DEFAULT_CSS = "StatusLine { height: 1; padding: 0 2; color: $foreground 75%; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._beats = 0
        self._run: Run | None = None

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.tell(self._run))

    def on_resize(self) -> None:
        """What stands at the right moves."""
        self.tell(self._run)

    def tell(self, run: Run | None) -> None:
        """Say how a statement stands now."""
        self._run = run
        if run is None:
            self.update("")
            return
        self._beats += 1
        sign, colour = _SIGNS[run.state]
        if run.state == "running":
            sign = _SPINNER[self._beats % len(_SPINNER)]
        colours = self.app.theme_variables
        left = Text.assemble((f"{sign} ", f"bold {colours[colour]}"), state_text(run))
        progress = run.progress if run.state == "running" and not run.cancelling else None
        if progress is not None:
            wide = min(_BAR, self.content_size.width // 4)
            left.append("  ").append_text(tiles_text(progress, colours, wide))
        right = Text("  ".join(_costs(run, progress)), colours["quiet"])
        room = self.content_size.width - left.cell_len - right.cell_len
        self.update(Text.assemble(left, " " * max(2, room), right, no_wrap=True, overflow="ellipsis"))


def state_text(run: Run) -> str:
    """How a statement stands, in words."""
    count = len(run.rows) if run.rows is not None else 0
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    if run.cancelling:
        return "cancelling …"
    match run.state:
        case "running":
            return f"running, {rows} so far" if count else "running"
        case "waiting":
            return f"{rows} so far; scroll to the end for more"
        case "cancelled":
            return f"cancelled; {rows} had come" if count else "cancelled"
        case "failed":
            return "failed"
        case "done":
            return run.message or rows


def _costs(run: Run, progress: Progress | None) -> list[str]:
    found = [seconds_text(run.seconds)]
    if progress is not None:
        return found + ([left_text(progress.seconds_left)] if progress.seconds_left is not None else [])
    kept, every = run.stats.get("tiles_kept"), run.stats.get("tiles_all")
    if every:
        found.append(f"{kept:,} of {every:,} tiles")
    if run.stats.get("bytes_all"):
        found.append(f"files of {bytes_text(run.stats['bytes_all'])}")
    if run.warnings:
        found.append(f"{len(run.warnings)} warning{'' if len(run.warnings) == 1 else 's'}")
    return found
