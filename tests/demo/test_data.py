"""The data files are complete, small, what they say they are, and carry whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio

from cubeql.demo.layers import LAYERS
from cubeql.demo.sources import DATA, DataSource, data_sources
from scripts.demo_page import page

SOURCES = tuple(data_sources().values())
FILES = [pytest.param(source, name, id=name) for source in SOURCES for name in source.files]


def test_every_file_has_a_source_and_every_source_its_files() -> None:
    there = {str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file()}
    assert there == {name for source in SOURCES for name in source.files}


def test_the_files_stay_under_eight_megabytes() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 8_000_000


@pytest.mark.parametrize(("source", "name"), FILES)
def test_each_file_says_whose_it_is_and_what_was_changed(source: DataSource, name: str) -> None:
    tags = _tags(DATA / name)
    assert {key: tags.get(key) for key in source.tags} == source.tags


def _tags(path: Path) -> dict[str, str]:
    if path.suffix == ".nc":
        with netCDF4.Dataset(path) as file:
            return {name: file.getncattr(name) for name in file.ncattrs()}
    if path.suffix == ".geojson":
        return {k: v for k, v in json.loads(path.read_text("utf-8")).items() if isinstance(v, str)}
    with rasterio.open(path) as file:
        return dict(file.tags())


def test_the_attribution_page_is_that_of_the_sources() -> None:
    assert (Path(__file__).parents[2] / "docs" / "demo-data.md").read_text("utf-8") == page(SOURCES)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_each_layer_has_its_files(layer: object) -> None:
    assert len(layer.paths) == (12 if layer.name == "climate" else 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["sentinel2_10m.nc", "sentinel2_20m.nc"])
def test_scenes_have_all_seasons_and_clouds(name: str) -> None:
    with netCDF4.Dataset(DATA / name) as file:
        file.set_auto_maskandscale(False)
        dates = netCDF4.num2date(file["time"][:], file["time"].units)
        clear = np.isin(file["scl"][:], (4, 5)).mean(axis=(1, 2))
        assert file["nir"].scale_factor == 0.0001
        assert file["spatial_ref"].grid_mapping_name == "lambert_azimuthal_equal_area"
    assert {d.month for d in dates} >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} - (
        {2} if "20" not in name else set()
    )
    assert clear.min() < 0.05
    assert clear.max() == 1


def test_some_wide_days_are_not_days_of_the_fine_scenes() -> None:
    days = []
    for pixel in ("10m", "20m"):
        with netCDF4.Dataset(DATA / f"sentinel2_{pixel}.nc") as file:
            days.append(set(file["time"][:].tolist()))
    assert len(days[0] & days[1]) >= 15
    assert len(days[1] - days[0]) >= 5


def test_a_month_of_the_climate_has_both_bands_with_units_and_longitudes_from_zero() -> None:
    with rasterio.open(DATA / "climate" / "era5_2000-07.vrt") as file:
        assert file.descriptions == ("t2m", "tp")
        assert file.units == ("degC", "mm")
        assert file.scales == (0.1, 1.0)
        assert (file.transform.c, file.transform.f) == (-0.125, 90.125)
        t2m = file.read(1, masked=True) * 0.1
        with rasterio.open(DATA / "climate" / "t2m.tif") as months:
            assert np.array_equal(file.read(1), months.read(7))
    assert -75 < t2m.min() < -60
    assert 35 < t2m.max() < 45
    assert 0.3 < np.ma.count(t2m) / t2m.size < 0.4


# East and west of Greenwich: the source is stretched in longitude, by a cell at the edges.
PEAKS = {
    "Rainier": (-121.76, 46.85),
    "Kilimanjaro": (37.35, -3.07),
    "Fuji": (138.73, 35.36),
    "Erebus": (167.15, -77.53),
    "Taranaki": (174.06, -39.3),
}


@pytest.mark.parametrize("peak", PEAKS)
def test_peaks_stand_where_they_are(peak: str) -> None:
    with rasterio.open(DATA / "elevation.tif") as file:
        row, column = file.index(*PEAKS[peak])
        codes = file.read(1, masked=True)[row - 3 : row + 4, column - 3 : column + 4]
        assert (file.scales, file.offsets) == ((28.0,), (-450.0,))
    high = np.argwhere(codes.filled(0) >= np.sort(codes.compressed())[-2])
    assert np.abs(high.mean(axis=0) - 3).max() <= 1
