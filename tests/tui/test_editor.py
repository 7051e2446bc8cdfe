"""The editor: colours, faults, completion, the statement under the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.marks import index_of, marks_of, place_of
from cubeql_tui.popup import Popup
from textual.pilot import Pilot

from cubeql import service
from tests.tui.screen import ask, ended, find, look, play, shown, until

TEXTS = ["", "\n", "SELECT", "a\n\nbc\n", "SELECT 'x\ny' -- z\n/* a\n\n b */ FROM finer;"]


@pytest.mark.parametrize("text", TEXTS)
def test_marks_cover_what_the_service_paints(text: str) -> None:
    painted = {
        (n, kind)
        for start, end, kind in service.highlight(text)
        for n in range(start, end)
        if text[n] != "\n"
    }  # fmt: skip
    marked = {
        (index_of(text, line, column), mark.kind)
        for line, marks in marks_of(text).items()
        for mark in marks
        for column in range(mark.start, mark.end)
    }
    assert marked == painted


@pytest.mark.parametrize("text", TEXTS)
def test_places_and_offsets_are_the_same_places(text: str) -> None:
    for index in range(len(text) + 1):
        assert index_of(text, *place_of(text, index)) == index
    assert place_of(text, len(text) + 5) == place_of(text, len(text))


def test_words_have_the_colours_of_their_kind(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put("SELECT elevation FROM finer -- why")
        await pilot.pause()
        colours = [look(app, *find(app, word))[1].color for word in ("SELECT", "elevation", "FROM finer", "-- why")]
        keyword, name, other_keyword, comment = colours
        assert keyword == other_keyword
        assert len({keyword, name, comment}) == 3

    play(cube_store, scene)


def test_a_fault_is_underlined_and_told_while_one_writes(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put("SELECT elevatio FROM finer")
        await until(pilot, lambda: "elevatio'" in shown(app))
        assert look(app, *find(app, "elevatio FROM"))[1].underline
        assert not look(app, *find(app, "finer"))[1].underline
        app.query_one(QueryEditor).put("SELECT elevation FROM finer")
        await until(pilot, lambda: "elevatio'" not in shown(app))
        assert not look(app, *find(app, "elevation FROM"))[1].underline

    play(cube_store, scene)


def test_completion_puts_in_what_was_chosen(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SELECT  FROM finer")
        editor.go_to(7)
        await pilot.press(*"ele")
        await pilot.pause()
        assert app.query_one(Popup).display
        await pilot.press("tab")
        assert editor.text == "SELECT elevation FROM finer"
        assert not app.query_one(Popup).display

    play(cube_store, scene)


def test_escape_takes_the_offers_away_and_leaves_the_text(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        await pilot.press(*"SEL")
        await pilot.pause()
        assert app.query_one(Popup).display
        await pilot.press("escape")
        assert not app.query_one(Popup).display
        assert (editor.text, editor.has_focus) == ("SEL", True)

    play(cube_store, scene)


def test_the_statement_under_the_cursor_is_run(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SELECT 1 AS one FROM finer LIMIT 1;\nSELECT 2 AS two FROM finer LIMIT 1;")
        editor.go_to(5)
        await pilot.press("f5")
        await ended(app, pilot)
        assert app.run_now is not None and "one" in app.run_now.text and "two" not in app.run_now.text
        assert editor.has_focus

    play(cube_store, scene)


def test_a_fault_of_a_later_statement_is_marked_where_it_stands(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell FROM finer;\nSELECT elevatio FROM finer"
        await ask(app, pilot, text)
        (fault,) = app.query_one(QueryEditor).faults
        assert fault.span is not None and text[fault.span.start : fault.span.end] == "elevatio"
        assert "failed" in shown(app) and "did you mean 'elevation'" in shown(app)

    play(cube_store, scene)


def test_formatting_gives_the_one_form_and_says_why_it_cannot(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("select cell from dem")
        await pilot.press("ctrl+l")
        formed = editor.text
        assert formed == service.format("select cell from dem").rstrip("\n") != "select cell from dem"
        editor.put("select select")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "Not formatted" in shown(app))
        assert editor.text == "select select"

    play(cube_store, scene)
