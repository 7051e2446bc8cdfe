"""The only writer to stderr: faults, notices, timing and progress."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from cubeql.cli.outcome import BUG, exit_code
from cubeql.drawing.escape import visible
from cubeql.errors import CubeQLError, Diagnostic, QueryCancelled, QueryError, render
from cubeql.errors.render import WIDTH

_HEADING = re.compile(r"^(error|warning)(\[\w+\])?:", re.MULTILINE)
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}
_RESET = "\x1b[0m"
_NARROWEST, _GUTTER = 40, 8


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Whether to colour a stream, by ``--color auto|always|never``, ``NO_COLOR`` and ``TERM``."""
    if choice != "auto":
        return choice == "always"
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is open and a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


class Diagnostics:
    """What the command line says beside its data.

    Args:
        quiet: only faults are said.
        colour: ``auto``, ``always`` or ``never``.
        progress: progress and timing are shown where stderr is a terminal.
    """

    def __init__(self, quiet: bool = False, colour: str = "auto", progress: bool = True) -> None:
        self._stream = sys.stderr
        self._quiet = quiet
        self._colour = self._stream is not None and wants_colour(colour, self._stream)
        self.shows_progress = progress and not quiet and is_terminal(self._stream)
        self._redraws = os.environ.get("TERM") != "dumb"
        self._progress_shown = False

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads what is said."""
        return is_terminal(self._stream)

    @property
    def coloured(self) -> bool:
        """Whether it is said in colours."""
        return self._colour

    @property
    def unicode(self) -> bool:
        """Whether blocks can be drawn."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return str(encoding).lower().replace("-", "") in ("utf8", "utf16", "utf32")

    def fault(self, fault: BaseException, where: str | None = None) -> int:
        """Say what went wrong; the exit code it leads to.

        Args:
            fault: the exception.
            where: the file the statement stands in.
        """
        code = exit_code(fault)
        if code == BUG:
            self._bug(fault)
        elif isinstance(fault, KeyboardInterrupt | QueryCancelled):
            self._write("cancelled")
        else:
            text = self._told(fault) or type(fault).__name__
            if not _HEADING.match(text):
                text = f"error: {text}"
            self._write(f"in {where}:\n{text}" if where else text)
        if os.environ.get("CUBEQL_DEBUG") == "1":
            self._write("".join(traceback.format_exception(fault)).rstrip())
        return code

    def warning(self, diagnostic: Diagnostic, text: str) -> None:
        """Say a warning about a statement."""
        if not self._quiet:
            self._write(render(diagnostic, text, width=self._width))

    def notice(self, text: str) -> None:
        """Say something about the data that is not data."""
        if not self._quiet:
            self._write(self._wrapped(text))

    def timing(self, text: str) -> None:
        """Say how long something took; only to a person."""
        if self.shows_progress:
            self._write(text)

    def stats(self, values: Mapping[str, Any]) -> None:
        """One JSON line, whatever ``quiet`` says: it was asked for."""
        self._write(json.dumps(dict(values), default=str, ensure_ascii=False))

    def log(self, text: str) -> None:
        """A line of a server's log, whatever ``quiet`` says."""
        self._write(text)

    def prompt(self, text: str) -> None:
        """Ask for a line, where stdout is not there to ask on."""
        self._put(text)

    def progress(self, text: str) -> None:
        """Draw one line over the last; drawn only on a terminal that can take it away again."""
        if self.shows_progress and self._redraws:
            self._put(f"\r\x1b[K{visible(text)}")
            self._progress_shown = True

    def end_progress(self) -> None:
        """Take the progress line away."""
        if self._progress_shown:
            self._progress_shown = False
            self._put("\r\x1b[K")

    @contextmanager
    def without_progress(self) -> Iterator[None]:
        """Draw no progress here: another program has the terminal."""
        shown, self.shows_progress = self.shows_progress, False
        self.end_progress()
        try:
            yield
        finally:
            self.shows_progress = shown

    def _told(self, fault: BaseException) -> str:
        if not isinstance(fault, QueryError):
            return str(fault)
        return "\n\n".join(render(d, fault.text, width=self._width) for d in fault.diagnostics)

    def _wrapped(self, text: str) -> str:
        """The text with its lines broken between words, where a terminal would break them anywhere."""
        if not self.on_terminal:
            return text
        room = max(_NARROWEST, shutil.get_terminal_size().columns - 1)
        lines = (
            textwrap.fill(line, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
            if len(line) > room
            else line
            for line in text.split("\n")
        )
        return "\n".join(lines)

    @property
    def _width(self) -> int:
        """Columns for a line of a statement, beside its number."""
        if not self.on_terminal:
            return WIDTH
        return max(_NARROWEST, min(WIDTH, shutil.get_terminal_size().columns - _GUTTER))

    def _bug(self, fault: BaseException) -> None:
        kind = "" if isinstance(fault, CubeQLError) else f"{type(fault).__name__}: "
        self._write(f"error: this is a bug in CubeQL: {kind}{fault}")
        if os.environ.get("CUBEQL_DEBUG") != "1":
            self._write(
                "Please report it with the statement and what `cubeql doctor` prints. "
                "Set CUBEQL_DEBUG=1 to see where it happened."
            )

    def _write(self, text: str) -> None:
        self.end_progress()
        text = visible(text, lines=True)
        if self._colour:
            text = _HEADING.sub(lambda m: f"{_COLOURS[m.group(1)]}{m.group()}{_RESET}", text)
        self._put(text + "\n")

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()
        except OSError:  # nobody reads stderr any more; the exit code still says it
            self._stream = None
