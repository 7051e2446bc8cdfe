"""`cubeql tui` where it cannot open."""

from __future__ import annotations

import subprocess
import sys

from cubeql.cli.commands import tui


def test_without_a_terminal_it_says_so() -> None:
    ran = subprocess.run([sys.executable, "-m", "cubeql", "tui"], input="", capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "needs a terminal" in ran.stderr


def test_the_application_is_found_beside_the_package() -> None:
    assert tui._application().__name__ == "cubeql_tui"
