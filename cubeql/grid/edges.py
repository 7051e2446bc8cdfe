"""The edges of polygons, indexed: which boxes does a border run through?"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

_CHUNK = 16_384  # boxes asked at once; each may meet many edges
_RUN = 8  # edges one after the other that are looked up as one; a tree of single edges takes much longer to make
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
        ring = ring[:-1][kept]
        place = np.arange(ring.size) - np.searchsorted(ring, ring)
        self._first = np.flatnonzero(place % _RUN == 0)
        self._count = np.diff(np.append(self._first, ring.size))
        self._tree = shapely.STRtree(self._run_boxes())

    def _run_boxes(self) -> NDArray[np.object_]:
        """The bounding box of each run of edges."""
        if self._first.size == 0:
            return np.zeros(0, dtype=np.object_)
        ends = self._start + self._step
        low = np.minimum.reduceat(np.minimum(self._start, ends), self._first, axis=0)
        high = np.maximum.reduceat(np.maximum(self._start, ends), self._first, axis=0)
        boxes: NDArray[np.object_] = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        return boxes

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
        near, run = self._tree.query(
            shapely.box(west - _SLACK, south - _SLACK, east + _SLACK, north + _SLACK)
        )
        length = self._count[run]
        start = np.cumsum(length) - length
        box, edge = np.repeat(near, length), np.repeat(self._first[run] - start, length)
        edge += np.arange(edge.size)
        # Edge and box are apart if their bounding boxes are, or if all four corners of the box lie on one side
        # of the edge's line.
        dx, dy = self._step[edge, 0], self._step[edge, 1]
        x = (west[box] + east[box]) / 2.0 - self._start[edge, 0]
        y = (south[box] + north[box]) / 2.0 - self._start[edge, 1]
        half_x, half_y = (east - west)[box] / 2.0 + _SLACK, (north - south)[box] / 2.0 + _SLACK
        met = np.abs(x * dy - y * dx) <= half_x * np.abs(dy) + half_y * np.abs(dx)
        met &= np.abs(x - dx / 2.0) <= half_x + np.abs(dx) / 2.0
        met &= np.abs(y - dy / 2.0) <= half_y + np.abs(dy) / 2.0
        return box[met], edge[met]


def _on_frame(start: FloatArray, end: FloatArray) -> BoolArray:
    along = (start == end) & (np.abs(start) == (180.0, 90.0))
    lies: BoolArray = along.any(axis=1)
    return lies
