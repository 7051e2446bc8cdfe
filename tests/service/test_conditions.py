"""A condition put into a statement: where it lands, what it replaces, what refuses it."""

from __future__ import annotations

import pytest

from cubeql.errors import QueryError
from cubeql.lang import parse_statement
from cubeql.service import with_condition
from tests.service.typing import CATALOG

BOX = "cell WITHIN BBOX(1, 2, 3, 4)"
AREA = "cell WITHIN POLYGON 'POLYGON ((0 0, 1 0, 1 1, 0 0))'"
RANGE = "ndvi BETWEEN 0.2 AND 0.5"


@pytest.mark.parametrize(
    ("text", "condition", "wanted"),
    [
        ("SELECT ndvi FROM s2", RANGE, f"SELECT ndvi FROM s2 FILTER {RANGE}"),
        ("SELECT ndvi FROM s2;", BOX, f"SELECT ndvi FROM s2 FILTER {BOX};"),
        ("FROM s2 SELECT ndvi", BOX, f"FROM s2 FILTER {BOX} SELECT ndvi"),
        ("SELECT ndvi FROM s2 LIMIT 3", BOX, f"SELECT ndvi FROM s2 FILTER {BOX} LIMIT 3"),
        ("FROM s2 JOIN dem USING mean SELECT ndvi", BOX, f"FROM s2 JOIN dem USING mean FILTER {BOX} SELECT ndvi"),
        ("FROM s2 JOIN dem ON (red > 1) SELECT red", BOX, f"FROM s2 JOIN dem ON (red > 1) FILTER {BOX} SELECT red"),
        ("SELECT red FROM s2 AT RESOLUTION 8", BOX, f"SELECT red FROM s2 AT RESOLUTION 8 FILTER {BOX}"),
        ("FROM s2 SELECT red AT RESOLUTION 8", BOX, f"FROM s2 FILTER {BOX} SELECT red AT RESOLUTION 8"),
        ("SELECT red FROM s2 FILTER red > 1", BOX, f"SELECT red FROM s2 FILTER red > 1 AND {BOX}"),
        ("SELECT red FROM s2 WHERE red > 1 OR nir > 1", BOX,
         f"SELECT red FROM s2 WHERE (red > 1 OR nir > 1) AND {BOX}"),
        ("SELECT red FROM s2 WHERE ((red > 1 OR nir > 1))", BOX,
         f"SELECT red FROM s2 WHERE ((red > 1 OR nir > 1)) AND {BOX}"),
        ("SELECT red FROM s2 WHERE (red > 1) OR (nir > 1)", BOX,
         f"SELECT red FROM s2 WHERE ((red > 1) OR (nir > 1)) AND {BOX}"),
        ("SELECT red FROM s2 FILTER red > 1", "nir > 1 OR nir < 0",
         "SELECT red FROM s2 FILTER red > 1 AND (nir > 1 OR nir < 0)"),
        ("SELECT red FROM s2 FILTER red > 1", "nir > 1 AND nir < 9",
         "SELECT red FROM s2 FILTER red > 1 AND (nir > 1 AND nir < 9)"),
        ("FROM (FROM s2 FILTER red > 1 SELECT cell, red) SELECT red", BOX,
         f"FROM (FROM s2 FILTER red > 1 SELECT cell, red) FILTER {BOX} SELECT red"),
        ("EXPLAIN SELECT red FROM s2", BOX, f"EXPLAIN SELECT red FROM s2 FILTER {BOX}"),
        ("COPY (SELECT cell, red FROM s2) TO 'a.csv'", BOX, f"COPY (SELECT cell, red FROM s2 FILTER {BOX}) TO 'a.csv'"),
    ],
)  # fmt: skip
def test_a_condition_lands_in_the_filter(text: str, condition: str, wanted: str) -> None:
    assert with_condition(text, condition) == wanted


