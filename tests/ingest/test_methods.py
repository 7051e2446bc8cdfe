"""Every method against its definition, on awkward rasters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded

FINE = Affine(0.002, 0, 11.0, 0, -0.002, 48.3)
EXACT = ("nearest", "min", "max", "mode")
BLENDING = ("bilinear", "mean", "sum", "median")


def run(store: Store, path: str, method: str, resolution: int, **options: Any) -> dict[int, Any]:
    ingest(store, path, "a", method=method, resolution=resolution, **options)
    return stored(store, "a")


@pytest.mark.parametrize("method", EXACT + BLENDING)
def test_method_on_fine_pixels_with_holes(tmp_path: Path, store: Store, method: str) -> None:
    values = patterned(40, 50)
    values[5:20, 10:30] = np.nan
    values[30, :] = -9999
    path = write_tif(tmp_path / "a.tif", values, FINE, nodata=-9999)
    wanted = regridded(picture_of(values, FINE, nodata=-9999), 7, method)
    assert_same(run(store, path, method, 7), wanted, 1e-6 if method in BLENDING else 0.0)


@pytest.mark.parametrize("method", EXACT + BLENDING)
def test_method_where_some_cells_hold_no_pixel_centre(tmp_path: Path, store: Store, method: str) -> None:
    transform = Affine(0.0045, 0, 11.0, 0, -0.0045, 48.3)  # about 1.1 pixels a cell of resolution 8
    values = patterned(20, 20)
    values[3:6, 4:9] = np.nan
    path = write_tif(tmp_path / "a.tif", values, transform)
    wanted = regridded(picture_of(values, transform), 8, method)
    assert_same(run(store, path, method, 8), wanted, 1e-6 if method in BLENDING else 0.0)


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_method_where_pixels_are_coarser_than_cells(tmp_path: Path, store: Store, method: str) -> None:
    values = patterned(8, 9)
    values[2, 3] = values[7, 8] = np.nan
    path = write_tif(tmp_path / "a.tif", values)
    wanted = regridded(picture_of(values), 8, method)
    assert_same(run(store, path, method, 8), wanted, 1e-6)


@pytest.mark.parametrize("method", ["mean", "min", "max", "sum", "mode", "median"])
def test_aggregating_coarse_pixels_is_refused(tmp_path: Path, store: Store, method: str) -> None:
    from cubeql.errors import IngestError

    path = write_tif(tmp_path / "a.tif", patterned(8, 9))
    with pytest.raises(IngestError, match=r"needs pixels finer than cells.*nearest or bilinear"):
        run(store, path, method, 9)


@pytest.mark.parametrize("method", ["nearest", "min", "max", "mode"])
def test_integers_stay_integers(tmp_path: Path, store: Store, method: str) -> None:
    values = patterned(30, 30, np.int16)
    path = write_tif(tmp_path / "a.tif", values, FINE, nodata=5)
    found = run(store, path, method, 7)
    assert_same(found, regridded(picture_of(values, FINE, nodata=5), 7, method))
    layer = store.layer("a")
    assert layer is not None and layer.bands[0].storage == "int16"


@pytest.mark.parametrize(
    ("dtype", "method", "storage"),
    [
        ("uint8", "nearest", "int16"),
        ("uint16", "nearest", "int32"),
        ("uint32", "nearest", "int64"),
        ("int8", "nearest", "int8"),
        ("float64", "mean", "float64"),
        ("uint8", "mean", "float32"),
        ("int32", "median", "float64"),
        ("uint8", "sum", "int64"),
        ("float32", "sum", "float64"),
    ],
)
def test_storage_type_holds_every_value(tmp_path: Path, store: Store, dtype: str, method: str, storage: str) -> None:
    values = patterned(30, 30, dtype)
    if np.dtype(dtype).kind != "f":
        values[:2] = np.iinfo(dtype).max
    path = write_tif(tmp_path / "a.tif", values, FINE)
    found = run(store, path, method, 7)
    assert_same(found, regridded(picture_of(values, FINE), 7, method), 1e-6)
    layer = store.layer("a")
    assert layer is not None and layer.bands[0].storage == storage


def test_rounded_means_keep_the_type(tmp_path: Path, store: Store) -> None:
    values = patterned(30, 30, np.int16)
    path = write_tif(tmp_path / "a.tif", values, FINE)
    found = run(store, path, "mean", 7, rounded=True)
    wanted = regridded(picture_of(values, FINE), 7, "mean")
    assert_same(found, {cell: round(value) for cell, value in wanted.items()})
    layer = store.layer("a")
    assert layer is not None and layer.bands[0].storage == "int16"


def test_least_of_a_negatively_scaled_band_is_its_greatest_stored_value(tmp_path: Path, store: Store) -> None:
    import rasterio

    values = patterned(30, 30, np.int16)
    path = write_tif(tmp_path / "a.tif", values, FINE)
    with rasterio.open(path, "r+") as file:
        file.scales = (-0.1,)
    assert_same(run(store, path, "min", 7), regridded(picture_of(values, FINE), 7, "max"))
    ingest(store, path, "a", time=None, again=True, on_conflict="replace")
    assert_same(stored(store, "a"), regridded(picture_of(values, FINE), 7, "max"))


def test_default_method_follows_the_sizes(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(40, 40, np.uint8), FINE)
    methods = {}
    for resolution in (6, 10):
        for categorical in ((), ("value",)):
            report = ingest(
                store, path, f"r{resolution}{len(categorical)}", resolution=resolution, categorical=categorical
            )
            methods[resolution, bool(categorical)] = dict(report.methods)["value"]
    assert methods == {(6, False): "mean", (6, True): "mode", (10, False): "nearest", (10, True): "nearest"}


def test_resolution_suits_the_pixel_size(tmp_path: Path, store: Store) -> None:
    report = ingest(store, write_tif(tmp_path / "a.tif", patterned(10, 10)), "a")
    # 0.01 degrees at 48 N: 0.83 km2; cells of resolution 8 have 0.74 km2 on average.
    assert report.resolution == 8


@pytest.mark.parametrize("method", ["mean", "bilinear", "median", "sum", "min"])
def test_methods_that_mix_class_codes_are_refused(tmp_path: Path, store: Store, method: str) -> None:
    from cubeql.errors import IngestError

    path = write_tif(tmp_path / "a.tif", patterned(40, 40, np.uint8), FINE)
    with pytest.raises(IngestError, match="class codes"):
        ingest(store, path, "a", resolution=7, method={"value": method}, categorical=["value"])
