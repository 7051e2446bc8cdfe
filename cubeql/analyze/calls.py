"""Calls of functions; aggregates and windows have modules of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cubeql.analyze.aggregates import bind_aggregate
from cubeql.analyze.baselines import bind_baseline
from cubeql.analyze.bound import Bound, Constant
from cubeql.analyze.cellcalls import CELL_CALLS
from cubeql.analyze.checks import applied, check_arguments, refuse_modifiers
from cubeql.analyze.constants import NotConstant, duration, value_of
from cubeql.analyze.disks import bind_disk
from cubeql.analyze.unitcalls import bind_convert
from cubeql.analyze.windows import bind_window
from cubeql.functions import Function, lookup, names
from cubeql.functions.climate import NAMES as CLIMATE
from cubeql.functions.scalars import DIFFERENCES, TRUNCATIONS
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTERVAL, TEXT

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

_UNITS = {"date_trunc": TRUNCATIONS, "date_diff": DIFFERENCES}


def bind_call(binder: Binder, call: nodes.Call) -> Bound:
    """A bound call; a NULL with the fault noted where it is at fault."""
    function = lookup(call.name)
    if function is None:
        _unknown(binder, call)
        return Constant(ANY, None, span=call.span)
    if call.by is not None and function.name not in CLIMATE:
        binder.context.fault("modifier_not_allowed", call.span, name=function.name, modifier="BY")
    if function.name == "disk":
        return bind_disk(binder, function, call)
    if call.over is not None:
        return bind_window(binder, function, call)
    if function.kind == "window":
        binder.context.fault("window_needs_over", call.span, name=function.name)
        return Constant(ANY, None, span=call.span)
    if function.kind == "aggregate":
        return bind_aggregate(binder, function, call)
    return _scalar(binder, function, call)


def _unknown(binder: Binder, call: nodes.Call) -> None:
    span = call.name_span if call.name_span.end else call.span
    binder.context.unknown("unknown_function", span, call.name, names())


def _scalar(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    refuse_modifiers(binder.context, call, function, ("DISTINCT", "FILTER", "ORDER BY"))
    special = _SPECIAL.get(function.name)
    if special is not None:
        return special(binder, function, call)
    args = tuple(binder.bind(a) for a in call.args)
    return applied(binder.context, function, args, call.span)


def _of_unit(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A call whose first argument is a unit of the calendar."""
    if len(call.args) != len(function.params):
        check_arguments(binder.context, function, tuple(binder.bind(a) for a in call.args), call.span)
        return Constant(ANY, None, span=call.span)
    unit = _constant_text(binder, call.args[0])
    units = _UNITS[function.name]
    if unit not in units:
        binder.context.fault("unknown_time_unit", call.args[0].span, name=unit, units=", ".join(units))
        return Constant(ANY, None, span=call.span)
    function = replace(function, sql=units[unit])
    literal = Constant(TEXT, unit, trusted=True, span=call.args[0].span)
    return applied(binder.context, function, (literal, *(binder.bind(a) for a in call.args[1:])), call.span)


def _constant_text(binder: Binder, expr: nodes.Expr) -> str:
    try:
        return str(value_of(binder.context, expr)).casefold()
    except NotConstant:
        return "an expression"


def _time_bucket(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    if len(call.args) != 2:
        check_arguments(binder.context, function, tuple(binder.bind(a) for a in call.args), call.span)
        return Constant(ANY, None, span=call.span)
    width = duration(binder.context, call.args[0])
    literal = Constant(INTERVAL, width, span=call.args[0].span)
    return applied(binder.context, function, (literal, binder.bind(call.args[1])), call.span)


_SPECIAL = {
    **dict.fromkeys(CLIMATE, bind_baseline),
    **CELL_CALLS,
    "convert": bind_convert,
    "date_diff": _of_unit,
    "date_trunc": _of_unit,
    "time_bucket": _time_bucket,
}
