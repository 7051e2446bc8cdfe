"""Functions of cells, asked of the ``h3`` package one cell at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import h3

from tests.support.answers import Cell, Outline
from tests.support.oracle import regions
from tests.support.oracle.faults import RefusedError

RADIUS_KM = 6371.007180918475


def _outline(cell: int) -> Outline:
    corners = [f"{lng!r} {lat!r}" for lat, lng in h3.cell_to_boundary(regions.text_of(cell))]
    return Outline(f"POLYGON (({', '.join([*corners, corners[0]])}))")


def _index(text: str) -> Cell:
    return Cell(h3.str_to_int(text))


def _spelled(text: str) -> Cell | None:
    """The cell of 15 hexadecimal digits; None where they spell none."""
    return _index(text) if _is_valid(text) else None


def _is_valid(text: str) -> bool:
    return len(text) == 15 and h3.is_valid_cell(text)


def _at(lat: float, lng: float, resolution: int) -> Cell:
    if abs(lat) > 90:
        raise RefusedError(f"the latitude {lat} lies beyond a pole")
    return _index(h3.latlng_to_cell(lat, lng, resolution))


def _disk(cell: int, k: int) -> tuple[Cell, ...]:
    return tuple(sorted(_index(c) for c in h3.grid_disk(regions.text_of(cell), k)))


def _ring(cell: int, k: int) -> tuple[Cell, ...]:
    inner = _disk(cell, k - 1) if k else ()
    return tuple(c for c in _disk(cell, k) if c not in inner)


def _steps(a: int, b: int) -> int | None:
    try:
        return int(h3.grid_distance(regions.text_of(a), regions.text_of(b)))
    except h3.H3BaseException:
        return None


def _distance_km(lat_a: float, lng_a: float, lat_b: float, lng_b: float) -> float:
    """The angle between two unit vectors, times the radius."""
    a, b = (
        (math.cos(x) * math.cos(y), math.cos(x) * math.sin(y), math.sin(x))
        for x, y in ((math.radians(lat_a), math.radians(lng_a)), (math.radians(lat_b), math.radians(lng_b)))
    )
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return RADIUS_KM * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b)))


CELLS: dict[str, Callable[..., Any]] = {
    "cell_to_parent": lambda c, r: Cell(regions.ancestor(c, r)) if regions.resolution(c) >= r else None,
    "cell_to_center_child": lambda c, r: _index(h3.cell_to_center_child(regions.text_of(c), r)),
    "cell_to_lat": lambda c: regions.centre(c)[1],
    "cell_to_lng": lambda c: regions.centre(c)[0],
    "cell_to_latlng": lambda c: tuple(reversed(regions.centre(c))),
    "cell_area": regions.area_km2, "cell_to_boundary": _outline,
    "cell_resolution": regions.resolution,
    "cell_to_string": regions.text_of,
    "string_to_cell": _spelled,
    "is_valid_cell": _is_valid,
    "is_pentagon": lambda c: h3.is_pentagon(regions.text_of(c)),
    "latlng_to_cell": _at,
    "grid_disk": _disk,
    "grid_ring": _ring,
    "grid_distance": _steps,
    "great_circle_distance": _distance_km,
}
