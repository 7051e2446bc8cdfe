"""Appending: what fits a layer goes in, what does not is refused and leaves it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from cubeql.errors import CubeQLError, IngestError
from cubeql.ingest import ingest, plan_ingest
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded


def scene(folder: Path, name: str, seed: int = 0, dtype: Any = np.float32, **tags: Any) -> str:
    path = write_tif(folder / name, patterned(8, 9, dtype, seed))
    with rasterio.open(path, "r+") as file:
        file.units = (tags.get("unit", "K"),)
        if "scale" in tags:
            file.scales = (tags["scale"],)
    return path


def test_dates_are_added_one_by_one(tmp_path: Path, store: Store) -> None:
    for day in (1, 2, 3):
        path = scene(tmp_path, f"a_2024050{day}.tif", day)
        ingest(store, path, "a", time_pattern="%Y%m%d")
    for day in (1, 2, 3):
        wanted = regridded(picture_of(patterned(8, 9, seed=day)), 8, "nearest")
        assert_same(stored(store, "a", time=f"2024-05-0{day}"), wanted)


def test_source_ingested_before_is_skipped(tmp_path: Path, store: Store) -> None:
    paths = [scene(tmp_path, f"a_2024050{day}.tif", day) for day in (1, 2)]
    ingest(store, paths[:1], "a", time_pattern="%Y%m%d")
    report = ingest(store, paths, "a", time_pattern="%Y%m%d")
    assert report.sources == (paths[1],) and report.skipped == ((paths[0], "it is in the layer already"),)
    version = store.snapshot("a").version
    report = ingest(store, paths, "a", time_pattern="%Y%m%d")
    assert report.version is None and "nothing to do" in report.render()
    assert store.snapshot("a").version == version


def test_changed_source_is_not_taken_for_the_old_one(tmp_path: Path, store: Store) -> None:
    path = scene(tmp_path, "a_20240501.tif", 1)
    ingest(store, path, "a", time_pattern="%Y%m%d")
    scene(tmp_path, "a_20240501.tif", 2)
    report = ingest(store, path, "a", time_pattern="%Y%m%d")
    assert report.version is None and "changed since" in report.skipped[0][1]
    ingest(store, path, "a", time_pattern="%Y%m%d", replace_changed=True)
    assert_same(stored(store, "a", time="2024-05-01"), regridded(picture_of(patterned(8, 9, seed=2)), 8, "nearest"))


def test_create_and_replace(tmp_path: Path, store: Store) -> None:
    one, two = scene(tmp_path, "one.tif", 1), scene(tmp_path, "two.tif", 2, np.int16)
    ingest(store, one, "a", mode="create")
    with pytest.raises(IngestError, match="exists already"):
        ingest(store, two, "a", mode="create")
    ingest(store, two, "a", mode="replace", resolution=7, method="nearest")
    assert_same(stored(store, "a"), regridded(picture_of(patterned(8, 9, np.int16, 2)), 7, "nearest"))


@pytest.mark.parametrize(
    ("scene_options", "options", "message"),
    [
        ({}, {"time": "2024-06", "resolution": 7}, "its resolution is 8, not 7"),
        ({"unit": "degC"}, {"time": "2024-06"}, "unit of band value is K.*degC"),
        ({"dtype": np.int16}, {"time": "2024-06"}, "storage of band value is float32.*int16"),
        ({"scale": 0.1}, {"time": "2024-06"}, "scale of band value is None.*0.1"),
        ({}, {}, "has times.*give time= or time_pattern="),
        ({}, {"time": "2024-06", "bands": {"other": 1}}, "no band 'other'"),
        ({}, {"time": "2024-06", "step": "P1M"}, "stamp is 'instant'.*'start'"),
        ({}, {"time": "2024-06", "categorical": ["value"]}, "class codes are whole numbers"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, store: Store, scene_options: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    ingest(store, scene(tmp_path, "first.tif"), "a", time="2024-05")
    before = (store.snapshot("a").version, stored(store, "a"))
    with pytest.raises(IngestError, match=message):
        ingest(store, scene(tmp_path, "second.tif", **scene_options), "a", **options)
    assert (store.snapshot("a").version, stored(store, "a")) == before


def test_time_for_a_static_layer_is_refused(tmp_path: Path, store: Store) -> None:
    ingest(store, scene(tmp_path, "first.tif"), "a")
    with pytest.raises(IngestError, match="it has no time, but the sources have"):
        ingest(store, scene(tmp_path, "second.tif"), "a", time="2024-05")


def test_sources_that_disagree_are_refused(tmp_path: Path, store: Store) -> None:
    one, two = scene(tmp_path, "one.tif"), scene(tmp_path, "two.tif", unit="degC")
    with pytest.raises(IngestError, match=r"two.tif, band value: its unit is degC, but .*one.tif has K"):
        ingest(store, [one, two], "a", time=["2024-05", "2024-06"])
    assert store.layer("a") is None


def test_method_of_the_layer_is_kept(tmp_path: Path, store: Store) -> None:
    one, two = scene(tmp_path, "one.tif"), scene(tmp_path, "two.tif")
    ingest(store, one, "a", time="2024-05", resolution=6, method="max")
    report = ingest(store, two, "a", time="2024-06")
    assert report.methods == (("value", "max"),)


def test_band_added_by_merging(tmp_path: Path, store: Store) -> None:
    values = np.stack([patterned(8, 9, seed=1), patterned(8, 9, seed=2)])
    path = write_tif(tmp_path / "ab.tif", values)
    holes = values.copy()
    holes[1] = np.nan
    first = write_tif(tmp_path / "first.tif", holes)
    ingest(store, first, "x", time="2024-05", bands={"a": 1, "b": 2})
    with pytest.raises(IngestError, match="do not have its band 'a'"):
        ingest(store, path, "x", time="2024-05", bands={"b": 2})
    ingest(store, path, "x", time="2024-05", bands={"b": 2}, on_conflict="merge")
    assert_same(stored(store, "x", "a"), regridded(picture_of(values[0]), 8, "nearest"))
    assert_same(stored(store, "x", "b"), regridded(picture_of(values[1]), 8, "nearest"))


def test_plan_says_what_would_be_done_and_does_nothing(tmp_path: Path, store: Store) -> None:
    plan = plan_ingest(store, scene(tmp_path, "one.tif"), "a", time="2024-05")
    assert (plan.layer, plan.resolution, plan.sources, plan.pictures) == ("a", 8, 1, 1)
    assert plan.methods == (("value", "nearest"),) and "resolution 8" in plan.render()
    report = ingest(store, scene(tmp_path, "one.tif"), "a", time="2024-05")
    assert abs(plan.cells - report.cells) < 0.3 * report.cells and plan.tiles >= report.tiles
    assert "1 source read" in report.render()


def test_very_fine_resolution_is_refused_with_figures(tmp_path: Path, store: Store) -> None:
    path = scene(tmp_path, "one.tif")
    with pytest.raises(IngestError, match=r"resolution 15 would make [\d,]{9,} cells.*resolution 8 suits"):
        ingest(store, path, "a", resolution=15, max_cells=1_000_000)


def test_very_fine_resolution_of_the_whole_earth_is_refused_at_once(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "earth.tif", patterned(18, 36), rasterio.Affine(10, 0, -180, 0, -10, 90))
    with pytest.raises(IngestError, match="resolution 13 would make"):
        ingest(store, path, "a", resolution=13)


def test_times_given_one_for_each_source_stay_with_their_sources(tmp_path: Path, store: Store) -> None:
    paths = [scene(tmp_path, f"{i}.tif", i) for i in range(3)]
    times = ["2024-01", "2024-02", "2024-03"]
    ingest(store, paths[1], "a", time=[times[1]])
    report = ingest(store, paths, "a", time=times)
    assert report.sources == (paths[0], paths[2])
    for i, time in enumerate(times):
        wanted = regridded(picture_of(patterned(8, 9, seed=i)), 8, "nearest")
        assert_same(stored(store, "a", time=f"{time}-01"), wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "average"}, "no method 'average'"),
        ({"method": {"values": "mean"}}, "no band 'values'.*value"),
        ({"categorical": ["x"]}, "no band 'x'"),
        ({"units": {"x": "K"}}, "no band 'x'"),
        ({"classes": {"x": {1: "a"}}}, "no band 'x'"),
        ({"resolution": 16}, "no H3 resolution"),
        ({"time": "soon"}, "is no time"),
        ({"time": ["2024-01", "2024-02"]}, "2 times are given"),
        ({"time": "2024", "time_pattern": "%Y"}, "give one of them"),
        ({"stamp": "start"}, "no time"),
        ({"time": "2024", "stamp": "end"}, "give step="),
        ({"time": "2024", "step": "soon"}, "P1M"),
        ({"dimensions": ["depth"]}, "no source has an axis 'depth'"),
        ({"crs": "EPSG:99999"}, "unknown reference system"),
        ({"bandz": [1]}, "no option 'bandz'.*bands"),
    ],
)
def test_arguments_at_fault(tmp_path: Path, store: Store, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CubeQLError, match=message):
        ingest(store, scene(tmp_path, "one.tif"), "a", **options)
    assert store.layer("a") is None


@pytest.mark.parametrize("name", ["a b", "1a", "a.b.c", ""])
def test_layer_names_at_fault(tmp_path: Path, store: Store, name: str) -> None:
    with pytest.raises(CubeQLError, match="cannot name a layer"):
        ingest(store, scene(tmp_path, "one.tif"), name)


def test_a_new_band_is_refused_unless_it_is_asked_for(tmp_path: Path, store: Store) -> None:
    ingest(store, scene(tmp_path, "a_20240501.tif", 1), "a", bands={"t": 1}, time_pattern="%Y%m%d")
    both = write_tif(tmp_path / "a_20240502.tif", np.stack([patterned(8, 9, seed=n) for n in (2, 3)]))
    with rasterio.open(both, "r+") as file:
        file.units = ("K", "K")
    given = {"bands": {"t": 1, "u": 2}, "time_pattern": "%Y%m%d"}
    with pytest.raises(IngestError, match=r"no band 'u', only t.*add_bands=True"):
        ingest(store, both, "a", **given)
    assert store.snapshot("a").version == 0
    with pytest.raises(IngestError, match="the storage of band t is float32, in the sources int16"):
        other = write_tif(tmp_path / "a_20240503.tif", np.stack([patterned(8, 9, np.int16, seed=n) for n in (2, 3)]))
        ingest(store, other, "a", add_bands=True, **given)
    ingest(store, both, "a", add_bands=True, **given)
    for band, seed in (("t", 2), ("u", 3)):
        wanted = regridded(picture_of(patterned(8, 9, seed=seed)), 8, "nearest")
        assert_same(stored(store, "a", band, time="2024-05-02"), wanted)
    assert stored(store, "a", "u", time="2024-05-01") == {}


def test_older_dates_gain_a_band_that_is_merged_into_them(tmp_path: Path, store: Store) -> None:
    ingest(store, scene(tmp_path, "a_20240501.tif", 1), "a", bands={"t": 1}, time_pattern="%Y%m%d")
    path = scene(tmp_path, "b_20240501.tif", 4)
    given: dict[str, Any] = {"bands": {"u": 1}, "time_pattern": "%Y%m%d", "add_bands": True}
    with pytest.raises(IngestError, match="do not have its band 't'"):
        ingest(store, path, "a", **given)
    ingest(store, path, "a", on_conflict="merge", **given)
    for band, seed in (("t", 1), ("u", 4)):
        wanted = regridded(picture_of(patterned(8, 9, seed=seed)), 8, "nearest")
        assert_same(stored(store, "a", band, time="2024-05-01"), wanted)
