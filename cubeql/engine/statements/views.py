"""Views: queries kept by name."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze import Context, bind_whole
from cubeql.analyze.bound import OutputColumn
from cubeql.analyze.views import parameters_in
from cubeql.catalog.rights import owner_of
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.errors import IngestError, QueryError, diagnose
from cubeql.lang import nodes, print_statement


def create(call: Call, statement: nodes.Create) -> Result:
    """``CREATE [OR REPLACE] VIEW name AS query``: the query is checked now, and again whenever it is read."""
    name = call.new_name(statement.name, statement, "view", statement.replace)
    as_owner = _reads_as_owner(call, statement)
    given = parameters_in(statement.query)
    if given:
        raise QueryError([diagnose("view_parameter", p.span, name=p.name) for p in given], call.text)
    catalog = call.store.seen_by_owner(name) if as_owner else call.engine.catalog
    context = Context(catalog, {}, inside=(name.casefold(),))
    bind_whole(context, statement.query)
    errors = [d for d in context.faults if d.severity == "error"]
    if errors:
        raise QueryError(errors, call.text)
    text = print_statement(nodes.QueryStatement(statement.query))
    call.store.create_view(name, text, statement.replace, as_owner)
    told = f": whoever may read it reads with the rights of {owner_of(name) or 'the store'}" if as_owner else ""
    result = done(f"view {name} created{told}", call.text)
    result.warnings = tuple(context.faults)
    return result


def _reads_as_owner(call: Call, statement: nodes.Create) -> bool:
    """Whether WITH (rights = 'owner') is written; 'reader' is how a view is read anyway."""
    given = call.options(statement.options, "CREATE VIEW", ("rights",)).get("rights", "reader")
    if given in ("owner", "reader"):
        return bool(given == "owner")
    raise call.refuse("bad_fact", statement.options[0], field="rights of a view", found=repr(given),
                      right="'reader', as is without it, or 'owner'")  # fmt: skip


OPTIONS = ("bands", "time", "time_pattern", "time_tag", "time_dimension", "stamp", "step", "dimensions", "resolution",
           "method", "categorical", "nodata", "crs", "title", "licence", "citation")  # fmt: skip
_LISTS = ("bands", "dimensions", "categorical")


def create_raster(call: Call, statement: nodes.CreateRaster) -> Result:
    """``CREATE [OR REPLACE] VIEW name AS RASTER 'path' [WITH (…)]``: the raster is looked at now, and read later."""
    name = call.new_name(statement.name, statement, "view", statement.replace)
    rasters = call.engine.rasters
    if rasters is None:
        raise call.refuse("in_place_off", statement, name=name)
    options = call.options(statement.options, "CREATE VIEW AS RASTER", OPTIONS)
    options |= {n: [options[n]] for n in _LISTS if isinstance(options.get(n), str)}
    paths = call.texts(statement.path, "the raster")
    literals = tuple(nodes.String(p) for p in paths)
    written = replace(statement, path=literals[0] if len(literals) == 1 else nodes.ListOf(literals))
    text = f"RASTER{print_statement(written).partition(' AS RASTER')[2]}"
    try:
        view = rasters.described(call.store, name, paths, options, text)
    except (IngestError, TypeError, ValueError) as error:
        raise call.refuse("raster_view", statement, reason=str(error)) from error
    call.store.create_raster_view(view, statement.replace)
    layer = view.layer
    bands = ", ".join(b.name for b in layer.bands)
    return done(f"view {name} created: {bands} at resolution {layer.resolution}, read in place", call.text)


def drop(call: Call, statement: nodes.Drop) -> Result:
    """``DROP VIEW [IF EXISTS] name``."""
    name = ".".join(statement.name)
    call.allow("rule", statement, name)
    if call.store.view(name) is None:
        if statement.if_exists:
            return done(f"there was no view {name}", call.text)
        raise call.unknown("unknown_view", statement, name, call.store.view_names())
    call.store.drop_view(name)
    return done(f"view {name} dropped", call.text)


def shape_of_view(call: Call, node: nodes.Node, name: str) -> tuple[OutputColumn, ...]:
    """The columns of a view.

    Raises:
        QueryError: it cannot be read as the store is now.
    """
    source = nodes.LayerSource(tuple(name.split(".")), span=node.span)
    query = nodes.Select((nodes.SelectItem(nodes.Star(span=node.span)),), source, span=node.span)
    return call.compile(query).columns
