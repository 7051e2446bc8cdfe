"""Rows sorted, found, summed up and copied: just as Arrow would, and always of the rows that were fetched."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.arranging import Wish, arranged, as_csv, as_markdown, facts, first_row
from cubeql_tui.map.pane import MapPane
from cubeql_tui.rows import Rows
from cubeql_tui.table import ResultTable
from textual.pilot import Pilot

from cubeql.drawing.display import columns_of
from cubeql.values.cells import format_cell, parent
from tests.tui.screen import ask, play, shown, until
from tests.tui.test_map import answered


def fields(**kinds: tuple[pa.DataType, dict[str, str]]) -> pa.Schema:
    return pa.schema([pa.field(n, kind, metadata=facts or None) for n, (kind, facts) in kinds.items()])


START, DAY = np.datetime64("2020-01-01", "us"), np.timedelta64(86_400_000_000, "us")
SCHEMA = fields(
    cell=(pa.int64(), {"cubeql.type": "cell"}),
    time=(pa.timestamp("us"), {}),
    kind=(pa.int64(), {"cubeql.type": "integer", "cubeql.classes": "1=Forest|2=water, deep|7=crop"}),
    v=(pa.float64(), {"unit": "m"}),
    name=(pa.string(), {}),
    many=(pa.list_(pa.int64()), {}),
)


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Rows with gaps and ties, in three batches of which one is empty."""
    rng = np.random.default_rng(5)
    count = 900
    table = pa.table(
        [
            pa.array([int("8428309ffffffff", 16) if n % 3 else int("841e105ffffffff", 16) for n in range(count)]),
            pa.array(START + rng.integers(0, 700, count) * DAY),
            pa.array(rng.choice([1, 2, 7], count)),
            pa.array([None if n % 11 == 0 else float(v) for n, v in enumerate(rng.integers(-40, 40, count) / 4)]),
            pa.array([None if n % 13 == 0 else f"place {n % 50}|{n % 7}\n" for n in range(count)]),
            pa.array([[n] for n in range(count)]),
        ],
        schema=SCHEMA,
    )
    return Rows(
        SCHEMA, [*table.slice(0, 400).to_batches(), *table.slice(0, 0).to_batches(), *table.slice(400).to_batches()]
    )


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", range(5))
def test_the_order_is_that_of_arrow(rows: Rows, column: int, descending: bool) -> None:
    found, of = arranged(rows, Wish(column, descending))
    name = SCHEMA.names[column]
    order = pc.sort_indices(rows.table(), sort_keys=[(name, "descending" if descending else "ascending")])
    assert of == len(rows) and found.window(0, len(rows)).equals(rows.table().take(order))
    assert found.window(17, 40).equals(rows.table().take(order).slice(17, 23))
    assert [found.number(n) for n in range(3)] == order[:3].to_pylist()


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("forest", lambda row: row["kind"] == 1),
        ("DEEP", lambda row: row["kind"] == 2),
        ("place 4|", lambda row: (row["name"] or "").startswith("place 4|")),
        ("2020-05", lambda row: f"{row['time']:%Y-%m}" == "2020-05"),
        ("-3.5", lambda row: row["v"] == -3.5),
        ("841e105ffffffff", lambda row: row["cell"] == int("841e105ffffffff", 16)),
        ("811e3ffffffffff", lambda row: row["cell"] == int("841e105ffffffff", 16)),
        ("nowhere", lambda row: False),
    ],
)
def test_rows_are_found_by_what_stands_in_them(rows: Rows, words: str, holds: Any) -> None:
    found, _ = arranged(rows, Wish(words=words))
    assert found.places.tolist() == [n for n, row in enumerate(rows.table().to_pylist()) if holds(row)]
    backwards, _ = arranged(rows, Wish(3, True, words))
    assert sorted(backwards.places.tolist()) == found.places.tolist()


def test_a_column_is_summed_up_as_arrow_does(rows: Rows) -> None:
    values = rows.table()["v"]
    said = dict(facts(rows, columns_of(SCHEMA)[3]))
    assert said["NULL"] == f"{values.null_count}" and said["values"] == f"{len(values) - values.null_count}"
    assert said["distinct"] == f"{pc.count_distinct(values).as_py()}"
    assert said["median"] == f"{np.median(values.drop_null().to_numpy()):.6g} m"
    assert said["mean"] == f"{pc.mean(values).as_py():.6g} m" and said["least"] == f"{pc.min(values).as_py():.6g} m"
    assert dict(facts(rows, columns_of(SCHEMA)[2]))["least"] == "Forest (1)"
    assert "mean" not in dict(facts(rows, columns_of(SCHEMA)[1]))
    assert dict(facts(rows, columns_of(SCHEMA)[5])).keys() == {"type", "values", "NULL"}
    assert dict(facts(Rows(SCHEMA), columns_of(SCHEMA)[3]))["values"] == "0"


