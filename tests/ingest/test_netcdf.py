"""NetCDF files after the CF conventions: packing, axes, systems, times, further dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import xarray as xr
from affine import Affine

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored
from tests.ingest.reference import regridded

LON, LAT = 11.005 + 0.01 * np.arange(9), 48.295 - 0.01 * np.arange(8)
LATLON = {"lat": {"units": "degrees_north"}, "lon": {"units": "degrees_east"}}


def dataset(values: Any, dims: tuple[str, ...] = ("lat", "lon"), **coords: Any) -> xr.Dataset:
    found = xr.Dataset({"v": (dims, values)}, coords={"lat": LAT, "lon": LON, **coords})
    for name, attributes in LATLON.items():
        found[name].attrs.update(attributes)
    return found


def write(ds: xr.Dataset, path: Path, **encoding: Any) -> str:
    ds.to_netcdf(path, encoding=encoding or None)
    return str(path)


def layer_of(store: Store, name: str = "a"):
    layer = store.layer(name)
    assert layer is not None
    return layer


def test_packed_values_stay_packed(tmp_path: Path, store: Store) -> None:
    ds = dataset(np.linspace(-10, 30, 72).reshape(8, 9))
    ds.v.attrs.update(units="degC", long_name="air temperature")
    ds.v[2, 3] = np.nan
    path = write(
        ds, tmp_path / "a.nc", v={"dtype": "int16", "scale_factor": 0.01, "add_offset": 5.0, "_FillValue": -32768}
    )
    ingest(store, path, "a")
    (band,) = layer_of(store).bands
    assert (band.name, band.storage, band.scale, band.offset) == ("v", "int16", 0.01, 5.0)
    assert (band.unit, band.long_name) == ("degC", "air temperature")
    packed = np.rint((ds.v.values - 5) / 0.01)
    packed = np.where(np.isnan(packed), -32768, packed).astype(np.int16)
    assert_same(stored(store, "a", "v"), regridded(picture_of(packed, nodata=-32768), 8, "nearest"))


def test_missing_value_and_valid_range_are_no_data(tmp_path: Path, store: Store) -> None:
    values = patterned(8, 9, np.int16)
    values[0], values[1], values[2] = -99, 200, -5
    ds = dataset(values)
    ds.v.attrs.update(missing_value=np.int16(-99), valid_range=np.array([0, 100], np.int16))
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    valid = np.where((values < 0) | (values > 100), -99, values)
    assert_same(stored(store, "a", "v"), regridded(picture_of(valid, nodata=-99), 8, "nearest"))


def test_decoded_range_of_a_packed_variable_hides_nothing(tmp_path: Path, store: Store) -> None:
    ds = dataset(patterned(8, 9, np.int16))
    ds.v.attrs.update(scale_factor=0.1, valid_range=np.array([0.0, 5.0]))
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    assert_same(stored(store, "a", "v"), regridded(picture_of(ds.v.values), 8, "nearest"))


def test_unsigned_bytes_written_as_signed(tmp_path: Path, store: Store) -> None:
    values = np.arange(180, 252).reshape(8, 9).astype(np.uint8)
    ds = dataset(values.view(np.int8))
    ds.v.attrs.update(_Unsigned="true", missing_value=np.int8(-1))
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    assert_same(stored(store, "a", "v"), regridded(picture_of(values), 8, "nearest"))


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("west", [11.005, 371.005, -348.995])
def test_latitudes_up_or_down_and_longitudes_of_any_turn(tmp_path: Path, store: Store, order: str, west: float) -> None:
    values = patterned(8, 9)
    ds = dataset(values).assign_coords(lon=("lon", west + 0.01 * np.arange(9), LATLON["lon"]))
    if order == "ascending":
        ds = ds.isel(lat=slice(None, None, -1))
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    assert_same(stored(store, "a", "v"), regridded(picture_of(values), 8, "nearest"))


def test_axes_in_any_order(tmp_path: Path, store: Store) -> None:
    values = patterned(8, 9)
    cube = np.stack([values, values + 1])
    ds = dataset(cube, ("time", "lat", "lon"), time=np.array(["2024-05-01", "2024-06-01"], "datetime64[ns]"))
    path = write(ds.transpose("lon", "time", "lat"), tmp_path / "a.nc")
    ingest(store, path, "a")
    for i, time in enumerate(("2024-05-01", "2024-06-01")):
        assert_same(stored(store, "a", "v", time), regridded(picture_of(cube[i]), 8, "nearest"), 1e-6)


@pytest.mark.parametrize("how", ["wkt", "cf", "global attribute", "kilometres"])
def test_projected_axes(tmp_path: Path, store: Store, how: str) -> None:
    values = patterned(16, 20)
    transform = Affine(1000, 0, 4321000, 0, -1000, 3210000)
    unit = 1000 if how == "kilometres" else 1
    ds = xr.Dataset(
        {"v": (("y", "x"), values)},
        coords={"y": (3209500 - 1000 * np.arange(16)) / unit, "x": (4321500 + 1000 * np.arange(20)) / unit},
    )
    for axis in "xy":
        ds[axis].attrs["units"] = "km" if unit == 1000 else "m"
    crs = pyproj.CRS("EPSG:3035")
    if how == "global attribute":
        ds.attrs["crs"] = "EPSG:3035"
    else:
        ds["crs"] = 0
        ds.crs.attrs.update({"spatial_ref": crs.to_wkt()} if how == "wkt" else crs.to_cf())
        if how != "wkt":
            del ds.crs.attrs["crs_wkt"]
        ds.v.attrs["grid_mapping"] = "crs"
    ingest(store, write(ds, tmp_path / "a.nc"), "a", resolution=7, method="nearest")
    assert_same(stored(store, "a", "v"), regridded(picture_of(values, transform, "EPSG:3035"), 7, "nearest"))


def test_global_float32_axes_have_no_seam(tmp_path: Path, store: Store) -> None:
    lat, lon = np.arange(90, -90.1, -2.5, dtype=np.float32), np.arange(0, 360, 2.5, dtype=np.float32)
    values = patterned(73, 144)
    ds = xr.Dataset({"v": (("latitude", "longitude"), values)}, {"latitude": lat, "longitude": lon})
    ingest(store, write(ds, tmp_path / "a.nc"), "a", resolution=2)
    found = stored(store, "a", "v")
    assert len(found) == 5882
    assert set(np.float32(list(found.values()))) <= set(values.ravel())


@pytest.mark.parametrize(
    ("numbers", "units", "calendar", "times"),
    [
        ([0, 31], "days since 2024-01-01", "standard", ["2024-01-01", "2024-02-01"]),
        ([0.5, 1.25], "days since 2024-02-28 00:00:0.0", "proleptic_gregorian", ["2024-02-28T12", "2024-02-29T06"]),
        ([0, 1], "months since 1990-01-01", "standard", ["1990-01-01", "1990-02-01"]),
        ([58, 59], "days since 2023-01-01", "noleap", ["2023-02-28", "2023-03-01"]),
        ([700000, 700001], "hours since 1900-01-01 00:00:00", "gregorian", ["1979-11-09T16", "1979-11-09T17"]),
        ([0, 1500], "milliseconds since 2024-01-01T00:00:00Z", "standard", ["2024-01-01", "2024-01-01T00:00:01.5"]),
    ],
)
def test_time_axis(
    tmp_path: Path, store: Store, numbers: list[float], units: str, calendar: str, times: list[str]
) -> None:
    ds = dataset(np.stack([patterned(8, 9)] * 2), ("time", "lat", "lon"), time=np.array(numbers))
    ds.time.attrs.update(units=units, calendar=calendar)
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    assert {b.time for b in store.read_blocks("a")} == {np.datetime64(t, "us") for t in times}


def test_dates_that_do_not_exist_are_refused(tmp_path: Path, store: Store) -> None:
    ds = dataset(np.stack([patterned(8, 9)] * 2), ("time", "lat", "lon"), time=np.array([30, 59]))
    ds.time.attrs.update(units="days since 2023-01-01", calendar="360_day")
    with pytest.raises(IngestError, match="360_day"):
        ingest(store, write(ds, tmp_path / "a.nc"), "a")


def test_band_in_days_stays_a_number(tmp_path: Path, store: Store) -> None:
    ds = dataset(patterned(8, 9, np.int16))
    ds.v.attrs["units"] = "days"
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    assert layer_of(store).bands[0].unit == "days"
    assert_same(stored(store, "a", "v"), regridded(picture_of(ds.v.values), 8, "nearest"))


def test_bounds_say_what_a_stamp_means(tmp_path: Path, store: Store) -> None:
    ds = dataset(np.stack([patterned(8, 9)] * 2), ("time", "lat", "lon"), time=np.array([15, 45]))
    ds.time.attrs.update(units="days since 2024-01-01", bounds="time_bnds")
    ds["time_bnds"] = (("time", "bnds"), np.array([[0, 31], [31, 60]]))
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    axis = layer_of(store).time
    assert axis is not None and axis.stamp == "start"
    spans = {(str(b.time)[:10], str(b.time_end)[:10]) for b in store.read_blocks("a")}
    assert spans == {("2024-01-01", "2024-02-01"), ("2024-02-01", "2024-03-01")}
    assert [b.name for b in layer_of(store).bands] == ["v"]


def test_further_axes_become_dimensions(tmp_path: Path, store: Store) -> None:
    cube = np.stack([np.stack([patterned(8, 9, seed=10 * i + j) for j in range(3)]) for i in range(2)])
    ds = dataset(cube, ("time", "depth", "lat", "lon"), depth=("depth", np.float32([0.1, 2, 5]), {"units": "m"}),
                 time=np.array(["2024-05-01", "2024-06-01"], "datetime64[ns]"))  # fmt: skip
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    (dimension,) = layer_of(store).dimensions
    assert (dimension.name, dimension.type, dimension.unit) == ("depth", "number", "m")
    for i, time in enumerate(("2024-05-01", "2024-06-01")):
        for j, depth in enumerate((0.1, 2.0, 5.0)):
            wanted = regridded(picture_of(cube[i, j]), 8, "nearest")
            assert_same(stored(store, "a", "v", time, depth=depth), wanted)


def test_axis_of_one_value_is_left_out_unless_asked_for(tmp_path: Path, store: Store) -> None:
    ds = dataset(patterned(8, 9)[None], ("height", "lat", "lon"), height=[2.0])
    path = write(ds, tmp_path / "a.nc")
    report = ingest(store, path, "a")
    assert layer_of(store).dimensions == () and "height" in report.notes[0]
    ingest(store, path, "b", dimensions=["height"])
    assert [d.name for d in layer_of(store, "b").dimensions] == ["height"]


def test_month_axis_takes_times_from_the_argument(tmp_path: Path, store: Store) -> None:
    cube = np.stack([patterned(8, 9, seed=i) for i in range(3)])
    path = write(dataset(cube, ("month", "lat", "lon"), month=[1, 2, 3]), tmp_path / "a.nc")
    ingest(store, path, "plain")
    assert [d.name for d in layer_of(store, "plain").dimensions] == ["month"]
    ingest(store, path, "a", time_dimension="month", time=["2024-01", "2024-02", "2024-03"], step="P1M")
    spans = {(str(b.time)[:10], str(b.time_end)[:10]) for b in store.read_blocks("a")}
    assert spans == {("2024-01-01", "2024-02-01"), ("2024-02-01", "2024-03-01"), ("2024-03-01", "2024-04-01")}
    assert_same(stored(store, "a", "v", "2024-02-01"), regridded(picture_of(cube[1]), 8, "nearest"))


def test_classes_of_flags(tmp_path: Path, store: Store) -> None:
    ds = dataset(patterned(8, 9, np.uint8) % 3)
    ds.v.attrs.update(flag_values=np.array([0, 1, 2], np.uint8), flag_meanings="clear cloud shadow")
    ingest(store, write(ds, tmp_path / "a.nc"), "a")
    (band,) = layer_of(store).bands
    assert (band.kind, band.classes) == ("categorical", ((0, "clear"), (1, "cloud"), (2, "shadow")))


def test_variables_are_chosen_and_renamed(tmp_path: Path, store: Store) -> None:
    ds = dataset(patterned(8, 9))
    ds["w"] = (("lat", "lon"), patterned(8, 9, np.int16))
    ds["name"] = (("lat",), np.array(list("abcdefgh")))
    path = write(ds, tmp_path / "a.nc")
    ingest(store, path, "a", bands={"wind": "w"})
    assert [b.name for b in layer_of(store).bands] == ["wind"]
    ingest(store, path, "b")
    assert [b.name for b in layer_of(store, "b").bands] == ["v", "w"]
    with pytest.raises(IngestError, match=r"no variable 'ww'.*w"):
        ingest(store, path, "c", bands=["ww"])


def test_variables_on_different_axes_are_refused(tmp_path: Path, store: Store) -> None:
    ds = dataset(np.stack([patterned(8, 9)] * 2), ("depth", "lat", "lon"), depth=[1, 2])
    ds["mask"] = (("lat", "lon"), patterned(8, 9, np.int16))
    path = write(ds, tmp_path / "a.nc")
    with pytest.raises(IngestError, match=r"different axes.*v on \(depth, lat, lon\).*bands="):
        ingest(store, path, "a")
    ingest(store, path, "a", bands=["mask"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign_coords(lat=("lat", LAT - 0.001 * (LAT < 48.26), LATLON["lat"])), "not evenly spaced"),
        (lambda d: d.drop_vars(["lat", "lon"]), "have no coordinates"),
        (lambda d: d.rename(lat="a", lon="b"), "no variable on a y and an x axis|no clear x and y"),
        (lambda d: d.isel(lat=[0]), "one value and no bounds"),
        (lambda d: d.assign(v=d.v.astype(str)), "no variable on a y and an x axis"),
    ],
)  # fmt: skip
def test_axes_that_cannot_be_used(tmp_path: Path, store: Store, change: Any, message: str) -> None:
    ds = dataset(patterned(8, 9))
    for axis in ("lat", "lon"):
        ds[axis].attrs.clear()
    with pytest.raises(IngestError, match=message):
        ingest(store, write(change(ds), tmp_path / "a.nc"), "a")


def test_projected_axes_without_a_system_are_refused(tmp_path: Path, store: Store) -> None:
    ds = xr.Dataset({"v": (("y", "x"), patterned(8, 9))}, {"y": np.arange(8.0), "x": np.arange(9.0)})
    path = write(ds, tmp_path / "a.nc")
    with pytest.raises(IngestError, match="states no reference system; give it as crs="):
        ingest(store, path, "a")
