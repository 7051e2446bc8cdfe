"""Texts that were typed or read: their commands and statements, one after the other."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from cubeql import service
from cubeql.cli.outcome import DONE, INTERRUPTED
from cubeql.cli.runner import Ran, counted, run_piece
from cubeql.cli.shell.state import Shell
from cubeql.cli.statements import Piece, Script, pieces
from cubeql.drawing.display import seconds_text
from cubeql.history import Asked

_COMMAND = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z))*([.\\](?:[A-Za-z?][^\n]*|\s*\Z))")
_COMMAND_LINE = re.compile(r"^[ \t]*[.\\][A-Za-z?][^\n]*", re.MULTILINE)
_WORDS = {"exit": ".quit", "quit": ".quit", "help": ".help", "?": ".help"}
"""What a newcomer may type."""


def command_in(text: str) -> str | None:
    """The command that a text is, None of a statement."""
    word = text.strip().removesuffix(";").rstrip().lower()
    if word in _WORDS:
        return _WORDS[word]
    found = _COMMAND.match(text)
    return found[1].strip() if found else None


def feed(shell: Shell, text: str, name: str | None = None) -> bool:
    """Run the commands and statements of a text until one is at fault.

    Args:
        shell: the prompt.
        text: what was typed, or stands in a file.
        name: the file.

    Returns:
        Whether all went well.
    """
    script = Script(text, name)
    for part, start, is_command in _parts(text):
        if is_command:
            if not _obey(shell, command_in(part) or ""):
                return False
        else:
            for piece in pieces(part):
                if not run(shell, script, Piece(piece.text, start + piece.start)):
                    return False
        if shell.leaving:
            break
    return True


def _parts(text: str) -> Iterator[tuple[str, int, bool]]:
    """Statements and commands in turn, with their places; a command is a line between two statements."""
    if command_in(text) is not None and _COMMAND.match(text) is None:
        yield text, 0, True
        return
    start = 0
    for line in _COMMAND_LINE.finditer(text):
        before = text[start : line.start()]
        if service.is_complete(before) or next(pieces(before), None) is None:
            yield before, start, False
            yield line.group(), line.start(), True
            start = line.end()
    yield text[start:], start, False


def _obey(shell: Shell, line: str) -> bool:
    from cubeql.cli.shell.commands import obey

    try:
        obey(shell, line)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as fault:
        return tell(shell, fault) == DONE
    return True


def run(shell: Shell, script: Script, piece: Piece, remember: bool = True) -> bool:
    """Run one statement and tell its fault; whether it went well.

    Args:
        shell: the prompt.
        script: the text it stands in.
        piece: the statement.
        remember: keep it in the history, and for commands that are about the last statement.
    """
    text = piece.text.strip().removesuffix(";").rstrip()
    began, before = time.monotonic(), shell.showing.kept
    state, ran = "done", Ran(None, 0.0)
    if remember:
        shell.statement = text
    try:
        ran = run_piece(shell.session, script, piece, shell.running, shell.showing, shell.diagnostics)
    except BrokenPipeError:  # nobody reads the answers
        raise
    except (Exception, KeyboardInterrupt) as fault:
        state = "cancelled" if tell(shell, fault, script.name) == INTERRUPTED else "failed"
    if shell.showing.kept is not before:
        shell.asked = text
    shell.known.forget()
    seconds = ran.seconds if state == "done" else time.monotonic() - began
    if remember:
        shell.said = _said(state, ran.rows, seconds)
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        shell.history.add(Asked(text, when, shell.store, state, ran.rows or 0, round(seconds, 3)))
    return state == "done"


def ask(shell: Shell, statement: str) -> bool:
    """Run a statement that a command stands for; it is not remembered."""
    return run(shell, Script(statement), Piece(statement, 0), remember=False)


def tell(shell: Shell, fault: BaseException, where: str | None = None) -> int:
    """Say a fault and go on; the exit code it would have led to.

    Raises:
        KeyboardInterrupt: the process is asked to end.
    """
    if isinstance(fault, KeyboardInterrupt) and fault.args == (signal.SIGTERM,):
        raise fault
    return shell.diagnostics.fault(fault, where)


def _said(state: str, rows: int | None, seconds: float) -> str:
    if state != "done":
        return f"{state} after {seconds_text(seconds)}"
    return f"{'done' if rows is None else counted(rows)} in {seconds_text(seconds)}"
