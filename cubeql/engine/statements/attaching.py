"""ATTACH, DETACH and what other statements ask of an attached server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from cubeql.engine.attachments import Attachment
from cubeql.engine.result import Result, done, rows
from cubeql.engine.statements.call import Call
from cubeql.errors import ConfigError
from cubeql.flight.address import FlightAddress
from cubeql.lang import nodes, print_statement
from cubeql.storage.names import is_layer_name

_SHOWN = pa.schema([pa.field(n, pa.string(), metadata={b"cubeql.type": b"text"}) for n in ("name", "address")])
_NAMED = {"layers": "layer", "views": "view", "cells": "cells"}


def attach(call: Call, statement: nodes.Attach) -> Result:
    """``ATTACH 'flight://host:port' AS name``."""
    (written,) = call.texts(statement.address, "the address")
    call.options(statement.options, "ATTACH", ())
    attached, name = call.engine.attached, statement.name
    try:
        address = FlightAddress.of(written)
    except ConfigError as error:
        raise call.refuse("attach_address", statement.address, reason=str(error).split("\n")[0]) from error
    if not attached.allows(address):
        raise call.refuse("attach_off", statement.address, address=address.place)
    _check_name(call, statement)
    running = call.running()
    with running.faults():
        try:
            layers = running.work(lambda: attached.add(name, address))
        except ConfigError as error:
            raise call.refuse("attach_address", statement, reason=str(error)) from error
    running.close()
    return done(f"{address} attached as {name}: {layers:,} layers", call.text, layers=layers)


def _check_name(call: Call, statement: nodes.Attach) -> None:
    """Refuse a name that is none, or is that of something here."""
    name, store = statement.name, call.store
    if not is_layer_name(name) or "." in name:
        raise call.refuse("attach_name", statement, name=name, reason="it is no plain word")
    if call.engine.attached.named(name) is not None:
        raise call.refuse("attach_name", statement, name=name, reason="it is attached already; DETACH it first")
    taken = (*store.layer_names(), *store.view_names(), *store.cell_set_names())
    clash = next((n for n in taken if n.partition(".")[0].casefold() == name.casefold()), None)
    if clash is not None:
        raise call.refuse("attach_name", statement, name=name, reason=f"there is '{clash}' in this store")


def detach(call: Call, statement: nodes.Detach) -> Result:
    """``DETACH name``."""
    if not call.engine.attached.remove(statement.name):
        known = tuple(a.name for a in call.engine.attached.all())
        raise call.unknown("unknown_server", statement, statement.name, known)
    return done(f"{statement.name} detached", call.text)


def shown(call: Call) -> pa.Table:
    """``SHOW ATTACHED``."""
    every = call.engine.attached.all()
    columns = [[a.name for a in every], [str(a.connection.address) for a in every]]
    return pa.table([pa.array(c, pa.string()) for c in columns], schema=_SHOWN)


# -------------------------------------------------------------- statements about what lies there


def there(call: Call, statement: nodes.Show | nodes.Describe) -> Result | None:
    """What the server of a statement's name answers to it; None where the name is of none."""
    server = call.engine.attached.of(".".join(statement.name))
    if server is None:
        return None
    return rows(_asked(call, server, replace(statement, name=statement.name[1:])), call.text)


def listed(call: Call, statement: nodes.Show) -> Result | None:
    """``SHOW LAYERS LIKE 'lrz.%'``, and views and sets of cells: those of a server, under the names they have here."""
    server = call.engine.attached.of(statement.like or "")
    column = _NAMED.get(statement.what)
    if server is None or column is None:
        return None
    table = _asked(call, server, replace(statement, like=(statement.like or "").partition(".")[2]))
    at = table.schema.get_field_index(table.schema.names[0])
    names = [f"{server.name}.{name}" for name in table.column(at).to_pylist()]
    named = pa.array(names, table.schema.field(at).type)
    return rows(table.set_column(at, table.schema.field(at), named), call.text)


def _asked(call: Call, server: Attachment, statement: nodes.Statement) -> pa.Table:
    def ask() -> Any:
        with server.faults(call.text):
            arriving = server.connection.rows(server.connection.info(print_statement(statement)))
            running.stops(arriving.cancel)
            return pa.Table.from_batches(list(arriving), arriving.schema)

    running = call.running()
    with running.faults():
        found = running.work(ask)
    running.close()
    return found
