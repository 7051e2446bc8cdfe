"""Centres, areas and outlines of many cells at once.

This is the only module that knows the vectorised H3 library. The Earth is the sphere that H3 uses: its area
is that of the WGS 84 ellipsoid, its radius :data:`EARTH_RADIUS_KM`. Angles are degrees, longitude first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import h3ronpy
import numpy as np
from h3ronpy import vector
from numpy.typing import ArrayLike, NDArray

from cubeql.grid.areas import FINE_ENOUGH, area_inside_face, face_axes, unit_vectors
from cubeql.values.cells import (
    BASE_TILES,
    CellArray,
    check_resolution,
    format_cell,
    is_cell,
    is_pentagon,
    resolution_of,
)
from cubeql.values.tiles import dead_slots, has_dead_slots, slot_count, valid_cells

EARTH_RADIUS_KM = 6371.007180918475
"""Radius of the sphere with the surface of the WGS 84 ellipsoid, kilometres."""

FloatArray = NDArray[np.float64]

_CHUNK = 1 << 15  # cells whose areas are worked on at once: what the steps between take stays in the cache
_ASKED_AT_ONCE = 1 << 13  # cells: while the library answers, no other thread of the process goes on


def centers(cells: CellArray) -> tuple[FloatArray, FloatArray]:
    """Longitude (-180 to 180) and latitude of the centre of each cell, degrees, in the cells' shape.

    Raises:
        ValueError: one of the numbers is no cell.
    """
    flat = np.ascontiguousarray(cells, dtype=np.int64).reshape(-1)
    lon, lat = np.empty(flat.shape), np.empty(flat.shape)
    for at in range(0, flat.size, _ASKED_AT_ONCE):
        part = slice(at, at + _ASKED_AT_ONCE)
        found = _asked(vector.cells_to_coordinates, flat[part])
        lon[part], lat[part] = found["lng"], found["lat"]
    return lon.reshape(np.shape(cells)), lat.reshape(np.shape(cells))


def slot_centers(tile: int, resolution: int) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of the centre of every slot of a tile, in slot order; NaN in dead slots."""
    lon, lat = centers(valid_cells(tile, resolution))
    return _in_slots(lon, tile, resolution), _in_slots(lat, tile, resolution)


def cells_at(lon: ArrayLike, lat: ArrayLike, resolution: int) -> CellArray:
    """The cell of a resolution that holds each point.

    Args:
        lon: longitudes in degrees, of any shape; 0 to 360 is as good as -180 to 180.
        lat: latitudes in degrees, of the same shape.
        resolution: 0 to 15.

    Returns:
        int64 array in the shape of the arguments.

    Raises:
        ValueError: a coordinate is not finite or a latitude lies beyond a pole.
    """
    east = np.ascontiguousarray(lon, dtype=np.float64)
    north = np.ascontiguousarray(lat, dtype=np.float64)
    if east.shape != north.shape:
        raise ValueError(f"there are {east.shape} longitudes and {north.shape} latitudes")
    _check_points(east, north)
    found = vector.coordinates_to_cells(
        north.reshape(-1), east.reshape(-1), int(check_resolution(resolution))
    )
    return np.asarray(found).view(np.int64).reshape(east.shape)


def area_km2(cells: CellArray) -> FloatArray:
    """The true area of each cell on the sphere that H3 uses, square kilometres, in the cells' shape.

    The edges of a cell are great circles. The areas of all cells of a resolution add up to the surface of
    the sphere, which is that of the WGS 84 ellipsoid.

    Raises:
        ValueError: one of the numbers is no cell.
    """
    flat = np.asarray(cells, dtype=np.int64).reshape(-1)
    area = np.empty(flat.shape)
    for at in range(0, flat.size, _CHUNK):
        part = flat[at : at + _CHUNK]
        resolutions = resolution_of(part)
        for resolution in np.unique(resolutions).tolist():
            chosen = resolutions == resolution
            area[at : at + _CHUNK][chosen] = _areas(part[chosen], resolution)
    return area.reshape(np.shape(cells))


def _areas(cells: CellArray, resolution: int) -> FloatArray:
    if resolution < FINE_ENOUGH:
        return np.asarray(_asked(h3ronpy.cells_area_km2, cells))
    area = area_inside_face(unit_vectors(*centers(cells)), resolution, _faces()) * EARTH_RADIUS_KM**2
    left = np.isnan(area)
    if left.any():
        area[left] = np.asarray(_asked(h3ronpy.cells_area_km2, cells[left]))
    return area


