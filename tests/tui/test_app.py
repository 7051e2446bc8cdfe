"""Going about: layers, history, cancelling, screens of all sizes."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui import asking
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.layers import LayersPane, LayerTree
from cubeql_tui.running import Run
from cubeql_tui.status import StatusLine
from textual import events
from textual.pilot import Pilot

from cubeql.history import Asked, History
from tests.tui.screen import ask, ended, lines, play, shown, until


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (154, 43), (240, 60)])
def test_every_size_shows_a_statement_and_its_rows(cube_store: Path, size: tuple[int, int]) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT elevation FROM finer ORDER BY elevation LIMIT 3")
        await until(pilot, lambda: all(word in shown(app) for word in ("ORDER BY", "3 rows", "F5 Run")))
        assert ("/ search" in shown(app)) == (size[0] >= 96)
        await pilot.press("f6")
        await pilot.pause()
        assert "/ search" in shown(app)

    play(cube_store, scene, size)


def test_the_search_leaves_what_answers_to_it(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"slope")
        await pilot.pause()
        tree = app.query_one(LayerTree)
        names = [child.data.facts.record.name for child in tree.root.children if child.data]
        assert "finer" in names and len(names) < len(app.query_one(LayersPane).snapshot.facts)
        await pilot.press(*"xyz")
        await pilot.pause()
        assert "Nothing here answers" in shown(app)

    play(cube_store, scene)


def test_a_layer_is_previewed_and_its_name_put_into_the_editor(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"finer", "enter")
        await pilot.pause()
        tree = app.query_one(LayerTree)
        assert tree.leaf is not None and tree.leaf.facts.record.name == "finer"
        await pilot.press("p")
        await ended(app, pilot)
        assert app.run_now is not None and app.run_now.state == "done" and app.run_now.rows
        await pilot.press("i")
        assert app.query_one(QueryEditor).text == "finer"
        assert app.query_one(QueryEditor).has_focus

    play(cube_store, scene)


def test_views_and_sets_of_cells_stand_below_the_layers(cube_store: Path, tmp_path: Path) -> None:
    store = shutil.copytree(cube_store, tmp_path / "store")

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "CREATE VIEW high AS SELECT cell, elevation FROM finer FILTER elevation > 100")
        await until(pilot, lambda: "high" in app.query_one(LayersPane).snapshot.view_names())
        await pilot.press("f6", "slash", *"high", "enter")
        await pilot.pause()
        await pilot.press("down")
        assert app.query_one(LayerTree).leaf is None
        await until(pilot, lambda: "view SELECT cell" in shown(app))
        await pilot.press("p")
        await ended(app, pilot)
        assert app.run_now is not None and app.run_now.state == "done" and app.run_now.rows
        await pilot.press("i")
        assert app.query_one(QueryEditor).text.endswith("high")

    play(store, scene)


def test_names_that_are_no_plain_words_are_quoted() -> None:
    assert asking.preview('a.b "c"', "x-y").startswith('SELECT cell, "x-y" FROM a."b ""c""" LIMIT')


def test_escape_cancels_and_the_state_says_so(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, told = threading.Event(), threading.Event()

    def slow(run: Run, tell: Any) -> None:
        begun.set()
        assert told.wait(100)

    monkeypatch.setattr(Run, "_read", slow)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put("SELECT cell FROM finer")
        await pilot.press("f5")
        await until(pilot, begun.is_set)
        assert "running" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "cancelling" in shown(app))
        told.set()
        await ended(app, pilot)
        assert "cancelled" in shown(app) and "row" not in lines(app)[-2]

    play(cube_store, scene)


def test_what_was_typed_just_before_belongs_to_the_statement(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        for character in "SELECT elevation FROM finer":
            app.post_message(events.Key(character, character))
        app.post_message(events.Key("f5", None))
        await ended(app, pilot)
        assert app.run_now is not None and app.run_now.text == "SELECT elevation FROM finer"

    play(cube_store, scene)


def test_history_is_found_again_by_another_screen(cube_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "state" / "history.jsonl"

    async def first(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell FROM finer LIMIT 3")
        await ask(app, pilot, "SELECT elevation FROM finer LIMIT 2")

    async def second(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f8", *"cell", "enter")
        await pilot.pause()
        assert app.query_one(QueryEditor).text == "SELECT cell FROM finer LIMIT 3"

    play(cube_store, first, history=file)
    file.write_text(file.read_text("utf-8") + "no line of ours\n", "utf-8")
    play(cube_store, second, history=file)


def test_history_gives_each_text_once_the_latest_first() -> None:
    history = History(None)
    for text in ("a", "b", "a"):
        history.add(Asked(text, "2024-01-01T00:00:00Z", "store", "done", 1, 0.1))
    assert [asked.text for asked in history.find("")] == ["a", "b"]
    assert [asked.text for asked in history.find("B")] == ["b"]


def test_both_themes_draw_the_same_words(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT elevation FROM finer ORDER BY elevation LIMIT 3")
        await until(pilot, lambda: "median" in shown(app))

        async def words(theme: str) -> str:
            app.theme = theme
            await pilot.pause()
            return shown(app)

        end = time.monotonic() + 100  # the preview is drawn anew, and other things may be on their way
        while await words("cubeql-dark") != await words("cubeql-light"):
            assert time.monotonic() < end, "the themes show different words"

    play(cube_store, scene)


def test_enlarging_gives_the_results_the_screen(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT elevation FROM finer LIMIT 3")
        await pilot.press("f10")
        await pilot.pause()
        assert "Query" not in shown(app) and "/ search" not in shown(app) and "3 rows" in shown(app)
        await pilot.press("f2")
        await pilot.pause()
        assert "Query" in shown(app)

    play(cube_store, scene)


def test_a_statement_that_ends_while_its_line_is_drawn_is_told_as_ended(
    cube_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT elevation FROM finer LIMIT 3")
        run, drawn = app.run_now, StatusLine.tell
        assert run is not None
        told: list[str] = []

        def ends(line: StatusLine, of: Run) -> None:
            told.append(of.state)
            drawn(line, of)
            of.state = "done"

        monkeypatch.setattr(StatusLine, "tell", ends)
        run.state = "running"
        app._beat()
        app._beat()
        assert told == ["running", "done"]

    play(cube_store, scene)
