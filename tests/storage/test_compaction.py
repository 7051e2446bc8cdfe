"""Compacting a layer changes none of its rows, however its files lie and whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.catalog import Attribute, Band, Dimension, Layer, TimeAxis
from cubeql.errors import StoreError
from cubeql.storage import Store, rowbuffer
from cubeql.storage.columns import tile_shape
from cubeql.storage.compactor import CompactProgress
from cubeql.storage.encode import encode
from cubeql.values.cells import BASE_TILES
from tests.storage.making import block, busy, files_below, layer, paths, put, store_in, stored

BANDS = (Band("t", "float32"), Band("c", "int16", kind="categorical"))
RAIN = layer(resolution=4, bands=BANDS)
TILES = [int(t) for t in BASE_TILES[:9]]
SMALL = {"target_bytes": 60_000}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_in(tmp_path)


def dates(store: Store, count: int = 6, tiles: int = 9, record: Layer = RAIN, files: int = 3) -> None:
    """A commit a date, each of all tiles in a few files."""
    for day in range(count):
        rows = [block(record, tile, f"2024-05-{day + 1:02d}", seed=day) for tile in TILES[:tiles]]
        size = max(1, tiles // files) * rows[0].nbytes
        put(store, record, *rows, mode="append" if day else "create", buffer_bytes=size)


def ranges(store: Store, name: str = "rain") -> list[tuple[Any, ...]]:
    """First and last key of every file, in order."""
    found = []
    for path in paths(store, name):
        keys = pq.read_table(path, columns=["tile", "time"]).to_pylist()
        ordered = [(k["tile"], k["time"]) for k in keys]
        assert ordered == sorted(ordered), "the rows of a file are in order"
        found.append((ordered[0], ordered[-1]))
    return sorted(found)


def whole(store: Store, name: str = "rain") -> pa.Table:
    """All columns of all rows, summaries and overviews too, in order."""
    return pa.concat_tables([pq.read_table(p) for p in paths(store, name)]).sort_by(
        [("tile", "ascending"), ("time", "ascending")]
    )


def test_rows_summaries_and_facts_stay_and_files_follow_one_another(store: Store) -> None:
    dates(store)
    rows, table, record = stored(store), whole(store), store.layer("rain")
    report = store.compact("rain", **SMALL)
    assert stored(store) == rows and whole(store).equals(table)
    files = ranges(store)
    assert all(a[1] < b[0] for a, b in pairwise(files)), "files overlap"
    assert 1 < len(files) == report.files_after < report.files_before == 18
    sizes = store.snapshot("rain").files["bytes"].to_pylist()
    assert max(sizes) < 2 * 60_000 and report.bytes_after == sum(sizes)
    latest = store.layer("rain")
    assert latest is not None and record is not None and latest.bands == record.bands
    assert store.history("rain")[0].what.startswith("compact: 54 rows, 18 files written anew as")


def test_doing_it_again_does_nothing(store: Store) -> None:
    dates(store)
    store.compact("rain", **SMALL)
    version = store.snapshot("rain").version
    again = store.compact("rain", **SMALL)
    assert again.rewritten == 0 and store.snapshot("rain").version == version
    assert again.render() == f"layer rain: its files are in order ({again.files_before})"


def test_earlier_versions_keep_their_files(store: Store) -> None:
    dates(store, 3)
    before = [stored(store, version=v) for v in range(3)]
    store.compact("rain", **SMALL)
    assert [stored(store, version=v) for v in range(3)] == before
    assert store.vacuum(timedelta(0)) == []


def test_a_dry_run_says_what_would_be_done_and_does_nothing(store: Store, tmp_path: Path) -> None:
    dates(store)
    before = files_below(tmp_path)
    planned = store.compact("rain", dry_run=True, **SMALL)
    assert files_below(tmp_path) == before
    done = store.compact("rain", **SMALL)
    assert (planned.rewritten, planned.rewritten_bytes) == (done.rewritten, done.rewritten_bytes)
    assert abs(planned.files_after - done.files_after) <= 2
    assert planned.render().startswith("layer rain: 18 files would become")


def test_a_file_in_order_and_of_good_size_is_left_alone(store: Store) -> None:
    good = [block(RAIN, TILES[0], f"2024-05-{d:02d}", seed=d) for d in range(1, 12)]
    put(store, RAIN, *good)
    (kept,) = paths(store)
    for day in range(1, 4):
        put(store, RAIN, block(RAIN, TILES[5], f"2024-05-{day:02d}"), mode="append")
    rows = stored(store)
    report = store.compact("rain", **SMALL)
    assert kept in paths(store) and len(paths(store)) == 2 and report.rewritten == 3
    assert stored(store) == rows


def test_too_large_files_are_cut(store: Store) -> None:
    put(store, RAIN, *(block(RAIN, t, f"2024-05-{d:02d}", seed=d) for t in TILES for d in range(1, 7)))
    rows = stored(store)
    assert len(paths(store)) == 1
    store.compact("rain", **SMALL)
    assert len(paths(store)) > 4 and stored(store) == rows
    assert store.compact("rain", **SMALL).rewritten == 0


@pytest.mark.parametrize("portion", [100_000, 250_000])
def test_what_is_too_much_for_one_commit_is_cut_first(store: Store, portion: int) -> None:
    dates(store, 10)
    rows, table = stored(store), whole(store)
    report = store.compact("rain", portion_bytes=portion, **SMALL)
    assert report.commits > 3 and stored(store) == rows and whole(store).equals(table)
    files = ranges(store)
    assert all(a[1] < b[0] for a, b in pairwise(files))
    assert store.compact("rain", portion_bytes=portion, **SMALL).rewritten == 0
    assert store.vacuum(timedelta(0)) == []


def test_little_memory_gives_the_same(store: Store) -> None:
    dates(store)
    table = whole(store)
    store.compact("rain", memory_bytes=1, **SMALL)
    assert whole(store).equals(table)


def test_static_layers_and_dimensions(store: Store) -> None:
    still = layer("dem", resolution=4, timed=False)
    for tile in TILES:
        put(store, still, block(still, tile, None), mode="append" if tile != TILES[0] else "create")
    issued = layer("forecast", resolution=4, dimensions=[Dimension("horizon", "integer", None)])
    for hour in range(5):
        rows = [block(issued, t, dimensions=(hour,), seed=hour) for t in TILES[:4]]
        put(store, issued, *rows, mode="append" if hour else "create")
    before = stored(store, "dem"), stored(store, "forecast")
    store.compact("dem")
    store.compact("forecast")
    assert (stored(store, "dem"), stored(store, "forecast")) == before
    assert len(paths(store, "dem")) == len(paths(store, "forecast")) == 1


def points(store: Store, record: Layer) -> None:
    chance = np.random.default_rng(3)
    for part in range(5):
        given = {"lon": chance.integers(0, 4, 300) * 1.0, "lat": chance.integers(0, 3, 300) * 1.0}
        if record.time is not None:
            given["time"] = pa.array(chance.integers(0, 5, 300) * 1_000_000).cast(pa.timestamp("us", "UTC"))
        given["size"] = np.arange(300.0) + 1000 * part
        with store.write_rows(record, "append" if part else "create", buffer_bytes=1) as write:
            for start in range(0, 300, 100):
                write.add(pa.table(given).slice(start, 100))


@pytest.mark.parametrize("timed", [True, False])
def test_points_keep_every_row_also_those_that_are_alike(store: Store, timed: bool) -> None:
    size = (Attribute("size", "number"),)
    record = Layer("masts", 15, (), kind="points", attributes=size, time=TimeAxis() if timed else None)
    points(store, record)
    order = [(c, "ascending") for c in ("cell", "size")]
    before = store.read_rows("masts").sort_by(order)
    report = store.compact("masts", target_bytes=8_000)
    assert store.read_rows("masts").sort_by(order).equals(before)
    assert report.files_before == 15 and 1 < report.files_after < 15
    # Sizes are estimated from those before: of so small files most is not rows.
    store.compact("masts", target_bytes=8_000)
    assert store.compact("masts", target_bytes=8_000).rewritten == 0
    assert store.read_rows("masts").sort_by(order).equals(before)


def test_zones_keep_their_numbers(store: Store) -> None:
    record = Layer("parks", 0, (), kind="zones", attributes=(Attribute("name", "text"),))
    for part in range(6):
        shapes = [shapely.to_wkb(shapely.box(x, part, x + 1, part + 1)) for x in range(4)]
        with store.write_rows(record, "append" if part else "create") as write:
            write.add(pa.table({"name": [f"{part}-{x}" for x in range(4)], "geometry": shapes}))
    before = store.read_zones("parks")
    assert store.compact("parks").files_after == 1
    assert store.read_zones("parks").equals(before)
    assert pq.read_schema(paths(store, "parks")[0]).metadata.keys() >= {b"geo"}


def test_files_of_an_older_format_gain_what_they_lack(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = ["t__l2", "t__max", "footprint__count"]
    with monkeypatch.context() as patch:
        patch.setattr(rowbuffer, "encode", lambda *a: encode(*a).drop_columns(lacking))
        patch.setattr(rowbuffer, "tile_shape", lambda x: _without(tile_shape(x), lacking))
        put(store, RAIN, *(block(RAIN, t) for t in TILES))
    assert not set(lacking) & set(pq.read_schema(paths(store)[0]).names)
    store.compact("rain")
    expected = encode(RAIN, [block(RAIN, t) for t in TILES])
    assert whole(store).select(lacking).equals(expected.select(lacking))


def _without(shape: Any, lacking: list[str]) -> Any:
    keep = [f for f in shape.schema if f.name not in lacking]
    left = {
        f: [n for n in getattr(shape, f) if n.split(".")[0] not in lacking]
        for f in ("pruned_by", "statistics", "dictionary")
    }
    special = {k: v for k, v in shape.special.items() if k.split(".")[0] not in lacking}
    return replace(shape, schema=pa.schema(keep), special=special, **left)


# ------------------------------------------------------------------ others at work


def test_rows_appended_meanwhile_are_kept(store: Store) -> None:
    dates(store)
    more = [block(RAIN, TILES[2], f"2024-06-{d:02d}", seed=d) for d in (1, 2, 3)]
    others = [lambda b=b: put(store, RAIN, b, mode="append") for b in more]
    busy(store, *others).compact("rain", **SMALL)
    rows = stored(store)
    assert len(rows) == 54 + 3 and all(b.key in rows for b in more)


def test_rows_replaced_meanwhile_win(store: Store) -> None:
    dates(store)
    new = [block(RAIN, t, "2024-05-03", seed=99) for t in TILES]
    busy(store, lambda: put(store, RAIN, *new, mode="append", on_conflict="replace")).compact("rain", **SMALL)
    rows = stored(store)
    expected = {b.key: {n: _listed(*p) for n, p in b.bands.items()} for b in new}
    assert {k: rows[k] for k in expected} == expected and len(rows) == 54
    files = ranges(store)
    assert all(a[1] < b[0] for a, b in pairwise(files))
    assert store.vacuum(timedelta(0)) == []


def _listed(values: Any, valid: Any) -> list[Any]:
    return [v if there else None for v, there in zip(values.tolist(), valid.tolist(), strict=True)]


def test_a_layer_dropped_meanwhile_is_told(store: Store) -> None:
    dates(store)
    with pytest.raises(StoreError, match="dropped while it was being compacted"):
        busy(store, lambda: store.drop("rain")).compact("rain", **SMALL)
    assert store.layer_names() == ()


def test_a_compaction_that_is_stopped_leaves_whole_portions(store: Store) -> None:
    dates(store, 10)
    rows = stored(store)
    asked: Iterator[bool] = iter([False] * 9 + [True] * 1000)
    report = store.compact("rain", portion_bytes=100_000, cancel=lambda: next(asked), **SMALL)
    assert not report.complete and report.render().endswith("; it was stopped before all was done")
    assert stored(store) == rows and store.vacuum(timedelta(0)) == []
    assert store.compact("rain", portion_bytes=100_000, **SMALL).complete
    assert stored(store) == rows


def test_a_damaged_file_stops_it_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    dates(store, 3)
    path = Path(paths(store)[1])
    path.write_bytes(path.read_bytes()[:-100])
    before = files_below(tmp_path)
    with pytest.raises(StoreError, match="damaged"):
        store.compact("rain", **SMALL)
    assert files_below(tmp_path) == before


def test_progress_ends_where_all_is_done(store: Store) -> None:
    dates(store, 10)
    seen: list[CompactProgress] = []
    report = store.compact("rain", portion_bytes=100_000, progress=seen.append, **SMALL)
    assert len(seen) == report.commits and seen[-1].done == seen[-1].total
    assert all(a.done <= b.done for a, b in pairwise(seen))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_layout_of_files_keeps_its_rows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    store = store_in(tmp_path_factory.mktemp("layout"))
    keys = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=30, unique=True))
    commits = data.draw(st.lists(st.integers(0, 4), min_size=len(keys), max_size=len(keys)))
    put(store, RAIN)
    for number in sorted(set(commits)):
        rows = [
            block(RAIN, TILES[t], f"2024-05-{d:02d}", seed=d)
            for (t, d), c in zip(keys, commits, strict=True)
            if c == number
        ]
        put(store, RAIN, *rows, mode="append", buffer_bytes=data.draw(st.sampled_from([1, 50_000, 10**6])))
    before = stored(store)
    sizes = {n: data.draw(st.integers(5_000, 200_000)) for n in ("target_bytes", "portion_bytes")}
    store.compact("rain", **sizes)
    assert stored(store) == before and len(before) == len(keys)
    assert store.vacuum(timedelta(0)) == []
