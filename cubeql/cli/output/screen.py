"""Results on the screen of the prompt: as they are where they fit, else in a pager."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import Diagnostics, wants_colour
from cubeql.cli.output.formats import Format
from cubeql.cli.output.kept import Kept
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.pager import CommandSink, pager_command
from cubeql.cli.output.sink import MemorySink, Sink, stdout_sink
from cubeql.cli.output.table import FEW_ROWS
from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.drawing.ansi import Canvas

_PROMPT_LINES = 3
_SCREENS = 10  # how much of a text is drawn to see whether it fits
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
        if self.paging == "off" or pager_command() is None:
            written = chosen.write(kept.rows(), out, self.layout(out, chosen, self.max_rows))
            out.finish(complete=True)
            return written
        drawn = None if self.paging == "on" else self._drawn(kept, chosen, out)
        if drawn is None:
            everything = Layout(unicode=out.unicode, colour=self.coloured)
            return self._paged(lambda sink: chosen.write(kept.rows(), sink, everything), kept, out)
        draft, written = drawn
        if draft.fits:
            out.write(draft.text)
            out.finish(complete=True)
            return written
        return self._paged(lambda sink: _copied(draft.text, sink, written), kept, out)

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

    def _drawn(self, kept: Kept, chosen: Format, out: Sink) -> tuple[_Draft, Written] | None:
        """A result drawn for the width of the screen; None where that would leave something out of a longer one."""
        draft = _Draft(shutil.get_terminal_size().lines - _PROMPT_LINES, out)
        try:
            written = chosen.write(kept.rows(), draft, self.layout(out, chosen))
        except _TooLongError:
            return None
        whole = chosen.for_people and written.rows <= FEW_ROWS and not written.notices
        return (draft, written) if draft.fits or whole else None

    def _paged(self, write: Callable[[Sink], Written], kept: Kept, out: Sink) -> Written:
        notices: tuple[str, ...] = ()
        sink = CommandSink(pager_command() or "cat", out.encoding)
        with self.diagnostics.without_progress():
            try:
                notices = write(sink).notices
            except BrokenPipeError:  # somebody has seen enough
                if not kept.complete:
                    notices = (f"the pager was left after {kept.count} rows had been read; there may be more",)
            finally:
                sink.finish(complete=True)
        return Written(kept.count, (*notices, *sink.complaints()), paged=True)


class _TooLongError(Exception):
    """What is written is much longer than the screen."""


class _Draft(MemorySink):
    """Text that is kept while it is not much longer than the screen."""

    def __init__(self, lines: int, out: Sink) -> None:
        super().__init__(out)
        self._lines = lines
        self._most = lines * _SCREENS

    @property
    def fits(self) -> bool:
        """Whether it fits the screen."""
        return self._lines >= 0

    def write(self, text: str) -> None:
        """Keep more text."""
        super().write(text)
        self._lines -= text.count("\n")
        self._most -= text.count("\n")
        if self._most < 0:
            raise _TooLongError


def _copied(text: str, sink: Sink, written: Written) -> Written:
    sink.write(text)
    return written


def show_text(text: str, screen: Screen) -> None:
    """Show a text that is no result, such as a plan or help; in a pager where it is longer than the screen."""
    out = stdout_sink()
    long = text.count("\n") > shutil.get_terminal_size().lines - _PROMPT_LINES
    wanted = screen.paging == "on" or (screen.paging == "auto" and long)
    pager = pager_command() if out.terminal and wanted else None
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
