"""Two maps of one window: each side has the colours of its own data, and both see and read the same place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import h3
import numpy as np
from cubeql_tui.app import CubeQL
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from cubeql_tui.map.side import MapSide
from textual.pilot import Pilot

from cubeql.drawing.view import cell_degrees, mercator
from cubeql.grid.cells import centers
from cubeql.values.cells import resolution_of
from tests.support.cube import A
from tests.tui.maps import answered, approach, count_right
from tests.tui.screen import find, lines, play, shown, until


async def opened(app: CubeQL, pilot: Pilot[None], layer: str) -> MapPane:
    """See a layer on the map, with the keys there."""
    await pilot.press("f6", "slash", *layer, "enter", "m")
    await answered(app, pilot)
    await pilot.press("f4", "f10")
    return await answered(app, pilot)


def instant_values(app: CubeQL, side: MapSide, band: str) -> dict[int, float]:
    """The values of the time that a side says, as the engine gives them."""
    found = app.session.query(f"SELECT cell, {band} AS v FROM coarse FILTER time = $t", {"t": side.time.astype(object)})
    return dict(zip(*found.to_arrow().to_pydict().values(), strict=True))


def test_each_side_has_the_colours_of_its_own_time(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "coarse")
        await approach(app, pilot, 4)
        await pilot.press("v")
        await answered(app, pilot)
        first, second = pane.sides.first, pane.sides.second
        assert first.time != second.time
        for side, map_id in ((first, "hexmap"), (second, "hexmap2")):
            assert count_right(app, side.map, side.map.hexes, side.map.scale, lambda x: True, map_id) > 20
            assert str(side.time)[:10] in shown(app)
        for side in (first, second):
            if side.map.hexes.whole:
                own = instant_values(app, side, "t2m")
                drawn = zip(side.map.hexes.cells.tolist(), side.map.hexes.values.tolist(), strict=True)
                assert all(own[cell] == value for cell, value in drawn if not np.isnan(value))
        assert first.scale == second.scale  # one quantity, one meaning of its colours
        await pilot.press("s")
        assert first.scale == second.scale
        await pilot.press("b")
        await answered(app, pilot)
        assert first.quantity != second.quantity or len(second.source.quantities) == 1  # type: ignore[union-attr]

    play(cube_store, scene, (140, 40))


def test_windows_and_pointers_are_linked(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "coarse")
        await pilot.press("v")
        await answered(app, pilot)
        first, second = pane.sides.first, pane.sides.second
        for keys in (("plus", "plus", "left"), ("up", "minus")):
            await pilot.press(*keys)
            await answered(app, pilot)
            one, other = first.map.view, second.map.view
            assert one is not None and other is not None
            assert (one.lon, one.y, one.scale) == (other.lon, other.y, other.scale)
            assert other.width == second.map.size.width and other.height == 2 * second.map.size.height
            await pilot.press("o")
        place = next(
            (x, y)
            for y in range(second.map.size.height)
            for x in range(second.map.size.width)
            if all(s.map.hexes.value(s.map.cell_at(x, 2 * y)) is not None for s in (first, second))
        )
        await pilot.hover("#hexmap2", offset=place)
        await pilot.pause()
        view = second.map.view
        assert view is not None
        lon, lat = view.place(place[0], 2 * place[1])
        cell = h3.str_to_int(h3.latlng_to_cell(lat, lon, second.map.hexes.resolution))
        left, right = first.map.hexes.value(cell), second.map.hexes.value(cell)
        assert left is not None and right is not None
        said = lines(app)[find(app, "difference ")[1]]
        numbers = [float(n) for n in re.findall(r"(?:left|right|difference) ([-+]?[\d.]+(?:e-?\d+)?)", said)]
        assert np.allclose(numbers, [left, right, right - left], rtol=1e-3, atol=1e-3)
        assert first.map._pointer is not None and first.map.cell_at(*first.map._pointer) == cell
        await pilot.press("enter")
        await until(pilot, lambda: first.map.chosen == cell == second.map.chosen)
        await pilot.press("v", "v", "v")
        assert pane.sides.arranged == "one" and not second.map.region.area

    play(cube_store, scene, (140, 40))


def test_the_divider_parts_two_times(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "coarse")
        await pilot.press("v", "v")
        view = pane.map.view
        assert view is not None
        lon, lat = (float(degrees[0]) for degrees in centers(np.array([A], np.int64)))
        tile = cell_degrees(int(resolution_of(A)))
        pane.map.go(replace(view, lon=lon, y=float(mercator(lat)), scale=tile / 30))
        await answered(app, pilot)
        first, second = pane.sides.first, pane.sides.second
        cuts = []
        for keys in ((), ("right_square_bracket",), ("left_square_bracket",) * 3):
            await pilot.press(*keys)
            await answered(app, pilot)
            cut = first.map._cut
            cuts.append(cut)
            left = count_right(app, first.map, first.map.hexes, first.map.scale, lambda x, cut=cut: x < cut)
            right = count_right(app, first.map, second.map.hexes, second.map.scale, lambda x, cut=cut: x > cut)
            assert left > 3 and right > 3
        assert cuts[0] < cuts[1] and cuts[2] < cuts[0]
        await pilot.mouse_down(HexMap, offset=(cuts[2], 3))
        await pilot.hover(HexMap, offset=(cuts[0], 3))
        await pilot.mouse_up(HexMap, offset=(cuts[0], 3))
        assert abs(first.map._cut - cuts[0]) <= 1 and first.map.chosen is None

    play(cube_store, scene, (120, 40))


def test_a_difference_is_that_of_the_values_and_0_is_in_the_middle(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "coarse")
        await approach(app, pilot, 4)
        await pilot.press("v", "v", "v")
        await answered(app, pilot)
        assert pane.sides.arranged == "difference"
        first, second = pane.sides.first, pane.sides.second
        picture = first.map._instead
        assert picture is not None and len(picture.hexes)
        for cell, value in zip(picture.hexes.cells.tolist(), picture.hexes.values.tolist(), strict=True):
            one, other = first.map.hexes.value(cell), second.map.hexes.value(cell)
            assert np.isnan(value) if one is None or other is None else value == other - one
        assert picture.scale.low == -picture.scale.high
        assert count_right(app, first.map, picture.hexes, picture.scale, lambda x: True) > 20
        await pilot.press("v")
        await answered(app, pilot)
        assert count_right(app, first.map, first.map.hexes, first.map.scale, lambda x: True) > 20

    play(cube_store, scene, (120, 40))


def test_classes_have_no_difference_but_are_the_same_or_not(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "classes")
        await pilot.press("v")
        await answered(app, pilot)
        await approach(app, pilot, 1)
        sides = pane.sides
        cell = next(int(c) for c in sides.first.map.hexes.cells if sides.second.map.hexes.value(int(c)) is not None)
        sides.choose(cell)
        await until(pilot, lambda: "the same" in shown(app))
        await pilot.press("v", "v")
        assert sides.arranged == "one"  # swipe, and back: a difference of codes means nothing

    play(cube_store, scene, (120, 40))


def test_a_layer_goes_to_the_side_that_has_the_keys(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = await opened(app, pilot, "finer")
        await pilot.press("v")
        await answered(app, pilot)
        await pilot.press("f10", "f6", "escape", "slash", *"coarse", "enter", "m")
        await answered(app, pilot)
        assert pane.sides.first.source is not None and pane.sides.first.source.title == "finer"
        assert pane.sides.second.source is not None and pane.sides.second.source.title == "coarse"

    play(cube_store, scene, (140, 40))
