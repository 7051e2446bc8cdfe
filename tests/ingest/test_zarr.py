"""Zarr stores: the same layer as the same data in a NetCDF file, whatever the store's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from cubeql.errors import IngestError
from cubeql.ingest import ingest, plan_ingest
from cubeql.ingest.netcdf import NetcdfSource
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored
from tests.ingest.reference import regridded

WIDTH, HEIGHT = 30, 20
UTM = {"x": 600_010 + 20.0 * np.arange(WIDTH), "y": 5_399_990 - 20.0 * np.arange(HEIGHT)}
DEGREES = {"lon": 11.005 + 0.01 * np.arange(WIDTH), "lat": 48.295 - 0.01 * np.arange(HEIGHT)}
PACKED = {"t": {"dtype": "int16", "scale_factor": 0.01, "add_offset": 5.0, "_FillValue": -999}}


def cube(times: int = 4) -> xr.Dataset:
    values = np.stack([patterned(HEIGHT, WIDTH, seed=i) for i in range(times)]).astype(np.float64)
    values[0, :3] = np.nan
    time = np.datetime64("2024-05-01", "ns") + np.arange(times) * np.timedelta64(1, "D")
    found = xr.Dataset({"t": (("time", "lat", "lon"), values, {"units": "degC"})}, {"time": time, **DEGREES})
    return found.assign_attrs(title="Made for tests", license="CC0-1.0")


def by_time(store: Store, layer: str, band: str = "t") -> dict[str, dict[int, Any]]:
    times = sorted({str(b.time) for b in store.read_blocks(layer)})
    return {time: stored(store, layer, band, time) for time in times}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("version", [2, 3])
def test_store_makes_the_layer_that_netcdf_makes(
    tmp_path: Path, store: Store, version: Any, consolidated: bool, zipped: bool
) -> None:
    path = tmp_path / ("a.zarr.zip" if zipped else "a.zarr")
    encoding = {"t": {**PACKED["t"], "chunks": (2, 7, 11)}}
    target: Any = zarr.storage.ZipStore(path, mode="w") if zipped else path
    cube().to_zarr(target, zarr_format=version, consolidated=consolidated, encoding=encoding)
    if zipped:
        target.close()
    cube().to_netcdf(tmp_path / "a.nc", encoding=PACKED)
    for source, layer in ((path, "z"), (tmp_path / "a.nc", "n")):
        ingest(store, source, layer, resolution=8, memory_limit=2**22)
    assert by_time(store, "z") == by_time(store, "n") and len(by_time(store, "z")) == 4
    one, other = store.layer("z"), store.layer("n")
    assert one is not None and other is not None
    assert one.bands == other.bands and one.bands[0].storage == "int16" and one.bands[0].scale == 0.01
    assert (one.title, one.licence) == ("Made for tests", "CC0-1.0")


@pytest.mark.parametrize("how", ["crs_wkt", "spatial_ref", "cf", "proj:epsg", "proj:code", "proj:wkt2", "variable"])
def test_systems_are_found_as_writers_leave_them(tmp_path: Path, store: Store, how: str) -> None:
    from pyproj import CRS

    system = CRS.from_epsg(32632)
    values = patterned(HEIGHT, WIDTH)
    found = xr.Dataset({"v": (("y", "x"), values)}, UTM)
    mapping = {"crs_wkt": {"crs_wkt": system.to_wkt()}, "spatial_ref": {"spatial_ref": system.to_wkt()},
               "cf": {k: v for k, v in system.to_cf().items() if k != "crs_wkt"}}.get(how)  # fmt: skip
    told = {"proj:epsg": 32632, "proj:code": "EPSG:32632", "proj:wkt2": system.to_wkt()}
    if mapping is not None:
        found = found.assign_coords(spatial_ref=((), 0, mapping))
        found["v"].attrs["grid_mapping"] = "spatial_ref"
    elif how == "variable":
        found["v"].attrs["proj:epsg"] = 32632
    else:
        found.attrs[how] = told[how]
    found.to_zarr(tmp_path / "a.zarr")
    ingest(store, tmp_path / "a.zarr", "a", resolution=12, method="nearest")
    from affine import Affine

    picture = picture_of(values, Affine(20, 0, 600_000, 0, -20, 5_400_000), "EPSG:32632")
    assert_same(stored(store, "a", "v"), regridded(picture, 12, "nearest"))


def test_group_of_a_store_is_named_by_its_path(tmp_path: Path, store: Store) -> None:
    cube().to_zarr(tmp_path / "a.zarr", group="r10m")
    cube().to_zarr(tmp_path / "a.zarr", group="r20m", mode="a")
    with pytest.raises(IngestError, match=r"no variable on a y and an x axis; name one of its groups: .*/r10m, "):
        ingest(store, tmp_path / "a.zarr", "a")
    assert ingest(store, tmp_path / "a.zarr" / "r20m", "a", resolution=8).cells > 0


def test_store_is_taken_once_and_known_when_it_grows(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.zarr"
    cube(3).to_zarr(path)
    ingest(store, path, "a", resolution=8)
    assert ingest(store, path, "a").version is None
    cube(4).isel(time=[3]).to_zarr(path, append_dim="time")
    assert "changed since" in ingest(store, path, "a").skipped[0][1]
    ingest(store, path, "a", replace_changed=True)
    assert len(by_time(store, "a")) == 4


def test_plan_of_a_store(tmp_path: Path, store: Store) -> None:
    cube().to_zarr(tmp_path / "a.zarr")
    plan = plan_ingest(store, tmp_path / "a.zarr", "a", resolution=8)
    assert (plan.pictures, plan.sources) == (4, 1) and plan.all_cells == 4 * plan.cells > 0


def test_only_the_window_that_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks outside of the window are not touched: they may be damaged."""
    path = tmp_path / "a.zarr"
    cube(1).to_zarr(path, zarr_format=3, encoding={"t": {"chunks": (1, 10, 10)}})
    for name in ("0/0/1", "0/0/2", "0/1/0", "0/1/1", "0/1/2"):
        (path / "t/c" / name).write_bytes(b"no chunk")
    from cubeql.ingest.pixelgrid import PixelWindow

    source = NetcdfSource(str(path))
    values, _ = source.read(source.bands[0], [0], PixelWindow(0, 0, 10, 10))
    assert values.shape == (1, 10, 10)
    with pytest.raises(IngestError, match=r"a\.zarr: cannot be read"):
        source.read(source.bands[0], [0], PixelWindow(0, 0, 10, 11))
    source.close()


def test_damaged_store_leaves_the_layer_as_it_was(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.zarr"
    cube().to_zarr(path, zarr_format=3)
    (path / "zarr.json").write_text("{")
    with pytest.raises(IngestError, match=r"a\.zarr: cannot be read"):
        ingest(store, path, "a")
    assert store.layer("a") is None


def test_store_behind_an_address_is_refused_without_its_key(store: Store) -> None:
    with pytest.raises(IngestError, match=r"https://host/a\.zarr: is a Zarr store behind an address") as caught:
        ingest(store, "https://host/a.zarr?sig=secret", "a")
    assert "secret" not in str(caught.value)
