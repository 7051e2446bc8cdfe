"""Layers made, filled and dropped by statements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from cubeql.analyze import Context
from cubeql.analyze.states import layer_at
from cubeql.catalog import Layer
from cubeql.compiler import CompiledQuery
from cubeql.engine.celltiles import Target, blocks_of
from cubeql.engine.inserting import match_cells, match_points
from cubeql.engine.layers import OPTIONS, target_of
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.engine.statements.cards import layer_facts, made_by, set_facts, told
from cubeql.errors import QueryError, Span
from cubeql.lang import nodes
from cubeql.storage.blocks import RowExistsError

if TYPE_CHECKING:
    from cubeql.storage.write import LayerWrite


def create(call: Call, statement: nodes.Create) -> Result:
    """``CREATE [OR REPLACE] LAYER name [WITH (…)] AS query``."""
    name = call.new_name(statement.name, statement, "layer", statement.replace)
    options = call.options(statement.options, "CREATE LAYER", OPTIONS)
    compiled = call.compile(statement.query)
    facts = layer_facts(call, statement.options, options, name)
    target = target_of(name, compiled.columns, options, call.text)
    layer = told(target.layer, facts, made_by(statement.query, compiled))
    job = call.store.write(layer, "replace" if statement.replace else "create")
    tiles, cells = _fill(call, compiled, target, job)
    return done(f"layer {name}: {cells:,} cells in {tiles:,} tile rows", call.text, cells=cells, tiles=tiles,
                version=job.version)  # fmt: skip


def _fill(call: Call, compiled: CompiledQuery, target: Target, job: LayerWrite) -> tuple[int, int]:
    """Write a query's rows; gives (tile rows, cells) written. Where anything fails the layer is as it was."""
    tiles = cells = 0
    with job, call.execute(replace(compiled, ordered_by=(target.cell,))) as result:
        for block, count in blocks_of(target, result, call.text):
            job.add(block)
            tiles, cells = tiles + 1, cells + count
    return tiles, cells


def insert(call: Call, statement: nodes.Insert) -> Result:
    """``INSERT [OR REPLACE] INTO layer query``."""
    call.allow("write", statement, ".".join(statement.name))
    layer = call.snapshot(statement.name, statement).layer
    compiled = call.compile(statement.query)
    if layer.kind == "points":
        return _insert_points(call, statement, layer, compiled)
    if layer.kind != "grid":
        raise call.refuse("not_supported", statement, construct="INSERT INTO a layer of zones",
                          suggestion="add them with ingest")  # fmt: skip
    spans = _places(statement, compiled)
    target = match_cells(layer, compiled.columns, spans, call.text, statement.replace)
    job = call.store.write(layer, "append", "overwrite" if statement.replace else "insert")
    try:
        tiles, cells = _fill(call, compiled, target, job)
    except RowExistsError as error:
        raise call.refuse("row_exists", statement, layer=error.layer, cell=error.cell, at=error.at) from error
    said = f"layer {layer.name}: {cells:,} cells in {tiles:,} tile rows added"
    return done(said, call.text, cells=cells, tiles=tiles, version=job.version)


def _insert_points(call: Call, statement: nodes.Insert, layer: Layer, compiled: CompiledQuery) -> Result:
    if statement.replace:
        raise call.refuse("replace_points", statement, layer=layer.name)
    columns = match_points(layer, compiled.columns, _places(statement, compiled), call.text)
    job = call.store.write_rows(layer, "append")
    with job, call.execute(compiled) as result:
        for batch in result:
            given = {
                name: batch.column(column) if column is not None else pa.nulls(batch.num_rows)
                for name, column in columns.items()
            }
            job.add(pa.table(given))
    return done(f"layer {layer.name}: {job.rows:,} rows added", call.text, rows=job.rows, version=job.version)


def _places(statement: nodes.Insert, compiled: CompiledQuery) -> tuple[Span, ...]:
    """The place of each of a query's columns where it is known, and of the statement."""
    query = statement.query
    items = query.items if isinstance(query, nodes.Select) else ()
    if len(items) != len(compiled.columns) or any(isinstance(i.expr, nodes.Star) for i in items):
        return (query.span,) * len(compiled.columns) + (query.span,)
    return (*(i.span for i in items), query.span)


def alter(call: Call, statement: nodes.Alter) -> Result:
    """``ALTER LAYER name RENAME TO new`` or ``ALTER LAYER name [ALTER BAND|ATTRIBUTE column] SET (…)``."""
    call.allow("rule" if statement.rename_to else "write", statement, ".".join(statement.name))
    snapshot = call.snapshot(statement.name, statement)
    layer = snapshot.layer
    if not statement.rename_to:
        return set_facts(call, statement, layer)
    new = ".".join(statement.rename_to)
    # Its own name, in other capitals, or the one it got from a rename that was killed before it took the old one away.
    if call.store.kind_of(new) != "layer" or call.store.snapshot(new).table != snapshot.table:
        call.new_name(statement.rename_to, statement, "layer")
    call.store.rename(layer.name, new)
    return done(f"layer {layer.name} is now {new}", call.text)


def rollback(call: Call, statement: nodes.Rollback) -> Result:
    """``ALTER LAYER name ROLLBACK TO VERSION n`` or ``… VERSION AT 'time'``."""
    call.allow("write", statement, ".".join(statement.name))
    name = call.snapshot(statement.name, statement).layer.name
    context = Context(call.store, call.values)
    found = layer_at(context, statement, name)
    if found is None:
        raise QueryError(context.faults, call.text)
    _, version = found
    made = call.store.rollback(name, version)
    if made is None:
        return done(f"layer {name} is as it was at version {version} already", call.text)
    return done(f"layer {name}: version {made} is as version {version} was", call.text, version=made)


def drop(call: Call, statement: nodes.Drop) -> Result:
    """``DROP LAYER [IF EXISTS] name``."""
    name = ".".join(statement.name)
    call.allow("rule", statement, name)
    if call.store.kind_of(name) != "layer":  # one that cannot be read can be dropped all the same
        if statement.if_exists:
            return done(f"there was no layer {name}", call.text)
        raise call.unknown("unknown_layer", statement, name, call.store.layer_names())
    call.store.drop(name)
    return done(f"layer {name} dropped", call.text)
