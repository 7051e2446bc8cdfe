"""Pixel grids of every shape and place: no cell is missed, none is invented, none gets another's value."""

from __future__ import annotations

from pathlib import Path

import h3
import numpy as np
import pytest
from affine import Affine

from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded

PENTAGON_LAT, PENTAGON_LON = h3.cell_to_latlng("85080003fffffff")

GRIDS = {
    "utm": ("EPSG:32633", Affine(1000, 0, 500000, 0, -1000, 5400000), (16, 20), 7),
    "laea": ("EPSG:3035", Affine(1000, 0, 4321000, 0, -1000, 3210000), (16, 20), 7),
    "south-up": ("EPSG:4326", Affine(0.01, 0, 11, 0, 0.01, 48), (16, 20), 7),
    "west-bound": ("EPSG:4326", Affine(-0.01, 0, 11, 0, -0.01, 48), (16, 20), 7),
    "rotated": ("EPSG:32633", Affine(800, 600, 500000, 600, -800, 5400000), (16, 20), 7),
    "rotated degrees": ("EPSG:4326", Affine(0.008, 0.006, 179.9, 0.006, -0.008, 10), (16, 20), 7),
    "non-square": ("EPSG:4326", Affine(0.03, 0, 11, 0, -0.01, 48), (24, 12), 7),
    "antimeridian east": ("EPSG:4326", Affine(0.01, 0, 179.85, 0, -0.01, -17), (16, 30), 7),
    "antimeridian west": ("EPSG:4326", Affine(0.01, 0, -180.15, 0, -0.01, -17), (16, 30), 7),
    "antimeridian utm": ("EPSG:32760", Affine(1000, 0, 800000, 0, -1000, 8100000), (16, 20), 7),
    "0 to 360": ("EPSG:4326", Affine(0.01, 0, 250, 0, -0.01, 40), (16, 30), 7),
    "north pole degrees": ("EPSG:4326", Affine(1, 0, -180, 0, -0.1, 90), (12, 360), 5),
    "south pole degrees": ("EPSG:4326", Affine(1, 0, 0, 0, 0.1, -90), (12, 360), 5),
    "north pole stereographic": ("EPSG:3413", Affine(10000, 0, -120000, 0, -10000, 120000), (24, 24), 5),
    "south pole stereographic": ("EPSG:3031", Affine(10000, 0, -125000, 0, -10000, 115000), (24, 24), 5),
    "pentagon": ("EPSG:4326", Affine(0.05, 0, PENTAGON_LON - 0.61, 0, -0.05, PENTAGON_LAT + 0.62), (24, 24), 6),
    "another datum": ("EPSG:4230", Affine(0.01, 0, 11, 0, -0.01, 48), (12, 15), 7),
    "mercator": ("EPSG:3857", Affine(1500, 0, 1200000, 0, -1500, 6100000), (16, 20), 7),
}  # fmt: skip
SIMPLE = ("another datum", "mercator", "laea", "west-bound", "0 to 360")


@pytest.mark.parametrize(
    ("name", "method"),
    [(n, "nearest") for n in GRIDS]
    + [pytest.param(n, m, marks=pytest.mark.slow) for n in GRIDS for m in ("bilinear", "mean") if n not in SIMPLE],
)
def test_grid(tmp_path: Path, store: Store, name: str, method: str) -> None:
    crs, transform, shape, resolution = GRIDS[name]
    values = patterned(*shape)
    values[:3, :4] = np.nan
    if method == "mean":
        resolution -= 1
    path = write_tif(tmp_path / "a.tif", values, transform, crs)
    ingest(store, path, "a", method=method, resolution=resolution)
    assert_same(stored(store, "a"), regridded(picture_of(values, transform, crs), resolution, method), 1e-6)


@pytest.mark.parametrize(
    ("west", "method"),
    [
        (-180, "nearest"),
        (-100, "sum"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((0, "nearest"), (-100, "bilinear"), (0, "mean"))),
    ],
)
def test_whole_earth_has_every_cell(tmp_path: Path, store: Store, west: int, method: str) -> None:
    transform = Affine(5, 0, west, 0, -5, 90)
    values = patterned(36, 72)
    path = write_tif(tmp_path / "a.tif", values, transform)
    resolution = 2 if method in ("nearest", "bilinear") else 1
    ingest(store, path, "a", method=method, resolution=resolution)
    found = stored(store, "a")
    assert len(found) == h3.get_num_cells(resolution)
    assert_same(found, regridded(picture_of(values, transform), resolution, method), 1e-6)


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_whole_earth_with_nodes_at_the_poles(tmp_path: Path, store: Store, method: str) -> None:
    transform = Affine(5, 0, -2.5, 0, -5, 92.5)
    values = patterned(37, 72)
    path = write_tif(tmp_path / "a.tif", values, transform)
    ingest(store, path, "a", method=method, resolution=2)
    found = stored(store, "a")
    assert len(found) == h3.get_num_cells(2)
    assert_same(found, regridded(picture_of(values, transform), 2, method), 1e-6)


@pytest.mark.parametrize("columns", [71.6, 72.4])
def test_whole_earth_a_little_too_narrow_or_wide_has_no_seam(tmp_path: Path, store: Store, columns: float) -> None:
    transform = Affine(360 / columns, 0, -180, 0, -5, 90)
    path = write_tif(tmp_path / "a.tif", patterned(36, 72), transform)
    ingest(store, path, "a", method="nearest", resolution=2)
    assert len(stored(store, "a")) == h3.get_num_cells(2)


def test_repeated_column_counts_once(tmp_path: Path, store: Store) -> None:
    values = patterned(36, 73)
    values[:, 72] = values[:, 0]
    transform = Affine(5, 0, -180, 0, -5, 90)
    path = write_tif(tmp_path / "a.tif", values, transform)
    ingest(store, path, "a", method="sum", resolution=1)
    assert_same(stored(store, "a"), regridded(picture_of(values[:, :72], transform), 1, "sum"), 1e-6)


@pytest.mark.parametrize("resolution", [4, 6])
def test_raster_smaller_than_a_cell(tmp_path: Path, store: Store, resolution: int) -> None:
    """Only a raster that holds a cell's centre has a nearest value; its pixels aggregate wherever it lies."""
    lat, lon = h3.cell_to_latlng(h3.latlng_to_cell(48, 11, resolution))
    around = Affine(0.001, 0, lon - 0.002, 0, -0.001, lat + 0.002)
    path = write_tif(tmp_path / "a.tif", patterned(4, 4), around)
    ingest(store, path, "a", method="nearest", resolution=resolution)
    assert len(stored(store, "a")) == 1
    beside = Affine(0.001, 0, lon + 0.01, 0, -0.001, lat + 0.01)
    values = patterned(4, 4)
    path = write_tif(tmp_path / "b.tif", values, beside)
    ingest(store, path, "b", method="mean", resolution=resolution)
    assert_same(stored(store, "b"), regridded(picture_of(values, beside), resolution, "mean"), 1e-6)


def test_tiles_of_the_coarsest_resolutions(tmp_path: Path, store: Store) -> None:
    transform = Affine(10, 0, -180, 0, -10, 90)
    values = patterned(18, 36)
    path = write_tif(tmp_path / "a.tif", values, transform)
    for resolution in (0, 1):
        ingest(store, path, f"r{resolution}", method="nearest", resolution=resolution)
        wanted = regridded(picture_of(values, transform), resolution, "nearest")
        assert_same(stored(store, f"r{resolution}"), wanted)
