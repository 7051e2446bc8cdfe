"""Long ingests: portions of whole moments, each a commit; what is bad, changed, killed or stopped among them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from cubeql.errors import ConfigError, IngestError, StoreError
from cubeql.ingest import IngestCancelled, IngestProgress, IngestStopped, ingest, plan_ingest
from cubeql.ingest.raster import RasterSource
from cubeql.storage import Store
from tests.ingest.rasters import NORTH_UP, patterned, write_tif
from tests.ingest.scenes import DATED, WIDE, at_once, by_time, moved, scenes


def versions(store: Store) -> int:
    return len(store.history("a"))


def test_each_portion_is_a_commit_and_together_they_are_the_whole(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 5)
    report = ingest(store, sources[::-1], "a", portion_sources=2, **DATED)
    assert [p.sources for p in report.portions] == [2, 2, 1]
    assert [(p.first, p.last) for p in report.portions] == [
        ("2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z"),
        ("2024-05-03T00:00:00Z", "2024-05-04T00:00:00Z"),
        ("2024-05-05T00:00:00Z", "2024-05-05T00:00:00Z"),
    ]
    assert versions(store) == 3 and [p.version for p in report.portions] == [0, 1, 2] and report.version == 2
    assert {o.source: o.version for o in report.outcomes} == dict(zip(sources, [0, 0, 1, 1, 2], strict=True))
    assert "3 portions:" in report.render()
    wanted = at_once(tmp_path, sources)
    assert by_time(store) == wanted and len(wanted) == 5
    assert sum(len(cells) for cells in wanted.values()) == report.cells


def test_a_moment_is_never_cut(tmp_path: Path, store: Store) -> None:
    """Ten pieces of each of two dates, and portions of three: two commits, each a whole mosaic."""
    names = [(date, i) for i in range(10) for date in ("20240501", "20240502")]
    values = {date: patterned(40, 50, seed=int(date)) for date, _ in names}
    sources = [
        write_tif(tmp_path / f"{i}_{date}.tif", values[date][4 * i : 4 * i + 4], moved(NORTH_UP, 0, 4 * i))
        for date, i in names
    ]
    options = {**DATED, "method": "mean"}
    report = ingest(store, sources, "a", portion_sources=3, **options)
    assert [p.sources for p in report.portions] == [10, 10]
    assert by_time(store) == at_once(tmp_path, sources, method="mean")


def test_bytes_bound_a_portion_too(tmp_path: Path, store: Store) -> None:
    report = ingest(store, scenes(tmp_path, 4), "a", portion_bytes=2 * 30 * 40 * 4, **DATED)
    assert [p.sources for p in report.portions] == [2, 2]


def test_sources_that_share_times_stay_together(tmp_path: Path, store: Store) -> None:
    """A file over several times joins all who have one of them, whichever portion they would fall into."""
    import xarray as xr

    times = np.array(["2024-05-01", "2024-05-03"], "M8[ns]")
    axes = {"time": times, "lat": 49.9 - 0.02 * np.arange(20), "lon": 5.1 + 0.02 * np.arange(20)}
    values = np.stack([patterned(20, 20, seed=9), patterned(20, 20, seed=8)])
    xr.Dataset({"value": (("time", "lat", "lon"), values, {})}, axes).to_netcdf(tmp_path / "own.nc")
    store_options = {"resolution": 7, "time_tag": True}
    tagged = []
    for day in (1, 2, 3, 4):
        path = write_tif(tmp_path / f"t{day}.tif", patterned(5, 5, seed=day), Affine(0.02, 0, 8, 0, -0.02, 50))
        import rasterio

        with rasterio.open(path, "r+") as file:
            file.update_tags(time=f"2024-05-0{day}")
        tagged.append(path)
    report = ingest(store, [*tagged, str(tmp_path / "own.nc")], "a", portion_sources=1, **store_options)
    assert [p.sources for p in report.portions] == [3, 1, 1]


def test_default_leaves_a_short_ingest_in_one_commit(tmp_path: Path, store: Store) -> None:
    assert len(ingest(store, scenes(tmp_path, 4), "a", **DATED).portions) == 1


def test_later_portions_are_not_opened_before_their_turn(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, int] = {}
    init = RasterSource.__init__

    def noted(self: RasterSource, path: str, **given: Any) -> None:
        made[path] = versions(store) if store.layer("a") else 0
        init(self, path, **given)

    monkeypatch.setattr(RasterSource, "__init__", noted)
    sources = scenes(tmp_path, 4)
    ingest(store, sources, "a", portion_sources=1, **DATED)
    # The first of the next portion is opened to see that it no longer fits.
    assert [made[s] for s in sources] == [0, 0, 1, 2]


KILLED = """
import os, signal, sys
from cubeql.storage import Store
from cubeql.ingest import ingest
store, *sources = sys.argv[1:]
def progress(p):
    if len(Store.open(store).history("a") if Store.open(store).layer("a") else ()) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
