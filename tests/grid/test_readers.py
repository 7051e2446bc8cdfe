from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pyarrow
import pyarrow.parquet as pq
import pytest
import shapely

from cubeql.grid import regions
from cubeql.grid.cells import centers
from cubeql.grid.shapes import RegionShape
from tests.grid.places import globe

ZONE_33 = shapely.box(400_000, 5_300_000, 700_000, 5_600_000)


def chosen(shape: RegionShape, resolution: int) -> set[int]:
    from tests.grid.test_regions_law import matching

    return set(matching(shape, max(0, resolution - 4), resolution))


def frame(*shapes: shapely.Geometry | None, crs: object = "EPSG:4326") -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {"name": [f"n{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=crs
    )


def write(data: geopandas.GeoDataFrame, path: Path) -> Path:
    if path.suffix in (".parquet", ".geoparquet"):
        data.to_parquet(path)
    else:
        data.to_file(path)
    return path


@pytest.mark.parametrize(
    "name", ["a.geojson", "a.json", "a.gpkg", "a.parquet", "a.geoparquet", "a.shp", "A B.GPKG"]
)
def test_every_kind_of_file_gives_the_same_region(tmp_path: Path, name: str) -> None:
    first, second = shapely.box(5, 40, 15, 50), shapely.box(20, 40, 25, 45)
    path = tmp_path / name
    if path.suffix == ".json":
        path.write_text("\ufeff" + frame(first, second).to_json(), encoding="utf-8")
    else:
        write(frame(first, second), path)
    expected = chosen(regions.geometry(shapely.MultiPolygon([first, second])), 4)
    assert expected
    assert chosen(regions.file(path), 4) == expected
    assert chosen(regions.file(str(path)), 4) == expected


@pytest.mark.parametrize("name", ["a.gpkg", "a.parquet", "a.shp"])
def test_projected_files_have_edges_straight_in_their_own_system(tmp_path: Path, name: str) -> None:
    import pyproj

    path = write(frame(ZONE_33, crs="EPSG:32633"), tmp_path / name)
    found = chosen(regions.file(path), 6)
    cells = np.array(sorted(chosen(regions.bbox(10, 46, 20, 52), 6)))
    lon, lat = centers(cells)
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(lon, lat)
    expected = cells[shapely.intersects_xy(ZONE_33, x, y)].tolist()
    assert len(expected) > 1000
    assert sorted(found) == expected


@pytest.mark.parametrize(
    ("crs", "shape", "sign"),
    [
        ("EPSG:3413", shapely.box(-2_000_000, -1_000_000, 1_500_000, 2_500_000), 1),
        ("EPSG:3031", shapely.box(-2_000_000, -1_000_000, 1_500_000, 2_500_000), -1),
        ("EPSG:3413", shapely.Point(0, 0).buffer(2e6).difference(shapely.Point(0, 0).buffer(1e6)), 1),
        ("EPSG:3832", shapely.box(2_500_000, -1_000_000, 4_500_000, 2_000_000), 0),
        ("EPSG:2193", shapely.box(1_000_000, 4_700_000, 3_000_000, 6_300_000), 0),
    ],
)  # fmt: skip
def test_projected_areas_over_poles_and_antimeridian(
    tmp_path: Path, crs: str, shape: shapely.Geometry, sign: int
) -> None:
    import pyproj

    path = write(frame(shape, crs=crs), tmp_path / "a.gpkg")
    cells = globe(3)
    lon, lat = centers(cells)
    near = lat * sign > 40 if sign else (np.abs(lat) < 60) & (np.abs(lon) > 120)
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon[near], lat[near])
    inside = cells[near][shapely.intersects_xy(shape, x, y)]
    # Not so near to a border that the bending of an edge could matter.
    clear = np.abs(shapely.distance(shape.boundary, shapely.points(x, y))) > 2000
    found = np.isin(cells[near], sorted(chosen(regions.file(path), 3)))
    assert inside.size > 200
    assert (found[clear] == np.isin(cells[near], inside)[clear]).all()
    assert not np.isin(cells[~near], sorted(chosen(regions.file(path), 3))).any()


def test_other_geographic_systems_are_moved_to_wgs84(tmp_path: Path) -> None:
    path = write(frame(shapely.box(5, 40, 15, 50), crs="EPSG:4258"), tmp_path / "a.gpkg")
    assert chosen(regions.file(path), 4) == chosen(regions.bbox(5, 40, 15, 50), 4)


def test_files_of_points_choose_cells(tmp_path: Path) -> None:
    path = write(frame(shapely.Point(5, 40), shapely.Point(6, 41)), tmp_path / "a.gpkg")
    assert chosen(regions.file(path), 4) == chosen(regions.points([5, 6], [40, 41]), 4)
    moved = write(frame(shapely.Point(500_000, 5_400_000), crs="EPSG:32633"), tmp_path / "b.gpkg")
    assert len(chosen(regions.file(moved), 4)) == 1


