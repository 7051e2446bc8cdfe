"""Whether a cell belongs to a region, asked of one cell at a time."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h3
import shapely
import shapely.geometry

from tests.support.cube import CELL_SETS
from tests.support.oracle.faults import RefusedError, UncoveredError, UndeterminedError

Test = Callable[[int], bool]
EARTH_RADIUS_M = 6_371_007.0


@functools.cache
def text_of(cell: int) -> str:
    """The 15 digits of a cell."""
    return str(h3.int_to_str(cell))


@functools.cache
def resolution(cell: int) -> int:
    """Resolution of a cell."""
    return int(h3.get_resolution(text_of(cell)))


@functools.cache
def ancestor(cell: int, res: int) -> int:
    """The cell's parent at a resolution, or the cell itself."""
    return int(h3.str_to_int(h3.cell_to_parent(text_of(cell), res)))


@functools.cache
def centre(cell: int) -> tuple[float, float]:
    """Longitude and latitude of a cell's centre."""
    lat, lon = h3.cell_to_latlng(text_of(cell))
    return lon, lat


@functools.cache
def area_km2(cell: int) -> float:
    """True area of a cell."""
    return float(h3.cell_area(text_of(cell), unit="km^2"))


def region(kind: str, args: list[Any]) -> Test:
    """The test of a region from its kind and its evaluated arguments."""
    makers: dict[str, Callable[..., Test]] = {
        "bbox": _bbox, "polygon": _polygon, "geojson": _geojson, "file": _file, "cell": _cell, "disk": _disk,
        "circle": _circle, "point": _point, "parameter": _bound, "cells": _cells,
    }  # fmt: skip
    if kind == "zone":
        from tests.support.oracle import zones  # which asks this module of cells

        return zones.region(*args)
    if kind not in makers:
        raise UncoveredError(f"the region {kind.upper()}")
    return makers[kind](*args)


def _bbox(west: float, south: float, east: float, north: float) -> Test:
    def holds(cell: int) -> bool:
        lon, lat = centre(cell)
        across = lon >= west or lon <= east if west > east else west <= lon <= east
        return across and south <= lat <= north

    return holds


def _shape(geometry: Any) -> Test:
    if geometry.geom_type == "Point":
        return _point(geometry.x, geometry.y)
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        raise UncoveredError(f"a region of a {geometry.geom_type}")
    return lambda cell: bool(shapely.contains_xy(geometry, *centre(cell)))


def _polygon(wkt: str) -> Test:
    return _shape(shapely.from_wkt(wkt))


def _geojson(text: str) -> Test:
    return _bound(json.loads(text))


def _file(path: str) -> Test:
    if not path.endswith((".geojson", ".json")):
        raise UncoveredError(f"FILE {path!r}")
    return _bound(json.loads(Path(path).read_text()))


def _bound(value: Any) -> Test:
    if not isinstance(value, dict):
        return _shape(value)
    if value["type"] == "FeatureCollection":
        tests = [_bound(f) for f in value["features"]]
        return lambda cell: any(t(cell) for t in tests)
    if value["type"] == "Feature":
        value = value["geometry"]
    return _shape(shapely.geometry.shape(value))


def _related(cell: int, others: set[int]) -> bool:
    """Whether a cell lies below, is, or lies above one of some cells, all of one resolution."""
    theirs = resolution(next(iter(others)))
    if resolution(cell) >= theirs:
        return ancestor(cell, theirs) in others
    return any(ancestor(o, resolution(cell)) == cell for o in others)


def _cell(text: str) -> Test:
    if not h3.is_valid_cell(text):
        raise RefusedError(f"{text!r} is no cell")
    return lambda cell: _related(cell, {h3.str_to_int(text)})


def _disk(text: str, k: int) -> Test:
    if not h3.is_valid_cell(text):
        raise RefusedError(f"{text!r} is no cell")
    disk = {h3.str_to_int(c) for c in h3.grid_disk(text, k)}
    return lambda cell: _related(cell, disk)


def _cells(name: str) -> Test:
    cells = set(CELL_SETS[name.casefold()][1])
    return lambda cell: bool(cells) and _related(cell, cells)


def _point(lon: float, lat: float) -> Test:
    return lambda cell: h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution(cell))) == cell


def metres(text: str) -> float:
    """A length such as ``'10 km'`` in metres."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(km|m)\s*", text)
    if match is None:
        raise RefusedError(f"{text!r} is no length")
    return float(match[1]) * (1000.0 if match[2] == "km" else 1.0)


def _circle(lon: float, lat: float, radius: str) -> Test:
    limit = metres(radius)

    def holds(cell: int) -> bool:
        distance = great_circle_m(lon, lat, *centre(cell))
        # Sphere and ellipsoid differ by up to 0.6 %: a centre that near the edge decides nothing.
        if abs(distance - limit) < 0.006 * limit:
            raise UndeterminedError(f"the centre of {text_of(cell)} lies on the edge of the circle")
        return distance < limit

    return holds


def great_circle_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Distance of two places on the sphere."""
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))
