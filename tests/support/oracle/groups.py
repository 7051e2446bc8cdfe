"""Aggregate calls over a group of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cubeql.lang import nodes
from tests.support.oracle import aggregates, expressions, listed, packs, regions
from tests.support.oracle.faults import RefusedError, UncoveredError

_PICKS = frozenset(
    {
        "min", "max", "mode", "first", "last", "arg_min", "arg_max", "latest", "earliest", "any_value", "lag",
        "lead", "first_value", "last_value",
    }
)  # fmt: skip
_COUNTS = frozenset({"count", "cell", "date_trunc", "row_number", "rank", "dense_rank", "histogram"})


def is_aggregate(node: Any) -> bool:
    """Whether a node is an aggregate call (not a window)."""
    return isinstance(node, nodes.Call) and node.over is None and node.name in aggregates.NAMES


def has_aggregate(tree: Any) -> bool:
    """Whether an aggregate call stands somewhere in a tree."""
    return any(is_aggregate(n) for n in _outside_disks(tree))


def _outside_disks(tree: Any) -> Iterator[Any]:
    """All nodes of a tree but those inside a disk, whose aggregate is of rows."""
    inside = [id(n) for d in expressions.walk(tree) if _is_disk(d) for n in expressions.walk(d.args)]
    return (n for n in expressions.walk(tree) if id(n) not in inside)


def _is_disk(node: Any) -> bool:
    return isinstance(node, nodes.Call) and node.name == "disk"


def aggregate(call: nodes.Call, env: expressions.Env) -> Any:
    """The value of an aggregate call over ``env.group``."""
    if any(has_aggregate(a) for a in call.args):
        raise RefusedError(f"an aggregate within the aggregate {call.name}")
    rows = [replace(env, row=row, group=None, keys=(), outputs=None, stage=None) for row in env.group or []]
    return over_rows(call, rows, env)


def over_rows(call: nodes.Call, rows: list[expressions.Env], env: expressions.Env) -> Any:
    """The value of an aggregate over rows; ``env`` is where it stands."""
    if call.name in aggregates.UNCOVERED or (call.order_by and call.name != "list"):
        raise UncoveredError(f"the aggregate {call.name}" + (" with ORDER BY" if call.order_by else ""))
    if call.filter is not None:
        rows = [r for r in rows if expressions.value(call.filter, r) is True]
    if call.name == "count" and (not call.args or isinstance(call.args[0], nodes.Star)):
        return len(rows)
    return _over(call, rows, env)


def _over(call: nodes.Call, rows: list[expressions.Env], env: expressions.Env) -> Any:
    if call.name == "area":
        return _area(rows)
    if call.name in ("area_mean", "fraction"):
        pairs = _tuples((*call.args, nodes.Name(("cell",))), rows)
        return aggregates.weighed([(float(v), regions.area_km2(c)) for v, c in pairs])
    if call.name in ("latest", "earliest"):
        pairs = _tuples((*call.args, nodes.Name(("time",))), rows)
        return aggregates.chosen(pairs, max if call.name == "latest" else min)
    if call.name == "pack":
        return packs.packed(call, rows, env)
    if call.name in listed.NAMES:
        return listed.NAMES[call.name](call, rows, env)
    if call.name == "quantile":
        share = expressions.value(call.args[1], replace(env, row=(), group=None))
        return aggregates.quantile([v for (v,) in _tuples(call.args[:1], rows)], share)
    tuples = _tuples(call.args, rows)
    if call.distinct:
        tuples = list(dict.fromkeys(tuples))
    if call.name in aggregates.TWO and len(call.args) == 2:
        return aggregates.TWO[call.name](tuples)
    if call.name in aggregates.ONE and len(call.args) == 1:
        values = [v for (v,) in tuples]
        _no_text(call, values)
        return aggregates.ONE[call.name](values)
    raise UncoveredError(f"{call.name} of {len(call.args)} arguments")


def _no_text(call: nodes.Call, values: list[Any]) -> None:
    picks = call.name in ("count", "count_if", "min", "max", "mode", "bool_and", "bool_or")
    if not picks and any(not isinstance(v, int | float) for v in values):
        raise RefusedError(f"{call.name} of what is no number")


def _area(rows: list[expressions.Env]) -> float | None:
    cells = [v for (v,) in _tuples((nodes.Name(("cell",)),), rows)]
    return aggregates.total([regions.area_km2(c) for c in cells])


def _tuples(args: tuple[nodes.Expr, ...], rows: list[expressions.Env]) -> list[tuple[Any, ...]]:
    """The arguments' values on each row on which none is NULL."""
    found = [tuple(expressions.value(a, row) for a in args) for row in rows]
    return [values for values in found if None not in values]


def exact(expr: Any, scope: expressions.Scope) -> bool:
    """Whether an expression only picks values that are the same to the last bit however they are computed."""
    match expr:
        case nodes.Name():
            found = scope.find(expr)
            return bool(found and found[1].exact)
        case nodes.Call() if expr.name in _COUNTS:
            return True
        case nodes.Call() if expr.name in _PICKS and expr.args:
            return exact(expr.args[0], scope)
    return False
