"""Summaries and overviews equal what is computed cell by cell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.catalog import Band
from cubeql.errors import StoreError
from cubeql.storage.summaries import summarise
from tests.storage.making import HEXAGON, PENTAGON, block, layer, listed, paths, put, store_in


def brute(values: list[Any]) -> tuple[int, float | None, Any, Any]:
    there = [value for value in values if value is not None]
    return (len(there), sum(there), min(there), max(there)) if there else (0, None, None, None)


def by_cell(values: list[Any], group: int) -> list[tuple[int, float | None, Any, Any]]:
    return [brute(values[i : i + group]) for i in range(0, len(values), group)]


@pytest.mark.parametrize("storage", ["int8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("resolution", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("tile", [HEXAGON, PENTAGON])
def test_stored_summaries_equal_brute_force(tmp_path: Path, storage: Any, resolution: int, tile: int) -> None:
    record = layer(resolution=resolution, bands=[Band("depth", storage)])
    given = block(record, tile, gaps=0.0 if resolution == 0 else 0.7)
    values = listed(*given.bands["depth"])
    store = store_in(tmp_path)
    put(store, record, given)
    row = pq.read_table(paths(store)[0]).to_pylist()[0]
    summary = [row[f"depth__{part}"] for part in ("count", "sum", "min", "max")]
    assert summary == pytest.approx(list(brute(values)), rel=1e-12)
    assert ("depth__l2" in row, "depth__l4" in row) == (resolution > 2, resolution > 4)
    for level in (2, 4):
        if resolution > level:
            _check_overview(row[f"depth__l{level}"], by_cell(values, 7**level))


def _check_overview(found: dict[str, list[Any]], wanted: list[tuple[Any, ...]]) -> None:
    for part, name in enumerate(("count", "sum", "min", "max")):
        for got, expected in zip(found[name], (entry[part] for entry in wanted), strict=True):
            assert got == (None if expected is None else pytest.approx(expected, rel=1e-12))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.floats(0, 1), st.sampled_from([1, 7, 49, 343, 2401]))
def test_sums_of_integers_are_exact(seed: int, gaps: float, count: int) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(-(2**31), 2**31 - 1, (3, count), dtype=np.int32)
    valid = random.random((3, count)) >= gaps
    found = summarise(values, valid)
    for i in range(3):
        assert found.tile.sum[i] == sum(
            v for v, there in zip(values[i].tolist(), valid[i], strict=True) if there
        )
        if found.l2 is not None:
            assert found.l2.count[i].sum() == valid[i].sum()


def test_classes_are_counted(tmp_path: Path) -> None:
    record = layer(resolution=5, bands=[Band("kind", "int8", kind="categorical")])
    given = [block(record, HEXAGON, seed=1), block(record, PENTAGON, seed=2, gaps=0.9)]
    store = store_in(tmp_path)
    put(store, record, *given)
    rows = duckdb.execute("SELECT tile, kind__classes FROM read_parquet(?)", [paths(store)]).fetchall()
    for each in given:
        counted = Counter(v for v in listed(*each.bands["kind"]) if v is not None)
        wanted = [{"code": code, "count": counted[code]} for code in sorted(counted)]
        assert dict(rows)[each.tile] == wanted


@pytest.mark.parametrize("resolution", [4, 5])
def test_overviews_of_class_codes_are_counts_alone(tmp_path: Path, resolution: int) -> None:
    record = layer(resolution=resolution, bands=[Band("kind", "int8", kind="categorical")])
    given = block(record, HEXAGON, gaps=0.7)
    store = store_in(tmp_path)
    put(store, record, given)
    row = pq.read_table(paths(store)[0]).to_pylist()[0]
    for level in (2, 4)[: resolution - 3]:
        counts = [entry[0] for entry in by_cell(listed(*given.bands["kind"]), 7**level)]
        assert row[f"kind__l{level}"] == {"count": counts, "sum": None, "min": None, "max": None}


def test_a_row_without_classes_has_an_empty_list(tmp_path: Path) -> None:
    record = layer(bands=[Band("depth", "int16"), Band("kind", "int8", kind="categorical")])
    store = store_in(tmp_path)
    put(store, record, block(record, depth=[1] * 49))
    found = duckdb.execute(
        "SELECT kind__classes, kind__count FROM read_parquet(?)", [paths(store)]
    ).fetchall()
    assert found == [([], 0)]


def test_sums_that_could_not_be_exact_are_refused(tmp_path: Path) -> None:
    record = layer(bands=[Band("depth", "int64")])
    store = store_in(tmp_path)
    with pytest.raises(StoreError, match="cannot be summed exactly; store the band as float64"):
        put(store, record, block(record, depth=[2**50] * 49))
    assert store.layer_names() == ()
