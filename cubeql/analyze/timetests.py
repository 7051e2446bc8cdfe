"""``time DURING|IN|BEFORE|AFTER '…'``: comparisons with the ends of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.analyze.bound import Bound, Constant
from cubeql.analyze.constants import range_constant
from cubeql.errors import Span
from cubeql.lang import nodes
from cubeql.values.times import TimeRange
from cubeql.values.types import ANY, BOOLEAN, TIMESTAMP

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_time_test(binder: Binder, expr: nodes.TimeTest) -> Bound:
    """The test as a conjunction of comparisons; a range is half-open."""
    if expr.how == "in" and isinstance(expr.value, nodes.Parameter):
        given = binder.context.values.get(expr.value.name)
        if isinstance(given, (list, tuple)):
            return binder.bind(nodes.InList(expr.operand, (expr.value,), expr.negated, span=expr.span))
    operand = binder.bind(expr.operand)
    if operand.type.name not in ("timestamp", "any"):
        binder.context.fault("wrong_type", expr.operand.span, wanted="timestamp", given=operand.type)
        return Constant(ANY, None, span=expr.span)
    span = range_constant(binder.context, expr.value)
    if span is None:
        return Constant(ANY, None, span=expr.span)
    test = _bounds(binder, operand, span, expr)
    return binder.apply("not", (test,), expr.span) if expr.negated else test


def _bounds(binder: Binder, operand: Bound, times: TimeRange, expr: nodes.TimeTest) -> Bound:
    """BEFORE means before the period starts, AFTER at or after its end."""
    if expr.how == "before":
        tests = [("<", times.start)]
    elif expr.how == "after":
        tests = [(">=", times.end)]
    else:
        tests = [(">=", times.start), ("<", times.end)]
    span: Span = expr.span
    parts = [
        binder.apply(name, (operand, Constant(TIMESTAMP, end, span=expr.value.span)), span)
        for name, end in tests
        if end is not None
    ]
    if not parts:
        return Constant(BOOLEAN, expr.how not in ("before", "after"), span=span)
    return parts[0] if len(parts) == 1 else binder.apply("and", tuple(parts), span)
