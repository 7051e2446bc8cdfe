"""The ground on which the cells of a tile lie: a circle round the tile's centre that holds all their centres.

Each step from a cell to one of its children is at most one spacing of the children long, on the plane of a
face; spacings shrink by the square root of 7. So the centres of all descendants, however fine, lie within
``spacing / (sqrt(7) - 1)`` of the centre on the plane, and no farther on the sphere, for the projection from
the plane to the sphere lengthens nothing. This reaches past the tile's own outline, as it must: descendants
stick out of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.areas import SPACING
from cubeql.grid.cells import centers
from cubeql.values.cells import CellArray

FloatArray = NDArray[np.float64]

_CORNER = 0.58  # of a spacing: from the centre of a cell to its corners, on the plane
_SLACK = 1.001  # rounding of centres, and nothing more: the bound itself is strict
_TINY = 1e-9  # degrees


def cap_radius(resolution: int) -> float:
    """Angle, radians, within which the centres of all descendants of a cell lie from its centre."""
    return _SLACK * SPACING / math.sqrt(7.0) ** resolution / (math.sqrt(7.0) - 1.0)


def outline_radius(resolution: int) -> float:
    """Angle, radians, within which the outline of a cell lies from its centre."""
    return _SLACK * _CORNER * SPACING / math.sqrt(7.0) ** resolution


@dataclass(frozen=True, slots=True)
class Caps:
    """One circle a cell, all of one radius.

    Attributes:
        lon: longitudes of the centres, degrees, one axis.
        lat: latitudes, alike.
        radius: angle, radians.
    """

    lon: FloatArray
    lat: FloatArray
    radius: float

    @staticmethod
    def of(cells: CellArray, resolution: int, reach: float = 0.0) -> Caps:
        """The circles of cells (one axis) that share a resolution, each wider by ``reach`` radians."""
        lon, lat = centers(cells)
        return Caps(lon, lat, cap_radius(resolution) + reach)

    def boxes(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """West, south, east and north, degrees, of a box round each circle.

        West may lie below -180 and east beyond 180, by less than 180; a circle that holds a pole has a box
        from -180 to 180 up to the pole.
        """
        reach = math.degrees(self.radius) + _TINY
        south, north = self.lat - reach, self.lat + reach
        polar = (south <= -90.0) | (north >= 90.0)
        level = np.where(polar, 1.0, np.cos(np.radians(self.lat)))
        half = np.degrees(np.arcsin(np.minimum(math.sin(self.radius) / level, 1.0))) + _TINY
        west = np.where(polar, -180.0, self.lon - half)
        east = np.where(polar, 180.0, self.lon + half)
        return west, np.maximum(south, -90.0), east, np.minimum(north, 90.0)
