"""Edits of a text that need no screen: comments, places of words, and an editor of one's own."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_MARK = "--"


def toggled(lines: Sequence[str]) -> list[str]:
    """Lines made comments, or where all are such made none; empty ones stay."""
    written = [line for line in lines if line.strip()]
    if written and all(line.lstrip().startswith(_MARK) for line in written):
        return [_bare(line) for line in lines]
    indent = min((len(line) - len(line.lstrip()) for line in written), default=0)
    return [f"{line[:indent]}{_MARK} {line[indent:]}" if line.strip() else line for line in lines]


def _bare(line: str) -> str:
    if not line.strip():
        return line
    before, _, after = line.partition(_MARK)
    return before + after.removeprefix(" ")


def occurrences(text: str, words: str) -> list[int]:
    """Where words begin in a text, without regard to case."""
    found: list[int] = []
    sought, within = words.casefold(), text.casefold()
    if len(within) != len(text):  # some letters are longer in another case: places would be others
        sought, within = words, text
    at = within.find(sought) if sought else -1
    while at >= 0:
        found.append(at)
        at = within.find(sought, at + len(sought))
    return found


def edit_outside(text: str) -> str:
    """Give a text to ``$VISUAL`` or ``$EDITOR`` and wait for it; what it leaves.

    Raises:
        OSError: the editor cannot be started, or has failed.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement.cql"
        file.write_text(text, "utf-8")
        done = subprocess.run([*command, str(file)], check=False)
        if done.returncode:
            raise OSError(f"{command[0]} ended with {done.returncode}; the text stays as it was")
        return file.read_text("utf-8").removesuffix("\n")