def test_what_is_copied_can_be_read_again(rows: Rows) -> None:
    part = rows.window(0, 30).drop_columns(["many"])
    read = list(csv.DictReader(io.StringIO(as_csv(part))))
    for row, wanted in zip(read, part.to_pylist(), strict=True):
        assert row["cell"] == format_cell(wanted["cell"]) and row["v"] == (
            "" if wanted["v"] is None else repr(wanted["v"])
        )
        assert row["kind"] == {1: "Forest", 2: "water, deep", 7: "crop"}[wanted["kind"]]
        assert row["name"] == (wanted["name"] or "").replace("\n", "⏎")
    marked = as_markdown(part).splitlines()
    assert marked[0] == "| cell | time | kind | v | name |" and marked[1] == "| --- | --- | --- | ---: | --- |"
    assert all(line.replace("\\|", "").count("|") == 6 for line in marked) and len(marked) == 32


def test_the_row_of_a_cell_is_the_first_of_it_or_below_it(rows: Rows) -> None:
    cell = int("8428309ffffffff", 16)
    assert first_row(rows, cell) == 1 and first_row(rows, int(parent(cell, 1))) == 1
    assert first_row(rows, int("8428301ffffffff", 16)) is None


def test_the_table_is_sorted_searched_and_shown_whole_again(cube_store: Path) -> None:
    text = "SELECT cell, elevation, slope FROM finer"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, text)
        table = app.query_one(ResultTable)
        assert table.rows is not None
        whole = table.rows.table()
        await pilot.press("f3", "right", "o")
        await until(pilot, lambda: "least first" in shown(app))
        least = table.view.window(0, 1)["elevation"][0].as_py()  # type: ignore[union-attr]
        assert least == pc.min(whole["elevation"]).as_py()
        assert f"{len(whole):,} fetched rows by elevation" in shown(app) and "↑" in shown(app)
        await pilot.press("o")
        await until(pilot, lambda: "greatest first" in shown(app))
        greatest = whole.sort_by([("elevation", "descending")])
        first = table.view.window(0, 1).to_pylist()[0]  # type: ignore[union-attr]
        assert first["elevation"] == pc.max(whole["elevation"]).as_py()
        number = table.number(0)
        assert whole.slice(number, 1).to_pylist()[0] == first and len(greatest) == len(whole)
        cell = format_cell(first["cell"])
        await pilot.press("slash", *cell, "enter")
        await until(pilot, lambda: "“" in shown(app) and table.view is not None and len(table.view) == 1)
        await pilot.press("i")
        await until(pilot, lambda: f"elevation, of the {len(whole):,} rows fetched" in shown(app))
        assert f"{pc.mean(whole['elevation']).as_py():.6g} m" in shown(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not table.wish and table.view is table.rows)
        await pilot.press("x")
        assert [column.name for column in table.columns] == ["cell", "slope"]
        await pilot.press("X", "plus")
        assert [column.name for column in table.columns] == ["cell", "elevation", "slope"]
        await pilot.press("Y")
        assert app.clipboard.splitlines()[0] == "cell,elevation,slope"
        await pilot.press("M")
        assert app.clipboard.startswith("| cell | elevation | slope |")

    play(cube_store, scene, size=(100, 30))


def test_a_row_is_found_on_the_map_and_the_cell_in_the_table_again(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer ORDER BY cell")
        table, pane = app.query_one(ResultTable), app.query_one(MapPane)
        assert table.rows is not None
        await pilot.press("f3", *["down"] * 40, "m")
        await answered(app, pilot)
        cell = table.rows.window(40, 41)["cell"][0].as_py()
        assert pane.map.chosen == cell and pane.map.view is not None
        assert cell in pane.map.seen_cells()
        await pilot.press("t")
        await until(pilot, lambda: app.results.current == "table" and table.cursor[0] == 40)
        await pilot.press("f4", "t")
        await pilot.pause()
        assert app.results.current == "table"

    play(cube_store, scene)
