"""What there is, as catalog, schemas and tables: a store is the one catalog, its collections are schemas.

Everything is asked of the guest's own session, so that what he may not read is absent here too. Names without a
collection are in the schema ``main``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from cubeql.errors import CubeQLError
from cubeql.flight.wire import Message
from cubeql.lang import nodes, print_statement
from cubeql.server.guests import Guest

MAIN = "main"
_PREFIX = "ARROW:FLIGHT:SQL:"
_AT_ONCE = 16


def _schema(**columns: pa.DataType) -> pa.Schema:
    """Columns; one whose name ends with an underscore may be NULL."""
    return pa.schema([pa.field(n.removesuffix("_"), t, nullable=n.endswith("_")) for n, t in columns.items()])


_TEXT, _INT, _BYTE = pa.string(), pa.int32(), pa.uint8()
CATALOGS = _schema(catalog_name=_TEXT)
SCHEMAS = _schema(catalog_name_=_TEXT, db_schema_name=_TEXT)
TABLES = _schema(catalog_name_=_TEXT, db_schema_name_=_TEXT, table_name=_TEXT, table_type=_TEXT)
TABLES_WITH_SCHEMA = TABLES.append(pa.field("table_schema", pa.binary(), nullable=False))
TABLE_TYPES = _schema(table_type=_TEXT)
PRIMARY_KEYS = _schema(
    catalog_name_=_TEXT, db_schema_name_=_TEXT, table_name=_TEXT, column_name=_TEXT, key_name_=_TEXT, key_sequence=_INT
)
FOREIGN_KEYS = _schema(
    pk_catalog_name_=_TEXT, pk_db_schema_name_=_TEXT, pk_table_name=_TEXT, pk_column_name=_TEXT,
    fk_catalog_name_=_TEXT, fk_db_schema_name_=_TEXT, fk_table_name=_TEXT, fk_column_name=_TEXT,
    key_sequence=_INT, fk_key_name_=_TEXT, pk_key_name_=_TEXT, update_rule=_BYTE, delete_rule=_BYTE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A command that lists something: what its rows look like for a message, and the rows."""

    schema: Callable[[Message], pa.Schema]
    rows: Callable[[Guest, Message], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Table:
    """What has a name, as a client knows it: ``name`` is the whole, ``schema`` and ``table`` its parts."""

    name: str
    schema: str
    table: str
    type: str


def catalog_of(guest: Guest) -> str:
    """The name of the one catalog, which is the store's."""
    return guest.session.store.address.name


# -------------------------------------------------------------- what there is

# Kinds of names, with what clients call them: they ask for TABLE and VIEW before they know what there is.
TYPES = {"layer": "TABLE", "view": "VIEW", "cells": "CELLS"}


def tables_of(guest: Guest) -> list[Table]:
    """Everything that has a name and may be read by the guest, in the order of schemas, names and types."""
    store = guest.session.store
    names = {"layer": store.layer_names(), "view": store.view_names(), "cells": store.cell_set_names()}
    found = [_table(name, TYPES[kind]) for kind, several in names.items() for name in several]
    return sorted(found, key=lambda t: (t.schema, t.table, t.type))


def _table(name: str, kind: str) -> Table:
    collection, dot, rest = name.rpartition(".")
    return Table(name, collection if dot else MAIN, rest, kind)


def schema_of(guest: Guest, name: str) -> pa.Schema:
    """The columns of what has a name, as a query of all of them gives them."""
    source = nodes.LayerSource(tuple(name.split(".")))
    query = nodes.QueryStatement(nodes.Select((nodes.SelectItem(nodes.Star()),), source))
    ready = guest.session.ready(print_statement(query), timeout_s=guest.limits.bind_s)
    ready.close()
    return ready.schema


def described(guest: Guest, table: Table) -> pa.Schema:
    """The columns of a table with what Flight SQL says beside them; none of one that cannot be read."""
    try:
        schema = schema_of(guest, table.name)
    except CubeQLError:  # its name is known, and all others can be read
        return pa.schema([], {"cubeql.fault": "this cannot be read"})
    beside = {"CATALOG_NAME": catalog_of(guest), "DB_SCHEMA_NAME": table.schema, "TABLE_NAME": table.table}
    return pa.schema([_described(field, beside) for field in schema], schema.metadata)


def _described(field: pa.Field, beside: dict[str, str]) -> pa.Field:
    known = field.metadata or {}
    remarks = [known[k].decode() for k in (b"cubeql.long_name", b"unit") if known.get(k, b"1") != b"1"]
    said = {
        **beside,
        "TYPE_NAME": known.get(b"cubeql.type", b"any").decode(),
        "IS_AUTO_INCREMENT": "0",
        "IS_CASE_SENSITIVE": "1",
        "IS_READ_ONLY": "1",
        "IS_SEARCHABLE": "1",
        **({"REMARKS": ", ".join(remarks)} if remarks else {}),
    }
    return field.with_metadata({**known, **{f"{_PREFIX}{k}".encode(): v.encode() for k, v in said.items()}})


# -------------------------------------------------------------- what is asked for


def fits(pattern: str | None) -> Callable[[str], bool]:
    r"""A test of names by a pattern: ``%`` is any text, ``_`` any character, ``\%`` and ``\_`` are themselves.

    Names are one whatever their capitals.
    """
    if pattern is None:
        return lambda name: True
    parts = tuple(part.casefold() for part in re.findall(r"\\[%_\\]|.", pattern, re.DOTALL))
    return lambda name: _fits(name.casefold(), parts)


def _fits(name: str, parts: tuple[str, ...]) -> bool:
    """Whether a name is as the parts of a pattern say; in steps of their lengths' product, whatever the pattern."""
    at = part = 0
    star, star_at = -1, 0
    while at < len(name):
        if part < len(parts) and parts[part] == "%":
            star, star_at = part, at
            part += 1
        elif part < len(parts) and (parts[part] == "_" or parts[part][-1] == name[at]):
            at, part = at + 1, part + 1
        elif star >= 0:  # let the last % have one more
            star_at += 1
            at, part = star_at, star + 1
        else:
            return False
    return all(p == "%" for p in parts[part:])


def _in_catalog(guest: Guest, message: Message) -> bool:
    """Whether a message asks for our catalog; one that is empty asks for what is in none."""
    wanted = message.get("catalog")
    return wanted is None or wanted == catalog_of(guest)


def _catalogs(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    yield pa.record_batch([pa.array([catalog_of(guest)])], schema=CATALOGS)


def _schemas(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    chosen = fits(message.get("db_schema_filter_pattern"))
    names = sorted({MAIN, *(t.schema for t in tables_of(guest))}) if _in_catalog(guest, message) else []
    rows = [{"catalog_name": catalog_of(guest), "db_schema_name": n} for n in names if chosen(n)]
    yield pa.RecordBatch.from_pylist(rows, schema=SCHEMAS)


def _tables_schema(message: Message) -> pa.Schema:
    return TABLES_WITH_SCHEMA if message.get("include_schema") else TABLES


def _tables(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    in_schema, named = fits(message.get("db_schema_filter_pattern")), fits(message.get("table_name_filter_pattern"))
    types = message.get("table_types") or TYPES.values()
    every = tables_of(guest) if _in_catalog(guest, message) else []
    found = iter([t for t in every if in_schema(t.schema) and named(t.table) and t.type in types])
    while some := list(islice(found, _AT_ONCE)):  # their columns take a while to be found
        yield pa.RecordBatch.from_pylist([_table_row(guest, message, t) for t in some], schema=_tables_schema(message))


def _table_row(guest: Guest, message: Message, table: Table) -> dict[str, object]:
    row: dict[str, object] = {
        "catalog_name": catalog_of(guest),
        "db_schema_name": table.schema,
        "table_name": table.table,
        "table_type": table.type,
    }
    if not message.get("include_schema"):
        return row
    return {**row, "table_schema": described(guest, table).serialize().to_pybytes()}


def _table_types(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    yield pa.record_batch([pa.array(sorted(TYPES.values()))], schema=TABLE_TYPES)


def _none(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    yield from ()


LISTINGS: dict[str, Listing] = {
    "CommandGetCatalogs": Listing(lambda message: CATALOGS, _catalogs),
    "CommandGetDbSchemas": Listing(lambda message: SCHEMAS, _schemas),
    "CommandGetTables": Listing(_tables_schema, _tables),
    "CommandGetTableTypes": Listing(lambda message: TABLE_TYPES, _table_types),
    "CommandGetPrimaryKeys": Listing(lambda message: PRIMARY_KEYS, _none),
    "CommandGetExportedKeys": Listing(lambda message: FOREIGN_KEYS, _none),
    "CommandGetImportedKeys": Listing(lambda message: FOREIGN_KEYS, _none),
    "CommandGetCrossReference": Listing(lambda message: FOREIGN_KEYS, _none),
}
