"""Cells that are alike as rows that say how many they are: grouped by stored integers and by numbers of classes.

The engine looks such groups up by their place in a table where their columns have few bits: integers of 16 bits at
most, and ENUM, of which it knows how many values there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cubeql.analyze.bound import Aggregate, Column, walk
from cubeql.catalog import Band
from cubeql.plan.alike import MOST_CLASSES, Alike, Classed
from cubeql.plan.nodes import Cells, Scan, TileJoin
from cubeql.plan.walking import layers_of
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, translate
from cubeql.sql.stored import decoded
from cubeql.sql.tree import ALL_ROWS, Ident, Named, Order, Query, Select, Sql, Sub, Table, Value, When, fill
from cubeql.sql.weighted import weighted

NUMBER = "$class"
"""The band of numbers that a layer gets."""

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}


def codes_name(scan: Scan) -> str:
    """The relation ``(x)`` of stored values that a layer's rows may hold."""
    return f"{scan.name}$codes"


def scan_of(classed: Classed, cells: Cells) -> Scan:
    """The scan of the layer that a key is of."""
    return next(j.aligned.scan for j in cells.joins if j.aligned.scan.source == classed.source)


def values_asked(classed: Classed, scan: Scan, place: Place) -> Query:
    """What the engine is asked to find the values of a key, one more than may be numbered."""
    key = translate(classed.key, _place_of_codes(scan, place))
    own, order = ((key, "value"),), (Order(Ident("value")),)
    return Select(own, Table(codes_name(scan)), distinct=True, order_by=order, limit=MOST_CLASSES + 1)


def numbered(classed: Classed, cells: Cells, values: tuple[Any, ...], place: Place) -> tuple[Named, Cells]:
    """The layer with the numbers of a key's values, and the cells that read them of it."""
    scan = scan_of(classed, cells)
    key = translate(classed.key, _place_of_codes(scan, place))
    own, kind = _type(classed), f"ENUM({', '.join(map(repr, map(str, range(len(values)))))})"
    whens = tuple(
        (fill(f"{{0}} IS NOT DISTINCT FROM {{1}}::{own}", key, Value(v)), fill(f"'{n}'::{kind}"))
        for n, v in enumerate(values)
    )
    number = When(((fill("{0} IS NULL", Ident("x")), Value(None)),), When(whens))
    items = ((fill("list_transform({0}, lambda x: {1})", Ident(classed.band), number), NUMBER),)
    name = f"{scan.name}$classed"
    made = Named(name, Select(items, Table(scan.name), star=True))
    conditions = (*cells.cell_filters, *(c for j in cells.joins for c in j.on_cells))
    tested = any(isinstance(p, Column) and p.source == classed.source for c in conditions for p in walk(c))
    bands = (NUMBER, *(scan.bands if tested else ()))
    return made, replace(cells, joins=tuple(_reading(j, classed, name, bands) for j in cells.joins))


def _reading(join: TileJoin, classed: Classed, name: str, bands: tuple[str, ...]) -> TileJoin:
    scan = join.aligned.scan
    if scan.source != classed.source:
        return join
    return replace(join, aligned=replace(join.aligned, scan=replace(scan, name=name, bands=bands)))


def _place_of_codes(scan: Scan, place: Place) -> Place:
    """A layer's stored values one by one, in a column ``x``."""

    def stored(_: int, name: str) -> tuple[Sql, Band]:
        band = scan.layer.band(name)
        assert band is not None
        return Ident("x"), band

    return replace(place, column=lambda s, n: decoded(*stored(s, n)), stored=stored)


def _type(classed: Classed) -> str:
    return _TYPES[classed.key.type.name]


def counted(node: Alike, part: Part, values: Mapping[int, tuple[Any, ...]]) -> Part:
    """The relation of rows that stand for cells; ``values`` of numbered keys by their source."""
    alias = {a.scan.source: a.scan.alias for a in layers_of(node.cells)}
    found = {c: part.place.stored(*c) for c in node.bands}
    items = [(f[0], f"{alias[s]}.{name}") for (s, name), f in found.items() if f is not None]
    items += [(Ident(f"{alias[c.source]}.{NUMBER}"), f"{alias[c.source]}.{NUMBER}") for c in node.classed]
    # Past a LIMIT the engine moves no condition: below, those on groups would be asked of each cell.
    groups = Select(
        (*items, (fill("count(*)"), "rows")), part.source, where=part.where, group_by=tuple(v for v, _ in items),
        limit=ALL_ROWS,
    )  # fmt: skip

    def stored(source: int, name: str) -> tuple[Sql, Band] | None:
        known = found.get((source, name))
        return None if known is None else (Ident(f"{alias[source]}.{name}"), known[1])

    def column(source: int, name: str) -> Sql:
        known = stored(source, name)
        assert known is not None
        return decoded(*known)

    def aggregate(call: Aggregate) -> Sql:
        return weighted(call, place)

    place = replace(part.place, column=column, stored=stored, cell=None, aggregate=aggregate)
    keys = {c.key: _value(c, Ident(f"{alias[c.source]}.{NUMBER}"), values[c.source]) for c in node.classed}
    return Part(part.ctes, Sub(groups, "alike"), part.later, place, made=keys)


def _value(classed: Classed, number: Sql, values: tuple[Any, ...]) -> Sql:
    """The value of a key that has a number."""
    own = _type(classed)
    return When(tuple((fill(f"{{0}} = '{n}'", number), fill(f"{{0}}::{own}", Value(v))) for n, v in enumerate(values)))
