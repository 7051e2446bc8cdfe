"""What is seen of the earth, as numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.drawing.view import Box, View, box_around, cell_km2, latitude_of, mercator

EUROPE = Box(-10.0, 35.0, 30.0, 60.0)
DATELINE = Box(170.0, -20.0, -160.0, 5.0)
BOXES = [EUROPE, DATELINE, Box(11.0, 48.0, 11.1, 48.1), Box(-180.0, -90.0, 180.0, 90.0)]


@given(st.floats(-85, 85))
def test_the_plane_and_the_earth_are_each_others_inverse(latitude: float) -> None:
    assert float(latitude_of(mercator(latitude))) == pytest.approx(latitude, abs=1e-9)


@pytest.mark.parametrize("box", BOXES[:3])
@pytest.mark.parametrize("size", [(120, 80), (40, 20), (300, 50)])
def test_what_is_fitted_is_seen_and_fills_the_window(box: Box, size: tuple[int, int]) -> None:
    view = View.fitting(box, *size)
    assert view.box().holds(box)
    high = float(mercator(box.north) - mercator(box.south)) / view.scale
    assert max(box.width / view.scale / size[0], high / size[1]) > 0.9


@pytest.mark.parametrize("box", BOXES)
def test_zooming_keeps_the_place_under_the_pointer(box: Box) -> None:
    view = View.fitting(box, 120, 80)
    lon, lat = view.place(90, 30)
    nearer = view.zoomed(0.5, 90.5, 30.5)
    assert nearer.scale == pytest.approx(view.scale / 2)
    found_lon, found_lat = nearer.place(90, 30)
    assert (found_lon - lon + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
    assert found_lat == pytest.approx(lat, abs=1e-9)


def test_panning_around_the_earth_comes_back() -> None:
    view = View.fitting(EUROPE, 120, 80)
    around = 360.0 / view.scale
    assert view.panned(around, 0).lon == pytest.approx(view.lon)
    assert view.panned(0, -1e6).box().north <= 85.06


def test_nobody_steps_back_farther_than_the_earth_is_wide() -> None:
    view = View.fitting(EUROPE, 120, 80).zoomed(1e6)
    assert view.box().width == 360.0
    assert view == view.zoomed(1e6)


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        (EUROPE, EUROPE, True),
        (EUROPE, Box(0, 40, 10, 50), True),
        (EUROPE, Box(-20, 40, 10, 50), False),
        (EUROPE, Box(0, 30, 10, 50), False),
        (DATELINE, Box(175, -10, -170, 0), True),
        (DATELINE, Box(175, -10, 180, 0), True),
        (DATELINE, Box(-175, -10, -150, 0), False),
        (Box(-180, -90, 180, 90), DATELINE, True),
        (DATELINE, Box(-180, -20, 180, 5), False),
    ],
)
def test_a_region_knows_what_lies_in_it(outer: Box, inner: Box, holds: bool) -> None:
    assert outer.holds(inner) is holds


def test_the_region_around_places_is_on_their_side_of_the_earth() -> None:
    box = box_around(np.array([170.0, -170.0, 179.0]), np.array([1.0, 2.0, 3.0]), 0.5)
    assert box == pytest.approx((169.5, 0.5, -169.5, 3.5))
    assert box_around(np.arange(-180.0, 180.0, 10.0), np.zeros(36), 6.0).width == 360.0


def test_a_region_grows_more_in_longitude_near_a_pole() -> None:
    grown = Box(0.0, 59.0, 10.0, 60.0).grown(1.0)
    assert (grown.south, grown.north) == (58.0, 61.0)
    assert grown.west < -2.0 and grown.east > 12.0
    assert Box(0.0, 88.0, 10.0, 89.5).grown(1.0).width == 360.0


@pytest.mark.parametrize("width", [40, 120, 300])
@pytest.mark.parametrize("box", BOXES)
def test_the_resolution_suits_the_window(box: Box, width: int) -> None:
    view = View.fitting(box, width, width // 2)
    resolution = view.resolution(9)
    assert resolution == 9 or cell_km2(resolution + 1) < 0.3 * view.pixel_km2
    assert resolution == 0 or cell_km2(resolution) > 0.28 * view.pixel_km2
