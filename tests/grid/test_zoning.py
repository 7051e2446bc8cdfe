from __future__ import annotations

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cubeql.grid.cells import boundaries, cells_at, centers
from cubeql.grid.sphere import spherical_areas
from cubeql.grid.zoning import Zones
from cubeql.values.containment import CONTAINMENTS, Containment
from cubeql.values.tiles import cells_of, dead_slots, valid_cells
from tests.grid.places import pentagons, places

Areas = NDArray[np.object_]


def areas(*shapes: shapely.Geometry) -> Areas:
    return np.array(shapes, dtype=object)


def pairs(zones: Zones, tile: int, resolution: int, how: Containment) -> set[tuple[int, int]]:
    found = zones.assign(tile, resolution, how).zones
    level, slot = np.nonzero(found)
    return set(zip(cells_of(tile, resolution)[slot].tolist(), found[level, slot].tolist(), strict=True))


def one_by_one(shapes: Areas, tile: int, resolution: int, how: Containment) -> set[tuple[int, int]]:
    """Every cell asked of every polygon."""
    cells = valid_cells(tile, resolution)
    test = {"center": shapely.intersects, "full": shapely.covers}.get(how, shapely.intersects)
    asked = shapely.points(*centers(cells)) if how == "center" else boundaries(cells)
    hits = test(shapes[:, None], asked[None, :])
    return {(int(cells[c]), int(z) + 1) for z, c in zip(*np.nonzero(hits), strict=True)}


def tile_at(lon: float, lat: float, resolution: int) -> int:
    return int(cells_at([lon], [lat], resolution)[0])


def mosaic(seed: int, box: tuple[float, float, float, float], count: int = 25) -> Areas:
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(box[0], box[2], count), rng.uniform(box[1], box[3], count)])
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=shapely.box(*box))
    return np.asarray(shapely.intersection(shapely.get_parts(cells), shapely.box(*box)))


ODD = {
    "a hole, a neighbour inside it, an overlap and a sliver": (
        (10.0, 47.0),
        areas(
            shapely.box(8, 45, 12, 49).difference(shapely.box(9, 46, 11, 48)),
            shapely.box(9, 46, 11, 48),
            shapely.box(9.5, 44, 10.5, 50),
            shapely.box(10.01, 47.01, 10.012, 47.3),
            shapely.multipolygons([shapely.box(8, 47, 8.6, 47.7), shapely.box(11.2, 46.2, 12.5, 46.9)]),
        ),
    ),
    "the antimeridian": (
        (179.9, -17.0),
        areas(
            shapely.box(178, -19, 182, -15),
            shapely.box(175, -20, 180, -10),
            shapely.multipolygons([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179.2, -16)]),
            shapely.box(-180, -30, 180, 0),
        ),
    ),
    "the north pole": ((0.0, 90.0), areas(shapely.box(-180, 86, 180, 90), shapely.box(-20, 80, 70, 90))),
    "the south pole": ((30.0, -90.0), areas(shapely.box(-180, -90, 180, -89), shapely.box(0, -90, 180, -80))),
}


@pytest.mark.parametrize("how", CONTAINMENTS)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("depth", [(1, 4), (2, 5)])
def test_each_cell_gets_the_zones_that_hold_it_by_itself(name: str, how: Containment, depth: tuple[int, int]) -> None:
    (lon, lat), shapes = ODD[name]
    tile = tile_at(lon, lat, depth[0])
    folded = Zones(shapes).areas
    assert pairs(Zones(shapes), tile, depth[1], how) == one_by_one(folded, tile, depth[1], how)


@pytest.mark.parametrize("how", CONTAINMENTS)
def test_no_zone_reaches_the_dead_slots_of_a_pentagon(how: Containment) -> None:
    tile = pentagons(1)[3]
    lat, lon = h3.cell_to_latlng(h3.int_to_str(tile))
    shapes = areas(shapely.box(lon - 20, lat - 20, lon + 20, lat + 20), shapely.box(lon, lat - 3, lon + 3, lat))
    zones = Zones(shapes)
    found = zones.assign(tile, 5, how).zones
    assert not found[:, dead_slots(tile, 5)].any()
    assert pairs(zones, tile, 5, how) == one_by_one(zones.areas, tile, 5, how)


@settings(max_examples=25, deadline=None)
@given(places(), st.integers(0, 2**20), st.sampled_from(CONTAINMENTS), st.integers(1, 4))
def test_a_mosaic_anywhere_is_met_as_cells_alone_meet_it(
    place: tuple[float, float], seed: int, how: Containment, depth: int
) -> None:
    lon, lat = place
    box = (lon - 4.0, max(-90.0, lat - 3.0), lon + 4.0, min(90.0, lat + 3.0))
    zones, tile = Zones(mosaic(seed, box)), tile_at(lon, lat, 2)
    assert pairs(zones, tile, 2 + depth, how) == one_by_one(zones.areas, tile, 2 + depth, how)


@pytest.mark.parametrize(("how", "word"), [("center", "center"), ("overlap", "overlap"), ("full", "full")])
def test_containment_is_what_h3_calls_by_the_same_word(how: Containment, word: str) -> None:
    shape = shapely.Polygon(
        [(9.03, 46.1), (11.2, 45.8), (12.41, 47.4), (10.6, 48.93), (9.4, 48.2), (9.9, 47.2)],
        [[(10.2, 46.9), (10.9, 46.8), (10.8, 47.6), (10.3, 47.5)]],
    )
    wanted = {h3.str_to_int(c) for c in h3.polygon_to_cells_experimental(h3.geo_to_h3shape(shape), 6, word)}
    zones = Zones(areas(shape))
    tiles = {int(h3.str_to_int(h3.cell_to_parent(h3.int_to_str(c), 2))) for c in wanted}
    assert {cell for tile in tiles for cell, _ in pairs(zones, tile, 6, how)} == wanted
    assert len(wanted) > 500


