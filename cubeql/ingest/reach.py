"""The block of pixels that can lie in the cells of a patch, from a circle that holds the patch."""

from __future__ import annotations

import math

import numpy as np

from cubeql.grid.areas import SPACING, unit_vectors
from cubeql.grid.caps import cap_radius
from cubeql.grid.cells import centers
from cubeql.ingest.pixelgrid import Floats, PixelWindow, Projector
from cubeql.values.cells import resolution_of

Bounds = tuple[int, int, int, int]

_DATUM_SHIFT = 0.02  # degrees; larger than any datum's


def disc_of(patch: int, resolution: int) -> tuple[Floats, float]:
    """A circle that holds all cells below a patch: its centre on the unit sphere, its radius in radians."""
    # From the centre of the outermost cell to its corner: spacing / sqrt(3).
    edge = 0.58 * SPACING / math.sqrt(7.0) ** resolution
    return unit_vectors(*_centre(patch))[0], cap_radius(resolution_of(patch)) + edge


def _centre(patch: int) -> tuple[Floats, Floats]:
    return centers(np.array([patch], dtype=np.int64))


def reach_window(projector: Projector, patch: int, resolution: int) -> PixelWindow | None:
    """A window that holds every pixel whose centre lies in a cell of the patch; None where there is none."""
    plain = _lonlat_bounds(projector, patch, resolution) if projector.grid.is_lonlat else None
    bounds = plain or _sampled_bounds(projector, patch, resolution)
    if bounds is None:
        return None
    left, top, right, bottom = bounds
    grid = projector.grid
    top, bottom = max(top, 0), min(bottom, grid.height)
    if grid.turn:
        if right - left >= grid.turn:
            left, right = 0, grid.turn
    else:
        left, right = max(left, 0), min(right, grid.width)
    return PixelWindow(top, left, bottom - top, right - left) if bottom > top and right > left else None


def _lonlat_bounds(projector: Projector, patch: int, resolution: int) -> Bounds | None:
    """Exact extent of the patch's circle in pixels, where columns are longitudes; None where they are not.

    Another datum moves longitudes and latitudes a little, which is allowed for; a rotated pole does not
    count.
    """
    grid = projector.grid
    a, _, c, _, e, f = grid.transform
    (lon,), (lat,) = (v.tolist() for v in _centre(patch))
    (middle,), (row,) = (v.tolist() for v in projector.pixels(np.array([lon]), np.array([lat])))
    off = max(abs((middle * a + c - lon + 180.0) % 360.0 - 180.0), abs(row * e + f - lat))
    if grid.period != 360.0 or not off < _DATUM_SHIFT:
        return None
    reach = math.degrees(disc_of(patch, resolution)[1]) + (2 * _DATUM_SHIFT if off > 1e-9 else 0.0)
    top, bottom = sorted(((lat + reach - f) / e, (lat - reach - f) / e))
    half = 360.0
    if abs(lat) + reach < 90:
        half = math.degrees(math.asin(math.sin(math.radians(reach)) / math.cos(math.radians(lat))))
    left, right = middle - half / abs(a), middle + half / abs(a)
    if not grid.turn:
        left, right = _unturned(grid.width, 360.0 / abs(a), left, right)
    return math.floor(left) - 1, math.floor(top) - 1, math.ceil(right) + 1, math.ceil(bottom) + 1


def _unturned(width: int, turn: float, left: float, right: float) -> tuple[float, float]:
    """Columns of a grid that does not go round: the circle may reach it from beyond either end."""
    shifts = [s for s in (-turn, 0.0, turn) if right + s > -1 and left + s < width + 1]
    return (left + shifts[0], right + shifts[-1]) if shifts else (-9.0, -9.0)


def _sampled_bounds(projector: Projector, patch: int, resolution: int) -> Bounds | None:
    """Extent in pixels of samples of the patch's circle, widened by what may lie between them."""
    centre, radius = disc_of(patch, resolution)
    lon, lat = _circle_points(centre, radius)
    columns, rows = projector.pixels(lon, lat)
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return None
    columns, rows = columns[known], rows[known]
    slack = 0.05 if known.all() else 0.25
    wide = 2 + slack * (columns.max() - columns.min())
    high = 2 + slack * (rows.max() - rows.min())
    limits = (columns.min() - wide, rows.min() - high, columns.max() + wide, rows.max() + high)
    left, top, right, bottom = (float(np.clip(v, -(2**40), 2**40)) for v in limits)
    return int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom))


def _circle_points(centre: Floats, radius: float, rings: int = 16, spokes: int = 64) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of points spread over a circle on the sphere."""
    axis = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(axis, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    distance = np.repeat(np.linspace(0, radius, rings + 1), spokes)
    bearing = np.tile(np.linspace(0, 2 * np.pi, spokes, endpoint=False), rings + 1)
    points = (
        np.cos(distance)[:, None] * centre
        + (np.sin(distance) * np.cos(bearing))[:, None] * north
        + (np.sin(distance) * np.sin(bearing))[:, None] * east
    )
    return np.degrees(np.arctan2(points[:, 1], points[:, 0])), np.degrees(np.arcsin(np.clip(points[:, 2], -1, 1)))
