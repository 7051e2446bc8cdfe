"""Any number of threads makes the same layer, and stops when one of them fails."""

from __future__ import annotations

import pkgutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.errors import IngestError
from cubeql.ingest import IngestCancelled, crew, ingest
from cubeql.ingest.board import Moment
from cubeql.ingest.crew import Plan, make_plan
from cubeql.ingest.raster import RasterSource
from cubeql.ingest.tiler import Feed, Tiler
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, stored, write_tif
from tests.ingest.test_jobs import FINE, WIDE, data_files, ingest_threads


def with_threads(monkeypatch: pytest.MonkeyPatch, makers: int, lines: int, size: int) -> None:
    monkeypatch.setattr("cubeql.ingest.job.make_plan", lambda _: Plan(makers, lines, size))
    monkeypatch.setattr(crew, "_LINE_BYTES", 1)


def dated(folder: Path, count: int) -> list[str]:
    return [write_tif(folder / f"{i}.tif", patterned(100, 120, seed=i), WIDE) for i in range(count)]


@pytest.mark.parametrize(("makers", "lines", "size"), [(4, 3, 2**18), (2, 1, 2**16), (3, 3, 2**24)])
@pytest.mark.parametrize("method", ["nearest", "mean"])
def test_threads_do_not_change_the_layer(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, makers: int, lines: int, size: int, method: str
) -> None:
    paths, times = dated(tmp_path, 3), [f"2024-05-0{i + 1}" for i in range(3)]
    resolution = FINE if method == "nearest" else 5
    ingest(store, paths, "plain", time=times, method=method, resolution=resolution)
    with_threads(monkeypatch, makers, lines, size)
    report = ingest(store, paths, "a", time=times, method=method, resolution=resolution)
    assert report.rows == store.snapshot("a").files["rows"].to_numpy().sum()
    for time in times:
        assert_same(stored(store, "a", time=time), stored(store, "plain", time=time))
    assert ingest_threads() == []


@pytest.mark.parametrize("calls_before", [0, 3, 7])
def test_first_fault_stops_every_thread_and_is_told(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, calls_before: int
) -> None:
    with_threads(monkeypatch, 4, 2, 2**16)
    read, lock, calls = RasterSource.read, threading.Lock(), [0]

    def failing(self: RasterSource, *args: Any) -> Any:
        with lock:
            calls[0] += 1
            wrong = calls[0] == calls_before + 1
        if wrong:
            raise IngestError("the disk fell off")
        return read(self, *args)

    monkeypatch.setattr(RasterSource, "read", failing)
    with pytest.raises(IngestError, match="the disk fell off"):
        ingest(store, dated(tmp_path, 1), "a", resolution=FINE)
    assert store.layer("a") is None and data_files(store) == [] and ingest_threads() == []


STAGES = {
    "maps": "cubeql.ingest.mapcache.make_map",
    "reading": "cubeql.ingest.raster.RasterSource.read",
    "picking": "cubeql.ingest.tiler.pick",
    "encoding": "cubeql.ingest.crew.encoded",
    "writing": "cubeql.storage.parquet.NewFile.write",
}


@pytest.mark.parametrize("stage", STAGES)
def test_cancel_is_heard_before_any_thread_begins_another_step(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Whatever is going on as the user cancels, a thread does no more than end the step that it is at."""
    with_threads(monkeypatch, 3, 1, 2**18)
    cancelled, lock = threading.Event(), threading.Lock()
    late: dict[str, int] = dict.fromkeys(STAGES, 0)
    done: dict[str, int] = dict.fromkeys(STAGES, 0)

    def watched(name: str, function: Any) -> Any:
        def run(*args: Any, **named: Any) -> Any:
            with lock:
                done[name] += 1
                late[name] += cancelled.is_set()
                if name == stage and done[name] == 3:
                    cancelled.set()
            return function(*args, **named)

        return run

    for name, place in STAGES.items():
        owner, _, attribute = place.rpartition(".")
        monkeypatch.setattr(place, watched(name, getattr(pkgutil.resolve_name(owner), attribute)))
    monkeypatch.setattr("cubeql.storage.strand.row_group_rows", lambda _: 2)
    with pytest.raises(IngestCancelled):
        ingest(store, dated(tmp_path, 1), "a", resolution=FINE, cancel=cancelled.is_set)
    assert done[stage] >= 3 and max(late.values()) <= 4, late
    assert store.layer("a") is None and data_files(store) == [] and ingest_threads() == []


@given(st.integers(2**20, 2**33), st.integers(1, 256))
def test_what_is_on_its_way_fits_its_share_of_the_memory(limit: int, cores: int) -> None:
    plan = make_plan(limit, cores)
    assert 1 <= plan.lines <= plan.makers <= cores
    ahead = -(-plan.makers // plan.lines) + 1
    groups = plan.lines * (ahead + 1)  # submitted, and the one being written
    on_its_way = plan.makers * plan.bytes + groups * plan.bytes
    assert on_its_way <= limit * 3 // 8 or plan.bytes == 2**16


def _feed(tiles: list[int], moments: int) -> Feed:
    pictures = tuple((i, Moment(np.datetime64(i, "D"), None, ())) for i in range(moments))
    use = SimpleNamespace(
        name="v", method="nearest", storage=np.dtype("int16"), band=SimpleNamespace(dtype=np.dtype("u1"), masked=False)
    )
    maps: Any = {"nearest": SimpleNamespace(tile_pixels=20_000, tile_bytes=70_000)}
    source: Any = SimpleNamespace(name="made up")
    return Feed(source, (use,), pictures, np.array(sorted(tiles), np.int64), maps)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 40)), min_size=1, max_size=4),
    st.integers(1, 2**24),
    st.integers(1, 50),
)
def test_groups_hold_every_tile_and_moment_once_and_in_order(
    given_feeds: list[tuple[set[int], int]], memory: int, fewest: int
) -> None:
    feeds = [_feed(list(tiles), moments) for tiles, moments in given_feeds]
    tiler = Tiler(9, ["v"], feeds, memory)
    most = max(1, memory // tiler.row_bytes)
    wanted = {(int(t), i) for f in feeds for t in f.tiles for i in range(len(f.pictures))}
    pictures = {int(t): sum(len(f.pictures) for f in feeds if t in f.tiles) for t in tiler.tiles}
    found: list[tuple[int, int]] = []
    for group in tiler.groups(fewest):
        rows = 0
        for tile in group.tiles:
            every = sorted(i for t, i in wanted if t == tile)
            some = every[group.first : group.end]
            rows += len(some)
            found += [(tile, i) for i in some]
        assert rows <= most or len(group.tiles) == 1
        assert len(group.tiles) == 1 or sum(pictures[t] for t in group.tiles) <= most
    assert found == sorted(wanted)
