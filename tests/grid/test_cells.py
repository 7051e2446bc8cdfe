from __future__ import annotations

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.grid.areas import unit_vectors
from cubeql.grid.cells import (
    EARTH_RADIUS_KM,
    area_km2,
    boundaries,
    cells_at,
    centers,
    disk_cells,
    slot_areas_km2,
    slot_centers,
)
from cubeql.values.tiles import cells_of, dead_slots
from tests.grid.places import globe, pentagons, places

SURFACE_KM2 = 4 * np.pi * EARTH_RADIUS_KM**2


@given(st.lists(places(), min_size=1, max_size=20), st.integers(0, 15))
def test_cells_at_points_are_h3s(points: list[tuple[float, float]], resolution: int) -> None:
    lon, lat = np.array(points).T
    expected = [h3.str_to_int(h3.latlng_to_cell(y, x, resolution)) for x, y in points]
    found = cells_at(lon, lat, resolution)
    assert found.dtype == np.int64
    assert found.tolist() == expected


@given(places(), st.integers(0, 15))
def test_centers_are_h3s_and_lie_in_their_cells(place: tuple[float, float], resolution: int) -> None:
    cells = cells_at([place[0]], [place[1]], resolution)
    lon, lat = centers(cells)
    y, x = h3.cell_to_latlng(h3.int_to_str(int(cells[0])))
    # Beside a pole the arc sine of two libraries differs by a millimetre.
    apart = unit_vectors(lon, lat) - unit_vectors(np.array([x]), np.array([y]))
    assert np.linalg.norm(apart) < 1e-9
    assert cells_at(lon, lat, resolution).tolist() == cells.tolist()


def test_longitudes_from_0_to_360_are_the_same_places() -> None:
    lon, lat = np.linspace(-179.9, -0.1, 50), np.linspace(-80, 80, 50)
    assert (cells_at(lon, lat, 9) == cells_at(lon + 360, lat, 9)).all()


def test_arrays_keep_their_shape() -> None:
    cells = cells_at(np.zeros((3, 4)), np.zeros((3, 4)), 5)
    assert cells.shape == (3, 4)
    assert centers(cells)[0].shape == area_km2(cells).shape == boundaries(cells).shape == (3, 4)
    nothing = np.zeros(0, dtype=np.int64)
    assert cells_at([], [], 5).size == centers(nothing)[1].size == area_km2(nothing).size == 0


