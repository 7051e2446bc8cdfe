"""Colours that the makers of a layer chose: on the map of the layer, of a result, in its histogram."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pyarrow as pa
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.histogram import Histogram
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from textual.pilot import Pilot

import cubeql
from cubeql.drawing import counting
from cubeql.drawing.colours import Scale, fitting_ramp, knows_ramp, ramp
from cubeql.drawing.display import Column, columns_of, text_of
from cubeql.drawing.looks import Look
from tests.tui.maps import answered, pixels
from tests.tui.screen import ask, play

COLOURS = {1: (17, 34, 51), 2: (240, 10, 10), 3: (10, 240, 10), 4: (10, 10, 240)}
VIRIDIS = {0: (68, 1, 84), 63: (253, 231, 37)}  # its published ends


@pytest.fixture(scope="module")
def dressed(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny cube with colours, a ramp and its ends on the cards."""
    store = tmp_path_factory.mktemp("dressed") / "store"
    shutil.copytree(cube_store, store)
    written = "|".join(f"{code}=#{bytes(colour).hex()}" for code, colour in COLOURS.items())
    with cubeql.connect(store) as session:
        session.query(f"ALTER LAYER classes ALTER BAND class SET (colours '{written}')")
        session.query("ALTER LAYER finer ALTER BAND elevation SET (ramp 'viridis', display_range [0, 50])")
    return store


def _check(app: CubeQL, colour_of: Any, least: int) -> None:
    """Compare the screen with colours computed here, the cell of each place found by another library."""
    hexmap, seen = app.query_one(HexMap), 0
    assert hexmap.view is not None
    for y, row in enumerate(pixels(app)):
        for x, colour in enumerate(row):
            lon, lat = hexmap.view.place(x, y)
            cell = h3.str_to_int(h3.latlng_to_cell(lat, lon, hexmap.hexes.resolution))
            value = hexmap.hexes.value(cell)
            if colour is not None and value is not None:
                assert colour == colour_of(value)
                seen += 1
    assert seen > least


def _viridis(value: float) -> tuple[int, int, int]:
    return ramp("viridis")[round(min(max(value / 50, 0.0), 1.0) * 63)]


def test_the_map_of_a_layer_has_the_colours_of_its_card(dressed: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"classes", "enter", "m")
        pane = await answered(app, pilot)
        assert pane.source is not None and pane.source.title == "classes"
        _check(app, lambda value: COLOURS[int(value)], 20)
        await pilot.press("f6", "slash", *["backspace"] * 7, *"finer", "enter", "m")
        pane = await answered(app, pilot)
        assert pane.source is not None and pane.source.title == "finer"
        _check(app, _viridis, 20)

    play(dressed, scene)


def test_so_have_the_map_and_the_histogram_of_a_result(dressed: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation AS height FROM finer")
        await pilot.press("f4")
        await answered(app, pilot)
        _check(app, _viridis, 20)
        await pilot.press("c")
        assert app.query_one(MapPane).side._ramp == "lagoon" and app.query_one(HexMap).scale.high == 50
        await pilot.press("ctrl+g")
        counted = app.query_one(Histogram).counted
        assert counted is not None and (counted.scale.low, counted.scale.high) == (0, 50)

    play(dressed, scene)


def test_a_result_tells_the_look_of_its_bands_and_of_nothing_else(dressed: Path) -> None:
    with cubeql.connect(dressed) as session:
        table = session.query("SELECT elevation, elevation + 1 AS more, class FROM finer JOIN classes").to_arrow()
    height, more, class_ = columns_of(table.schema)
    assert (height.look, more.look) == (Look("viridis", (0.0, 50.0)), Look())
    assert dict(class_.look.colours) == COLOURS
    with cubeql.connect(dressed) as session:
        text = "SELECT avg(elevation), sum(elevation), avg(elevation + 1), count(*) FROM finer"
        gathered = columns_of(session.query(text).schema)
        within = "SELECT m FROM (SELECT CELL(3) AS cell, max(elevation) AS m FROM finer GROUP BY CELL(3))"
        inner = session.query(within).schema
    assert [column.look for column in gathered] == [height.look, Look(), Look(), Look()]
    assert columns_of(inner)[0].look == height.look
    assert b"cubeql.source" not in inner.field("m").metadata
    scale = counting.of_table(table, class_).scale
    assert dict(zip(scale.codes or (), scale.colours, strict=True)) == COLOURS
    assert {at: counting.of_table(table, height).scale.colours[at] for at in VIRIDIS} == VIRIDIS


def test_a_ramp_that_nobody_knows_is_one_that_suits() -> None:
    quantity = Column("t2m", 0, "number", "degC", look=Look("of_our_house", (0.0, 9.0)))
    assert not knows_ramp("of_our_house")
    assert Scale.of(quantity, np.array([3.0])) == Scale(ramp(fitting_ramp("t2m", "degC")), 0.0, 9.0)


def test_ramps_of_other_houses_are_known_by_their_names() -> None:
    assert all(knows_ramp(name) for name in ("viridis", "terrain", "cmo.thermal", "RdYlGn_r", "lagoon"))
    assert ramp("RdYlGn_r") == ramp("RdYlGn")[::-1]
    assert {at: ramp("viridis")[at] for at in VIRIDIS} == VIRIDIS


def test_classes_with_colours_and_no_names_are_called_by_their_codes() -> None:
    told = pa.field("c", pa.int64(), metadata={b"cubeql.colours": b"3=#ff0000|5=#00ff00", b"cubeql.classes": b"5=five"})
    column = columns_of(pa.schema([told]))[0]
    assert column.classes == {3: "3", 5: "five"} and [text_of(v, column) for v in (3, 5)] == ["3", "five (5)"]
    assert Scale.of(column, np.array([])).colours == ((255, 0, 0), (0, 255, 0))
