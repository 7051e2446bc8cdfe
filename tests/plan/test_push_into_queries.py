"""push_into_queries: which conditions go into subqueries, and which must stay outside."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Cells, Filtered, Output, Rows
from cubeql.plan.walking import walk
from tests.plan.reading import plan_of

RULE = "push_into_queries"


def places(cube: Any, text: str) -> tuple[int, int]:
    """How many conditions stand outside of subqueries, and how many inside."""
    plan = plan_of(cube, text, RULE)
    every = [n for n in walk(plan) if isinstance(n, Filtered)]
    inside = [f for r in walk(plan) if isinstance(r, Rows) for f in walk(r.query) if isinstance(f, Filtered)]
    count = sum(len(f.conditions) for f in inside)
    return sum(len(f.conditions) for f in every) - count, count


@pytest.mark.parametrize(
    "text,expected",
    [
        ("FROM (FROM fine GROUP BY cell SELECT cell, max(red) AS r) AS q FILTER cell WITHIN POINT(11, 48)", (0, 1)),
        ("FROM (FROM fine GROUP BY month(time) AS m SELECT m, max(red) AS r) AS q FILTER m = 5 AND r > 0", (1, 1)),
        ("FROM (SELECT cell, red FROM fine ORDER BY red, cell LIMIT 9) AS q FILTER red > 0 SELECT red", (1, 0)),
        ("FROM (SELECT cell, red FROM fine SAMPLE 9 PERCENT) AS q FILTER red > 0 SELECT red", (1, 0)),
        ("FROM (SELECT DISTINCT red FROM fine) AS q FILTER red > 0", (0, 1)),
        ("FROM (SELECT cell, v, avg(v) OVER (PARTITION BY cell) AS a FROM twin) AS q FILTER v > 0 SELECT a", (1, 0)),
        ("FROM (SELECT cell AS c, avg(v) OVER (PARTITION BY cell) AS a FROM twin) AS q FILTER c IS NOT NULL", (0, 1)),
        ("FROM (SELECT cell, red FROM fine UNION ALL SELECT cell, v FROM twin) AS q FILTER red > 0", (0, 2)),
        ("FROM twin JOIN (SELECT cell, red FROM fine) AS q FILTER q.red > 0 SELECT v", (0, 1)),
        ("FROM twin LEFT JOIN (SELECT cell, red FROM fine) AS q FILTER q.red > 0 SELECT v", (1, 0)),
        ("FROM twin JOIN (SELECT cell, time, red FROM fine) AS q ON TIME AS OF FILTER q.red > 0 SELECT v", (1, 0)),
        ("FROM twin JOIN (SELECT cell, red FROM fine) AS q FILTER q.red < v SELECT v", (1, 0)),
    ],
)
def test_where_conditions_are_tested(cube: Any, text: str, expected: tuple[int, int]) -> None:
    text = text if "SELECT" in text.split(" AS q ")[-1] else f"{text} SELECT *"
    assert places(cube, text) == expected


def test_a_region_prunes_the_tiles_below_groups(cube: Any) -> None:
    text = "FROM (FROM fine GROUP BY cell SELECT cell, max(red) AS r) AS q FILTER cell WITHIN POINT(11, 48) SELECT r"
    plan = plan_of(cube, text, RULE, "push_filters", "prune_regions")
    (cells,) = [n for n in walk(plan) if isinstance(n, Cells)]
    assert cells.driver.scan.region is not None and [r.required for r in cells.regions] == [True]


def test_two_regions_are_tested_under_two_names(cube: Any) -> None:
    text = (
        "FROM (FROM fine FILTER cell WITHIN CELL '821f8ffffffffff' GROUP BY cell SELECT cell, max(red) AS r) AS q"
        " FILTER cell WITHIN POINT(11, 48) AND NOT cell WITHIN POINT(12, 48) SELECT r"
    )
    (cells,) = [n for n in walk(plan_of(cube, text, RULE)) if isinstance(n, Cells)]
    assert len({r.name for r in cells.regions}) == 3


def test_conditions_go_through_several_queries(cube: Any) -> None:
    text = (
        "FROM (FROM (FROM fine GROUP BY cell, time SELECT cell, time AS t, max(red) AS r) AS p"
        " GROUP BY cell, t SELECT cell, t, max(r) AS r) AS q FILTER t > '2024-05-01' SELECT r"
    )
    plan = plan_of(cube, text, RULE)
    filters = [n for n in walk(plan) if isinstance(n, Filtered)]
    assert len(filters) == 1 and isinstance(filters[0].input, Cells)
    assert isinstance(plan, Output)
