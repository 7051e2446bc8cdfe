"""Geometries of any reference system brought to longitude and latitude, and made into a region.

Edges are straight in the system the geometry was written in. In longitude and latitude an edge that spans
more than half the Earth is refused: it may be meant to cross the antimeridian, or not, and both are common.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError

from cubeql.grid.cellsets import PointsShape
from cubeql.grid.ground import PlanarShape
from cubeql.grid.outlines import fold, split_wrapped
from cubeql.grid.shapes import RegionShape, UnionShape

LON_LAT = "OGC:CRS84"

_CODE = re.compile(r"[\w.-]+(:[\w.-]*)*|https?://www\.opengis\.net/def/crs(/[\w.-]+){3}")
_EDGE_PIECES = 256  # a projected edge is bent into so many pieces to the width of the whole
_ROUNDING = 1e-9  # degrees


def is_code(crs: object) -> bool:
    """Whether a reference system is written as a code or name: other texts can have libraries open files and URLs."""
    return isinstance(crs, int) or (isinstance(crs, str) and _CODE.fullmatch(crs) is not None)


@dataclass(frozen=True, slots=True)
class Geometries:
    """What a text or a file held.

    Attributes:
        items: geometries, None where a feature has none.
        crs: reference system, as pyproj takes it.
        source: what the geometries came from, for messages.
    """

    items: Sequence[shapely.Geometry | None]
    crs: Any
    source: str

    def name(self, at: int) -> str:
        """What to call the geometry at a position, in a message."""
        return self.source if len(self.items) == 1 else f"feature {at + 1} of {self.source}"


def region_of(found: Geometries) -> RegionShape:
    """The region of all polygons and points.

    Raises:
        ValueError: there is nothing, a line, a ring that crosses itself, or a place that is not on Earth.
    """
    polygons: list[shapely.Geometry] = []
    points: list[shapely.Geometry] = []
    for at, item in enumerate(found.items):
        for part in _simple_parts(item):
            _check_part(part, found.name(at))
            (polygons if part.geom_type == "Polygon" else points).append(part)
    if not polygons and not points:
        raise ValueError(f"{found.source} holds no geometry")
    shapes: list[RegionShape] = []
    if polygons:
        try:
            area = _area(polygons, found)
        except ShapelyError as fault:
            raise ValueError(f"{found.source} is no valid area in longitude and latitude: {fault}") from None
        shapes.append(PlanarShape(area))
    if points:
        shapes.append(_points(points, found))
    return shapes[0] if len(shapes) == 1 else UnionShape(tuple(shapes))


def lon_lat_area(found: Geometries) -> shapely.Geometry:
    """All polygons as one valid Polygon or MultiPolygon with longitudes -180 to 180, cut at the antimeridian.

    Raises:
        ValueError: as :func:`region_of`.
    """
    parts = [part for item in found.items for part in _simple_parts(item) if part.geom_type == "Polygon"]
    for part in parts:
        _check_part(part, found.source)
    if not parts:
        raise ValueError(f"{found.source} holds no polygon")
    try:
        return _area(parts, found)
    except ShapelyError as fault:
        raise ValueError(f"{found.source} is no valid area in longitude and latitude: {fault}") from None


def lon_lat_points(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: Any, source: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes of coordinates of a reference system, first coordinate east; not checked further.

    Raises:
        ValueError: the reference system is not understood, or does not reach a place.
    """
    transform = _transform(Geometries([], crs, source))
    if transform is None:
        return x, y
    lon, lat = (np.asarray(v, np.float64) for v in transform.transform(x, y))
    if not (np.isfinite(lon) & np.isfinite(lat)).all():
        raise ValueError("there is a place that its reference system does not reach")
    return lon, lat


def _simple_parts(item: shapely.Geometry | None) -> list[shapely.Geometry]:
    """Polygons, points and lines of a geometry, however deep in collections; what is empty is left out."""
    if item is None or item.is_empty:
        return []
    if not hasattr(item, "geoms"):
        return [shapely.force_2d(item)]
    return [part for each in item.geoms for part in _simple_parts(each)]


