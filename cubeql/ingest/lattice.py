"""The fast way between pixels and slots, for patches that lie within one face of H3's icosahedron.

On the plane of a face the cells of a patch form a regular lattice of hexagons: counted in that lattice, the
place of a slot depends on its digits alone. From there to pixel coordinates (plane, sphere, projection,
affine transform) everything is smooth, so a polynomial through some exactly known places gives all others,
at a small part of the cost. Every polynomial is checked against exact places it was not made from, those on
the rim of the patch among them, where a bend at the edge of a face would show first; one that is off by more
than a ten-millionth of a pixel or cell is not used. Pentagons, patches across the edge of a face, and places
where the projection is not smooth are thus left to the exact way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.areas import SPACING, face_axes, unit_vectors
from cubeql.grid.cells import centers
from cubeql.ingest.pixelgrid import Floats, PixelWindow, Projector
from cubeql.ingest.reach import disc_of
from cubeql.values.cells import BASE_TILES, is_pentagon, resolution_of
from cubeql.values.tiles import cells_of, has_dead_slots

Integers = NDArray[np.int64]

TOLERANCE = 1e-7
_DEGREES = (5, 8)
FEWEST_SLOTS = 2401
"""Slots of a patch from which on the fast way to their places pays."""
_PART = 2401  # slots that places are worked out for at one go
_FEW = 96  # slots that are enough to make or to check a polynomial where nothing bends
_STRIP = 2**14  # pixels that are worked on while they are in the processor's cache
_SLACK = 1.01
_NODES = 7
_CHECKS = np.array([-0.97, -0.6, 0.13, 0.55, 0.99])
# Places of the digits 0 to 6 in the basis 1, w (a third of a turn): centre, K, J, JK, I, IK, IJ.
_DIGITS = ((0, 0), (-1, -1), (0, 1), (-1, 0), (1, 0), (0, -1), (1, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """The slots of every patch of one parity and depth, as places in the lattice of the cells.

    Attributes:
        q: first coordinate (axes a sixth of a turn apart) of each slot, from the patch's centre.
        r: second coordinate of each slot.
        rim: slots with a neighbour outside the patch, and some inside: where polynomials are checked.
        inner: slots from which they are made.
        few_rim: some of the rim, for patches that surely bend nowhere.
        few_inner: some of the inner, alike.
        slots: slot at ``[q - first[0], r - first[1]]``; -1 where there is none.
        first: lowest q and r, less one.
    """

    q: Integers
    r: Integers
    rim: Integers
    inner: Integers
    few_rim: Integers
    few_inner: Integers
    slots: NDArray[np.int32]
    first: tuple[int, int]


@lru_cache(maxsize=16)
def lattice_of(odd: bool, depth: int) -> Lattice:
    """The lattice of patches of odd or even resolution, ``depth`` resolutions above the cells."""
    a, b = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    units = np.array(_DIGITS, dtype=np.int64)
    for step in range(1, depth + 1):
        # Cells of odd resolutions are turned one way against their parents, those of even ones the other way.
        if (step + odd) % 2:
            a, b = 2 * a + b, 3 * b - a
        else:
            a, b = 3 * a - b, a + 2 * b
        a = (a[:, None] + units[:, 0]).reshape(-1)
        b = (b[:, None] + units[:, 1]).reshape(-1)
    q, r = a - b, b
    first = (int(q.min()) - 1, int(r.min()) - 1)
    slots = np.full((int(q.max()) - first[0] + 2, int(r.max()) - first[1] + 2), -1, dtype=np.int32)
    slots[q - first[0], r - first[1]] = np.arange(q.size)
    inside = np.ones(q.size, dtype=np.bool_)
    for dq, dr in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)):
        inside &= slots[q - first[0] + dq, r - first[1] + dr] >= 0
    rim = np.flatnonzero(~inside)
    spread = np.arange(0, q.size, 11)
    inner = np.union1d(rim[::3], spread[::5])
    checked = np.setdiff1d(np.union1d(rim, spread[::4]), inner)
    few = [some[:: max(1, some.size // _FEW)] for some in (checked, inner)]
    return Lattice(q, r, checked, inner, few[0], few[1], slots, first)


def _powers(base: Floats, highest: int) -> list[Floats]:
    found = [np.ones_like(base)]
    for _ in range(highest):
        found.append(found[-1] * base)
    return found


@lru_cache(maxsize=32)
def _fit(odd: bool, depth: int, degree: int, bends: bool) -> tuple[Floats, Floats]:
    """Matrix that makes coefficients of values at the inner slots, and the terms of all slots, ``(terms, slots)``."""
    lattice = lattice_of(odd, depth)
    size = float(max(np.abs(lattice.q).max(), np.abs(lattice.r).max()))
    x, y = _powers(lattice.q / size, degree), _powers(lattice.r / size, degree)
    terms = np.stack([x[i] * y[j] for i in range(degree + 1) for j in range(degree + 1 - i)])
    inverse = np.linalg.pinv(terms[:, _known(lattice, bends)[0]].T)
    return np.asarray(inverse), np.asarray(terms, dtype=np.float64)


def _values(coefficients: Floats, terms: Floats) -> Floats:
    """Both coordinates, ``(2, slots)``, of a polynomial.

    In parts so small that the library works on each in the thread that asks: others that it would wake cost more.
    """
    found = np.empty((2, terms.shape[1]))
    turned = np.ascontiguousarray(coefficients.T)
    for first in range(0, terms.shape[1], _PART):
        found[:, first : first + _PART] = turned @ terms[:, first : first + _PART]
    return found


def _known(lattice: Lattice, bends: bool) -> tuple[Integers, Integers]:
    """The slots to make a polynomial of, and those to check it at."""
    return (lattice.inner, lattice.rim) if bends else (lattice.few_inner, lattice.few_rim)


def face_of(patch: int, resolution: int) -> int | None:
    """The face on which all ground of a patch lies, its cells whole; None where an edge may run through it."""
    centre, radius = disc_of(patch, resolution)
    cosines = _faces() @ centre
    face = int(np.argmax(cosines))
    apart = _faces()[face] - np.delete(_faces(), face, axis=0)
    # Sine of the angle to the planes that lie in the middle between two faces.
    away = (apart @ centre) / np.linalg.norm(apart, axis=1)
    return face if float(away.min()) > math.sin(_SLACK * radius) else None


def slot_pixels(projector: Projector, patch: int, resolution: int) -> tuple[Floats, Floats] | None:
    """Pixel coordinates of the centres of all slots of a patch; None where only the exact way will do."""
    depth = resolution - resolution_of(patch)
    odd = bool(resolution_of(patch) % 2)
    if 7**depth < FEWEST_SLOTS or has_dead_slots(patch):
        return None
    bends = face_of(patch, resolution) is None
    inner, rim = _known(lattice_of(odd, depth), bends)
    cells = cells_of(patch, resolution)
    exact = np.stack(projector.pixels(*centers(cells[np.concatenate([inner, rim])])), axis=1)
    if not np.isfinite(exact).all():
        return None
    made, check = exact[: inner.size], exact[inner.size :]
    for degree in _DEGREES:
        inverse, terms = _fit(odd, depth, degree, bends)
        coefficients = inverse @ made
        found = _values(coefficients, terms)
        if np.abs(found[:, rim] - check.T).max() <= TOLERANCE:
            columns, rows = found
            return columns, rows
    return None


class PatchPlane:
    """The plane of a face with the lattice of one patch on it: from places on earth to slots."""

    def __init__(self, patch: int, resolution: int, face: int, turn: Floats, shift: Floats) -> None:
        """Take what :func:`plane_of` found out."""
        self.lattice = lattice_of(bool(resolution_of(patch) % 2), resolution - resolution_of(patch))
        self._frame, self._turn, self._shift = _frame(face), turn, shift

    def coordinates(self, points: Floats) -> Floats:
        """Lattice coordinates (q, r), ``(n, 2)``, of points on the unit sphere, ``(n, 3)``."""
        return np.asarray(_on_plane(points, self._frame) @ self._turn + self._shift)

    def slots_at(self, q: Floats, r: Floats) -> NDArray[np.int32]:
        """The slot whose cell holds each place of the lattice; -1 beyond the patch."""
        near_q, near_r = _rounded(q, r)
        high_q, high_r = (n - 1 for n in self.lattice.slots.shape)
        # The border of the table holds no slot.
        at_q = np.clip(near_q - self.lattice.first[0], 0, high_q)
        at_r = np.clip(near_r - self.lattice.first[1], 0, high_r)
        return np.asarray(self.lattice.slots.reshape(-1).take(at_q * (high_r + 1) + at_r))


def plane_of(patch: int, resolution: int) -> PatchPlane | None:
    """The plane of the face in which all cells of a patch lie whole; None if they do not."""
    if has_dead_slots(patch):
        return None
    lattice = lattice_of(bool(resolution_of(patch) % 2), resolution - resolution_of(patch))
    face = face_of(patch, resolution)
    known = np.union1d(*_known(lattice, face is None))
    points = unit_vectors(*centers(cells_of(patch, resolution)[known]))
    if face is None:
        cosines = points @ _faces().T
        face = int(np.argmax(cosines[0]))
        edge = 0.72 * 0.61 * SPACING / math.sqrt(7.0) ** resolution
        if (cosines[:, face] - np.delete(cosines, face, axis=1).max(axis=1)).min() <= edge:
            return None
    flat = np.concatenate([_on_plane(points, _frame(face)), np.ones((known.size, 1))], axis=1)
    places = np.stack([lattice.q[known], lattice.r[known]], axis=1).astype(np.float64)
    fit, *_ = np.linalg.lstsq(flat, places, rcond=None)
    if known.size < 3 or np.abs(flat @ fit - places).max() > TOLERANCE:
        return None
    return PatchPlane(patch, resolution, face, fit[:2], fit[2])


@lru_cache(maxsize=20)
def _frame(face: int) -> Floats:
    """Two directions on the plane that touches the sphere at a face's centre, and the one to that: ``(3, 3)``."""
    axis = _faces()[face]
    aside = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(aside, axis)
    east /= np.linalg.norm(east)
    return np.stack([east, np.cross(axis, east), axis], axis=1)


