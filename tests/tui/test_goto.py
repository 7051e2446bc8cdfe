"""Going to a place by its coordinates or its cell; what lies over the map to know where one is."""

from __future__ import annotations

import math
import re
from pathlib import Path

import h3
import numpy as np
import pyproj
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.map.goto import found
from textual.pilot import Pilot

from cubeql.drawing.overlay import GRID, meridians, overlay_of, parallels
from cubeql.drawing.view import View, mercator
from tests.support.cube import A
from tests.tui.maps import answered
from tests.tui.screen import lines, play, shown, until


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("11.58, 48.14", (11.58, 48.14)),
        ("-70.5 -33", (-70.5, -33.0)),
        ("48.14°N 11.58°E", (11.58, 48.14)),
        ("33 s, 70.5w", (-70.5, -33.0)),
        ("851f8d47fffffff", h3.str_to_int("851f8d47fffffff")),
    ],
)
def test_places_are_read_as_people_write_them(text: str, place: object) -> None:
    assert found(text) == place


@pytest.mark.parametrize("text", ["", "Munich", "48.14", "11, 120", "400, 3", "851f8d47ffffffe"])
def test_what_is_no_place_says_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"longitude|no H3 cell"):
        found(text)


def test_the_map_goes_there_and_says_how_large_it_is(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"finer", "enter", "m")
        pane = await answered(app, pilot)
        await pilot.press("f4", "g", *"nowhere", "enter")
        await until(pilot, lambda: "write longitude" in shown(app))
        await pilot.press(*["backspace"] * 7, *"11.6, 48.1", "enter")
        await answered(app, pilot)
        view = pane.map.view
        assert view is not None
        lon, lat = view.place(view.width // 2, view.height // 2)
        assert abs(lon - 11.6) <= view.scale and abs(lat - 48.1) <= view.scale
        line = next(text for text in lines(app) if "┤" in text)
        told = re.search(r"├(─*)┤ ([\d,.]+) (km|m)", line)
        assert told is not None
        degrees = (len(told[1]) + 2) * view.scale
        _, _, metres = pyproj.Geod(ellps="sphere").inv(lon - degrees / 2, lat, lon + degrees / 2, lat)
        said = float(told[2].replace(",", "")) * (1000 if told[3] == "km" else 1)
        assert said == pytest.approx(metres, rel=0.5 / (len(told[1]) + 2) + 0.02)
        await pilot.press("g", *"851f8d47fffffff", "enter")
        await until(pilot, lambda: pane.map.chosen == A)

    play(cube_store, scene)


@pytest.mark.parametrize("scale", [0.004, 0.3, 2.0])
def test_the_graticule_lies_at_round_degrees(scale: float) -> None:
    view = View(170.0007, 40.0003, scale, 120, 80)
    found = overlay_of(view, graticule=True).at(view)
    assert found is not None
    dots, kinds = found
    plain = overlay_of(view, graticule=False).at(view)
    assert plain is not None and not (plain[1][plain[0] > 0] == GRID).any()
    step = float(np.diff(parallels(view))[0])
    assert math.isclose(step / 10 ** math.floor(math.log10(step)) % 1, 0, abs_tol=1e-6) or step == 15.0
    for lon in meridians(view):
        x = math.floor((lon - view.lon) / scale + view.width / 2)
        if 0 <= x < view.width:
            assert (dots[:, x] > 0).all()
    for lat in parallels(view):
        y = math.floor((view.y - float(mercator(float(lat)))) / scale + view.height / 2)
        if 0 <= y < view.height:
            assert (dots[y // 2] > 0).all()
    assert ((kinds == GRID) & (dots > 0)).any()
