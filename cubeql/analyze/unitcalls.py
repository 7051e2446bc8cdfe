"""``convert(x, 'unit')``: a value in another unit, which is arithmetic with two constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.analyze.bound import Apply, Bound, Constant
from cubeql.analyze.checks import check_arguments, label
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.functions import Function
from cubeql.lang import nodes
from cubeql.values import units
from cubeql.values.types import ANY, NUMBER, TEXT, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_convert(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A bound conversion; a NULL with the fault noted where the units do not convert."""
    missing = Constant(ANY, None, span=call.span)
    if len(call.args) != 2:
        check_arguments(binder.context, function, tuple(binder.bind(a) for a in call.args), call.span)
        return missing
    wanted = _unit_text(binder, call.args[1])
    value = binder.bind(call.args[0])
    constant = Constant(TEXT, wanted, span=call.args[1].span)
    fits = check_arguments(binder.context, function, (value, constant), call.span)
    if not fits or wanted is None or value.type.name in ("any", "null"):
        return missing
    found = _conversion(binder, value, wanted, call)
    if found is None:
        return missing
    factor, shift = (Constant(NUMBER, number, span=call.args[1].span) for number in found)
    return Apply(Type("number", unit=wanted), function, (value, factor, shift), span=call.span)


def _unit_text(binder: Binder, written: nodes.Expr) -> str | None:
    try:
        wanted = value_of(binder.context, written)
    except NotConstant:
        wanted = None
    if not isinstance(wanted, str):
        binder.context.fault("not_a_constant", written.span, what="the unit to convert to")
        return None
    if units.lookup(wanted) is None:
        binder.context.fault("unknown_unit", written.span, name=wanted)
        return None
    return wanted


def _conversion(binder: Binder, value: Bound, wanted: str, call: nodes.Call) -> tuple[float, float] | None:
    """Factor and shift; None with the fault noted."""
    context, own = binder.context, value.type.unit
    if own is None:
        context.fault("unit_not_given", call.args[0].span, name=label(value))
        return None
    if units.lookup(own) is None:
        context.fault("unknown_unit", call.args[0].span, name=own)
        return None
    found = units.conversion(own, wanted)
    if found is None:
        context.fault("unit_unconvertible", call.span, name=label(value), own=own, wanted=wanted)
    return found
