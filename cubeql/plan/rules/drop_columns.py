"""Columns of a subquery that nobody asks for are not computed, nor the bands read that only they need.

``cell`` and the times stay where rows meet others by them. All columns stay where the rows themselves depend on them:
under DISTINCT, in set operations, and where rows are sampled by what they are.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.asking import columns_read, refitted
from cubeql.plan.nodes import CellJoin, Combined, Filtered, Node, Output, Rows

_MEETING = ("cell", "time", "time_end")


def drop_columns(plan: Node) -> Node:
    """Leave to every subquery the columns that the query around it names."""
    return _dropped(plan)


def _dropped(node: Node) -> Node:
    if isinstance(node, Output):
        read = columns_read(node) if node.sample is None else None
        return replace(node, input=_below(node.input, read, joined=isinstance(_source(node), CellJoin)))
    if isinstance(node, Combined):
        return replace(node, left=_dropped(node.left), right=_dropped(node.right))
    return node


def _source(node: Output) -> Node:
    return node.input.input if isinstance(node.input, Filtered) else node.input


def _below(node: Node, read: set[tuple[int, str]] | None, joined: bool) -> Node:
    match node:
        case Filtered():
            return replace(node, input=_below(node.input, read, joined))
        case CellJoin():
            return replace(node, left=_below(node.left, read, True), right=_below(node.right, read, True))
        case Rows():
            return _kept(node, read, joined)
    return node


def _kept(rows: Rows, read: set[tuple[int, str]] | None, joined: bool) -> Rows:
    query = rows.query
    if read is None or not isinstance(query, Output) or query.distinct or query.sample is not None:
        return replace(rows, query=_dropped(query))
    meeting = {c.name for c in rows.columns if joined and (c.name in _MEETING or c.type.name == "cell")}
    wanted = {name for source, name in read if source == rows.source} | meeting
    items = tuple(i for i in query.items if i.name in wanted) or query.items[:1]
    if len(items) == len(query.items):
        return replace(rows, query=_dropped(query))
    names = {i.name for i in items}
    columns = tuple(c for c in query.columns if c.name in names)
    narrow = refitted(replace(query, items=items, columns=columns))
    return replace(rows, query=_dropped(narrow), columns=tuple(c for c in rows.columns if c.name in names))
