"""Layers made and dropped by statements."""

from __future__ import annotations

from dataclasses import replace

from cubeql.engine.layers import target_of, write_layer
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.lang import nodes

_FACTS = ("title", "licence", "citation")


def create(call: Call, statement: nodes.Create) -> Result:
    """``CREATE [OR REPLACE] LAYER name [WITH (…)] AS query``."""
    name = call.new_name(statement.name, statement, "layer", statement.replace)
    facts = call.options(statement.options, "CREATE LAYER", _FACTS)
    compiled = call.compile(statement.query)
    target = target_of(name, compiled.columns, {k: str(v) for k, v in facts.items()}, call.text)
    order = (target.cell, *((target.time,) if target.time else ()))
    with call.execute(replace(compiled, ordered_by=order)) as result:
        tiles, cells = write_layer(call.store, target, result, statement.replace, call.text)
    return done(f"layer {name}: {cells:,} cells in {tiles:,} tile rows", call.text, cells=cells, tiles=tiles)


def drop(call: Call, statement: nodes.Drop) -> Result:
    """``DROP LAYER [IF EXISTS] name``."""
    name = ".".join(statement.name)
    if statement.if_exists and call.store.layer(name) is None:
        return done(f"there was no layer {name}", call.text)
    call.store.drop(call.snapshot(statement.name, statement).layer.name)
    return done(f"layer {name} dropped", call.text)
