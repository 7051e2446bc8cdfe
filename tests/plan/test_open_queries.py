"""open_queries: which subqueries are read as their layers, and which must not be."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Output, Rows, Scan, Summaries
from cubeql.plan.rules import RULES
from cubeql.plan.walking import walk
from tests.plan.reading import lines, plan_of

RULE = "open_queries"
EVERY = tuple(rule.__name__ for rule in RULES)


def test_a_plain_subquery_is_read_as_its_layer(cube: Any) -> None:
    text = "SELECT cell, d FROM (SELECT cell, nir - red AS d FROM fine FILTER nir > 0.2) AS q FILTER d > 0.1"
    assert "subquery q" in lines(cube, text)
    after = lines(cube, text, RULE)
    assert "subquery q" not in after
    assert "filter nir > 0.2 and (nir - red) > 0.1" in after


def test_the_plan_is_that_of_the_layer(cube: Any) -> None:
    view = "SELECT month(time) AS m, avg(red) AS a FROM (SELECT cell, time, red, nir FROM fine) AS q GROUP BY m"
    plain = "SELECT month(time) AS m, avg(red) AS a FROM fine GROUP BY m"
    assert lines(cube, view, *EVERY) == lines(cube, plain, *EVERY)


def test_bands_that_nobody_names_are_not_read(cube: Any) -> None:
    text = "SELECT max(a) FROM (SELECT cell, red AS a, ndvi(nir, red) AS b FROM fine) AS q"
    before = [n for n in walk(plan_of(cube, text)) if isinstance(n, Scan)]
    after = [n for n in walk(plan_of(cube, text, RULE)) if isinstance(n, Scan)]
    assert [s.bands for s in before] == [("red", "nir")]
    assert [s.bands for s in after] == [("red",)]


def test_summaries_answer_queries_of_views(cube: Any) -> None:
    text = "FROM (SELECT cell, time, red AS r FROM fine FILTER month(time) = 5) AS q GROUP BY CELL(2) SELECT avg(r)"
    assert [n for n in walk(plan_of(cube, text, *EVERY)) if isinstance(n, Summaries)]


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT cell, red FROM fine LIMIT 5",
        "SELECT cell, red FROM fine ORDER BY red, cell, time OFFSET 5",
        "SELECT DISTINCT cell, red FROM fine",
        "SELECT cell, red FROM fine SAMPLE 50 PERCENT",
        "SELECT cell, max(red) AS red FROM fine GROUP BY cell",
        "SELECT cell, avg(red) OVER TIME AS red FROM fine",
        "SELECT cell, disk(avg(red), 1) AS red FROM fine",
        "SELECT cell, red FROM fine QUALIFY row_number() OVER (PARTITION BY cell ORDER BY time) = 1",
        "SELECT cell, red FROM fine UNION ALL SELECT cell, v FROM twin",
    ],
)
def test_rows_that_depend_on_others_stay_a_subquery(cube: Any, inner: str) -> None:
    plan = plan_of(cube, f"SELECT cell, red FROM ({inner}) AS q FILTER red > 0.1", RULE)
    assert [n for n in walk(plan) if isinstance(n, Rows)]


def test_what_is_sampled_keeps_its_rows(cube: Any) -> None:
    plan = plan_of(cube, "SELECT cell FROM (SELECT cell, red FROM fine) AS q SAMPLE 50 PERCENT", RULE)
    assert [n for n in walk(plan) if isinstance(n, Rows)]


def test_names_that_double_in_each_of_many_queries_end_somewhere(cube: Any) -> None:
    text = "SELECT cell, red AS a FROM fine"
    for n in range(14):
        text = f"SELECT cell, a + a AS a FROM ({text}) AS q{n}"
    plan = plan_of(cube, text, RULE)
    assert [n for n in walk(plan) if isinstance(n, Rows)]
    assert isinstance(plan, Output)
