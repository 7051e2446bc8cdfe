"""Pruning drops nothing that matters: with all rules the answer is the one without any."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support import product
from tests.support.answers import differences

LONS = st.one_of(st.floats(10.6, 12.6), st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 11.58, 0.0]))
CELLS = ["851f8d47fffffff", "821f8ffffffffff", "85080003fffffff", "871f8d45dffffff", "801ffffffffffff"]
LATS = st.one_of(st.floats(47.4, 48.9), st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 48.14]))


def number(value: float) -> str:
    return f"{round(value, 5) + 0.0:.5f}"  # never -0.00000, which is 0.00000 written otherwise


@st.composite
def regions(draw: st.DrawFn) -> str:
    lon, lat = number(draw(LONS)), number(draw(LATS))
    kind = draw(st.sampled_from(["box", "point", "circle", "cell", "disk"]))
    if kind == "box":
        south, north = (number(v) for v in sorted([float(lat), draw(LATS)]))
        east = number(draw(LONS))
        assume(south != north and float(lon) % 360 != float(east) % 360)
        return f"BBOX({lon}, {south}, {east}, {north})"
    if kind == "circle":
        return f"CIRCLE({lon}, {lat}, '{draw(st.sampled_from([0.2, 3, 40, 800]))} km')"
    if kind == "point":
        return f"POINT({lon}, {lat})"
    cell = draw(st.sampled_from(CELLS))
    return f"CELL '{cell}'" if kind == "cell" else f"DISK('{cell}', {draw(st.integers(0, 4))})"


INSTANTS = st.datetimes(datetime(2023, 11, 1), datetime(2025, 3, 1)).map(datetime.isoformat)


@st.composite
def conditions(draw: st.DrawFn, timed: bool) -> str:
    kinds = ["in", "in", "not", "or"] + (["time", "between", "month"] if timed else [])
    parts = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
        if kind in ("in", "not"):
            parts.append(f"cell {'NOT ' if kind == 'not' else ''}WITHIN {draw(regions())}")
        elif kind == "or":
            parts.append(f"(cell WITHIN {draw(regions())} OR cell WITHIN {draw(regions())})")
        elif kind == "time":
            parts.append(f"time {draw(st.sampled_from(['<', '<=', '>', '>=', '=']))} TIMESTAMP '{draw(INSTANTS)}'")
        elif kind == "between":
            first, last = sorted([draw(INSTANTS), draw(INSTANTS)])
            parts.append(f"time DURING '{first}Z/{last}Z'")
        else:
            parts.append(f"month(time) = {draw(st.integers(1, 12))}")
    return " AND ".join(parts)


SOURCES = {
    "fine": True, "pent": True, "dateline": True, "pole": False, "finer AT RESOLUTION 3": False,
    "finer AT RESOLUTION 1": False, "far AT RESOLUTION 5": False, "pentfine AT RESOLUTION 7": False,
    "fine JOIN twin ON TIME AS OF WITHIN '40 days'": True, "fine LEFT JOIN coarse ON TIME SAME MONTH": True,
    "coarse LEFT JOIN fine AS f ON TIME NEAREST WITHIN '9 days'": True,
    "coarse ANTI JOIN rain ON TIME SAME MONTH": True,
    "twin SEMI JOIN fine ON TIME NEXT WITHIN '1 month'": True, "forecast LEFT JOIN finer USING max": True,
}  # fmt: skip


@given(st.data())
@settings(max_examples=60)
def test_rules_change_no_answer(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    source, timed = data.draw(st.sampled_from(sorted(SOURCES.items())))
    text = f"SELECT * FROM {source} FILTER {data.draw(conditions(timed))}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)