@pytest.mark.parametrize(
    ("lon", "lat", "why"),
    [
        ([0.0], [90.1], "latitude must be -90 to 90, not 90.1; longitude comes first"),
        ([0.0], [np.nan], "not a finite number"),
        ([np.inf], [0.0], "not a finite number"),
        ([0.0, 1.0], [0.0], "longitudes and"),
    ],
)  # fmt: skip
def test_points_that_are_nowhere_are_refused(lon: list[float], lat: list[float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cells_at(lon, lat, 5)


def test_numbers_that_are_no_cells_are_named() -> None:
    wrong = np.array([pentagons(1)[0], cells_of(pentagons(0)[0], 1)[1]], dtype=np.int64)
    for question in (centers, area_km2, boundaries):
        with pytest.raises(ValueError, match=f"{int(wrong[1]):015x} is no H3 cell"):
            question(wrong)
    with pytest.raises(ValueError, match="is no H3 cell"):
        centers(np.array([-1]))


@pytest.mark.parametrize("resolution", range(4))
def test_areas_add_up_to_the_surface_of_the_earth(resolution: int) -> None:
    assert area_km2(globe(resolution)).sum() == pytest.approx(SURFACE_KM2, rel=1e-11)


def test_areas_below_the_resolution_of_the_series_add_up_too() -> None:
    total = sum(np.nansum(slot_areas_km2(tile, 5)) for tile in globe(1).tolist())
    assert total == pytest.approx(SURFACE_KM2, rel=1e-9)


def area_by_corners(cell: int) -> float:
    """The sum of the spherical triangles between a cell's centre and its corners as H3 gives them."""
    text = h3.int_to_str(cell)
    lat, lon = np.array([h3.cell_to_latlng(text), *h3.cell_to_boundary(text)]).T
    middle, *corners = unit_vectors(lon, lat)
    total = 0.0
    for b, c in zip(corners, [*corners[1:], corners[0]]):
        # Differences first: the triple product of three nearly equal vectors keeps no digits.
        triple = middle @ np.cross(b - middle, c - middle)
        total += 2 * np.arctan2(triple, 1 + middle @ b + b @ c + c @ middle)
    return float(total) * EARTH_RADIUS_KM**2


@settings(deadline=None, max_examples=50)
@given(places(), st.integers(0, 15))
def test_areas_are_those_of_h3s_outlines(place: tuple[float, float], resolution: int) -> None:
    cells = disk_cells(int(cells_at([place[0]], [place[1]], resolution)[0]), 2)
    expected = [area_by_corners(c) for c in cells.tolist()]
    # Corners are rounded to nanometres, beside a pole to millimetres; it shows where cells are small.
    fine, polar = resolution >= 9, abs(place[1]) > 87
    assert area_km2(cells) == pytest.approx(expected, rel=(1e-9, 1e-6, 1e-5, 5e-2)[fine + 2 * polar])
    if not fine and not polar:
        assert area_km2(cells) == pytest.approx(
            [h3.cell_area(h3.int_to_str(c)) for c in cells.tolist()], rel=1e-7
        )


def test_areas_of_mixed_resolutions_keep_their_order() -> None:
    cells = np.array([cells_at([11.0], [48.0], r)[0] for r in (9, 0, 5, 4, 15)])
    assert area_km2(cells).tolist() == [float(area_km2(cells[i : i + 1])[0]) for i in range(5)]


def test_dead_slots_have_no_center_and_no_area() -> None:
    tile = pentagons(2)[3]
    dead = dead_slots(tile, 5)
    lon, lat = slot_centers(tile, 5)
    assert (np.isnan(lon) == dead).all()
    assert (np.isnan(lat) == dead).all()
    assert (np.isnan(slot_areas_km2(tile, 5)) == dead).all()
    live = cells_of(tile, 5)[~dead]
    assert (lon[~dead] == centers(live)[0]).all()


@pytest.mark.parametrize("resolution", range(4))
def test_outlines_tile_the_map_without_gap_or_overlap(resolution: int) -> None:
    outlines = boundaries(globe(resolution))
    assert shapely.is_valid(outlines).all()
    assert shapely.area(outlines).sum() == pytest.approx(360 * 180, rel=1e-9)
    assert shapely.total_bounds(outlines).tolist() == [-180, -90, 180, 90]
    lon, lat = centers(globe(resolution))
    assert shapely.intersects_xy(outlines, lon, lat).all()


def test_outlines_are_h3s_where_nothing_is_cut() -> None:
    cell = h3.str_to_int("8928308280fffff")
    corners = [(x, y) for y, x in h3.cell_to_boundary("8928308280fffff")]
    assert shapely.equals_exact(
        boundaries(np.array([cell]))[0].normalize(), shapely.Polygon(corners).normalize(), 1e-9
    )


def test_an_outline_across_the_antimeridian_has_two_sides() -> None:
    outline = boundaries(cells_at([180.0], [10.0], 4))[0]
    assert outline.geom_type == "MultiPolygon"
    assert {g.bounds[0] == -180 for g in outline.geoms} == {True, False}
    assert outline.area < 1


def test_outlines_at_the_poles_reach_them() -> None:
    for lat in (90.0, -90.0):
        for resolution in (0, 3, 8, 15):
            outline = boundaries(cells_at([0.0], [lat], resolution))[0]
            assert outline.is_valid
            assert shapely.intersects_xy(outline, np.linspace(-180, 180, 9), np.full(9, lat)).all()


@settings(deadline=None)
@given(
    st.sampled_from([0, 1, 5]).flatmap(lambda r: st.sampled_from(pentagons(r))),
    st.integers(0, 4),
    st.integers(0, 2),
)
def test_disks_beside_pentagons_are_h3s(pentagon: int, k: int, away: int) -> None:
    origin = sorted(h3.grid_ring(h3.int_to_str(pentagon), away))[0] if away else h3.int_to_str(pentagon)
    expected = sorted(h3.str_to_int(c) for c in h3.grid_disk(origin, k))
    assert disk_cells(h3.str_to_int(origin), k).tolist() == expected
