"""Rings across the antimeridian and round the poles, as geometries between -180 and 180 degrees.

A ring is *wrapped* when its longitudes jump from near 180 to near -180 where it crosses the antimeridian. It
is unrolled by taking the short way from each corner to the next; a ring that has then gone once round the
Earth holds a pole.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EDGE = 180.0


def split_wrapped(polygon: shapely.Polygon) -> shapely.Geometry:
    """The polygon of a wrapped ring, cut at the antimeridian; holes are wrapped rings as well.

    Returns:
        A valid Polygon or MultiPolygon with longitudes -180 to 180.
    """
    shell = shapely.Polygon(_unrolled(polygon.exterior))
    whole = fold(shell)
    for hole in polygon.interiors:
        whole = shapely.difference(whole, fold(shapely.Polygon(_unrolled(hole))))
    return whole


def fold(area: shapely.Geometry) -> shapely.Geometry:
    """The polygons whose longitudes may lie beyond 180 or -180, cut there and moved to -180 to 180."""
    west, _, east, _ = area.bounds
    if west >= -EDGE and east <= EDGE:
        return area
    first = math.floor((west + EDGE) / 360.0)
    last = math.ceil((east + EDGE) / 360.0)
    parts = []
    for turn in range(first, last):
        window = shapely.box(-EDGE + 360.0 * turn, -90.0, EDGE + 360.0 * turn, 90.0)
        part = _polygons(shapely.intersection(area, window))
        parts.append(shapely.transform(part, lambda xy, turn=turn: xy - (360.0 * turn, 0.0)))
    return shapely.union_all(parts)


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a cut; where it only touched the window, lines and points are left over."""
    pieces = shapely.get_parts(geometry)
    return shapely.union_all(pieces[shapely.get_dimensions(pieces) == 2])


def _unrolled(ring: shapely.LinearRing) -> FloatArray:
    """Corners, shape (n, 2), with longitudes that run on beyond 180; round a pole, closed along it."""
    corners = shapely.get_coordinates(ring)
    steps = np.diff(corners[:, 0])
    steps -= 360.0 * np.round(steps / 360.0)
    lon = corners[0, 0] + np.concatenate([[0.0], np.cumsum(steps)])
    unrolled = np.column_stack([lon, corners[:, 1]])
    if abs(lon[-1] - lon[0]) < EDGE:
        unrolled[-1] = unrolled[0]
        return unrolled
    pole = math.copysign(90.0, float(corners[:, 1].mean()))
    down = np.array([[lon[-1], pole], [lon[0], pole]])
    return np.concatenate([unrolled, down, unrolled[:1]])
