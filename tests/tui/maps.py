"""What the map on the screen shows, read from the terminal and compared with the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h3
import numpy as np
from cubeql_tui.app import CubeQL
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from textual.pilot import Pilot

from cubeql.drawing.colours import Scale
from cubeql.drawing.hexes import Hexes
from tests.tui.screen import until


async def answered(app: CubeQL, pilot: Pilot[None]) -> MapPane:
    """Wait until the map shows what was asked for."""
    pane = app.query_one(MapPane)
    sides = pane.sides.compared
    await until(pilot, lambda: all(s.asked and not s.waiting and s.question() is not None for s in sides))
    await pilot.pause(0.15)
    await until(pilot, lambda: all(not s.waiting and s.asked.answers(s.question()) for s in sides))
    await pilot.pause(0.06)
    return pane


Rgb = tuple[int, int, int]


def pixels(app: CubeQL, map_id: str = "hexmap") -> list[list[Rgb | None]]:
    """The colours of the map as the terminal shows them, a list a row of pixels; None where a line lies over one."""
    region = app.query_one(f"#{map_id}", HexMap).region
    rows: list[list[Rgb | None]] = []
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        upper: list[Rgb | None] = []
        lower: list[Rgb | None] = []
        for segment in strip:
            style = segment.style
            assert style is not None
            for character in segment.text:
                plain = character in " ▀" and style.bgcolor is not None
                lower.append(_rgb(style.bgcolor) if plain else None)
                upper.append(_rgb(style.color if character == "▀" else style.bgcolor) if plain else None)
        rows += [upper[region.x : region.right], lower[region.x : region.right]]
    return rows


def _rgb(colour: Any) -> Rgb:
    red, green, blue = colour.get_truecolor()
    return red, green, blue


def check_colours(app: CubeQL, least: int) -> None:
    """Compare the screen with the data, the cell of each place found by another library."""
    shown = app.query_one(MapPane).map
    compared = count_right(app, shown, shown.hexes, shown.scale, lambda x: True)
    assert compared >= least


def count_right(
    app: CubeQL, shown: HexMap, hexes: Hexes, scale: Scale, columns: Callable[[int], bool], map_id: str = "hexmap"
) -> int:
    """How many pixels of some columns have the colour of the value of the cell there; all of them must."""
    view = shown.view
    assert view is not None
    values = dict(zip(hexes.cells.tolist(), hexes.values.tolist(), strict=True))
    ground = tuple(int(app.theme_variables["background"][i : i + 2], 16) for i in (1, 3, 5))
    compared = 0
    for y, row in enumerate(pixels(app, map_id)):
        for x, drawn in enumerate(row):
            if drawn is None or not columns(x):
                continue
            lon, lat = view.place(x, y)
            value = values.get(h3.str_to_int(h3.latlng_to_cell(lat, lon, hexes.resolution)))
            if value is None and (x + y) % 5:
                continue
            index = scale.nothing if value is None else int(scale.indexes(np.array([value]))[0])
            assert drawn == (ground if index == scale.nothing else scale.colours[index]), (x, y)
            compared += value is not None
    return compared


async def approach(app: CubeQL, pilot: Pilot[None], steps: int) -> None:
    """Come closer to a place that has data."""
    pane = app.query_one(MapPane)
    view = pane.map.view
    assert view is not None
    places = [(x, y) for y in range(0, view.height, 2) for x in range(view.width)]
    place = next(p for p in places if pane.map.hexes.value(pane.map.cell_at(*p)) is not None)
    await pilot.hover(HexMap, offset=(place[0], place[1] // 2))
    await pilot.press(*["plus"] * steps)
    await pilot.hover("#status")
    await answered(app, pilot)
