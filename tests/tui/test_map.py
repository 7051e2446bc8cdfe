"""The map on the screen: the colour at a place is that of the value of the cell there."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import h3
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from cubeql_tui.map.sources import LayerSource, Quantity
from textual.pilot import Pilot

from cubeql.drawing.hexes import Hexes
from cubeql.drawing.view import Box
from tests.support.cube import A
from tests.tui.maps import answered, approach, check_colours
from tests.tui.screen import ask, find, lines, look, play, shown, until


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (154, 43)])
def test_the_colour_at_a_place_is_that_of_its_cell(cube_store: Path, size: tuple[int, int]) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        check_colours(app, 1)
        await approach(app, pilot, 6)
        check_colours(app, 10)
        assert pane.map.hexes.whole

    play(cube_store, scene, size)


def test_a_layer_is_shown_and_shown_finer_from_nearer(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"finer", "enter", "m")
        pane = await answered(app, pilot)
        coarse = pane.map.hexes
        assert isinstance(pane.source, LayerSource) and not coarse.whole
        assert "mean" in shown(app) and "elevation [m]" in shown(app)
        check_colours(app, 1)
        await pilot.press("f4")
        await approach(app, pilot, 6)
        assert pane.map.hexes.resolution > coarse.resolution
        check_colours(app, 10)

    play(cube_store, scene)


def test_classes_have_their_colours_and_names(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, class FROM classes")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        assert pane.map.scale.codes == (1, 2, 3, 4)
        for name in ("crop", "forest", "water", "urban"):
            x, y = find(app, f"■ {name}")
            code = {"water": 1, "forest": 2, "crop": 3, "urban": 4}[name]
            colour = look(app, x, y)[1].color.get_truecolor()
            assert tuple(colour) == pane.map.scale.colours[code - 1]
        await approach(app, pilot, 5)
        check_colours(app, 10)

    play(cube_store, scene)


def test_the_readout_is_of_the_cell_under_the_pointer(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        view, hexes = pane.map.view, pane.map.hexes
        assert view is not None
        x, y = view.width // 2, view.height // 4
        await pilot.hover(HexMap, offset=(x, y))
        await pilot.pause()
        lon, lat = view.place(x, 2 * y)
        cell = h3.latlng_to_cell(lat, lon, hexes.resolution)
        assert cell in shown(app)
        value = hexes.value(h3.str_to_int(cell))
        assert ("no data" if value is None else f"{value:.6g} m") in shown(app)

    play(cube_store, scene)


def test_times_are_gone_through(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"coarse", "enter", "m")
        pane = await answered(app, pilot)
        count = len(pane.times)
        assert count > 1 and f"({count} of {count})" in shown(app)
        last = pane.map.hexes
        await pilot.press("f4", "full_stop")
        await until(pilot, lambda: pane.map.hexes is not last)
        assert f"(1 of {count})" in shown(app)
        found = app.asides.query(
            "SELECT cell, t2m FROM coarse FILTER time = $t", {"t": pane.times[0].astype(object)}
        ).to_arrow()
        drawn = dict(zip(pane.map.hexes.cells.tolist(), pane.map.hexes.values.tolist(), strict=True))
        if pane.map.hexes.whole:
            assert all(
                v is None or drawn[c] == v for c, v in zip(*found.to_pydict().values(), strict=True) if c in drawn
            )

    play(cube_store, scene)


def test_a_result_takes_the_place_of_another_on_an_open_map(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("f4")
        await answered(app, pilot)
        await pilot.press("f2")
        await ask(app, pilot, "SELECT cell, slope FROM finer")
        await until(pilot, lambda: "slope [degree]" in lines(app)[app.query_one(MapPane).region.y])
        await ask(app, pilot, "SELECT count(*) AS n FROM finer")
        assert app.results.current == "table"

    play(cube_store, scene)


def test_only_the_newest_window_is_answered(cube_store: Path) -> None:
    """A window that is not seen any more is cancelled, and an answer that comes late is not drawn."""
    late, asked = threading.Event(), threading.Event()
    drawn: list[Hexes] = []

    class Slow(LayerSource):
        def hexes(self, quantity: Quantity, resolution: int, box: Box, time: Any) -> Hexes:
            found = LayerSource.hexes(self, quantity, resolution, box, time)
            if not asked.is_set():
                asked.set()
                assert late.wait(100)
                drawn.append(found)
            return found

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = app.query_one(MapPane)
        facts = next(f for f in app.query_one(QueryEditor).snapshot.facts if f.record.name == "finer")
        app.results.open("map")
        pane.show(Slow(app.asides, facts))
        await until(pilot, asked.is_set)
        await pilot.press(*["plus"] * 6)
        await until(pilot, lambda: pane.map.hexes.resolution > 0)
        newest = pane.map.hexes
        late.set()
        await until(pilot, lambda: bool(drawn))
        await pilot.pause(0.1)
        assert pane.map.hexes.resolution == newest.resolution > drawn[0].resolution

    play(cube_store, scene)


def test_the_screen_answers_keys_while_the_engine_does_not(cube_store: Path) -> None:
    """Window, pages and words change behind a shut gate; when it opens, what was asked last is drawn."""
    gate = threading.Event()
    asked: list[Box] = []

    class Gated(LayerSource):
        def hexes(self, quantity: Quantity, resolution: int, box: Box, time: Any) -> Hexes:
            asked.append(box)
            assert gate.wait(100)
            return LayerSource.hexes(self, quantity, resolution, box, time)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = app.query_one(MapPane)
        facts = next(f for f in app.query_one(QueryEditor).snapshot.facts if f.record.name == "finer")
        app.results.open("map")
        pane.show(Gated(app.asides, facts))
        await until(pilot, lambda: bool(asked))
        await pilot.press("f4")
        whole = pane.map.view
        lat, lon = h3.cell_to_latlng(h3.int_to_str(A))
        pane.map.center((lon, lat))
        await pilot.press(*["plus"] * 4)
        near = pane.map.view
        assert near.scale < whole.scale
        await pilot.press("right", "down")
        last = pane.map.view
        assert last.lon > near.lon and last.y < near.y
        await pilot.press("f2", *"SHOW LAYERS", "f4")
        assert app.query_one(QueryEditor).text == "SHOW LAYERS"
        await until(pilot, lambda: len(asked) > 1 and pane.asked.answers(pane.side.question()))
        assert "asking …" in shown(app) and not len(pane.map.hexes) and not gate.is_set()
        gate.set()
        await answered(app, pilot)
        assert (pane.map.view.lon, pane.map.view.scale) == (last.lon, last.scale)
        assert pane.map.hexes.resolution == pane.asked.resolution > 0
        check_colours(app, 1)

    try:
        play(cube_store, scene)
    finally:
        gate.set()


def test_a_chosen_cell_is_outlined(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("f4", *["plus"] * 3)
        pane = await answered(app, pilot)
        assert pane.map.view is not None
        x, y = pane.map.view.width // 2, pane.map.view.height // 4
        await pilot.click(HexMap, offset=(x, y))
        await pilot.pause()
        lon, lat = pane.map.view.place(x, 2 * y)
        assert pane.map.chosen == h3.str_to_int(h3.latlng_to_cell(lat, lon, pane.map.hexes.resolution))

    play(cube_store, scene)


def test_dragging_moves_the_ground_with_the_pointer(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        assert pane.map.view is not None
        cell = pane.map.cell_at(20, 10)
        await pilot.mouse_down(HexMap, offset=(20, 5))
        await pilot.hover(HexMap, offset=(25, 8))
        await pilot.mouse_up(HexMap, offset=(25, 8))
        await answered(app, pilot)
        assert pane.map.chosen is None
        assert pane.map.cell_at(25, 16) == cell

    play(cube_store, scene)
