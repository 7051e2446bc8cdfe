"""A plain prompt: statements over several lines, ended by a semicolon."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import Diagnostics, is_terminal
from cubeql.cli.outcome import DONE
from cubeql.cli.runner import Running, run_piece
from cubeql.cli.statements import Script, pieces

if TYPE_CHECKING:
    from cubeql.cli.output.results import Output
    from cubeql.session import Session

_FIRST, _NEXT = "cubeql> ", "   ...> "
_LEAVE = {"exit", "quit", ".quit", ".exit", "\\q"}
_WELCOME = "CubeQL: end a statement with ;  SHOW LAYERS; lists the layers, Ctrl-C cancels, Ctrl-D leaves."


def ask(session: Session, running: Running, output: Output, diagnostics: Diagnostics) -> int:
    """Read and run statements until the end of input; a fault is told and the prompt goes on."""
    _allow_line_editing()
    diagnostics.notice(_WELCOME)
    text = ""
    while True:
        try:
            line = _read_line(_NEXT if text else _FIRST, diagnostics)
        except EOFError:
            diagnostics.notice("")
            return DONE
        except KeyboardInterrupt:  # Ctrl-C takes the unfinished statement back
            diagnostics.notice("")
            text = ""
            continue
        if not text and line.strip().rstrip(";").lower() in _LEAVE:
            return DONE
        text = _run_complete(f"{text}\n{line}" if text else line, session, running, output, diagnostics)


def _run_complete(text: str, session: Session, running: Running, output: Output, diagnostics: Diagnostics) -> str:
    """Run the statements that are complete; the text of the one that is not."""
    script = Script(text)
    for piece in pieces(text):
        if not piece.ended:
            return text[piece.start :]
        try:
            run_piece(session, script, piece, running, output, diagnostics)
        except BrokenPipeError:  # nobody reads the answers
            raise
        except (Exception, KeyboardInterrupt) as fault:
            diagnostics.fault(fault)
            return ""
    return ""


def _read_line(prompt: str, diagnostics: Diagnostics) -> str:
    if is_terminal(sys.stdout):
        return input(prompt)
    diagnostics.prompt(prompt)  # input() would write it among the data
    return input()


def _allow_line_editing() -> None:
    with suppress(ImportError):  # a Python without it still reads lines
        import readline  # noqa: F401  (importing it gives input() editing and history)