ingest(Store.open(store), sources, "a", progress=progress, portion_sources=1, time_pattern="%Y%m%d", resolution=7)
"""


def test_killed_run_is_finished_by_running_it_again(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 5)
    words = [sys.executable, "-c", KILLED, str(tmp_path / "store"), *sources]
    assert subprocess.run(words, cwd=Path(__file__).parents[2], check=False).returncode == -signal.SIGKILL
    again = Store.open(tmp_path / "store")
    assert sorted(by_time(again)) == ["2024-05-01T00:00:00.000000", "2024-05-02T00:00:00.000000"]
    report = ingest(again, sources, "a", portion_sources=1, **DATED)
    assert list(report.sources) == sources[2:] and [s for s, _ in report.skipped] == sources[:2]
    assert by_time(again) == at_once(tmp_path, sources)


def test_cancelled_run_keeps_its_finished_portions(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 4)

    def cancel() -> bool:
        return store.layer("a") is not None and versions(store) == 2

    with pytest.raises(IngestCancelled, match=r"2 portions with 2 sources stay.*version 1; run it again") as caught:
        ingest(store, sources, "a", cancel=cancel, portion_sources=1, **DATED)
    report = caught.value.report
    assert report is not None and [p.version for p in report.portions] == [0, 1]
    assert report.sources == tuple(sources[:2])
    assert ingest(store, sources, "a", **DATED).sources == tuple(sources[2:])
    assert by_time(store) == at_once(tmp_path, sources)


def test_cancelled_before_a_commit_says_that_nothing_changed(tmp_path: Path, store: Store) -> None:
    with pytest.raises(IngestCancelled, match="the layer is as it was") as caught:
        ingest(store, scenes(tmp_path, 1), "a", cancel=lambda: True, **DATED)
    assert caught.value.report is None and store.layer("a") is None


def test_a_fault_says_what_stays(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    Path(sources[2]).write_bytes(Path(sources[2]).read_bytes()[:300])
    with pytest.raises(IngestStopped, match=r"s_20240503.*2 portions with 2 sources stay") as caught:
        ingest(store, sources, "a", portion_sources=1, **DATED)
    assert caught.value.report is not None and len(caught.value.report.portions) == 2
    assert len(by_time(store)) == 2


def test_a_conflict_in_a_later_portion_says_what_stays(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    ingest(store, sources[1], "a", **DATED)
    other = write_tif(tmp_path / "other_20240502.tif", patterned(30, 40), WIDE)
    with pytest.raises(StoreError, match=r"2024-05-02.*1 portion with 1 source stay"):
        ingest(store, [sources[0], other, sources[2]], "a", portion_sources=1, **DATED)
    assert sorted(t[:10] for t in by_time(store)) == ["2024-05-01", "2024-05-02"]


def test_whole_is_all_or_nothing(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    Path(sources[2]).write_bytes(Path(sources[2]).read_bytes()[:300])
    with pytest.raises(IngestError, match="s_20240503"):
        ingest(store, sources, "a", commit="whole", portion_sources=1, **DATED)
    assert store.layer("a") is None


def test_a_layer_is_replaced_in_one_commit(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    ingest(store, sources[0], "a", **DATED)
    report = ingest(store, sources, "a", mode="replace", portion_sources=1, **DATED)
    assert [p.sources for p in report.portions] == [3] and versions(store) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "replace", "commit": "portions"}, "replaced in one commit"),
        ({"replace_changed": True, "commit": "whole"}, "commits of its own"),
        ({"portion_sources": 0}, "portion_sources must be at least 1"),
        ({"portion_bytes": 0}, "portion_bytes must be at least 1"),
    ],
)
def test_options_that_contradict(tmp_path: Path, store: Store, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ingest(store, scenes(tmp_path, 1), "a", **{**DATED, **options})


def test_some_with_times_and_some_without_are_refused_before_anything_is_written(tmp_path: Path, store: Store) -> None:
    import rasterio

    sources = scenes(tmp_path, 2)
    with rasterio.open(sources[0], "r+") as file:
        file.update_tags(time="2024-05-01")
    import xarray as xr

    axes = {"lat": 49.9 - 0.02 * np.arange(20), "lon": 5.1 + 0.02 * np.arange(20)}
    xr.Dataset({"value": (("lat", "lon"), patterned(20, 20), {})}, axes).to_netcdf(tmp_path / "static.nc")
    with pytest.raises(IngestError, match=r"static\.nc: has no time, but other sources have"):
        ingest(store, [sources[0], str(tmp_path / "static.nc")], "a", time_tag=True, portion_sources=1)
    assert store.layer("a") is None


# ------------------------------------------------------------------ plans and progress


def test_plan_counts_portions_cells_and_bytes(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 4)
    plan = plan_ingest(store, sources, "a", portion_sources=2, **DATED)
    assert plan.portions == 2 and plan.sources == 4 and plan.all_cells == 4 * plan.cells
    assert "2 portions, each a commit of its own" in plan.render() and store.layer("a") is None
    report = ingest(store, sources, "a", portion_sources=2, **DATED)
    assert abs(plan.all_cells - report.cells) < 0.3 * report.cells
    plan = plan_ingest(store, sources, "a", **DATED)
    assert plan.sources == 0 and len(plan.skipped) == 4 and "nothing to do" in plan.render()


def test_plan_tells_bad_sources(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 2)
    Path(sources[1]).write_bytes(b"no raster")
    plan = plan_ingest(store, sources, "a", skip_bad=True, **DATED)
    assert plan.sources == 1 and plan.bad[0][0] == sources[1] and f"left out {sources[1]}" in plan.render()


def test_many_skipped_sources_are_one_line(tmp_path: Path, store: Store) -> None:
    sources = [write_tif(tmp_path / f"s_202405{d:02}.tif", patterned(4, 4), WIDE) for d in range(1, 16)]
    ingest(store, sources, "a", **DATED)
    lines = ingest(store, sources, "a", **DATED).render().splitlines()
    assert len(lines) == 2 and lines[1].startswith("skipped 15 sources, ")


def test_progress_rises_over_all_portions(tmp_path: Path, store: Store) -> None:
    seen: list[IngestProgress] = []
    report = ingest(store, scenes(tmp_path, 4), "a", progress=seen.append, portion_sources=1, **DATED)
    assert [p.done for p in seen] == sorted(p.done for p in seen) and {p.total for p in seen} == {seen[-1].done}
    assert seen[-1].cells == report.cells
