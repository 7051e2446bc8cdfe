"""What is told of layers and their columns, set by statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cubeql.catalog import Layer, Provenance
from cubeql.catalog.facts import (
    ATTRIBUTE_FACTS,
    BAND_FACTS,
    LAYER_FACTS,
    FactError,
    read_column_fact,
    read_fact,
    with_band_facts,
    with_facts,
)
from cubeql.catalog.records import IN_PLACE, MOST_SOURCES
from cubeql.compiler import CompiledQuery
from cubeql.engine.celltiles import refused
from cubeql.engine.layers import AXIS
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.errors import Diagnostic, QueryError, diagnose
from cubeql.errors.version import VERSION
from cubeql.lang import nodes, print_statement


def layer_facts(call: Call, written: tuple[nodes.Option, ...], options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The facts of a layer among options, each known to be one that can be so.

    Raises:
        QueryError: some cannot; all of them are told.
    """
    values = {n: v for n, v in options.items() if n in LAYER_FACTS}
    _check(call, written, values, lambda fact, value: read_fact(LAYER_FACTS, f"layer {name}", fact, value))
    return values


def _check(
    call: Call, written: tuple[nodes.Option, ...], values: Mapping[str, Any], read: Callable[[str, Any], Any]
) -> None:
    spans = {option.name.casefold(): option.span for option in written}
    faults: list[Diagnostic] = []
    for name, value in values.items():
        try:
            read(name, value)
        except FactError as fault:
            facts = {"field": fault.field, "found": fault.found, "right": fault.right}
            faults.append(diagnose("bad_fact", spans[name], **facts))
    if faults:
        raise QueryError(faults, call.text)


def set_facts(call: Call, statement: nodes.Alter, layer: Layer) -> Result:
    """``ALTER LAYER name [ALTER BAND|ATTRIBUTE column] SET (…)``: facts set, or by NULL taken away."""
    if statement.column is not None:
        return _set_column_facts(call, statement, layer, statement.column)
    options = call.options(statement.options, "ALTER LAYER", (*LAYER_FACTS, *AXIS))
    fixed = next((name for name in AXIS if name in options), None)
    if fixed is not None:
        way = f"write CREATE OR REPLACE LAYER {layer.name} WITH ({fixed} '…') AS SELECT * FROM {layer.name}"  # noqa: S608 - a hint
        raise refused(f"the {fixed} of rows that are stored cannot be changed", way, call.text)
    facts = layer_facts(call, statement.options, options, layer.name)
    call.store.alter(layer.name, lambda latest: with_facts(latest, facts), f"alter: {', '.join(options)}")
    return done(f"layer {layer.name}: {', '.join(options)} set", call.text)


def _set_column_facts(call: Call, statement: nodes.Alter, layer: Layer, name: str) -> Result:
    what = "band" if layer.kind == "grid" else "attribute"
    column = layer.band(name) if statement.column_kind == "band" else layer.attribute(name)
    if column is None:
        known = tuple(c.name for c in (layer.bands or layer.attributes))
        raise call.refuse("unknown_column_of_layer", statement, layer=layer.name, kind=statement.column_kind,
                          name=name, what=what, known=", ".join(known))  # fmt: skip
    rows = BAND_FACTS if statement.column_kind == "band" else ATTRIBUTE_FACTS
    options = call.options(statement.options, f"ALTER {what.upper()}", tuple(rows))
    _check(call, statement.options, options, lambda fact, value: read_column_fact(layer, column, fact, value))
    said = f"alter {column.name}: {', '.join(options)}"
    call.store.alter(layer.name, lambda latest: with_band_facts(latest, column.name, options), said)
    return done(f"{what} {layer.name}.{column.name}: {', '.join(options)} set", call.text)


def made_by(query: nodes.Query, compiled: CompiledQuery) -> Provenance:
    """How a layer comes about that a query makes: its text, and the layers it reads with their versions."""
    scans = [s for s in compiled.statement.scans if compiled.reads.shows(s.layer, s.version)]
    read = {_source(s.layer, s.version) for s in scans} | set(compiled.reads.views)
    return Provenance(
        expression=print_statement(nodes.QueryStatement(query)), sources=tuple(sorted(read))[:MOST_SOURCES],
        source_count=len(read), software=(("cubeql", VERSION),), time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip


def _source(layer: Layer, version: int | None) -> str:
    """A layer and its version; a raster that is read in place has none."""
    number = version if version is not None else layer.version
    return layer.name if number == IN_PLACE else f"{layer.name}@{number}"


def told(layer: Layer, facts: Mapping[str, Any], made: Provenance) -> Layer:
    """A layer that a query makes, with how it came about and the facts that the statement gives."""
    return with_facts(replace(layer, provenance=made), facts)