def test_a_centre_on_a_shared_border_belongs_to_both_zones() -> None:
    tile = tile_at(10.0, 47.0, 3)
    cell = int(valid_cells(tile, 5)[20])
    lon, lat = (float(v[0]) for v in centers(np.array([cell])))
    shapes = areas(shapely.box(lon - 1, lat - 1, lon, lat + 1), shapely.box(lon, lat - 1, lon + 1, lat + 1))
    assert {(cell, 1), (cell, 2)} <= pairs(Zones(shapes), tile, 5, "center")


def test_zones_side_by_side_cost_one_level_and_each_overlap_one_more() -> None:
    tile = tile_at(10.0, 47.0, 3)
    beside = mosaic(3, (6.0, 44.0, 14.0, 50.0), 300)
    assert Zones(beside).assign(tile, 7).zones.shape == (1, 7**4)
    over = np.concatenate([beside, areas(shapely.box(9, 46, 11, 48), shapely.box(10.4, 46.5, 11, 47))])
    found = Zones(over).assign(tile, 7).zones
    assert found.shape[0] == 3
    assert ((found[0] > 0) >= (found[1] > 0)).all()
    assert ((found[1] > 0) >= (found[2] > 0)).all()
    assert (np.diff(found, axis=0)[found[1:] > 0] > 0).all(), "smallest number first"


def test_chosen_zones_stand_as_if_there_were_no_others() -> None:
    shapes = ODD["a hole, a neighbour inside it, an overlap and a sliver"][1]
    tile = tile_at(10.0, 47.0, 2)
    chosen = np.array([False, False, False, True, False, True])
    found = Zones(shapes).assign(tile, 6, "area").of(chosen)
    alone = Zones(shapes[[2, 4]]).assign(tile, 6, "area")
    assert np.array_equal(found.zones, np.array([0, 3, 5], np.int32)[alone.zones])
    assert found.fractions is not None
    assert alone.fractions is not None
    assert np.allclose(found.fractions, alone.fractions, atol=1e-12)


def test_a_tile_far_from_all_zones_has_no_level_and_is_not_near() -> None:
    zones = Zones(areas(shapely.box(8, 45, 12, 49)))
    here, far = tile_at(10.0, 47.0, 2), tile_at(-120.0, 40.0, 2)
    assert zones.assign(far, 6).zones.shape == (0, 7**4)
    place, number = zones.near(np.array([far, here]), 6)
    assert place.tolist() == [1]
    assert number.tolist() == [1]


def test_no_zones_hold_nothing() -> None:
    zones = Zones(areas())
    assert zones.assign(tile_at(10.0, 47.0, 2), 5).zones.shape == (0, 343)


# ------------------------------------------------------------------ shares of area


def test_shares_of_a_mosaic_add_up_to_the_whole_cell() -> None:
    tile = tile_at(10.0, 47.0, 3)
    found = Zones(mosaic(5, (4.0, 42.0, 16.0, 52.0), 60)).assign(tile, 7, "area")
    assert found.fractions is not None
    assert np.allclose(found.fractions.sum(axis=0), 1.0, atol=1e-9)
    assert (found.fractions[found.zones == 0] == 0).all()


def test_shares_agree_with_an_equal_area_map() -> None:
    import pyproj

    tile = tile_at(10.0, 47.0, 4)
    shapes = mosaic(7, (8.0, 45.0, 12.0, 49.0), 400)
    found = Zones(shapes).assign(tile, 7, "area")
    assert found.fractions is not None
    to_plane = pyproj.Transformer.from_crs(4326, "+proj=laea +lat_0=47 +lon_0=10 +R=6371007", always_xy=True)

    def plane(shape: shapely.Geometry) -> shapely.Geometry:
        fine = shapely.segmentize(shape, 0.001)
        return shapely.transform(fine, lambda xy: np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1])))

    level, slot = np.nonzero((found.fractions > 0.0) & (found.fractions < 1.0))
    assert level.size > 50
    for row, at in list(zip(level.tolist(), slot.tolist(), strict=True))[::7]:
        cell = plane(boundaries(cells_of(tile, 7)[at : at + 1])[0])
        zone = plane(shapes[found.zones[row, at] - 1])
        assert found.fractions[row, at] == pytest.approx(cell.intersection(zone).area / cell.area, abs=1e-7)


def test_areas_on_the_sphere_are_those_of_boxes_holes_and_poles() -> None:
    def box(west: float, south: float, east: float, north: float) -> float:
        return float(np.radians(east - west) * (np.sin(np.radians(north)) - np.sin(np.radians(south))))

    shapes = areas(
        shapely.box(0, 0, 10, 20),
        shapely.box(-180, -90, 180, 90),
        shapely.box(0, 40, 10, 50).difference(shapely.box(2, 44, 3, 47)),
        shapely.geometrycollections([shapely.box(0, 0, 1, 1), shapely.points(5, 5)]),
        shapely.Polygon(),
    )  # fmt: skip
    wanted = [box(0, 0, 10, 20), 4 * np.pi, box(0, 40, 10, 50) - box(2, 44, 3, 47), box(0, 0, 1, 1), 0.0]
    assert spherical_areas(shapes) == pytest.approx(wanted, rel=1e-12)


def test_cells_have_their_own_area_but_for_the_bend_of_their_edges() -> None:
    from cubeql.grid.cells import EARTH_RADIUS_KM, area_km2

    cells = valid_cells(tile_at(10.0, 60.0, 4), 7)
    assert spherical_areas(boundaries(cells)) * EARTH_RADIUS_KM**2 == pytest.approx(area_km2(cells), rel=1e-4)
