"""Cells that stand beside summaries are put together by the keys that a query reads, and by no others."""

from __future__ import annotations

import re

import pytest

from cubeql.catalog import Band, Layer, MemoryCatalog, TimeAxis
from cubeql.compiler import compile_query

LAYERS = MemoryCatalog([Layer("fine", 9, (Band("red", "int16"),), TimeAxis())])


@pytest.mark.parametrize(
    "query,keys",
    [
        ("FROM fine FILTER red > 7 SELECT avg(red) AS m", set()),
        ("FROM fine FILTER red > 7 GROUP BY month(time) AS t SELECT t, avg(red) AS m", {"time"}),
        ("FROM fine FILTER red > 7 GROUP BY CELL(3) AS c SELECT c, avg(red) AS m", {"tile"}),
        ("FROM fine FILTER red > 7 GROUP BY CELL(3) AS c, time SELECT c, time, avg(red) AS m", {"tile", "time"}),
        ("FROM fine FILTER red > 7 SELECT avg(red) AS m, max(time) AS t", {"time"}),
        ("FROM fine FILTER red > 7 GROUP BY 1 = 1 AS k SELECT k, avg(red) AS m", {"tile", "time"}),
        ("FROM fine FILTER red > 7 GROUP BY time SELECT time, avg(red) AS m SAMPLE 50 PERCENT", {"tile", "time"}),
    ],
)
def test_cells_are_grouped_by_what_is_read(query: str, keys: set[str]) -> None:
    sql = compile_query(query, LAYERS).sql
    beside = sql[sql.index("UNION ALL") :]
    grouped = re.search(r"GROUP BY ([^)]*)\)", beside)
    assert (set(re.findall(r"tile|time", grouped[1])) if grouped else set()) == keys
