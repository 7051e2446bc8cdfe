"""Bands added to a layer: older rows are NULL in them, whoever rewrites or merges those rows; none slips in unasked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from cubeql.catalog import Band
from cubeql.errors import StoreError
from cubeql.storage import Store
from tests.storage.making import OTHER, block, busy, layer, paths, put, store_in, stored

ONE = layer(resolution=4, bands=(Band("t", "float32", "K"),))
TWO = replace(ONE, bands=(*ONE.bands, Band("c", "int16", kind="categorical")))
THREE = replace(ONE, bands=(*ONE.bands, Band("w", "float32")))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = store_in(tmp_path)
    put(store, ONE, block(ONE), block(ONE, OTHER))
    return store


def grow(store: Store, record: Any = TWO, day: str = "2024-05-02", **how: Any) -> None:
    put(store, record, block(record, time=day, seed=2), mode="append", add_bands=True, **how)


def nothing(rows: Any, band: str) -> set[bool]:
    return {all(v is None for v in row[band]) for row in rows.values()}


def test_older_rows_are_null_in_the_new_band(store: Store) -> None:
    before = stored(store)
    grow(store)
    rows = stored(store)
    assert len(rows) == 3 and store.layer("rain").bands == TWO.bands  # type: ignore[union-attr]
    assert {k: r["t"] for k, r in rows.items() if k in before} == {k: r["t"] for k, r in before.items()}
    assert nothing({k: rows[k] for k in before}, "c") == {True}
    assert nothing({k: r for k, r in rows.items() if k not in before}, "c") == {False}
    assert stored(store, version=0) == before, "an earlier version has the bands of its time"
    files = store.snapshot("rain").files
    assert sorted(files["lacks"].to_pylist()) == ["", "c"]
    told = dict(
        zip(
            files["lacks"].to_pylist(),
            zip(files["c__nulls"].to_pylist(), files["rows"].to_pylist(), strict=True),
            strict=True,
        )
    )
    assert told["c"] == (2, 2) and told[""] == (0, 1)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (TWO, "layer rain has no band c, only t; say that it shall be added"),
        (layer(resolution=4, bands=(Band("c", "int16"),)), "layer rain has no band c"),
        (layer(resolution=4, bands=(Band("T", "float32", "K"),)), "its band is t, what is appended has T"),
    ],
)
def test_an_unexpected_band_is_refused(store: Store, record: Any, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        put(store, record, block(record, time="2024-05-02"), mode="append")
    assert store.snapshot("rain").version == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"storage": "int16"}, "band t: its storage is float32, what is appended has int16"),
        ({"unit": "degC"}, "band t: its unit is K, what is appended has degC"),
        ({"scale": 0.5, "offset": 0.0}, "band t: its scale is None, what is appended has 0.5"),
    ],
)
def test_what_does_not_fit_is_refused_beside_a_new_band(store: Store, change: Any, words: str) -> None:
    other = replace(TWO, bands=(replace(TWO.bands[0], **change), TWO.bands[1]))
    with pytest.raises(StoreError, match=words):
        grow(store, other)
    for other, words in (
        (replace(TWO, resolution=5), "its resolution is 4, what is appended has 5"),
        (replace(TWO, time=None), "its time is instant, what is appended has none"),
        (replace(TWO, bands=TWO.bands[1:]), "has the band t, what is appended has not"),
    ):
        with pytest.raises(StoreError, match=words):
            store.write(other, "append", add_bands=True)
    assert store.snapshot("rain").version == 0


@pytest.mark.parametrize("on_conflict", ["merge", "overwrite", "replace"])
def test_rows_that_were_there_gain_the_band(store: Store, on_conflict: str) -> None:
    old = stored(store)
    new = block(TWO, time="2024-05-01", seed=5)
    put(store, TWO, new, mode="append", on_conflict=on_conflict, add_bands=True)
    rows = stored(store)
    assert len(rows) == 2 and nothing({new.key: rows[new.key]}, "c") == {False}
    other = next(k for k in rows if k != new.key)
    assert rows[other]["t"] == old[other]["t"] and nothing({other: rows[other]}, "c") == {True}
    assert all("c" in pq.read_schema(p).names for p in paths(store)), "what is written anew has all columns"


def test_appends_that_know_nothing_of_the_band_are_refused_once_it_is_there(store: Store) -> None:
    grow(store)
    with pytest.raises(StoreError, match="has the band c, what is appended has not"):
        put(store, ONE, block(ONE, time="2024-05-03"), mode="append")


@pytest.mark.parametrize("on_conflict", ["error", "merge"])
def test_a_band_that_another_adds_meanwhile_is_kept(store: Store, on_conflict: str) -> None:
    """The second writer's rows lack it, and where it rewrites rows that have it, their values stay."""
    day = "2024-05-02" if on_conflict == "error" else "2024-05-01"
    others = [lambda: grow(store, day="2024-05-01", on_conflict="merge")]
    put(busy(store, *others), ONE, block(ONE, time=day, seed=8), mode="append", on_conflict=on_conflict)
    rows = stored(store)
    assert [b.name for b in store.layer("rain").bands] == ["t", "c"]  # type: ignore[union-attr]
    gained = {k: r for k, r in rows.items() if k == block(TWO).key}
    assert nothing(gained, "c") == {False}
    if on_conflict == "merge":
        wanted = block(ONE, seed=8).bands["t"]
        shown = gained[block(TWO).key]["t"]
        assert [v for v, there in zip(shown, wanted[1], strict=True) if there] == wanted[0][wanted[1]].tolist()
    store.compact("rain")
    assert stored(store) == rows and store.vacuum(timedelta(0)) == []


def test_two_that_add_different_bands_at_once_both_succeed(store: Store) -> None:
    grow(busy(store, lambda: grow(store, THREE, "2024-05-03")), TWO)
    assert [b.name for b in store.layer("rain").bands] == ["t", "w", "c"]  # type: ignore[union-attr]
    rows = stored(store)
    assert sorted((nothing({k: r}, "w") | nothing({k: r}, "c")) == {True} for k, r in rows.items()) == [
        False,
        False,
        True,
        True,
    ]


def test_two_that_add_the_same_band_differently_are_told(store: Store) -> None:
    other = replace(TWO, bands=(*ONE.bands, Band("c", "float32")))
    with pytest.raises(StoreError, match="band c: its storage is float32, what is appended has int16"):
        grow(busy(store, lambda: grow(store, other, "2024-05-03")), TWO)
    assert len(stored(store)) == 3


def test_compacting_gives_all_files_all_columns(store: Store) -> None:
    grow(store)
    rows = stored(store)
    store.compact("rain")
    assert stored(store) == rows and store.snapshot("rain").files["lacks"].to_pylist() == [""]


def test_going_back_takes_the_band_away_and_again_brings_it_back(store: Store) -> None:
    states = [stored(store)]
    grow(store)
    states.append(stored(store))
    for version, made in ((0, 2), (1, 3)):
        store.rollback("rain", version)
        assert stored(store) == states[version] == stored(store, version=made)
    store.rollback("rain", 0)
    grow(store, replace(ONE, bands=(*ONE.bands, Band("c", "float64"))))
    assert len(stored(store)) == 3 and store.layer("rain").bands[1].storage == "float64"  # type: ignore[union-attr]


def test_other_readers_of_delta_see_null(store: Store) -> None:
    grow(store)
    table = DeltaTable(store.objects.uri(store.snapshot("rain").table))
    assert {"c", "c__count", "valid"} <= {f.name for f in table.schema().fields}
    assert polars.scan_delta(str(table.table_uri)).select("c__count").collect()["c__count"].null_count() == 2
