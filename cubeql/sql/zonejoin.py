"""Zones that hold what has no tiles: the cells of a query, or points by their longitude and latitude.

The engine gives two functions that know the polygons, ``cubeql_zones_of`` cells and ``cubeql_zones_at`` points, and for
each join a relation of one row, ``handle``, that tells them which polygons are meant.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import CellJoin, HeldByZones, Scan
from cubeql.plan.points import points_of
from cubeql.sql.celljoin import cell_of
from cubeql.sql.cells import Part
from cubeql.sql.expressions import translate
from cubeql.sql.tree import Fill, Ident, Joined, Named, Select, Sql, Sub, Table, fill
from cubeql.sql.zones import zones_name


def handle_name(scan: Scan) -> str:
    """The relation that tells which polygons a join means."""
    return f"{scan.name}$handle"


def join_zones(node: CellJoin, left: Part) -> Part:
    """The relation of rows and the zones that hold their cells or points."""
    assert isinstance(node.right, HeldByZones)
    scan, name = node.right.scan, f"left{node.source}"
    zones = scan.zones
    assert zones is not None
    points = points_of(node.left)
    keys: tuple[Sql, ...] = (cell_of(node.left, left)[0],)
    if points is not None:
        keys = tuple(Ident(f"{points.alias}.{n}") for n in ("lon", "lat"))
    named = tuple(f"{name}.key{n}" for n in range(len(keys)))
    rows = Named(name, Select((), left.source, where=left.where), materialized=True)
    there = tuple(fill("{0} IS NOT NULL", k) for k in keys)
    distinct = Select(tuple(zip(keys, named, strict=True)), Table(name), where=there, distinct=True)
    asked = (Ident("handle", "handle"), *(Ident(k) for k in named))
    function = "cubeql_zones_of" if points is None else "cubeql_zones_at"
    found = [(_asked(function, asked), "zone")]
    if "fraction" in scan.bands:
        found.append((_asked("cubeql_zone_shares", asked), "fraction"))
    held = Select((*((Ident(k), k) for k in named), *found),
                  Joined(Sub(distinct, "keys"), Table(handle_name(scan), "handle"), "cross"))  # fmt: skip
    columns = tuple((Ident(c, "held" if c in scan.bands else "zones"), c) for c in (*scan.bands, *zones.attributes))
    known = fill("{0} = {1}", Ident("zone", "held"), Ident("zone", "zones"))
    both = Joined(Sub(held, "held"), Table(zones_name(scan), "zones"), "inner", (known,))
    right = Select((*((Ident(k, "held"), k) for k in named), *((v, f"{scan.alias}.{c}") for v, c in columns)), both)

    def column(source: int, wanted: str) -> Sql:
        if source != node.source:
            return left.place.column(source, wanted)
        value = Ident(f"{scan.alias}.{wanted}")
        return fill("{0}::BIGINT", value) if wanted == "zone" else value

    place = replace(left.place, column=column)
    tests = tuple(fill("{0} = {1}", k, Ident(n, f"join{node.source}")) for k, n in zip(keys, named, strict=True))
    source = Joined(Table(name), Sub(right, f"join{node.source}"), node.kind,
                    (*tests, *(translate(c, place) for c in node.on)))  # fmt: skip
    brought = tuple(f"{scan.alias}.{c}" for _, c in columns) if node.kind in ("inner", "left") else ()
    return Part((*left.ctes, rows), source, (), place, left.columns + brought)


def _asked(function: str, args: tuple[Sql, ...]) -> Sql:
    return Fill(f"unnest({function}({', '.join(f'{{{n}}}' for n in range(len(args)))}))", args)
