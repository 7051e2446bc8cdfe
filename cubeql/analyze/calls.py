"""Calls of functions, aggregates and windows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cubeql.analyze.bound import Aggregate, Apply, Bound, Constant, FrameBound, SortBy, Window
from cubeql.analyze.checks import check_arguments, check_units, meet
from cubeql.analyze.constants import NotConstant, duration, value_of, whole_number
from cubeql.errors import Span
from cubeql.functions import Function, lookup, names
from cubeql.functions.registry import FUNCTIONS
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTEGER, INTERVAL, NUMBER, TEXT, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

_SAME_OF_DISTINCT = ("min", "max", "any_value", "bool_and", "bool_or", "approx_count_distinct")
_TRUNCATIONS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
MOST_EDGES = 1000
_LATER = {"anomaly", "baseline", "disk", "pack", "area_mean", "fraction", "convert",
          "cell_to_latlng", "string_to_cell", "latlng_to_cell"}  # fmt: skip


def bind_call(binder: Binder, call: nodes.Call) -> Bound:
    """A bound call; a NULL with the fault noted where it is at fault."""
    function = lookup(call.name)
    if function is None:
        _unknown(binder, call)
        return Constant(ANY, None, span=call.span)
    if call.over is not None:
        return _window(binder, function, call)
    if function.kind == "window":
        binder.context.fault("window_needs_over", call.span, name=function.name)
        return Constant(ANY, None, span=call.span)
    if function.kind == "aggregate":
        return _aggregate(binder, function, call)
    return _scalar(binder, function, call)


def _unknown(binder: Binder, call: nodes.Call) -> None:
    span = call.name_span if call.name_span.end else call.span
    if call.name in _LATER:
        binder.context.fault("not_supported", span, construct=f"the function {call.name}", suggestion="")
    else:
        binder.context.unknown("unknown_function", span, call.name, names())


def _scalar(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    _refuse_modifiers(binder, call, function, ("DISTINCT", "FILTER", "ORDER BY"))
    if function.name == "cell":
        return _cell_key(binder, call)
    special = _SPECIAL.get(function.name)
    if special is not None:
        return special(binder, function, call)
    args = tuple(binder.bind(a) for a in call.args)
    return _applied(binder, function, args, call.span)


def _refuse_modifiers(binder: Binder, call: nodes.Call, function: Function, refused: tuple[str, ...]) -> None:
    """Note what is written in a call and would be passed over."""
    written = {"DISTINCT": call.distinct, "FILTER": call.filter, "ORDER BY": call.order_by}
    for modifier in refused:
        if written[modifier]:
            binder.context.fault("modifier_not_allowed", call.span, name=function.name, modifier=modifier)


def _applied(binder: Binder, function: Function, args: tuple[Bound, ...], span: Span) -> Bound:
    if not check_arguments(binder.context, function, args, span):
        return Constant(ANY, None, span=span)
    if function.same_unit or function.name == "coalesce":
        args = meet(binder.context, args, span)
        check_units(binder.context, args, span)
    return Apply(function.result_type(tuple(a.type for a in args)), function, args, span=span)


def _cell_key(binder: Binder, call: nodes.Call) -> Bound:
    cell = binder.scope.grid_cell(call.span)
    if cell is None:
        binder.context.fault("cell_needed", call.span, what="CELL(n)")
        return Constant(ANY, None, span=call.span)
    if len(call.args) != 1:
        binder.context.fault("wrong_argument_count", call.span, name="CELL", wanted="1 argument", given=len(call.args),
                             signature="CELL(resolution)")  # fmt: skip
        return Constant(ANY, None, span=call.span)
    return _parent(binder, cell, call.args[0], call.span)


def _cell_to_parent(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    if len(call.args) != 2:
        args = tuple(binder.bind(a) for a in call.args)
        check_arguments(binder.context, function, args, call.span)
        return Constant(ANY, None, span=call.span)
    cell = binder.bind(call.args[0])
    if cell.type.name != "cell":
        binder.context.fault("wrong_type", call.args[0].span, wanted="cell", given=cell.type)
        return Constant(ANY, None, span=call.span)
    return _parent(binder, cell, call.args[1], call.span)


def _parent(binder: Binder, cell: Bound, wanted: nodes.Expr, span: Span) -> Bound:
    resolution = whole_number(binder.context, wanted, "a resolution", 0, 15)
    grid = cell.type.resolution
    if resolution is None:
        return Constant(ANY, None, span=span)
    if grid is not None and resolution > grid:
        binder.context.fault("cell_too_fine", span, wanted=resolution, grid=grid)
        return Constant(ANY, None, span=span)
    if resolution == grid:
        return cell
    function = FUNCTIONS["cell_to_parent"]
    level = Constant(INTEGER, resolution, span=wanted.span)
    return Apply(Type("cell", resolution=resolution), function, (cell, level), span=span)


def _date_trunc(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    if len(call.args) != 2:
        check_arguments(binder.context, function, tuple(binder.bind(a) for a in call.args), call.span)
        return Constant(ANY, None, span=call.span)
    unit = _constant_text(binder, call.args[0])
    if unit not in _TRUNCATIONS:
        binder.context.fault("unknown_time_unit", call.args[0].span, name=unit, units=", ".join(_TRUNCATIONS))
        return Constant(ANY, None, span=call.span)
    literal = Constant(TEXT, unit, trusted=True, span=call.args[0].span)
    return _applied(binder, function, (literal, binder.bind(call.args[1])), call.span)


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
    return _applied(binder, function, (literal, binder.bind(call.args[1])), call.span)


_SPECIAL = {
    "cell_to_parent": _cell_to_parent,
    "date_trunc": _date_trunc,
    "time_bucket": _time_bucket,
}


# ------------------------------------------------------------------ aggregates


def _aggregate(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    if binder.inside_aggregate is not None:
        binder.context.fault("nested_aggregate", call.span, name=function.name)
    elif not binder.aggregates:
        suggestion = "test groups with HAVING" if binder.clause == "FILTER" else "compute it in a WITH query"
        binder.context.fault("aggregate_not_allowed", call.span, name=function.name, clause=binder.clause,
                             suggestion=suggestion)  # fmt: skip
    _check_modifiers(binder, function, call)
    inner = binder.within(inside_aggregate=function.name, aggregates=False, windows=False)
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
    _refuse_modifiers(binder, call, function, refused if "{order}" in function.sql else (*refused, "ORDER BY"))


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
    """``latest`` and ``earliest`` order by the query's time, ``area`` sums the areas of its cells."""
    if function.name in ("latest", "earliest"):
        time = binder.scope.time_column(span)
        if time is None:
            binder.context.fault("latest_needs_time", span, name=function.name)
            return (*args, Constant(ANY, None, span=span))
        return (*args, time)
    if function.name == "area":
        cell = binder.scope.grid_cell(span)
        if cell is not None:
            area = FUNCTIONS["cell_area"]
            return (Apply(area.result_type((cell.type,)), area, (cell,), span=span),)
        binder.context.fault("cell_needed", span, what="area()")
        return (Constant(ANY, None, span=span),)
    return args


