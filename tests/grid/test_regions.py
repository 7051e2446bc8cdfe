from __future__ import annotations

import json
import threading

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cubeql.grid import regions
from cubeql.grid.shapes import RegionShape
from cubeql.values.cells import parent
from cubeql.values.tiles import cells_of
from tests.grid.places import pentagons

CELL = h3.str_to_int("8928308280fffff")


def same(first: RegionShape, second: RegionShape, resolution: int = 3) -> bool:
    tiles = np.union1d(first.cover(0), second.cover(0)).tolist()
    return all(np.array_equal(first.mask(t, resolution), second.mask(t, resolution)) for t in tiles)


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((0, 10, 5, 10), "south must be less than north"),
        ((0, 10, 5, 0), "south must be less than north"),
        ((0, -91, 5, 10), "south must be -90 to 90, not -91; longitude comes first"),
        ((48, 11, 200, 100), "north must be -90 to 90, not 100"),
        ((-181, 0, 5, 10), "west must be -180 to 360, not -181"),
        ((0, 0, 361, 10), "east must be -180 to 360, not 361"),
        ((float("nan"), 0, 5, 10), "west must be -180 to 360, not nan"),
        ((0, 0, float("inf"), 10), "east must be"),
        ((7, 0, 7, 10), "from west 7 to east 7"),
        ((180, 0, -180, 10), "from west 180 to east -180"),
        ((-180, 0, 200, 10), "from west -180 to east 200"),
    ],
)  # fmt: skip
def test_boxes_that_are_none_say_why(box: tuple[float, float, float, float], why: str) -> None:
    with pytest.raises(ValueError) as fault:
        regions.bbox(*box)
    assert why in str(fault.value)


def test_boxes_take_longitudes_up_to_360() -> None:
    assert same(regions.bbox(170, 0, 200, 30), regions.bbox(170, 0, -160, 30))
    assert same(regions.bbox(200, 0, 230, 30), regions.bbox(-160, 0, -130, 30))
    assert same(regions.bbox(350, 0, 10, 30), regions.bbox(-10, 0, 10, 30))
    assert same(regions.bbox(0, -90, 360, 90), regions.bbox(-180, -90, 180, 90))


@pytest.mark.parametrize(
    ("wkt", "why"),
    [
        ("", "is no WKT"),
        ("POLYGON((0 0, 1", "is no WKT"),
        ("POINT (1 2)", "the polygon is a Point: POLYGON or MULTIPOLYGON is needed"),
        ("LINESTRING (1 2, 3 4)", "the polygon is a LineString"),
        ("POLYGON EMPTY", "holds no geometry"),
        ("GEOMETRYCOLLECTION (LINESTRING (1 2, 3 4))", "is a LineString: a region is made of polygons"),
        ("POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))", "no valid polygon: Self-intersection[5 5]"),
        ("POLYGON ((0 0, 0 0, 0 0, 0 0))", "no valid polygon"),
        ("POLYGON ((48 11, 49 11, 49 120, 48 11))", "has the latitude 120: longitude comes first"),
        ("POLYGON ((500000 0, 600000 0, 600000 80, 500000 0))", "has the longitude 600000: degrees"),
        ("POLYGON ((170 0, -170 0, -170 10, 170 10, 170 0))", "an edge from (170, 0) to (-170, 0)"),
        ("POLYGON ((0 0, inf 0, 1 1, 0 0))", "not a finite number|no WKT"),
    ],
)  # fmt: skip
def test_polygons_that_are_none_say_why(wkt: str, why: str) -> None:
    with pytest.raises(ValueError) as fault:
        regions.polygon_wkt(wkt)
    assert any(part in str(fault.value) for part in why.split("|"))


def test_edges_along_a_pole_or_all_round_are_allowed() -> None:
    cap = regions.polygon_wkt("POLYGON ((-180 60, 0 60, 180 60, 180 90, 0 90, -180 90, -180 60))")
    assert same(cap, regions.bbox(-180, 60, 180, 90))
    long = regions.polygon_wkt("POLYGON ((-180 60, 180 60, 180 90, -180 90, -180 60))")
    assert same(long, cap)
    partly = regions.polygon_wkt("POLYGON ((-150 60, 0 60, 150 60, 150 90, -150 90, -150 60))")
    assert same(partly, regions.bbox(-150, 60, 150, 90))


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]]}


