"""The page on which something is written to a file, and which says how that goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cubeql.drawing.display import bytes_text, seconds_text
from cubeql.errors import CubeQLError
from cubeql_tui.exports import Subject
from cubeql_tui.files import at_home
from cubeql_tui.running import Run

_BEAT_S = 0.1
_SHOWN = 8  # names that are offered at once


class ExportPage(ModalScreen[None]):
    """Asks what and where, writes it, stays until it has been read what came of it.

    Args:
        subjects: what can be written; the first is offered first.
        folder: where a bare name will lie.
        copying: makes the run that writes rows to a file.
    """

    DEFAULT_CSS = """
    ExportPage { align: center middle; background: $background 60%; }
    ExportPage > Vertical { width: 92; max-width: 96%; height: auto; border: round $primary; background: $surface;
                            border-title-color: $primary; border-subtitle-color: $quiet; padding: 1 2; }
    ExportPage Input { border: none; height: 1; margin: 1 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", priority=True),
        Binding("tab", "complete", "Complete", priority=True),
        Binding("down", "turn(1)", show=False, priority=True),
        Binding("up", "turn(-1)", show=False, priority=True),
    ]

    class Ended(Message):
        """It was written, or could not be; ``error`` is empty then or says why."""

        def __init__(self, error: str, cancelled: bool, said: str, seconds: float) -> None:
            self.error, self.cancelled, self.said, self.seconds = error, cancelled, said, seconds
            super().__init__()

    def __init__(self, subjects: Sequence[Subject], folder: Path, copying: Callable[[str], Run]) -> None:
        super().__init__()
        self._subjects, self._folder, self._copying = list(subjects), folder, copying
        self._at = 0
        self._run: Run | None = None
        self._writing = False
        self._target = ""
        self._agreed = ""  # a file that is there, of which it was said that it may be replaced

    @property
    def subject(self) -> Subject:
        """What is to be written."""
        return self._subjects[self._at]

    def compose(self) -> ComposeResult:
        """What is written, the field, what is to be said."""
        with Vertical() as box:
            box.border_title = "Export"
            yield Static("", id="what")
            yield Input(compact=True)
            yield Static("", id="said")

    def on_mount(self) -> None:
        """Say what can be written."""
        self._turned()
        self.set_interval(_BEAT_S, self._beat)

    # -------------------------------------------------------------- words

    def _turned(self) -> None:
        names = Text()
        for number, subject in enumerate(self._subjects):
            names.append(f" {subject.name} ", "reverse bold" if number == self._at else "dim")
            names.append("  ")
        about = Text(" ".join(self.subject.about.split()), "dim", no_wrap=True, overflow="ellipsis")
        self.query_one("#what", Static).update(Text("\n").join([names, about]))
        field = self.query_one(Input)
        field.placeholder = (
            f"{'result' if self.subject.write is None else self.subject.name}{next(iter(self.subject.kinds))}"
        )
        self._say()

    def _hint(self, keys: str) -> None:
        self.query_one(Vertical).border_subtitle = keys

    def _say(self, more: Text | None = None) -> None:
        """What the endings mean, and what else is to be said."""
        choice = "  ↑↓ what" if len(self._subjects) > 1 else ""
        self._hint(f"Enter writes it  Tab completes{choice}  Esc closes")
        name = self.query_one(Input).value
        chosen = Path(name).suffix.lower()
        text = Text()
        for ending, words in self.subject.kinds.items():
            mark = chosen == ending
            text.append(f"{ending:<10}", "bold" if mark else "")
            text.append(f"{words}\n", "bold" if mark else "dim")
        if more is not None:
            text.append_text(Text("\n").append_text(more))
        elif name and chosen in self.subject.kinds:
            path = self._path(name)
            text.append(f"\n{path}")
            if _is_file(path):
                text.append("  is there already", f"bold {self.app.theme_variables['warning']}")
        self.query_one("#said", Static).update(text)

    def _path(self, name: str) -> str:
        return name if name.startswith("s3://") else str(self._folder / at_home(name))

    # -------------------------------------------------------------- keys

    def action_turn(self, steps: int) -> None:
        """Write something else."""
        if not self._writing:
            self._at = (self._at + steps) % len(self._subjects)
            self._turned()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """Say what comes of the name; an ending that only something else can have chooses that."""
        self._agreed = ""
        ending = Path(event.value).suffix.lower()
        fitting = [number for number, subject in enumerate(self._subjects) if ending in subject.kinds]
        if fitting and self._at not in fitting:
            self._at = fitting[0]
            self._turned()
        else:
            self._say()

    def action_complete(self) -> None:
        """Complete the path as far as there is one way only."""
        field = self.query_one(Input)
        found = completions(field.value, self._folder)
        if found:
            common = os.path.commonprefix(found)  # noqa: RUF071  (letters, not folders)
            with field.prevent(Input.Changed):
                field.value = common if len(common) > len(field.value) else field.value
            field.cursor_position = len(field.value)
            more = f"  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            names = "  ".join(Path(name).name + ("/" if name.endswith("/") else "") for name in found[:_SHOWN])
            self._say(Text(names + more, "dim") if len(found) > 1 else None)

    def action_leave(self) -> None:
        """Stop what is being written, else close."""
        if self._writing and self._run is not None:
            self._run.cancel()
        elif not self._writing:
            self.dismiss()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        warning = f"bold {self.app.theme_variables['warning']}"
        if self._writing or not name:
            return
        if Path(name).suffix.lower() not in self.subject.kinds:
            self._say(Text("The ending of the name chooses the format: it must be one of these.", warning))
            return
        path = self._path(name)
        if _is_file(path) and self._agreed != path:
            self._agreed = path
            self._say(Text(f"{path} is there already: Enter once more replaces it.", warning))
            return
        self._write(path)

    # -------------------------------------------------------------- writing

    def _write(self, path: str) -> None:
        try:
            self._run = self._copying(path) if self.subject.write is None else None
        except CubeQLError as error:  # the store has gone meanwhile
            self._say(Text(str(error), self.app.theme_variables["error"]))
            return
        self._writing, self._target = True, path
        self._hint("Esc stops it" if self._run else "")
        self._work(self.subject, self._run, path)
        self._beat()

    @work(thread=True)
    def _work(self, subject: Subject, run: Run | None, path: str) -> None:
        error = said = ""
        if run is not None:
            with run.session:
                run.work(lambda: None)
            error, said = str(run.error or ""), run.message or ""
            self.post_message(self.Ended(error, run.state == "cancelled", said, run.seconds))
            return
        try:
            assert subject.write is not None
            subject.write(Path(path))
        except (CubeQLError, OSError) as fault:
            error = str(fault)
        self.post_message(self.Ended(error, False, "", 0.0))

    def _beat(self) -> None:
        """Say how far it is."""
        run = self._run
        if not self._writing or run is None or not run.at_work:
            return
        if run.cancelling:
            run.cancel()  # until it has heard
        progress = run.session.progress()
        far = f"{progress.done:,} of {progress.all:,} tiles · " if progress is not None and progress.all else ""
        words = "stopping …" if run.cancelling else f"writing … {far}{seconds_text(run.seconds)}"
        self._say(Text(words, f"bold {self.app.theme_variables['primary']}"))
        self._hint("Esc stops it")

    @on(Ended)
    def _ended(self, event: Ended) -> None:
        self._writing, self._agreed = False, ""
        colours = self.app.theme_variables
        if event.cancelled:
            self._say(Text("Stopped; no file was written.", colours["warning"]))
        elif event.error:
            self._say(Text(event.error, colours["error"]))
        else:
            size = f" · {bytes_text(Path(self._target).stat().st_size)}" if _is_file(self._target) else ""
            took = f" · {seconds_text(event.seconds)}" if event.seconds else ""
            said = event.said or self._target  # where, and how many rows
            self._say(Text.assemble(("✓ ", colours["success"]), (said, "bold"), f"{size}{took}"))
            self._hint("Esc closes")


def _is_file(path: str) -> bool:
    return not path.startswith("s3://") and os.path.isfile(path)  # noqa: PTH113  (that of Path raises where a name is too long)


def completions(name: str, folder: Path) -> list[str]:
    """What a path may go on to, as it is typed; folders end with a slash."""
    typed, _, begun = name.rpartition("/")
    above = typed + "/" if "/" in name else ""
    try:
        with os.scandir(folder / at_home(above or ".")) as found:
            hits = [entry for entry in found if entry.name.startswith(begun) and not entry.name.startswith(".")]
            return sorted(above + entry.name + ("/" if entry.is_dir() else "") for entry in hits)
    except (OSError, ValueError):
        return []
