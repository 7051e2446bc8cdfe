"""Names of sources and columns may hold anything; they never change what is asked."""

from __future__ import annotations

from typing import Any

import pytest

NAMES = [
    'a"b', "a'b", "a;b", "{0}", "{args}", "{", "}", "a b", "$t0", "$p_x", "a.b", "ä🌍", "x\ny", "SELECT", "tile",
    "slot", "digits", "geometry", "layer", "driver", "joined", "area", "lon", "cells", "query",
    "source$0", "key0", "out0", "%s", "\\",
]  # fmt: skip


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("name", NAMES)
def test_names_of_layers(cube: Any, name: str) -> None:
    text = (
        f"SELECT {quoted(name)}.cell, {quoted(name)}.red AS r, cell_area({quoted(name)}.cell) AS km2, v FROM fine AS "
        f"{quoted(name)} JOIN twin AS t FILTER {quoted(name)}.red > 0.1 ORDER BY {quoted(name)}.red, t.cell"
    )
    plain = text.replace(quoted(name), "f")
    assert cube.query(text).to_arrow() == cube.query(plain).to_arrow()
    assert quoted(name)[1:-1] in cube.explain(text).plan[-2] or "\n" in name or '"' in name


@pytest.mark.parametrize("name", NAMES)
def test_names_of_joined_layers(cube: Any, name: str) -> None:
    text = (
        f"SELECT c.cell, c.time, {quoted(name)}.t AS t FROM coarse AS c LEFT JOIN forecast AS {quoted(name)} "
        f"ON TIME AS OF ON {quoted(name)}.t > 2 ORDER BY c.cell, c.time, {quoted(name)}.horizon"
    )
    assert cube.query(text).to_arrow() == cube.query(text.replace(quoted(name), "f")).to_arrow()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_columns_and_subqueries(cube: Any, name: str) -> None:
    q = quoted(name)
    text = (
        f"WITH {q} AS (SELECT cell AS cell, avg(red) AS {q} FROM fine GROUP BY cell) "
        f"SELECT {q}.{q} AS {q}, count(*) AS n FROM {q} JOIN classes FILTER {q}.{q} > 0 "
        f"GROUP BY {q}.{q} HAVING {q} > 0.05 ORDER BY {q} LIMIT 5"
    )
    found = cube.query(text).to_arrow()
    assert found.column_names == [name, "n"]
    assert found.rename_columns(["f", "n"]).equals(cube.query(text.replace(q, "f")).to_arrow(), check_metadata=False)


def test_a_name_that_reads_like_another_source_with_its_column(cube: Any) -> None:
    right = '(SELECT cell, v AS c FROM twin) AS "a.b"'
    text = f'SELECT count(*) AS n FROM (SELECT cell, red AS "b.c" FROM fine) AS a JOIN {right}'
    found = cube.query(f'{text} FILTER a."b.c" > 0.1 AND "a.b".c > 280').to_arrow()["n"][0].as_py()
    plain = "SELECT count(*) AS n FROM (SELECT cell, red AS x FROM fine) AS a JOIN (SELECT cell, v AS y FROM twin) AS b"
    assert found == cube.query(f"{plain} FILTER x > 0.1 AND y > 280").to_arrow()["n"][0].as_py() > 0


def test_sql_binds_texts_and_quotes_names(cube: Any) -> None:
    text = """SELECT 'it''s' AS "a""b", season(time) = 'DJF' AS w FROM fine"""
    sql = cube.compile(text).sql
    assert "it's" not in sql and "it''s" not in sql
    assert '"a""b"' in sql
