"""STAC items and catalogs of files: assets become bands, items become rows, collections tell the card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio

from cubeql.errors import IngestError
from cubeql.ingest import Search, ingest, plan_ingest
from cubeql.storage import Store
from tests.ingest.catalogs import CRS, asset, band_file, grid, item, saved, sentinel
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded

RESOLUTION = {"resolution": 12}


@pytest.fixture
def scenes(tmp_path: Path) -> list[pystac.Item]:
    return [sentinel(tmp_path / "files", f"S2_{day}", day, cloud) for day, cloud in ((1, 5.0), (3, 60.0), (6, 10.0))]


def layer_of(store: Store, name: str = "s2") -> Any:
    found = store.layer(name)
    assert found is not None
    return found


def pixels(path: str) -> Any:
    with rasterio.open(path) as file:
        return file.read(1)


def test_bands_of_three_resolutions_become_one_layer(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    report = ingest(store, str(saved(tmp_path / "stac", scenes[:1])), "s2", method="nearest", **RESOLUTION)
    assert report.sources == ("item S2_1",)
    layer = layer_of(store)
    assert [b.name for b in layer.bands] == ["red", "nir", "swir16", "coastal", "scl"]
    for band, file, metres in (("red", "B04", 10), ("swir16", "B11", 20), ("coastal", "B01", 60)):
        values = pixels(str(tmp_path / f"files/S2_1/{file}.tif"))
        wanted = regridded(picture_of(values, grid(metres), CRS, nodata=0), 12, "nearest")
        assert_same(stored(store, "s2", band), wanted)
    red = layer.band("red")
    assert (red.scale, red.offset, red.unit, red.storage) == (0.0001, -0.1, "1", "int32")


def test_each_band_has_the_method_that_suits_its_pixels(store: Store, scenes: list[pystac.Item]) -> None:
    report = ingest(store, scenes[:1], "s2", resolution=11)
    assert dict(report.methods) == {
        "red": "mean", "nir": "mean", "swir16": "mean", "coastal": "nearest", "scl": "mode",
    }  # fmt: skip


def test_resolution_suits_the_finest_asset(store: Store, scenes: list[pystac.Item]) -> None:
    assert ingest(store, scenes[0], "s2", bands=["coastal", "red"]).resolution == 13
    assert ingest(store, scenes[0], "coarse", bands=["coastal"]).resolution == 11


def test_classes_and_their_colours(store: Store, scenes: list[pystac.Item]) -> None:
    ingest(store, scenes[:1], "s2", bands=["scl"], **RESOLUTION)
    band = layer_of(store).band("scl")
    assert band.kind == "categorical" and band.classes == ((4, "vegetation"), (6, "water"))
    assert band.colours == ((4, "#00a000"), (6, "#0000ff"))
    assert set(stored(store, "s2", "scl").values()) == {4, 6}, "the class that stands for no data is none"


def test_card_comes_from_the_collection(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    ingest(store, str(saved(tmp_path / "stac", scenes[:1])), "s2", bands=["red"], **RESOLUTION)
    layer = layer_of(store)
    assert (layer.title, layer.description, layer.licence) == (
        "Test scenes", "Surface reflectance of test scenes.", "CC-BY-4.0",
    )  # fmt: skip
    assert (layer.citation, layer.doi) == ("Tests (2024)", "10.5281/zenodo.1234567")
    assert layer.keywords == ("optical", "tests")
    (provider,) = layer.providers
    assert (provider.name, provider.roles, provider.url) == ("ESA test", ("producer", "licensor"), "https://esa.int")
    assert layer.provenance.sources == ("item S2_1, asset red",)


@pytest.mark.parametrize(
    ("bands", "names"),
    [
        (["red", "nir"], ["red", "nir"]),
        (["B04"], ["B04"]),
        ("nir", ["nir"]),
        ({"r": "B04", "clouds": "scl"}, ["r", "clouds"]),
        (["red:B04"], ["red_B04"]),
        (["preview"], ["preview"]),
    ],
)
def test_bands_are_chosen(store: Store, scenes: list[pystac.Item], bands: Any, names: list[str]) -> None:
    ingest(store, scenes[0], "s2", bands=bands, **RESOLUTION)
    assert [b.name for b in layer_of(store).bands] == names


@pytest.mark.parametrize(
    ("bands", "says"),
    [
        (["B99"], r"item S2_1: has no asset or band 'B99'; it has red, nir"),
        ([1], "item S2_1: has no band 1; its assets have names: red, nir"),
        (["red:7"], "item S2_1, asset red: has no band '7'; it has B04"),
    ],
)
def test_bands_that_are_not_there(store: Store, scenes: list[pystac.Item], bands: Any, says: str) -> None:
    with pytest.raises(IngestError, match=says):
        ingest(store, scenes[0], "s2", bands=bands, **RESOLUTION)
    assert store.layer("s2") is None


def test_band_in_several_assets_is_refused_and_an_own_one_preferred(tmp_path: Path, store: Store) -> None:
    values = np.stack([patterned(30, 30, seed=i) for i in range(3)])
    made = item("a")
    told = {"bands": [{"name": n, "eo:common_name": n} for n in ("red", "green", "blue")]}
    made.add_asset("visual", asset(write_tif(tmp_path / "rgb.tif", values, grid(20), CRS), **told))
    made.add_asset("B4", asset(band_file(tmp_path, "B4", 20, 1), bands=[{"name": "B4", "eo:common_name": "red"}]))
    ingest(store, made, "own", bands=["red"], **RESOLUTION)
    own = picture_of(pixels(str(tmp_path / "B4.tif")), grid(20), CRS)
    assert_same(stored(store, "own", "red"), regridded(own, 12, "nearest"))
    ingest(store, made, "part", bands=["green", "visual:3"], **RESOLUTION)
    assert_same(stored(store, "part", "green"), regridded(picture_of(values[1], grid(20), CRS), 12, "nearest"))
    assert_same(stored(store, "part", "visual_3"), regridded(picture_of(values[2], grid(20), CRS), 12, "nearest"))
    ingest(store, made, "all", **RESOLUTION)
    assert [b.name for b in layer_of(store, "all").bands] == ["visual_red", "visual_green", "visual_blue", "B4"]
    made.add_asset("C4", asset(band_file(tmp_path, "C4", 20, 2), bands=[{"name": "C4", "eo:common_name": "red"}]))
    with pytest.raises(IngestError, match=r"item a: has the band 'red' in several assets: B4, C4; name the asset"):
        ingest(store, made, "twice", bands=["red"], **RESOLUTION)


def test_assets_of_several_bands_without_a_word_about_them(tmp_path: Path, store: Store) -> None:
    made = item("a")
    path = write_tif(tmp_path / "two.tif", np.stack([patterned(30, 30, seed=i) for i in range(2)]), grid(20), CRS)
    made.add_asset("data", asset(path))
    ingest(store, made, "a", **RESOLUTION)
    assert [b.name for b in layer_of(store, "a").bands] == ["data_b1", "data_b2"]
    ingest(store, made, "one", bands={"x": "data:2"}, **RESOLUTION)
    assert [b.name for b in layer_of(store, "one").bands] == ["x"]
    with pytest.raises(IngestError, match="item a, asset data: has 2 bands; say which, as data:1"):
        ingest(store, made, "x", bands={"x": "data"}, **RESOLUTION)


# ------------------------------------------------------------------ times


def test_items_become_rows_of_their_times(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    ingest(store, str(saved(tmp_path / "stac", scenes)), "s2", bands=["red"], **RESOLUTION)
    times = {str(b.time)[:13] for b in store.read_blocks("s2")}
    assert times == {"2024-05-01T10", "2024-05-03T10", "2024-05-06T10"}
    assert layer_of(store).time.stamp == "instant"


def test_start_and_end_are_steps(tmp_path: Path, store: Store) -> None:
    items = []
    for month in (5, 6):
        made = item(f"m{month}", None, start_datetime=f"2024-0{month}-01T00:00:00Z",
                    end_datetime=f"2024-0{month + 1}-01T00:00:00Z")  # fmt: skip
        made.add_asset("v", asset(band_file(tmp_path, f"m{month}", 20, month)))
        items.append(made)
    ingest(store, items, "a", **RESOLUTION)
    assert layer_of(store, "a").time.stamp == "start"
    steps = {(str(b.time)[:10], str(b.time_end)[:10]) for b in store.read_blocks("a")}
    assert steps == {("2024-05-01", "2024-06-01"), ("2024-06-01", "2024-07-01")}


def test_item_without_a_time_is_refused(tmp_path: Path, store: Store) -> None:
    made = item("timeless", None)
    made.add_asset("v", asset(band_file(tmp_path, "v", 20, 1)))
    with pytest.raises(IngestError, match=r"item timeless: has no datetime, and no start_datetime and end_dat.*; give"):
        ingest(store, made, "a", **RESOLUTION)
    ingest(store, made, "a", time="2024-02", **RESOLUTION)
    assert {str(b.time)[:10] for b in store.read_blocks("a")} == {"2024-02-01"}


# ------------------------------------------------------------------ ways in


def test_every_way_in_makes_the_same_layer(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    catalog = saved(tmp_path / "stac", scenes)
    below = catalog.parent / "s2-l2a"
    read = [pystac.Item.from_file(str(below / f"{s.id}/{s.id}.json")) for s in scenes]
    listed = tmp_path / "items.json"
    listed.write_text(json.dumps({"type": "FeatureCollection", "features": [i.to_dict() for i in scenes]}))
    ways: list[Any] = [
        str(catalog), below / "collection.json", [str(below / f"{s.id}/{s.id}.json") for s in scenes], read,
        pystac.ItemCollection(read), [s.to_dict() for s in scenes], str(listed), pystac.Catalog.from_file(str(catalog)),
        Search(str(catalog)), Search(str(catalog), collections=["s2-l2a"]),
    ]  # fmt: skip
    wanted: dict[str, Any] = {}
    for i, way in enumerate(ways):
        report = ingest(store, way, f"l{i}", bands=["coastal"], resolution=10)
        assert report.sources == ("item S2_1", "item S2_3", "item S2_6"), way
        found = {t: stored(store, f"l{i}", "coastal", t) for t in ("2024-05-01T10:00", "2024-05-06T10:00")}
        wanted = wanted or found
        assert found == wanted and all(wanted.values())


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"query": ["eo:cloud_cover<20"]}, ["S2_1", "S2_6"]),
        ({"query": ["eo:cloud_cover>=10", "eo:cloud_cover<=60"]}, ["S2_3", "S2_6"]),
        ({"query": {"eo:cloud_cover": {"lt": 20}}, "datetime": "2024-05-02/.."}, ["S2_6"]),
        ({"datetime": "2024-05-01"}, ["S2_1"]),
        ({"datetime": "2024-05-01/2024-05-03"}, ["S2_1", "S2_3"]),
        ({"bbox": (10.3, 48.7, 10.37, 48.73)}, ["S2_1", "S2_3", "S2_6"]),
        ({"bbox": (170, 40, 10.37, 50), "ids": ["S2_3"]}, ["S2_3"]),
        ({"max_items": 2}, ["S2_1", "S2_3"]),
    ],
)
def test_conditions_choose_items_of_a_catalog(
    tmp_path: Path, store: Store, scenes: list[pystac.Item], conditions: dict[str, Any], found: list[str]
) -> None:
    search = Search(str(saved(tmp_path / "stac", scenes)), **conditions)
    assert list(ingest(store, search, "s2", bands=["coastal"], resolution=10).sources) == [f"item {f}" for f in found]


@pytest.mark.parametrize(
    "conditions",
    [
        {"bbox": (11, 48, 12, 49)}, {"datetime": "2023"}, {"query": ["platform=x"]}, {"collections": ["other"]},
        {"query": ["eo:cloud_cover<clear"]},
    ],
)  # fmt: skip
def test_conditions_that_no_item_fulfils(
    tmp_path: Path, store: Store, scenes: list[pystac.Item], conditions: dict[str, Any]
) -> None:
    with pytest.raises(IngestError, match=r"catalog.json: holds no item that is asked for"):
        ingest(store, Search(str(saved(tmp_path / "stac", scenes)), **conditions), "s2")


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"bbox": (1, 2, 3)}, "bbox: has 3 numbers"),
        ({"bbox": (11, 50, 12, 49)}, "is no box in degrees"),
        ({"datetime": "soon"}, "datetime: "),
        ({"query": ["cloudy"]}, "query: 'cloudy' is no condition; write eo:cloud_cover<20"),
        ({"query": {"eo:cloud_cover": {"less": 20}}}, "there is no operator 'less'"),
    ],
)
def test_conditions_that_mean_nothing(conditions: dict[str, Any], says: str) -> None:
    with pytest.raises(IngestError, match=says):
        Search("catalog.json", **conditions)


def test_geojson_without_stac_is_still_a_table_of_zones(tmp_path: Path, store: Store) -> None:
    ring = [[[10, 48], [11, 48], [11, 49], [10, 48]]]
    feature = {"type": "Feature", "properties": {"a": 1}, "geometry": {"type": "Polygon", "coordinates": ring}}
    (tmp_path / "z.json").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert ingest(store, str(tmp_path / "z.json"), "z").kind == "zones"


# ------------------------------------------------------------------ the ledger and bad items


def test_items_are_taken_once(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    catalog = str(saved(tmp_path / "stac", scenes))
    ingest(store, Search(catalog, max_items=1), "s2", bands=["coastal"], resolution=10)
    report = ingest(store, catalog, "s2", bands=["coastal"], resolution=10)
    assert report.sources == ("item S2_3", "item S2_6") and report.skipped[0][0] == "item S2_1"
    scenes[0].properties["updated"] = "2024-07-01T00:00:00Z"
    report = ingest(store, scenes, "s2", bands=["coastal"], resolution=10)
    assert report.version is None and "changed since" in dict(report.skipped)["item S2_1"]
    report = ingest(store, scenes, "s2", bands=["coastal"], resolution=10, replace_changed=True)
    assert report.sources == ("item S2_1",)


def bad_catalog(tmp_path: Path, scenes: list[pystac.Item]) -> Path:
    """A catalog of a good item and one of each kind of bad ones."""
    gone = sentinel(tmp_path / "files", "gone", 10)
    Path(gone.assets["red"].href).unlink()
    placeless = sentinel(tmp_path / "files", "placeless", 11)
    write_tif(Path(placeless.assets["red"].href), patterned(30, 30), grid(20), None)
    timeless = sentinel(tmp_path / "files", "timeless", 12)
    timeless.datetime, timeless.properties["datetime"] = None, None
    timeless.properties |= {"start_datetime": "2024-01-01T00:00:00Z", "end_datetime": "2024-01-02T00:00:00Z"}
    poor = sentinel(tmp_path / "files", "poor", 13)
    del poor.assets["red"]
    torn = sentinel(tmp_path / "files", "torn", 14)
    catalog = saved(tmp_path / "stac", [scenes[0], gone, placeless, timeless, poor, torn])
    file = catalog.parent / "s2-l2a/timeless/timeless.json"
    values = json.loads(file.read_text())
    del values["properties"]["start_datetime"], values["properties"]["end_datetime"]
    file.write_text(json.dumps(values))
    file = catalog.parent / "s2-l2a/torn/torn.json"
    file.write_text(file.read_text()[:100])
    return catalog


SAID = {
    "item gone": r"item gone, asset red: .*no such file",
    "item placeless": r"item placeless, asset red: .*reference system",
    "timeless.json": r"timeless\.json: is no STAC document .*start_datetime",
    "item poor": r"item poor: has no asset or band 'red'",
    "torn.json": r"torn\.json: is no STAC document",
}


def test_bad_items_are_left_out_and_told(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    import re

    catalog = bad_catalog(tmp_path, scenes)
    report = ingest(store, str(catalog), "s2", bands=["red"], skip_bad=True, **RESOLUTION)
    assert report.sources == ("item S2_1",)
    told = {next(k for k in SAID if name.endswith(k)): why for name, why in report.bad}
    assert told.keys() == SAID.keys()
    for name, why in told.items():
        assert re.search(SAID[name], why), why
    plan = plan_ingest(store, str(catalog), "plan", bands=["red"], skip_bad=True, **RESOLUTION)
    assert plan.sources == 1 and len(plan.bad) == 5


def test_bad_item_stops_an_ingest_otherwise(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    with pytest.raises(IngestError, match="|".join(SAID.values())):
        ingest(store, str(bad_catalog(tmp_path, scenes)), "s2", bands=["red"], **RESOLUTION)
    assert store.layer("s2") is None


def test_relative_address_of_an_item_without_one(tmp_path: Path, store: Store) -> None:
    made = item("a")
    made.add_asset("v", asset("./v.tif"))
    with pytest.raises(IngestError, match=r"item a, asset v: its address './v.tif' is relative"):
        ingest(store, made.to_dict(), "a")


def test_item_without_a_raster(store: Store) -> None:
    made = item("a")
    made.add_asset("meta", asset("/x/meta.xml", media_type="application/xml"))
    with pytest.raises(IngestError, match="item a: has no asset that is a raster"):
        ingest(store, made, "a")


def test_catalog_and_files_together_are_refused(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    catalog = saved(tmp_path / "stac", scenes[:1])
    with pytest.raises(IngestError, match="is no STAC document, other sources are"):
        ingest(store, [str(catalog), scenes[0].assets["red"].href], "a")


def test_item_named_twice(store: Store, scenes: list[pystac.Item]) -> None:
    with pytest.raises(IngestError, match="item S2_1: is there twice"):
        ingest(store, [scenes[0], scenes[0]], "a")


def test_netcdf_asset_brings_its_own_times(tmp_path: Path, store: Store) -> None:
    import xarray as xr

    axes = {"time": np.array(["2024-05-01", "2024-05-02"], "M8[ns]"), "lat": 48.75 - 0.01 * np.arange(9),
            "lon": 10.3 + 0.01 * np.arange(9)}  # fmt: skip
    values = np.stack([patterned(9, 9, seed=i) for i in (1, 2)])
    xr.Dataset({"t": (("time", "lat", "lon"), values)}, axes).to_netcdf(tmp_path / "t.nc")
    made = item("nc", "2024-05-01T00:00:00Z")
    made.add_asset("temperature", asset(str(tmp_path / "t.nc"), media_type="application/x-netcdf"))
    ingest(store, made, "a", resolution=7)
    assert {str(b.time)[:10] for b in store.read_blocks("a")} == {"2024-05-01", "2024-05-02"}
    assert [b.name for b in layer_of(store, "a").bands] == ["temperature"]
