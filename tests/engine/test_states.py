"""Earlier states: VERSION AT with real commits, and what a frozen layer reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cubeql
from cubeql.catalog.records import Band, Layer, TimeAxis
from cubeql.errors import QueryError
from cubeql.storage import Store, TileBlock
from cubeql.values.tiles import BASE_TILES, slot_count

COUNT = "SELECT count(*) AS n FROM high"


@pytest.fixture
def versions(own: cubeql.Session) -> list[tuple[int, datetime]]:
    """Versions of a layer that was written three times, oldest first."""
    for least in (100, 300, 500):
        own.query(
            f"CREATE OR REPLACE LAYER high AS SELECT cell, elevation FROM finer FILTER elevation > {least}"
        ).to_arrow()
    return [(v.version, v.time) for v in reversed(own.store.history("high"))]


def count(session: cubeql.Session, source: str, **params: Any) -> int:
    return int(session.query(f"SELECT count(*) AS n FROM {source}", params).to_arrow()["n"][0].as_py())


def test_version_at_is_the_latest_commit_until_then(own: cubeql.Session, versions: list[tuple[int, datetime]]) -> None:
    assert len({count(own, f"high VERSION {v}") for v, _ in versions}) == 3
    for shift in (timedelta(0), timedelta(microseconds=-1), timedelta(microseconds=1), timedelta(days=1)):
        for _, time in versions[1:]:
            known = max(v for v, committed in versions if committed <= time + shift)
            assert count(own, "high VERSION AT $t", t=time + shift) == count(own, f"high VERSION {known}")


def test_before_the_first_commit_the_first_is_named(own: cubeql.Session, versions: list[tuple[int, datetime]]) -> None:
    first = versions[0][1]
    with pytest.raises(QueryError) as raised:
        count(own, "high VERSION AT $t", t=first - timedelta(milliseconds=1))
    said = str(raised.value)
    assert "before_first_version" in said and first.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") in said


# ------------------------------------------------------------------ frozen

SLOTS = slot_count(3, 0)
BASE = int(BASE_TILES[0])
DAYS = [np.datetime64(f"2020-01-0{d}", "us") for d in (1, 2, 3)]


def store_of(folder: Path, days: list[dict[str, np.ndarray]]) -> cubeql.Session:
    """A store of one layer: for each day the valid slots of each band, whose value is the number of the day."""
    bands = tuple(Band(name, "int16") for name in days[0])
    store = Store.open(str(folder), create=True)
    with store.write(Layer("one", 3, bands, TimeAxis("instant")), "create") as write:
        for number, (time, valid) in enumerate(zip(DAYS, days, strict=True), 1):
            made = {n: (np.full(SLOTS, number, "int16"), flags) for n, flags in valid.items()}
            write.add(TileBlock(BASE, time, None, (), made))
    return cubeql.connect(str(folder))


def tiles_read(session: cubeql.Session, text: str) -> int:
    return int(session.explain(text).scans[0].tiles_kept or 0)


ALL, SOME = np.ones(SLOTS, bool), np.arange(SLOTS) % 3 > 0


@pytest.mark.parametrize(
    "second,bands,rows",
    [
        ({"a": ALL, "b": ALL}, "a, b", 1),
        ({"a": ALL, "b": SOME}, "a", 1),
        ({"a": ALL, "b": SOME}, "a, b", 2),
        ({"a": SOME, "b": SOME}, "a", 2),
    ],
)
def test_rows_behind_a_complete_one_are_not_read(tmp_path: Path, second: Any, bands: str, rows: int) -> None:
    days = [{"a": ALL, "b": ALL}, second, {"a": ALL, "b": ALL}]
    with store_of(tmp_path / "store", days) as session:
        text = f"SELECT {bands} FROM one AT '2020-01-02'"
        assert tiles_read(session, text) == rows
        for name in bands.split(", "):
            (values,) = session.query(f"SELECT sum({name}) AS s FROM one AT '2020-01-02'").to_arrow()["s"].to_pylist()
            assert values == int(np.where(second[name], 2, 1).sum())


def test_a_frozen_layer_is_not_answered_from_summaries(tmp_path: Path) -> None:
    days = [{"a": ALL}, {"a": SOME}, {"a": SOME}]
    with store_of(tmp_path / "store", days) as session:
        found = session.query("SELECT sum(a) AS s, count(*) AS n FROM one AT '2020-01-02' GROUP BY CELL(0)").to_arrow()
    assert found.to_pylist() == [{"s": int(np.where(SOME, 2, 1).sum()), "n": SLOTS}]


def test_explaining_reads_no_array_and_says_when(tmp_path: Path) -> None:
    with store_of(tmp_path / "store", [{"a": SOME}] * 3) as session:
        assert "frozen at 2020-01-02T00:00:00Z" in session.explain("SELECT a FROM one AT '2020-01-02'").text
