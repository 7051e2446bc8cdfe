"""JOIN of zones: which cells a zone holds, and what such a join cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cubeql.analyze.bound import BoundJoin, QueryRef, TableRef, ZonesRef, conjuncts
from cubeql.analyze.context import Context
from cubeql.analyze.scope import Scope, cell_column
from cubeql.lang import nodes
from cubeql.values.containment import CONTAINMENTS, Containment

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


def bind_zones(binder: Binder, join: nodes.Join, source: ZonesRef) -> BoundJoin:
    """The join of a layer of zones; its source is added to the scope."""
    context, scope = binder.context, binder.scope
    _check_driver(context, scope, source, join)
    _check_attributes(context, source, containment := _containment(context, join.using), join)
    scope.sources.append(replace(source, containment=containment))
    if join.time is not None:
        context.fault("no_time_to_match", join.time.span, name=source.alias)
    on = conjuncts(binder.within(clause="ON").condition(join.on)) if join.on is not None else ()
    return BoundJoin(len(scope.sources) - 1, join.kind, None, on)


def _containment(context: Context, using: tuple[nodes.Using, ...]) -> Containment:
    for entry in using:
        found = next((c for c in CONTAINMENTS if c == entry.method), None)
        if entry.band is None and found is not None:
            return found
        name = f"{entry.band} {entry.method}" if entry.band is not None else entry.method
        context.unknown("unknown_containment", entry.span, name, CONTAINMENTS)
    return "center"


def _check_driver(context: Context, scope: Scope, source: ZonesRef, join: nodes.Join) -> None:
    """Zones hold cells of a layer or a subquery, and points by their longitude and latitude."""
    driver = scope.sources[0]
    if isinstance(driver, TableRef) and driver.layer.kind == "zones":
        context.fault("zones_drive", join.source.span, name=source.alias, zones=driver.layer.name)
    elif isinstance(driver, TableRef):
        for entry in (u for u in join.using if u.method != "center"):
            context.fault("points_have_no_outline", entry.span, method=entry.method)
    elif isinstance(driver, QueryRef) and cell_column(driver) is None:
        context.fault("join_needs_cell", join.source.span, name=driver.alias)
    elif scope.resolution is None:
        context.fault("cell_of_any_resolution", join.source.span, what="JOIN")


def _check_attributes(context: Context, source: ZonesRef, containment: Containment, join: nodes.Join) -> None:
    taken = next((a.name for a in source.layer.attributes if a.name.casefold() == "fraction"), None)
    if containment == "area" and taken is not None:
        context.fault("zones_fraction", join.source.span, name=source.alias, attribute=taken)