# ------------------------------------------------------------------ windows


def _window(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    over = call.over
    assert over is not None
    if function.kind == "scalar":
        binder.context.fault("over_not_allowed", call.span, name=function.name)
        return Constant(ANY, None, span=call.span)
    if not binder.windows or binder.inside_aggregate is not None:
        binder.context.fault("window_not_allowed", call.span, name=function.name, clause=binder.clause)
    inner = binder.within(windows=False)
    if function.kind == "aggregate":
        value = _aggregate(inner.within(aggregates=True), function, _bare(call))
    else:
        _refuse_modifiers(binder, call, function, ("DISTINCT", "FILTER", "ORDER BY"))
        value = _applied(inner, function, tuple(inner.bind(a) for a in call.args), call.span)
    partition, order = _partition(inner, over, call.span)
    frame = _frame(inner, over.frame)
    return Window(value.type, value, partition, order, frame, span=call.span)


def _bare(call: nodes.Call) -> nodes.Call:
    return nodes.Call(call.name, call.args, call.distinct, call.order_by, call.filter, span=call.span)


def _partition(binder: Binder, over: nodes.Over, span: Span) -> tuple[tuple[Bound, ...], tuple[SortBy, ...]]:
    """PARTITION BY and ORDER BY; OVER TIME is by cell, ordered by time."""
    if over.time:
        cell, time = binder.scope.grid_cell(span), binder.scope.time_column(span)
        if cell is None or time is None:
            binder.context.fault("cell_needed", span, what="OVER TIME" if cell is None else "OVER TIME and its time")
            return (), ()
        return (cell,), (SortBy(time),)
    partition = tuple(binder.bind(e) for e in over.partition_by)
    return partition, tuple(binder.sort_key(k) for k in over.order_by)


def _frame(binder: Binder, frame: nodes.Frame | None) -> tuple[str, FrameBound, FrameBound] | None:
    if frame is None:
        return None

    def end(kind: str, distance: nodes.Expr | None) -> FrameBound:
        if distance is None:
            return FrameBound(kind)
        if isinstance(distance, (nodes.String, nodes.TypedString)):
            return FrameBound(kind, Constant(INTERVAL, duration(binder.context, distance), span=distance.span))
        return FrameBound(kind, binder.bind(distance))

    return frame.unit, end(*frame.start), end(*frame.end)