def test_geojson_is_read_as_geometry_feature_and_collection() -> None:
    box = regions.bbox(0, 0, 20, 20)
    feature = {"type": "Feature", "properties": {}, "geometry": SQUARE}
    empty = {"type": "Feature", "properties": None, "geometry": None}
    collection = {"type": "FeatureCollection", "features": [empty, feature, feature]}
    for value in (SQUARE, feature, collection):
        assert same(regions.geojson(value), box)
        assert same(regions.geojson(json.dumps(value)), box)
    assert same(regions.geojson({"type": "GeometryCollection", "geometries": [SQUARE]}), box)
    assert same(regions.geojson({"type": "Point", "coordinates": [3, 4, 500]}), regions.point(3, 4))
    named = {**SQUARE, "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}
    assert same(regions.geojson(named), box)


def test_an_older_geojson_with_another_system_is_reprojected() -> None:
    mercator = {"type": "Polygon", "coordinates": [[[0, 0], [2e6, 0], [2e6, 2e6], [0, 2e6], [0, 0]]]}
    named = {**mercator, "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}}
    east = 2e6 / 6378137 * 180 / np.pi
    north = np.degrees(2 * np.arctan(np.exp(2e6 / 6378137)) - np.pi / 2)
    assert same(regions.geojson(named), regions.bbox(0, 0, east, north))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("[1, 2]", "an object with a 'type' is needed"),
        ("{}", "its type is None"),
        ('{"type": "Circle"}', "its type is 'Circle'"),
        ('{"type": "FeatureCollection"}', "a list of 'features'"),
        ('{"type": "FeatureCollection", "features": []}', "holds no geometry"),
        ('{"type": "FeatureCollection", "features": [3]}', "feature 1 of the GeoJSON is no GeoJSON Feature"),
        ('{"type": "Feature", "geometry": null}', "holds no geometry"),
        ('{"type": "Polygon", "coordinates": []}', "holds no geometry"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0]]]}', "is no GeoJSON Polygon"),
        ('{"type": "Polygon", "coordinates": "here"}', "is no GeoJSON Polygon"),
        ('{"type": "Polygon"}', "is no GeoJSON Polygon"),
        ('{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}', "is a LineString"),
        ('{"type": "Point", "coordinates": [1, 2], "crs": {"type": "link"}}', "names no reference system"),
        ('{"type": "Point", "coordinates": [1, 2], "crs": {"properties": {"name": "x"}}}', "not understood"),
        ("[" * 100_000, "is no JSON"),
        ('{"type":"GeometryCollection","geometries":[' * 400 + "]}" * 400, "no GeoJSON|no geometry"),
    ],
)  # fmt: skip
def test_geojson_that_is_none_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as fault:
        regions.geojson(text)
    assert any(part in str(fault.value) for part in why.split("|"))


def test_the_feature_at_fault_is_named() -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    features = [{"type": "Feature", "geometry": g} for g in (SQUARE, bow)]
    with pytest.raises(ValueError, match="feature 2 of the GeoJSON is no valid polygon"):
        regions.geojson({"type": "FeatureCollection", "features": features})


JSON = st.recursive(
    st.none() | st.floats() | st.text(max_size=5) | st.integers(-400, 400),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "geometry", "features", "geometries", "crs"]), inner
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(["Point", "MultiPoint", "Polygon", "MultiPolygon", "GeometryCollection", "Feature"])


@given(KINDS, JSON, JSON)
def test_no_geojson_raises_anything_but_value_error(kind: str, coordinates: object, geometry: object) -> None:
    value = {"type": kind, "coordinates": coordinates, "geometry": geometry, "geometries": geometry}
    try:
        regions.geojson(value)
    except ValueError as fault:
        assert str(fault)


def test_a_cell_is_its_descendants_itself_or_its_ancestor() -> None:
    shape = regions.cell("8928308280fffff")
    tile = parent(CELL, 5)
    assert shape.cover(5).tolist() == [tile]
    assert cells_of(tile, 9)[shape.mask(tile, 9)].tolist() == [CELL]
    assert cells_of(tile, 7)[shape.mask(tile, 7)].tolist() == [parent(CELL, 7)]
    assert sorted(cells_of(tile, 10)[shape.mask(tile, 10)]) == cells_of(CELL, 10).tolist()
    assert shape.mask(tile, 5) is True
    others = cells_of(parent(CELL, 4), 5)
    assert {shape.mask(t, 9) for t in others[others != tile].tolist()} == {False}
    assert shape.cover(11).tolist() == cells_of(CELL, 11).tolist()
    assert shape.mask(int(shape.cover(11)[3]), 14) is True


def test_a_pentagon_cell_has_no_dead_slots_in_its_mask() -> None:
    pentagon = pentagons(4)[0]
    shape = regions.cell(pentagon)
    assert shape.mask(pentagon, 7) is True
    mask = shape.mask(parent(pentagon, 3), 7)
    assert isinstance(mask, np.ndarray)
    assert int(mask.sum()) == 343 - 57
    assert regions.cell(parent(pentagon, 3)).mask(parent(pentagon, 3), 7) is True


