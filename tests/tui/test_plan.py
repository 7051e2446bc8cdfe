"""The plan of a statement, and its rows in a file."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from cubeql_tui.app import CubeQL
from cubeql_tui.plan import gauge, tree_of
from textual.pilot import Pilot

from tests.tui.screen import ask, ended, play, shown, until

COLOURS = dict.fromkeys(("border", "primary", "accent"), "#ffffff")


def test_steps_are_a_tree() -> None:
    lines = ["a", "  b", "    c", "    d 1", "  e", "    f: tiles 1 of 4, files 1 of 1"]
    assert tree_of(lines, COLOURS).plain.splitlines() == [
        "a ",
        "├─ b ",
        "│  ├─ c ",
        "│  └─ d 1",
        "└─ e ",
        "   └─ f: ██░░░░░░░░ tiles 1 of 4, files 1 of 1",
    ]


def test_a_gauge_shows_the_share_and_never_hides_a_little() -> None:
    assert [gauge(k, n, COLOURS).plain.count("█") for k, n in ((0, 9), (1, 900), (5, 10), (9, 9), (0, 0))] == [
        0,
        1,
        5,
        10,
        0,
    ]


def test_the_plan_of_the_statement_at_the_cursor_is_shown_with_its_sql(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell, elevation FROM finer FILTER elevation > 100"
        app.query_one("#editor").put(text)  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "tiles kept" in shown(app))
        explained = app.asides.explain(text)
        assert explained.summary().split(";")[0] in shown(app)
        assert "scan finer" in shown(app) and "└─" in shown(app)
        assert explained.sql.splitlines()[0].strip() in shown(app)
        assert app.run_now is None

    play(cube_store, scene, size=(200, 50))


def test_a_statement_without_a_plan_says_why(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one("#editor").put("SELECT elevatio FROM finer")  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "did you mean 'elevation'" in shown(app))

    play(cube_store, scene)


def test_a_result_is_written_to_a_file(cube_store: Path, tmp_path: Path) -> None:
    target = tmp_path / "it's.parquet"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell, elevation FROM finer ORDER BY cell"
        await ask(app, pilot, text)
        await pilot.press("ctrl+e")
        await pilot.pause()
        await pilot.press(*str(tmp_path / "result.xyz"), "enter")
        await until(pilot, lambda: "ending of the name" in shown(app))
        await pilot.press("ctrl+u", *str(target), "enter")
        await until(pilot, lambda: app.run_now is not None and app.run_now.text.startswith("COPY"))
        await ended(app, pilot)
        assert pq.read_table(target).num_rows == app.asides.query(text).to_arrow().num_rows
        assert app.results.current == "table"

    play(cube_store, scene)


def test_nothing_is_written_before_there_is_a_result(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "no result to write yet" in shown(app))

    play(cube_store, scene)
