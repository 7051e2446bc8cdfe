"""Which H3 resolution suits a pixel grid, and how many cells it will make."""

from __future__ import annotations

import math

import h3
import numpy as np

from cubeql.grid.areas import unit_vectors
from cubeql.grid.cells import EARTH_RADIUS_KM
from cubeql.ingest.faults import refusal
from cubeql.ingest.pixelgrid import Floats, PixelGrid, Projector

EARTH_KM2 = 510_065_622.0
_SAMPLES = 33


def _pixel_areas_km2(grid: PixelGrid, columns: Floats, rows: Floats) -> Floats:
    projector = Projector(grid)
    corners = []
    for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        corners.append(unit_vectors(*projector.lonlat(columns + dx, rows + dy)))
    areas = 0.5 * np.linalg.norm(np.cross(corners[2] - corners[0], corners[3] - corners[1]), axis=-1)
    return np.asarray(areas * EARTH_RADIUS_KM**2)


def pixel_area_km2(source: object, grid: PixelGrid) -> float:
    """Area on the sphere of the pixel at the middle of the grid (or of a known one nearest to the middle).

    Raises:
        IngestError: no pixel of the grid has a place on the earth.
    """
    places = np.linspace(0, 1, _SAMPLES)
    columns, rows = np.meshgrid(places * grid.width, places * grid.height)
    areas = _pixel_areas_km2(grid, columns.ravel(), rows.ravel())
    known = np.flatnonzero(np.isfinite(areas) & (areas > 0))
    if not known.size:
        raise refusal(
            source,
            "no pixel of its grid has a place on the earth",
            "check its transform and reference system, or give crs=",
        )
    off_middle = np.hypot(columns.ravel()[known] / grid.width - 0.5, rows.ravel()[known] / grid.height - 0.5)
    return float(areas[known[np.argmin(off_middle)]])


def grid_area_km2(grid: PixelGrid) -> float:
    """Area of all pixels together, from samples; at most the earth's."""
    places = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    columns, rows = np.meshgrid(places * grid.width, places * grid.height)
    areas = _pixel_areas_km2(grid, columns.ravel(), rows.ravel())
    return float(min(EARTH_KM2, np.nan_to_num(areas).mean() * grid.pixels))


def cell_area_km2(resolution: int) -> float:
    """Mean area of the cells of a resolution."""
    return float(h3.average_hexagon_area(resolution, unit="km^2"))


def nearest_resolution(pixel_km2: float) -> int:
    """The resolution whose mean cell area is nearest to the pixel's by ratio."""
    return min(range(16), key=lambda r: abs(math.log(cell_area_km2(r) / pixel_km2)))
