"""EXPLAIN ANALYZE tells rows, tiles and seconds of each step; rows and tiles are counted here a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cubeql.engine.explanation import Explanation
from cubeql.engine.steps import Step

HEAVY = "SELECT time, median(red * v) AS m FROM fine JOIN twin FILTER red > 0.1 GROUP BY time ORDER BY m LIMIT 2"


def step(found: Explanation, begins: str) -> Step:
    (one,) = [s for s in found.steps if s.words.startswith(begins)]
    return one


def tile_rows(cube: Any, layer: str, *columns: str) -> Any:
    paths = cube.store.snapshot(layer).files["path"].to_pylist()
    return pq.read_table(paths, columns=["tile", "time", *columns])


def counted(cube: Any, text: str) -> int:
    return int(cube.query(text).to_arrow()["n"][0].as_py())


def test_rows_of_each_step_of_a_join(cube: Any) -> None:
    found = cube.explain(HEAVY.replace("FILTER red > 0.1 ", ""), analyze=True)
    fine, twin = (tile_rows(cube, name) for name in ("fine", "twin"))
    met = fine.join(twin, ["tile", "time"], join_type="inner").num_rows
    near = fine.join(twin.select(["tile"]), "tile", join_type="left semi").num_rows
    assert step(found, "scan fine").rows == near == step(found, "scan fine").tiles_kept
    assert step(found, "scan fine").tiles_all == fine.num_rows
    assert step(found, "inner join by tile twin").rows == met
    assert step(found, "inner join by tile twin").tiles_all == twin.num_rows
    cells = cube.query("SELECT time, red, v FROM fine JOIN twin").to_arrow()
    assert step(found, "cells of").rows == cells.num_rows
    assert step(found, "aggregate").rows == len(pc.unique(cells["time"]))
    assert step(found, "limit").rows == 2 == found.actual["rows"]


@pytest.mark.parametrize("end", ["SELECT cell, t2m, elevation", "SELECT cell, t2m, elevation ORDER BY t2m LIMIT 3",
                                 "GROUP BY time SELECT time, avg(elevation) AS e"])  # fmt: skip
def test_rows_of_cells_are_those_that_meet_where_a_table_is_made_first(cube: Any, end: str) -> None:
    join = "FROM coarse JOIN finer USING mean"
    met = counted(cube, f"{join} SELECT count(*) AS n")
    found = cube.explain(f"{join} {end}", analyze=True)
    assert "AS MATERIALIZED" in found.sql and met > 3
    assert step(found, "cells of").rows == met


def test_rows_of_a_scan_are_those_its_conditions_leave(cube: Any) -> None:
    found = cube.explain("SELECT cell, red, nir FROM fine FILTER time IN '2024-05' ORDER BY cell", analyze=True)
    times = tile_rows(cube, "fine")["time"].to_numpy().astype("datetime64[M]")
    kept = int(np.sum(times == np.datetime64("2024-05")))
    assert (step(found, "scan fine").rows, step(found, "scan fine").tiles_kept) == (kept, kept)
    assert step(found, "scan fine").tiles_all == len(times)
    assert step(found, "select").rows == step(found, "order by").rows == found.actual["rows"]


def test_a_subquery_has_steps_of_its_own(cube: Any) -> None:
    inner = "SELECT cell, max(v) AS most FROM twin GROUP BY cell"
    found = cube.explain(f"FROM fine JOIN ({inner}) AS m SELECT count(*) AS n, avg(red * most) AS x", analyze=True)
    groups = cube.query(inner).to_arrow().num_rows
    assert step(found, "aggregate cell").rows == groups
    assert step(found, "scan twin").rows == tile_rows(cube, "twin").num_rows
    joined = f"FROM fine JOIN ({inner}) AS m SELECT count(*) AS n"
    assert step(found, "inner join by cell").rows == counted(cube, joined)
    assert step(found, "aggregate count").rows == 1


def test_summaries_and_what_is_read_as_cells(cube: Any) -> None:
    text = "SELECT time, avg(red) AS m FROM fine FILTER cell WITHIN BBOX(11, 47.9, 12, 48.4) GROUP BY time"
    found = cube.explain(text, analyze=True)
    scans = [s for s in found.steps if s.tiles_kept is not None]
    assert [s.rows for s in scans] == [s.tiles_kept for s in scans]
    assert sum(s.tiles_kept or 0 for s in scans) == sum(w.tiles_kept or 0 for w in found.scans)


def test_bytes_of_the_steps_are_those_of_the_statement(cube: Any) -> None:
    found = cube.explain("SELECT red, v FROM fine JOIN twin")
    assert sum(s.bytes or 0 for s in found.steps) == found.bytes_to_read > 0
    assert all(s.rows is None and s.seconds is None for s in found.steps)


@pytest.mark.parametrize("text", [
    HEAVY,
    "SELECT DISTINCT class FROM classes ORDER BY class",
    "SELECT red AS x FROM fine UNION ALL SELECT v AS x FROM twin",
    "SELECT cell, red, rank() OVER (ORDER BY red) AS r FROM fine QUALIFY r < 4",
    "FROM coarse JOIN rain ON TIME PRECEDING '10 days' USING sum SELECT cell, time, t2m, precip",
    "SELECT cell, red FROM fine AT '2024-06-01' LIMIT 3",
    "SELECT count(*) AS n FROM fine FILTER red IS NULL",
    "SELECT red FROM fine FILTER time IN '1999'",
])  # fmt: skip
def test_seconds_of_the_steps_are_never_more_than_it_took(cube: Any, text: str) -> None:
    found = cube.explain(text, analyze=True)
    told = [s.seconds for s in found.steps if s.seconds is not None]
    assert all(s >= 0 for s in told)
    assert sum(told) + found.elsewhere == pytest.approx(found.actual["seconds"])
    assert sum(told) <= found.actual["seconds"]
    assert found.steps[0].rows == found.actual["rows"]
    for one in found.steps:
        assert one.tiles_kept is None or one.rows is None or "scan" not in one.words or one.rows <= one.tiles_kept


def test_the_text_has_figures_before_each_step_and_the_plain_one_none(cube: Any) -> None:
    plain, ran = cube.explain(HEAVY), cube.explain(HEAVY, analyze=True)
    lines = ran.text.splitlines()
    assert lines[0].split() == ["rows", "seconds", "step"]
    at = lines[0].index("step")
    assert [line[at:] for line in lines[1 : 1 + len(plain.plan)]] == list(plain.plan)
    cells = next(line for line in lines if "cells of resolution" in line)
    assert cells.split()[0] == f"{step(ran, 'cells of').rows:,}"
    assert lines[1 + len(plain.plan)].endswith("in no step")
    assert plain.text.startswith("limit 2")


def test_an_answer_is_the_same_when_it_is_measured(cube: Any, cube_store: Path) -> None:
    assert cube.explain(HEAVY, analyze=True).actual["rows"] == cube.query(HEAVY).to_arrow().num_rows
    assert cube.progress() is None