def _check_part(part: shapely.Geometry, name: str) -> None:
    if part.geom_type not in ("Polygon", "Point"):
        raise ValueError(f"{name} is a {part.geom_type}: a region is made of polygons or points")
    if not np.isfinite(shapely.get_coordinates(part)).all():
        raise ValueError(f"{name} has a coordinate that is not a finite number")
    if not part.is_valid:
        reason = shapely.is_valid_reason(part)
        raise ValueError(f"{name} is no valid polygon: {reason}; shapely.make_valid can mend it")


def _area(polygons: list[shapely.Geometry], found: Geometries) -> shapely.Geometry:
    transform = _transform(found)
    if transform is None or transform.source_crs.is_geographic:
        placed = polygons if transform is None else [_moved(p, transform, found) for p in polygons]
        for polygon in placed:
            _check_place(shapely.get_coordinates(polygon), found)
            _check_edges(polygon, found)
        folded = [fold(p) for p in placed]
    else:
        bent = [shapely.segmentize(p, _longest_edge(p)) for p in polygons]
        folded = [_unwrapped(_moved(p, transform, found)) for p in bent]
    area = folded[0] if len(folded) == 1 else shapely.union_all(folded)
    if not area.is_valid or area.is_empty:
        raise ValueError(f"{found.source} is no valid area in longitude and latitude")
    return area


def _points(points: list[shapely.Geometry], found: Geometries) -> PointsShape:
    transform = _transform(found)
    placed = points if transform is None else [_moved(p, transform, found) for p in points]
    xy = shapely.get_coordinates(placed)
    _check_place(xy, found)
    return PointsShape(np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]))


def _transform(found: Geometries) -> Any:
    """The way to longitude and latitude; None where that is what the geometries have."""
    if found.crs == LON_LAT:
        return None
    import pyproj

    try:
        return _known_transform(pyproj.CRS.from_user_input(found.crs).to_wkt())
    except pyproj.exceptions.ProjError as fault:
        raise ValueError(f"the reference system of {found.source} is not understood: {fault}") from None


@lru_cache(maxsize=8)
def _known_transform(crs: str) -> Any:
    import pyproj

    source, target = pyproj.CRS.from_wkt(crs), pyproj.CRS.from_user_input(LON_LAT)
    if source.equals(target, ignore_axis_order=True):
        return None
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _moved(geometry: shapely.Geometry, transform: Any, found: Geometries) -> shapely.Geometry:
    moved = shapely.transform(geometry, lambda xy: np.column_stack(transform.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise ValueError(f"{found.source} has a place that its reference system does not reach")
    return moved


def _longest_edge(polygon: shapely.Geometry) -> float:
    west, south, east, north = polygon.bounds
    return float(max(east - west, north - south)) / _EDGE_PIECES


def _unwrapped(polygon: shapely.Geometry) -> shapely.Geometry:
    """A reprojected polygon; its edges are short, so a jump in longitude is the antimeridian."""
    west, _, east, _ = polygon.bounds
    return split_wrapped(polygon) if east - west > 180.0 else polygon


def _check_place(xy: NDArray[np.float64], found: Geometries) -> None:
    worst = float(np.abs(xy[:, 1]).max())
    if worst > 90.0 + _ROUNDING:
        raise ValueError(f"{found.source} has the latitude {worst:g}: longitude comes first, in degrees")
    widest = float(np.abs(xy[:, 0]).max())
    if widest > 540.0:
        raise ValueError(f"{found.source} has the longitude {widest:g}: degrees are needed, -180 to 180")


def _check_edges(polygon: shapely.Geometry, found: Geometries) -> None:
    for ring in (polygon.exterior, *polygon.interiors):
        xy = shapely.get_coordinates(ring)
        span = np.abs(np.diff(xy[:, 0]))
        at_pole = (np.abs(xy[:-1, 1]) == 90.0) & (np.abs(xy[1:, 1]) == 90.0)
        bad = np.flatnonzero((span > 180.0 + _ROUNDING) & (span < 360.0 - _ROUNDING) & ~at_pole)
        if bad.size:
            (x0, y0), (x1, y1) = xy[bad[0]], xy[bad[0] + 1]
            raise ValueError(
                f"{found.source} has an edge from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g}), more than half round "
                "the Earth: to cross the antimeridian go on beyond 180; else put a corner between them"
            )
