"""Checks of types, units and classes where values meet."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import Apply, Bound, Column, Constant, Parameter
from cubeql.analyze.constants import time_literal
from cubeql.analyze.context import Context
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.lang import nodes
from cubeql.values import units
from cubeql.values.cells import parse_cell, resolution_of
from cubeql.values.types import ANY, BOOLEAN, INTEGER, Type, accepts

_COMPARABLE = (
    {"number", "integer"},
    {"text"},
    {"boolean"},
    {"timestamp"},
    {"interval"},
    {"cell"},
    {"geometry"},
    {"list"},
)


def label(expr: Bound) -> str:
    """How a fault names an expression."""
    return expr.name if isinstance(expr, (Column, Parameter)) else "the expression"


def meet(context: Context, args: tuple[Bound, ...], span: Span) -> tuple[Bound, ...]:
    """Arguments of a comparison, texts turned into the time, cell or class code that the other side calls for."""
    partner = next((a for a in args if a.type.name in ("timestamp", "cell") or a.type.classes), None)
    if partner is None:
        return check_comparable(context, args, span)
    return check_comparable(context, tuple(_turned(context, a, partner) for a in args), span)


def _turned(context: Context, expr: Bound, partner: Bound) -> Bound:
    if expr.type.name != "text" or expr is partner or not isinstance(expr, (Constant, Parameter)):
        return expr
    value = expr.value if isinstance(expr, Constant) else context.values[expr.name]
    if partner.type.name == "timestamp":
        return time_literal(context, value, expr.span) or replace(expr, type=partner.type)
    if partner.type.name == "cell":
        return cell_literal(context, value, expr)
    return _class_code(context, value, expr, partner)


def cell_literal(context: Context, value: str, expr: Bound) -> Bound:
    """The cell that a constant text spells; notes the fault where it spells none."""
    try:
        cell = parse_cell(value)
    except ValueError as error:
        context.fault("bad_cell", expr.span, reason=str(error))
        return replace(expr, type=Type("cell"))
    return Constant(Type("cell", resolution=resolution_of(cell)), cell, span=expr.span)


def _class_code(context: Context, value: str, expr: Bound, partner: Bound) -> Bound:
    codes = {name.casefold(): code for code, name in partner.type.classes}
    code = codes.get(value.casefold())
    if code is None:
        known = tuple(name for _, name in partner.type.classes)
        context.unknown("unknown_class", expr.span, value, known, "'{}'", column=label(partner))
        return replace(expr, type=INTEGER)
    return Constant(INTEGER, code, span=expr.span)


def check_comparable(context: Context, args: tuple[Bound, ...], span: Span) -> tuple[Bound, ...]:
    """Note where values that are compared have no order or equality in common; gives the arguments as they are."""
    known = [a.type for a in args if a.type.name not in ("null", "any")]
    levels = [k.resolution for k in known if k.name == "cell" and k.resolution is not None]
    for level in levels[1:]:
        if level != levels[0]:
            context.fault("cells_never_meet", span, left=levels[0], right=level)
    for other in known[1:]:
        if not any(known[0].name in group and other.name in group for group in _COMPARABLE):
            context.fault("not_comparable", span, left=known[0].name, right=other.name)
            break
    return args


def check_units(context: Context, args: tuple[Bound, ...], span: Span) -> None:
    """Note where numbers of different units meet."""
    known = [a for a in args if a.type.unit is not None and a.type.is_numeric]
    for other in known[1:]:
        left, right = known[0].type.unit, other.type.unit
        assert left is not None and right is not None
        if units.same(left, right):
            continue
        facts = {"left": f"'{label(known[0])}' in {left}", "right": f"'{label(other)}' in {right}"}
        if units.conversion(right, left) is not None:
            name = other.name if isinstance(other, (Column, Parameter)) else "…"
            hint = f"convert one side first: convert({name}, '{left}') is in {left}"
            context.fault("unit_mismatch", span, **facts, hint=hint)
        else:
            context.fault("unit_unlike", span, **facts)


def check_classes(context: Context, name: str, args: tuple[Bound, ...]) -> None:
    """Note arithmetic on class codes."""
    for arg in args:
        if arg.type.categorical:
            context.fault("class_arithmetic", arg.span, column=label(arg), name=name)


def check_arguments(context: Context, function: Function, args: tuple[Bound, ...], span: Span) -> bool:
    """Whether number and types of arguments fit a function; notes what does not."""
    most = len(function.params)
    least = most - function.optional
    if not (least <= len(args) and (function.variadic or len(args) <= most)):
        wanted = str(least) if least == most else f"{least} to {most}"
        noun = "argument" if wanted == "1" else "arguments"
        text = f"{wanted}{' or more' if function.variadic else ''} {noun}"
        context.fault("wrong_argument_count", span, name=function.name, wanted=text, given=len(args),
                      signature=function.signature)  # fmt: skip
        return False
    fits = True
    for position, arg in enumerate(args, 1):
        wanted_type = function.params[min(position, most) - 1]
        if not accepts(wanted_type, arg.type):
            context.fault("wrong_argument_type", arg.span, name=function.name, wanted=wanted_type, position=position,
                          given=arg.type, signature=function.signature)  # fmt: skip
            fits = False
    if fits and function.refuses_classes:
        check_classes(context, function.name, args)
    return fits


def applied(context: Context, function: Function, args: tuple[Bound, ...], span: Span) -> Bound:
    """A scalar function on bound arguments; a NULL with the fault noted where they do not fit."""
    if not check_arguments(context, function, args, span):
        return Constant(ANY, None, span=span)
    if function.same_unit or function.name == "coalesce":
        args = meet(context, args, span)
        check_units(context, args, span)
    return Apply(function.result_type(tuple(a.type for a in args)), function, args, span=span)


def refuse_modifiers(context: Context, call: nodes.Call, function: Function, refused: tuple[str, ...]) -> None:
    """Note what is written in a call and would be passed over."""
    written = {"DISTINCT": call.distinct, "FILTER": call.filter, "ORDER BY": call.order_by}
    for modifier in refused:
        if written[modifier]:
            context.fault("modifier_not_allowed", call.span, name=function.name, modifier=modifier)


def want_boolean(context: Context, expr: Bound) -> Bound:
    """The expression, with a fault noted where it is no condition."""
    if not accepts("boolean", expr.type):
        if expr.type.name == "cell":
            context.fault("cell_is_no_condition", expr.span)
        else:
            context.fault("wrong_type", expr.span, wanted="condition", given=expr.type)
        return replace(expr, type=BOOLEAN)
    return expr
