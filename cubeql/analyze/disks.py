"""``disk(agg(x), k)``: an aggregate over the cells around each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.analyze.bound import Aggregate, Bound, BoundQuery, BoundSelect, Column, Constant, Focal, Key, QueryRef
from cubeql.analyze.checks import check_arguments, refuse_modifiers
from cubeql.analyze.constants import whole_number
from cubeql.analyze.scope import Scope, source_columns
from cubeql.analyze.windows import series_of
from cubeql.functions import Function
from cubeql.functions.registry import lookup
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTEGER

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

MOST_STEPS = 50


def bind_disk(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A bound disk; a NULL with the fault noted where it is at fault."""
    context, missing = binder.context, Constant(ANY, None, span=call.span)
    refuse_modifiers(context, call, function, ("DISTINCT", "FILTER", "ORDER BY"))
    if not binder.windows or binder.inside_aggregate is not None:
        context.fault("window_not_allowed", call.span, name=function.name, clause=binder.clause)
    inner = binder.within(windows=False)
    if len(call.args) != 2:
        check_arguments(context, function, tuple(inner.within(aggregates=True).bind(a) for a in call.args), call.span)
        return missing
    value = _aggregate(inner, call.args[0])
    steps = whole_number(context, call.args[1], "the number of steps", 0, MOST_STEPS)
    cell = binder.scope.grid_cell(call.span)
    if cell is None:
        context.fault("cell_needed", call.span, what="disk()")
    elif cell.type.resolution is None:
        context.fault("cell_of_any_resolution", call.span, what="disk()")
    partition = _partition(inner, call)
    if value is None or steps is None or cell is None:
        return missing
    order = Constant(INTEGER, steps, span=call.args[1].span)
    return Focal(value.type, value, partition, (), cell=cell, steps=order.value, span=call.span)


def _aggregate(binder: Binder, written: nodes.Expr) -> Aggregate | None:
    """The aggregate that is taken around each cell; None with the fault noted where something else is written."""
    function = lookup(written.name) if isinstance(written, nodes.Call) else None
    if function is not None and (function.kind != "aggregate" or function.name == "pack"):
        function = None
    if function is None or not isinstance(written, nodes.Call) or written.over is not None:
        binder.context.fault("disk_of_aggregate", written.span)
        return None
    bound = binder.within(aggregates=True).bind(written)
    return bound if isinstance(bound, Aggregate) else None


def _partition(binder: Binder, call: nodes.Call) -> tuple[Bound, ...]:
    """What rows that meet have in common: what PARTITION BY says, else the query's time and dimensions."""
    over, scope = call.over, binder.scope
    if over is not None:
        if over.time or over.order_by or over.frame is not None:
            binder.context.fault("disk_over", call.span)
        return tuple(binder.bind(e) for e in over.partition_by)
    time = scope.time_column(call.span)
    return (*((time,) if time is not None else ()), *series_of(scope), *_keys_of_queries(scope))


def _keys_of_queries(scope: Scope) -> tuple[Bound, ...]:
    """The columns of subqueries that tell rows of one cell apart: keys of groups, and dimensions brought along."""
    found: list[Bound] = []
    for number, source in enumerate(scope.sources):
        if isinstance(source, QueryRef) and number not in scope.hidden:
            columns = source_columns(source)
            found += [Column(columns[n], number, n) for n in _key_columns(source.query) if n != "time"]
    return tuple(found)


def _key_columns(query: BoundQuery) -> tuple[str, ...]:
    if not isinstance(query, BoundSelect):
        return ()
    if query.group_by is not None:
        return tuple(i.name for i in query.items if isinstance(i.expr, Key) and i.expr.type.name != "cell")
    return tuple(i.name for i in query.items if isinstance(i.expr, Column) and _is_key(query, i.expr))


def _is_key(query: BoundSelect, column: Column) -> bool:
    """Whether a column is a dimension of a layer, or a key of a query below."""
    if column.source < 0 or column.type.name == "cell":
        return False
    source = query.sources[column.source]
    if isinstance(source, QueryRef):
        return column.name in _key_columns(source.query)
    layer = getattr(source, "layer", None)
    return layer is not None and column.name in {d.name for d in layer.dimensions}
