"""cubeql fmt."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

PLAIN = "select   a from s2 -- why\n"


def test_stdin_goes_to_stdout_formatted_once_and_for_all(run: Run) -> None:
    first = run("fmt", text=PLAIN)
    assert first.code == 0 and first.text.startswith("SELECT") and "-- why" in first.text
    assert run("fmt", text=first.text).text == first.text


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


def test_nothing_stays_nothing(run: Run) -> None:
    ran = run("fmt", text="\n")
    assert (ran.out, ran.code) == (b"", 0)
