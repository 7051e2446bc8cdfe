"""Tile rows are counted as they are read: as many as there are, and never more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import cubeql
from cubeql.engine import counting, execute
from cubeql.engine.marks import Marks
from cubeql.session import Session

Counted = tuple[Session, list[counting.Counted]]
STATEMENTS = {
    "cells": "SELECT cell, red FROM fine",
    "few times": "SELECT avg(nir * red) AS m FROM fine FILTER time IN '2024-05'",
    "region": "SELECT avg(red * nir) AS m FROM fine FILTER cell WITHIN CELL '851f8d47fffffff'",
    "join": "SELECT avg(red * v) AS m FROM fine JOIN twin",
    "coarser": "SELECT time, median(t2m * red) AS m FROM coarse JOIN fine ON TIME NEAREST GROUP BY time",
    "twice": "FROM fine JOIN (SELECT cell, max(red) AS most FROM fine GROUP BY cell) AS m SELECT count(*) AS n",
    "frozen": "FROM fine AT '2024-06-01' SELECT cell, red",
    "frozen with dimensions": "FROM forecast AT '2024-05-02' SELECT cell, horizon, t",
    "window": "FROM coarse JOIN rain ON TIME PRECEDING '10 days' USING sum SELECT cell, time, t2m, precip",
    "summaries": "SELECT time, avg(red) AS m FROM fine GROUP BY time",
    "union": "SELECT red AS x FROM fine UNION ALL SELECT nir AS x FROM fine",
}


@pytest.fixture
def counted(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    """A session on small layers that counts every tile row, and what each of its statements counts."""
    found: list[counting.Counted] = []

    class Kept(counting.Counted):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            found.append(self)

    monkeypatch.setattr(counting, "_MARKS", 10**9)
    monkeypatch.setattr(execute, "FEWEST_CELLS", 0)
    monkeypatch.setattr(execute, "Counted", Kept)
    with cubeql.connect(cube_store) as session:
        yield session, found


def met(marks: Marks) -> int:
    return sum(marks.met.values()) - marks.earlier


@pytest.mark.parametrize("text", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_never_more_than_are_read(counted: Counted, text: str) -> None:
    session, found = counted
    result = session.query(text)
    result.to_arrow()
    (one,) = found
    assert one.all == result.stats["tiles_kept"]
    for marks in one.marks.values():
        assert met(marks) <= marks.total == marks.rows
        assert marks.done <= marks.rows
    assert one.done() <= one.all


def test_all_of_a_layer_are_counted(counted: Counted) -> None:
    session, found = counted
    session.query("SELECT sum(red * nir) AS s FROM fine").to_arrow()
    (marks,) = found[0].marks.values()
    files = session.store.snapshot("fine").files["path"].to_pylist()
    assert met(marks) == marks.rows == sum(pq.read_metadata(path).num_rows for path in files)


def test_done_waits_for_what_is_in_hand() -> None:
    marks = Marks(rows=1000, total=100, in_hand=10, earlier=0)
    assert marks.done == 0
    marks.met = {1: 5, 2: 30}
    assert marks.done == 200
    marks.met = {1: 50, 2: 50}
    assert marks.done == 800
    marks.earlier = 100
    assert marks.done == 0
    marks.met = {1: 500, 2: 500}
    assert marks.done == 1000


def test_few_tiles_are_marks_of_many(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    session, found = counted
    monkeypatch.setattr(counting, "_MARKS", 4)
    monkeypatch.setattr(counting, "_FEWEST_MARKED_TILES", 1)
    session.query("SELECT sum(red * nir) AS s FROM fine").to_arrow()
    (marks,) = found[0].marks.values()
    assert 0 < marks.total < marks.rows
    assert met(marks) == marks.total


def test_small_statements_are_not_counted(cube_store: Path) -> None:
    with cubeql.connect(cube_store) as session:
        result = session.query("SELECT cell, red FROM fine")
        result.to_arrow()
        assert result.progress().done == result.progress().all > 0
