"""The cells of a layer that hold points: taken from the arrays by their slots, without taking tiles apart.

The engine provides ``scan$wanted``: ``tile``, ``slots`` (BIGINT[], from 1) and, side by side with them, ``cells``.
"""

from __future__ import annotations

from collections.abc import Callable

from cubeql.analyze.bound import BoundQuery
from cubeql.plan.nodes import HeldCells
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, Values
from cubeql.sql.stored import decoded
from cubeql.sql.tree import Ident, Joined, Query, Select, Sql, Sub, Table, fill


def held_cells(node: HeldCells, values: Values, subquery: Callable[[BoundQuery], Query]) -> Part:
    """The relation of a layer's cells that hold points, where it has a row."""
    scan = node.scan
    layer, alias = scan.layer, scan.alias
    keys = (*(("time",) if layer.time is not None else ()), *(d.name for d in layer.dimensions))
    several = len(layer.bands) > 1
    arrays = (*scan.bands, *(("valid",) if several else ()))
    slots = Ident("slots", "wanted")
    taken = ((fill("unnest(list_select({0}, {1}))", Ident(a, "layer"), slots), f"{alias}.{a}") for a in arrays)
    same = fill("{0} = {1}", Ident("tile", "layer"), Ident("tile", "wanted"))
    inner = Select(
        (
            *((Ident(k, "layer"), f"{alias}.{k}") for k in keys),
            (fill("unnest({0})", Ident("cells", "wanted")), f"{alias}.cell"),
            *taken,
        ),
        Joined(Table(scan.name, "layer"), Table(f"{scan.name}$wanted", "wanted"), "inner", (same,)),
    )
    there: Sql = fill("{0} IS NOT NULL", Ident(f"{alias}.{scan.bands[0]}"))
    if several:
        there = fill("coalesce({0}, {1})", Ident(f"{alias}.valid"), there)

    def column(source: int, name: str) -> Sql:
        band = layer.band(name)
        value = Ident(f"{alias}.{name}")
        return value if band is None else decoded(value, band)

    place = Place(values, column, subquery)
    names = tuple(f"{alias}.{n}" for n in (*keys, *scan.bands))
    return Part((), Sub(inner, alias), (there,), place, names)
