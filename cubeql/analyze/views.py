"""Views: a stored query in the place of a layer, bound by itself, its faults told at its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from cubeql.analyze.bound import BoundQuery, OutputColumn
from cubeql.analyze.context import Context
from cubeql.catalog import View
from cubeql.errors import QueryError, Span
from cubeql.lang import nodes, parse_query
from cubeql.values.slotted import dataclass

DEEPEST = 32
"""Views may read views, so many one inside the other."""

_HIDDEN = "its query cannot be read as the store is now; its owner can tell why"
_SPANS = ("span", "name_span")


@dataclass(frozen=True, slots=True)
class ClosedView(BoundQuery):
    """A view that hides what lies beneath, as EXPLAIN tells of it: by name; it cannot be run."""

    name: str


def bind_view(
    context: Context, name: str, view: View, span: Span, bind_query: Callable[[nodes.Query], BoundQuery]
) -> BoundQuery | None:
    """The query of a view, bound without the names and parameters of the query that reads it.

    Args:
        context: the statement's; as it was when this returns.
        name: of the view.
        view: its query, and what that sees.
        span: of its name in the statement, where all that it is at fault of is told.
        bind_query: binds a query in the context.

    Returns:
        None with the fault noted where it cannot be read.
    """
    folded = name.casefold()
    if folded in context.inside:  # a view that hides what lies beneath tells no path: it is told as its fault
        path = " -> ".join((*context.inside[context.inside.index(folded) :], folded))
        context.fault("view_cycle", span, name=name, path=path)
        return None
    if len(context.inside) >= DEEPEST:
        context.fault("view_fault", span, name=name, reason=f"it lies inside {DEEPEST} other views")
        return None
    try:
        query = _placed(parse_query(view.text), span)
    except QueryError as error:
        reason = _HIDDEN if view.is_hidden else error.diagnostics[0].message
        context.fault("view_fault", span, name=name, reason=reason)
        return None
    with context.alone(name, view) as faults:
        bound = bind_query(query)
    errors = [f for f in faults if f.severity == "error"]
    if view.is_hidden:
        return _hidden(context, name, span, bound, any(errors))
    for fault in errors[:1]:
        facts = dict(fault.facts) if fault.code == "view_cycle" else {"name": name, "reason": fault.message}
        context.fault("view_cycle" if fault.code == "view_cycle" else "view_fault", span, **facts)
    return bound if not errors else None


def _hidden(context: Context, name: str, span: Span, bound: BoundQuery, at_fault: bool) -> BoundQuery | None:
    """The query of a view that hides what lies beneath: its columns tell no layer, its fault no reason."""
    if at_fault:
        context.fault("view_fault", span, name=name, reason=_HIDDEN)
        return None
    columns = tuple(OutputColumn(c.name, c.type) for c in bound.columns)
    return ClosedView(columns, name) if context.closed else replace(bound, columns=columns)


def _placed(value: Any, span: Span) -> Any:
    """A tree whose nodes all stand at one place: places in the view's text mean nothing in the statement's."""
    if isinstance(value, tuple):
        return tuple(_placed(v, span) for v in value)
    if not isinstance(value, nodes.Node):
        return value
    values = {f.name: span if f.name in _SPANS else _placed(getattr(value, f.name), span) for f in fields(value)}
    return replace(value, **values)


def parameters_in(written: nodes.Node) -> tuple[nodes.Parameter, ...]:
    """The parameters of a query or statement, in order."""
    return tuple(node for node in _walk(written) if isinstance(node, nodes.Parameter))


def _walk(value: Any) -> Iterator[nodes.Node]:
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, nodes.Node):
        yield value
        for f in fields(value):
            yield from _walk(getattr(value, f.name))
