"""A job as a whole: all or nothing, stoppable, in bounded memory, and its maps are kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from cubeql.errors import IngestError
from cubeql.ingest import IngestCancelled, IngestProgress, ingest
from cubeql.ingest.mapcache import trim_cache
from cubeql.ingest.raster import RasterSource
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, stored, write_tif

WIDE = Affine(0.02, 0, 5, 0, -0.02, 50)
FINE = 8  # a resolution that makes many tiles of it


def many_tiles(folder: Path, name: str = "a.tif", seed: int = 0) -> str:
    return write_tif(folder / name, patterned(100, 120, seed=seed), WIDE)


def data_files(store: Store) -> list[Path]:
    return sorted(Path(str(store.address).removeprefix("file://")).rglob("*.parquet"))


def ingest_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("cubeql-ingest")]


@pytest.mark.parametrize("kind", [IngestError, KeyboardInterrupt, MemoryError, OSError])
def test_interrupted_job_leaves_the_layer_as_it_was(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    ingest(store, many_tiles(tmp_path), "a", time="2024-05", resolution=FINE)
    before, files = stored(store, "a"), data_files(store)
    path = many_tiles(tmp_path, "b.tif", 1)
    read, calls = RasterSource.read, 0

    def failing(self, *args):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise kind("stopped")
        return read(self, *args)

    monkeypatch.setattr(RasterSource, "read", failing)
    with pytest.raises(IngestError if kind is OSError else kind):
        ingest(store, path, "a", time="2024-06", memory_limit=2**22)
    assert calls == 3
    assert stored(store, "a") == before and data_files(store) == files
    assert ingest_threads() == []
    monkeypatch.undo()
    ingest(store, path, "a", time="2024-06")
    assert_same(stored(store, "a", time="2024-06-01"), stored_alone(store, path))


def stored_alone(store: Store, path: str) -> dict[int, float]:
    ingest(store, path, "alone", resolution=FINE)
    return stored(store, "alone")


def test_exception_in_the_progress_callback_stops_cleanly(tmp_path: Path, store: Store) -> None:
    def progress(_: IngestProgress) -> None:
        raise RuntimeError("the screen is gone")

    with pytest.raises(RuntimeError, match="screen"):
        ingest(store, many_tiles(tmp_path), "a", progress=progress, memory_limit=2**22, resolution=FINE)
    assert store.layer("a") is None and ingest_threads() == []


def test_cancel_stops_a_job(tmp_path: Path, store: Store) -> None:
    asked = 0

    def cancel() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    with pytest.raises(IngestCancelled, match="cancelled"):
        ingest(store, many_tiles(tmp_path), "a", cancel=cancel, memory_limit=2**22, resolution=FINE)
    assert store.layer("a") is None and data_files(store) == [] and ingest_threads() == []


def test_progress_rises_to_the_end(tmp_path: Path, store: Store) -> None:
    seen: list[IngestProgress] = []
    report = ingest(store, many_tiles(tmp_path), "a", progress=seen.append, memory_limit=2**22, resolution=FINE)
    assert len(seen) > 3
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].total and seen[-1].cells == report.cells
    assert seen[0].seconds_left is not None and seen[-1].seconds_left == 0


def test_many_sources_are_not_open_all_at_once(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cubeql.ingest.tiler.MOST_OPEN", 3)
    paths = [write_tif(tmp_path / f"{i}.tif", patterned(100, 120, seed=i), WIDE) for i in range(8)]
    opened = []

    def is_raster(descriptor: Path) -> bool:
        with contextlib.suppress(FileNotFoundError):  # a reading thread may have closed it since it was listed
            return descriptor.readlink().suffix == ".tif"
        return False

    def progress(_: IngestProgress) -> None:
        opened.append(sum(is_raster(fd) for fd in Path("/proc/self/fd").iterdir()))

    ingest(store, paths, "a", time=[f"2024-05-0{i + 1}" for i in range(8)], progress=progress, memory_limit=2**24)
    assert 0 < max(opened) <= 4
    for i in (0, 7):
        ingest(store, paths[i], f"alone{i}")
        assert_same(stored(store, "a", time=f"2024-05-0{i + 1}"), stored(store, f"alone{i}"))


def test_killed_job_leaves_the_layer_as_it_was(tmp_path: Path, store: Store) -> None:
    """Killed after its first progress, with files written and nothing committed."""
    ingest(store, many_tiles(tmp_path), "a", time="2024-05", resolution=FINE)
    before = stored(store, "a")
    path = many_tiles(tmp_path, "b.tif", 1)
    code = f"""
import os, signal
from cubeql.storage import Store
from cubeql.ingest import ingest
def progress(p):
    if p.done * 2 > p.total:
        os.kill(os.getpid(), signal.SIGKILL)
