"""Rows that come in order are written as they come, from several threads at once, and are rows like any others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store, TileBlock
from cubeql.storage.strand import encoded
from cubeql.storage.write import LayerWrite
from cubeql.values.cells import BASE_TILES
from tests.storage.making import HEXAGON, block, layer, paths, plain, put, store_in, stored

RAIN = layer()
TILES = sorted(int(t) for t in BASE_TILES)
DAYS = ("2024-05-01", "2024-05-02")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_in(tmp_path)


def rows_of(tiles: list[int]) -> list[TileBlock]:
    return [block(RAIN, tile, day, seed=i) for i, tile in enumerate(tiles) for day in DAYS]


def spin(write: LayerWrite, rows: list[TileBlock], at_once: int = 5) -> None:
    with write.strand() as strand:
        for first in range(0, len(rows), at_once):
            table = encoded(RAIN, rows[first : first + at_once])
            if table is not None:
                strand.add(table)


def test_strands_of_several_threads_make_the_layer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cubeql.storage.strand.FILE_BYTES", 1)
    monkeypatch.setattr("cubeql.storage.strand.row_group_rows", lambda _: 8)
    rows = rows_of(TILES)
    shares = [rows[:80], rows[80:170], rows[170:]]
    with store.write(RAIN, "create") as write, ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(spin, write, share) for share in shares]:
            done.result()
    assert write.rows == len(rows)
    assert stored(store, "rain") == plain(rows)
    counts = []
    for path in paths(store):
        file = pq.ParquetFile(path)
        keys = file.read(["tile", "time"]).to_pylist()
        assert keys == sorted(keys, key=lambda k: (k["tile"], k["time"]))
        counts += [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    # Only the last group of each strand may have less than half of the rows.
    assert max(counts) <= 8 and sum(count < 4 for count in counts) <= len(shares)


def test_empty_tiles_are_not_stored(store: Store) -> None:
    empty = block(RAIN, HEXAGON, depth=[None] * 49)
    full = block(RAIN, TILES[0])
    assert encoded(RAIN, [empty]) is None
    table = encoded(RAIN, [full, empty])
    assert table is not None and table["tile"].to_pylist() == [TILES[0]]
    with store.write(RAIN, "create") as write:
        spin(write, [empty])
    assert store.layer("rain") is not None and paths(store) == []


def test_key_in_two_strands_is_refused(store: Store, tmp_path: Path) -> None:
    rows = rows_of(TILES[:10])
    with pytest.raises(StoreError, match="was added twice"), store.write(RAIN, "create") as write:
        spin(write, rows[:8])
        spin(write, rows[6:])
    assert store.layer("rain") is None and not list(tmp_path.rglob("*.parquet"))


def test_key_of_the_layer_is_refused_before_much_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cubeql.storage.strand.row_group_rows", lambda _: 8)
    rows = rows_of(TILES)
    put(store, RAIN, rows[3])
    before = paths(store)
    fed = 0
    there = pytest.raises(StoreError, match=r"has a row for .* already")
    with there, store.write(RAIN, "append") as write, write.strand() as strand:
        for row in rows:
            table = encoded(RAIN, [row])
            assert table is not None
            fed += 1
            strand.add(table)
    assert fed == 4
    assert paths(store) == before and stored(store, "rain") == plain([rows[3]])


@pytest.mark.parametrize("on_conflict", ["merge", "replace"])
def test_conflicts_of_a_strand_are_settled_at_the_commit(store: Store, on_conflict: str) -> None:
    rows = rows_of(TILES[:20])
    old = [block(RAIN, row.tile, DAYS[0], seed=99) for row in rows[::4]]
    other = store_in(Path(str(store.address).removeprefix("file://")).parent / "other")
    for each in (store, other):
        put(each, RAIN, *old)
    with store.write(RAIN, "append", on_conflict) as write:  # type: ignore[arg-type]
        spin(write, rows)
    with other.write(RAIN, "append", on_conflict) as write:  # type: ignore[arg-type]
        for row in rows:
            write.add(row)
    assert stored(store, "rain") == stored(other, "rain")


def test_strand_that_fails_leaves_no_file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cubeql.storage.strand.row_group_rows", lambda _: 4)
    with pytest.raises(RuntimeError, match="enough"), store.write(RAIN, "create") as write, write.strand() as strand:
        table = encoded(RAIN, rows_of(TILES[:10]))
        assert table is not None
        strand.add(table)
        raise RuntimeError("enough")
    assert not list(tmp_path.rglob("*.parquet"))
