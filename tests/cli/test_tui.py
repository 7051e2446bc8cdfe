"""`cubeql tui` where it cannot open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cubeql.cli.commands import tui
from cubeql.errors import ConfigError


def test_without_a_terminal_it_says_so() -> None:
    ran = subprocess.run([sys.executable, "-m", "cubeql", "tui"], input="", capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "needs a terminal" in ran.stderr


def test_without_textual_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    with pytest.raises(ConfigError, match=r"cubeql\[tui\]"):
        tui._application()


def test_the_application_is_found_beside_the_package() -> None:
    assert tui._application().__name__ == "cubeql_tui"
