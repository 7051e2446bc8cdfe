"""SHOW and DESCRIBE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cubeql.engine import listing
from cubeql.engine.describing import Held, held_by
from cubeql.engine.result import Result, rows
from cubeql.engine.statements import attaching
from cubeql.engine.statements.call import Call
from cubeql.engine.statements.views import shape_of_view
from cubeql.lang import nodes
from cubeql.storage import Snapshot


def show(call: Call, statement: nodes.Show) -> Result:
    """``SHOW what``."""
    found = attaching.there(call, statement) or attaching.listed(call, statement)
    if found is not None:
        return found
    shower = SHOWN.get(statement.what)
    if shower is None:
        raise call.refuse("not_supported", statement, construct=f"SHOW {statement.what.upper()}", suggestion="")
    return rows(shower(call, statement), call.text)


def _times(call: Call, statement: nodes.Show) -> Any:
    running = call.running()
    with running.faults():
        table = running.work(lambda: listing.times(call.snapshot(statement.name, statement), running.cursor))
    running.close()
    return table


SHOWN: dict[str, Callable[[Call, nodes.Show], Any]] = {
    "layers": lambda c, s: listing.layers(c.store, s.like),
    "views": lambda c, s: listing.views(c.store, s.like),
    "cells": lambda c, s: listing.cells(c.store, s.like),
    "bands": lambda c, s: listing.bands(c.store.in_place(".".join(s.name)) or c.snapshot(s.name, s).layer),
    "times": _times,
    "versions": lambda c, s: listing.versions(c.store, c.snapshot(s.name, s).layer.name),
    "grants": lambda c, s: listing.grants(c.store.grants(), c.engine.who, s.like),
    "functions": lambda c, s: listing.functions(s.like),
    "settings": lambda c, s: listing.settings({n: c.engine.settings[n] for n in c.engine.told}),
    "attached": lambda c, s: attaching.shown(c),
}


def describe(call: Call, statement: nodes.Describe) -> Result:
    """``DESCRIBE name`` or ``DESCRIBE query``."""
    if statement.query is not None:
        return rows(listing.describe_query(call.compile(statement.query).columns), call.text)
    found = attaching.there(call, statement)
    if found is not None:
        return found
    name = ".".join(statement.name)
    raster = call.store.raster_view(name)
    if raster is not None:
        return rows(listing.describe_raster(raster), call.text)
    view = call.store.view(name)
    if view is not None:
        as_owner = call.store.reads_as_owner(name)
        return rows(listing.describe_view(shape_of_view(call, statement, name), view, as_owner), call.text)
    cells = call.store.cell_set(name)
    if cells is not None:
        return rows(listing.describe_cells(cells), call.text)
    snapshot = call.snapshot(statement.name, statement)
    return rows(listing.describe_layer(snapshot, held(call, snapshot)), call.text)


def held(call: Call, snapshot: Snapshot) -> Held:
    """What lies in the store of a layer."""
    running = call.running()
    with running.faults():
        found = running.work(lambda: held_by(call.store, snapshot, running.cursor))
    running.close()
    return found
