"""Which tiles a pixel grid touches: never too few, at most a ring too many.

The grid is sampled so densely that no place on it is farther than a fifth of a tile's radius from a sample.
A cell lies at most 1.04 radii of its own tile from that tile's centre (measured at resolutions 0 to 4,
pentagons included) and the centres of tiles two steps apart are at least 2.4 radii apart, so every tile that
has a cell on the grid is the tile of some sample or a neighbour of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cubeql.grid.areas import unit_vectors
from cubeql.grid.cells import EARTH_RADIUS_KM, cells_at, disks
from cubeql.ingest.pixelgrid import Floats, PixelGrid, Projector
from cubeql.ingest.resolution import cell_area_km2
from cubeql.values.cells import BASE_TILES

_STEP = 0.2  # of a tile's radius; with that of two tiles, 2 x 1.04, less than the 2.4 between tiles two steps apart
_LIMIT = 40_000_000
_ROWS_AT_ONCE = 500_000

Tiles = NDArray[np.int64]


def covering_tiles(grid: PixelGrid, tile_resolution: int) -> Tiles:
    """Sorted tiles that hold every cell whose centre lies on the grid, or in which a pixel's centre lies."""
    projector = Projector(grid)
    # A hexagon of area A has the radius 0.62 sqrt(A); H3's smallest cells have half the mean area.
    longest = _STEP * 0.62 * np.sqrt(0.5 * cell_area_km2(tile_resolution)) / EARTH_RADIUS_KM
    columns, rows = _sample_counts(projector, longest)
    if columns * rows > _LIMIT and tile_resolution == 0:
        return np.sort(np.asarray(BASE_TILES, dtype=np.int64))
    found = _sampled(projector, columns, rows, tile_resolution)
    return _with_neighbours(found)


def _sample_counts(projector: Projector, longest: float) -> tuple[int, int]:
    """How many samples along columns and rows leave no gap longer than ``longest`` radians between two."""
    grid = projector.grid
    u, v = np.meshgrid(np.linspace(0, grid.width, 65), np.linspace(0, grid.height, 65))
    lon, lat = projector.lonlat(u.ravel(), v.ravel())
    points = unit_vectors(lon, lat).reshape(65, 65, 3)
    across = _longest(points[:, 1:] - points[:, :-1])
    down = _longest(points[1:] - points[:-1])
    # The farthest place lies in the middle of four samples; steps may vary between the 65.
    limit = longest * np.sqrt(2) * 0.9
    return _count(across, limit, grid.width), _count(down, limit, grid.height)


def _longest(steps: Floats) -> float:
    lengths = np.linalg.norm(steps, axis=-1)
    known = lengths[np.isfinite(lengths)]
    return float(known.max()) if known.size else 0.0


def _count(longest_step: float, limit: float, pixels: int) -> int:
    wanted = int(np.ceil(64 * longest_step / limit)) + 2
    return max(3, min(wanted, 2 * pixels + 1))


def _sampled(projector: Projector, columns: int, rows: int, resolution: int) -> Tiles:
    grid = projector.grid
    u = np.linspace(0, grid.width, columns)
    found: list[Tiles] = []
    step = max(1, _ROWS_AT_ONCE // columns)
    for first in range(0, rows, step):
        v = np.linspace(0, grid.height, rows)[first : first + step]
        lon, lat = projector.lonlat(np.tile(u, len(v)), np.repeat(v, len(u)))
        known = np.isfinite(lon)
        if known.any():
            found.append(np.unique(cells_at(lon[known], lat[known], resolution)))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _with_neighbours(tiles: Tiles) -> Tiles:
    return np.unique(disks(tiles, 1)[0])
