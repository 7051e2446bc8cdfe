"""The door to regions: a function for each way to write one.

Longitude comes first, degrees, WGS 84. Every function raises a ValueError that says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.errors import ShapelyError

from cubeql.grid.cells import centers, disk_cells
from cubeql.grid.cellsets import CellSetShape, PointsShape
from cubeql.grid.geometry import LON_LAT, Geometries, region_of
from cubeql.grid.ground import CircleShape, PlanarShape
from cubeql.grid.nesting import check_wkt
from cubeql.grid.outlines import fold
from cubeql.grid.readers import read_file, read_geojson
from cubeql.grid.shapes import Mask, RegionShape, UnionShape
from cubeql.values.cells import CellArray, fault_of, format_cell, parse_cell, resolution_of

__all__ = [
    "MOST_DISK_STEPS", "Mask", "RegionShape", "bbox", "cell", "cells", "circle", "disk", "file", "geojson",
    "geometry", "point", "points", "polygon_wkt", "union",
]  # fmt: skip

MOST_DISK_STEPS = 1000
"""The largest ``k`` of a disk: three million cells."""


def bbox(west: float, south: float, east: float, north: float) -> RegionShape:
    """Everything between two meridians and two parallels, borders included.

    A box whose west is greater than its east crosses the antimeridian; longitudes up to 360 are taken, too.
    """
    for name, value in (("west", west), ("east", east)):
        _check_between(name, value, -180.0, 360.0)
    for name, value in (("south", south), ("north", north)):
        _check_between(name, value, -90.0, 90.0)
    if south >= north:
        raise ValueError(f"south must be less than north, and {south:g} is not less than {north:g}")
    width = east - west if west < east else east - west + 360.0
    if west == east or not 0.0 < width <= 360.0:
        raise ValueError(f"a box from west {west:g} to east {east:g} is {abs(east - west):g} degrees wide")
    return PlanarShape(fold(shapely.box(west, south, west + width, north)))


def polygon_wkt(text: str) -> RegionShape:
    """The ground inside a POLYGON or MULTIPOLYGON in WKT; longitudes beyond 180 cross the antimeridian."""
    try:
        check_wkt(text)
        shape = shapely.from_wkt(text)
    except (ShapelyError, TypeError, ValueError) as fault:
        raise ValueError(f"the polygon is no WKT: {fault}") from None
    if shape.geom_type not in ("Polygon", "MultiPolygon", "GeometryCollection"):
        raise ValueError(f"the polygon is a {shape.geom_type}: POLYGON or MULTIPOLYGON is needed")
    return geometry(shape, "the polygon")


def geojson(value: str | Mapping[str, Any]) -> RegionShape:
    """The polygons and points of a GeoJSON geometry, Feature or FeatureCollection, as text or as a dict."""
    return region_of(read_geojson(value))


def file(path: str | Path) -> RegionShape:
    """The polygons and points of a GeoJSON, GeoPackage, GeoParquet or Shapefile, in any reference system."""
    return region_of(read_file(path))


def geometry(shape: Any, source: str = "the geometry") -> RegionShape:
    """The polygons and points of a shapely geometry in longitude and latitude."""
    if not isinstance(shape, shapely.Geometry):
        raise ValueError(f"{source} is a {type(shape).__name__}, not a shapely geometry")
    return region_of(Geometries([shape], LON_LAT, source))


def cell(which: int | str) -> RegionShape:
    """A cell, with all that lies below it; on a coarser grid its ancestor."""
    return CellSetShape(np.array([_one_cell(which)], dtype=np.int64))


def cells(which: CellArray) -> RegionShape:
    """Cells of one resolution, with all that lies below them; on a coarser grid their ancestors."""
    found = np.asarray(which, dtype=np.int64).reshape(-1)
    if found.size == 0:
        raise ValueError("the set of cells is empty")
    centers(found)  # refuses what is no cell
    resolutions = np.unique(resolution_of(found)).tolist()
    if len(resolutions) > 1:
        raise ValueError(f"the cells differ in resolution: {', '.join(map(str, resolutions))}")
    return CellSetShape(found)


def disk(which: int | str, k: int) -> RegionShape:
    """The :func:`cells` at most ``k`` steps from a cell, itself included."""
    center = _one_cell(which)
    if not 0 <= k <= MOST_DISK_STEPS:
        raise ValueError(f"the steps of a disk must be 0 to {MOST_DISK_STEPS}, not {k}")
    return CellSetShape(disk_cells(center, int(k)))


def circle(lon: float, lat: float, radius_m: float) -> RegionShape:
    """All ground up to a great-circle distance, metres, from a point, on the sphere that H3 uses."""
    _check_point(lon, lat)
    if not (math.isfinite(radius_m) and radius_m > 0.0):
        raise ValueError(f"the radius must be more than 0 metres, not {radius_m:g}")
    return CircleShape(lon, lat, radius_m / 1000.0)


def point(lon: float, lat: float) -> RegionShape:
    """The cell that holds a point."""
    _check_point(lon, lat)
    return PointsShape(np.array([lon], dtype=np.float64), np.array([lat], dtype=np.float64))


def points(lon: ArrayLike, lat: ArrayLike) -> RegionShape:
    """The cells that hold one of the points, at least one, given as longitudes and latitudes."""
    east, north = np.array(lon, dtype=np.float64).reshape(-1), np.array(lat, dtype=np.float64).reshape(-1)
    if east.size != north.size or not east.size:
        raise ValueError(f"points need as many latitudes as longitudes, not {north.size} and {east.size}")
    for x, y in ((east.min(), north.min()), (east.max(), north.max())):
        _check_point(float(x), float(y))
    return PointsShape(east, north)


def union(*parts: RegionShape) -> RegionShape:
    """What belongs to any of the regions, at least one."""
    if not parts:
        raise ValueError("a union needs at least one region")
    return parts[0] if len(parts) == 1 else UnionShape(parts)


def _one_cell(which: int | str) -> int:
    if isinstance(which, str):
        return parse_cell(which)
    fault = fault_of(int(which))
    if fault is not None:
        raise ValueError(f"{format_cell(which)} is no H3 cell: {fault}")
    return int(which)


def _check_point(lon: float, lat: float) -> None:
    _check_between("latitude", lat, -90.0, 90.0)
    _check_between("longitude", lon, -180.0, 360.0)


def _check_between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # false for NaN, too
        raise ValueError(f"{name} must be {low:g} to {high:g}, not {value:g}; longitude comes first")
