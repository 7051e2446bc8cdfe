"""Aggregates over the cells around each cell: rows are given to all their neighbours, grouped there, and brought back.

The neighbours of a cell are asked once, however many times and dimensions it has rows for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cubeql.analyze.bound import Bound, Focal, Window, walk
from cubeql.plan.nodes import Output
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, translate
from cubeql.sql.tree import Ident, Joined, Named, Relation, Select, Sql, Sub, Table, fill

_ROWS = "disk$rows"


def with_disks(node: Output, part: Part) -> Part:
    """The relation with a column for each disk that the SELECT names; as it is where there is none."""
    found = tuple(dict.fromkeys(p for p in _parts(node) if isinstance(p, Focal)))
    if not found:
        return part
    place = part.place
    cells = dict.fromkeys(translate(f.cell, place) for f in found if f.cell is not None)
    shapes = tuple(dict.fromkeys((f.steps, f.partition_by) for f in found))
    parts = tuple(dict.fromkeys(p for f in found for p in f.partition_by))
    (cell,) = cells
    keys = tuple((translate(p, place), f"disk$part{n}") for n, p in enumerate(parts))
    rows = Select(((cell, "disk$cell"), *keys), part.source, where=part.where, star=True)
    ctes = [*part.ctes, Named(_ROWS, rows, materialized=True)]
    ctes += [_neighbours(k) for k in dict.fromkeys(k for k, _ in shapes)]
    source: Relation = Table(_ROWS)
    columns: dict[Bound, Sql] = {}
    for number, (steps, partition) in enumerate(shapes):
        mine = tuple(f for f in found if (f.steps, f.partition_by) == (steps, partition))
        names = tuple(f"disk$part{parts.index(p)}" for p in partition)
        source = _brought(source, f"disk${number}", mine, names, place)
        columns |= {f: Ident(f"disk${number}$value{n}") for n, f in enumerate(mine)}
    return Part(tuple(ctes), source, (), replace(place, disks=columns), part.columns)


def has_window(node: Output) -> bool:
    """Whether the SELECT has windows of the engine's own, without which it takes no QUALIFY."""
    return any(isinstance(p, Window) and not isinstance(p, Focal) for p in _parts(node))


def _parts(node: Output) -> Iterator[Bound]:
    asked = (*(i.expr for i in node.items), *(s.expr for s in node.order_by), node.qualify)
    return (part for expr in asked if expr is not None for part in walk(expr))


def _neighbours(steps: int) -> Named:
    cells = Select(((Ident("disk$cell"), None),), Table(_ROWS), distinct=True)
    near = fill(f"cubeql_near({{0}}, {steps}::BIGINT)", Ident("disk$cell"))
    query = Select(((Ident("disk$cell"), "disk$of"), (near, "disk$near")), Sub(cells, "cells"))
    return Named(f"disk$near{steps}", query, materialized=True)


def _brought(source: Relation, name: str, focals: tuple[Focal, ...], keys: tuple[str, ...], place: Place) -> Relation:
    """The rows with the values of disks of one size and partition beside them."""
    met = Joined(Table(_ROWS), Table(f"disk$near{focals[0].steps}"), "inner",
                 (fill("{0} = {1}", Ident("disk$cell"), Ident("disk$of")),))  # fmt: skip
    around = Select(((fill("unnest({0})", Ident("disk$near")), "disk$centre"),), met, star=True)
    group = (Ident("disk$centre"), *(Ident(k) for k in keys))
    named = tuple((g, f"{name}${g.name}") for g in group)
    values = tuple((translate(f.call, place), f"{name}$value{n}") for n, f in enumerate(focals))
    grouped = Select((*named, *values), Sub(around, "around"), group_by=group)
    same = (fill("{0} = {1}", Ident("disk$cell"), Ident(named[0][1])), *_alike(keys, (n for _, n in named[1:])))
    return Joined(source, Sub(grouped, name), "left", same)


def _alike(mine: Iterable[str], theirs: Iterable[str]) -> tuple[Sql, ...]:
    return tuple(
        fill("{0} IS NOT DISTINCT FROM {1}", Ident(a), Ident(b)) for a, b in zip(mine, theirs, strict=True)
    )
