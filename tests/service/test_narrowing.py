"""A statement for some of the rows of another gives just those rows, also where a name means two things."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import pytest

from cubeql.errors import QueryError
from cubeql.service import narrowed
from tests.service.typing import CATALOG

ELEVATED = "elevation BETWEEN 300 AND 900"


@pytest.mark.parametrize(
    ("text", "column", "condition", "wanted"),
    [
        ("SELECT cell, elevation FROM dem;", "elevation", ELEVATED,
         f"SELECT cell, elevation FROM dem FILTER {ELEVATED};"),
        ("SELECT * FROM dem", "elevation", ELEVATED, f"SELECT * FROM dem FILTER {ELEVATED}"),
        ("SELECT time, avg(red) AS r FROM s2 GROUP BY time", "time", "time IN '2024'",
         "SELECT time, avg(red) AS r FROM s2 FILTER time IN '2024' GROUP BY time"),
        ("SELECT cell, -elevation AS elevation FROM dem; -- below", "elevation", ELEVATED,
         f"SELECT * FROM (\nSELECT cell, -elevation AS elevation FROM dem -- below\n) AS result\nFILTER {ELEVATED}"),
        ("SELECT cell, elevation FROM dem LIMIT 5", "elevation", ELEVATED,
         f"SELECT * FROM (\nSELECT cell, elevation FROM dem LIMIT 5\n) AS result\nFILTER {ELEVATED}"),
    ],
)  # fmt: skip
def test_the_condition_stands_where_it_is_asked_of_the_result(
    text: str, column: str, condition: str, wanted: str
) -> None:
    assert narrowed(text, column, condition, CATALOG) == wanted


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ("SELECT cell, time, t2m FROM coarse", "t2m", 2.5, 11.0),
        ("FROM coarse SELECT *", "t2m", 2.5, 11.0),
        ("SELECT cell, time, 20 - t2m AS t2m FROM coarse", "t2m", 2.5, 11.0),
        ("SELECT cell, avg(t2m) AS t2m FROM coarse GROUP BY cell", "t2m", 6.0, 9.0),
        ("SELECT cell, time, t2m, lag(t2m) OVER TIME AS before FROM coarse", "t2m", 2.5, 11.0),
        ("SELECT cell, time, t2m FROM coarse ORDER BY t2m, cell LIMIT 20", "t2m", 0.0, 11.0),
        ("SELECT cell, time, t2m, disk(max(t2m), 1) AS around FROM coarse", "t2m", 2.5, 11.0),
        ("SELECT DISTINCT t2m FROM coarse FILTER t2m > 3 OR t2m < 1", "t2m", 0.0, 8.0),
        ("SELECT CELL(4) AS cell, max(t2m) AS hot FROM coarse GROUP BY CELL(4)", "hot", 20.5, 23.0),
        ("SELECT cell, t2m FROM coarse UNION ALL SELECT cell, 2 * t2m AS t2m FROM coarse", "t2m", 2.5, 11.0),
        ("WITH w AS (SELECT cell, t2m + 1 AS t2m FROM coarse) SELECT cell, t2m FROM w", "t2m", 2.5, 11.0),
        ("FROM fine JOIN coarse ON TIME SAME MONTH SELECT cell, time, red, t2m", "t2m", 2.5, 11.0),
    ],
)
def test_the_rows_are_those_of_the_result_in_the_range(
    cube: Any, text: str, column: str, low: float, high: float
) -> None:
    whole = cube.query(text).to_arrow()
    values = whole[column]
    wanted = whole.filter(pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high)))
    found = cube.query(narrowed(text, column, f"{column} BETWEEN {low!r} AND {high!r}", cube.store)).to_arrow()
    assert 0 < len(wanted) < len(whole)
    keys = [(name, "ascending") for name in wanted.column_names]
    assert found.select(wanted.column_names).sort_by(keys).to_pylist() == wanted.sort_by(keys).to_pylist()


@pytest.mark.parametrize("text", ["SHOW LAYERS", "EXPLAIN SELECT cell FROM dem", "SELECT cell, nothing FROM dem"])
def test_what_is_no_query_or_has_no_such_column_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        narrowed(text, "depth", "depth BETWEEN 1 AND 2", CATALOG)
