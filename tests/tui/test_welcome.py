"""The first minutes: statements made of the layers that are there, and what an empty store says."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.looking import Looker
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.welcome import Welcome, beginnings
from textual.pilot import Pilot

import cubeql
from tests.tui.screen import ended, play, shown, until


def test_an_example_is_chosen_and_runs_and_is_seen_as_it_is_best(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        welcome = app.query_one(Welcome)
        await until(pilot, lambda: {e.view for e in welcome.examples} == {"map", "series"})
        assert "Or begin with one of these" in shown(app)
        first, editor = welcome.examples[0], app.query_one(QueryEditor)
        await pilot.press("down", "enter")
        await ended(app, pilot)
        assert editor.text == first.text and editor.has_focus
        assert app.run_now is not None and app.run_now.state == "done" and app.run_now.rows
        assert app.results.current == first.view == "map"
        editor.add("SHOW LAYERS")
        assert editor.text == f"{first.text};\n\nSHOW LAYERS" and editor.statement[0] == "SHOW LAYERS"
        await pilot.press("ctrl+z")
        assert editor.text == first.text

    play(cube_store, scene)


def test_every_beginning_gives_rows_and_names_layers_that_are_there(cube_store: Path) -> None:
    with cubeql.connect(cube_store) as session:
        looker = Looker(session)
        found = list(beginnings(Snapshot.of(session).facts, looker))
        looker.close()
        assert [example.view for example in found] == ["map", found[1].view, "series"] and "JOIN" in found[1].text
        assert all(session.query(example.text).to_arrow().num_rows for example in found)


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    cubeql.connect(tmp_path / "store", create=True).close()

    async def stage() -> None:
        app = CubeQL(str(tmp_path / "store"))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "This store has no layers yet" in shown(app))
            assert "cubeql ingest scene.tif" in shown(app) and "cubeql demo" in shown(app)
            await pilot.press("down", "tab")
            assert app.query_one(QueryEditor).has_focus and app.query_one(QueryEditor).text == ""

    asyncio.run(stage())
