"""use_summaries: when arrays need not be read, and that the answer is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.plan.nodes import Summaries
from cubeql.plan.rules import RULES
from cubeql.plan.walking import walk
from tests.engine.test_pruning_law import regions
from tests.plan.reading import plan_of
from tests.support import product
from tests.support.answers import differences

EVERY = tuple(rule.__name__ for rule in RULES)


def resolution(cube: Any, text: str) -> int | None:
    """The resolution of the overview that a query reads; None where it reads cells."""
    found = [n for n in walk(plan_of(cube, text, *EVERY)) if isinstance(n, Summaries)]
    return found[0].scan.overview.resolution if found and found[0].scan.overview else None


@pytest.mark.parametrize(
    "text,expected",
    [
        ("FROM fine SELECT avg(red)", 2),
        ("FROM fine FILTER month(time) = 5 GROUP BY CELL(1), time SELECT count(*), max(nir)", 2),
        ("FROM fine GROUP BY CELL(3) SELECT sum(red)", 3),
        ("FROM fine GROUP BY CELL(5), CELL(2) SELECT mean(red) HAVING min(nir) > 0 ORDER BY max(red)", 5),
        ("FROM fine GROUP BY CELL(4) SELECT avg(red) / avg(nir)", 5),
        ("FROM fine FILTER cell WITHIN BBOX(11, 48, 12, 49) GROUP BY CELL(2) SELECT avg(red)", 2),
        ("FROM rain GROUP BY date_trunc('month', time) AS month SELECT month, sum(precip)", 1),
    ],
)
def test_overviews_that_hold_enough(cube: Any, text: str, expected: int) -> None:
    assert resolution(cube, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FROM fine GROUP BY CELL(6) SELECT avg(red)",
        "FROM fine GROUP BY CELL(3) SELECT count(*)",
        "FROM fine SELECT avg(red + nir)",
        "FROM fine SELECT median(red)",
        "FROM fine SELECT count(DISTINCT red)",
        "FROM fine SELECT avg(red) FILTER (WHERE nir > 0)",
        "FROM fine SELECT count(*) FILTER (WHERE time IN '2024')",
        "FROM fine FILTER red > 0 SELECT avg(red)",
        "FROM fine FILTER NOT cell WITHIN BBOX(11, 48, 12, 49) SELECT avg(red)",
        "FROM fine FILTER cell WITHIN BBOX(11, 48, 12, 49) OR month(time) = 5 SELECT avg(red)",
        "FROM fine JOIN twin SELECT avg(red)",
        "FROM fine AT RESOLUTION 6 SELECT avg(red)",
        "FROM fine GROUP BY red > 0 SELECT avg(red)",
        "FROM fine GROUP BY cell SELECT avg(red)",
        "FROM fine GROUP BY cell_area(cell) > 5 SELECT avg(red)",
        "FROM fine SELECT area()",
        "FROM fine SELECT red",
    ],
)
def test_queries_that_need_cells(cube: Any, text: str) -> None:
    assert resolution(cube, text) is None


LAYERS = ("fine", "pent", "dateline", "pole", "finer", "far", "rain", "forecast", "coarse")


@given(st.data())
@settings(max_examples=80)
def test_answers_are_those_of_cells(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(LAYERS))
    layer = cube.layer(name)
    bands = [b.name for b in layer.bands if b.kind == "continuous"]
    keys = data.draw(st.lists(st.integers(0, layer.resolution).map(lambda n: f"CELL({n})"), max_size=2, unique=True))
    keys += [d.name for d in layer.dimensions if data.draw(st.booleans())]
    keys += data.draw(st.sampled_from([[], ["month(time)"], ["time"]])) if layer.time is not None else []
    calls = [f"{f}({b})" for b in bands for f in ("count", "sum", "avg", "min", "max")] + ["count(*)"]
    asked = data.draw(st.lists(st.sampled_from(calls), min_size=1, max_size=4, unique=True))
    where = data.draw(st.sampled_from(["", "FILTER", "FILTER"]))
    condition = f" FILTER cell WITHIN {data.draw(regions())}" if where else ""
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    text = f"FROM {name}{condition}{group} SELECT {', '.join([*keys, *asked])}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)


def test_only_the_edges_of_a_region_are_read_as_cells(cube: Any) -> None:
    inside = "FROM fine FILTER cell WITHIN CELL '821f8ffffffffff' SELECT avg(red)"
    across = "FROM fine FILTER cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2) SELECT avg(red)"
    assert [s.tiles_kept > 0 for s in cube.explain(inside).scans] == [True, False]
    assert [s.tiles_kept > 0 for s in cube.explain(across).scans] == [False, True]


def test_a_layer_is_counted_once_in_totals(cube: Any) -> None:
    every = sum(s.tiles_all for s in cube.explain("FROM fine SELECT median(red)").scans)
    split = cube.explain("FROM fine FILTER cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2) SELECT avg(red)")
    assert f"of {every};" in split.summary()
