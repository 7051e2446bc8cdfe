"""What is written is what DuckDB, Polars and pyarrow read, value for value and NULL for NULL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cubeql.catalog import Band, Dimension, Layer
from cubeql.errors import StoreError
from cubeql.storage import Store, TileBlock
from cubeql.storage.columns import layer_schema
from tests.storage.making import (
    HEXAGON,
    OTHER,
    PENTAGON,
    block,
    layer,
    listed,
    paths,
    plain,
    put,
    slots,
    store_in,
    stored,
    table,
)

BANDS = (
    Band("tiny", "int8"),
    Band("small", "int16", scale=0.1),
    Band("medium", "int32"),
    Band("large", "int64"),
    Band("single", "float32", unit="K"),
    Band("double", "float64"),
    Band("kind", "int16", kind="categorical", classes=((1, "crop"), (2, "wood"))),
)
WIDE = layer(
    resolution=3, bands=BANDS, dimensions=(Dimension("horizon", "integer"), Dimension("model", "text"))
)


def wide_blocks() -> list[TileBlock]:
    return [
        block(WIDE, tile, time, (horizon, model), seed=horizon)
        for tile in (OTHER, HEXAGON, PENTAGON)
        for time in ("2024-05-01T06:00:00.000001", "1969-12-31T23:59:59.999999")
        for horizon, model in ((24, "ecmwf"), (0, "dé'j\"à"))
    ]


@pytest.fixture
def wide(tmp_path: Path) -> Store:
    store = store_in(tmp_path)
    put(store, WIDE, *wide_blocks())
    return store


def test_blocks_come_back_as_they_were(wide: Store) -> None:
    assert stored(wide) == plain(wide_blocks())


def test_duckdb_reads_every_value(wide: Store) -> None:
    names = ", ".join(band.name for band in BANDS)
    rows = duckdb.execute(
        f"SELECT tile, epoch_us(time), horizon, model, {names} FROM read_parquet(?)", [paths(wide)]
    ).fetchall()
    found = {row[:4]: dict(zip((b.name for b in BANDS), row[4:], strict=True)) for row in rows}
    assert found == plain(wide_blocks())


def test_duckdb_unnests_slots_in_order(wide: Store) -> None:
    one = block(WIDE, HEXAGON, "2024-05-01T06:00:00.000001", (24, "ecmwf"), seed=24)
    found = duckdb.execute(
        "SELECT unnest(medium) FROM read_parquet(?) WHERE tile = ? AND time > '2024-01-01' AND horizon = 24",
        [paths(wide), HEXAGON],
    ).fetchall()
    assert [row[0] for row in found] == listed(*one.bands["medium"])


def test_polars_reads_the_layer_as_a_delta_table(wide: Store, tmp_path: Path) -> None:
    frame = pl.scan_delta(str(table(wide))).collect()
    frame = frame.with_columns(pl.col("time").dt.epoch("us"))
    names = [band.name for band in BANDS]
    found = {
        (row["tile"], row["time"], row["horizon"], row["model"]): {name: row[name] for name in names}
        for row in frame.to_dicts()
    }
    assert found == plain(wide_blocks())


def test_polars_finds_rows_by_the_statistics_of_files(wide: Store, tmp_path: Path) -> None:
    """Bounds in the log that were too tight would make others skip rows that match."""
    put(wide, WIDE, block(WIDE, HEXAGON, "2024-06-01", (1, "b")), mode="append")
    frame = pl.scan_delta(str(table(wide)))
    for key, row in stored(wide).items():
        tile, time, horizon, model = key
        least = min(value for value in row["single"] if value is not None)
        found = frame.filter(
            (pl.col("tile") == tile)
            & (pl.col("time").dt.epoch("us") == time)
            & (pl.col("horizon") == horizon)
            & (pl.col("model") == model)
            & (pl.col("single__min") <= least)
        )
        assert found.select(pl.len()).collect().item() == 1


def test_pyarrow_reads_exactly_the_documented_columns(wide: Store) -> None:
    assert pq.read_table(paths(wide)[0]).schema.remove_metadata() == layer_schema(WIDE)


def test_columns_of_one_value_a_row_lie_side_by_side(wide: Store) -> None:
    """Each gap between columns that are read together is a request of its own on S3."""
    nested = [pa.types.is_nested(field.type) for field in pq.read_schema(paths(wide)[0])]
    assert nested == sorted(nested)


def test_files_whose_columns_stand_in_another_order_are_read(wide: Store) -> None:
    before = stored(wide)
    for path in paths(wide):
        rows = pq.read_table(path)
        pq.write_table(rows.select(rows.column_names[::-1]), path)
    assert stored(wide) == before
    put(wide, WIDE, block(WIDE, HEXAGON, "2024-06-01", (1, "b")), mode="append", on_conflict="merge")
    assert stored(wide) == before | plain([block(WIDE, HEXAGON, "2024-06-01", (1, "b"))])


@pytest.mark.parametrize("storage", ["int8", "int16", "int32", "int64"])
def test_extreme_integers_survive_their_encoding(tmp_path: Path, storage: Any) -> None:
    """Differences of neighbours overflow the type; readers must wrap around."""
    info = np.iinfo(storage)
    high = info.max if storage != "int64" else 2**47
    low = info.min if storage != "int64" else -(2**47)
    record = layer(bands=[Band("depth", storage)])
    values = [low, high, 0, high, low, None, -1] * 7
    store = store_in(tmp_path)
    put(store, record, block(record, depth=values))
    assert duckdb.execute("SELECT depth FROM read_parquet(?)", [paths(store)]).fetchall() == [(values,)]
    assert pl.read_parquet(paths(store))["depth"].to_list() == [values]


def test_nan_is_no_data_and_infinity_is_data(tmp_path: Path) -> None:
    record = layer(bands=[Band("depth", "float32")])
    values = [float("nan"), float("inf"), 1.5, None, -0.0, *[2.0] * 44]
    store = store_in(tmp_path)
    put(store, record, block(record, depth=values))
    found = duckdb.execute(
        "SELECT depth[:5], depth__count, depth__min, depth__max FROM read_parquet(?)", [paths(store)]
    ).fetchall()
    assert found == [([None, float("inf"), 1.5, None, 0.0], 47, 0.0, float("inf"))]
    assert store.snapshot("rain").files["depth__max"].to_pylist() == [None], "JSON cannot say it: unknown"


def test_a_tile_without_a_valid_cell_is_not_stored(tmp_path: Path) -> None:
    record = layer()
    with store_in(tmp_path).write(record, "create") as write:
        write.add(block(record, depth=[None] * 49))
        write.add(block(record, OTHER, depth=[1] + [None] * 48))
    assert write.rows == 1
    assert [key[0] for key in stored(Store.open(tmp_path / "store"))] == [OTHER]


def test_a_band_left_out_is_nowhere_valid(tmp_path: Path) -> None:
    record = layer(bands=[Band("depth", "int16"), Band("speed", "float32")])
    store = store_in(tmp_path)
    put(store, record, block(record, depth=[7] * 49))
    row = duckdb.execute(
        "SELECT depth__count, speed__count, speed__sum, speed__min, list_count(speed), footprint__count, "
        "valid FROM read_parquet(?)",
        [paths(store)],
    ).fetchall()
    assert row == [(49, 0, None, None, 0, 49, [True] * 49)]


def test_the_footprint_is_told_only_where_bands_differ(tmp_path: Path) -> None:
    record = layer(bands=[Band("depth", "int16"), Band("speed", "int16")])
    store = store_in(tmp_path)
    same, left, right = [1, None] + [2] * 47, [1, None] + [2] * 47, [None, None] + [2] * 47
    put(store, record, block(record, depth=same, speed=same), block(record, OTHER, depth=left, speed=right))
    rows = duckdb.execute(
        "SELECT valid, footprint__count FROM read_parquet(?) ORDER BY tile", [paths(store)]
    ).fetchall()
    assert rows == [(None, 48), ([True, False] + [True] * 47, 48)]


def test_a_static_layer_has_no_time_columns(tmp_path: Path) -> None:
    record = layer(timed=False)
    store = store_in(tmp_path)
    put(store, record, block(record, time=None))
    assert not {"time", "time_end"} & set(pq.read_schema(paths(store)[0]).names)
    assert store.snapshot("rain").files["time_min"].to_pylist() == [None]
    assert stored(store) == plain([block(record, time=None)])


def test_the_end_of_a_step_comes_back(tmp_path: Path) -> None:
    record = layer()
    given = block(record)
    end = np.datetime64("2024-06-01", "us")
    store = store_in(tmp_path)
    put(store, record, TileBlock(given.tile, given.time, end, (), given.bands))
    assert [found.time_end for found in store.read_blocks("rain")] == [end]


@pytest.mark.parametrize("resolution", [0, 1, 4, 5, 6])
def test_every_depth_of_tile_comes_back(tmp_path: Path, resolution: int) -> None:
    record = layer(resolution=resolution)
    tiles = [PENTAGON, HEXAGON] if resolution <= 5 else [0x81043FFFFFFFFFF, 0x81283FFFFFFFFFF]
    given = [block(record, tile, gaps=0.0) for tile in tiles]
    store = store_in(tmp_path)
    put(store, record, *given)
    assert stored(store) == plain(given)
    assert len(next(iter(stored(store).values()))["depth"]) == slots(record)


def test_blocks_are_read_by_tile_and_time(wide: Store) -> None:
    from cubeql.values.times import parse_range

    found = plain(wide.read_blocks("rain", tiles=[OTHER, PENTAGON], times=parse_range("2024")))
    wanted = {key: row for key, row in plain(wide_blocks()).items() if key[0] != HEXAGON and key[1] > 0}
    assert found == wanted


def test_the_record_comes_back(wide: Store) -> None:
    assert wide.layer("RAIN") == WIDE
    assert wide.layer("rain") is not None and wide.layer("rain").band("kind").classes == (
        (1, "crop"),
        (2, "wood"),
    )


def test_a_store_in_a_folder_with_odd_characters_is_read(tmp_path: Path) -> None:
    record = layer()
    store = Store.open(tmp_path / "a [1] * b=c d?é'", create=True)
    put(store, record, block(record))
    sql = "SELECT tile FROM read_parquet(?, hive_partitioning = false)"
    assert duckdb.execute(sql, [paths(store)]).fetchall() == [(HEXAGON,)]
    assert stored(store) == plain([block(record)])


def test_rows_given_in_any_order_are_stored_in_order(tmp_path: Path) -> None:
    record = layer(dimensions=[Dimension("horizon", "number")])
    given = [
        block(record, tile, time, (horizon,))
        for tile in (OTHER, HEXAGON)
        for time in ("2024-05-02", "2024-05-01")
        for horizon in (2.5, -1.0)
    ]
    store = store_in(tmp_path)
    put(store, record, *given)
    keys = pq.read_table(paths(store)[0], columns=["tile", "time", "horizon"])
    order = pa.compute.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    assert order.to_pylist() == list(range(8))


def test_rows_may_be_filled_into_the_same_arrays_again(tmp_path: Path) -> None:
    """The buffer must not keep the caller's arrays."""
    record: Layer = layer()
    values, valid = np.zeros(49, np.int16), np.ones(49, np.bool_)
    with store_in(tmp_path).write(record, "create") as write:
        for i, tile in enumerate((HEXAGON, OTHER)):
            values[:] = i
            write.add(
                TileBlock(tile, np.datetime64("2024-01-01", "us"), None, (), {"depth": (values, valid)})
            )
    found = stored(Store.open(tmp_path / "store"))
    assert [row["depth"][0] for _, row in sorted(found.items())] == [0, 1]


def test_a_dimension_of_timestamps(tmp_path: Path) -> None:
    """Instants without a zone mean UTC; the same instant in another zone is the same key."""
    issue = Dimension("issue", "timestamp")
    record = layer(dimensions=[issue])
    store = store_in(tmp_path)
    first, second = np.datetime64("2024-05-01T06:00", "us"), datetime(2024, 5, 1, 18, tzinfo=UTC)
    put(store, record, block(record, dimensions=(first,)), block(record, dimensions=(second,), seed=1))
    found = [b.dimensions for b in store.read_blocks("rain")]
    assert found == [(datetime(2024, 5, 1, 6, tzinfo=UTC),), (second,)]
    again = datetime(2024, 5, 1, 8, tzinfo=timezone(timedelta(hours=2)))
    with pytest.raises(StoreError, match="issue = 2024-05-01T06:00:00"):
        put(store, record, block(record, dimensions=(again,)), mode="append")
    with pytest.raises(StoreError, match="issue"):
        put(store, record, block(record, dimensions=(np.datetime64("NaT"),)), mode="append")
