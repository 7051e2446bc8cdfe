"""What is brushed in one view is what the others show, and what the statement then says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h3
import numpy as np
import pyarrow.compute as pc
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.histogram import Histogram
from cubeql_tui.linked import Linked
from cubeql_tui.map.pane import MapPane
from cubeql_tui.plot import SeriesPlot
from textual.pilot import Pilot

from cubeql.drawing.colours import class_colours
from cubeql.drawing.selection import TimeSpan
from cubeql.values.cells import format_cell
from tests.tui.maps import answered, pixels
from tests.tui.screen import ask, ended, find, look, play, shown, until


def check_faded(app: CubeQL, kept: Any) -> tuple[int, int]:
    """Compare each place of the map with the data: which cells keep the colour of their value, which have faded."""
    pane = app.query_one(MapPane)
    view, hexes = pane.map.view, pane.map.hexes
    plain = pane.side.scale
    assert view is not None and plain is not None
    values = dict(zip(hexes.cells.tolist(), hexes.values.tolist(), strict=True))
    ground = np.array([int(app.theme_variables["background"][i : i + 2], 16) for i in (1, 3, 5)])
    kept_count = faded_count = 0
    for y, row in enumerate(pixels(app)):
        for x, drawn in enumerate(row):
            lon, lat = view.place(x, y)
            value = values.get(h3.str_to_int(h3.latlng_to_cell(lat, lon, hexes.resolution)))
            if drawn is None or value is None or np.isnan(value):
                continue
            own = np.array(plain.colours[int(plain.indexes(np.array([value]))[0])])
            if kept(value):
                assert tuple(own) == drawn, (x, y, value)
                kept_count += 1
            else:
                assert np.abs(np.array(drawn) - ground).sum() < 0.5 * np.abs(own - ground).sum(), (x, y, value)
                faded_count += 1
    return kept_count, faded_count


async def rows_now(app: CubeQL, pilot: Pilot[None]) -> Any:
    """Run what stands at the cursor of the editor; its rows."""
    await pilot.press("f5")
    await until(pilot, lambda: app.run_now is not None and app.run_now.text == app.query_one(QueryEditor).statement[0])
    await ended(app, pilot)
    assert app.run_now is not None and app.run_now.state == "done", app.run_now and app.run_now.error
    assert app.run_now.rows is not None
    return app.run_now.rows.table()


def by_rows(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.sort_by([(name, "ascending") for name in table.column_names]).to_pylist()
    return found


def test_a_brush_on_values_fades_the_other_cells_and_becomes_a_condition(cube_store: Path) -> None:
    text = "SELECT cell, elevation FROM finer FILTER elevation IS NOT NULL"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, text)
        whole = app.results.run.rows.table()  # type: ignore[union-attr]
        await pilot.press("f4")
        pane = await answered(app, pilot)
        await pilot.press("ctrl+g")
        histogram = app.query_one(Histogram)
        await until(pilot, lambda: histogram.counted is not None and histogram.size.width > 20)
        await pilot.press(*["right"] * 10, *["shift+right"] * 25)
        await until(pilot, lambda: app.results.linked.choice is not None)
        choice = app.results.linked.choice
        assert choice is not None and choice.quantity == "elevation"
        counted = histogram.counted
        assert counted is not None
        inside = int(((counted.values >= choice.low) & (counted.values <= choice.high)).sum())
        assert f"{inside:,} of {len(counted.known):,}" in shown(app)
        assert f"brushed: {choice.words}" in shown(app)
        await pilot.press("f4")
        await answered(app, pilot)
        kept, faded = check_faded(app, lambda value: choice.low <= value <= choice.high)
        assert kept > 5 and faded > 5
        await pilot.press("ctrl+g", "w")
        assert app.query_one(QueryEditor).text == f"{text} AND elevation BETWEEN {choice.low!r} AND {choice.high!r}"
        rows = await rows_now(app, pilot)
        between = pc.and_(
            pc.greater_equal(whole["elevation"], choice.low), pc.less_equal(whole["elevation"], choice.high)
        )
        assert by_rows(rows) == by_rows(whole.filter(between)) and 0 < len(rows) < len(whole)
        assert not app.results.linked and "brushed" not in shown(app)
        assert pane.map.scale.choice is None or app.results.current == "histogram"

    play(cube_store, scene, size=(140, 44))


def test_picked_classes_keep_their_colours_and_escape_gives_all_back(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, class FROM classes")
        whole = app.results.run.rows.table()  # type: ignore[union-attr]
        await pilot.press("ctrl+g")
        histogram = app.query_one(Histogram)
        await until(pilot, lambda: histogram.counted is not None)
        assert histogram.counted is not None and histogram.counted.classes is not None
        await pilot.press("down", "enter", "down", "down", "enter")
        await until(pilot, lambda: len(getattr(app.results.linked.choice, "codes", None) or ()) == 2)
        choice = app.results.linked.choice
        assert choice is not None and choice.codes is not None
        names = [histogram.counted.classes[code] for code in choice.codes]
        await pilot.press("f4")
        await answered(app, pilot)
        kept, faded = check_faded(app, lambda value: int(value) in choice.codes)
        assert kept and faded
        await pilot.press("ctrl+g", "w")
        listed = ", ".join(f"'{name}'" for name in names)
        assert app.query_one(QueryEditor).text == f"SELECT cell, class FROM classes FILTER class IN ({listed})"
        await pilot.press("escape")
        await pilot.pause()
        assert not app.results.linked
        await pilot.press("f4")
        await answered(app, pilot)
        assert app.query_one(MapPane).map.scale.choice is None
        rows = await rows_now(app, pilot)
        assert by_rows(rows) == by_rows(
            whole.filter(pc.is_in(whole["class"], pc.cast(list(choice.codes), whole["class"].type)))
        )
        await pilot.press("ctrl+g")
        await until(pilot, lambda: histogram.counted is not None and len(histogram._codes()) == 2)
        x, y = find(app, f"{names[0]} █")
        colours = class_colours(histogram.counted.classes)
        assert tuple(look(app, x + len(names[0]) + 1, y)[1].color.get_truecolor()) == colours[choice.codes[0]]

    play(cube_store, scene, size=(120, 40))


@pytest.mark.parametrize("pointer", [False, True])
def test_a_brush_on_time_is_the_mean_on_the_map_and_becomes_a_condition(cube_store: Path, pointer: bool) -> None:
    text = "SELECT cell, time, t2m FROM coarse"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, text)
        whole = app.results.run.rows.table()  # type: ignore[union-attr]
        await pilot.press("f4")
        pane = await answered(app, pilot)
        await pilot.press("f7")
        plot = app.query_one("#series", SeriesPlot)
        await until(pilot, lambda: plot.series is not None and plot.size.width > 30)
        assert plot.series is not None
        times = plot.series.times
        if pointer:
            frame = plot._frame(plot.series)
            places = [int(frame.across(times[i : i + 1])[0] // 2) + 10 for i in (2, 4)]
            await pilot.mouse_down(plot, offset=(places[0], 5))
            await pilot.hover(plot, offset=(places[1], 5))
            await pilot.mouse_up(plot, offset=(places[1], 5))
        else:
            plot.mark(times[2])
            await pilot.press("shift+right", "shift+right")
        await until(pilot, lambda: app.results.linked.times is not None)
        span = app.results.linked.times
        assert span is not None and (span.first, span.last) == (times[2], times[4])
        assert "3 times" in shown(app) and "mean " in shown(app)
        inside = whole.filter(span.holds(whole["time"].to_numpy()))
        means = {r["cell"]: r["t2m_mean"] for r in inside.group_by("cell").aggregate([("t2m", "mean")]).to_pylist()}
        await pilot.press("f4")
        await answered(app, pilot)
        assert "mean of 3 brushed times" in shown(app)
        drawn = dict(zip(pane.map.hexes.cells.tolist(), pane.map.hexes.values.tolist(), strict=True))
        assert {c: v for c, v in drawn.items() if not np.isnan(v)} == pytest.approx(
            {c: v for c, v in means.items() if v is not None}
        )
        await pilot.press("full_stop")
        await until(pilot, lambda: pane.side.clock.when == times[2])
        await answered(app, pilot)
        assert "(1 of 3 brushed)" in shown(app)
        for brushed in (None, span, None, TimeSpan(times[-1] + 1, times[-1] + 2), span):
            app.results.link(Linked(brushed))  # one after the other, before the map has asked
        await answered(app, pilot)
        await until(pilot, lambda: pane.side.scale is not None and pane.side.clock.when == span)
        await pilot.press("f7", "w")
        period = f"{str(times[2])[:10]}/{str(times[4])[:10]}"
        assert app.query_one(QueryEditor).text == f"{text} FILTER time DURING '{period}'"
        assert by_rows(await rows_now(app, pilot)) == by_rows(inside)

    play(cube_store, scene, size=(140, 44))


def test_of_a_layer_on_the_map_the_brush_makes_a_statement(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put("SELECT cell FROM finer;")
        await pilot.press("f6", "slash", *"coarse", "enter", "m")
        await answered(app, pilot)
        await pilot.press("ctrl+g", "right", "w")
        await until(pilot, lambda: "Brush some" in shown(app))
        await pilot.press(*["shift+right"] * 30)
        await until(pilot, lambda: app.results.linked.choice is not None)
        await pilot.press("w")
        choice = app.results.linked.choice
        assert choice is not None
        made = f"SELECT cell, time, t2m FROM coarse FILTER t2m BETWEEN {choice.low!r} AND {choice.high!r}"
        assert app.query_one(QueryEditor).text == f"SELECT cell FROM finer;\n\n{made}"
        rows = await rows_now(app, pilot)
        assert len(rows) == app.asides.query(made).to_arrow().num_rows > 0

    play(cube_store, scene)


def test_a_series_is_seen_closer_moved_and_whole_again(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT time, avg(t2m) AS warm, min(t2m) AS low FROM coarse GROUP BY time ORDER BY time")
        await pilot.press("f7")
        plot = app.query_one("#series", SeriesPlot)
        await until(pilot, lambda: plot.series is not None)
        assert plot.series is not None
        times = plot.series.times
        await pilot.press("left", "left", "plus", "plus")
        assert plot.window is not None and plot.cursor is not None
        assert plot.window.last - plot.window.first < times[-1] - times[0]
        assert plot.window.first <= plot.cursor <= plot.window.last
        before = plot.window
        await pilot.press("pageup")
        assert plot.window is not None and plot.window.first < before.first
        await pilot.press(*["left"] * len(times))
        assert plot.cursor == times[0] and plot.window.first == times[0]
        await pilot.press("a")
        await until(pilot, lambda: plot.second is not None)
        assert "low [degC]" in shown(app) and "├" in shown(app) and plot.cursor == times[0]
        await pilot.press("f")
        assert plot.window is None
        await pilot.press("a")
        await until(pilot, lambda: plot.second is None)

    play(cube_store, scene)


def test_a_second_cell_adds_its_line_and_goes_again(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, time, t2m FROM coarse")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        view, hexes, source, quantity = pane.map.view, pane.map.hexes, pane.source, pane.quantity
        assert view is not None and source is not None and quantity is not None
        found: dict[int, tuple[int, int]] = {}
        for y in range(0, view.height, 2):
            for x in range(view.width):
                if hexes.value(pane.map.cell_at(x, y)) is not None:
                    found.setdefault(pane.map.cell_at(x, y), (x, y // 2))
        (one, first), (other, _) = list(found.items())[:2]
        below = app.query_one("#below", SeriesPlot)
        await pilot.click(pane.map, offset=first)
        await until(pilot, lambda: below.display and below.series is not None)
        await answered(app, pilot)
        places = {pane.map.cell_at(x, 2 * y): (x, y) for y in range(pane.map.size.height) for x in range(view.width)}
        await pilot.click(pane.map, offset=places[other], control=True)
        await until(pilot, lambda: below.series is not None and len(below.series.lines) == 2)
        assert below.series is not None and pane.map.chosen == one
        for cell, line in zip((one, other), below.series.lines, strict=True):
            wanted = source.series(quantity, cell)
            assert line.name == format_cell(cell) and line.values.tolist() == pytest.approx(
                wanted.values.tolist(), nan_ok=True
            )
        await pilot.hover(pane.map, offset=places[other])
        pane.map.focus()
        await pilot.press("a")
        await until(pilot, lambda: below.series is not None and len(below.series.lines) == 1)
        assert pane.map.chosen == one

    play(cube_store, scene, size=(140, 50))
