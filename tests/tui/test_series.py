"""Values over time: lines, gaps, dates, and the way from the map and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.pane import MapPane
from cubeql_tui.plot import SeriesPlot, cut_name
from cubeql_tui.results import Results
from cubeql_tui.rows import Rows
from textual.pilot import Pilot

from cubeql.drawing import series
from cubeql.drawing.dots import stretches
from cubeql.drawing.plotting import date_ticks, number_ticks
from cubeql.drawing.series import Line, Series, averaged
from cubeql.values.cells import format_cell
from tests.tui.maps import answered
from tests.tui.screen import ask, lines, play, shown, until

BELOW = "SELECT time, avg(t2m) AS v FROM coarse FILTER cell WITHIN CELL '{}' GROUP BY time ORDER BY time"


def days(*texts: str) -> Any:
    return np.array(texts, "datetime64[us]")


def test_values_of_one_instant_are_averaged_and_ordered() -> None:
    line = averaged(
        "x", days("2024-03-01", "2024-01-01", "2024-03-01", "2024-02-01"), np.array([2.0, 1.0, 4.0, np.nan])
    )
    assert line.times.tolist() == days("2024-01-01", "2024-02-01", "2024-03-01").tolist()
    np.testing.assert_equal(line.values, [1.0, np.nan, 3.0])


def test_each_combination_of_what_is_no_number_is_a_line() -> None:
    schema = pa.schema(
        [pa.field("time", pa.timestamp("us")), pa.field("kind", pa.string()), pa.field("v", pa.float64()),
         pa.field("code", pa.int64(), metadata={b"cubeql.classes": b"1=a|2=b"})]
    )  # fmt: skip
    times = days("2024-01-01", "2024-02-01", "2024-01-01", "2024-01-01")
    columns = [pa.array(times), pa.array(["p", "p", None, "p"]), pa.array([1.0, 2.0, 3.0, 4.0]), pa.array([1, 1, 1, 2])]
    rows = Rows(schema, [pa.record_batch(columns, schema=schema)])
    assert [c.name for c in series.quantities(rows.schema)] == ["v"]
    found = series.of_table(rows.table(), series.quantities(rows.schema)[0])
    assert {line.name: line.values.tolist() for line in found.lines} == {
        "p · a (1)": [1.0, 2.0],
        "NULL · a (1)": [3.0],
        "p · b (2)": [4.0],
    }
    assert found.lines[0].name == "p · a (1)"


def test_too_many_lines_are_left_out_and_counted(cube: Any) -> None:
    result = cube.query("SELECT cell, time, precip FROM rain")
    rows = Rows(result.schema, list(result))
    found = series.of_table(rows.table(), series.quantities(rows.schema)[0])
    cells = len(set(rows.table()["cell"].to_pylist()))
    assert len(found.lines) == series.MOST_LINES and found.left_out == cells - series.MOST_LINES


def test_a_gap_stays_a_gap() -> None:
    ends = np.array([[0.0, 3.0], [12.0, 15.0]])
    bits = stretches(ends, np.zeros((2, 2)), 8, 1)[0]
    assert (bits[:2] > 0).all() and (bits[2:6] == 0).all() and (bits[6:] > 0).all()


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [(0, 10, 5, [0, 2, 4, 6, 8, 10]), (-1, 1, 4, [-1, -0.5, 0, 0.5, 1]), (3.2, 3.2, 3, [3.2]), (0.1, 0.9, 1, [])],
)
def test_numbers_on_an_axis_are_round(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert number_ticks(low, high, most) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("first", "last", "most", "words"),
    [
        ("2015-08-31", "2020-12-22", 8, ["2016", "2017", "2018", "2019", "2020"]),
        ("2000-01-01", "2000-12-01", 4, ["2000-01", "2000-04", "2000-07", "2000-10"]),
        ("2024-02-27", "2024-03-02", 6, ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]),
        ("2024-05-01T00:00", "2024-05-01T13:00", 3, ["00:00", "06:00", "12:00"]),
        ("2024-05-01", "2024-05-01", 3, ["2024-05-01"]),
        ("1850-01-01", "2100-01-01", 3, ["1900", "2000", "2100"]),
    ],
)
def test_dates_on_an_axis_are_whole(first: str, last: str, most: int, words: list[str]) -> None:
    found = [text for _, text in date_ticks(np.datetime64(first, "us"), np.datetime64(last, "us"), most)]
    assert found == words


def test_a_line_lies_where_its_values_are(cube_store: Path) -> None:
    """A step from the lowest to the highest value: low at the left, high at the right, nothing between."""

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        times = np.datetime64("2024-01-01", "us") + np.arange(101) * np.timedelta64(1, "D")
        values = np.where(np.arange(101) < 40, 0.0, 10.0)
        values[40:60] = np.nan
        app.results.open("series")
        plot = app.query_one("#series", SeriesPlot)
        plot.show(Series("step", "m", (Line("", times, values),)))
        await pilot.pause()
        region = plot.region
        drawn = [line[region.x + 10 : region.right] for line in lines(app)[region.y + 1 : region.bottom - 1]]
        dotted = {(x, y) for y, line in enumerate(drawn) for x, c in enumerate(line) if 0x2800 < ord(c) <= 0x28FF}
        width, height = len(drawn[0]), len(drawn)
        assert dotted
        for x, y in dotted:
            share = x / width
            assert (share < 0.41 and y > height / 2) or (share > 0.58 and y < height / 2)
        assert "step [m]" in shown(app)

    play(cube_store, scene)


def test_a_result_over_time_is_drawn_and_read(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT time, avg(t2m) AS warm FROM coarse GROUP BY time ORDER BY time"
        await ask(app, pilot, text)
        await pilot.press("f7")
        plot = app.query_one("#series", SeriesPlot)
        await until(pilot, lambda: plot.series is not None)
        await pilot.press("left")
        await pilot.pause()
        last = app.session.query(text).to_arrow().to_pylist()[-1]
        assert "warm [degC]" in shown(app)
        assert f"{last['time']:%Y-%m-%d}" in shown(app) and f"{last['warm']:.4g}" in shown(app)

    play(cube_store, scene)


def test_a_chosen_cell_shows_its_series_and_a_chosen_time_its_map(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"coarse", "enter", "m")
        pane = await answered(app, pilot)
        view = pane.map.view
        assert view is not None
        places = [(x, y) for y in range(0, view.height, 2) for x in range(view.width)]
        x, y = next(p for p in places if pane.map.hexes.value(pane.map.cell_at(*p)) is not None)
        cell = pane.map.cell_at(x, y)
        await pilot.click(HexMap, offset=(x, y // 2))
        below = app.query_one("#below", SeriesPlot)
        await until(pilot, lambda: below.display and below.series is not None)
        found = app.asides.query(BELOW.format(format_cell(cell))).to_arrow()
        assert below.series is not None
        assert below.series.lines[0].values.tolist() == pytest.approx(found["v"].to_pylist(), nan_ok=True)
        below.post_message(SeriesPlot.TimeChosen(pane.times[1]))
        await until(pilot, lambda: pane.time == pane.times[1])
        await answered(app, pilot)
        assert f"(2 of {len(pane.times)})" in shown(app)

    play(cube_store, scene, size=(140, 50))


def test_a_cell_of_a_result_has_the_series_of_its_rows(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, time, t2m FROM coarse")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        assert pane.source is not None and pane.quantity is not None
        cell = int(pane.map.hexes.cells[0])
        line = pane.source.series(pane.quantity, cell)
        found = app.asides.query(BELOW.format(format_cell(cell))).to_arrow()
        assert [str(t) for t in line.times] == [str(t) for t in found["time"].to_numpy()]
        assert line.values.tolist() == pytest.approx(found["v"].to_pylist(), nan_ok=True)

    play(cube_store, scene)


def test_without_anything_over_time_it_says_what_to_do(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []  # what is shown goes after some seconds
    monkeypatch.setattr(Results, "notify", lambda self, text, **how: said.append(text))

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f7")
        await until(pilot, lambda: any("Ask for time and a number" in text for text in said))
        assert app.query_one(MapPane).source is None

    play(cube_store, scene)


def test_names_of_cells_that_are_cut_keep_what_tells_them_apart() -> None:
    near = ["842c001ffffffff", "842c003ffffffff", "8d1e24b2a3c5d3f", "8d1e24b2a3c5d7f"]
    for longest in (15, 11, 8):
        cut = [cut_name(name, longest) for name in near]
        assert len(set(cut)) == len(near) and max(map(len, cut)) <= longest
    assert cut_name("cropland and more", 9) == "cropland…"
