from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from cubeql.grid.areas import unit_vectors
from cubeql.grid.caps import Caps, cap_radius
from cubeql.grid.cells import cells_at, centers
from cubeql.grid.edges import EdgeIndex
from cubeql.grid.outlines import fold
from cubeql.values.cells import CellArray
from cubeql.values.tiles import valid_cells
from tests.grid.places import globe, pentagons, places


def reach(tile: int, resolution: int) -> float:
    """The largest angle from a tile's centre to that of a descendant."""
    middle = unit_vectors(*centers(np.array([tile])))
    points = unit_vectors(*centers(valid_cells(tile, resolution)))
    return float(2 * np.arcsin(np.linalg.norm(points - middle, axis=1).max() / 2))


@pytest.mark.parametrize("resolution", [0, 1])
def test_caps_hold_the_centers_of_all_descendants(resolution: int) -> None:
    tiles = globe(resolution)
    assert max(reach(t, resolution + 4) for t in tiles[:: resolution * 6 + 1].tolist()) < cap_radius(
        resolution
    )


@pytest.mark.parametrize("resolution", [1, 4, 9])
def test_caps_of_pentagons_hold_the_centers_of_all_descendants(resolution: int) -> None:
    assert max(reach(t, resolution + 4) for t in pentagons(resolution)) < cap_radius(resolution)


def test_caps_are_hardly_wider_than_they_must_be() -> None:
    widest = max(reach(t, 5) for t in globe(0)[:20].tolist())
    assert widest > 0.9 * cap_radius(0)


@settings(deadline=None, max_examples=60)
@given(places())
def test_boxes_of_caps_hold_the_centers_of_all_descendants(place: tuple[float, float]) -> None:
    for resolution in (0, 2, 5):
        tile = cells_at([place[0]], [place[1]], resolution)
        west, south, east, north = (float(side[0]) for side in Caps.of(tile, resolution).boxes())
        lon, lat = centers(valid_cells(int(tile[0]), resolution + 3))
        assert south <= lat.min() <= lat.max() <= north
        assert (((lon - west) % 360 <= east - west) | (east - west >= 360)).all()


def test_a_cap_that_holds_a_pole_has_a_box_all_round() -> None:
    tile: CellArray = cells_at([0.0], [-90.0], 3)
    west, south, east, north = (float(side[0]) for side in Caps.of(tile, 3).boxes())
    assert (west, south, east) == (-180.0, -90.0, 180.0)
    assert -90 < north < -85


def test_edges_meet_boxes_they_cross_and_no_others() -> None:
    import shapely

    rng = np.random.default_rng(5)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 200))
    ring = np.column_stack([20 * np.cos(angles), 20 * np.sin(angles)]) * rng.uniform(0.3, 1, (200, 1))
    area = shapely.Polygon(ring, [[(-2, -2), (2, -2), (2, 2), (-2, 2)]]).buffer(0)
    west, south = rng.uniform(-25, 25, (2, 3000))
    width, height = rng.uniform(0.001, 2, (2, 3000))
    boxes = shapely.box(west, south, west + width, south + height)
    expected = shapely.intersects(area.boundary, boxes)
    met = EdgeIndex(area).meet(west, south, west + width, south + height)
    assert met.tolist() == expected.tolist()
    assert 100 < int(met.sum()) < 2900


def test_the_frame_of_the_map_is_no_edge() -> None:
    import shapely

    index = EdgeIndex(fold(shapely.box(-180, -90, 180, 90)))
    one = np.ones(1)
    assert not index.meet(-180 * one, -90 * one, 180 * one, 90 * one).any()
    tall = EdgeIndex(fold(shapely.box(170, -10, 190, 10)))
    assert not tall.meet(179 * one, -5 * one, 180 * one, 5 * one).any()
    assert tall.meet(169 * one, -5 * one, 171 * one, 5 * one).all()
