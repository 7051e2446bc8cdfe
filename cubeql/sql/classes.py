"""How many cells of each tile are of each class, as a relation: a row a tile row and class, weighing ``rows`` cells.

Its columns are ``tile``, ``digits`` (0), ``alias.time`` and dimensions, ``alias.<band>`` (the code; NULL of cells that
have a row without a class) and ``rows``. Cells at the edge of a region are counted to rows of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable

from cubeql.analyze.bound import Aggregate, BoundQuery
from cubeql.plan.nodes import Summaries
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, Values, translate
from cubeql.sql.stored import decoded
from cubeql.sql.tree import Compound, Ident, Query, Select, Sql, Sub, Table, Value, fill
from cubeql.sql.weighted import weighted

_ROWS = "rows"


def classes(
    node: Summaries, values: Values, subquery: Callable[[BoundQuery], Query], edges: Part | None, merged: bool
) -> Part:
    """The relation, and how aggregates are asked of it; ``merged`` where a class must stand once in a group."""
    query: Query = _stored(node, values, subquery)
    if edges is not None:
        query = Compound("union all", query, _at_edges(node, edges))
    scan = node.scan
    assert scan.overview is not None
    place = _place(node, values, subquery)
    once = (f"{scan.alias}.{scan.overview.classes}",) if merged else ()
    return Part(edges.ctes if edges is not None else (), Sub(query, node.name), (), place, merged=once)


def _place(node: Summaries, values: Values, subquery: Callable[[BoundQuery], Query]) -> Place:
    scan = node.scan

    def column(_: int, name: str) -> Sql:
        return Ident(f"{scan.alias}.{name}")

    def aggregate(call: Aggregate) -> Sql:
        return weighted(call, place)

    cell = (Ident("tile"), Ident("digits"), scan.tile, scan.tile)
    place = Place(values, column, subquery, cell, aggregate=aggregate)
    return place


def _keys(node: Summaries) -> list[tuple[Sql, str]]:
    layer, alias = node.scan.layer, node.scan.alias
    names = (*(("time",) if layer.time is not None else ()), *(d.name for d in layer.dimensions))
    return [(Ident(k), f"{alias}.{k}") for k in names]


def _stored(node: Summaries, values: Values, subquery: Callable[[BoundQuery], Query]) -> Query:
    """Of the stored counts; cells of a tile row without a class are those that its footprint has more."""
    scan = node.scan
    assert scan.overview is not None
    band = f"{scan.overview.classes}"
    row = Place(values, lambda _, name: Ident(name), subquery)
    where = tuple(translate(f, row) for f in node.row_filters)
    rest = fill("{0} - {1}", Ident("footprint__count"), Ident(f"{band}$count"))
    entries = fill("coalesce({0}, [])", Ident(f"{band}$classes"))
    if len(scan.layer.bands) > 1:
        entries = fill("list_append({0}, {{'code': NULL, 'count': {1}}})", entries, rest)
    items = ((Ident("tile"), None), *_keys(node), (fill("unnest({0})", entries), "entry"))
    taken = Sub(Select(items, Table(scan.name), where=where), "entries")
    named = ((Ident(name), name) for _, name in _keys(node))
    code, count = fill("{0}.code", Ident("entry")), fill("{0}.count", Ident("entry"))
    own = Select(
        ((Ident("tile"), "tile"), (Value(0), "digits"), *named, (code, f"{scan.alias}.{band}"), (count, _ROWS)), taken
    )
    place = _place(node, values, subquery)
    conditions = tuple(translate(c, place) for c in node.conditions)
    return Select((), Sub(own, "classes"), where=(fill("{0} > 0", Ident(_ROWS)), *conditions))


def _at_edges(node: Summaries, edges: Part) -> Query:
    scan = node.scan
    assert scan.overview is not None
    found = edges.place.stored(scan.source, f"{scan.overview.classes}")
    assert found is not None
    code = decoded(*found)
    named = tuple((Ident(name), name) for _, name in _keys(node))
    items = (
        (Ident("tile"), "tile"), (Value(0), "digits"), *named,
        (code, f"{scan.alias}.{scan.overview.classes}"), (fill("count(*)"), _ROWS),
    )  # fmt: skip
    group = (Ident("tile"), *(expr for expr, _ in named), code)
    return Select(items, edges.source, where=edges.where, group_by=group)
