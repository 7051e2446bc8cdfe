"""Regions from files and texts: where they are found, and what is said of those that are broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cubeql.errors import QueryError

BOX = {"type": "Polygon", "coordinates": [[[11.5, 48.1], [11.6, 48.1], [11.6, 48.2], [11.5, 48.2], [11.5, 48.1]]]}
WANTED = "BBOX(11.5, 48.1, 11.6, 48.2)"


def count(cube: Any, region: str, params: Any = None) -> int:
    table = cube.query(f"SELECT count(*) AS n FROM fine FILTER cell WITHIN {region}", params).to_arrow()
    return int(table["n"][0].as_py())


def collection(*shapes: Any) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": s} for s in shapes],
    }


@pytest.mark.parametrize("shape", [BOX, collection(BOX), collection(BOX, BOX)], ids=["shape", "one", "two"])
def test_files_relative_to_the_working_folder_and_whole_paths(
    cube: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: Any
) -> None:
    (tmp_path / "it's.geojson").write_text(json.dumps(shape))
    monkeypatch.chdir(tmp_path)
    assert count(cube, "FILE 'it''s.geojson'") == count(cube, WANTED) > 0
    assert count(cube, f"FILE '{tmp_path}/it''s.geojson'") == count(cube, WANTED)
    assert count(cube, "FILE $path", {"path": "it's.geojson"}) == count(cube, WANTED)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"type": "Polygon"}', '{"type": "FeatureCollection", "features": []}', "\x00\xff",
     json.dumps({"type": "LineString", "coordinates": [[11, 48], [12, 49]]}),
     json.dumps({"type": "Polygon", "coordinates": [[[11, 48], [12, 49]]]}),
     json.dumps({"type": "Polygon", "coordinates": [[["a", 48], [12, 49], [11, 50], ["a", 48]]]}),
     json.dumps({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]})],
    ids=["empty", "cut", "list", "null", "bare", "no features", "bytes", "line", "short ring", "texts", "bow tie"],
)  # fmt: skip
def test_broken_files_are_faults_at_the_regions_place(cube: Any, tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(content, encoding="latin-1")
    for region in (f"FILE '{path}'", "GEOJSON $text"):
        text = f"SELECT red FROM fine FILTER cell WITHIN {region}"
        with pytest.raises(QueryError) as raised:
            cube.query(text, {"text": content})
        (fault,) = raised.value.diagnostics
        assert fault.code == "unreadable_region"
        assert text[fault.span.start : fault.span.end] == region


@pytest.mark.parametrize(
    "wkt",
    ["", "POLYGON", "POLYGON ((1 2))", "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "LINESTRING (0 0, 1 1)", "POLYGON EMPTY",
     "POLYGON ((0 0, 1 nan, 1 0, 0 0))", "POLYGON ((0 500, 1 500, 1 501, 0 500))", "{0}", "'; DROP TABLE x"],
)  # fmt: skip
def test_broken_polygons(cube: Any, wkt: str) -> None:
    region = f"POLYGON '{wkt.replace(chr(39), chr(39) * 2)}'"
    text = f"SELECT red FROM fine FILTER red > 0 AND cell WITHIN {region}"
    with pytest.raises(QueryError) as raised:
        cube.query(text)
    (fault,) = raised.value.diagnostics
    assert text[fault.span.start : fault.span.end] == region


@pytest.mark.parametrize("path", ["nowhere.geojson", ".", "x.shapefile", ""])
def test_files_that_are_not_there(cube: Any, path: str) -> None:
    with pytest.raises(QueryError) as raised:
        cube.query(f"SELECT red FROM fine FILTER cell WITHIN FILE '{path}'")
    assert raised.value.diagnostics[0].code in ("unreadable_region", "bad_region")


def test_a_file_of_no_known_kind_is_refused(cube: Any, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(QueryError):
        cube.query(f"SELECT red FROM fine FILTER cell WITHIN FILE '{tmp_path}/x.csv'")


@pytest.mark.parametrize("ending", ["gpkg", "parquet", "shp", "geojson"])
@pytest.mark.parametrize("crs", [4326, 3035])
def test_files_of_every_kind_and_reference_system_hold_the_same_cells(
    cube: Any, tmp_path: Path, ending: str, crs: int
) -> None:
    geopandas = pytest.importorskip("geopandas")
    import shapely

    park = shapely.Polygon([(11.42, 48.12), (11.6, 48.11), (11.58, 48.22), (11.47, 48.24)])
    frame = geopandas.GeoDataFrame({"name": ["park"]}, geometry=[shapely.segmentize(park, 0.001)], crs=4326).to_crs(crs)
    path = tmp_path / f"park.{ending}"
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    assert count(cube, f"FILE '{path}'") == count(cube, f"POLYGON '{park.wkt}'") > 0


@pytest.mark.parametrize("radius", ["6.4373760 km", "6437.376 m", "4 mi", "3.475904 nm"])
def test_a_radius_is_the_same_in_every_unit(cube: Any, radius: str) -> None:
    assert count(cube, f"CIRCLE(11.49, 48.18, '{radius}')") == count(cube, "CIRCLE(11.49, 48.18, '6437.376 m')") > 0


def test_many_regions_at_once_are_sets(cube: Any) -> None:
    cell, box, disk = "CELL '861f8d447ffffff'", "BBOX(11.4, 48.1, 11.5, 48.2)", "DISK('871f8d440ffffff', 2)"
    every = count(cube, "BBOX(-180, -90, 180, 90)")
    within = {r: count(cube, r) for r in (cell, box, disk)}

    def test(condition: str) -> int:
        table = cube.query(f"SELECT count(*) AS n FROM fine FILTER {condition}").to_arrow()
        return int(table["n"][0].as_py())

    assert test(f"cell NOT WITHIN {cell}") == every - within[cell]
    both = test(f"cell WITHIN {cell} AND cell WITHIN {disk}")
    assert test(f"cell WITHIN {cell} OR cell WITHIN {disk}") == within[cell] + within[disk] - both
    assert test(f"NOT (cell WITHIN {cell} OR cell WITHIN {disk})") == every - within[cell] - within[disk] + both
    one = test(f"cell WITHIN {cell} AND cell WITHIN {box} AND cell WITHIN {disk}")
    assert one + test(f"cell WITHIN {cell} AND cell WITHIN {box} AND cell NOT WITHIN {disk}") == test(
        f"cell WITHIN {cell} AND cell WITHIN {box}"
    )


def test_places_of_cells_are_not_counted_where_a_mask_tells_all(own: Any) -> None:
    region = "FILTER cell WITHIN CIRCLE(20, 40, '1000 km')"
    assert '"digits"' not in own.compile(f"SELECT time, v FROM twin {region}").sql
    assert '"digits"' in own.compile(f"SELECT cell, time, v FROM twin {region}").sql
    means = own.compile(f"SELECT time, avg(v) AS v FROM twin {region} GROUP BY time").sql
    assert "list_transform(range(" not in means