@pytest.mark.parametrize("which", ["8928308280ffff0", "hello", 0, -5, 2**64, "81087ffffffffff"])
def test_cells_that_are_none_are_refused(which: int | str) -> None:
    with pytest.raises(ValueError, match="is no H3 cell"):
        regions.cell(which)
    with pytest.raises(ValueError, match="is no H3 cell"):
        regions.disk(which, 1)


def test_sets_of_cells() -> None:
    some = cells_of(parent(CELL, 7), 9)[[3, 17, 20]]
    shape = regions.cells(some[::-1])
    tile = parent(CELL, 5)
    assert cells_of(tile, 9)[shape.mask(tile, 9)].tolist() == some.tolist()
    with pytest.raises(ValueError, match="empty"):
        regions.cells(np.zeros(0, dtype=np.int64))
    with pytest.raises(ValueError, match="differ in resolution: 7, 9"):
        regions.cells(np.array([CELL, parent(CELL, 7)]))
    with pytest.raises(ValueError, match="000000000000005 is no H3 cell"):
        regions.cells(np.array([CELL, 5, CELL]))


def test_disks_have_limits() -> None:
    with pytest.raises(ValueError, match="must be 0 to 1000, not -1"):
        regions.disk(CELL, -1)
    with pytest.raises(ValueError, match="must be 0 to 1000, not 1001"):
        regions.disk(CELL, 1001)
    assert same(regions.disk(parent(CELL, 3), 0), regions.cell(parent(CELL, 3)))


@pytest.mark.parametrize(
    ("circle", "why"),
    [
        ((11, 48, 0), "radius must be more than 0 metres"),
        ((11, 48, -5), "radius must be more than 0 metres"),
        ((11, 48, float("nan")), "radius must be more than 0 metres"),
        ((11, 98, 5), "latitude must be -90 to 90, not 98"),
        ((-200, 48, 5), "longitude must be -180 to 360"),
    ],
)  # fmt: skip
def test_circles_that_are_none_say_why(circle: tuple[float, float, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        regions.circle(*circle)


def test_a_circle_round_the_globe_is_the_globe() -> None:
    assert same(regions.circle(11, 48, 3e7), regions.bbox(-180, -90, 180, 90))


def test_points_need_pairs() -> None:
    with pytest.raises(ValueError, match="as many latitudes as longitudes"):
        regions.points([1, 2], [3])
    with pytest.raises(ValueError, match="as many latitudes as longitudes"):
        regions.points([], [])
    with pytest.raises(ValueError, match="latitude must be"):
        regions.points([1, 2], [3, float("nan")])
    with pytest.raises(ValueError, match="longitude must be"):
        regions.point(-181, 0)


def test_points_are_the_callers_no_longer() -> None:
    lon, lat = np.array([10.0]), np.array([20.0])
    shape = regions.points(lon, lat)
    lon[0] = 50.0
    assert same(shape, regions.point(10, 20))


def test_a_union_is_any_of_its_parts() -> None:
    parts = regions.bbox(0, 0, 20, 20), regions.bbox(15, 5, 40, 30), regions.point(100, 50)
    shape = regions.union(*parts)
    for tile in shape.cover(0).tolist():
        expected = np.zeros(343, dtype=np.bool_)
        for part in parts:
            expected |= part.mask(tile, 3)
        assert np.array_equal(np.zeros(343, dtype=np.bool_) | shape.mask(tile, 3), expected)
    assert regions.union(parts[0]) is parts[0]
    with pytest.raises(ValueError, match="at least one"):
        regions.union()


def test_only_shapely_geometries_are_geometries() -> None:
    with pytest.raises(ValueError, match="the geometry is a dict, not a shapely geometry"):
        regions.geometry(SQUARE)
    with pytest.raises(ValueError, match="is a LineString"):
        regions.geometry(shapely.LineString([(0, 0), (1, 1)]))
    assert same(regions.geometry(shapely.MultiPoint([(3, 4), (5, 6)])), regions.points([3, 5], [4, 6]))


def test_threads_may_share_a_region() -> None:
    angles = np.linspace(0, 2 * np.pi, 3000)
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * (15 + 5 * np.sin(60 * angles))[:, None]
    shape = regions.geometry(shapely.Polygon(ring))
    tiles = shape.cover(1).tolist()
    expected = [np.copy(regions.geometry(shapely.Polygon(ring)).mask(t, 6)) for t in tiles]
    found: dict[int, list[object]] = {}

    def work(number: int) -> None:
        found[number] = [shape.mask(t, 6) for t in tiles]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(a, b) for masks in found.values() for a, b in zip(masks, expected))
