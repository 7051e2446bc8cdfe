"""Files that are missing, damaged or no rasters: one clear error, and the layer as it was."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import NORTH_UP, patterned, stored, write_tif


def netcdf(path: Path) -> str:
    ds = xr.Dataset(
        {"v": (("lat", "lon"), patterned(60, 60))},
        {"lat": ("lat", 48.3 - 0.01 * np.arange(60)), "lon": ("lon", 11 + 0.01 * np.arange(60))},
    )
    ds.to_netcdf(path, encoding={"v": {"zlib": True}})
    return str(path)


def geotiff(path: Path) -> str:
    return write_tif(path, patterned(60, 60), compress="deflate", tiled=True, blockxsize=32, blockysize=32)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.tif", "none.tif: there is no such file"),
        ("none.nc", "none.nc: there is no such file"),
        ("empty.tif", "the file is empty"),
        ("empty.nc", "the file is empty"),
        ("text.tif", "is no raster that can be read"),
        ("text.nc", "cannot be read"),
        ("folder", "no source lies below it"),
        ("*.png", "no file matches"),
        ("cube.zarr", "cannot be read"),
    ],
)
def test_what_is_no_raster(tmp_path: Path, store: Store, name: str, message: str) -> None:
    for empty in ("empty.tif", "empty.nc"):
        (tmp_path / empty).touch()
    for text in ("text.tif", "text.nc"):
        (tmp_path / text).write_text("no raster at all\n" * 100)
    for folder in ("folder", "cube.zarr"):
        (tmp_path / folder).mkdir()
    with pytest.raises(IngestError, match=message):
        ingest(store, str(tmp_path / name), "a")
    assert store.layer("a") is None


def test_no_sources_and_a_source_named_twice(tmp_path: Path, store: Store) -> None:
    path = geotiff(tmp_path / "a.tif")
    with pytest.raises(IngestError, match="none given"):
        ingest(store, [], "a")
    with pytest.raises(IngestError, match=r"a.tif: is named twice"):
        ingest(store, [path, path], "a")


def test_pattern_names_its_files(tmp_path: Path, store: Store) -> None:
    for day in (1, 2):
        geotiff(tmp_path / f"x_2024050{day}.tif")
    report = ingest(store, str(tmp_path / "x_*.tif"), "a", time_pattern="%Y%m%d")
    assert [Path(p).name for p in report.sources] == ["x_20240501.tif", "x_20240502.tif"]


def test_raster_without_a_place(tmp_path: Path, store: Store) -> None:
    values = patterned(8, 9)
    with pytest.raises(IngestError, match="states no reference system; give it as crs="):
        ingest(store, write_tif(tmp_path / "a.tif", values, NORTH_UP, None), "a")
    ingest(store, str(tmp_path / "a.tif"), "a", crs="EPSG:4326")
    with pytest.raises(IngestError, match="neither a reference system nor a transform"):
        ingest(store, write_tif(tmp_path / "b.tif", values, rasterio.Affine.identity(), None), "b")
    with pytest.raises(IngestError, match="no transform from pixels to coordinates"):
        ingest(store, write_tif(tmp_path / "c.tif", values, rasterio.Affine.identity()), "b")
    with pytest.raises(IngestError, match="maps pixels onto no area"):
        ingest(store, write_tif(tmp_path / "d.tif", values, rasterio.Affine(0.01, 0.01, 11, 0.01, 0.01, 48)), "b")
    local = 'LOCAL_CS["a room",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'
    with pytest.raises(IngestError, match="no place on the earth"):
        ingest(store, write_tif(tmp_path / "e.tif", values, NORTH_UP, local), "b")


def test_ground_control_points_are_no_transform(tmp_path: Path, store: Store) -> None:
    points = [rasterio.control.GroundControlPoint(r, c, 11 + c / 100, 48 - r / 100) for r in (0, 8) for c in (0, 9)]
    path = write_tif(tmp_path / "a.tif", patterned(8, 9), rasterio.Affine.identity(), None)
    with rasterio.open(path, "r+") as file:
        file.gcps = (points, rasterio.crs.CRS.from_epsg(4326))
    with pytest.raises(IngestError, match="ground control points"):
        ingest(store, path, "a")


def test_numbers_that_are_no_values(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9).astype(np.complex64))
    with pytest.raises(IngestError, match="complex numbers"):
        ingest(store, path, "a")


def test_raster_without_a_valid_pixel(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", np.full((8, 9), np.nan, np.float32))
    with pytest.raises(IngestError, match="no valid pixel"):
        ingest(store, path, "a")
    assert store.layer("a") is None


def test_raster_beyond_the_earth(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9), rasterio.Affine(1, 0, 11, 0, -1, 300))
    with pytest.raises(IngestError, match="no pixel of its grid has a place on the earth"):
        ingest(store, path, "a")


@pytest.mark.parametrize("make", [geotiff, netcdf])
def test_damaged_file_gives_an_ingest_error_or_is_read(tmp_path: Path, store: Store, make: Any) -> None:
    """Cut off and with flipped bits: an error that names the file, or values; never another exception."""
    whole = Path(make(tmp_path / f"whole{'.tif' if make is geotiff else '.nc'}"))
    good = whole.read_bytes()
    rng = random.Random(5)
    ingest(store, str(whole), "there", time="2024-01")
    band = "v" if make is netcdf else "value"
    before = stored(store, "there", band)
    faults = 0
    for i in range(24):
        data = bytearray(good)
        if i % 3 == 0:
            del data[rng.randrange(1, len(data)) :]
        else:
            # The head, where structure lies, as often as anywhere.
            reach = 400 if i % 3 == 1 else len(data)
            for _ in range(3):
                data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
        path = tmp_path / f"damaged_{i}{whole.suffix}"
        path.write_bytes(data)
        try:
            ingest(store, str(path), "there", time=f"2024-02-{i + 1:02d}", max_cells=10**6)
        except IngestError as fault:
            assert "damaged_" in str(fault) or "layer there" in str(fault)
            faults += 1
    assert faults >= 8
    assert stored(store, "there", band, "2024-01-01") == before
