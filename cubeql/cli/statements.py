"""Scripts cut into statements, so that each runs, fails and is timed by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cubeql.errors import ConfigError, QueryError
from cubeql.errors.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Script:
    """A text with statements; ``name`` is the file it stands in, None for ``-c`` and stdin."""

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a script.

    Attributes:
        text: the statement with its semicolon and what follows up to the next statement, so that the pieces
            are the whole script and no fault between statements is lost.
        start: where it starts in the script.
    """

    text: str
    start: int

    @property
    def ended(self) -> bool:
        """Whether its semicolon is there."""
        from cubeql.lang.tokens import tokenize

        tokens = tokenize(self.text).tokens
        return bool(tokens) and tokens[-1].text == ";"


def pieces(text: str) -> Iterator[Piece]:
    """The statements of a script; nothing for one that is blank or only comments."""
    from cubeql.lang import split_statements
    from cubeql.lang.tokens import tokenize

    starts = [span.start for _, span in split_statements(text)]
    if not starts and not tokenize(text).faults:
        return
    starts[:1] = [0]  # a comment that never ends is no statement, yet must be told
    for start, end in zip(starts, [*starts[1:], len(text)]):
        yield Piece(text[start:end], start)


def moved(fault: QueryError, piece: Piece, script: Script) -> QueryError:
    """The same fault with its places counted in the whole script, so that line numbers are the file's."""
    if fault.text != piece.text:
        return fault
    found = tuple(shifted(d, piece.start) for d in fault.diagnostics)
    return type(fault)(found, script.text).with_traceback(fault.__traceback__)


def shifted(diagnostic: Diagnostic, by: int) -> Diagnostic:
    """The same diagnostic in a text with ``by`` more characters in front."""
    return replace(diagnostic, span=diagnostic.span.shifted(by)) if diagnostic.span else diagnostic


def read_scripts(given: list[tuple[str, str]] | None) -> list[Script]:
    """The scripts of ``-c`` and ``-f``, else of stdin.

    Raises:
        ConfigError: a file cannot be read.
    """
    if not given:
        return [Script(_stdin())]
    return [Script(value) if kind == "text" else read_file(value) for kind, value in given]


def read_file(name: str) -> Script:
    """A script file; ``-`` is stdin.

    Raises:
        ConfigError: it cannot be read as UTF-8 text.
    """
    if name == "-":
        return Script(_stdin())
    try:
        return Script(Path(name).read_bytes().decode("utf-8-sig"), name)
    except OSError as fault:
        raise ConfigError(f"cannot read {name}: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{name} is not UTF-8 text (byte {fault.start})") from fault


def _stdin() -> str:
    if sys.stdin is None:
        raise ConfigError("stdin is closed; give statements with -c or -f")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ConfigError(f"stdin is not UTF-8 text (byte {fault.start})") from fault
