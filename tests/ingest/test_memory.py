"""Memory is bounded by what the user allows, whatever the shape of the source; what cannot be is refused."""

from __future__ import annotations

import threading
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from affine import Affine

from cubeql.errors import IngestError
from cubeql.ingest import ingest, plan_ingest
from cubeql.ingest.crew import Plan
from cubeql.ingest.netcdf import NetcdfSource
from cubeql.ingest.raster import RasterSource
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, stored, write_tif

WIDE = Affine(0.02, 0, 5, 0, -0.02, 50)
FINE = 8


class Held:
    """Bytes of the pixels that were read and are still held, and the most there ever were."""

    def __init__(self) -> None:
        self.now = self.most = self.reads = 0
        self._lock = threading.Lock()

    def watch(self, monkeypatch: pytest.MonkeyPatch, kind: type[Any]) -> None:
        """Watch what a kind of source hands out."""
        read = kind.read

        def watched(source: Any, *args: Any) -> Any:
            values, mask = read(source, *args)
            base = values
            while isinstance(base.base, np.ndarray):
                base = base.base
            self._add(base.nbytes)
            weakref.finalize(base, self._add, -base.nbytes)
            return values, mask

        monkeypatch.setattr(kind, "read", watched)

    def _add(self, size: int) -> None:
        with self._lock:
            self.reads += size > 0
            self.now += size
            self.most = max(self.most, self.now)


LAYOUTS = {
    "tiles": {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"},
    "strips": {"blockysize": 8, "compress": "deflate"},
    "one strip": {"blockysize": 500, "compress": "deflate"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [2**16, 2**18])
def test_pixels_in_hand_stay_within_the_plan(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, layout: str, size: int
) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(500, 600), WIDE, **LAYOUTS[layout])
    ingest(store, path, "plain", resolution=6)
    held, plan = Held(), Plan(2, 1, size)
    monkeypatch.setattr("cubeql.ingest.job.make_plan", lambda _: plan)
    held.watch(monkeypatch, RasterSource)
    ingest(store, path, "a", resolution=6)
    assert_same(stored(store, "a"), stored(store, "plain"))
    assert held.now == 0 and held.reads > 4
    # A row of pixels at least is read at once.
    assert 0 < held.most <= plan.makers * (plan.bytes + 600 * 4)


def test_pixels_of_many_times_stay_within_the_plan(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    times = np.datetime64("2024-01-01", "ns") + np.arange(60) * np.timedelta64(1, "D")
    values = rng.normal(0, 1, (60, 80, 90)).astype(np.float32)
    path = tmp_path / "a.nc"
    axes = {"time": times, "lat": 50 - 0.05 * np.arange(80), "lon": 5 + 0.05 * np.arange(90)}
    xarray.Dataset({"v": (("time", "lat", "lon"), values)}, axes).to_netcdf(path)
    ingest(store, path, "plain", resolution=5)
    held, plan = Held(), Plan(2, 1, 2**20)
    monkeypatch.setattr("cubeql.ingest.job.make_plan", lambda _: plan)
    held.watch(monkeypatch, NetcdfSource)
    ingest(store, path, "a", resolution=5)
    for time in ("2024-01-01", "2024-02-29"):
        assert_same(stored(store, "a", "v", time), stored(store, "plain", "v", time))
    assert held.now == 0 and held.reads > 2
    assert 0 < held.most <= plan.makers * plan.bytes


def test_strip_larger_than_memory_is_refused(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(500, 600), WIDE, **LAYOUTS["one strip"])
    with pytest.raises(IngestError, match=r"a.tif: is packed in pieces of 1 MiB, .*TILED=YES.*memory_limit=6000000"):
        ingest(store, path, "a", memory_limit=2**22)
    assert store.layer("a") is None
    ingest(store, path, "a", memory_limit=6_000_000)
    tiled = write_tif(tmp_path / "b.tif", patterned(500, 600), WIDE, **LAYOUTS["tiles"])
    ingest(store, tiled, "b", memory_limit=2**22)
    assert_same(stored(store, "a"), stored(store, "b"))


def test_chunk_larger_than_memory_is_refused(tmp_path: Path, store: Store) -> None:
    axes = {"time": np.arange(40), "lat": 50 - 0.05 * np.arange(80), "lon": 5 + 0.05 * np.arange(90)}
    cube = xarray.Dataset({"v": (("time", "lat", "lon"), np.ones((40, 80, 90), np.float32))}, axes)
    cube["time"].attrs["units"] = "days since 2024-01-01"
    for name, chunks in (("whole", (40, 80, 90)), ("days", (1, 80, 90))):
        cube.to_netcdf(tmp_path / f"{name}.nc", encoding={"v": {"zlib": True, "chunksizes": chunks}})
    with pytest.raises(IngestError, match=r"whole.nc: is packed in pieces of 1 MiB"):
        ingest(store, tmp_path / "whole.nc", "a", memory_limit=2**22, resolution=4)
    report = ingest(store, tmp_path / "days.nc", "a", memory_limit=2**22, resolution=4)
    assert report.rows == 40 * report.tiles


def test_plan_says_how_much_it_will_be_on_disk(tmp_path: Path, store: Store) -> None:
    smooth = np.add.outer(np.arange(500), np.arange(600)).astype(np.int16)
    noisy = np.random.default_rng(1).integers(0, 2**15 - 1, (500, 600)).astype(np.int16)
    sizes = {}
    for name, values in (("smooth", smooth), ("noisy", noisy)):
        path = write_tif(tmp_path / f"{name}.tif", values, WIDE, compress="deflate", predictor=2)
        plan = plan_ingest(store, path, name, resolution=7)
        sizes[name] = plan.disk_bytes  # type: ignore[union-attr]
        assert "on disk" in plan.render()
    report = ingest(store, tmp_path / "noisy.tif", "noisy", resolution=7)
    assert sizes["smooth"] < sizes["noisy"] / 4
    assert 0.7 < sizes["noisy"] / report.bytes < 1.5


def test_a_quarter_of_the_memory_is_for_unpacked_blocks(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: set[int] = set()

    def watched(size: int) -> Any:
        given.add(size)
        return nullcontext()

    monkeypatch.setattr("cubeql.ingest.raster._small_cache", watched)
    ingest(store, write_tif(tmp_path / "a.tif", patterned(50, 60), WIDE), "a", resolution=6, memory_limit=2**28)
    assert given == {2**26}