def _on_plane(points: Floats, frame: Floats) -> Floats:
    """Places on the plane of a face, seen from the middle of the sphere."""
    east, north, height = (points @ frame).T
    # Beyond the horizon of the face there is no place on its plane.
    height = np.where(height > 0.2, height, np.nan)
    return np.stack([east / height, north / height], axis=1)


@lru_cache(maxsize=1)
def _faces() -> Floats:
    return face_axes(unit_vectors(*centers(BASE_TILES[is_pentagon(BASE_TILES)])))


def _rounded(q: Floats, r: Floats) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The lattice point nearest to each place, which is the centre of the hexagon that holds it."""
    near_q, near_r, near_s = np.rint(q), np.rint(r), np.rint(-q - r)
    off_q, off_r, off_s = np.abs(q - near_q), np.abs(r - near_r), np.abs(q + r + near_s)
    # The three coordinates of a lattice point add up to 0: the one that is off most follows from the others.
    worst_q = (off_q > off_r) & (off_q > off_s)
    worst_r = ~worst_q & (off_r > off_s)
    total = near_q + near_r + near_s
    return (near_q - total * worst_q).astype(np.int32), (near_r - total * worst_r).astype(np.int32)


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats, Floats]:
    """Places in -1..1 where a block is known exactly; matrices from there to coefficients and to checks."""
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    to_coefficients = np.linalg.inv(_chebyshev(nodes))
    return np.asarray(nodes, dtype=np.float64), np.asarray(to_coefficients), _chebyshev(_CHECKS)


def _chebyshev(at: Floats) -> Floats:
    """The first Chebyshev polynomials at places in -1..1, ``(n, terms)``."""
    return np.asarray(np.polynomial.chebyshev.chebvander(at, _NODES - 1), dtype=np.float64)


def block_slots(projector: Projector, plane: PatchPlane, block: PixelWindow) -> NDArray[np.int32] | None:
    """The slot in whose cell the centre of each pixel of a block lies, ``(height, width)``, -1 for none.

    None where the block is not smooth enough and only the exact way will do.
    """
    nodes, to_coefficients, to_checks = _nodes()
    known = _block_places(projector, plane, block, nodes)
    checks = _block_places(projector, plane, block, _CHECKS)
    if not (np.isfinite(known).all() and np.isfinite(checks).all()):
        return None
    coefficients = np.einsum("ia,jb,abk->ijk", to_coefficients, to_coefficients, known)
    there = np.einsum("ai,bj,ijk->abk", to_checks, to_checks, coefficients)
    if np.abs(there - checks).max() > TOLERANCE:
        return None
    if not _may_touch(plane.lattice, known):
        return np.full((block.height, block.width), -1, dtype=np.int32)
    down, across = _chebyshev(_spread(block.height)), _chebyshev(_spread(block.width)).T.copy()
    q, r = (down @ np.ascontiguousarray(coefficients[:, :, k]) for k in (0, 1))
    found = np.empty((block.height, block.width), dtype=np.int32)
    step = max(1, _STRIP // block.width)
    for first in range(0, block.height, step):
        rows = slice(first, first + step)
        found[rows] = plane.slots_at(q[rows] @ across, r[rows] @ across)
    return found


def _spread(count: int) -> Floats:
    """Centres of so many pixels, in -1..1."""
    return (np.arange(count) * 2.0 + 1.0) / count - 1.0


def _block_places(projector: Projector, plane: PatchPlane, block: PixelWindow, at: Floats) -> Floats:
    """Lattice coordinates at places in -1..1 down and across a block, ``(down, across, 2)``."""
    rows = block.row + (at + 1) / 2 * block.height
    columns = block.column + (at + 1) / 2 * block.width
    lon, lat = projector.lonlat(np.tile(columns, at.size), np.repeat(rows, at.size))
    return plane.coordinates(unit_vectors(lon, lat)).reshape(at.size, at.size, 2)


def _may_touch(lattice: Lattice, known: Floats) -> bool:
    for k, first in enumerate(lattice.first):
        low, high = known[..., k].min(), known[..., k].max()
        # The nodes lie inside the block, whose corners reach a little farther.
        slack = 1 + 0.1 * (high - low)
        if high + slack < first or low - slack > first + lattice.slots.shape[k]:
            return False
    return True
