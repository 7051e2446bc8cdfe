"""A plain subquery or view is opened: the query that reads it reads its sources itself.

``FROM (SELECT cell, time, nir - red AS d FROM s2 FILTER nir > 0) GROUP BY CELL(4) SELECT max(d)`` is one query of
``s2``, so that conditions reach the tiles, summaries can answer, and columns that nobody asks for are not computed.
Only rows that pass one by one can be opened so: not those of groups, windows, DISTINCT, LIMIT or SAMPLE. A query that
samples is left alone, too: what it takes is decided by the rows as the subquery gives them.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import Bound, Column, Item, SortBy, Window, walk
from cubeql.analyze.bound import rewrite as rewrite_expr
from cubeql.plan.asking import refitted
from cubeql.plan.failing import is_sure
from cubeql.plan.nodes import Filtered, Node, Output, Rows
from cubeql.plan.walking import rewrite

_MOST_PARTS = 2_000
"""Larger than this no expression is made: each of views that name a column twice, one in the other, doubles it."""


def open_queries(plan: Node) -> Node:
    """Let queries of one plain subquery read what that reads."""
    return rewrite(plan, _open)


def _open(node: Node) -> Node:
    if not isinstance(node, Output) or node.sample is not None:
        return node
    source = node.input.input if isinstance(node.input, Filtered) else node.input
    conditions = node.input.conditions if isinstance(node.input, Filtered) else ()
    if not (isinstance(source, Rows) and isinstance(source.query, Output) and is_plain(source.query)):
        return node
    inner = source.query
    columns = {(source.source, i.name): i.expr for i in inner.items}
    tested = tuple(substituted(c, columns) for c in conditions)
    if source.is_sealed and not (node.having is None and node.qualify is None and all(map(is_sure, tested))):
        return node
    opened = replace(
        node,
        items=tuple(Item(i.name, substituted(i.expr, columns)) for i in node.items),
        group_by=tuple(substituted(k, columns) for k in node.group_by) if node.group_by is not None else None,
        having=substituted(node.having, columns) if node.having is not None else None,
        qualify=substituted(node.qualify, columns) if node.qualify is not None else None,
        order_by=_order(node, inner, columns),
        input=_filtered(inner.input, tested),
    )
    return node if _is_large(opened) else refitted(opened)


def is_plain(query: Output) -> bool:
    """Whether each row of a query is one of its input's rows, whatever other rows there are."""
    cut = query.limit is not None or query.offset is not None or query.sample is not None
    if cut or query.group_by is not None or query.distinct or query.qualify is not None:
        return False
    exprs = (*(i.expr for i in query.items), *(s.expr for s in query.order_by))
    return not any(isinstance(p, Window) for e in exprs for p in walk(e))


def substituted(expr: Bound, columns: dict[tuple[int, str], Bound]) -> Bound:
    """An expression over what stands for its columns."""
    return rewrite_expr(expr, lambda p: columns.get((p.source, p.name)) if isinstance(p, Column) else None)


def _order(node: Output, inner: Output, columns: dict[tuple[int, str], Bound]) -> tuple[SortBy, ...]:
    """The order of the rows; that of the subquery stays where the query gives its rows none of its own."""
    if node.order_by or node.group_by is not None or node.distinct:
        return tuple(replace(s, expr=substituted(s.expr, columns)) for s in node.order_by)
    return inner.order_by


def _filtered(source: Node, conditions: tuple[Bound, ...]) -> Node:
    if not conditions:
        return source
    if isinstance(source, Filtered):
        return replace(source, conditions=source.conditions + conditions)
    return Filtered(source, conditions)


def _is_large(output: Output) -> bool:
    exprs = (*(i.expr for i in output.items), *(output.group_by or ()), *(s.expr for s in output.order_by))
    return sum(1 for e in exprs for _ in walk(e)) > _MOST_PARTS
