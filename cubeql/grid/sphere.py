"""The area of polygons whose edges are straight in longitude and latitude, on the sphere: exact, in closed form.

Between an edge and the equator lies the integral of the sine of the latitude over the longitude; along such an
edge the latitude grows evenly, so that the mean of its sine is that of an arc.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def spherical_areas(areas: NDArray[np.object_]) -> FloatArray:
    """Area of each Polygon, MultiPolygon or collection (one axis), on the sphere of radius 1.

    Longitudes of a ring must not jump: what crosses the antimeridian is cut there. Points and lines have no area.
    """
    parts, owner = shapely.get_parts(areas, return_index=True)
    nested = shapely.get_num_geometries(parts) > 1
    while nested.any():
        parts, above = shapely.get_parts(parts, return_index=True)
        owner = owner[above]
        nested = shapely.get_num_geometries(parts) > 1
    flat = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, polygon = shapely.get_rings(parts[flat], return_index=True)
    is_hole = np.concatenate([[False], polygon[1:] == polygon[:-1]]) if polygon.size else np.zeros(0, np.bool_)
    found = np.zeros(len(areas))
    np.add.at(found, owner[flat][polygon], np.where(is_hole, -1.0, 1.0) * _ring_areas(rings))
    return found


def _ring_areas(rings: NDArray[np.object_]) -> FloatArray:
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.radians(xy[:, 0]), np.radians(xy[:, 1])
    inner = ring[1:] == ring[:-1]
    half = np.diff(lat)[inner] / 2.0
    middle = ((lat[1:] + lat[:-1]) / 2.0)[inner]
    # Measured from the ring's own latitude: what is small is not the difference of two large numbers.
    first = np.searchsorted(ring, np.arange(len(rings)))
    mean = np.sin(middle) * np.sinc(half / np.pi) - np.sin(lat[first])[ring[:-1][inner]]
    return np.abs(np.bincount(ring[:-1][inner], np.diff(lon)[inner] * mean, minlength=len(rings)))
