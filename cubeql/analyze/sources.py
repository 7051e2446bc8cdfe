"""FROM and JOIN: layers found, clocks and grids brought together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cubeql.analyze.bound import (
    WINDOWED,
    Apply,
    Bound,
    BoundJoin,
    BoundQuery,
    BoundSource,
    LayerRef,
    OutputColumn,
    QueryRef,
    StoredCells,
    TableRef,
    ZonesRef,
    conjuncts,
)
from cubeql.analyze.clocks import bind_match, over_window
from cubeql.analyze.constants import whole_number
from cubeql.analyze.context import Context
from cubeql.analyze.scope import Scope, cell_column, source_columns
from cubeql.analyze.shipped import rows_of
from cubeql.analyze.states import find_layer, frozen, frozen_at
from cubeql.analyze.views import bind_view
from cubeql.analyze.zones import bind_zones
from cubeql.catalog import Band, CellSet, Layer, View
from cubeql.catalog.records import METHODS
from cubeql.lang import nodes
from cubeql.values.types import Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder

BindQuery = Callable[[nodes.Query], BoundQuery]

POINT_RESOLUTION = 15
_NOT_OF_CLASSES = ("mean", "area_mean", "sum", "median", "stddev", "any", "all")


def bind_source(
    context: Context, source: nodes.Source, bind_query: BindQuery, joined: bool = False
) -> BoundSource | None:
    """The layer or subquery that a source names; None with the fault noted where there is none."""
    if isinstance(source, nodes.QuerySource):
        return QueryRef(source.alias or "query", bind_query(source.query))
    assert isinstance(source, nodes.LayerSource)
    name = ".".join(source.name)
    alias = source.alias or name
    named = context.named.get(name.casefold())
    if named is not None:
        _refuse_states(context, source, name, "WITH query")
        return QueryRef(alias, named)
    if context.catalog.layer(name) is None:
        raster = context.catalog.in_place(name)
        if raster is not None:
            return _raster(context, source, alias, raster)
        view = context.catalog.read_view(name)
        if view is not None:
            return _view(context, source, (name, view), alias, bind_query)
        cells = context.catalog.cell_set(name)
        if cells is not None:
            _refuse_states(context, source, name, "set of cells")
            return QueryRef(alias, _cells(context, name, cells))
        if context.away is not None and context.away.server(name) is not None:
            found = _view_away(context, source, name, alias)
            if found is not None:
                return found
    return _layer(context, source, name, alias, joined)


def _view(
    context: Context, source: nodes.LayerSource, found: tuple[str, View], alias: str, bind_query: BindQuery
) -> BoundSource | None:
    name, view = found
    _refuse_states(context, source, name, "view")
    bound = bind_view(context, name, view, source.span, bind_query)
    return QueryRef(alias, bound, view.is_hidden) if bound is not None else None


def _view_away(context: Context, source: nodes.LayerSource, name: str, alias: str) -> BoundSource | None:
    """A view of an attached server, of which only its columns are told."""
    assert context.away is not None
    found, server = context.away.view(name), context.away.server(name)
    if found is None or server is None:
        return None
    columns, reason = found
    _refuse_states(context, source, name, "view")
    if reason is not None:
        context.fault("view_fault", source.span, name=name, reason=reason)
    return QueryRef(alias, rows_of(name.partition(".")[2], server, columns))


def _cells(context: Context, name: str, cells: CellSet) -> BoundQuery:
    stored = stored_cells(cells)
    server = context.away.server(name) if context.away is not None else None
    return stored if server is None else rows_of(name.partition(".")[2], server, stored.columns)


def _raster(context: Context, source: nodes.LayerSource, alias: str, layer: Layer) -> LayerRef:
    """A raster that is read in place: a layer that has one state."""
    context.reads_away(".".join(source.name), source.span)
    context.reads(layer)
    _refuse_states(context, replace(source, at=None), layer.name, "raster that is read in place")
    at = frozen_at(context, source, layer)
    return LayerRef(alias, layer) if at is None else LayerRef(alias, frozen(layer), frozen=at)


def stored_cells(cells: CellSet) -> StoredCells:
    """A stored set of cells as a query."""
    return StoredCells((OutputColumn("cell", Type("cell", resolution=cells.resolution)),), cells)


def _refuse_states(context: Context, source: nodes.LayerSource, name: str, kind: str) -> None:
    """Note AT and VERSION of what is no layer."""
    for construct, written in (("AT", source.at), ("VERSION", source.version), ("VERSION AT", source.version_at)):
        if written is not None:
            context.fault("no_versions", written.span, name=name, kind=kind, construct=construct)


def _layer(
    context: Context, source: nodes.LayerSource, name: str, alias: str, joined: bool
) -> BoundSource | None:
    found = find_layer(context, source, name)
    if found is None:
        return None
    context.reads_away(name, source.span)
    layer, version = found
    context.reads(layer, version)
    at = frozen_at(context, source, layer)
    if layer.kind == "zones" and joined:
        return ZonesRef(alias, layer, version)
    if layer.kind != "grid":
        return TableRef(alias, layer, version)
    return LayerRef(alias, layer, version) if at is None else LayerRef(alias, frozen(layer), version, frozen=at)


def grid_of(context: Context, source: BoundSource, written: nodes.Expr | None) -> int | None:
    """Resolution of the query's grid; None where the driving source has no cells."""
    if isinstance(source, LayerRef):
        own: int | None = source.layer.resolution
    else:
        name = cell_column(source)
        own = source_columns(source)[name].resolution if name else None
    if written is None:
        return own
    wanted = whole_number(context, written, "a resolution", 0, 15)
    if not isinstance(source, LayerRef) and wanted != own:
        inside = "" if isinstance(source, TableRef) else "write AT RESOLUTION inside it, or "
        of = f"{source.layer.kind}" if isinstance(source, TableRef) else "a subquery"
        context.fault("not_supported", written.span, construct=f"AT RESOLUTION of {of}",
                      suggestion=f"{inside}group it by CELL(n)")  # fmt: skip
    return wanted


