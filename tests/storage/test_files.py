"""How rows lie in files: sizes, groups and what a query can skip by."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cubeql.catalog import Band, Dimension
from cubeql.storage import Store, rowbuffer
from cubeql.storage.columns import row_group_rows
from cubeql.values.cells import BASE_TILES
from tests.storage.making import HEXAGON, block, layer, paths, put, stored

TILES = [int(tile) for tile in BASE_TILES[30:48]]  # none of them a pentagon's, but 38


@pytest.mark.parametrize(
    ("slots", "rows"), [(16_807, 32), (2_401, 225), (343, 1574), (7, 16_384), (1, 16_384)]
)
def test_row_groups_hold_about_as_many_cells_at_every_depth(slots: int, rows: int) -> None:
    assert row_group_rows(slots) == rows


def test_row_groups_hold_32_tiles_of_full_depth(store: Store) -> None:
    record = layer(resolution=5)
    put(store, record, *[block(record, HEXAGON, f"2024-03-{day:02d}") for day in range(1, 32)] * 1,
        *[block(record, TILES[0], f"2024-03-{day:02d}") for day in range(1, 12)])  # fmt: skip
    metadata = pq.read_metadata(paths(store)[0])
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [32, 10]


def test_a_row_group_tells_its_range_of_every_scalar_column(store: Store) -> None:
    record = layer(resolution=5, dimensions=[Dimension("run", "integer")])
    put(store, record, *[block(record, tile, dimensions=(1,)) for tile in TILES[:3]])
    group = pq.read_metadata(paths(store)[0]).row_group(0)
    ranges = {group.column(i).path_in_schema: group.column(i).statistics for i in range(group.num_columns)}
    assert (ranges["tile"].min, ranges["tile"].max) == (TILES[0], TILES[2])
    for name in ("time", "run", "depth__count", "depth__sum", "depth__min", "depth__max", "footprint__count"):
        assert ranges[name].has_min_max, name
    assert ranges["depth.list.element"] is None, "nobody prunes by it"


def test_encodings_are_ones_duckdb_reads_and_small(store: Store) -> None:
    bands = [Band("whole", "int16"), Band("real", "float32"), Band("kind", "int8", kind="categorical")]
    record = layer(resolution=5, bands=bands)
    put(store, record, block(record))
    group = pq.read_metadata(paths(store)[0]).row_group(0)
    used = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in used["whole.list.element"].encodings
    assert "BYTE_STREAM_SPLIT" in used["real.list.element"].encodings
    assert "RLE_DICTIONARY" in used["kind.list.element"].encodings
    assert {column.compression for column in used.values()} == {"ZSTD"}


def test_a_write_is_cut_into_files_of_bounded_size(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowbuffer, "FILE_BYTES", 1_000_000)
    record = layer(resolution=5, bands=[Band("real", "float64")])
    rows = [
        block(record, tile, f"2024-03-{day:02d}", gaps=0.0)
        for tile in (TILES[0], HEXAGON)
        for day in range(1, 31)
    ]
    put(store, record, *rows)
    files = store.snapshot("rain").files
    assert files.num_rows > 1
    assert max(files["bytes"].to_pylist()) < 2 * 1_000_000 + 32 * 16_807 * 8
    assert sum(files["rows"].to_pylist()) == 60
    ranges = sorted(zip(files["tile_min"].to_pylist(), files["tile_max"].to_pylist(), strict=True))
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))


def test_files_lie_by_base_cell_and_year_without_an_equals_sign(store: Store) -> None:
    record = layer()
    put(store, record, block(record, HEXAGON, "1999-12-31T23:59:59"))
    (path,) = paths(store)
    assert Path(path).parts[-3:-1] == ("020", "1999")
    assert "=" not in path.split("layers")[1], "DuckDB would make a column of it"


def test_a_small_buffer_writes_many_files_and_one_commit(store: Store) -> None:
    record = layer()
    put(store, record, *[block(record, tile) for tile in TILES[:8]], buffer_bytes=1)
    assert len(paths(store)) == 8
    assert len(store.history("rain")) == 1
    assert len(stored(store)) == 8


def test_rewriting_again_and_again_keeps_row_groups_whole(store: Store) -> None:
    """A file that loses a row at every merge must not end as a heap of small row groups."""
    record = layer(resolution=5, bands=[Band("depth", "int8")])
    days = [str(np.datetime64("2024-01-01") + i) for i in range(70)]
    put(store, record, *[block(record, HEXAGON, day) for day in days])
    for day in days[:6]:
        put(store, record, block(record, HEXAGON, day, seed=2), mode="append", on_conflict="replace")
    files = store.snapshot("rain").files
    largest = files["path"][int(np.argmax(files["bytes"].to_numpy()))].as_py()
    metadata = pq.read_metadata(largest)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [32, 32]
    assert len(stored(store)) == 70
