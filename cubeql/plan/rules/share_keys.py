"""A grouped query that rows meet by its keys is made only of the groups that some row can meet.

``FROM rain JOIN (FROM rain GROUP BY cell, month(time) …)``, which is how a baseline is read: a condition on the cell,
on a dimension or on the month of the rows holds of the keys, too, and is tested before they are grouped. Of a range of
time follow the months, seasons or days of the year that lie in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cubeql.analyze.bound import (
    GRID,
    Apply,
    Bound,
    Column,
    Constant,
    InSubquery,
    Key,
    OneOf,
    Window,
    rewrite,
    walk,
)
from cubeql.plan.asking import tested
from cubeql.plan.nodes import CellJoin, Cells, Filtered, Node, Output, Rows
from cubeql.plan.walking import rewrite as rewrite_plan
from cubeql.values.calendar import values_in
from cubeql.values.times import TimeRange
from cubeql.values.types import BOOLEAN, CELL

Pairs = list[tuple[Bound, Bound]]
"""Expressions of the rows, and the keys they equal where rows meet."""

_MICROSECOND = np.timedelta64(1, "us")


def share_keys(plan: Node) -> Node:
    """Give the conditions of every filter to the grouped queries that are joined below it."""
    return rewrite_plan(plan, _share)


def _share(node: Node) -> Node:
    if not isinstance(node, Filtered):
        return node
    return replace(node, input=_below(node.input, node.conditions))


def _below(node: Node, conditions: tuple[Bound, ...]) -> Node:
    if not isinstance(node, CellJoin):
        return node
    right = node.right
    if isinstance(right, Rows) and isinstance(right.query, Output) and is_of_groups(right.query):
        shared = _shared(conditions, _pairs(node, right.query))
        right = replace(right, query=replace(right.query, input=tested(right.query.input, shared))) if shared else right
    return replace(node, left=_below(node.left, conditions), right=right)


def is_of_groups(query: Output) -> bool:
    """Whether each row of a query is a group that no other group has a part in."""
    several = query.qualify is not None or any(isinstance(p, Window) for i in query.items for p in walk(i.expr))
    return bool(query.group_by) and query.limit is None and query.offset is None and not several


# ------------------------------------------------------------------ what equals a key


def _pairs(node: CellJoin, query: Output) -> Pairs:
    keys = {i.name: _key(i.expr, query) for i in query.items}
    found: Pairs = []
    for part in node.on:
        if isinstance(part, Apply) and part.function.name == "=":
            left, right = part.args
            for mine, other in ((left, right), (right, left)):
                key = keys.get(other.name) if isinstance(other, Column) and other.source == node.source else None
                # Of equal values of unlike types a condition may hold for one alone: 17 and 17.0 are other texts.
                alike = key is not None and key.type.name == mine.type.name
                if key is not None and alike and _sources(mine) and node.source not in _sources(mine):
                    found.append((mine, key))
    cell = keys.get("cell")
    if isinstance(cell, Column):
        found += [(mine, cell) for mine in _cells_of(node.left) if mine.type == cell.type]
    return found


def _key(expr: Bound, query: Output) -> Bound | None:
    return query.group_by[expr.index] if isinstance(expr, Key) and query.group_by is not None else None


def _sources(expr: Bound) -> set[int]:
    return {p.source for p in walk(expr) if isinstance(p, Column)}


def _cells_of(node: Node) -> Iterator[Column]:
    """The cell of the driving rows."""
    match node:
        case CellJoin(left=left):
            yield from _cells_of(left)
        case Filtered(input=source):
            yield from _cells_of(source)
        case Cells():
            yield Column(replace(CELL, resolution=node.resolution), GRID, "cell")
        case Rows(columns=columns, source=source):
            yield from (Column(c.type, source, c.name) for c in columns if c.name == "cell" and c.type.name == "cell")


# ------------------------------------------------------------------ conditions of keys


def _shared(conditions: tuple[Bound, ...], pairs: Pairs) -> tuple[Bound, ...]:
    plain = [_of_keys(c, pairs) for c in conditions]
    calendar = [_in_calendar(mine, key, conditions) for mine, key in pairs]
    return tuple(c for c in (*plain, *calendar) if c is not None)


def _of_keys(condition: Bound, pairs: Pairs) -> Bound | None:
    """The condition over keys; None where it reads anything else."""
    if any(isinstance(p, (InSubquery, Window)) for p in walk(condition)):
        return None
    found = set()

    def changed(part: Bound) -> Bound | None:
        key = next((k for mine, k in pairs if mine == part), None)
        if key is not None:
            found.add(part)
        return key

    left = rewrite(condition, lambda p: Constant(p.type, None) if any(p == mine for mine, _ in pairs) else None)
    if _sources(left):
        return None
    moved = rewrite(condition, changed)
    return moved if found else None


def _in_calendar(mine: Bound, key: Bound, conditions: tuple[Bound, ...]) -> Bound | None:
    """Of a range of time that the rows lie in: the key has one of the values that its calendar function takes there."""
    if not (isinstance(mine, Apply) and len(mine.args) == 1 and isinstance(mine.args[0], Column)):
        return None
    start, end = None, None
    for name, instant in _ends(mine.args[0], conditions):
        if name in (">=", ">", "="):
            start = instant if start is None else max(start, instant)
        if name in ("<", "<=", "="):
            past = instant if name == "<" else instant + _MICROSECOND
            end = past if end is None else min(end, past)
    values = values_in(mine.function.name, TimeRange(start, end))
    if values is None:
        return None
    items = tuple(Constant(mine.type, v, trusted=True) for v in values)
    return OneOf(BOOLEAN, key, items)


def _ends(time: Column, conditions: tuple[Bound, ...]) -> Iterator[tuple[str, np.datetime64]]:
    """Comparisons of a time with constants, the time on the left."""
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    for condition in conditions:
        if isinstance(condition, Apply) and len(condition.args) == 2:
            left, right = condition.args
            name = condition.function.name
            if left == time and isinstance(right, Constant) and right.value is not None:
                yield name, right.value
            elif right == time and isinstance(left, Constant) and left.value is not None:
                yield turned.get(name, name), left.value
