"""A layer changes by whole commits: all of a write or nothing of it, every earlier version still there."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from cubeql.catalog import Band, Catalog, Dimension
from cubeql.errors import StoreError
from cubeql.storage import Store
from cubeql.storage.delta import CHECKPOINT_EVERY
from tests.storage.making import (
    HEXAGON,
    OTHER,
    block,
    files_below,
    layer,
    paths,
    plain,
    put,
    stored,
    table,
)

RAIN = layer()


def days(count: int, first: int = 1) -> list[str]:
    return [f"2024-05-{day:02d}" for day in range(first, first + count)]


def test_nothing_is_seen_before_the_commit(store: Store) -> None:
    with store.write(RAIN, "create", buffer_bytes=1) as write:
        write.add(block(RAIN))
        assert write.bytes > 0
        assert store.layer_names() == ()
        assert store.layer("rain") is None
    assert store.layer_names() == ("rain",)


def test_an_exception_leaves_no_trace_of_a_new_layer(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.write(RAIN, "create", buffer_bytes=1) as write:
        write.add(block(RAIN))
        raise ZeroDivisionError
    assert files_below(tmp_path) == ["store/cubeql-store.json"]
    assert not (tmp_path / "store" / "layers").exists()


def test_an_exception_leaves_the_layer_as_it_was(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    before = files_below(tmp_path)
    for mode in ("append", "replace"):
        with pytest.raises(ZeroDivisionError), store.write(RAIN, mode, "merge", buffer_bytes=1) as write:
            write.add(block(RAIN, seed=5))
            write.add(block(RAIN, OTHER))
            raise ZeroDivisionError
        assert files_below(tmp_path) == before
        assert stored(store) == plain([block(RAIN)])


def test_a_failing_commit_leaves_no_trace(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, RAIN, block(RAIN))
    before = files_below(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        with pytest.raises(StoreError, match=r"_delta_log/0*1.json: cannot be written: No space left"):
            put(store, RAIN, block(RAIN, OTHER), mode="append")
    assert files_below(tmp_path) == before
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    assert len(stored(store)) == 2


def test_an_interrupt_after_the_commit_does_not_take_its_files(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        link(source, target)
        if target.parent.name == "names":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(store, RAIN, block(RAIN))
    assert stored(store) == plain([block(RAIN)])


def test_a_full_disk_in_mid_file_is_told_with_its_place(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, RAIN, block(RAIN))
    before = files_below(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(
            StoreError, match=r"\.parquet: cannot be written: No space left on device"
        ):
            put(store, RAIN, block(RAIN, OTHER), mode="append")
    assert files_below(tmp_path) == before


def test_every_version_stays_readable(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    other = layer(bands=[Band("height", "float32")], title="another rain")
    put(store, other, block(other), mode="replace")
    assert stored(store, version=0) == plain([block(RAIN)])
    assert stored(store, version=1) == plain([block(RAIN), block(RAIN, OTHER)])
    assert stored(store, version=2) == stored(store) == plain([block(other)])
    assert store.layer("rain", version=1) == replace(RAIN, version=1)
    assert store.layer("rain") == replace(other, version=2)


def test_a_version_that_never_was_is_refused(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    for version in (1, -1):
        with pytest.raises(StoreError, match=f"versions 0 to 0; version {version} was asked for"):
            store.snapshot("rain", version)


def test_the_history_tells_when_and_what(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, block(RAIN, seed=2), block(RAIN, OTHER), mode="append", on_conflict="merge")
    found = store.history("rain")
    assert [(entry.version, entry.what) for entry in found] == [
        (1, "append: 2 rows, 2 files added, 1 removed"),
        (0, "create: 1 rows, 1 files added, 0 removed"),
    ]
    assert all(abs(datetime.now(UTC) - entry.time) < timedelta(hours=1) for entry in found)


def test_a_long_history_is_read_through_its_checkpoints(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN, time="2023-01-01"))
    for i in range(CHECKPOINT_EVERY + 2):
        put(store, RAIN, block(RAIN, time=f"2024-01-01T00:{i:02d}"), mode="append")
    log = table(store) / "_delta_log"
    assert (log / f"{CHECKPOINT_EVERY:020d}.checkpoint.parquet").exists()
    fresh = Store.open(tmp_path / "store")
    assert len(stored(fresh)) == CHECKPOINT_EVERY + 3
    assert len(stored(fresh, version=7)) == 8
    assert fresh.snapshot("rain").files["depth__min"].null_count == 0
    assert pl.scan_delta(str(log.parent)).select(pl.len()).collect().item() == CHECKPOINT_EVERY + 3


def test_a_layer_without_rows_is_a_layer(store: Store) -> None:
    put(store, RAIN)
    assert store.layer_names() == ("rain",)
    assert store.snapshot("rain").files.num_rows == 0
    assert stored(store) == {}
    put(store, RAIN, block(RAIN), mode="append")
    assert len(stored(store)) == 1


def test_appending_nothing_is_no_fault(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    put(store, RAIN, mode="append")
    assert stored(store) == plain([block(RAIN)])


def test_names_differing_in_case_are_one_layer(store: Store) -> None:
    record = layer("Sentinel.Rain")
    put(store, record, block(record))
    assert store.layer_names() == ("Sentinel.Rain",)
    assert store.layer("SENTINEL.rain") == record
    with pytest.raises(StoreError, match=r"sentinel\.RAIN exists already"):
        put(store, layer("sentinel.RAIN"))
    put(store, layer("sentinel.rain"), block(record, OTHER), mode="append")
    assert store.snapshot("sentinel.rain").layer.name == "Sentinel.Rain"


def test_a_dropped_layer_is_gone_and_may_come_again(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    assert len(stored(store)) == 1
    store.drop("RAIN")
    assert store.layer_names() == ()
    assert store.layer("rain") is None
    assert files_below(tmp_path) == ["store/cubeql-store.json"]
    other = layer(bands=[Band("height", "int8")])
    put(store, other, block(other))
    assert stored(store) == plain([block(other)])


def test_another_store_object_sees_every_change(store: Store, tmp_path: Path) -> None:
    """What is cached must never outlive a commit, nor a drop that begins the versions anew."""
    reader = Store.open(tmp_path / "store")
    for seed in range(3):
        put(store, RAIN, block(RAIN, seed=seed))
        assert stored(reader) == plain([block(RAIN, seed=seed)])
        put(store, RAIN, block(RAIN, OTHER), mode="append")
        assert len(stored(reader)) == 2
        assert len(stored(reader, version=0)) == 1
        store.drop("rain")
        assert reader.layer("rain") is None


def test_an_unchanged_layer_is_loaded_once(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    assert store.snapshot("rain") is store.snapshot("RAIN")
    assert store.snapshot("rain", 0) is store.snapshot("rain", 0)


def test_dropping_a_layer_while_it_is_written_ends_the_write(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    with pytest.raises(StoreError, match="rain was dropped or renamed while it was being written"):  # noqa: SIM117
        with store.write(RAIN, "append", buffer_bytes=1) as write:
            write.add(block(RAIN, OTHER))
            store.drop("rain")
            put(store, RAIN, block(RAIN, seed=3))
    assert stored(store) == plain([block(RAIN, seed=3)])
    with pytest.raises(StoreError, match="rain was dropped or renamed while it was being written"):  # noqa: SIM117
        with store.write(RAIN, "replace", buffer_bytes=1) as write:
            store.drop("rain")
            write.add(block(RAIN, OTHER))
    assert files_below(tmp_path) == ["store/cubeql-store.json"]
    assert not (tmp_path / "store" / "layers").exists()


def test_of_two_creators_one_is_told(store: Store) -> None:
    with pytest.raises(StoreError, match="rain exists already"), store.write(RAIN, "create") as second:
        second.add(block(RAIN, OTHER))
        put(store, RAIN, block(RAIN))
    assert stored(store) == plain([block(RAIN)])


def test_a_replace_takes_rows_appended_meanwhile_with_it(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    with store.write(RAIN, "replace") as write:
        write.add(block(RAIN, seed=9))
        put(store, RAIN, block(RAIN, OTHER), mode="append")
    assert stored(store) == plain([block(RAIN, seed=9)])
    assert write.version == 2


def test_an_append_keeps_facts_it_does_not_change(store: Store) -> None:
    put(store, layer(title="Rain", licence="CC0", extras=(("a", "1"), ("b", "2"))), block(RAIN))
    put(store, layer(extras=(("b", "3"), ("c", "4"))), block(RAIN, OTHER), mode="append")
    found = store.snapshot("rain").layer
    assert (found.title, found.licence) == ("Rain", "CC0")
    assert dict(found.extras) == {"a": "1", "b": "3", "c": "4"}
    assert dict(store.snapshot("rain", 0).layer.extras) == {"a": "1", "b": "2"}


def test_facts_two_writers_add_are_both_kept(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    with store.write(layer(extras=(("mine", "1"),)), "append") as write:
        write.add(block(RAIN, OTHER))
        put(store, layer(extras=(("theirs", "2"),)), block(RAIN, time="2024-06-01"), mode="append")
    assert dict(store.snapshot("rain").layer.extras) == {"mine": "1", "theirs": "2"}
    assert len(stored(store)) == 3


def test_the_file_table_says_what_prunes(store: Store) -> None:
    bands = [Band(f"b{i}", "int16") for i in range(12)]
    record = layer(bands=bands, dimensions=[Dimension("horizon", "integer"), Dimension("model", "text")])
    given = [
        block(record, HEXAGON, "2024-05-01", (6, "a")),
        block(record, OTHER, "2024-05-03T12:00", (12, "b")),
    ]
    put(store, record, *given)
    row = store.snapshot("rain").files.to_pylist()[0]
    (entry,) = store.objects.entries(f"{store.snapshot('rain').table}/data")
    assert (store.objects.uri(entry.name), entry.bytes) == (row["path"], row["bytes"])
    assert (row["rows"], row["tile_min"], row["tile_max"]) == (2, HEXAGON, OTHER)
    assert (row["time_min"], row["time_max"]) == (
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2024, 5, 3, 12, tzinfo=UTC),
    )
    assert (row["horizon__min"], row["horizon__max"], row["model__min"], row["model__max"]) == (
        6,
        12,
        "a",
        "b",
    )
    for band in bands:  # the last of them is beyond the 32 columns a Delta log looks at by itself
        values = [v for each in given for v in each.bands[band.name][0][each.bands[band.name][1]].tolist()]
        assert (row[f"{band.name}__min"], row[f"{band.name}__max"]) == (min(values), max(values))
        assert row[f"{band.name}__nulls"] == 0


def test_the_log_is_a_delta_table_for_others(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    found = DeltaTable(str(table(store)))
    assert found.metadata().name == "rain"
    assert found.metadata().configuration["delta.enableExpiredLogCleanup"] == "false"
    assert [str(Path(uri)) for uri in found.file_uris()] == paths(store)


def test_a_store_is_a_catalog(store: Store) -> None:
    catalog: Catalog = store
    put(store, RAIN, block(RAIN))
    assert catalog.layer_names() == ("rain",)
    assert catalog.layer("rain") == RAIN
    assert catalog.layer("no layer's name") is None


def test_threads_may_share_a_store(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    faults: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(20):
                assert len(stored(store)) in range(1, 10)
        except BaseException as error:
            faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for day in days(8, first=2):
        put(store, RAIN, block(RAIN, time=day), mode="append")
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(stored(store)) == 9
