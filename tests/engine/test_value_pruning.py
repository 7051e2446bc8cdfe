"""Tile rows are left out by their values: as many as can be, and none that matters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import product
from tests.support.answers import differences


def kept(session: Any, text: str) -> dict[str, int]:
    """Rows of each layer that are left of a query."""
    return {s.layer: s.tiles_kept for s in session.explain(text).scans}


@pytest.mark.parametrize(
    "condition,rows",
    [
        ("temp > 30", 4),
        ("temp > 33.5", 1),
        ("NOT (temp <= 30)", 4),
        ("temp BETWEEN 10 AND 12", 2),
        ("temp NOT BETWEEN 2 AND 40", 2),
        ("temp IS NOT NULL", 24),
        ("temp = 1000", 0),
        ("temp > NULL", 0),
        ("depth > 95", 1),
        ("depth < -25", 3),
        ("depth IS NOT NULL", 27),
        ("depth + 10 > 105", 1),
        ("10 - depth < -85", 1),
        ("depth * 2 > 190", 1),
        ("depth / -2 < -47.5", 1),
        ("-depth < -95", 1),
        ("convert(depth, 'km') > 0.095", 1),
        ("convert(temp, 'K') > 303.15", 4),
        ("temp > 30 OR depth > 95", 5),
        ("temp > 30 AND depth > 95", 0),
        ("temp > 30 OR month(time) = 5", 28),
        ("kind = 'rock' AND temp < 1", 0),
        ("kind NOT IN ('sand', 'mud', 'rock')", 10),
        ("kind IN (SELECT kind FROM banks)", 28),
        ("temp > depth", 24),
    ],
)
def test_rows_that_are_kept_of_28(cube: Any, condition: str, rows: int) -> None:
    assert kept(cube, f"SELECT cell, time FROM banks FILTER {condition}")["banks"] == rows


def test_values_of_parameters_are_known(cube: Any) -> None:
    found = cube.explain("SELECT count(*) AS n FROM banks FILTER temp > $least", {"least": 30})
    assert sum(s.tiles_kept for s in found.scans) == 4


def left_out(session: Any, text: str) -> dict[str, dict[str, int]]:
    """What left out how many rows of each layer."""
    return {s.layer: s.left_out for s in session.explain(text).scans}


def test_what_left_out_how_many_rows(cube: Any) -> None:
    text = "SELECT avg(depth) AS d FROM banks JOIN shelf JOIN bed FILTER temp > 20 AND salt > 50 AND time IN '2024-05'"
    met = "the layers it meets"
    assert left_out(cube, text) == {
        "banks": {"time": 7, "temp > 20": 15, met: 6}, "shelf": {"salt > 50": 12}, "bed": {met: 6},
    }  # fmt: skip
    assert f"tiles 0 of 6, files 0 of 1; left out 6 by {met}" in cube.explain(text).text


def test_rows_are_left_out_by_a_region_and_by_values(cube: Any) -> None:
    text = "SELECT cell, depth FROM banks FILTER depth > 60 AND cell WITHIN POINT(11.58, 48.14)"
    (work,) = cube.explain(text).scans
    assert set(work.left_out) == {"depth > 60", "POINT"}
    assert work.tiles_kept + sum(work.left_out.values()) == work.tiles_all == 28


def test_a_layer_without_a_row_in_a_tile_narrows_the_others(cube: Any) -> None:
    assert kept(cube, "SELECT avg(temp) AS t FROM banks JOIN bed") == {"banks": 24, "bed": 6}
    assert kept(cube, "SELECT avg(temp) AS t FROM banks LEFT JOIN bed") == {"banks": 28, "bed": 6}
    assert kept(cube, "SELECT avg(slope) AS s FROM bed JOIN banks FILTER temp > 30") == {"bed": 1, "banks": 4}


def test_at_equal_times_the_very_rows_are_told(cube: Any) -> None:
    found = kept(cube, "SELECT avg(depth) AS d FROM banks JOIN hulls USING max ON TIME EQUAL FILTER temp > 33.5")
    assert found == {"banks": 1, "hulls": 7}  # seven tiles of hulls lie in one of banks


def test_the_best_row_is_not_left_out_but_tiles_are(cube: Any) -> None:
    found = kept(cube, "SELECT avg(depth) AS d FROM banks JOIN shelf ON TIME AS OF FILTER salt > 33.8")
    assert found == {"banks": 16, "shelf": 4}  # one tile of shelf, with all of its instants


def test_the_right_side_of_a_join_by_cell_is_read_where_the_left_is(cube: Any) -> None:
    warm = "(FROM banks FILTER temp > 33 GROUP BY cell SELECT cell, max(temp) AS top)"
    assert kept(cube, f"SELECT count(*) AS n, avg(slope) AS s FROM {warm} AS b JOIN bed") == {"banks": 1, "bed": 1}


def test_bytes_are_those_of_row_groups_with_rows_that_are_kept(cube: Any) -> None:
    every, few, none = (
        cube.explain(f"SELECT avg(depth) AS d FROM banks FILTER {c}").bytes_to_read
        for c in ("depth IS NOT NULL", "temp > 33.5", "temp > 1000")
    )
    assert none == 0 < few < every


NUMBERS = st.one_of(st.integers(-60, 110), st.floats(-60, 110).map(lambda x: round(x, 2)))
COLUMNS = {
    "banks": ["depth", "temp", "kind", "depth + 1", "-temp", "2 * depth", "floor(temp)", "convert(temp, 'degF')"],
    "shelf": ["salt", "10 - salt", "salt / 3"],
    "bed": ["slope", "rough", "rough - 1", "rough / 7"],
    "hulls": ["mass", "-mass"],
}
COMPARISONS = st.sampled_from(["<", "<=", ">", ">=", "=", "<>"])


@st.composite
def conditions(draw: st.DrawFn, layers: tuple[str, ...], depth: int = 2) -> str:
    if depth and draw(st.booleans()):
        left, right = (draw(conditions(layers, depth - 1)) for _ in range(2))
        return draw(st.sampled_from([f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})"]))
    column = draw(st.sampled_from([c for layer in layers for c in COLUMNS[layer]]))
    kind = draw(st.sampled_from(["compare", "compare", "in", "between", "null"]))
    if kind == "compare":
        return f"{column} {draw(COMPARISONS)} {draw(NUMBERS)}"
    if kind == "in":
        listed = ", ".join(str(draw(st.integers(0, 40))) for _ in range(2))
        return f"{column} {draw(st.sampled_from(['', 'NOT ']))}IN ({listed})"
    if kind == "between":
        return f"{column} BETWEEN {draw(NUMBERS)} AND {draw(NUMBERS)}"
    return f"{column} IS {draw(st.sampled_from(['', 'NOT ']))}NULL"


SOURCES = {
    "banks": ("banks",),
    "banks {kind} JOIN bed ON {on}": ("banks", "bed"),
    "bed {kind} JOIN banks ON {on}": ("bed", "banks"),
    "banks {kind} JOIN shelf ON TIME EQUAL ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN shelf ON TIME AS OF ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN shelf ON TIME NEAREST VALID WITHIN '20 days' ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN shelf ON TIME NEXT ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN shelf ON TIME SAME MONTH ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN hulls USING max ON TIME EQUAL ON {on}": ("banks", "hulls"),
    "hulls {kind} JOIN banks ON TIME EQUAL ON {on}": ("hulls", "banks"),
    "shelf AT RESOLUTION 7 {kind} JOIN banks ON TIME EQUAL ON {on}": ("shelf", "banks"),
    "banks {kind} JOIN shelf ON TIME EQUAL ON {on} JOIN bed": ("banks", "shelf"),
    "banks LEFT JOIN bed {kind} JOIN shelf ON TIME AS OF ON {on}": ("banks", "shelf"),
    "banks {kind} JOIN (SELECT cell, time AS t, salt FROM shelf) AS s ON t = banks.time AND {on}": ("banks", "shelf"),
    "(FROM banks GROUP BY cell, time SELECT cell, time, max(temp) AS t) AS b {kind} JOIN shelf ON TIME EQUAL ON {on}": (
        "shelf",
    ),
    "banks {kind} JOIN (FROM shelf GROUP BY cell SELECT cell, max(salt) AS salt) AS s ON {on}": ("banks", "shelf"),
    "(SELECT cell, time, temp FROM banks) AS b {kind} JOIN shelf ON TIME EQUAL ON {on}": ("shelf",),
}  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> str:
    source, layers = draw(st.sampled_from(sorted(SOURCES.items())))
    kind = draw(st.sampled_from(["", "LEFT", "SEMI", "ANTI"]))
    hidden = kind in ("SEMI", "ANTI") and "{kind}" in source
    seen = tuple(n for n in layers if not hidden or source.split("{kind}")[0].split()[0].strip("(") == n)
    on = draw(conditions(layers)) if "{on}" in source else ""
    text = f"SELECT * FROM {source.format(kind=kind, on=on)}"
    return f"{text} FILTER {draw(conditions(seen))}" if seen and draw(st.booleans()) else text


@given(queries())
@settings(max_examples=40)
def test_leaving_rows_out_changes_no_answer(cube: Any, cube_without_rules: Any, text: str) -> None:
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)
