"""The area of cells that lie in one face of H3's icosahedron, from their centres alone.

H3 draws regular hexagons on the plane that touches a face's centre and projects them to the sphere from its
middle (the gnomonic projection). A piece of that plane at distance p from the face's centre, in radii, covers
``(1 + p^2) ** -1.5`` of its own area on the sphere. Over a hexagon of side R the mean of such a function is
its value at the centre plus ``5 R^2 / 48`` times its Laplacian, with an error of the order of R^4.

Cells that reach over the edge of a face, pentagons among them, are bent there and are left to the library.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

FINE_ENOUGH = 5
"""From this resolution on the error is below 1e-9 of the area."""

SPACING = 0.38196601125010500003
"""Distance of neighbouring centres of resolution 0 on the plane of a face, in radii of the sphere."""

FloatArray = NDArray[np.float64]


def unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Vectors of length 1, shape (n, 3), to points given in degrees."""
    east, north = np.radians(lon), np.radians(lat)
    level = np.cos(north)
    return np.stack([level * np.cos(east), level * np.sin(east), np.sin(north)], axis=1)


def face_axes(corners: FloatArray) -> FloatArray:
    """Unit vectors, shape (20, 3), to the centres of the faces of the icosahedron with twelve given corners.

    Args:
        corners: unit vectors, shape (12, 3): the centres of the pentagons of any resolution.
    """
    near = corners @ corners.T > 0.4  # neighbouring corners: 1 / sqrt(5)
    faces = [c for c in combinations(range(12), 3) if all(near[i, j] for i, j in combinations(c, 2))]
    middles: FloatArray = corners[np.array(faces)].sum(axis=1)
    axes: FloatArray = middles / np.linalg.norm(middles, axis=1, keepdims=True)
    return axes


def area_inside_face(points: FloatArray, resolution: int, faces: FloatArray) -> FloatArray:
    """Area of the cells of a resolution with the given centres, on the sphere of radius 1.

    Args:
        points: unit vectors to the centres, shape (n, 3).
        resolution: :data:`FINE_ENOUGH` or finer.
        faces: what :func:`face_axes` gives.

    Returns:
        float64 array of n areas; NaN where the cell may reach over the edge of its face.
    """
    spacing = SPACING / math.sqrt(7.0) ** resolution
    nearest, second = _two_largest(points, faces)
    # On the edge of a face two centres are equally near; the difference grows by less than the way from it,
    # and no corner of a cell is as far from its centre as one spacing.
    inside = nearest - second > spacing
    # The cosine of the angle from the face's centre, squared, is 1 / (1 + p^2).
    square, cube = nearest * nearest, nearest * nearest * nearest
    laplacian = cube * square * (9.0 - 15.0 * square)
    area = math.sqrt(0.75) * spacing**2 * (cube + 5.0 / 144.0 * spacing**2 * laplacian)
    return np.where(inside, area, np.nan)


def _two_largest(points: FloatArray, faces: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cosine of the angle from each point to its nearest and to its second nearest face centre."""
    # Face by face into the same three arrays: one array of all angles would be new memory every time.
    first, second = np.full(len(points), -1.0), np.full(len(points), -1.0)
    cosine, lesser = np.empty(len(points)), np.empty(len(points))
    for face in faces:
        np.dot(points, face, out=cosine)
        np.minimum(first, cosine, out=lesser)
        np.maximum(second, lesser, out=second)
        np.maximum(first, cosine, out=first)
    return first, second
