"""Zones: which of them hold a cell, asked of one cell and one polygon at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import h3
import numpy as np
import shapely
import shapely.affinity

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.oracle import expressions, regions
from tests.support.oracle.faults import RefusedError, UncoveredError
from tests.support.oracle.relations import Column, Record, Relation
from tests.support.oracle.tables import PLACE
from tests.support.zones import TinyZones, tiny_zones

_PIECE = 1e-4  # degrees; edges are straight in longitude and latitude, not on the map that areas are taken from


def join(
    rows: list[expressions.Joined], scope: expressions.Scope, clause: nodes.Join, alias: str, zones: TinyZones
) -> tuple[list[expressions.Joined], expressions.Scope]:
    """Rows and scope after a JOIN of zones: a row for each zone that holds the row's cell."""
    how = _containment(clause)
    wide = replace(scope, sources=(*scope.sources, (alias, relation(zones, how))))
    joined: list[expressions.Joined] = []
    for row in rows:
        matches = [(*row, record) for record in _holding_row(zones, row, scope, how)]
        if clause.on is not None:
            matches = [m for m in matches if expressions.value(clause.on, expressions.Env(wide, m)) is True]
        joined += _kept(clause.kind, row, matches)
    return joined, wide if clause.kind in ("inner", "left") else scope


def _holding_row(zones: TinyZones, row: expressions.Joined, scope: expressions.Scope, how: str) -> list[Record]:
    """The zones that hold the point, or else the cell, of a row."""
    place = row[0].get(PLACE) if row[0] is not None else None
    if place is not None:
        if how != "center":
            raise RefusedError("points have no outline")
        point = shapely.Point(*place)
        return [_record(zones, n) for n, r in enumerate(zones.rows) if r["geometry"].intersects(point)]
    cell = expressions.value(nodes.Name(("cell",)), expressions.Env(scope, row))
    if not isinstance(cell, Cell):
        raise RefusedError("zones are joined to cells")
    return holding(zones, cell, how)


def _containment(clause: nodes.Join) -> str:
    if clause.time is not None:
        raise RefusedError("zones have no time")
    if not clause.using:
        return "center"
    if len(clause.using) > 1 or clause.using[0].band is not None or clause.using[0].method not in _HOLDS:
        raise RefusedError("USING takes center, overlap, full or area with zones")
    return clause.using[0].method


def _kept(kind: str, row: expressions.Joined, matches: list[expressions.Joined]) -> list[expressions.Joined]:
    if kind == "semi":
        return [row] if matches else []
    if kind == "anti":
        return [] if matches else [row]
    return matches or ([(*row, None)] if kind == "left" else [])


def relation(zones: TinyZones, how: str = "center") -> Relation:
    """The columns of a layer of zones, and all its rows."""
    columns = [Column("zone")]
    for attribute in zones.record.attributes:
        classes = {name: code for code, name in attribute.classes} if attribute.classes else None
        columns.append(Column(attribute.name, classes=classes, real=attribute.type == "number"))
    if how == "area":
        columns.append(Column("fraction", exact=False, real=True))
    rows = [_record(zones, n) for n in range(len(zones.rows))]
    return Relation(tuple(columns), rows, None, is_layer=True)


def _record(zones: TinyZones, n: int) -> Record:
    return {"zone": n + 1, **{k: v for k, v in zones.rows[n].items() if k != "geometry"}}


def holding(zones: TinyZones, cell: int, how: str) -> list[Record]:
    """The zones that hold a cell."""
    found = []
    for n, row in enumerate(zones.rows):
        share = _HOLDS[how](cell, row["geometry"])
        if share is not None:
            found.append(_record(zones, n) | ({"fraction": share} if how == "area" else {}))
    return found


def region(layer: str, column: str, value: Any) -> Callable[[int], bool]:
    """Whether a cell's centre lies in any zone of which a column has a value."""
    zones = layer_of((layer,))
    if zones is None:
        raise RefusedError(f"there is no layer of zones {layer}")
    name = column.casefold()
    codes = next(({t: c for c, t in a.classes} for a in zones.record.attributes if a.name == name), {})
    wanted = codes.get(value, value)
    chosen = [row["geometry"] for n, row in enumerate(zones.rows) if {"zone": n + 1, **row}[name] == wanted]
    if not chosen:
        raise RefusedError(f"no zone has the {name} {value}")
    return lambda cell: any(_center(cell, geometry) is not None for geometry in chosen)


def layer_of(name: tuple[str, ...]) -> TinyZones | None:
    """The layer of zones of a name."""
    return tiny_zones().get(".".join(name).casefold())


# ------------------------------------------------------------------ one cell, one zone


@functools.cache
def _outline(cell: int) -> Any:
    """The outline of a cell; across the antimeridian its longitudes go on beyond 180."""
    corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(regions.text_of(cell))]
    if max(abs(lat) for _, lat in corners) > 89.0:
        raise UncoveredError("the outline of a cell beside a pole")
    if max(x for x, _ in corners) - min(x for x, _ in corners) > 180:
        corners = [(x + 360 if x < 0 else x, y) for x, y in corners]
    return shapely.Polygon(corners)


@functools.cache
def _turned(geometry: Any) -> Any:
    """A zone, once more a turn farther east."""
    return shapely.union(geometry, shapely.affinity.translate(geometry, 360.0))


@functools.cache
def _center(cell: int, geometry: Any) -> float | None:
    return 1.0 if geometry.intersects(shapely.Point(*regions.centre(cell))) else None


@functools.cache
def _overlap(cell: int, geometry: Any) -> float | None:
    return 1.0 if _turned(geometry).intersects(_outline(cell)) else None


@functools.cache
def _full(cell: int, geometry: Any) -> float | None:
    return 1.0 if _turned(geometry).covers(_outline(cell)) else None


@functools.cache
def _area(cell: int, geometry: Any) -> float | None:
    outline, zone = _outline(cell), _turned(geometry)
    if not zone.intersects(outline):
        return None
    return _map_area(zone.intersection(outline), outline) / _map_area(outline, outline)


def _map_area(shape: Any, near: Any) -> float:
    """The area of a shape on an equal-area map of the sphere round another."""
    import pyproj

    middle = near.centroid
    text = f"+proj=laea +lat_0={middle.y} +lon_0={middle.x} +R=6371007"
    to_map = pyproj.Transformer.from_crs("+proj=longlat +R=6371007", text, always_xy=True)
    fine = shapely.segmentize(shape, _PIECE)
    return float(shapely.transform(fine, lambda xy: np.column_stack(to_map.transform(xy[:, 0], xy[:, 1]))).area)


_HOLDS: dict[str, Callable[[int, Any], float | None]] = {
    "center": _center, "overlap": _overlap, "full": _full, "area": _area,
}  # fmt: skip
