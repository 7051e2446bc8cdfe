"""Results on the screen of the prompt: as they are where they fit, else in a pager."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import Diagnostics, wants_colour
from cubeql.cli.output.formats import Format
from cubeql.cli.output.kept import Kept
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.pager import CommandSink, pager_command
from cubeql.cli.output.sink import MemorySink, Sink, stdout_sink
from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.drawing.ansi import Canvas

_PROMPT_LINES = 3
_ALL_ROWS = ".pager on shows all"
_ALL_COLUMNS = ".x shows all"


@dataclass(frozen=True, slots=True)
class Screen:
    """How results are shown at the prompt.

    Attributes:
        diagnostics: told to draw no progress over a pager.
        paging: ``auto``, ``on`` or ``off``: whether long ones, all or none go to a pager.
        max_rows: rows of a table shown without one; 0 shows all.
        colour: ``auto``, ``always`` or ``never``.
    """

    diagnostics: Diagnostics
    paging: str
    max_rows: int
    colour: str

    def show(self, kept: Kept, chosen: Format) -> Written:
        """Show a result.

        Raises:
            ConfigError: the format is binary.
        """
        out = stdout_sink()
        if not out.terminal:
            written = chosen.write(kept.rows(), out, Layout(unicode=False))
            out.finish(complete=True)
            return written
        if chosen.binary:
            raise ConfigError(f"{chosen.name} is binary and does not go to a terminal: .once FILE writes it")
        pager = None if self.paging == "off" else pager_command(self.paging == "on")
        if pager is None:
            written = chosen.write(kept.rows(), out, self.layout(out, chosen, self.max_rows))
            out.finish(complete=True)
            return written
        fitted = None if self.paging == "on" else self._fitted(kept, chosen, out)
        return fitted or self._paged(kept, chosen, out, pager)

    @property
    def coloured(self) -> bool:
        """Whether there may be colours."""
        return wants_colour(self.colour, sys.stdout)

    def canvas(self) -> Canvas:
        """What a picture is drawn on: the terminal without the lines of the prompt."""
        from cubeql.drawing.ansi import Canvas, depth_of

        out, size = stdout_sink(), shutil.get_terminal_size()
        depth = depth_of(self.coloured)
        return Canvas(size.columns - 1, size.lines - _PROMPT_LINES - 1, depth, out.unicode)

    def layout(self, out: Sink, chosen: Format, max_rows: int = 0) -> Layout:
        """The layout of a format; on a terminal for its width, with so many rows or, for 0, all."""
        people = chosen.for_people and out.terminal
        return Layout(
            max_rows=max_rows or None if people else None,
            width=out.width if people else None,
            unicode=out.terminal and out.unicode,
            colour=self.coloured,
            all_rows=_ALL_ROWS,
            all_columns=_ALL_COLUMNS,
        )

    def _fitted(self, kept: Kept, chosen: Format, out: Sink) -> Written | None:
        """Write a result that fits the screen; None of a longer one."""
        draft = _Draft(shutil.get_terminal_size().lines - _PROMPT_LINES, out)
        try:
            written = chosen.write(kept.rows(), draft, self.layout(out, chosen))
        except _TooLongError:
            return None
        out.write(draft.text)
        out.finish(complete=True)
        return written

    def _paged(self, kept: Kept, chosen: Format, out: Sink, pager: str) -> Written:
        layout = Layout(unicode=out.unicode, colour=self.coloured)
        notices: tuple[str, ...] = ()
        sink = CommandSink(pager, out.encoding)
        with self.diagnostics.without_progress():
            try:
                notices = chosen.write(kept.rows(), sink, layout).notices
            except BrokenPipeError:  # somebody has seen enough
                if not kept.complete:
                    notices = (f"the pager was left after {kept.count} rows had been read; there may be more",)
            finally:
                sink.finish(complete=True)
        return Written(kept.count, (*notices, *sink.complaints()), paged=True)


class _TooLongError(Exception):
    """What is written does not fit the screen."""


class _Draft(MemorySink):
    """Text that is kept as long as it fits the screen."""

    def __init__(self, lines: int, out: Sink) -> None:
        super().__init__(out)
        self._lines = lines

    def write(self, text: str) -> None:
        """Keep more text."""
        super().write(text)
        self._lines -= text.count("\n")
        if self._lines < 0:
            raise _TooLongError


def show_text(text: str, screen: Screen) -> None:
    """Show a text that is no result, such as a plan or help; in a pager where it is longer than the screen."""
    out = stdout_sink()
    long = text.count("\n") > shutil.get_terminal_size().lines - _PROMPT_LINES
    wanted = screen.paging == "on" or (screen.paging == "auto" and long)
    pager = pager_command(screen.paging == "on") if out.terminal and wanted else None
    if pager is None:
        out.write(text)
        out.finish(complete=True)
        return
    sink = CommandSink(pager, out.encoding)
    try:
        sink.write(text)
    except BrokenPipeError:
        pass
    finally:
        sink.finish(complete=True)
