"""Aggregates that give a list, or leave a choice: ``list``, ``histogram``, ``any_value``, ``approx_count_distinct``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from cubeql.lang import nodes
from tests.support.answers import About, AnyOf, AnyOrder
from tests.support.oracle import expressions
from tests.support.oracle.faults import RefusedError

Rows = list[expressions.Env]


def _values(call: nodes.Call, rows: Rows) -> list[Any]:
    return [expressions.value(call.args[0], row) for row in rows]


def any_value(call: nodes.Call, rows: Rows, _: expressions.Env) -> Any:
    """Any of the valid values."""
    found = list(dict.fromkeys(v for v in _values(call, rows) if v is not None))
    return None if not found else found[0] if len(found) == 1 else AnyOf(found)


def approx_count_distinct(call: nodes.Call, rows: Rows, _: expressions.Env) -> Any:
    """About as many as there are different valid values."""
    return About(len({v for v in _values(call, rows) if v is not None}))


def every_value(call: nodes.Call, rows: Rows, _: expressions.Env) -> Any:
    """All values, NULL too; without ORDER BY in any order."""
    from tests.support.oracle.queries import compare_keys

    if not rows:
        return None
    if call.order_by:
        keys = [tuple(expressions.value(k.expr, row) for k in call.order_by) for row in rows]
        order = sorted(range(len(rows)), key=cmp_to_key(lambda a, b: compare_keys(call.order_by, keys[a], keys[b])))
        values = _values(call, [rows[n] for n in order])
        tied = any(keys[a] == keys[b] for a, b in pairwise(order))
        return AnyOrder(values) if tied else tuple(dict.fromkeys(values)) if call.distinct else tuple(values)
    values = _values(call, rows)
    return AnyOrder(dict.fromkeys(values)) if call.distinct else AnyOrder(values)


def histogram(call: nodes.Call, rows: Rows, env: expressions.Env) -> Any:
    """Numbers of values from one edge to below the next; the last bin holds its upper edge."""
    edges = expressions.value(call.args[1], replace(env, row=(), group=None, stage=None))
    if not all(a < b for a, b in pairwise(edges)):
        raise RefusedError("edges must rise")
    counts = [0] * (len(edges) - 1)
    for value in _values(call, rows):
        if value is None or not edges[0] <= value <= edges[-1]:
            continue
        place = sum(1 for edge in edges if edge <= value) - 1
        counts[min(place, len(counts) - 1)] += 1
    return tuple(counts)


NAMES: dict[str, Callable[[nodes.Call, Rows, expressions.Env], Any]] = {
    "any_value": any_value, "approx_count_distinct": approx_count_distinct, "list": every_value,
    "histogram": histogram,
}  # fmt: skip
