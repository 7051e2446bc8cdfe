"""Times played one after the other: what is drawn is always that of the time that is said."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from cubeql_tui.app import CubeQL
from cubeql_tui.asking import When
from cubeql_tui.editor import QueryEditor
from cubeql_tui.map.pane import MapPane
from cubeql_tui.map.sources import LayerSource, Quantity
from cubeql_tui.map.timeline import TimeLine, columns_of
from textual.pilot import Pilot

from cubeql.drawing.hexes import Hexes
from cubeql.drawing.view import Box
from tests.tui.maps import answered, approach
from tests.tui.screen import find, lines, play, until


def test_playing_shows_the_values_of_the_time_it_says(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"coarse", "enter", "m")
        await answered(app, pilot)
        await pilot.press("f4", "f10")
        await approach(app, pilot, 4)
        pane = await answered(app, pilot)
        line, side = app.query_one(TimeLine), pane.side
        rows = app.session.query("SELECT cell, time, t2m FROM coarse").to_arrow().to_pydict()
        own = {(c, np.datetime64(t.replace(tzinfo=None), "us")): v for c, t, v in zip(*rows.values(), strict=True)}
        seen: set[np.datetime64] = set()

        def looked() -> bool:
            if not side.waiting and side.map.hexes.whole and side.time is not None:
                found = {
                    (int(c), side.time): v for c, v in zip(side.map.hexes.cells, side.map.hexes.values, strict=True)
                }
                assert found and all(v == own[key] for key, v in found.items() if not np.isnan(v))
                seen.add(side.time)
            return seen == set(side.times)

        await pilot.press("greater_than_sign", "greater_than_sign", "space")
        assert line.playing
        await until(pilot, looked)
        await until(pilot, lambda: len(side.kept_times()) == len(side.times))
        await pilot.press("space")
        assert not line.playing
        y = line.region.y
        assert lines(app)[y].count("●") == 1 and "▶" in lines(app)[y]
        x = min(lines(app)[y].index(mark) for mark in "┼●")  # playing may have ended at the first time
        await pilot.click(TimeLine, offset=(x - line.region.x, 0))
        await until(pilot, lambda: side.time == side.times[0] and lines(app)[y].index("●") == x)

    play(cube_store, scene)


def test_a_slow_time_holds_the_others_up_and_nothing_piles_up(cube_store: Path) -> None:
    gate, asked, together = threading.Event(), [], []

    class Slow(LayerSource):
        def hexes(self, quantity: Quantity, resolution: int, box: Box, time: When) -> Hexes:
            asked.append(time)
            together.append(time)
            if len(asked) > 1:
                assert gate.wait(100)
            found = LayerSource.hexes(self, quantity, resolution, box, time)
            together.remove(time)
            return found

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        pane = app.query_one(MapPane)
        facts = next(f for f in app.query_one(QueryEditor).snapshot.facts if f.record.name == "coarse")
        app.results.open("map")
        pane.show(Slow(app.asides, facts))
        await answered(app, pilot)
        line = app.query_one(TimeLine)
        await pilot.press("space")
        for _ in range(30):  # ticks of its own: however many there are, two at most are at work
            line.tick()
            await pilot.pause()
        assert len(together) <= 2 and line.playing
        view = pane.map.view
        await pilot.press("plus")  # and the map can be moved
        assert pane.map.view != view
        gate.set()
        await until(pilot, lambda: not pane.side.waiting)
        await pilot.press("f3")
        await until(pilot, lambda: not line.playing)  # nobody looks

    play(cube_store, scene)


def test_a_layer_without_times_has_no_line(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"finer", "enter", "m")
        await answered(app, pilot)
        await pilot.press("f4", "space")
        assert not app.query_one(TimeLine).display and not app.query_one(TimeLine).playing
        assert find(app, "There is one time only") is not None

    play(cube_store, scene)


def test_times_stand_as_far_apart_as_they_are_unless_they_would_lie_on_each_other() -> None:
    times = np.array(["2020-01-01", "2020-01-02", "2020-01-11"], "datetime64[us]")
    assert columns_of(times, 11).tolist() == [0, 1, 10]
    assert columns_of(times, 5).tolist() == [0, 2, 4]
    assert columns_of(times[:1], 5).tolist() == [0]