ingest(Store.open({str(tmp_path / "store")!r}), {path!r}, "a", time="2024-06", progress=progress, memory_limit=2**22)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    again = Store.open(tmp_path / "store")
    assert stored(again, "a") == before
    ingest(again, path, "a", time="2024-06")
    assert len(stored(again, "a", time="2024-06-01")) == len(before)


@pytest.mark.parametrize("memory_limit", [2**20, pytest.param(2**22, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["nearest", "bilinear", "mean", "median"])
def test_little_memory_gives_the_same_layer(tmp_path: Path, store: Store, memory_limit: int, method: str) -> None:
    values = patterned(150, 200)
    path = write_tif(tmp_path / "a.tif", values, WIDE)
    resolution = 7 if method in ("nearest", "bilinear") else 5
    ingest(store, path, "a", memory_limit=memory_limit, method=method, resolution=resolution)
    ingest(store, path, "plenty", method=method, resolution=resolution)
    assert_same(stored(store, "a"), stored(store, "plenty"))


def test_second_date_makes_no_map(tmp_path: Path, store: Store) -> None:
    first = ingest(store, many_tiles(tmp_path, "1.tif", 1), "a", time="2024-05")
    second = ingest(store, many_tiles(tmp_path, "2.tif", 2), "a", time="2024-06")
    assert first.maps_made > 0 and second.maps_made == 0
    other = Store.open(tmp_path / "other", create=True)
    ingest(other, str(tmp_path / "2.tif"), "a", time="2024-06")
    assert_same(stored(store, "a", time="2024-06-01"), stored(other, "a", time="2024-06-01"))


def test_damaged_maps_are_made_again(tmp_path: Path, store: Store) -> None:
    path = many_tiles(tmp_path)
    ingest(store, path, "a", method="mean", resolution=5)
    wanted = stored(store, "a")
    kept = sorted(store.cache_folder.rglob("*.cells"))
    assert kept
    for i, file in enumerate(kept):
        data = bytearray(file.read_bytes())
        if i % 2:
            del data[len(data) // 2 :]
        else:
            data[len(data) // 2] ^= 255
        file.write_bytes(data)
    report = ingest(store, path, "b", method="mean", resolution=5)
    assert report.maps_made > 0
    assert_same(stored(store, "b"), wanted)


def test_cache_keeps_what_was_used_last(tmp_path: Path, store: Store) -> None:
    for i in range(3):
        path = write_tif(tmp_path / f"{i}.tif", patterned(8, 9), Affine(0.01, 0, 11 + i, 0, -0.01, 48.3))
        ingest(store, path, f"l{i}")
        for file in store.cache_folder.rglob("*.cells"):
            if file.stat().st_mtime > 10**6:
                os.utime(file, (i + 1, i + 1))
    last = [f for f in store.cache_folder.rglob("*.cells") if f.stat().st_mtime == 3]
    trim_cache(store.cache_folder, sum(f.stat().st_size for f in last))
    assert sorted(store.cache_folder.rglob("*.cells")) == sorted(last) != []
    trim_cache(store.cache_folder, 0)
    assert not list(store.cache_folder.rglob("*.cells"))


def test_full_disk_is_said(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from cubeql.storage.strand import Strand

    def full(self, block):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Strand, "add", full)
    with pytest.raises(IngestError, match="the disk is full; make room"):
        ingest(store, many_tiles(tmp_path), "a")
    assert store.layer("a") is None


def test_import_loads_no_format_library() -> None:
    heavy = ("rasterio", "xarray", "netCDF4", "pyproj", "numpy")
    code = f"import sys, cubeql.ingest; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_memory_stays_bounded_on_a_raster_larger_than_the_limit(tmp_path: Path) -> None:
    """256 MB of pixels, a limit of 128 MiB: the process grows by no more than about that."""
    path = tmp_path / "large.tif"
    n = 8_000
    with rasterio.open(
        path, "w", driver="GTiff", width=n, height=n, count=1, dtype="float32", crs="EPSG:32633", tiled=True,
        transform=Affine(30, 0, 300000, 0, -30, 5600000),
    ) as file:  # fmt: skip
        for row in range(0, n, 1024):
            rows = min(1024, n - row)
            block = np.arange(rows * n, dtype=np.float32).reshape(rows, n)
            file.write(block, 1, window=((row, row + rows), (0, n)))
    code = f"""
import resource
from cubeql.storage import Store
from cubeql.ingest import ingest
import rasterio, pyproj, xarray, pyarrow, deltalake, h3ronpy, shapely
store = Store.open({str(tmp_path / "store")!r}, create=True)
small = {write_tif(tmp_path / "small.tif", patterned(8, 9))!r}
ingest(store, small, "small")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ingest(store, {str(path)!r}, "a", resolution=10, memory_limit=2**27)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    grown = int(done.stdout) * 1024
    assert grown < 1.5 * 2**27, f"{grown / 2**20:.0f} MiB in {time.monotonic() - began:.0f} s"
