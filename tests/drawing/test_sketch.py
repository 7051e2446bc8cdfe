"""A region drawn by its corners: its area, its cells, what a statement says of it."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from cubeql.drawing.sketch import Place, Sketch, place_in
from cubeql.drawing.view import View
from cubeql.grid.cells import EARTH_RADIUS_KM
from cubeql.lang import parse_statement

CORNERS: tuple[Place, ...] = ((8.0, 46.5), (13.5, 47.0), (12.0, 50.25), (9.0, 49.0))


def drawn(kind: str, *corners: Place) -> Sketch:
    sketch = Sketch(kind)  # type: ignore[arg-type]
    for corner in corners:
        sketch = sketch.with_corner(corner)
    return sketch if sketch.closed else sketch.finished()


@pytest.mark.parametrize("kind", ["box", "polygon"])
def test_the_area_is_that_on_the_sphere(kind: str) -> None:
    sketch = drawn(kind, *(CORNERS if kind == "polygon" else CORNERS[::2]))
    lon, lat = sketch.ring()
    fine = np.linspace(0, len(lon) - 1, 20_000)
    at = np.arange(len(lon))
    sphere = pyproj.Geod(a=EARTH_RADIUS_KM, b=EARTH_RADIUS_KM)
    area, _ = sphere.polygon_area_perimeter(np.interp(fine, at, lon), np.interp(fine, at, lat))
    assert sketch.km2() == pytest.approx(abs(area), rel=1e-5)


def test_a_box_is_the_same_from_any_two_corners() -> None:
    wanted = "cell WITHIN BBOX(8, 46.5, 12, 50.25)"
    for one, other in ((CORNERS[0], CORNERS[2]), (CORNERS[2], CORNERS[0]), ((8.0, 50.25), (12.0, 46.5))):
        sketch = Sketch("box").with_corner(one).with_corner(other)
        assert sketch.closed and sketch.condition() == wanted


def test_what_crosses_the_antimeridian_stays_small() -> None:
    box = drawn("box", (179.0, -18.0), (-178.5, -16.0))
    assert box.condition() == "cell WITHIN BBOX(179, -18, -178.5, -16)"
    assert box.km2() < 70_000
    polygon = drawn("polygon", (179.0, -18.0), (-178.5, -18.0), (-178.5, -16.0))
    assert "181.5 -18" in polygon.condition() and polygon.fault() is None
    count = polygon.count(5)
    assert count is not None and count == pytest.approx(polygon.km2() / 252.9, rel=0.3)


def test_what_is_no_region_says_why() -> None:
    assert drawn("polygon", (0.0, 0.0), (1.0, 1.0)).fault() == "a polygon needs three corners"
    assert drawn("polygon", (0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)).fault() == "its edges cross each other"
    assert Sketch("box").with_corner((1.0, 1.0)).with_corner((1.0, 2.0)).fault() == "a box needs two opposite corners"
    assert drawn("polygon", *CORNERS).fault() is None


def test_corners_are_taken_back() -> None:
    sketch = drawn("polygon", *CORNERS)
    assert not sketch.back().closed and sketch.back().corners == CORNERS
    assert sketch.back().back().corners == CORNERS[:-1]


def test_the_condition_means_what_was_drawn() -> None:
    sketch = drawn("polygon", *CORNERS)
    text = sketch.condition()
    parse_statement(f"SELECT a FROM b FILTER {text}")
    assert shapely.from_wkt(text.split("'")[1]).equals(shapely.Polygon(CORNERS))


def test_places_have_no_more_digits_than_are_seen() -> None:
    view = View(10.0, 50.0, 0.1, 100, 80)
    lon, lat = place_in(view, 30, 20)
    exact = view.place(30, 20)
    assert abs(lon - exact[0]) <= 0.025 and abs(lat - exact[1]) <= 0.025
    assert (lon, lat) == (round(lon, 2), round(lat, 2))
