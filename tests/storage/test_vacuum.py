"""Files left behind are found, and no file that any version needs is ever among them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store
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
