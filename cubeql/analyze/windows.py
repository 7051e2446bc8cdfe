"""Calls of window functions, and of aggregates over windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.analyze.aggregates import bind_aggregate
from cubeql.analyze.bound import Bound, Column, Constant, FrameBound, LayerRef, SortBy, Window
from cubeql.analyze.checks import applied, refuse_modifiers
from cubeql.analyze.constants import duration
from cubeql.analyze.scope import Scope, source_columns
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTERVAL

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_window(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A bound call with OVER; a NULL with the fault noted where it is at fault."""
    over = call.over
    assert over is not None
    if function.kind == "scalar" or function.name == "pack":
        binder.context.fault("over_not_allowed", call.span, name=function.name)
        return Constant(ANY, None, span=call.span)
    if not binder.windows or binder.inside_aggregate is not None:
        binder.context.fault("window_not_allowed", call.span, name=function.name, clause=binder.clause)
    inner = binder.within(windows=False)
    if function.kind == "aggregate":
        value = bind_aggregate(inner.within(aggregates=True), function, _bare(call), windowed=True)
    else:
        refuse_modifiers(binder.context, call, function, ("DISTINCT", "FILTER", "ORDER BY"))
        value = applied(inner.context, function, tuple(inner.bind(a) for a in call.args), call.span)
    partition, order = _partition(inner, over, call.span)
    frame = _frame(inner, over.frame)
    series = series_of(binder.scope) if over.time else ()
    return Window(value.type, value, partition, order, frame, series, span=call.span)


def _bare(call: nodes.Call) -> nodes.Call:
    return nodes.Call(call.name, call.args, call.distinct, call.order_by, call.filter, span=call.span)


def _partition(binder: Binder, over: nodes.Over, span: Span) -> tuple[tuple[Bound, ...], tuple[SortBy, ...]]:
    """PARTITION BY and ORDER BY; OVER TIME is by cell and dimensions, ordered by time."""
    if over.time:
        cell, time = binder.scope.grid_cell(span), binder.scope.time_column(span)
        if cell is None or time is None:
            binder.context.fault("cell_needed", span, what="OVER TIME" if cell is None else "OVER TIME and its time")
            return (), ()
        return (cell,), (SortBy(time),)
    partition = tuple(binder.bind(e) for e in over.partition_by)
    return partition, tuple(binder.sort_key(k) for k in over.order_by)


def series_of(scope: Scope) -> tuple[Bound, ...]:
    """The dimensions of the query's layers: each combination is a series of its own along time."""
    found: list[Bound] = []
    for number, source in enumerate(scope.sources):
        if isinstance(source, LayerRef) and number not in scope.hidden:
            columns = source_columns(source)
            found += [Column(columns[d.name], number, d.name) for d in source.layer.series]
    return tuple(found)


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
