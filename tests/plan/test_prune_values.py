"""prune_values and share_tiles: which conditions leave out rows of which scans."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Cells, Scan
from cubeql.plan.walking import walk
from cubeql.plan.words import words
from tests.plan.reading import plan_of


def scans(cube: Any, text: str) -> list[Scan]:
    plan = plan_of(cube, text, "push_filters", "prune_values")
    return sorted((n for n in walk(plan) if isinstance(n, Scan)), key=lambda s: s.source)


def values(cube: Any, text: str) -> list[list[str]]:
    return [[words(c) for c in scan.values] for scan in scans(cube, text)]


@pytest.mark.parametrize(
    "source,condition,found",
    [
        ("banks", "temp > 30 AND kind = 'mud'", [["temp > 30", "kind = 2"]]),
        ("banks", "month(time) = 5", [[]]),
        ("banks", "temp IS NULL", [[]]),
        ("banks", "temp * depth > 5", [[]]),
        ("banks", "sqrt(temp) > 2", [[]]),
        ("banks", "temp > 30 OR cell WITHIN POINT(11, 48)", [[]]),
        ("banks AT RESOLUTION 5", "temp > 30", [[]]),
        ("banks AT '2024-06-01'", "temp > 30", [[]]),
        ("banks JOIN bed", "slope > 3 AND temp > 30", [["temp > 30"], ["slope > 3"]]),
        ("banks LEFT JOIN bed", "slope > 3", [[], ["slope > 3"]]),
        ("banks LEFT JOIN bed", "slope IS NULL OR slope > 3", [[], []]),
        ("banks LEFT JOIN bed ON slope > 3 AND temp > 30", "depth > 1", [["depth > 1"], ["slope > 3"]]),
        ("banks ANTI JOIN bed ON slope > 3 AND temp > 30", "depth > 1", [["depth > 1"], ["slope > 3"]]),
        ("banks SEMI JOIN bed ON slope > 3 AND temp > 30", "depth > 1", [["depth > 1", "temp > 30"], ["slope > 3"]]),
        ("banks JOIN shelf ON TIME SAME MONTH", "salt > 40", [[], ["salt > 40"]]),
        ("banks JOIN shelf ON TIME AS OF", "salt > 40", [[], []]),
        ("banks JOIN shelf ON TIME AS OF ON salt > 40", "depth > 1", [["depth > 1"], ["salt > 40"]]),
        ("banks JOIN shelf ON TIME NEAREST VALID", "salt > 40", [[], ["salt is not null"]]),
        ("banks JOIN hulls USING max", "mass > 4", [[], []]),
        ("stations JOIN shelf ON TIME ANY", "salt > 40", [["salt > 40"]]),
        ("stations JOIN shelf ON TIME AS OF ON salt > 30", "salt > 40", [["salt > 30"]]),
        ("stations LEFT JOIN bed", "slope IS NULL", [[]]),
        ("(SELECT cell, time FROM banks) AS b JOIN shelf", "salt > 40", [[], ["salt > 40"]]),
        ("(SELECT cell, time FROM banks) AS b LEFT JOIN shelf", "salt > 40", [[], ["salt > 40"]]),
        ("(SELECT cell, time FROM banks) AS b ANTI JOIN shelf ON salt > 40", "b.time IN '2024'", [[], ["salt > 40"]]),
    ],
)
def test_conditions_of_scans(cube: Any, source: str, condition: str, found: list[list[str]]) -> None:
    assert values(cube, f"SELECT count(*) AS n FROM {source} FILTER {condition}") == found


def test_where_the_best_row_is_chosen_first_whole_tiles_are_asked(cube: Any) -> None:
    text = "SELECT count(*) AS n FROM banks JOIN shelf ON TIME AS OF FILTER salt > 40"
    assert [[words(c) for c in scan.wanted] for scan in scans(cube, text)] == [[], ["salt > 40"]]


@pytest.mark.parametrize(
    "join,condition,narrows",
    [
        ("JOIN bed", "TRUE", True),
        ("SEMI JOIN bed", "TRUE", True),
        ("ANTI JOIN bed", "TRUE", False),
        ("LEFT JOIN bed", "temp > 3", False),
        ("LEFT JOIN bed", "slope > 3", True),
        ("LEFT JOIN bed", "slope IS NOT NULL", True),
        ("LEFT JOIN bed", "coalesce(slope, 9) > 3", False),
        ("JOIN hulls USING max ON TIME NEAREST", "TRUE", True),
    ],
)
def test_joins_that_narrow(cube: Any, join: str, condition: str, narrows: bool) -> None:
    text = f"SELECT count(*) AS n FROM banks {join} FILTER {condition}"
    plan = plan_of(cube, text, "push_filters", "share_tiles")
    cells = next(n for n in walk(plan) if isinstance(n, Cells))
    assert [j.narrows for j in cells.joins] == [narrows]


@pytest.mark.parametrize(
    "source,met",
    [
        ("(FROM banks GROUP BY cell SELECT cell, max(temp) AS top) AS b JOIN bed", True),
        ("(FROM banks GROUP BY cell SELECT cell, max(temp) AS top) AS b LEFT JOIN bed", True),
        ("banks JOIN (FROM bed GROUP BY cell SELECT cell, max(slope) AS top) AS b", True),
        ("banks JOIN (FROM bed GROUP BY CELL(5) SELECT CELL(5), max(slope) AS top) AS b", False),
        ("(FROM banks GROUP BY CELL(5) SELECT CELL(5), max(temp) AS top) AS b JOIN shelf", False),
        ("(FROM shelf GROUP BY cell SELECT cell, max(salt) AS top) AS s JOIN hulls USING max", True),
    ],
)
def test_where_rows_meet_cell_by_cell_the_right_is_read_in_tiles_of_the_left(cube: Any, source: str, met: bool) -> None:
    plan = plan_of(cube, f"SELECT count(*) AS n FROM {source}", "push_filters", "share_tiles")
    first, second = (n for n in walk(plan) if isinstance(n, Cells))
    assert (first.met, second.met) == (None, first.name if met else None)
