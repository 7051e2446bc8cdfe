"""The table shows the rows it was given, wherever one looks, and makes only those into text."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from cubeql_tui import grid as grid_module
from cubeql_tui.app import CubeQL
from cubeql_tui.rows import Rows
from cubeql_tui.table import ResultTable
from textual.pilot import Pilot

from cubeql.drawing.display import texts
from tests.tui.screen import ask, lines, play, shown, until

MANY = 3_000_000


def _rows(count: int) -> Rows:
    schema = pa.schema([pa.field("n", pa.int64(), metadata={b"unit": b"mm"}), pa.field("half", pa.float64())])
    step = 1_000_000
    batches = []
    for start in range(0, count, step):
        numbers = pa.array(range(start, min(count, start + step)), pa.int64())
        batches.append(pa.record_batch([numbers, numbers.cast(pa.float64())], schema=schema))
    return Rows(schema, batches)


def test_rows_are_those_of_the_statement(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell, elevation FROM finer ORDER BY elevation, cell LIMIT 5"
        await ask(app, pilot, text)
        found = app.session.query(text).to_arrow()
        for number, row in enumerate(found.to_pylist(), 1):
            (line,) = (x for x in lines(app) if f"{row['cell']:015x}" in x)
            assert line.replace("│", " ").split()[-3:] == [str(number), f"{row['cell']:015x}", f"{row['elevation']}"]
        await until(pilot, lambda: "5 rows" in shown(app))

    play(cube_store, scene)


def test_millions_of_rows_are_reached_at_once(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(values: pa.ChunkedArray, column: object) -> list[str]:
        made.append(len(values))
        return texts(values, column)  # type: ignore[arg-type]

    monkeypatch.setattr(grid_module, "texts", counted)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        table = app.query_one(ResultTable)
        table.show(_rows(MANY))
        app.action_show_table()
        await pilot.press("end")
        await pilot.pause()
        assert str(MANY - 1) in shown(app)
        await pilot.press("home", "pagedown")
        await pilot.pause()
        assert str(MANY - 1) not in shown(app)

    play(cube_store, scene)
    assert sum(made) < 5000


def test_the_cursor_stays_on_the_screen(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        table = app.query_one(ResultTable)
        table.show(_rows(200))
        app.action_show_table()
        for keys, row in ((["down"] * 60, 60), (["up"] * 45, 15), (["end"], 199), (["pageup"], None)):
            await pilot.press(*keys)
            await pilot.pause()
            assert row is None or table.cursor[0] == row
            first = int(table.scroll_offset.y)
            assert first <= table.cursor[0] < first + table.size.height - 1

    play(cube_store, scene, size=(80, 24))


def test_a_click_moves_the_cursor_to_the_value_that_is_there(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        table = app.query_one(ResultTable)
        table.show(_rows(50))
        app.action_show_table()
        await pilot.pause()
        y, line = next((y, x) for y, x in enumerate(lines(app)) if " 7 " in x[table.region.x :] and y > table.region.y)
        await pilot.click(offset=(line.rindex("6"), y))
        await pilot.pause()
        assert table.cursor == (6, 1)

    play(cube_store, scene)


def test_a_row_is_shown_whole(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        table = app.query_one(ResultTable)
        table.show(_rows(50))
        app.action_show_table()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "Row 2" in shown(app) and "n [mm]" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "Row 2" not in shown(app)

    play(cube_store, scene)