def check_alias(context: Context, scope: Scope, source: BoundSource, node: nodes.Source) -> None:
    """Note two sources of one name."""
    if any(s.alias.casefold() == source.alias.casefold() for s in scope.sources):
        context.fault("duplicate_alias", node.span, name=source.alias)


def on_grid(source: BoundSource, resolution: int | None, methods: dict[str, str] | None = None) -> BoundSource:
    """The source as the query's grid sees it: a finer layer with the method of each band."""
    if not isinstance(source, LayerRef) or resolution is None or source.layer.resolution <= resolution:
        return source
    chosen = {b.name: b.method for b in source.layer.bands} | (methods or {})
    return replace(source, methods=tuple(chosen.items()))


def bind_join(binder: Binder, join: nodes.Join, source: BoundSource) -> BoundJoin:
    """One join; its source is added to the scope."""
    context, scope = binder.context, binder.scope
    if isinstance(source, ZonesRef):
        return bind_zones(binder, join, source)
    windowed = join.time is not None and join.time.kind in WINDOWED
    methods = {} if windowed else _methods(context, source, join.using)
    scope.sources.append(on_grid(source, scope.resolution, methods))
    _check_cells(context, scope, source, join)
    match = bind_match(context, scope, source, join)
    on = conjuncts(binder.within(clause="ON").condition(join.on)) if join.on is not None else ()
    if windowed:
        # ON is bound before: it tests the rows that the window brings together.
        scope.sources[-1] = over_window(context, scope.sources[-1], join.using)
    return BoundJoin(len(scope.sources) - 1, join.kind, match, _without_cells(context, on))


def _without_cells(context: Context, on: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """ON without ``a.cell = b.cell``, which every join means anyway."""
    kept = []
    for part in on:
        args = part.args if isinstance(part, Apply) else ()
        if len(args) == 2 and args[0] == args[1] and args[0].type.name == "cell":
            context.fault("join_on_cell", part.span)
        else:
            kept.append(part)
    return tuple(kept)


def _check_cells(context: Context, scope: Scope, source: BoundSource, join: nodes.Join) -> None:
    driver = scope.sources[0]
    if isinstance(driver, TableRef) and driver.layer.kind == "zones":
        context.fault("zones_drive", join.source.span, name=source.alias, zones=driver.layer.name)
    elif scope.resolution is None and scope.grid_cell(join.span) is None:
        context.fault("join_needs_cell", join.source.span, name=scope.sources[0].alias)
    elif scope.resolution is None:
        context.fault("cell_of_any_resolution", join.source.span, what="JOIN")
    elif isinstance(source, TableRef):
        if isinstance(driver, TableRef):
            context.fault("points_by_cell", join.source.span, name=source.alias)
    else:
        if isinstance(source, QueryRef):
            _check_query_cells(context, scope, source, join)
        _check_ancestors(context, scope, source, join)


def _check_ancestors(context: Context, scope: Scope, source: BoundSource, join: nodes.Join) -> None:
    """Refuse the ancestors of cells that came from points: one in fifteen does not hold the point."""
    name = cell_column(source)
    level = source.layer.resolution if isinstance(source, LayerRef) else None
    level = source_columns(source)[name].resolution if name is not None else level
    driver = scope.sources[0]
    if isinstance(driver, QueryRef) and scope.resolution == POINT_RESOLUTION and level not in (None, POINT_RESOLUTION):
        context.fault("points_by_ancestor", join.source.span, name=driver.alias, other=source.alias, level=level)


def _check_query_cells(context: Context, scope: Scope, source: QueryRef, join: nodes.Join) -> None:
    name = cell_column(source)
    if name is None:
        context.fault("join_needs_cell", join.source.span, name=source.alias)
        return
    given = source_columns(source)[name].resolution
    if given is None:
        context.fault("cell_of_any_resolution", join.source.span, what="JOIN")
    elif scope.resolution is not None and given > scope.resolution:
        context.fault("join_resolutions_differ", join.source.span, name=source.alias, given=given,
                      wanted=scope.resolution)  # fmt: skip


def _methods(context: Context, source: BoundSource, using: tuple[nodes.Using, ...]) -> dict[str, str]:
    """Method of every band that USING names; ``USING method`` names all."""
    if not using:
        return {}
    if not isinstance(source, LayerRef):
        of = "points" if isinstance(source, TableRef) else "a subquery"
        context.fault("not_supported", using[0].span, construct=f"USING with {of}", suggestion="leave it out")
        return {}
    found: dict[str, str] = {}
    for entry in using:
        if entry.method not in METHODS:
            context.fault("unknown_method", entry.span, name=entry.method, methods=", ".join(METHODS))
            continue
        for band in _bands(context, source, entry):
            if band.kind == "categorical" and entry.method in _NOT_OF_CLASSES:
                if entry.band is not None or len(source.layer.bands) == 1:
                    context.fault("method_of_classes", entry.span, method=entry.method)
                continue
            found[band.name] = entry.method
    return found


def _bands(context: Context, source: LayerRef, entry: nodes.Using) -> tuple[Band, ...]:
    if entry.band is None:
        return source.layer.bands
    band = source.layer.band(entry.band)
    if band is None:
        known = tuple(b.name for b in source.layer.bands)
        context.unknown("unknown_band_in_using", entry.span, entry.band, known, f"{{}} {entry.method}",
                        source=source.alias)  # fmt: skip
        return ()
    return (band,)
