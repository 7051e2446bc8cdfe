"""Files of points and polygons: what is in them comes out, whatever the format; what does not fit is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pyproj
import pytest
import shapely

import cubeql
from cubeql.demo.sources import DATA
from cubeql.errors import ConfigError, IngestError
from cubeql.ingest import IngestCancelled, ingest, plan_ingest
from cubeql.storage import Store

CSV = """id,lon,lat,time,rain,good,seen
007,11.5,48.1,2024-05-01T10:00:00Z,1.5,true,2024-05-01
008,-3.25,40,2024-05-01T11:00:00+02:00,NA,false,2024-05-02
009,11.6,48.2,2024-05-02 06:30:00,3,,
"""


def written(folder: Path, text: str, name: str = "stations.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def frame(crs: str = "EPSG:4326") -> geopandas.GeoDataFrame:
    columns = {"name": ["a", "b", None], "height": [1.5, None, 3.0], "rank": [1, 2, 3]}
    points = geopandas.points_from_xy([11.5, -3.25, 179.5], [48.1, 40.0, -17.0])
    return geopandas.GeoDataFrame(columns, geometry=points, crs="EPSG:4326").to_crs(crs)


def squares(crs: str = "EPSG:4326") -> geopandas.GeoDataFrame:
    shapes = [shapely.box(10, 47, 12, 49), shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])]
    return geopandas.GeoDataFrame({"name": ["a", "b"], "people": [5, 7]}, geometry=shapes, crs="EPSG:4326").to_crs(crs)


WRITERS: dict[str, Callable[[geopandas.GeoDataFrame, Path], Any]] = {
    "geojson": lambda f, p: f.to_file(p, driver="GeoJSON"),
    "gpkg": lambda f, p: f.to_file(p, driver="GPKG"),
    "shp": lambda f, p: f.to_file(p),
    "fgb": lambda f, p: f.to_file(p, driver="FlatGeobuf", SPATIAL_INDEX="NO"),
    "parquet": lambda f, p: f.to_parquet(p),
}


# ------------------------------------------------------------------ tables


def test_a_table_becomes_points_with_times_types_and_units(store: Store, tmp_path: Path) -> None:
    report = ingest(store, written(tmp_path, CSV), "stations", units={"rain": "mm"}, title="gauges")
    layer = store.layer("stations")
    assert layer is not None and (layer.kind, layer.resolution, layer.title) == ("points", 15, "gauges")
    assert [(a.name, a.type, a.unit) for a in layer.attributes] == [
        ("id", "text", None), ("rain", "number", "mm"), ("good", "boolean", None), ("seen", "timestamp", None),
    ]  # fmt: skip
    rows = {r["id"]: r for r in store.read_rows("stations").to_pylist()}
    ordered = [rows[i] for i in ("007", "008", "009")]
    assert [(r["lon"], r["lat"]) for r in ordered] == [(11.5, 48.1), (-3.25, 40), (11.6, 48.2)]
    times = ("2024-05-01T10:00", "2024-05-01T09:00", "2024-05-02T06:30")
    assert [r["time"] for r in ordered] == [datetime.fromisoformat(t).replace(tzinfo=UTC) for t in times]
    assert [r["rain"] for r in ordered] == [1.5, None, 3.0]
    assert rows["007"]["good"] is True and rows["009"]["good"] is None and rows["009"]["seen"] is None
    assert (report.kind, report.rows, report.version) == ("points", 3, 0)
    assert "3 rows" in report.render() and "id (text)" in report.render()


@pytest.mark.parametrize(
    ("head", "row", "options", "time"),
    [
        ("Longitude;Latitude;Date;v", "11.5;48.1;01.05.2024 10:30;1", {"time_format": "%d.%m.%Y %H:%M"},
         "2024-05-01T10:30"),
        ("x,y,day,v", "4321000,3210000,20240501,1", {"crs": "EPSG:3035", "time_column": "day", "time_format": "%Y%m%d"},
         "2024-05-01"),
        ("E,N,when,v", "11.5,48.1,1714559400,1", {"lon": "E", "lat": "N", "time_column": "when", "time_format": "unix"},
         "2024-05-01T10:30"),
        ("LNG,LAT,v", "371.5,48.1,1", {"lon": "LNG"}, None),
    ],
)  # fmt: skip
def test_columns_and_times_are_found_or_named(
    store: Store, tmp_path: Path, head: str, row: str, options: dict[str, Any], time: str | None
) -> None:
    row = row.replace("371.5", "191.5")
    ingest(store, written(tmp_path, f"{head}\n{row}\n"), "p", **options)
    (found,) = store.read_rows("p").to_pylist()
    assert set(found) - {"time", "cell", "lon", "lat"} == {"v"}
    if "crs" in options:
        wanted = pyproj.Transformer.from_crs(3035, 4326, always_xy=True).transform(4321000, 3210000)
        assert (found["lon"], found["lat"]) == pytest.approx(wanted)
    else:
        assert (found["lon"], found["lat"]) == ((11.5, 48.1) if time else (-168.5, 48.1))
    assert (found.get("time") and found["time"].replace(tzinfo=None)) == (time and datetime.fromisoformat(time))


def test_rows_without_a_place_or_a_time_are_left_out_and_told(store: Store, tmp_path: Path) -> None:
    text = "lon,lat,time,v\n1,2,2024-01-01,1\n,2,2024-01-01,2\n1,2,,3\n,,,4\n1,2,2024-01-02,5\n"
    report = ingest(store, written(tmp_path, text), "p")
    assert sorted(store.read_rows("p")["v"].to_pylist()) == [1, 5]
    assert sorted(n.split(" of ")[0] + n.split(" without")[1] for n in report.notes) == [
        "1 row a time left out", "2 rows a place left out",
    ]  # fmt: skip


def test_attributes_can_be_chosen_renamed_and_are_made_names(store: Store, tmp_path: Path) -> None:
    text = "lon,lat,Köppen class,cell,2nd,b\n1,2,Cfb,x,3,4\n"
    report = ingest(store, written(tmp_path, text), "all")
    assert [a.name for a in store.layer("all").attributes] == ["K_ppen_class", "cell_2", "_2nd", "b"]  # type: ignore[union-attr]
    assert any("Köppen class is called K_ppen_class" in n for n in report.notes)
    ingest(store, written(tmp_path, text), "some", bands={"climate": "Köppen class"})
    assert store.read_rows("some")["climate"].to_pylist() == ["Cfb"]
    ingest(store, written(tmp_path, text), "one", bands=["b"], classes={"b": {4: "four"}})
    assert store.layer("one").attributes[0].classes == ((4, "four"),)  # type: ignore[union-attr]


def test_plain_parquet_is_a_table(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    times = pandas.to_datetime(["2024-01-01", "2024-01-02"]).tz_localize("Europe/Berlin")
    pandas.DataFrame({"lon": [1.0, 2.0], "lat": [3.0, 4.0], "time": times, "n": [1, 2]}).to_parquet(path)
    ingest(store, path, "p")
    assert store.read_rows("p").sort_by("n")["time"].to_pylist()[0] == datetime(2023, 12, 31, 23, tzinfo=UTC)


def test_a_table_larger_than_a_batch_is_whole(store: Store, tmp_path: Path) -> None:
    count = 70_000
    random = np.random.default_rng(1)
    lon, lat = random.uniform(-180, 180, count).round(5), random.uniform(-90, 90, count).round(5)
    path = tmp_path / "many.csv"
    pandas.DataFrame({"lon": lon, "lat": lat, "n": np.arange(count)}).to_csv(path, index=False)
    seen: list[int] = []
    report = ingest(store, path, "many", progress=lambda p: seen.append(p.done), memory_limit=2**24)
    rows = store.read_rows("many").sort_by("n")
    assert report.rows == count and seen[-1] == count and len(seen) > 1
    assert np.array_equal(rows["lon"].to_numpy(), lon) and np.array_equal(rows["lat"].to_numpy(), lat)


# ------------------------------------------------------------------ vector files


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_points_of_every_format_are_the_same(store: Store, tmp_path: Path, ending: str, crs: str) -> None:
    if ending == "geojson" and crs != "EPSG:4326":
        pytest.skip("GeoJSON has longitudes and latitudes")
    path = tmp_path / f"points.{ending}"
    WRITERS[ending](frame(crs), path)
    ingest(store, path, "p")
    rows = store.read_rows("p").sort_by("rank").to_pylist()
    assert [(r["name"], r["height"], r["rank"]) for r in rows] == [("a", 1.5, 1), ("b", None, 2), (None, 3.0, 3)]
    assert [r["lon"] for r in rows] == pytest.approx([11.5, -3.25, 179.5])
    assert [r["lat"] for r in rows] == pytest.approx([48.1, 40.0, -17.0])


@pytest.mark.parametrize("ending", WRITERS)
def test_polygons_of_every_format_are_the_same(store: Store, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"squares.{ending}"
    WRITERS[ending](squares(), path)
    report = ingest(store, path, "s")
    rows = store.read_zones("s").to_pylist()
    assert report.kind == "zones"
    assert [(r["zone"], r["name"], r["people"]) for r in rows] == [(1, "a", 5), (2, "b", 7)]
    assert all(shapely.from_wkb(r["geometry"]).equals(s) for r, s in zip(rows, squares().geometry, strict=True))


def test_projected_polygons_lie_where_their_edges_do(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "squares.gpkg"
    shape = shapely.box(4_000_000, 2_500_000, 4_600_000, 3_100_000)
    geopandas.GeoDataFrame({"n": [1]}, geometry=[shape], crs="EPSG:3035").to_file(path)
    ingest(store, path, "s")
    area = shapely.from_wkb(store.read_zones("s")["geometry"][0].as_py())
    lon, lat = pyproj.Transformer.from_crs(3035, 4326, always_xy=True).transform(4_300_000, 3_099_900)
    assert area.contains(shapely.Point(lon, lat))


def test_polygons_across_the_antimeridian_are_cut_there(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "far.geojson"
    geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.box(170, 0, 190, 10)], crs="EPSG:4326").to_file(path)
    ingest(store, path, "far")
    area = shapely.from_wkb(store.read_zones("far")["geometry"][0].as_py())
    assert area.equals(shapely.MultiPolygon([shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 10)]))


def test_polygons_that_cross_themselves_are_mended_and_told(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bow.parquet"
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    geopandas.GeoDataFrame({"n": [1, 2]}, geometry=[bow, None], crs="EPSG:4326").to_parquet(path)
    report = ingest(store, path, "bow")
    area = shapely.from_wkb(store.read_zones("bow")["geometry"][0].as_py())
    assert area.is_valid and area.area == pytest.approx(2.0)
    assert any("1 polygon" in n and "mended" in n for n in report.notes)
    assert any("1 row" in n and "without a geometry left out" in n for n in report.notes)


def test_a_layer_of_several_is_named(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    frame().to_file(path, layer="posts")
    squares().to_file(path, layer="parks", mode="a")
    with pytest.raises(IngestError, match=r"2 layers: posts, parks; name one: two.gpkg#posts"):
        ingest(store, path, "x")
    assert ingest(store, f"{path}#parks", "x").kind == "zones"
    with pytest.raises(IngestError, match="it has no layer roads"):
        ingest(store, f"{path}#roads", "y")


def test_the_demo_s_files_are_taken(store: Store) -> None:
    assert ingest(store, DATA / "towers.geojson", "towers").rows == 121
    assert ingest(store, DATA / "countries.geojson", "countries").kind == "zones"


# ------------------------------------------------------------------ again, more, instead


def test_a_source_is_taken_once_and_more_are_added(store: Store, tmp_path: Path) -> None:
    first, second = written(tmp_path, CSV, "a.csv"), written(tmp_path, CSV.replace("007", "abc"), "b.csv")
    ingest(store, first, "s")
    again = ingest(store, [first, second], "s")
    assert again.skipped == ((str(first), "it is in the layer already"),) and again.rows == 3
    assert ingest(store, [first, second], "s").version is None
    assert store.snapshot("s").version == 1 and store.read_rows("s").num_rows == 6
    ingest(store, first, "s", mode="replace")
    assert store.read_rows("s").num_rows == 3
    with pytest.raises(IngestError, match="it exists already"):
        ingest(store, second, "s", mode="create")
    ingest(store, first, "s", again=True)
    assert store.read_rows("s").num_rows == 6


def test_two_tables_are_one_layer_where_numbers_differ_in_kind(store: Store, tmp_path: Path) -> None:
    paths = [written(tmp_path, f"lon,lat,v\n1,2,{v}\n", f"{n}.csv") for n, v in enumerate(("1", "2.5"))]
    ingest(store, paths, "both")
    assert sorted(store.read_rows("both")["v"].to_pylist()) == [1.0, 2.5]
    ingest(store, written(tmp_path, "lon,lat,v\n1,2,7\n", "whole.csv"), "both")
    assert sorted(store.read_rows("both")["v"].to_pylist()) == [1.0, 2.5, 7.0]


def test_a_plan_changes_nothing(store: Store, tmp_path: Path) -> None:
    plan = plan_ingest(store, written(tmp_path, CSV), "stations")
    assert "points with a time" in plan.render() and "3 rows" in plan.render()
    assert store.layer_names() == ()


def test_an_ingest_that_is_cancelled_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(IngestCancelled):
        ingest(store, written(tmp_path, CSV), "stations", cancel=lambda: True)
    assert store.layer_names() == () and store.vacuum() == []


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("a,b\n1,2\n", {}, "no column of longitudes was found among a, b; name it with lon= and lat="),
        ("lon,lat\n1,2\n", {"lon": "l"}, "it has no column 'l'"),
        ("lon,lat,v\n1,2,3\n48.1,111.5,4\n", {}, r"row 2 of .*: longitude 48.1, latitude 111.5 is no place on Earth"),
        ("lon,lat,time\n1,2,2024-01-01\n1,2,soon\n", {}, r"row 2 of .*: 'soon' in the column time is no time"),
        ("lon,lat,time\n1,2,20240101\n", {}, "the column time holds int64, no times"),
        ("lon,lat\nx,y\n", {}, "the column lon does not hold numbers"),
        ("lon,lat,v\n", {}, "no row has a place"),
        ("lon,lat,v\n1,2,3\n", {"resolution": 7}, "resolution: it is for rasters"),
        ("lon,lat,v\n1,2,3\n", {"units": {"w": "m"}}, "units names 'w', which is no attribute"),
        ("lon,lat,v\n1,2,3\n", {"crs": "EPSG:nonsense"}, "reference system"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    store: Store, tmp_path: Path, text: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(IngestError, match=says):
        ingest(store, written(tmp_path, text), "p", **options)
    assert store.layer_names() == () and store.vacuum() == []


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        ([shapely.LineString([(0, 0), (1, 1)])], "it holds LineString; points or polygons are needed"),
        ([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], "it holds Point, Polygon"),
        ([shapely.box(0, 80, 1, 95)], r"row 1 of .*latitude 95"),
        ([shapely.MultiPoint([(0, 0), (1, 1)])], r"row 1 of .*: it is a MultiPoint"),
        ([None, None], "it holds no geometry"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(store: Store, tmp_path: Path, shapes: list[Any], says: str) -> None:
    path = tmp_path / "x.parquet"
    geopandas.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs="EPSG:4326").to_parquet(path)
    with pytest.raises(IngestError, match=says):
        ingest(store, path, "x")
    assert store.layer_names() == ()


def test_files_that_cannot_be_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="there is no such file"):
        ingest(store, tmp_path / "no.csv", "x")
    with pytest.raises(IngestError, match="cannot be read"):
        ingest(store, written(tmp_path, "{}", "broken.geojson"), "x")
    with pytest.raises(IngestError, match="cannot be read"):
        ingest(store, written(tmp_path, "no", "broken.parquet"), "x")
    with pytest.raises(IngestError, match="it is no table of rows"):
        ingest(store, [written(tmp_path, CSV), tmp_path / "a.tif"], "x")
    path = tmp_path / "nowhere.parquet"
    geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 2)]).to_parquet(path)
    with pytest.raises(IngestError, match=r"does not say its coordinate reference system; give crs="):
        ingest(store, path, "x")
    assert ingest(store, path, "x", crs="EPSG:4326").rows == 1


def test_layers_of_another_kind_or_shape_are_not_added_to(store: Store, tmp_path: Path) -> None:
    table = written(tmp_path, "lon,lat,v\n1,2,3\n")
    ingest(store, table, "p")
    path = tmp_path / "squares.geojson"
    squares().to_file(path)
    with pytest.raises(IngestError, match="it holds zones, the layer points"):
        ingest(store, path, "p")
    with pytest.raises(IngestError, match="its attributes are w, those of the layer v"):
        ingest(store, written(tmp_path, "lon,lat,w\n1,2,3\n", "w.csv"), "p")
    with pytest.raises(IngestError, match="v holds text, in the layer integer"):
        ingest(store, written(tmp_path, "lon,lat,v\n1,2,x\n", "t.csv"), "p")
    with pytest.raises(ConfigError, match="ingest has no option 'latt'"):
        ingest(store, table, "q", latt="y")


def test_from_a_session_to_an_answer(tmp_path: Path) -> None:
    with cubeql.connect(tmp_path / "store", create=True) as session:
        session.ingest(written(tmp_path, CSV), layer="stations")
        found = session.query("FROM stations FILTER cell WITHIN CIRCLE(11.5, 48.1, '20 km') SELECT id ORDER BY id")
        assert found.to_arrow()["id"].to_pylist() == ["007", "009"]
