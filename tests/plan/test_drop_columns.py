"""drop_columns: what of a subquery is computed."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Output, Rows, Scan
from cubeql.plan.walking import walk
from tests.plan.reading import plan_of

RULE = "drop_columns"


def columns(cube: Any, text: str) -> list[list[str]]:
    """Columns of each subquery of a query, outermost first."""
    rows = [n for n in walk(plan_of(cube, text, RULE)) if isinstance(n, Rows)]
    return [[i.name for i in r.query.items] for r in rows if isinstance(r.query, Output)]


GROUPS = "SELECT cell, max(red) AS a, median(nir) AS b, count(*) AS n FROM fine GROUP BY cell"


@pytest.mark.parametrize(
    "text,expected",
    [
        (f"SELECT a FROM ({GROUPS}) AS q", [["a"]]),
        (f"SELECT n FROM ({GROUPS}) AS q FILTER b > 0", [["b", "n"]]),
        (f"SELECT n FROM ({GROUPS}) AS q GROUP BY n HAVING max(a) > 0", [["a", "n"]]),
        (f"SELECT n FROM ({GROUPS}) AS q ORDER BY b", [["b", "n"]]),
        (f"SELECT 1 AS one FROM ({GROUPS}) AS q", [["cell"]]),
        (f"SELECT n FROM (SELECT cell, b, n FROM ({GROUPS}) AS p LIMIT 9) AS q", [["n"], ["n"]]),
        (f"SELECT v FROM twin JOIN ({GROUPS}) AS q FILTER q.a > 0", [["cell", "a"]]),
        ("SELECT v FROM twin JOIN (SELECT cell, time, red, nir FROM fine) AS q", [["cell", "time"]]),
        ("SELECT red FROM (SELECT DISTINCT red, nir FROM fine) AS q", [["red", "nir"]]),
        ("SELECT red FROM (SELECT red, nir FROM fine SAMPLE 9 PERCENT) AS q", [["red", "nir"]]),
        (f"SELECT n FROM ({GROUPS}) AS q SAMPLE 9 PERCENT", [["cell", "a", "b", "n"]]),
    ],
)
def test_columns_that_are_computed(cube: Any, text: str, expected: list[list[str]]) -> None:
    assert columns(cube, text) == expected


def test_bands_of_dropped_columns_are_not_read(cube: Any) -> None:
    text = f"SELECT a FROM ({GROUPS}) AS q"
    (scan,) = [n for n in walk(plan_of(cube, text, RULE)) if isinstance(n, Scan)]
    assert scan.bands == ("red",)
