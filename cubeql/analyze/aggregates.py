"""Calls of aggregates."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cubeql.analyze.bound import Aggregate, Apply, Bound, Constant
from cubeql.analyze.checks import check_arguments, refuse_modifiers
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.analyze.packing import bind_pack
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.functions.registry import FUNCTIONS
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTEGER, NUMBER, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

_SAME_OF_DISTINCT = ("min", "max", "any_value", "bool_and", "bool_or", "approx_count_distinct")
MOST_EDGES = 1000


def bind_aggregate(binder: Binder, function: Function, call: nodes.Call, windowed: bool = False) -> Bound:
    """A bound aggregate; a NULL with the fault noted where it is at fault.

    A ``windowed`` one may stand over the aggregates of groups.
    """
    if binder.inside_aggregate is not None:
        binder.context.fault("nested_aggregate", call.span, name=function.name)
    elif not binder.aggregates:
        suggestion = "test groups with HAVING" if binder.clause == "FILTER" else "compute it in a WITH query"
        binder.context.fault("aggregate_not_allowed", call.span, name=function.name, clause=binder.clause,
                             suggestion=suggestion)  # fmt: skip
    if function.name == "pack":
        return bind_pack(binder, function, call)
    _check_modifiers(binder, function, call)
    inside = None if windowed else function.name
    inner = binder.within(inside_aggregate=inside, aggregates=windowed, windows=False)
    star = len(call.args) == 1 and isinstance(call.args[0], nodes.Star)
    if function.name == "count" and (star or not call.args):
        return Aggregate(INTEGER, function, (), filter=_filter(inner, call), star=True, span=call.span)
    args = _edges(inner, call) if function.name == "histogram" else tuple(inner.bind(a) for a in call.args)
    if not check_arguments(binder.context, function, args, call.span) or not _constant_share(binder, function, args):
        return Constant(ANY, None, span=call.span)
    args = _hidden_arguments(binder, function, args, call.span)
    order = tuple(inner.sort_key(k) for k in call.order_by)
    if call.distinct and any(o.expr not in args for o in order):
        binder.context.fault("distinct_order", call.span)
    kind = function.result_type(tuple(a.type for a in args))
    return Aggregate(kind, function, args, call.distinct, _filter(inner, call), order, span=call.span)


def _edges(binder: Binder, call: nodes.Call) -> tuple[Bound, ...]:
    """Arguments of a histogram; its edges are a constant list of numbers, ascending."""
    if len(call.args) != 2:
        return tuple(binder.bind(a) for a in call.args)
    written = call.args[1]
    try:
        parts = written.items if isinstance(written, nodes.ListOf) else None
        given = value_of(binder.context, written) if parts is None else [value_of(binder.context, p) for p in parts]
    except NotConstant:
        given = None
    edges = list(given) if isinstance(given, (list, tuple)) else []
    numbers = [e for e in edges if isinstance(e, (int, float)) and not isinstance(e, bool)]
    rising = all(a < b for a, b in pairwise(numbers))
    if len(numbers) < len(edges) or not 2 <= len(edges) <= MOST_EDGES or not rising:
        wanted = f"a constant list of 2 to {MOST_EDGES} rising numbers, such as [0, 0.5, 1]"
        binder.context.fault("bad_number", written.span, what="the second argument", wanted=wanted, given=given)
    constant = Constant(Type("list", element=NUMBER), tuple(float(e) for e in numbers), span=written.span)
    return binder.bind(call.args[0]), constant


def _check_modifiers(binder: Binder, function: Function, call: nodes.Call) -> None:
    """DISTINCT changes nothing of a smallest or largest value; where it would, and is not computed, it is refused."""
    refused = () if "{distinct}" in function.sql or function.name in _SAME_OF_DISTINCT else ("DISTINCT",)
    if function.name == "area" or (call.args and isinstance(call.args[0], nodes.Star)):
        refused = ("DISTINCT",)
    refuse_modifiers(binder.context, call, function, refused if "{order}" in function.sql else (*refused, "ORDER BY"))


def _filter(binder: Binder, call: nodes.Call) -> Bound | None:
    return binder.condition(call.filter) if call.filter is not None else None


def _constant_share(binder: Binder, function: Function, args: tuple[Bound, ...]) -> bool:
    if function.name != "quantile":
        return True
    share = args[1].value if isinstance(args[1], Constant) else None
    if isinstance(share, (int, float)) and 0 <= share <= 1:
        return True
    binder.context.fault("bad_number", args[1].span, what="the share q", wanted="a constant from 0 to 1", given=share)
    return False


def _hidden_arguments(binder: Binder, function: Function, args: tuple[Bound, ...], span: Span) -> tuple[Bound, ...]:
    """``latest`` and ``earliest`` order by the query's time, ``area`` sums the areas of its cells, shares weigh
    by them."""
    if function.name in ("latest", "earliest"):
        time = binder.scope.time_column(span)
        if time is None:
            binder.context.fault("latest_needs_time", span, name=function.name)
            return (*args, Constant(ANY, None, span=span))
        return (*args, time)
    if function.name in ("area", "area_mean", "fraction"):
        return (*args, _area_of_cell(binder, function, span))
    return args


def _area_of_cell(binder: Binder, function: Function, span: Span) -> Bound:
    cell = binder.scope.grid_cell(span)
    if cell is None:
        binder.context.fault("cell_needed", span, what=f"{function.name}()")
        return Constant(ANY, None, span=span)
    area = FUNCTIONS["cell_area"]
    return Apply(area.result_type((cell.type,)), area, (cell,), span=span)
