"""Zones in SQL: their attributes by number, which of them are chosen, and the names of groups looked up late.

The engine provides two relations: that of the scan (tile rows of numbers) and ``zones_name`` of it, a row a zone.
"""

from __future__ import annotations

from typing import Literal

from cubeql.analyze.bound import Bound, Column
from cubeql.plan.nodes import Cells, Scan, TileJoin
from cubeql.sql.expressions import Place, translate
from cubeql.sql.tree import Ident, Joined, Order, Query, Relation, Select, Sql, Sub, Table, Windowed, fill


def zones_name(scan: Scan) -> str:
    """The relation of the zones themselves: ``zone`` and their attributes."""
    return f"{scan.name}$zones"


def with_attributes(source: Relation, join: TileJoin, kind: Literal["inner", "left"]) -> Relation:
    """Rows of cells with the attributes of their zones."""
    scan = join.aligned.scan
    if scan.zones is None or not scan.zones.attributes:
        return source
    zones, number = f"{scan.alias}$zones", f"{scan.alias}.$zone"
    items = ((Ident("zone"), number), *((Ident(a), f"{scan.alias}.{a}") for a in scan.zones.attributes))
    same = fill("{0} = {1}", Ident(number, zones), Ident(f"{scan.alias}.zone"))
    right = Sub(Select(items, Table(zones_name(scan))), zones)
    return Joined(source, right, kind, (same,))


def lookup(scan: Scan, attribute: str, number: Sql) -> Sql:
    """An attribute of the zone of a number."""
    name = zones_name(scan)
    parts = Ident(attribute, name), Ident(name), Ident("zone", name), number
    return fill("(SELECT {0} FROM {1} WHERE {2} = {3})", *parts)


def choice(scan: Scan, place: Place) -> Query | None:
    """The zones that can matter and the ``number`` that each is counted as; None where all can, as themselves."""
    zones = scan.zones
    if zones is None or not (zones.chosen or zones.merged):
        return None
    own = Place(place.values, lambda source, name: Ident(name), place.subquery)
    number: Sql = Ident("zone")
    if zones.merged:
        number = Windowed(fill("min({0})", Ident("zone")), tuple(Ident(a) for a in zones.merged))
    where = tuple(translate(c, own) for c in zones.chosen)
    return Select(((Ident("zone"), "zone"), (number, "number")), Table(zones_name(scan)), where=where,
                  order_by=(Order(Ident("zone")),))  # fmt: skip


def late_key(key: Bound, cells: Cells) -> Scan | None:
    """The scan of zones whose late attribute a key of GROUP BY is; None for all other keys."""
    if not isinstance(key, Column):
        return None
    for join in cells.joins:
        scan = join.aligned.scan
        if scan.source == key.source and scan.zones is not None and key.name in scan.zones.late:
            return scan
    return None
