"""The prompt where no line can be drawn anew: ``TERM=dumb``, or neither stdout nor stderr a terminal."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.shell.feeding import command_in
from cubeql.service import is_complete

FIRST, NEXT = "cubeql> ", "   ...> "


class Plain:
    """Reads texts line by line; the prompt is on stderr, and nowhere where that is no terminal."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics

    def aside(self) -> AbstractContextManager[None]:
        """Nothing needs care while a statement runs."""
        return nullcontext()

    def read(self, draft: str) -> str:
        """Read lines until they are a command or end with ``;``.

        Raises:
            EOFError: no more lines come.
            KeyboardInterrupt: Ctrl-C.
        """
        text = draft
        while True:
            if self._diagnostics.on_terminal:
                self._diagnostics.prompt(NEXT if text else FIRST)
            line = sys.stdin.readline()
            if not line:
                if text.strip():
                    return text
                if self._diagnostics.on_terminal:
                    self._diagnostics.notice("")
                raise EOFError
            text = f"{text}\n{line.rstrip()}" if text else line.rstrip()
            if not text.strip():
                text = ""
            elif command_in(text) is not None or is_complete(text):
                return text
