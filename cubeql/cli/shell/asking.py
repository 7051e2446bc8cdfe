"""The prompt from its first word to its last."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import AbstractContextManager
from types import FrameType
from typing import Protocol

from cubeql.cli.commands.statement import quoted_name
from cubeql.cli.diagnostics import is_terminal, wants_colour
from cubeql.cli.outcome import DONE
from cubeql.cli.shell.feeding import feed, tell
from cubeql.cli.shell.of_store import EMPTY
from cubeql.cli.shell.plain import Plain
from cubeql.cli.shell.state import Shell


class Reader(Protocol):
    """Reads what is typed."""

    def read(self, draft: str) -> str:
        """The next text; ``draft`` is what it begins with."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """While what was read is run."""
        ...


def ask(shell: Shell, editing: str = "emacs") -> int:
    """Read and run texts until the end of input; a fault is told and the prompt goes on.

    Args:
        shell: the prompt.
        editing: ``emacs`` or ``vi``.
    """
    welcome(shell)
    reader = _reader(shell, editing)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        while not shell.leaving:
            _turn(shell, reader)
    finally:
        signal.signal(signal.SIGTERM, before)
        shell.showing.close()
    return DONE


def _turn(shell: Shell, reader: Reader) -> None:
    draft, shell.draft = shell.draft, ""
    try:
        text = reader.read(draft)
    except EOFError:
        shell.leaving = True
        return
    except KeyboardInterrupt as fault:
        if fault.args:  # asked to end; Ctrl-C only takes the text back
            raise
        return
    try:
        with reader.aside():
            feed(shell, text)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as fault:  # between two statements
        tell(shell, fault)


def _end(number: int, frame: FrameType | None) -> None:
    """Leave in order when the process is asked to end, so that the terminal is as it was."""
    raise KeyboardInterrupt(number)


def _reader(shell: Shell, editing: str) -> Reader:
    shown = is_terminal(sys.stdout)
    if os.environ.get("TERM") == "dumb" or not (shown or shell.diagnostics.on_terminal):
        return Plain(shell.diagnostics)
    from cubeql.cli.shell.terminal import Terminal

    coloured = wants_colour(shell.showing.colour, sys.stdout) if shown else shell.diagnostics.coloured
    return Terminal(shell, coloured, vi=editing == "vi")


def welcome(shell: Shell) -> None:
    """Say where one is, and what to do next."""
    from cubeql import __version__

    names = shell.session.store.layer_names()
    layers = "1 layer" if len(names) == 1 else f"{len(names)} layers" if names else "no layers"
    shell.diagnostics.notice(f"CubeQL {__version__} · {shell.store} · {layers}")
    if names:
        example = f"DESCRIBE {quoted_name(names[0])};"
        shell.diagnostics.notice(f"End a statement with ;  as in {example}  .help lists commands")
    else:
        shell.diagnostics.notice(EMPTY)
