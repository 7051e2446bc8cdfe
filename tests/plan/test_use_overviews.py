"""use_overviews: when a finer layer's arrays need not be read, and that the answer is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.plan.nodes import Scan
from cubeql.plan.walking import walk
from tests.engine.test_pruning_law import regions
from tests.plan.reading import lines, plan_of
from tests.support import product
from tests.support.answers import differences

RULE = "use_overviews"


def overviews(cube: Any, text: str) -> dict[str, int | None]:
    """Of each layer the resolution of the overview that is read, None where its arrays are."""
    scans = [n for n in walk(plan_of(cube, text, RULE)) if isinstance(n, Scan)]
    return {s.layer.name: s.overview.resolution if s.overview is not None else None for s in scans}


@pytest.mark.parametrize(
    "text,expected",
    [
        ("FROM fine AT RESOLUTION 5 SELECT cell, red", {"fine": 5}),
        ("FROM fine AT RESOLUTION 4 SELECT cell, red", {"fine": 5}),
        ("FROM fine AT RESOLUTION 3 SELECT cell, red FILTER red > 0.1", {"fine": 3}),
        ("FROM fine AT RESOLUTION 2 SELECT cell, red", {"fine": 2}),
        ("FROM fine AT RESOLUTION 0 SELECT cell, red", {"fine": 2}),
        ("FROM fine AT RESOLUTION 6 SELECT cell, red", {"fine": None}),
        ("FROM coarse JOIN fine ON TIME ANY USING (red max, nir min) SELECT red, nir", {"coarse": None, "fine": 5}),
        ("FROM coarse JOIN finer USING (elevation sum, slope count) SELECT *", {"coarse": None, "finer": 5}),
        ("FROM coarse JOIN finer USING median SELECT elevation", {"coarse": None, "finer": None}),
        ("FROM coarse JOIN finer USING area_mean SELECT elevation", {"coarse": None, "finer": None}),
        ("FROM coarse JOIN sparse USING mean SELECT sparse.a", {"coarse": None, "sparse": None}),
        ("FROM coarse JOIN sparse USING max SELECT sparse.a", {"coarse": None, "sparse": 5}),
        ("FROM coarse JOIN cover SELECT kind", {"coarse": None, "cover": None}),
        ("FROM coarse JOIN fine AT '2024-06-01' SELECT red", {"coarse": None, "fine": None}),
        ("FROM fine JOIN coarse ON TIME SAME MONTH SELECT red, t2m", {"fine": None, "coarse": None}),
    ],
)
def test_layers_that_come_from_overviews(cube: Any, text: str, expected: dict[str, int | None]) -> None:
    assert overviews(cube, text) == expected


def test_plans_say_what_is_read(cube: Any) -> None:
    text = "FROM coarse JOIN finer USING (elevation mean, slope median) SELECT elevation, slope"
    (line,) = [line for line in lines(cube, text, RULE) if line.startswith("arrays are read")]
    assert line == "arrays are read: finer, slope by median needs every value"
    (line,) = [line for line in lines(cube, "FROM fine AT RESOLUTION 4 SELECT red", RULE) if line.startswith("scan")]
    assert line == "scan fine (red, resolution 7 to 4 by red mean from overviews of resolution 5)"


FINER = {
    "fine": ("red", "nir"), "twin": ("v",), "finer": ("elevation", "slope"), "sparse": ("a", "b", "never"),
    "cover": ("height",), "pent": ("p", "q"), "pentfine": ("w",), "dateline": ("sst",), "pole": ("ice",),
    "rain": ("precip",),
}  # fmt: skip


@given(st.data())
@settings(max_examples=60)
def test_grids_of_overviews_are_those_of_cells(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FINER)))
    layer = cube.layer(name)
    grid = data.draw(st.integers(0, layer.resolution - 1))
    bands = FINER[name]
    time = ", time" if layer.time is not None else ""
    where = f" FILTER cell WITHIN {data.draw(regions())}" if data.draw(st.booleans()) else ""
    where += f" {'AND' if where else 'FILTER'} {bands[0]} > 1" if data.draw(st.booleans()) else ""
    text = f"FROM {name} AT RESOLUTION {grid}{where} SELECT cell{time}, {', '.join(bands)}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)


@given(st.data())
@settings(max_examples=30)
def test_joined_overviews_are_those_of_cells(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    driver = data.draw(st.sampled_from(["coarse", "far", "rain", "forecast"]))
    own = cube.layer(driver).resolution
    name = data.draw(st.sampled_from(sorted(n for n in FINER if cube.layer(n).resolution > own)))
    layer = cube.layer(name)
    methods = [(b, data.draw(st.sampled_from(["mean", "sum", "min", "max", "count"]))) for b in FINER[name]]
    timed = layer.time is not None and cube.layer(driver).time is not None
    matches = ["SAME MONTH", "ANY", "AS OF", "PRECEDING '90 days'"]
    clock = f" ON TIME {data.draw(st.sampled_from(matches))}" if timed else ""
    using = f" USING ({', '.join(f'{b} {m}' for b, m in methods)})" if "PRECEDING" not in clock else " USING max"
    kind = data.draw(st.sampled_from(["JOIN", "LEFT JOIN"]))
    where = data.draw(st.sampled_from(["", f" FILTER {FINER[name][0]} > 1"]))
    bands = ", ".join(f"{name}.{b} AS {b}_" for b in FINER[name])
    text = f"FROM {driver} {kind} {name}{clock}{using}{where} SELECT {driver}.cell, {bands}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)
