"""Calls of functions of cells: resolutions are constants, so that the resolution of what they give is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cubeql.analyze.bound import Apply, Bound, Constant, Parameter
from cubeql.analyze.checks import cell_literal, check_arguments
from cubeql.analyze.constants import NotConstant, value_of, whole_number
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.functions.registry import FUNCTIONS
from cubeql.lang import nodes
from cubeql.values.types import ANY, CELL, INTEGER, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

MOST_STEPS = 50


def _cell_key(binder: Binder, function: Function, call: nodes.Call) -> Bound:
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


def _latlng_to_cell(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    found = _with_number(binder, function, call, "a resolution", 15)
    if found is None:
        return Constant(ANY, None, span=call.span)
    args, resolution = found
    _check_latitude(binder, call.args[0])
    return Apply(Type("cell", resolution=resolution), function, args, span=call.span)


def _check_latitude(binder: Binder, written: nodes.Expr) -> None:
    try:
        latitude = value_of(binder.context, written)
    except NotConstant:
        return
    if isinstance(latitude, (int, float)) and abs(latitude) > 90:
        wanted = "from -90 to 90, and stands before the longitude"
        binder.context.fault("bad_number", written.span, what="the latitude", wanted=wanted, given=latitude)


def _around(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A disk or ring: a list of cells of the resolution of its centre."""
    found = _with_number(binder, function, call, "the number of steps", MOST_STEPS)
    if found is None:
        return Constant(ANY, None, span=call.span)
    args, _ = found
    return Apply(Type("list", element=Type("cell", resolution=args[0].type.resolution)), function, args, span=call.span)


def _center_child(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    found = _with_number(binder, function, call, "a resolution", 15)
    if found is None:
        return Constant(ANY, None, span=call.span)
    args, resolution = found
    own = args[0].type.resolution
    if own is None:
        binder.context.fault("cell_of_any_resolution", call.span, what=function.name)
    elif resolution < own:
        wanted = f"at least the cell's own resolution, {own}"
        binder.context.fault("bad_number", call.args[1].span, what="the resolution", wanted=wanted, given=resolution)
    return Apply(Type("cell", resolution=resolution), function, args, span=call.span)


def _with_number(
    binder: Binder, function: Function, call: nodes.Call, what: str, high: int
) -> tuple[tuple[Bound, ...], int] | None:
    """Arguments of which the last is a constant whole number, and that number; None with the fault noted."""
    if len(call.args) != len(function.params):
        check_arguments(binder.context, function, tuple(binder.bind(a) for a in call.args), call.span)
        return None
    number = whole_number(binder.context, call.args[-1], what, 0, high)
    constant = Constant(INTEGER, number, span=call.args[-1].span)
    args = (*(binder.bind(a) for a in call.args[:-1]), constant)
    fits = check_arguments(binder.context, function, args, call.span)
    return (args, number) if fits and number is not None else None


def _string_to_cell(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A constant text is a cell of known resolution, or a fault; of any other the cell may be of any resolution."""
    args = tuple(binder.bind(a) for a in call.args)
    if not check_arguments(binder.context, function, args, call.span):
        return Constant(ANY, None, span=call.span)
    (text,) = args
    if isinstance(text, Parameter):
        return cell_literal(binder.context, binder.context.values[text.name], text)
    if isinstance(text, Constant) and isinstance(text.value, str):
        return cell_literal(binder.context, text.value, text)
    return Apply(CELL, function, args, span=call.span)


CELL_CALLS: dict[str, Callable[[Binder, Function, nodes.Call], Bound]] = {
    "cell": _cell_key,
    "cell_to_parent": _cell_to_parent,
    "cell_to_center_child": _center_child,
    "grid_disk": _around,
    "grid_ring": _around,
    "latlng_to_cell": _latlng_to_cell,
    "string_to_cell": _string_to_cell,
}