@pytest.mark.parametrize(
    ("text", "condition", "wanted"),
    [
        (f"SELECT red FROM s2 FILTER {BOX}", AREA, f"SELECT red FROM s2 FILTER {AREA}"),
        (f"SELECT red FROM s2 FILTER red > 1 AND ({AREA}) AND nir > 2", BOX,
         f"SELECT red FROM s2 FILTER red > 1 AND {BOX} AND nir > 2"),
        (f"SELECT red FROM s2 FILTER {RANGE} FILTER red > 1", "NDVI BETWEEN 0 AND 1",
         "SELECT red FROM s2 FILTER NDVI BETWEEN 0 AND 1 FILTER red > 1"),
        (f"SELECT red FROM s2 FILTER {RANGE}", "red BETWEEN 0 AND 1",
         f"SELECT red FROM s2 FILTER {RANGE} AND red BETWEEN 0 AND 1"),
        ("SELECT red FROM s2 FILTER time IN '2020'", "time DURING '2020-01/2020-03'",
         "SELECT red FROM s2 FILTER time DURING '2020-01/2020-03'"),
        ("SELECT red FROM s2 FILTER scl IN (4, 5)", "scl IN (5)", "SELECT red FROM s2 FILTER scl IN (5)"),
        (f"SELECT red FROM s2 FILTER {BOX} OR red > 1", BOX,
         f"SELECT red FROM s2 FILTER ({BOX} OR red > 1) AND {BOX}"),
        (f"SELECT red FROM s2 FILTER NOT {BOX}", BOX, f"SELECT red FROM s2 FILTER NOT {BOX} AND {BOX}"),
        ("SELECT red FROM s2 FILTER cell WITHIN CELLS mine", BOX,
         f"SELECT red FROM s2 FILTER cell WITHIN CELLS mine AND {BOX}"),
    ],
)  # fmt: skip
def test_a_condition_takes_the_place_of_one_like_it(text: str, condition: str, wanted: str) -> None:
    assert with_condition(text, condition) == wanted


def test_putting_it_twice_changes_nothing() -> None:
    once = with_condition("FROM s2 SELECT red", BOX)
    assert with_condition(once, BOX) == once


def test_lines_and_remarks_stay() -> None:
    text = "-- what grows\n  FROM s2 -- ten metres\n  SELECT ndvi -- greenness\n  ORDER BY ndvi"
    changed = with_condition(text, BOX)
    assert changed.splitlines() == [
        "-- what grows",
        "  FROM s2 -- ten metres",
        f"  FILTER {BOX}",
        "  SELECT ndvi -- greenness",
        "  ORDER BY ndvi",
    ]
    again = with_condition(changed.replace(BOX, f"{BOX} -- mine"), RANGE)
    assert f"  FILTER {BOX} AND {RANGE} -- mine" in again.splitlines()


def test_a_remark_at_the_end_does_not_swallow_it() -> None:
    changed = with_condition("SELECT red FROM s2 -- all of it", BOX)
    assert changed == f"SELECT red FROM s2 -- all of it\nFILTER {BOX}"
    parse_statement(changed)


def test_a_long_line_is_not_made_longer() -> None:
    text = "SELECT red FROM s2\n  FILTER red > 0.123456 AND nir > 0.123456 AND green > 0.123456"
    assert with_condition(text, AREA).splitlines()[2] == f"    AND {AREA}"


@pytest.mark.parametrize(
    "text", ["SHOW LAYERS", "SELECT red FROM s2 UNION ALL SELECT red FROM s2", "DESCRIBE s2", "DROP LAYER s2"]
)
def test_what_has_no_filter_of_its_own_refuses_it(text: str) -> None:
    with pytest.raises(QueryError) as refused:
        with_condition(text, BOX)
    assert refused.value.diagnostics[0].code == "no_place_for_condition"


def test_names_that_mean_nothing_there_are_refused() -> None:
    with pytest.raises(QueryError) as refused:
        with_condition("SELECT elevation FROM dem", RANGE, CATALOG)
    assert "ndvi" in refused.value.diagnostics[0].message
    assert with_condition("SELECT ndvi FROM s2", RANGE, CATALOG).endswith(RANGE)


def test_faults_of_either_are_told() -> None:
    for text, condition in (("SELECT FROM s2 red", BOX), ("SELECT red FROM s2", "ndvi BETWEEN")):
        with pytest.raises(QueryError):
            with_condition(text, condition)
