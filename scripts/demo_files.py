"""Writers of the demo's file formats: GeoTIFF, month VRT, CF NetCDF, GeoJSON, with the attribution inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import netCDF4
import numpy as np
import pyproj
import rasterio
from rasterio.transform import Affine

LON_LAT = "EPSG:4326"


@dataclass(frozen=True)
class Raster:
    """A GeoTIFF to write: values ``(bands, rows, columns)``, place, and what its bands are."""

    values: Any
    transform: Affine
    names: Sequence[str]
    crs: str = LON_LAT
    nodata: float | None = None
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    classes: Sequence[str] = ()


def write_tif(path: Path, raster: Raster, tags: Mapping[str, str]) -> None:
    """Write a GeoTIFF; bands are interleaved by pixel, so that the months of a place lie side by side."""
    count, height, width = raster.values.shape
    block = 256 if min(height, width) >= 256 else 16 * -(-min(height, width) // 16)
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=raster.values.dtype.name,
        crs=raster.crs, transform=raster.transform, nodata=raster.nodata, interleave="pixel", tiled=True,
        blockxsize=block, blockysize=block, compress="zstd", zstd_level=22,
        predictor=1 if raster.classes else 2,
    ) as file:  # fmt: skip
        file.write(raster.values)
        file.update_tags(**tags)
        file.descriptions = tuple(raster.names)
        file.scales, file.offsets = (raster.scale,) * count, (raster.offset,) * count
        if raster.unit:
            file.units = (raster.unit,) * count
        if raster.classes:
            file.update_tags(
                1, classes="|".join(f"{code}={name}" for code, name in enumerate(raster.classes))
            )


@dataclass(frozen=True)
class VrtBand:
    """A band of a VRT: one band of another file, with its packing."""

    name: str
    file: str
    band: int
    unit: str
    scale: float
    nodata: int
    long_name: str


def write_vrt(
    path: Path, size: tuple[int, int], transform: Affine, bands: Sequence[VrtBand], tags: Mapping[str, str]
) -> None:
    """Write a GDAL virtual raster of int16 bands; ``size`` is (columns, rows)."""
    width, height = size
    metadata = "\n".join(f'    <MDI key="{k}">{escape(v)}</MDI>' for k, v in tags.items())
    rectangle = f'xOff="0" yOff="0" xSize="{width}" ySize="{height}"'
    parts = [
        f"""  <VRTRasterBand dataType="Int16" band="{number}">
    <Metadata>
      <MDI key="long_name">{escape(band.long_name)}</MDI>
    </Metadata>
    <Description>{escape(band.name)}</Description>
    <UnitType>{escape(band.unit)}</UnitType>
    <Scale>{band.scale:g}</Scale>
    <NoDataValue>{band.nodata}</NoDataValue>
    <ComplexSource>
      <SourceFilename relativeToVRT="1">{escape(band.file)}</SourceFilename>
      <SourceBand>{band.band}</SourceBand>
      <SrcRect {rectangle} />
      <DstRect {rectangle} />
      <NODATA>{band.nodata}</NODATA>
    </ComplexSource>
  </VRTRasterBand>"""
        for number, band in enumerate(bands, 1)
    ]
    path.write_text(
        f"""<VRTDataset rasterXSize="{width}" rasterYSize="{height}">
  <SRS dataAxisToSRSAxisMapping="2,1">{LON_LAT}</SRS>
  <GeoTransform>{", ".join(repr(v) for v in transform.to_gdal())}</GeoTransform>
  <Metadata>
{metadata}
  </Metadata>
"""
        + "\n".join(parts)
        + "\n</VRTDataset>\n"
    )


@dataclass(frozen=True)
class Variable:
    """A band of a NetCDF cube: stored values ``(time, y, x)`` and their attributes."""

    name: str
    values: Any
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Cube:
    """A NetCDF file to write: projected axes in metres, days, bands."""

    crs: str
    x: Any
    y: Any
    days: Any
    bands: Sequence[Variable]


def write_cube(path: Path, cube: Cube, tags: Mapping[str, str]) -> None:
    """Write a CF-1.8 NetCDF file; values of all dates of a band lie in one chunk."""
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts({"Conventions": "CF-1.8", **_cf_names(tags)})
        for name, size in (("time", len(cube.days)), ("y", len(cube.y)), ("x", len(cube.x))):
            file.createDimension(name, size)
        mapping = file.createVariable("spatial_ref", "i4")
        mapping.setncatts(pyproj.CRS.from_user_input(cube.crs).to_cf())
        for axis, values in (("x", cube.x), ("y", cube.y)):
            variable = file.createVariable(axis, "f8", (axis,))
            variable.setncatts(
                {"standard_name": f"projection_{axis}_coordinate", "units": "m", "axis": axis.upper()}
            )
            variable[:] = values
        time = file.createVariable("time", "i4", ("time",))
        time.setncatts(
            {"standard_name": "time", "units": "days since 2015-01-01", "calendar": "standard", "axis": "T"}
        )
        time[:] = (cube.days - np.datetime64("2015-01-01", "D")).astype(np.int32)
        for band in cube.bands:
            _write_band(file, band)


def _write_band(file: netCDF4.Dataset, band: Variable) -> None:
    attributes = dict(band.attributes)
    variable = file.createVariable(
        band.name, band.values.dtype, ("time", "y", "x"), compression="zlib", complevel=9, shuffle=True,
        chunksizes=band.values.shape, fill_value=attributes.pop("_FillValue"),
    )  # fmt: skip
    variable.set_auto_maskandscale(False)
    variable.setncatts({**attributes, "grid_mapping": "spatial_ref"})
    variable[:] = band.values


def _cf_names(tags: Mapping[str, str]) -> dict[str, str]:
    """CF and ACDD say ``license`` and ``references``; the words of the other formats stay too."""
    return {**tags, "license": tags["licence"], "references": tags["citation"]}


def write_geojson(path: Path, features: Sequence[Mapping[str, Any]], tags: Mapping[str, str]) -> None:
    """Write a FeatureCollection, a line a feature; the attribution lies beside ``features``."""
    head = "".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)},\n" for k, v in tags.items())
    rows = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    path.write_text(f'{{"type": "FeatureCollection",\n{head}"features": [\n{rows}\n]}}\n', encoding="utf-8")
