"""The text of the editor: what of it runs, comments, words found, files, one's own editor, and that none is lost."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.drafts import Draft
from cubeql_tui.editor import QueryEditor
from cubeql_tui.edits import edit_outside, occurrences, toggled
from cubeql_tui.files import FilePage, FindBar, read_statements
from textual.pilot import Pilot
from textual.widgets import Input
from textual.widgets.text_area import Selection

from tests.tui.screen import ask, ended, play, shown, until


def test_what_is_selected_runs_else_the_statement_under_the_cursor(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        await ask(app, pilot, "SELECT elevation FROM finer LIMIT 2; SELECT elevation FROM finer LIMIT 3")
        assert app.run_now is not None and len(app.run_now.rows or ()) == 3
        editor.selection = Selection((0, 0), (0, len("SELECT elevation FROM finer")))
        await pilot.press("f5")
        await ended(app, pilot)
        assert app.run_now.text == "SELECT elevation FROM finer" and len(app.run_now.rows or ()) > 3

    play(cube_store, scene)


def test_a_fault_of_a_selection_is_marked_where_it_stands(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        text = "SELECT 1 FROM finer;\nSELECT nonsense FROM finer"
        editor.put(text)
        editor.selection = Selection((1, 0), (1, 26))
        await pilot.press("f5")
        await ended(app, pilot)
        spans = [fault.span for fault in editor.faults]
        assert [text[s.start : s.end] for s in spans if s is not None] == ["nonsense"]

    play(cube_store, scene)


def test_lines_become_comments_and_text_again() -> None:
    lines = ["SELECT a", "", "  FROM b"]
    assert toggled(lines) == ["-- SELECT a", "", "--   FROM b"] and toggled(toggled(lines)) == lines
    assert toggled(["-- a", "b"]) == ["-- -- a", "-- b"] and toggled(["--a"]) == ["a"] and toggled([""]) == [""]


def test_the_comment_key_takes_the_lines_of_the_selection(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SELECT 1\nFROM finer\nLIMIT 1")
        editor.selection = Selection((0, 3), (1, 2))
        await pilot.press("ctrl+underscore")
        assert editor.text == "-- SELECT 1\n-- FROM finer\nLIMIT 1"
        await pilot.press("ctrl+z")
        assert editor.text == "SELECT 1\nFROM finer\nLIMIT 1"

    play(cube_store, scene)


def test_words_are_found_forth_and_back_and_round_the_end(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor, bar = app.query_one(QueryEditor), app.query_one(FindBar)
        editor.put("SELECT Elevation\nFROM finer\nWHERE elevation > 1")
        editor.move_cursor((0, 0))
        await pilot.press("ctrl+f", *"elevation")
        await until(pilot, lambda: editor.selected_text == "Elevation" and "1 of 2" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: editor.selection == Selection((2, 6), (2, 15)) and "2 of 2" in shown(app))
        await pilot.press("down")
        await until(pilot, lambda: editor.selected_text == "Elevation")
        await pilot.press("up")
        await until(pilot, lambda: editor.selected_text == "elevation")
        await pilot.press(*"xx")
        await until(pilot, lambda: "not found" in shown(app))
        await pilot.press("escape")
        assert editor.has_focus and not bar.display

    play(cube_store, scene)
    assert occurrences("İ a A", "a") == [2] and occurrences("aaa", "") == []


def test_statements_are_saved_and_opened(cube_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SHOW LAYERS")
        await pilot.press("ctrl+s", *"mine", "enter")
        await until(pilot, lambda: (tmp_path / "mine.cql").exists())
        assert (tmp_path / "mine.cql").read_text() == "SHOW LAYERS\n"
        editor.put("other")
        await pilot.press("alt+o")
        await until(pilot, lambda: isinstance(app.screen, FilePage))
        assert app.screen.query_one(Input).value == str(tmp_path / "mine.cql")
        app.screen.query_one(Input).value = "nowhere"
        await until(pilot, lambda: "there is no file" in shown(app))
        await pilot.press("enter")
        assert isinstance(app.screen, FilePage)
        app.screen.query_one(Input).value = "mine"
        await pilot.press("enter")
        await until(pilot, lambda: editor.text == "SHOW LAYERS")

    play(cube_store, scene)


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.cql").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(OSError, match="no text in UTF-8"):
        read_statements(tmp_path / "a.cql")
    (tmp_path / "b.cql").write_bytes(b" " * 1_000_001)
    with pytest.raises(OSError, match="cubeql -f"):
        read_statements(tmp_path / "b.cql")


def _editor_of_ones_own(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "editor.py"
    script.write_text(code)
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")


def test_ones_own_editor_changes_the_text(cube_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _editor_of_ones_own(tmp_path, "import sys; p = open(sys.argv[1], 'a'); p.write(' LIMIT 7\\n')", monkeypatch)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SELECT 1")
        await pilot.press("alt+e")  # here is no terminal to be lent
        await until(pilot, lambda: "An editor needs" in shown(app))
        assert editor.text == "SELECT 1"
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("alt+e")
        await until(pilot, lambda: editor.text == "SELECT 1 LIMIT 7")

    play(cube_store, scene)


def test_an_editor_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _editor_of_ones_own(tmp_path, "raise SystemExit(3)", monkeypatch)
    with pytest.raises(OSError, match="ended with 3"):
        edit_outside("SELECT 1")


def test_the_text_is_there_again_with_its_statements(cube_store: Path, tmp_path: Path) -> None:
    text, history = "SHOW LAYERS;\n\nSELECT half writ", tmp_path / "state" / "history.jsonl"

    async def first(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put(text)

    async def second(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        assert editor.text == text and editor.cursor_location == (2, 16)
        editor.put("")

    async def third(app: CubeQL, pilot: Pilot[None]) -> None:
        assert app.query_one(QueryEditor).text == ""

    play(cube_store, first, history=history)
    (kept,) = (history.parent / "drafts").iterdir()
    assert kept.read_text() == text and kept.stat().st_mode & 0o077 == 0
    play(cube_store, second, history=history)
    play(cube_store, third, history=history)


def test_a_screen_that_breaks_down_loses_no_text(cube_store: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"

    async def stage() -> None:
        app = CubeQL(str(cube_store), history)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.press(*"SELECT")
            app.call_later(lambda: 1 // 0)
            await pilot.pause(0.1)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(stage())
    assert Draft(tmp_path / "drafts", str(CubeQL(str(cube_store)).session.store.address)).read() == "SELECT"


def test_of_two_texts_the_newer_stays_whichever_is_written_last(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "drafts", "s3://bucket/store")
    draft.write("new", 2)
    draft.write("old", 1)
    assert draft.read() == "new" and Draft(tmp_path / "drafts", "another").read() == ""
    assert Draft(None, "x").read() == ""
    (tmp_path / "plain").write_text("")
    Draft(tmp_path / "plain", "x").write("cannot be kept", 1)  # and nobody is troubled
