"""``pack(x)``: the values of all cells below a group's cell key as a list of fixed length, in canonical order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.analyze.bound import Aggregate, Apply, Bound, Constant
from cubeql.analyze.checks import check_arguments, refuse_modifiers
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.functions.packs import GATHER, MOST_CELLS, PLACE, SCATTER
from cubeql.lang import nodes
from cubeql.values.types import ANY, INTEGER, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_pack(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A bound pack: places and values gathered by an aggregate, and put into their places after it."""
    missing = Constant(ANY, None, span=call.span)
    refuse_modifiers(binder.context, call, function, ("DISTINCT", "ORDER BY"))
    inner = binder.within(inside_aggregate=function.name, aggregates=False, windows=False)
    args = tuple(inner.bind(a) for a in call.args)
    if not check_arguments(binder.context, function, args, call.span):
        return missing
    (value,) = args
    element = "number" if value.type.name in ("null", "any") else value.type.name
    if element not in SCATTER:
        binder.context.fault("wrong_argument_type", value.span, name=function.name, wanted="number or boolean",
                             position=1, given=value.type, signature=function.signature)  # fmt: skip
        return missing
    levels = _levels(binder, call.span)
    if levels is None:
        return missing
    key, own, cell = levels
    assert key.type.resolution is not None
    count = 7 ** (own - key.type.resolution)
    condition = inner.condition(call.filter) if call.filter is not None else None
    place = Apply(INTEGER, PLACE, (cell, Constant(INTEGER, key.type.resolution)), span=call.span)
    gathered = Aggregate(Type("list", element=value.type), GATHER, (place, value), filter=condition, span=call.span)
    whole = (key, gathered, Constant(INTEGER, own), Constant(INTEGER, count))
    kind = Type("list", element=value.type, length=count)
    return Apply(kind, SCATTER[element], whole, span=call.span)


def _levels(binder: Binder, span: Span) -> tuple[Bound, int, Bound] | None:
    """The finest cell key, the resolution of the cells, and their cell; None with the fault noted."""
    context = binder.context
    cell = binder.scope.grid_cell(span)
    own = cell.type.resolution if cell is not None else None
    if cell is None or own is None:
        context.fault("cell_needed", span, what="pack()")
        return None
    keys = [k for k in binder.scope.keys if k == cell or _is_parent(k, cell)]
    if not keys:
        context.fault("pack_needs_key", span, example=max(0, own - 3))
        return None
    finest = max(keys, key=lambda k: k.type.resolution or 0)
    level = finest.type.resolution or 0
    if 7 ** (own - level) > MOST_CELLS:
        context.fault("pack_too_large", span, count=7 ** (own - level), key=level, grid=own, most=MOST_CELLS,
                      least=_coarsest(own))  # fmt: skip
        return None
    return finest, own, cell


def _is_parent(key: Bound, cell: Bound) -> bool:
    return isinstance(key, Apply) and key.function.name == "cell_to_parent" and key.args[0] == cell


def _coarsest(own: int) -> int:
    return next(level for level in range(own + 1) if 7 ** (own - level) <= MOST_CELLS)
