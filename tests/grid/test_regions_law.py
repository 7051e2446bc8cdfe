"""The law of regions: what the masks of the covering tiles say is what every cell on its own would say."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cubeql.grid import regions
from cubeql.grid.areas import SPACING
from cubeql.grid.cells import cells_at, centers, disk_cells
from cubeql.grid.shapes import RegionShape
from cubeql.values.tiles import cells_of, dead_slots, slot_count, tile_resolution
from tests.grid.places import Cells, globe, places

Floats = NDArray[np.float64]


def matching(shape: RegionShape, tile_res: int, resolution: int) -> list[int]:
    """The cells that cover and masks give together, ascending."""
    found: list[int] = []
    cover = shape.cover(tile_res)
    assert (np.diff(cover) > 0).all()
    for tile in cover.tolist():
        mask = shape.mask(tile, resolution)
        cells, dead = cells_of(tile, resolution), dead_slots(tile, resolution)
        if not isinstance(mask, bool):
            assert mask.shape == (slot_count(resolution, tile_res),)
            assert not (mask & dead).any()
            assert mask.any()
            assert not mask[~dead].all()
            cells = cells[mask]
        elif mask:
            cells = cells[~dead]
        else:
            cells = cells[:0]
        found += cells.tolist()
    return found


def in_ring(lon: Floats, lat: Floats, ring: Floats) -> NDArray[np.bool_]:
    """By counting how many edges of a closed ring lie to the east."""
    odd = np.zeros(lon.shape, dtype=np.bool_)
    for (x0, y0), (x1, y1) in pairwise(ring):
        crosses = (lat < y0) != (lat < y1)
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= crosses & (lon < x0 + (lat - y0) / (y1 - y0) * (x1 - x0))
    return odd


@dataclass
class Star:
    """A polygon round a place, as big as some cells, its longitudes running on beyond 180."""

    lon: float
    lat: float
    resolution: int
    radii: list[float]

    @property
    def ring(self) -> Floats:
        spacing = np.degrees(SPACING) / 7 ** (self.resolution / 2)
        angles = np.linspace(0, 2 * np.pi, len(self.radii), endpoint=False)
        radii = np.array(self.radii) * spacing
        wide = np.minimum(radii / max(np.cos(np.radians(self.lat)), 1e-9), 80.0)
        x, y = self.lon + wide * np.cos(angles), np.clip(self.lat + radii * np.sin(angles), -90, 90)
        ring = np.column_stack([x, y])
        return np.concatenate([ring, ring[:1]])


STARS = st.builds(
    lambda place, resolution, radii: Star(*place, resolution, radii),
    places(), st.integers(0, 10), st.lists(st.floats(0.5, 12), min_size=3, max_size=9),
)  # fmt: skip


def candidates(lon: float, lat: float, resolution: int) -> Cells:
    """Every cell within some twenty spacings of a place."""
    if resolution <= 2:
        return globe(resolution)
    return disk_cells(int(cells_at([lon], [lat], resolution)[0]), 40)


@settings(deadline=None, max_examples=60)
@given(STARS, st.data())
def test_polygons_anywhere(star: Star, data: st.DataObject) -> None:
    polygon = shapely.Polygon(star.ring)
    if not polygon.is_valid:
        return
    cells = candidates(star.lon, star.lat, star.resolution)
    lon, lat = centers(cells)
    east = star.lon + (lon - star.lon + 180) % 360 - 180
    expected = cells[in_ring(east, lat, star.ring)].tolist()
    shape = regions.polygon_wkt(polygon.wkt) if data.draw(st.booleans()) else regions.geometry(polygon)
    tile_res = data.draw(st.sampled_from([tile_resolution(star.resolution), max(0, star.resolution - 2)]))
    assert matching(shape, tile_res, star.resolution) == sorted(expected)


@settings(deadline=None, max_examples=60)
@given(places(), st.integers(0, 10), st.floats(0.3, 15), st.data())
def test_circles_anywhere(
    place: tuple[float, float], resolution: int, steps: float, data: st.DataObject
) -> None:
    lon, lat = place
    radius_km = steps * 0.5 * SPACING / 7 ** (resolution / 2) * 6371.007180918475
    cells = candidates(lon, lat, resolution)
    far = [h3.great_circle_distance((lat, lon), h3.cell_to_latlng(h3.int_to_str(c))) for c in cells.tolist()]
    expected = cells[np.array(far) <= radius_km].tolist()
    tile_res = data.draw(st.sampled_from([tile_resolution(resolution), max(0, resolution - 1)]))
    assert matching(regions.circle(lon, lat, radius_km * 1000), tile_res, resolution) == sorted(expected)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-180, 180), st.floats(-90, 89), st.floats(1e-3, 359), st.floats(1e-3, 180), st.integers(0, 3)
)
def test_boxes_of_any_width(west: float, south: float, width: float, height: float, resolution: int) -> None:
    east = west + width if west + width <= 360 else west + width - 360
    width = (east - west) % 360 or 360.0
    north = min(90.0, south + height)
    cells = globe(resolution)
    lon, lat = centers(cells)
    inside = ((lon - west) % 360 <= width) & (lat >= south) & (lat <= north)
    assert matching(regions.bbox(west, south, east, north), 0, resolution) == cells[inside].tolist()


@settings(deadline=None, max_examples=40)
@given(places(), st.floats(100, 20_100), st.integers(0, 3))
def test_circles_as_large_as_the_earth(place: tuple[float, float], radius_km: float, resolution: int) -> None:
    cells = globe(resolution)
    far = [
        h3.great_circle_distance(place[::-1], h3.cell_to_latlng(h3.int_to_str(c)))
        for c in cells[::7].tolist()
    ]
    found = matching(regions.circle(*place, radius_km * 1000), max(0, resolution - 2), resolution)
    nearer = cells[::7][np.array(far) <= radius_km]
    assert np.isin(nearer, found).all()
    assert len(np.intersect1d(cells[::7], found)) == nearer.size


@settings(deadline=None, max_examples=60)
@given(st.lists(places(), min_size=1, max_size=8), st.integers(0, 15), st.integers(0, 5))
def test_points_choose_the_cells_that_hold_them(
    points: list[tuple[float, float]], resolution: int, depth: int
) -> None:
    expected = {h3.str_to_int(h3.latlng_to_cell(y, x, resolution)) for x, y in points}
    lon, lat = np.array(points).T
    assert matching(regions.points(lon, lat), max(0, resolution - depth), resolution) == sorted(expected)


@settings(deadline=None, max_examples=60)
@given(places(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.integers(0, 5))
def test_disks_are_their_cells_descendants_or_ancestors(
    place: tuple[float, float], own: int, resolution: int, k: int, depth: int
) -> None:
    if resolution - own > 3:
        resolution = own + 3
    origin = h3.latlng_to_cell(place[1], place[0], own)
    disk = h3.grid_disk(origin, k)
    if resolution >= own:
        expected = {c for cell in disk for c in h3.cell_to_children(cell, resolution)}
    else:
        expected = {h3.cell_to_parent(cell, resolution) for cell in disk}
    found = matching(regions.disk(origin, k), max(0, resolution - depth), resolution)
    assert found == sorted(h3.str_to_int(c) for c in expected)


@pytest.mark.parametrize("lat", [70.0, -70.0])
def test_a_polygon_round_a_pole_holds_it(lat: float) -> None:
    pole = 90.0 if lat > 0 else -90.0
    ring = [(-180, lat), (-60, lat * 1.1), (60, lat), (180, lat), (180, pole), (-180, pole)]
    cells = globe(3)
    lon, north = centers(cells)
    limit = np.interp(lon, [-180, -60, 60, 180], [lat, lat * 1.1, lat, lat])
    expected = cells[(north - limit) * np.sign(lat) >= 0]
    assert matching(regions.geometry(shapely.Polygon(ring)), 0, 3) == expected.tolist()
    assert matching(regions.geometry(shapely.Polygon(ring)), 1, 3) == expected.tolist()


def test_holes_parts_and_collections_count() -> None:
    first = shapely.box(0, 0, 20, 20).difference(shapely.box(5, 5, 15, 15))
    shape = shapely.GeometryCollection(
        [shapely.MultiPolygon([first, shapely.box(8, 8, 12, 12)]), shapely.Point(-50, 3)]
    )
    cells = globe(3)
    lon, lat = centers(cells)
    expected = cells[
        (
            (lon >= 0)
            & (lon <= 20)
            & (lat >= 0)
            & (lat <= 20)
            & ~((lon > 5) & (lon < 15) & (lat > 5) & (lat < 15))
        )
        | ((lon >= 8) & (lon <= 12) & (lat >= 8) & (lat <= 12))
        | (cells == cells_at([-50.0], [3.0], 3)[0])
    ]
    assert matching(regions.geometry(shape), 0, 3) == expected.tolist()


def test_split_and_unsplit_polygons_across_the_antimeridian_are_the_same() -> None:
    whole = regions.geometry(shapely.box(170, -10, 190, 10))
    split = regions.geometry(
        shapely.MultiPolygon([shapely.box(170, -10, 180, 10), shapely.box(-180, -10, -170, 10)])
    )
    west = regions.geometry(shapely.box(-190, -10, -170, 10))
    boxed = regions.bbox(170, -10, -170, 10)
    expected = matching(whole, 0, 4)
    assert len(expected) > 1000
    assert matching(split, 0, 4) == matching(west, 0, 4) == matching(boxed, 0, 4) == expected


def test_the_globe_is_every_cell() -> None:
    shape = regions.bbox(-180, -90, 180, 90)
    assert shape.cover(2).tolist() == globe(2).tolist()
    assert all(shape.mask(tile, 5) is True for tile in globe(0).tolist())
    assert shape.cover_ranges(10).low.size == 1


def test_covers_are_tight_round_small_regions() -> None:
    lon, lat = centers(globe(4)[::9001])
    for x, y in zip(lon.tolist(), lat.tolist()):
        assert regions.circle(x, y, 100).cover(4).size == 1
        assert regions.geometry(shapely.Point(x, y).buffer(0.001)).cover(4).size == 1


def test_masks_refuse_tiles_finer_than_cells() -> None:
    tile = globe(3)[0]
    for shape in (
        regions.bbox(0, 0, 1, 1),
        regions.cell(int(tile)),
        regions.point(0, 0),
        regions.circle(0, 0, 1),
    ):
        with pytest.raises(ValueError, match="finer than cells of resolution 2"):
            shape.mask(int(tile), 2)
