"""From 80x24 to 240x60 every view shows what it is for, and nothing is lost when the terminal changes its size."""

from __future__ import annotations

from pathlib import Path

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.layers import LayersPane
from cubeql_tui.tree import LayerTree
from textual.pilot import Pilot

from tests.tui.screen import ask, lines, play, shown, until

SIZES = [(80, 24), (240, 60)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_view_shows_what_it_is_for(cube_store: Path, size: tuple[int, int]) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, time, * FROM monthly LIMIT 300")
        for view, key in (("table", "f3"), ("map", "f4"), ("histogram", "ctrl+g"), ("series", "f7"), ("plan", "f9")):
            await pilot.press(key)
            await until(pilot, lambda view=view: app.results.current == view)
            await until(pilot, lambda: "300 rows" in lines(app)[-2])
            assert "monthly" in shown(app)
            assert all(len(line.rstrip()) <= size[0] for line in lines(app)) and len(lines(app)) == size[1]
            taking = app.focused
            assert taking is not None and taking.region.height >= 5 and taking.region.width >= size[0] // 2
        width = app.query_one(QueryEditor).region.width
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.focused, LayerTree))
        assert "/ search" in shown(app) and app.query_one(QueryEditor).region.width == width  # a drawer, where narrow
        if size[0] < 96:
            await pilot.press("m")
            await until(pilot, lambda: app.results.current == "map" and not app.query_one(LayersPane).display)
            await pilot.press("f9")
        await pilot.press("f2")
        await until(pilot, lambda: app.query_one(LayersPane).display == (size[0] >= 96))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: len(lines(app)) == 30)
        await until(pilot, lambda: app.results.current == "plan")
        assert app.query_one(QueryEditor).text.endswith("300")

    play(cube_store, scene, size=size)
