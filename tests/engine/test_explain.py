"""EXPLAIN tells the work before it is done, and reads no array."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import cubeql
from cubeql.errors import QueryError

QUERY = "SELECT count(*) AS n, avg(red) AS r, avg(v) AS v FROM fine JOIN twin FILTER time IN '2024-05' AND red > 0.1"


def summary(session: Any, text: str) -> str:
    return str(session.explain(text).summary())


@pytest.mark.parametrize(
    "text,kept",
    [
        ("SELECT red FROM fine", "tiles kept 17 of 17; files 2 of 2"),
        ("SELECT red FROM fine FILTER time IN '2024-05-03'", "tiles kept 2 of 17; files 1 of 2"),
        ("SELECT red FROM fine FILTER time IN '1999'", "tiles kept 0 of 17; files 0 of 2"),
        ("SELECT red FROM fine FILTER cell WITHIN POINT(11.58, 48.14)", "tiles kept 9 of 17; files 2 of 2"),
        ("SELECT red FROM fine FILTER cell WITHIN POINT(-60, -10)", "tiles kept 0 of 17; files 0 of 2"),
        ("SELECT red FROM fine FILTER cell NOT WITHIN POINT(-60, -10)", "tiles kept 17 of 17; files 2 of 2"),
        ("SELECT w FROM pentfine FILTER cell WITHIN CELL '85080003fffffff'", "tiles kept 1 of 1; files 1 of 1"),
    ],
)
def test_what_is_kept_of_all(cube: Any, text: str, kept: str) -> None:
    assert summary(cube, text).startswith(kept), summary(cube, text)


def test_only_named_bands_are_read(cube: Any) -> None:
    one, two = cube.explain("SELECT red FROM fine"), cube.explain("SELECT red, nir FROM fine")
    assert 0 < one.bytes_to_read < two.bytes_to_read < sum(s.bytes_all for s in two.scans)


def test_subqueries_are_told_too(cube: Any) -> None:
    condition = "CELL(6) IN (SELECT cell FROM classes)"
    found = cube.explain(f"WITH m AS (SELECT cell FROM twin) SELECT red FROM fine JOIN m FILTER {condition}")
    assert {s.layer for s in found.scans} == {"fine", "twin", "classes"}
    assert "subquery m" in found.text and "classes" in found.text


def test_the_statement_gives_the_text_and_the_counts(cube: Any) -> None:
    result = cube.query(f"EXPLAIN {QUERY}")
    lines = result.to_arrow()["plan"].to_pylist()
    assert any("tiles kept" in line for line in lines) and any("SELECT" in line for line in lines)
    assert result.stats["tiles_kept"] < result.stats["tiles_all"]


def test_analyze_runs_it(cube: Any) -> None:
    found = cube.explain(QUERY, analyze=True)
    assert found.actual["rows"] == 1 and found.actual["seconds"] > 0
    assert "rows 1" in "\n".join(cube.query(f"EXPLAIN ANALYZE {QUERY}").to_arrow()["plan"].to_pylist())


def damaged(store: Path, folder: Path) -> Path:
    """A copy of a store whose arrays are zeros; footers and scalar columns are as they were."""
    copy = Path(shutil.copytree(store, folder / "damaged"))
    spoiled = 0
    for path in copy.rglob("*.parquet"):
        if "_delta_log" in path.parts:
            continue
        footer = pq.read_metadata(path)
        with path.open("r+b") as file:
            for group in range(footer.num_row_groups):
                for number in range(footer.num_columns):
                    column = footer.row_group(group).column(number)
                    if ".list." in column.path_in_schema and "__classes" not in column.path_in_schema:
                        start = column.dictionary_page_offset or column.data_page_offset
                        file.seek(start)
                        file.write(b"\xff" * column.total_compressed_size)
                        spoiled += 1
    assert spoiled
    return copy


def test_no_array_is_read(cube: Any, cube_store: Path, tmp_path: Path) -> None:
    texts = [
        QUERY,
        "SELECT cell, red, area() AS a FROM fine FILTER cell WITHIN BBOX(11, 48, 12, 49) GROUP BY cell, red",
        "SELECT t2m FROM fine JOIN coarse ON TIME AS OF WITHIN '40 days'",
        "SELECT elevation FROM fine JOIN finer FILTER cell IN (SELECT cell FROM classes FILTER class = 'crop')",
    ]
    with cubeql.connect(damaged(cube_store, tmp_path)) as session:
        for text in texts:
            assert summary(session, text) == summary(cube, text)
        with pytest.raises(cubeql.CubeQLError):
            session.query("SELECT median(red) AS m FROM fine").to_arrow()


def test_a_sum_over_coarse_cells_reads_no_array(cube: Any, cube_store: Path, tmp_path: Path) -> None:
    text = "FROM fine GROUP BY CELL(1), time SELECT cell, time, sum(red) AS s, count(*) AS n ORDER BY cell, time"
    with cubeql.connect(damaged(cube_store, tmp_path)) as session:
        assert session.query(text).to_arrow().equals(cube.query(text).to_arrow())


def test_faults_are_those_of_the_query(cube: Any) -> None:
    with pytest.raises(QueryError) as raised:
        cube.query("EXPLAIN SELECT redd, nirr FROM fine")
    assert len(raised.value.diagnostics) == 2


@pytest.mark.parametrize(("query", "wanted"), [
    ("SELECT red FROM fine", ("red", "valid")),
    ("SELECT avg(red) AS r FROM fine", ("red__count", "red__sum")),
])  # fmt: skip
def test_bytes_to_read_are_those_of_the_columns_in_the_footers(cube: Any, query: str, wanted: tuple[str, ...]) -> None:
    found = cube.explain(query)
    total = 0
    for path in cube.store.snapshot("fine").files["path"].to_pylist():
        footer = pq.read_metadata(path)
        for group in map(footer.row_group, range(footer.num_row_groups)):
            for chunk in map(group.column, range(group.num_columns)):
                name = chunk.path_in_schema
                if any(name == w or name.startswith(f"{w}.") for w in ("tile", "time", "footprint__count", *wanted)):
                    total += chunk.total_compressed_size
    assert found.bytes_to_read == total
