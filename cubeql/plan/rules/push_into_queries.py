"""A condition on what a subquery gives is tested inside it, where it can prune tiles, times and values.

Of a grouped query these are conditions on its keys, of one with windows those on what every window is parted by.
Nothing is pushed into a query that takes some of its rows (LIMIT, SAMPLE), nor to the side of a join that may be
unmatched or chosen among several, nor what may fail into a view that leaves rows out for whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cubeql.analyze.bound import Bound, Column, Key, OutputColumn, Window, walk
from cubeql.analyze.bound import rewrite as rewrite_expr
from cubeql.plan.asking import tested
from cubeql.plan.failing import is_sure
from cubeql.plan.nodes import CellJoin, Combined, Filtered, Node, Output, Rows
from cubeql.plan.walking import rewrite

Columns = dict[tuple[int, str], Bound]


def push_into_queries(plan: Node) -> Node:
    """Move conditions of every filter over subqueries into these."""
    return rewrite(plan, _push)


def _push(node: Node) -> Node:
    if not isinstance(node, Filtered):
        return node
    source, left = node.input, []
    for condition in node.conditions:
        moved = _into(source, condition)
        left += [condition] if moved is None else []
        source = source if moved is None else moved
    return Filtered(source, tuple(left)) if left else source


def _into(node: Node, condition: Bound) -> Node | None:
    """The relation with the condition tested in the subquery that it reads; None where it reads more, or none may."""
    match node:
        case Rows():
            if not _reads_only(condition, node.source):
                return None
            query = _narrowed(node.query, condition, node.source, node.is_sealed)
            return None if query is None else replace(node, query=query)
        case CellJoin(left=left):
            moved = _into(left, condition) if not _reads(condition, node.source) else None
            if moved is not None:
                return replace(node, left=moved)
            right = _into(node.right, condition) if _keeps_right(node) else None
            return None if right is None else replace(node, right=right)
    return None


def _reads(condition: Bound, source: int) -> bool:
    return any(isinstance(p, Column) and p.source == source for p in walk(condition))


def _reads_only(condition: Bound, source: int) -> bool:
    sources = {p.source for p in walk(condition) if isinstance(p, Column)}
    return sources == {source}


def _keeps_right(join: CellJoin) -> bool:
    """Whether every right row that fails a condition may be left out before the join."""
    chosen = join.match is not None and (join.match.is_ranked or join.match.is_windowed)
    return join.kind == "inner" and not chosen and join.over is None


def _narrowed(query: Node, condition: Bound, source: int, sealed: bool) -> Node | None:
    """A query that gives only the rows for which a condition on its result holds; None where it cannot."""
    match query:
        case Combined(limit=None, offset=None):
            return _both(query, condition, source, sealed)
        case Output(limit=None, offset=None, sample=None):
            return _of_select(query, condition, source, sealed)
    return None


def _both(query: Combined, condition: Bound, source: int, sealed: bool) -> Node | None:
    left = _narrowed(query.left, _renamed(condition, source, query.columns, query.left), source, sealed)
    right = _narrowed(query.right, _renamed(condition, source, query.columns, query.right), source, sealed)
    return None if left is None or right is None else replace(query, left=left, right=right)


def _renamed(condition: Bound, source: int, columns: tuple[OutputColumn, ...], side: Node) -> Bound:
    """A condition on the result over the columns of one of its two queries, which stand in the same order."""
    own = side.columns if isinstance(side, (Output, Combined)) else columns
    names: Columns = {
        (source, c.name): Column(o.type, source, o.name) for c, o in zip(columns, own, strict=True)
    }
    return _over(condition, names)


def _of_select(query: Output, condition: Bound, source: int, sealed: bool) -> Node | None:
    items = {(source, i.name): i.expr for i in query.items}
    read = [items[p.source, p.name] for p in walk(condition) if isinstance(p, Column)]
    if not all(expr in parts for parts in _partitions(query) for expr in read):
        return None
    if query.group_by is not None:
        keys = query.group_by
        if not all(isinstance(expr, Key) for expr in read):
            return None
        items = {name: keys[expr.index] for name, expr in items.items() if isinstance(expr, Key)}
    moved = _over(condition, items)
    if sealed and not is_sure(moved):
        return None
    return replace(query, input=_push(tested(query.input, (moved,))))


def _partitions(query: Output) -> Iterator[tuple[Bound, ...]]:
    """What each window of a query is parted by."""
    exprs = (*(i.expr for i in query.items), *(s.expr for s in query.order_by), query.qualify)
    for expr in exprs:
        for part in walk(expr) if expr is not None else ():
            if isinstance(part, Window):
                yield part.partition_by


def _over(condition: Bound, columns: Columns) -> Bound:
    return rewrite_expr(condition, lambda p: columns.get((p.source, p.name)) if isinstance(p, Column) else None)
