"""Parameters of every kind are values, never text."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
import shapely

from cubeql.errors import ConfigError, QueryError
from tests.support.cube import A

BOX = shapely.box(11.5, 48.1, 11.6, 48.2)
UTC = dt.UTC


def count(cube: Any, condition: str, params: Any = None) -> int:
    table = cube.query(f"SELECT count(*) AS n FROM fine FILTER {condition}", params).to_arrow()
    return int(table["n"][0].as_py())


@pytest.mark.parametrize(
    "value,text",
    [
        (0.1, "0.1"),
        (np.float64(0.1), "0.1"),
        (np.float32(0.125), "0.125"),
        (0, "0"),
        (np.int16(0), "0"),
    ],
)
def test_numbers(cube: Any, value: Any, text: str) -> None:
    assert count(cube, "red > $x", {"x": value}) == count(cube, f"red > {text}") > 0


@pytest.mark.parametrize("value", [True, np.True_])
def test_booleans(cube: Any, value: Any) -> None:
    assert count(cube, "(red > 0.1) = $x", {"x": value}) == count(cube, "red > 0.1")


def test_null_is_unknown(cube: Any) -> None:
    assert count(cube, "red > $x", {"x": None}) == 0


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime(2024, 5, 3, 10, 30),
        dt.datetime(2024, 5, 3, 10, 30, tzinfo=UTC),
        dt.datetime(2024, 5, 3, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        np.datetime64("2024-05-03T10:30"),
        "2024-05-03T10:30:00Z",
        "2024-05-03T12:30+02:00",
    ],
)
def test_instants_of_every_kind_and_zone(cube: Any, value: Any) -> None:
    wanted = count(cube, "time = TIMESTAMP '2024-05-03T10:30:00Z'")
    assert count(cube, "time = $t", {"t": value}) == wanted > 0
    assert count(cube, "time IN ($t)", {"t": value}) == wanted
    assert count(cube, "time IN $t", {"t": [value]}) == wanted


def test_dates(cube: Any) -> None:
    assert count(cube, "time IN $t", {"t": dt.date(2024, 5, 3)}) == count(cube, "time IN '2024-05-03'") > 0
    assert count(cube, "time >= $t", {"t": dt.date(2024, 5, 3)}) == count(cube, "time >= '2024-05-03'") > 0


def test_lengths_of_time(cube: Any) -> None:
    moved = count(cube, "time - $d > TIMESTAMP '2024-05-03'", {"d": dt.timedelta(days=2)})
    assert moved == count(cube, "time > TIMESTAMP '2024-05-05'") > 0


@pytest.mark.parametrize(
    "values,text",
    [
        ([3, 5], "(3, 5)"),
        ((3, 5), "(3, 5)"),
        (np.array([3, 5]), "(3, 5)"),
        ([np.int64(3), 5], "(3, 5)"),
        ([3, None], "(3, NULL)"),
        ([3.0, 5], "(3.0, 5)"),
    ],
)
def test_lists(cube: Any, values: Any, text: str) -> None:
    assert count(cube, "month(time) IN $m", {"m": values}) == count(cube, f"month(time) IN {text}") > 0


def test_lists_of_texts_and_classes(cube: Any) -> None:
    hostile = ["DJF", "x'; DROP TABLE y --"]
    assert count(cube, "season(time) IN $s", {"s": hostile}) == count(cube, "season(time) = 'DJF'")
    table = cube.query("SELECT count(*) AS n FROM classes FILTER class IN $c", {"c": ["crop", "urban"]}).to_arrow()
    assert table["n"][0].as_py() == 7


def test_lists_of_cells(cube: Any) -> None:
    texts = [f"{A:015x}", "851fab6bfffffff"]
    found = cube.query("SELECT count(*) AS n FROM coarse FILTER cell IN $c", {"c": texts}).to_arrow()["n"][0].as_py()
    wanted = cube.query(f"SELECT count(*) AS n FROM coarse FILTER cell IN ('{texts[0]}', '{texts[1]}')").to_arrow()
    assert found == wanted["n"][0].as_py() > 0


def test_an_empty_list_holds_nothing(cube: Any) -> None:
    assert count(cube, "month(time) IN $m", {"m": []}) == 0
    assert count(cube, "month(time) NOT IN $m", {"m": []}) == count(cube, "true")
    assert count(cube, "season(time) IN $m", {"m": []}) == 0
    assert count(cube, "time IN $m", {"m": []}) == 0


@pytest.mark.parametrize(
    "value",
    [
        BOX,
        BOX.wkt,
        BOX.__geo_interface__,
        json.dumps(BOX.__geo_interface__),
        {"type": "Feature", "properties": {}, "geometry": BOX.__geo_interface__},
        shapely.MultiPolygon([BOX]),
    ],
    ids=["shapely", "wkt", "geojson", "geojson text", "feature", "multipolygon"],
)
def test_geometries_of_every_kind(cube: Any, value: Any) -> None:
    wanted = count(cube, "cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2)")
    assert count(cube, "cell WITHIN $aoi", {"aoi": value}) == wanted > 0


def test_positional(cube: Any) -> None:
    found = count(cube, "red > ? AND month(time) = ? AND cell WITHIN ?", [0.1, 5, BOX])
    assert found == count(cube, "red > 0.1 AND month(time) = 5 AND cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2)") > 0


@pytest.mark.parametrize("params", [None, {}, {"y": 1}, []])
def test_a_missing_value_is_named_at_its_place(cube: Any, params: Any) -> None:
    text = "SELECT count(*) AS n FROM fine FILTER red > $x"
    with pytest.raises(QueryError) as raised:
        cube.query(text, params)
    (fault,) = raised.value.diagnostics
    assert fault.code == "unknown_parameter"
    assert text[fault.span.start : fault.span.end] == "$x"


def test_a_missing_position_is_named(cube: Any) -> None:
    with pytest.raises(QueryError, match="2"):
        count(cube, "red > ? AND nir > ?", [0.1])


@pytest.mark.parametrize("value", [object(), {1, 2}, b"abc", 1j, float("nan"), [1, "a"], [[1], [2]]])
def test_values_that_mean_nothing_are_refused_by_name(cube: Any, value: Any) -> None:
    for condition in ("red > $x", "month(time) IN $x", "cell WITHIN $x"):
        with pytest.raises(QueryError) as raised:
            count(cube, condition, {"x": value})
        assert raised.value.diagnostics


def test_one_text_is_no_list_of_parameters(cube: Any) -> None:
    with pytest.raises(ConfigError, match="params"):
        count(cube, "season(time) = ?", "DJF")


HOSTILE = [
    "'; DROP TABLE x; --", '"', "{0}", "{args}", "{", "}", "$t0", "$p_x", "%s", "\\", "\x00", "\n", "🌍", "a" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_values(cube: Any, text: str) -> None:
    query = "SELECT season(time) || $x AS s, length($x) AS n FROM twin FILTER season(time) || $x <> 'x' LIMIT 1"
    row = cube.query(query, {"x": text}).to_arrow().to_pylist()[0]
    assert row["s"][3:] == text
    assert row["n"] == len(text)
    assert cube.compile(query, {"x": text}).sql == cube.compile(query, {"x": "plain"}).sql


@pytest.mark.parametrize("text", [t for t in HOSTILE if "\x00" not in t], ids=lambda t: t[:8])
def test_hostile_texts_in_the_statement_stay_values(cube: Any, text: str) -> None:
    written = text.replace("'", "''")
    row = cube.query(f"SELECT '{written}' AS s FROM classes LIMIT 1").to_arrow().to_pylist()[0]
    assert row["s"] == text
