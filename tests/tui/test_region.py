"""A region drawn on the map by keys or the pointer, and put into the statement: it selects the cells that lie in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from cubeql_tui.map.sketching import SketchLine
from textual.pilot import Pilot

from cubeql.grid.cells import centers
from tests.tui.maps import answered, approach
from tests.tui.screen import ask, find, look, play, shown, until


async def mapped(app: CubeQL, pilot: Pilot[None], text: str) -> MapPane:
    await ask(app, pilot, text)
    await pilot.press("f4", "f10")
    await answered(app, pilot)
    await approach(app, pilot, 3)
    return await answered(app, pilot)


def area_of(condition: str) -> shapely.Geometry:
    if "BBOX" in condition:
        return shapely.box(*(float(n) for n in condition.split("(")[1].rstrip(")").split(",")))
    return shapely.from_wkt(condition.split("'")[1])


def inside(app: CubeQL, layer: str, area: shapely.Geometry) -> set[int]:
    """The cells of a layer whose middle lies in an area, found by another library."""
    cells = np.unique(app.session.query(f"SELECT cell FROM {layer}").to_arrow()["cell"].to_numpy()).astype(np.int64)
    lon, lat = centers(cells)
    return set(cells[shapely.intersects_xy(area, lon, lat)].tolist())


def test_a_polygon_drawn_by_keys_selects_the_cells_inside(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await mapped(app, pilot, "SELECT cell, elevation FROM finer")
        editor = app.query_one(QueryEditor)
        line = app.query_one(SketchLine)
        await pilot.press("r")
        await until(pilot, lambda: "Draw a box with x" in shown(app))
        view = pane.map.view
        assert view is not None
        await pilot.hover(HexMap, offset=(3, 1))
        await pilot.press("p", "enter")
        await pilot.hover(HexMap, offset=(view.width - 8, 2))
        await pilot.press("enter", "backspace", *["right"] * 2, "enter")
        await pilot.hover(HexMap, offset=(view.width - 4, view.height // 2 - 5))
        await pilot.press("down", "enter")
        await pilot.hover(HexMap, offset=(8, view.height // 2 - 2))
        await pilot.press("up", "left", "enter")
        assert line.sketch is not None and len(line.sketch.corners) == 4 and line.open
        await pilot.press("enter")
        assert line.sketch.closed and not line.open
        area = area_of(line.sketch.condition())
        chosen = inside(app, "finer", area)
        source = pane.side.source
        assert source is not None and chosen
        await until(pilot, lambda: f"cells of resolution {source.finest}" in shown(app))
        said = shown(app)
        km2 = line.sketch.km2()
        assert f"polygon of {km2:,.0f} km²" in said or f"polygon of {km2:.4g} km²" in said
        corner = pane.map.view.pixel(*line.sketch.corners[0])  # type: ignore[union-attr]
        region = pane.map.region
        character, style = look(app, region.x + corner[0], region.y + corner[1] // 2)
        assert 0x2800 < ord(character) < 0x2900  # drawn above the map, in the colour of what was chosen
        drawn, ground = ([0.299, 0.587, 0.114] @ np.array(c.get_truecolor()) for c in (style.color, style.bgcolor))
        assert abs(drawn - ground) > 70  # and told from it by its lightness
        await pilot.press("r")
        assert editor.text == f"SELECT cell, elevation FROM finer FILTER {line.sketch.condition()}"
        found = app.session.query(editor.text).to_arrow()["cell"].to_pylist()
        assert set(found) == chosen
        await pilot.press("escape")
        assert line.sketch is None and not line.display

    play(cube_store, scene, (120, 40))


def test_a_box_dragged_with_shift_takes_its_place(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await mapped(app, pilot, "SELECT cell, elevation FROM finer FILTER elevation > 0")
        editor, line = app.query_one(QueryEditor), app.query_one(SketchLine)
        await pilot.mouse_down(HexMap, offset=(20, 5), shift=True)
        await pilot.hover(HexMap, offset=(60, 15))
        await pilot.mouse_up(HexMap, offset=(60, 15))
        await until(pilot, lambda: line.sketch is not None and line.sketch.closed)
        assert line.sketch is not None and pane.map.chosen is None
        await pilot.press("r")
        box = line.sketch.condition()
        assert " ".join(editor.text.split()) == f"SELECT cell, elevation FROM finer FILTER elevation > 0 AND {box}"
        await pilot.press("x")
        await pilot.click(HexMap, offset=(30, 8))
        await pilot.click(HexMap, offset=(50, 12))
        await until(pilot, lambda: line.sketch is not None and line.sketch.closed)
        await pilot.press("r")
        assert line.sketch.condition() != box
        assert (
            " ".join(editor.text.split())
            == f"SELECT cell, elevation FROM finer FILTER elevation > 0 AND {line.sketch.condition()}"
        )
        found = app.session.query(editor.text).to_arrow()["cell"].to_pylist()
        positive = set(app.session.query("SELECT cell FROM finer FILTER elevation > 0").to_arrow()["cell"].to_pylist())
        assert set(found) == inside(app, "finer", area_of(line.sketch.condition())) & positive
        editor.put("SHOW LAYERS")
        await pilot.press("r")
        await until(pilot, lambda: "no FILTER that a condition" in shown(app))
        editor.put("")
        await pilot.press("r")
        await until(pilot, lambda: "no statement at the cursor" in shown(app))

    play(cube_store, scene, (120, 40))


def test_edges_that_cross_are_refused(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await mapped(app, pilot, "SELECT cell, elevation FROM finer")
        await pilot.press("p")
        for x, y in ((20, 5), (50, 15), (50, 5), (20, 15), (20, 15)):
            await pilot.click(HexMap, offset=(x, y))
        await until(pilot, lambda: "cross each other" in shown(app))
        assert app.query_one(SketchLine).open
        assert find(app, "polygon: the next corner")

    play(cube_store, scene, (120, 40))
