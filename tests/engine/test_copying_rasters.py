"""COPY to rasters: every pixel has the value of the cell at its centre, and the file says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest
import rasterio
import xarray
from pyproj import CRS, Transformer

from cubeql.errors import QueryError

SERIES = "SELECT cell, time, red, nir FROM fine FILTER cell WITHIN CELLS half"


def copied(cube: Any, path: Path, query: str, options: str = "") -> Path:
    cube.query(f"COPY ({query}) TO '{path}'{options}")
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return path


def values_of(cube: Any, query: str, *keys: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(r[k] for k in keys): r for r in cube.query(query).to_arrow().to_pylist()}


def test_a_series_comes_back_pixel_by_pixel(cube: Any, tmp_path: Path) -> None:
    path = copied(cube, tmp_path / "out.nc", SERIES, " WITH (size 0.01)")
    rows = values_of(cube, SERIES, "cell", "time")
    wanted = {(cell, np.datetime64(time.replace(tzinfo=None))): row for (cell, time), row in rows.items()}
    seen = set()
    with xarray.open_dataset(path) as data:
        assert data["red"].dims == ("time", "lat", "lon") and len(data["time"]) == 9
        assert data["red"].attrs["units"] == "1" and data["red"].attrs["grid_mapping"] == "crs"
        assert data["lat"].attrs["standard_name"] == "latitude" and (np.diff(data["lat"]) < 0).all()
        for i, lat in enumerate(data["lat"].values[::3]):
            for j, lon in enumerate(data["lon"].values[::3]):
                cell = h3.str_to_int(h3.latlng_to_cell(lat, lon, 7))
                for k, time in enumerate(data["time"].values.astype("datetime64[us]")):
                    row = wanted.get((cell, time))
                    for name in ("red", "nir"):
                        found = float(data[name].values[k, 3 * i, 3 * j])
                        expected = None if row is None else row[name]
                        assert np.isnan(found) if expected is None else found == expected
                    seen |= {cell} if row else set()
    assert len(seen) > 10


def test_the_file_says_what_it_is(cube: Any, tmp_path: Path) -> None:
    path = copied(cube, tmp_path / "out.nc", SERIES)
    with xarray.open_dataset(path, decode_cf=False) as data:
        assert data.attrs["Conventions"].startswith("CF-1.")
        assert "SELECT cell, time, red, nir FROM fine" in data.attrs["history"]
        assert data.attrs["license"] == "CC0-1.0" and data.attrs["source"].startswith("fine (version")
        assert data["crs"].attrs["grid_mapping_name"] == "latitude_longitude"
        assert CRS.from_cf(data["crs"].attrs).to_epsg() == 4326
        assert data["time"].attrs["units"].startswith("microseconds since 1970")
        assert np.isnan(data["red"].attrs["_FillValue"])


def test_static_codes_with_their_names(cube: Any, tmp_path: Path) -> None:
    query = "SELECT cell, class, class > 2 AS high FROM classes"
    path = copied(cube, tmp_path / "out.nc", query, " WITH (size '500 m')")
    with xarray.open_dataset(path, decode_cf=False) as data:
        variable = data["class"]
        assert variable.dims == ("lat", "lon") and variable.dtype.kind == "i"
        assert variable.attrs["flag_meanings"] == "water forest crop urban"
        assert list(variable.attrs["flag_values"]) == [1, 2, 3, 4]
        found = set(np.unique(variable.values).tolist())
        assert found == {1, 2, 3, 4, int(variable.attrs["_FillValue"])}
        assert set(np.unique(data["high"].values).tolist()) == {0, 1, -128}


def test_a_projected_grid_in_metres(cube: Any, tmp_path: Path) -> None:
    query = "SELECT cell, elevation FROM finer"
    options = " WITH (crs 'EPSG:32632', size '200 m')"
    path = copied(cube, tmp_path / "out.nc", query, options)
    wanted = values_of(cube, query, "cell")
    back = Transformer.from_crs(32632, 4326, always_xy=True)
    with xarray.open_dataset(path) as data:
        assert data["elevation"].dims == ("y", "x") and data["x"].attrs["units"] == "m"
        assert float(data["x"][1] - data["x"][0]) == pytest.approx(200)
        assert data["elevation"].attrs["units"] == "m"
        found = 0
        for i, j in np.argwhere(~np.isnan(data["elevation"].values))[::7]:
            lon, lat = back.transform(float(data["x"][j]), float(data["y"][i]))
            row = wanted[(h3.str_to_int(h3.latlng_to_cell(lat, lon, 9)),)]
            assert data["elevation"].values[i, j] == row["elevation"]
            found += 1
        assert found > 20


def test_a_geotiff_of_several_bands(cube: Any, tmp_path: Path) -> None:
    query = "SELECT cell, elevation, slope FROM finer"
    path = copied(cube, tmp_path / "out.tif", query, " WITH (crs 'EPSG:32632', size [300, 200])")
    wanted = values_of(cube, query, "cell")
    back = Transformer.from_crs(32632, 4326, always_xy=True)
    with rasterio.open(path) as source:
        assert (source.width, source.height, source.count) == (300, 200, 2)
        assert source.descriptions == ("elevation", "slope") and source.units == ("m", "degree")
        assert np.isnan(source.nodata) and source.crs.to_epsg() == 32632
        bands = source.read()
        for i, j in np.argwhere(~np.isnan(bands[0]))[::50]:
            lon, lat = back.transform(*source.xy(i, j))
            row = wanted[(h3.str_to_int(h3.latlng_to_cell(lat, lon, 9)),)]
            assert bands[0, i, j] == row["elevation"]


@pytest.mark.parametrize(
    "query,ending,options,says",
    [
        ("SELECT cell, time, red FROM fine", "tif", "", r"\.nc"),
        ("SELECT cell, relief FROM far", "tif", " WITH (size '10 miles')", "'10 miles'"),
        ("SELECT cell, relief FROM far", "nc", " WITH (size [10])", "width and height"),
        ("SELECT cell, relief FROM far", "nc", " WITH (size [10, -1])", "width and height"),
        ("SELECT cell, relief FROM far", "nc", " WITH (size '0 m')", "above 0"),
        ("SELECT cell, relief FROM far", "nc", " WITH (size true)", "above 0"),
        ("SELECT cell, relief FROM far", "nc", " WITH (size 0.00001)", "pixels"),
        ("SELECT cell, relief FROM far", "nc", " WITH (crs 'EPSG:1')", "reference system"),
        ("SELECT cell, relief FROM far", "nc", " WITH (colour 'red')", "crs, size"),
        ("SELECT cell, t, time FROM forecast", "nc", "", "more than once"),
        ("SELECT cell, time, nullif(time, time) AS seen, v FROM twin UNION ALL SELECT cell, NULL, time, v FROM twin",
         "nc", "", "NULL"),
        ("SELECT red FROM fine", "nc", "", "cells"),
        ("SELECT cell FROM fine", "nc", "", "number"),
        ("SELECT cell, relief AS lat FROM far", "nc", "", "'lat'"),
        ("SELECT cell, red FROM fine FILTER red > 9", "nc", "", "no cells"),
    ],
)  # fmt: skip
def test_what_makes_no_raster_leaves_the_old_file(
    cube: Any, tmp_path: Path, query: str, ending: str, options: str, says: str
) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_text("old")
    with pytest.raises(QueryError, match=says):
        cube.query(f"COPY ({query}) TO '{path}'{options}")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == [path.name]
