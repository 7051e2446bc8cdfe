"""Attributes that only name groups of zones are looked up once a group, not once a cell.

Cells are then grouped by the number of their zone. Where the number itself is not asked for, zones alike in those
attributes are given one number, that of the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cubeql.analyze.bound import Bound, Column, walk
from cubeql.plan.nodes import Aligned, CellJoin, Cells, Filtered, Node, Output, Scan, TileJoin, Zoned
from cubeql.plan.walking import rewrite


def name_groups_late(plan: Node) -> Node:
    """Leave to scans of zones only the attributes that rows of cells need."""
    return rewrite(plan, _late)


def _late(node: Node) -> Node:
    if not isinstance(node, Output) or not isinstance(node.input, Cells):
        return node
    cells, keys = node.input, node.group_by
    asked = list(_asked(node))
    joins = []
    for join in cells.joins:
        zones = join.aligned.scan.zones
        joins.append(join if zones is None else _with(join, _named(join, zones, keys, asked)))
    return replace(node, input=replace(cells, joins=tuple(joins)))


def _named(join: TileJoin, zones: Zoned, keys: tuple[Bound, ...] | None, asked: list[Column]) -> Zoned:
    source = join.aligned.scan.source
    needed = {c.name for c in asked if c.source == source}
    bare = {k.name for k in keys or () if isinstance(k, Column) and k.source == source}
    late = tuple(a for a in zones.attributes if a in bare and a not in needed)
    has_number = "zone" in bare
    # An unmatched cell of a LEFT JOIN has the NULL that a zone without a name has, but another number.
    if not has_number and (needed & {"zone", *zones.attributes} or bare & {"fraction"} or join.kind != "inner"):
        late = ()
    kept = tuple(a for a in zones.attributes if a in needed or (a in bare and a not in late))
    return replace(zones, attributes=kept, late=late, merged=() if has_number else late)


def _with(join: TileJoin, zones: Zoned) -> TileJoin:
    scan: Scan = replace(join.aligned.scan, zones=zones)
    aligned: Aligned = replace(join.aligned, scan=scan)
    return replace(join, aligned=aligned)


def _asked(output: Output) -> Iterator[Column]:
    """Columns that are read before groups are made, or in them; keys that are columns themselves do not count."""
    expressions: list[Bound | None] = [i.expr for i in output.items]
    expressions += [s.expr for s in output.order_by]
    expressions += [output.having, output.qualify]
    expressions += [k for k in output.group_by or () if not isinstance(k, Column)]
    expressions += _of_input(output.input)
    for expr in expressions:
        if expr is not None:
            yield from (p for p in walk(expr) if isinstance(p, Column))


def _of_input(node: Node) -> list[Bound]:
    match node:
        case Filtered():
            return [*node.conditions, *_of_input(node.input)]
        case CellJoin():
            return [*node.on, *_of_input(node.left), *_of_input(node.right)]
        case Cells():
            joined = (c for j in node.joins for c in (*j.on_rows, *j.on_cells))
            return [*node.row_filters, *node.cell_filters, *joined]
    return []
