"""Results that are drawn over the ones before."""

from __future__ import annotations

import shutil

from cubeql.cli.output.formats import choose
from cubeql.cli.output.layout import Written
from cubeql.cli.output.screen import Screen
from cubeql.cli.output.sink import MemorySink, stdout_sink
from cubeql.formats.rows import Rows

_FRAME = 8  # lines of the heading, of a table's frame and head, of notices, and the cursor's


class Redrawn:
    """A place on the terminal for one result after the other; elsewhere they stand one below the other.

    Attributes:
        heading: the line above.
    """

    at_once = True

    def __init__(self, screen: Screen, mode: str) -> None:
        self.heading = ""
        self._screen = screen
        self._format = choose(mode, None)
        self._lines = 0

    def write(self, rows: Rows) -> Written:
        """Draw a result, as much as the terminal has room for."""
        out = stdout_sink()
        draft = MemorySink(out)
        room = max(1, shutil.get_terminal_size().lines - _FRAME) if out.terminal else 0
        written = self._format.write(rows, draft, self._screen.layout(out, self._format, room))
        text = "\n".join([self.heading, draft.text.rstrip("\n"), *written.notices]) + "\n"
        if out.terminal and self._lines:
            out.write(f"\x1b[{self._lines}F\x1b[J")
        out.write(text)
        out.finish(complete=True)
        self._lines = text.count("\n")
        return Written(written.rows)
