"""JOIN of zones: which cells a zone holds, and what such a join cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cubeql.analyze.bound import Bound, BoundJoin, Column, LayerRef, ZonesRef, conjuncts, walk
from cubeql.analyze.context import Context
from cubeql.analyze.scope import Scope
from cubeql.lang import nodes
from cubeql.values.containment import CONTAINMENTS, Containment

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_zones(binder: Binder, join: nodes.Join, source: ZonesRef) -> BoundJoin:
    """The join of a layer of zones; its source is added to the scope."""
    context, scope = binder.context, binder.scope
    _check_driver(context, scope, join)
    _check_attributes(context, source, containment := _containment(context, join.using), join)
    scope.sources.append(replace(source, containment=containment))
    if join.time is not None:
        context.fault("no_time_to_match", join.time.span, name=source.alias)
    on = conjuncts(binder.within(clause="ON").condition(join.on)) if join.on is not None else ()
    _check_condition(context, scope, on)
    return BoundJoin(len(scope.sources) - 1, join.kind, None, on)


def _containment(context: Context, using: tuple[nodes.Using, ...]) -> Containment:
    for entry in using:
        found = next((c for c in CONTAINMENTS if c == entry.method), None)
        if entry.band is None and found is not None:
            return found
        name = f"{entry.band} {entry.method}" if entry.band is not None else entry.method
        context.unknown("unknown_containment", entry.span, name, CONTAINMENTS)
    return "center"


def _check_driver(context: Context, scope: Scope, join: nodes.Join) -> None:
    """Zones meet the cells of a layer; a subquery has cells, too, but no tiles to meet them in."""
    driver = scope.sources[0]
    if not isinstance(driver, LayerRef):
        context.fault("not_supported", join.source.span, construct="a JOIN of zones to a subquery",
                      suggestion="join the zones inside the subquery")  # fmt: skip


def _check_attributes(context: Context, source: ZonesRef, containment: Containment, join: nodes.Join) -> None:
    taken = next((a.name for a in source.layer.attributes if a.name.casefold() == "fraction"), None)
    if containment == "area" and taken is not None:
        context.fault("zones_fraction", join.source.span, name=source.alias, attribute=taken)


def _check_condition(context: Context, scope: Scope, on: tuple[Bound, ...]) -> None:
    """Refuse a condition that reads a subquery: it is met after the zones."""
    for part in (p for c in on for p in walk(c)):
        known = scope.sources[part.source] if isinstance(part, Column) and part.source >= 0 else None
        if known is not None and not isinstance(known, (LayerRef, ZonesRef)):
            context.fault("not_supported", part.span, construct=f"ON with a column of '{known.alias}'",
                          suggestion="test it in FILTER")  # fmt: skip