def slot_areas_km2(tile: int, resolution: int) -> FloatArray:
    """The area of every slot of a tile in slot order, square kilometres; NaN in dead slots."""
    return _in_slots(area_km2(valid_cells(tile, resolution)), tile, resolution)


def boundaries(cells: CellArray) -> NDArray[np.object_]:
    """The outline of each cell as a shapely geometry, in the cells' shape.

    Corners are joined by straight lines in longitude and latitude. A cell that crosses the antimeridian is a
    MultiPolygon of its two sides; one that holds a pole reaches down to it.

    Raises:
        ValueError: one of the numbers is no cell.
    """
    import shapely  # takes long to load, and few statements need it

    from cubeql.grid.outlines import split_wrapped

    flat = np.asarray(cells, dtype=np.int64).reshape(-1)
    written = _asked(vector.cells_to_wkb_polygons, flat)
    outlines: NDArray[np.object_] = shapely.from_wkb(np.asarray(written, dtype=object))
    bounds = shapely.bounds(outlines)
    for at in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180.0).tolist():
        outlines[at] = split_wrapped(outlines[at])
    return outlines.reshape(np.shape(cells))


def disk_cells(cell: int, k: int) -> CellArray:
    """The cells at most ``k`` steps from a cell, itself included, ascending; right beside pentagons too."""
    found = _asked(lambda cells: h3ronpy.grid_disk(cells, k, flatten=True), np.array([cell], dtype=np.int64))
    return np.sort(np.asarray(found).view(np.int64))


def disks(cells: CellArray, steps: int) -> tuple[CellArray, NDArray[np.int64]]:
    """The cells at most so many steps around each cell, in no order: all of them in one array, and where those of each
    cell begin; right beside pentagons too."""
    import pyarrow as pa

    flat = np.asarray(cells, np.int64).reshape(-1)
    if not flat.size:
        return flat, np.zeros(1, np.int64)
    found = pa.array(_asked(lambda c: h3ronpy.grid_disk(c, steps), flat))
    return found.flatten().to_numpy().view(np.int64), found.offsets.to_numpy()


def neighbours(cells: CellArray, least: int, most: int) -> tuple[CellArray, NDArray[np.int64]]:
    """The cells from ``least`` to ``most`` steps around each cell: all of them in one array, ascending for each cell,
    and how many each cell has; right beside pentagons too."""
    import pyarrow as pa

    flat = np.asarray(cells, np.int64).reshape(-1)
    if not flat.size or most == 0:
        return flat, np.ones(flat.size, np.int64)
    found = pa.record_batch(_asked(lambda c: h3ronpy.grid_ring_distances(c, 0, most), flat))
    around = found["cell"].flatten().to_numpy().view(np.int64)
    centre = np.repeat(np.arange(flat.size), np.diff(found["cell"].offsets.to_numpy()))
    far = found["k"].flatten().to_numpy() >= least
    around, centre = around[far], centre[far]
    return around[np.lexsort((around, centre))], np.bincount(centre, minlength=flat.size)


@lru_cache(maxsize=1)
def _faces() -> FloatArray:
    return face_axes(unit_vectors(*centers(BASE_TILES[is_pentagon(BASE_TILES)])))


def _in_slots(values: FloatArray, tile: int, resolution: int) -> FloatArray:
    if not has_dead_slots(tile):
        return values
    slots = np.full(slot_count(resolution, int(resolution_of(tile))), np.nan)
    slots[~dead_slots(tile, resolution)] = values
    return slots


def _asked(question: Callable[[Any], Any], cells: CellArray) -> Any:
    """The library's answer for cells, its complaint put into our words."""
    flat = np.ascontiguousarray(cells, dtype=np.int64).reshape(-1)
    try:
        return question(flat.view(np.uint64))
    except ValueError as fault:
        bad = next((c for c in flat.tolist() if not is_cell(c)), None)
        if bad is None:
            raise
        raise ValueError(f"{format_cell(bad)} is no H3 cell") from fault


def _check_points(lon: FloatArray, lat: FloatArray) -> None:
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("a longitude or latitude is not a finite number")
    if lat.size and float(np.abs(lat).max()) > 90.0:
        worst = float(lat.flat[int(np.abs(lat).argmax())])
        raise ValueError(f"latitude must be -90 to 90, not {worst:g}; longitude comes first")
