"""Processes of the stress: started with this checkout, and ended by their own id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cubeql.errors import StoreError

ROOT = Path(__file__).parents[2]
_PATIENCE = 120
T = TypeVar("T")


def start(module: str, *words: str | Path) -> subprocess.Popen[str]:
    """Start a module of this package with words; its output is piped as text."""
    return subprocess.Popen(
        [sys.executable, "-m", f"scripts.stress.{module}", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], word: str) -> list[str]:
    """Read lines until one is a word.

    Returns:
        The lines before it.

    Raises:
        RuntimeError: the process ended without it; says what it said.
    """
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if line.strip() == word:
            return lines
        lines.append(line)
    raise RuntimeError(f"{process.args} ended with {process.wait()} before {word!r}:\n{''.join(lines)}")


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a process; all it said."""
    said, _ = process.communicate()
    return said


def patiently(make: Callable[[], T]) -> T:
    """What is made of a store, which may lie on a server that is just being started again."""
    for _ in range(_PATIENCE):
        try:
            return make()
        except StoreError:
            time.sleep(0.5)
    return make()