def test_features_without_geometry_are_passed_over(tmp_path: Path) -> None:
    path = write(frame(None, shapely.box(5, 40, 15, 50)), tmp_path / "a.gpkg")
    assert chosen(regions.file(path), 4) == chosen(regions.bbox(5, 40, 15, 50), 4)


def test_one_layer_of_several_is_named(tmp_path: Path) -> None:
    path = tmp_path / "many.gpkg"
    frame(shapely.box(5, 40, 15, 50)).to_file(path, layer="parks")
    frame(shapely.box(5, 0, 15, 10)).to_file(path, layer="lakes")
    with pytest.raises(ValueError, match=r"has 2 layers: parks, lakes; write 'many\.gpkg#parks'"):
        regions.file(path)
    with pytest.raises(ValueError, match="has no layer 'roads'; it has parks, lakes"):
        regions.file(f"{path}#roads")
    assert chosen(regions.file(f"{path}#lakes"), 4) == chosen(regions.bbox(5, 0, 15, 10), 4)


@pytest.mark.filterwarnings("ignore:GPKG")
def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    cases = {
        "none.gpkg": (None, "there is no file"),
        "a.csv": (b"x", "ends in .csv: a region is read from .geojson, .json, .gpkg"),
        "bare": (b"x", "ends in nothing"),
        "bad.gpkg": (b"not a database", "is damaged, or no .gpkg file"),
        "half.gpkg": (b"SQLite format 3\0" + b"x" * 100, "cannot be read"),
        "bad.shp": (b"<OGRVRTDataSource></OGRVRTDataSource>", "is damaged, or no .shp file"),
        "half.shp": (b"\x00\x00\x27\x0a" + b"\0" * 50, "cannot be read"),
        "bad.parquet": (b"PAR1", "cannot be read as GeoParquet"),
        "bad.geojson": (b"\xff\xfe\x00", "cannot be read"),
        "cut.geojson": (b'{"type": "Poly', "cut.geojson is no JSON"),
        "empty.geojson": (b'{"type": "FeatureCollection", "features": []}', "holds no geometry"),
    }
    for name, (content, why) in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValueError) as fault:
            regions.file(path)
        assert why in str(fault.value), name
    with pytest.raises(ValueError, match="is no file"):
        regions.file(tmp_path)


def test_files_without_a_reference_system_are_refused(tmp_path: Path) -> None:
    data = frame(shapely.box(5, 40, 15, 50), crs=None)
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        write(data, tmp_path / "a.shp")
    write(data, tmp_path / "a.parquet")
    for name in ("a.shp", "a.parquet"):
        with pytest.raises(ValueError, match="does not say its coordinate reference system"):
            regions.file(tmp_path / name)


def test_files_of_lines_and_of_nothing_are_refused(tmp_path: Path) -> None:
    path = write(frame(shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])), tmp_path / "a.gpkg")
    with pytest.raises(ValueError, match=r"feature 2 of .*a.gpkg is a LineString"):
        regions.file(path)
    with pytest.raises(ValueError, match="holds no geometry"):
        regions.file(write(frame(None), tmp_path / "b.parquet"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (None, "it has no 'geo' metadata"),
        ({"primary_column": "missing"}, "damaged 'geo' metadata"),
        ({"columns": {"geometry": {"encoding": "polygon"}}}, "stores its geometry as polygon"),
        ({"columns": {"geometry": {"encoding": "WKB", "edges": "spherical"}}}, "has spherical edges"),
        ({"columns": {"geometry": {"encoding": "WKB", "crs": None}}}, "does not say"),
        ({"primary_column": "name", "columns": {"name": {"encoding": "WKB"}}}, "cannot be read as"),
    ],
)  # fmt: skip
def test_parquet_that_is_no_geoparquet_says_why(
    tmp_path: Path, change: dict[str, object] | None, why: str
) -> None:
    path = write(frame(shapely.box(5, 40, 15, 50)), tmp_path / "a.parquet")
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    metadata = {} if change is None else {b"geo": json.dumps({**geo, **change}).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(ValueError) as fault:
        regions.file(path)
    assert why in str(fault.value)


def test_geoparquet_without_a_named_system_is_longitude_and_latitude(tmp_path: Path) -> None:
    geo = {
        "version": "1.0.0",
        "primary_column": "g",
        "columns": {"g": {"encoding": "WKB", "geometry_types": []}},
    }
    table = pyarrow.table({"g": [shapely.to_wkb(shapely.box(5, 40, 15, 50)), None]})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), path)
    assert chosen(regions.file(path), 4) == chosen(regions.bbox(5, 40, 15, 50), 4)
