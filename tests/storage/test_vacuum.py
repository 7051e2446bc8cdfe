"""Files left behind are found, and no file that any version needs is ever among them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cubeql.catalog import Attribute, Layer
from cubeql.errors import StoreError, VersionGone
from cubeql.storage import Store, upkeep
from cubeql.storage.table import LayerVersion
from cubeql.storage.vacuum import Keep, forget
from tests.storage.making import OTHER, block, files_below, layer, plain, put, stored, table

RAIN = layer()
NOW = timedelta(0)


def leave_behind(tmp_path: Path, rain: str = "store/layers/rain-01") -> set[str]:
    """What a writer killed in the middle of a file, of a commit, of a drop and of a creation would leave."""
    store = tmp_path / "store"
    names = {
        f"{rain}/data/020/2024/0123.parquet",
        f"{rain}/_delta_log/.draft-0123",
        "store/layers/snow-01/data/021/static/4567.parquet",
        "store/layers/snow-01/_delta_log/00000000000000000000.json",
        "store/names/.draft-89ab",
        "store/cells/some-01.parquet",
    }
    for name in names:
        (store.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (store.parent / name).write_bytes(b"12345")
    return names


def test_leftovers_are_listed_and_then_removed(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    put(store, RAIN, block(RAIN, seed=1), mode="replace")
    before = files_below(tmp_path)
    left = leave_behind(tmp_path, str(table(store).relative_to(tmp_path)))
    found = store.vacuum(NOW)
    assert {f"store/{leftover.name}" for leftover in found} == left
    assert {leftover.bytes for leftover in found} == {5}
    assert len(files_below(tmp_path)) == len(before) + len(left), "only listed"
    store.vacuum(NOW, remove=True)
    assert files_below(tmp_path) == before
    assert not (tmp_path / "store" / "layers" / "snow-01").exists()
    assert stored(store, version=1) == plain([block(RAIN), block(RAIN, OTHER)])
    assert stored(store) == plain([block(RAIN, seed=1)])


def test_files_of_a_running_write_are_left_alone(store: Store, tmp_path: Path) -> None:
    leave_behind(tmp_path)
    with store.write(RAIN, "create", buffer_bytes=1) as write:
        write.add(block(RAIN))
        assert store.vacuum(remove=True) == []
    assert stored(store) == plain([block(RAIN)])


def test_a_damaged_log_stops_the_vacuum(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    log = table(store) / "_delta_log" / f"{0:020d}.json"
    log.write_text("{")
    before = files_below(tmp_path)
    with pytest.raises(StoreError):
        store.vacuum(NOW, remove=True)
    assert files_below(tmp_path) == before


def test_an_empty_store_has_nothing_left_behind(store: Store) -> None:
    assert store.vacuum(NOW, remove=True) == []


# ------------------------------------------------------------------ versions


def grown(store: Store, commits: int = 5) -> list[Any]:
    """A layer of several versions, each replacing the rows of the one before; the rows of each."""
    states = []
    for seed in range(commits):
        put(store, RAIN, block(RAIN, seed=seed), block(RAIN, OTHER, seed=seed), mode="replace")
        states.append(stored(store))
    return states


def gone(store: Store, version: int) -> str:
    with pytest.raises(VersionGone) as raised:
        store.snapshot("rain", version)
    return str(raised.value)


def test_versions_not_kept_lose_their_files_and_say_so(store: Store, tmp_path: Path) -> None:
    states = grown(store)
    before = [store.snapshot("rain", v).files["path"].to_pylist() for v in range(5)]
    found = store.vacuum(NOW, remove=True, keep_versions=2)
    assert sorted(store.objects.uri(x.name) for x in found) == sorted([p for paths in before[:3] for p in paths])
    assert all(x.of_versions for x in found)
    for store_ in (store, Store.open(tmp_path / "store")):
        assert [stored(store_, version=v) for v in (3, 4, 5)] == [states[3], states[4], states[4]]
        for version in range(3):
            assert re.search(
                rf"version {version} was vacuumed on 20\d\d-.*; versions 3 to 5 can be read", gone(store_, version)
            )
    assert [v.readable for v in store.history("rain")] == [True, True, True, False, False, False]
    assert store.history("rain")[0].what == "vacuum: versions before 3 removed"


def test_doing_it_again_makes_no_version_and_counts_none(store: Store) -> None:
    states = grown(store)
    for _ in range(3):
        store.vacuum(NOW, remove=True, keep_versions=2)
    assert store.snapshot("rain").version == 5
    assert [stored(store, version=v) for v in (3, 4)] == [states[3], states[4]]


def test_versions_read_a_while_ago_are_kept_unless_told_otherwise(store: Store) -> None:
    grown(store)
    assert store.vacuum(remove=True, keep_versions=1) == []
    assert store.vacuum(timedelta(minutes=1), remove=True, keep_versions=1) == []
    assert store.vacuum(NOW, remove=True, keep_versions=3, keep_days=1) == [], "what either keeps"


def test_days_keep_the_version_that_was_current_when_they_began() -> None:
    now = datetime.now(UTC)
    history = [LayerVersion(n, now - timedelta(days=age), "append: …") for n, age in ((3, 1), (2, 4), (1, 9), (0, 20))]
    for days, first in ((0.5, 3), (2, 2), (4.5, 1), (10, 0), (100, 0)):
        assert Keep(days=days, reading=NOW).first(history) == first
    assert Keep(versions=2, reading=NOW).first(history) == 2
    assert Keep(versions=9, reading=NOW).first(history) == 0
    assert Keep(versions=1, reading=timedelta(days=5)).first(history) == 1


def test_files_that_a_kept_version_needs_stay(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    first = store.snapshot("rain", 0).files["path"].to_pylist()
    put(store, RAIN, block(RAIN, seed=1), mode="replace")
    store.rollback("rain", 0)
    put(store, RAIN, block(RAIN, OTHER, seed=3), mode="append")
    rows = stored(store)
    store.vacuum(NOW, remove=True, keep_versions=1)
    assert stored(store) == rows and set(first) <= set(store.snapshot("rain").files["path"].to_pylist())
    with pytest.raises(VersionGone):
        store.rollback("rain", 1)


def test_a_layer_that_goes_back_meanwhile_keeps_what_it_needs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    states = grown(store)

    def just_before(*words: Any) -> None:
        Store(store.objects).rollback("rain", 0)
        forget(*words)

    monkeypatch.setattr(upkeep, "forget", just_before)
    store.vacuum(NOW, remove=True, keep_versions=1)
    assert stored(store) == states[0]


def test_a_vacuum_killed_before_it_removed_anything_is_completed_by_any_other(store: Store) -> None:
    grown(store)
    forget(store._shelf, store.snapshot("rain").table, 4)
    assert "versions 4 to 5" in gone(store, 0)
    assert len(store.vacuum(remove=True)) == 4
    assert len(stored(store)) == 2


def test_facts_and_rows_change_on_and_the_limit_stays(store: Store) -> None:
    grown(store)
    store.vacuum(NOW, remove=True, keep_versions=1)
    store.alter("rain", lambda x: replace(x, title="Rain"), "alter: title")
    put(store, RAIN, block(RAIN, seed=9), mode="replace")
    assert "versions 4 to 7" in gone(store, 3)


def test_points_can_be_vacuumed(store: Store) -> None:
    record = Layer("masts", 15, (), kind="points", attributes=(Attribute("size", "number"),))
    for _ in range(3):
        with store.write_rows(record, "replace") as write:
            write.add(pa.table({"lon": [1.0], "lat": [2.0], "size": [3.0]}))
    assert len(store.vacuum(NOW, remove=True, keep_versions=1)) == 2
    assert store.read_rows("masts").num_rows == 1
