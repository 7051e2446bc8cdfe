"""The edges of polygons, indexed: which boxes does a border run through?"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

_CHUNK = 16_384  # boxes asked at once; each may meet many edges
_SLACK = 1e-9  # degrees


class EdgeIndex:
    """The edges of all rings of polygonal geometries between -180 and 180 degrees.

    Those that only lie on the frame of the map, along the antimeridian or at a pole, are not counted: a box
    touches them from one side at most.
    """

    def __init__(self, areas: shapely.Geometry | NDArray[np.object_]) -> None:
        parts, part_of = shapely.get_parts(np.atleast_1d(np.asarray(areas, dtype=object)), return_index=True)
        rings, ring_of = shapely.get_rings(parts, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        kept = (ring[1:] == ring[:-1]) & ~_on_frame(xy[:-1], xy[1:])
        self._start, self._step = xy[:-1][kept], np.diff(xy, axis=0)[kept]
        self._owner: IntArray = part_of[ring_of[ring[:-1][kept]]]
        lines = shapely.linestrings(np.stack([self._start, self._start + self._step], axis=1))
        self._tree = shapely.STRtree(lines)

    def meet(self, west: FloatArray, south: FloatArray, east: FloatArray, north: FloatArray) -> BoolArray:
        """Which boxes (one axis) an edge may run through: never too few, by rounding alone too many."""
        found = np.zeros(west.shape, dtype=np.bool_)
        for at in range(0, west.size, _CHUNK):
            part = slice(at, at + _CHUNK)
            box, _ = self._meet(west[part], south[part], east[part], north[part])
            found[at + box] = True
        return found

    def owners(
        self, west: FloatArray, south: FloatArray, east: FloatArray, north: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Which boxes (one axis) a border of which geometries may run through: two arrays, a place for each pair.

        A pair may stand several times.
        """
        boxes, owners = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for at in range(0, west.size, _CHUNK):
            part = slice(at, at + _CHUNK)
            box, edge = self._meet(west[part], south[part], east[part], north[part])
            boxes.append(at + box)
            owners.append(self._owner[edge])
        return np.concatenate(boxes), np.concatenate(owners)

    def _meet(
        self, west: FloatArray, south: FloatArray, east: FloatArray, north: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Pairs of a box and an edge."""
        # The tree compares bounding boxes. Where these overlap, edge and box are apart only if all four
        # corners of the box lie on one side of the edge's line.
        box, edge = self._tree.query(
            shapely.box(west - _SLACK, south - _SLACK, east + _SLACK, north + _SLACK)
        )
        dx, dy = self._step[edge, 0], self._step[edge, 1]
        x = (west[box] + east[box]) / 2.0 - self._start[edge, 0]
        y = (south[box] + north[box]) / 2.0 - self._start[edge, 1]
        half_x, half_y = (east - west)[box] / 2.0 + _SLACK, (north - south)[box] / 2.0 + _SLACK
        met = np.abs(x * dy - y * dx) <= half_x * np.abs(dy) + half_y * np.abs(dx)
        return box[met], edge[met]


def _on_frame(start: FloatArray, end: FloatArray) -> BoolArray:
    along = (start == end) & (np.abs(start) == (180.0, 90.0))
    lies: BoolArray = along.any(axis=1)
    return lies
