"""EXPLAIN has words for everything that can be bound."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.analyze import bound
from cubeql.plan.words import words
from tests.plan.reading import lines, plan_of

EXPRESSIONS = {
    "red": "red", "cell": "cell", "0.5": "0.5", "'a'": "'a'", "red + nir": "(red + nir)", "-red": "-red",
    "red IS NULL": "red is null", "NOT red > 1": "not (red > 1)", "sqrt(red)": "sqrt(red)", "CELL(5)": "CELL(5)",
    "CASE WHEN red > 1 THEN 1 END": "case …", "red::integer": "red::integer",
    "month(time) IN (1, 2)": "month(time) in (1, 2)",
    "month(time) NOT IN (1, 2)": "month(time) not in (1, 2)", "cell IN (SELECT cell FROM twin)": "cell in (subquery)",
    "cell WITHIN POINT(1, 2)": "cell within POINT", "avg(red)": "avg(red)", "count(*)": "count(*)",
    "avg(red) OVER (PARTITION BY cell)": "avg(red) over (…)", "time - INTERVAL '1 day'": "time - ",
    "red > 1 OR nir > 1": "(red > 1 or nir > 1)", "disk(avg(red), 1)": "disk(avg(red), 1)",
}  # fmt: skip


@pytest.mark.parametrize("written", EXPRESSIONS)
def test_expressions(cube: Any, written: str) -> None:
    item = plan_of(cube, f"SELECT {written} AS x FROM fine").items[0]
    assert words(item.expr).startswith(EXPRESSIONS[written])


def test_every_kind_of_expression_has_words_of_its_own(cube: Any) -> None:
    plans = [plan_of(cube, f"SELECT {w} AS x FROM fine").items[0].expr for w in EXPRESSIONS]
    met = {type(e) for p in plans for e in bound.walk(p)}
    known = {c for c in vars(bound).values() if isinstance(c, type) and issubclass(c, bound.Bound)} - {bound.Bound}
    assert known - met <= {bound.Key, bound.Parameter}


def test_a_whole_plan(cube: Any) -> None:
    text = """SELECT CELL(5) AS c, avg(red) AS r FROM fine LEFT JOIN coarse AS t
              ON TIME AS OF WITHIN '2 months' ON t2m > 3
              JOIN finer FILTER cell WITHIN POINT(11.58, 48.14) AND month(time) = 5
              GROUP BY CELL(5) HAVING count(*) > 2 ORDER BY r DESC LIMIT 3 OFFSET 1"""
    found = lines(cube, text, "push_filters", "prune_regions")
    assert found[:2] == ["limit 3, offset 1", "order by avg(red) desc"]
    assert found[2] == "aggregate CELL(5) as c, avg(red) as r by CELL(5) having count(*) > 2"
    assert found[3] == "cells of resolution 7 from tiles of resolution 2"
    assert "scan fine (red)" in found
    joins = [line for line in found if " join " in line]
    assert joins[0].startswith("left join by tile coarse AS t (t2m, resolution 5 seen from 7), time as of within")
    assert joins[1].startswith("inner join by tile finer (elevation, resolution 9 to 7 by elevation mean)")


def test_distinct_and_set_operations(cube: Any) -> None:
    assert lines(cube, "SELECT DISTINCT red FROM fine")[0] == "distinct"
    assert lines(cube, "SELECT cell FROM fine EXCEPT SELECT cell FROM twin")[0] == "EXCEPT"
