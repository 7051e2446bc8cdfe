"""cubeql fmt."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]
PLAIN = "select   a from s2 -- why\n"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return give


def test_stdin_goes_to_stdout_formatted_once_and_for_all(run: Run, stdin: Callable[[str], None]) -> None:
    stdin(PLAIN)
    first = run("fmt")
    assert first.code == 0 and first.text.startswith("SELECT") and "-- why" in first.text
    stdin(first.text)
    assert run("fmt").text == first.text


def test_files_change_in_place_and_only_when_they_must(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "q.cql"
    script.write_text(PLAIN)
    assert run("fmt", str(script)).err == f"{script} formatted\n"
    assert script.read_text().startswith("SELECT")
    assert run("fmt", str(script)).err == ""


def test_check_changes_nothing(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "q.cql"
    script.write_text(PLAIN)
    assert run("fmt", "--check", str(script)).code == 1
    assert script.read_text() == PLAIN


def test_a_text_with_faults_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "q.cql"
    script.write_text("SELECT FROM FROM")
    ran = run("fmt", str(script))
    assert ran.code == 1 and str(script) in ran.err and script.read_text() == "SELECT FROM FROM"


def test_nothing_stays_nothing(run: Run, stdin: Callable[[str], None]) -> None:
    stdin("\n")
    assert (run("fmt").out, run("fmt").code) == (b"", 0)
