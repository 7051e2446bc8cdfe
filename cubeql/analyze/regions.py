"""Regions: their arguments checked as far as text alone tells; shapes are made when the statement runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from cubeql.analyze.bound import RegionRef
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.analyze.context import Context
from cubeql.analyze.zoneregion import bind_zone
from cubeql.lang import nodes
from cubeql.values.cells import parse_cell

_LENGTHS_M = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "nm": 1852.0}


def bind_region(context: Context, region: nodes.Region) -> RegionRef | None:
    """The region with its constant arguments; notes faults and gives None where it has any."""
    if region.kind == "cells":
        return _stored_cells(context, region)
    if region.kind == "zone":
        return bind_zone(context, region)
    maker = _MAKERS.get(region.kind)
    if maker is None:
        construct = f"the region {region.kind.upper()}"
        context.fault("not_supported", region.span, construct=construct, suggestion="use BBOX, POLYGON or FILE")
        return None
    values = _values(context, region)
    if values is None:
        return None
    try:
        args = maker(*values)
    except (ValueError, TypeError) as error:
        context.fault("bad_region", region.span, reason=str(error))
        return None
    return RegionRef(region.kind, args, span=region.span)


def _stored_cells(context: Context, region: nodes.Region) -> RegionRef | None:
    """``CELLS name``: a stored set, by its name and resolution."""
    (written,) = region.args
    assert isinstance(written, nodes.Name)
    name = ".".join(written.parts)
    cells = context.catalog.cell_set(name)
    if cells is not None:
        context.reads_away(name, written.span)
        return RegionRef("cells", (cells.name, cells.resolution), span=region.span)
    if context.catalog.layer(name) is not None or context.catalog.view(name) is not None:
        context.fault("not_cells", written.span, name=name)
    else:
        context.unknown("unknown_cells", written.span, name, context.catalog.cell_set_names())
    return None


def _values(context: Context, region: nodes.Region) -> list[Any] | None:
    values = []
    for arg in region.args:
        try:
            values.append(value_of(context, arg))
        except NotConstant:
            context.fault("not_a_constant", arg.span, what=f"an argument of {region.kind.upper()}")
            return None
    wanted = _COUNTS[region.kind]
    if len(values) != wanted:
        reason = f"{region.kind.upper()} takes {_SHAPES[region.kind]}, but {len(values)} were given"
        context.fault("bad_region", region.span, reason=reason)
        return None
    return values


def _number(value: Any, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{what} must be a number, but is {value!r}")
    if not low <= value <= high:
        hint = "; longitude comes first" if what.startswith(("latitude", "south", "north")) else ""
        raise ValueError(f"{what} must lie between {low:g} and {high:g}, but is {value:g}{hint}")
    return float(value)


def _bbox(west: Any, south: Any, east: Any, north: Any) -> tuple[float, ...]:
    w, e = _number(west, "west", -180, 360), _number(east, "east", -180, 360)
    s, n = _number(south, "south", -90, 90), _number(north, "north", -90, 90)
    if s > n:
        raise ValueError(f"south ({s:g}) lies north of north ({n:g}); the order is west, south, east, north")
    return (w, s, e, n)


def _point(lon: Any, lat: Any) -> tuple[float, ...]:
    return _number(lon, "longitude", -180, 360), _number(lat, "latitude", -90, 90)


def _circle(lon: Any, lat: Any, radius: Any) -> tuple[float, ...]:
    return *_point(lon, lat), _length_m(radius)


def _length_m(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"the radius needs a unit: write '{value:g} m' or '{value:g} km'")
    text = str(value).strip()
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    factor = _LENGTHS_M.get(text[len(digits) :].strip().casefold())
    try:
        length = float(digits) * factor if factor else math.nan
    except ValueError:
        length = math.nan
    if not (length > 0 and math.isfinite(length)):
        raise ValueError(f"{text!r} is no radius; write a number with m, km, mi or nm, for instance '10 km'")
    return length


def _cell(text: Any) -> tuple[int]:
    return (parse_cell(str(text)),)


def _disk(text: Any, k: Any) -> tuple[int, int]:
    if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= 1000:
        raise ValueError(f"the ring count of DISK must be a whole number from 0 to 1000, but is {k!r}")
    return parse_cell(str(text)), k


def _text(value: Any) -> tuple[str]:
    if not isinstance(value, str):
        raise ValueError(f"a text is needed here, but this is {value!r}")
    return (value,)


def _geometry(value: Any) -> tuple[Any]:
    if not (isinstance(value, (str, dict)) or hasattr(value, "geom_type") or hasattr(value, "__geo_interface__")):
        raise ValueError(f"a geometry is needed here (shapely, GeoJSON or WKT), but this is {type(value).__name__}")
    if isinstance(value, str) or hasattr(value, "geom_type"):
        return (value,)
    return (json.dumps(value if isinstance(value, dict) else value.__geo_interface__),)


_MAKERS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "bbox": _bbox,
    "point": _point,
    "circle": _circle,
    "cell": _cell,
    "disk": _disk,
    "polygon": _text,
    "geojson": _text,
    "file": _text,
    "parameter": _geometry,
}
_COUNTS = {
    "bbox": 4,
    "point": 2,
    "circle": 3,
    "cell": 1,
    "disk": 2,
    "polygon": 1,
    "geojson": 1,
    "file": 1,
    "parameter": 1,
}
_SHAPES = {
    "bbox": "four numbers (west, south, east, north)",
    "point": "two numbers (longitude, latitude)",
    "circle": "longitude, latitude and a radius such as '10 km'",
    "cell": "one cell",
    "disk": "a cell and a ring count",
    "polygon": "one text",
    "geojson": "one text",
    "file": "one path",
    "parameter": "one geometry",
}
