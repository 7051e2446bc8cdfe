"""Constants: the values that regions, times, limits and resolutions are written with."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np

from cubeql.analyze.bound import Bound, Constant, Parameter
from cubeql.analyze.context import Context
from cubeql.errors import Span
from cubeql.lang import nodes
from cubeql.values.times import Duration, TimeRange, parse_duration, parse_instant, parse_range
from cubeql.values.types import ANY, BOOLEAN, GEOMETRY, INTEGER, INTERVAL, NULL, NUMBER, TEXT, TIMESTAMP, Type, common


class NotConstant(Exception):  # noqa: N818
    """The expression is no constant."""


def value_of(context: Context, expr: nodes.Expr) -> Any:
    """The value of a literal or parameter, sign included.

    Raises:
        NotConstant: the expression is neither, or the parameter has no value (then the fault is noted).
    """
    match expr:
        case nodes.Number(value=value) | nodes.String(value=value) | nodes.Boolean(value=value):
            return value
        case nodes.TypedString(value=value):
            return value
        case nodes.Null():
            return None
        case nodes.Unary(operator="-" | "+" as sign, operand=operand):
            value = value_of(context, operand)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise NotConstant
            return -value if sign == "-" else value
        case nodes.Parameter(name=name):
            if name not in context.values:
                context.fault("unknown_parameter", expr.span, name=name)
                raise NotConstant
            return context.values[name]
    raise NotConstant


def whole_number(context: Context, expr: nodes.Expr, what: str, low: int, high: int | None = None) -> int | None:
    """A constant whole number in a range; notes the fault and gives None otherwise."""
    wanted = f"a whole number from {low}{f' to {high}' if high is not None else ' up'}"
    try:
        value = value_of(context, expr)
    except NotConstant:
        context.fault("not_a_constant", expr.span, what=what)
        return None
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)
    if not fits:
        context.fault("bad_number", expr.span, what=what, wanted=wanted, given=value)
        return None
    return int(value)


def percentage(context: Context, expr: nodes.Expr) -> float | None:
    """A constant number above 0 and up to 100; notes the fault and gives None otherwise."""
    try:
        value = value_of(context, expr)
    except NotConstant:
        context.fault("not_a_constant", expr.span, what="the percentage")
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 100:
        return float(value)
    context.fault("bad_number", expr.span, what="the percentage", wanted="a number above 0 and up to 100", given=value)
    return None


def instant_of(value: Any) -> np.datetime64:
    """The UTC instant that a text, date or datetime means; ValueError with a reason otherwise."""
    if isinstance(value, np.datetime64):
        found: np.datetime64 = value.astype("datetime64[us]")
        return found
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
        return np.datetime64(aware, "us")
    if isinstance(value, dt.date):
        return np.datetime64(value, "us")
    if isinstance(value, str):
        return parse_instant(value)
    raise ValueError(f"{value!r} is no date")


def range_of(value: Any) -> TimeRange:
    """The range that a text means, or the single instant of a datetime; ValueError with a reason otherwise."""
    if isinstance(value, str):
        return parse_range(value)
    start = instant_of(value)
    length = np.timedelta64(86_400_000_000 if not isinstance(value, dt.datetime) else 1, "us")
    return TimeRange(start, start + length)


def range_constant(context: Context, expr: nodes.Expr) -> TimeRange | None:
    """A constant range of time; notes the fault and gives None otherwise."""
    try:
        return range_of(value_of(context, expr))
    except NotConstant:
        context.fault("not_a_constant", expr.span, what="the time")
    except ValueError as error:
        context.fault("bad_time", expr.span, reason=str(error))
    return None


def duration(context: Context, expr: nodes.Expr) -> Duration | None:
    """A constant length of time; notes the fault and gives None otherwise."""
    try:
        value = value_of(context, expr)
        if isinstance(value, dt.timedelta):
            return Duration(0, round(value.total_seconds() * 1e6))
        return parse_duration(str(value))
    except NotConstant:
        context.fault("not_a_constant", expr.span, what="a length of time")
    except ValueError as error:
        context.fault("bad_interval", expr.span, reason=str(error))
    return None


def time_literal(context: Context, value: Any, span: Span) -> Bound | None:
    """The timestamp constant of a text or datetime; notes the fault and gives None where it is none."""
    try:
        return Constant(TIMESTAMP, instant_of(value), span=span)
    except ValueError as error:
        context.fault("bad_time", span, reason=str(error))
        return None


def literal(context: Context, expr: nodes.Expr) -> Bound:
    """The bound constant of a literal node."""
    match expr:
        case nodes.Boolean(value=value):
            return Constant(BOOLEAN, value, span=expr.span)
        case nodes.Number(value=value):
            return Constant(INTEGER if isinstance(value, int) else NUMBER, value, span=expr.span)
        case nodes.String(value=value):
            return Constant(TEXT, value, span=expr.span)
        case nodes.Null():
            return Constant(NULL, None, span=expr.span)
        case nodes.TypedString(kind="interval"):
            return Constant(INTERVAL, duration(context, expr), span=expr.span)
        case nodes.TypedString(value=value):
            return time_literal(context, value, expr.span) or Constant(ANY, None, span=expr.span)
        case nodes.Parameter():
            return _parameter(context, expr)
    raise AssertionError(f"no literal: {expr}")


def _parameter(context: Context, expr: nodes.Parameter) -> Bound:
    if expr.name not in context.values:
        context.fault("unknown_parameter", expr.span, name=expr.name)
        return Constant(ANY, None, span=expr.span)
    value = context.values[expr.name]
    if value is None:
        return Constant(NULL, None, span=expr.span)
    reason = _unusable(value)
    if reason is not None:
        context.fault("bad_parameter", expr.span, name=expr.name, reason=reason)
        return Constant(ANY, None, span=expr.span)
    if isinstance(value, (dt.date, np.datetime64)):
        return time_literal(context, value, expr.span) or Constant(ANY, None, span=expr.span)
    if isinstance(value, dt.timedelta):
        return Constant(INTERVAL, Duration(0, round(value.total_seconds() * 1e6)), span=expr.span)
    return Parameter(_type_of(value), expr.name, span=expr.span)


def _type_of(value: Any) -> Type:
    if isinstance(value, (bool, np.bool_)):
        return BOOLEAN
    if isinstance(value, (int, np.integer)):
        return INTEGER
    if isinstance(value, (float, np.floating)):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    if isinstance(value, (dt.date, np.datetime64)):
        return TIMESTAMP
    if isinstance(value, dt.timedelta):
        return INTERVAL
    if isinstance(value, (list, tuple)):
        kinds = tuple(_type_of(v) for v in value if v is not None)
        return Type("list", element=common(kinds) if kinds else ANY)
    return GEOMETRY


def list_items(context: Context, expr: nodes.Parameter) -> tuple[Bound, ...]:
    """The values of a list that is given as a parameter, each a constant."""
    made = []
    for value in context.values[expr.name]:
        if value is None:
            made.append(Constant(NULL, None, span=expr.span))
        elif isinstance(value, (dt.date, np.datetime64)):
            made.append(Constant(TIMESTAMP, instant_of(value), span=expr.span))
        elif isinstance(value, dt.timedelta):
            made.append(Constant(INTERVAL, Duration(0, round(value.total_seconds() * 1e6)), span=expr.span))
        else:
            made.append(Constant(_type_of(value), value, span=expr.span))
    return tuple(made)


def _unusable(value: Any) -> str | None:
    """Why nothing can be done with a value, None where something can."""
    if isinstance(value, (list, tuple)):
        reasons = (_unusable(v) if not isinstance(v, (list, tuple, dict)) else "a list of lists" for v in value)
        mixed = None if _type_of(value).element is not None else "a list of unlike values"
        return next((r for r in reasons if r is not None), mixed)
    if isinstance(value, (float, np.floating)) and math.isnan(value):
        return "NaN; give None where there is no value"
    known = (bool, np.bool_, int, np.integer, float, np.floating, str, dt.date, np.datetime64, dt.timedelta, dict)
    is_shape = hasattr(value, "geom_type") or hasattr(value, "__geo_interface__")
    return None if value is None or is_shape or isinstance(value, known) else f"a {type(value).__name__}"
