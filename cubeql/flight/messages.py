"""The messages of Flight SQL that CubeQL speaks, a row each: field numbers, names and kinds.

The numbers are those of the Arrow Flight SQL specification (format/FlightSql.proto and Flight.proto of Apache Arrow).
A kind is ``text``, ``bytes``, ``bool``, ``int``, ``uint``, ``double``, ``sfixed64`` or the name of a message; ``*``
behind it is a list, ``map `` before it a map from text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: ``kind`` of each value; ``many`` are a list, ``mapped`` are named by texts."""

    number: int
    name: str
    kind: str
    many: bool = False
    mapped: bool = False


def _row(*fields: tuple[int, str, str]) -> tuple[Field, ...]:
    return tuple(
        Field(number, name, kind.removeprefix("map ").removesuffix("*"), kind.endswith("*"), kind.startswith("map "))
        for number, name, kind in fields
    )


_KEYS = ((1, "catalog", "text"), (2, "db_schema", "text"), (3, "table", "text"))
_HANDLE = ((1, "prepared_statement_handle", "bytes"),)
_QUERY = ((1, "query", "text"), (2, "transaction_id", "bytes"))
_PLAN = ((1, "plan", "SubstraitPlan"), (2, "transaction_id", "bytes"))
_TRANSACTION = ((1, "transaction_id", "bytes"),)
_SAVEPOINT = ((1, "savepoint_id", "bytes"),)
_OWN = ((20_000, "parameters", "text"), (20_001, "timeout_s", "double"), (20_002, "number", "bytes"))
"""What our own client adds and others pass over: see ``values``; a time limit; by what it knows the statement."""

MESSAGES: dict[str, tuple[Field, ...]] = {
    "Any": _row((1, "type_url", "text"), (2, "value", "bytes")),
    # statements, in a descriptor or a ticket
    "CommandStatementQuery": _row(*_QUERY, *_OWN),
    "CommandStatementUpdate": _row(*_QUERY),
    "CommandStatementSubstraitPlan": _row(*_PLAN),
    "CommandPreparedStatementQuery": _row(*_HANDLE),
    "CommandPreparedStatementUpdate": _row(*_HANDLE),
    "TicketStatementQuery": _row((1, "statement_handle", "bytes")),
    # what there is
    "CommandGetSqlInfo": _row((1, "info", "uint*")),
    "CommandGetXdbcTypeInfo": _row((1, "data_type", "int")),
    "CommandGetCatalogs": (),
    "CommandGetDbSchemas": _row((1, "catalog", "text"), (2, "db_schema_filter_pattern", "text")),
    "CommandGetTables": _row(
        (1, "catalog", "text"),
        (2, "db_schema_filter_pattern", "text"),
        (3, "table_name_filter_pattern", "text"),
        (4, "table_types", "text*"),
        (5, "include_schema", "bool"),
    ),
    "CommandGetTableTypes": (),
    "CommandGetPrimaryKeys": _row(*_KEYS),
    "CommandGetExportedKeys": _row(*_KEYS),
    "CommandGetImportedKeys": _row(*_KEYS),
    "CommandGetCrossReference": _row(
        (1, "pk_catalog", "text"),
        (2, "pk_db_schema", "text"),
        (3, "pk_table", "text"),
        (4, "fk_catalog", "text"),
        (5, "fk_db_schema", "text"),
        (6, "fk_table", "text"),
    ),
    # rows that are sent, and what is answered
    "CommandStatementIngest": _row(
        (1, "table_definition_options", "TableDefinitionOptions"),
        (2, "table", "text"),
        (3, "schema", "text"),
        (4, "catalog", "text"),
        (5, "temporary", "bool"),
        (6, "transaction_id", "bytes"),
        (1000, "options", "map text"),
    ),
    "TableDefinitionOptions": _row((1, "if_not_exist", "int"), (2, "if_exists", "int")),
    "DoPutUpdateResult": _row((1, "record_count", "int")),
    "DoPutPreparedStatementResult": _row(*_HANDLE),
    # actions, each wrapped in Any
    "ActionCreatePreparedStatementRequest": _row(*_QUERY),
    "ActionCreatePreparedStatementResult": _row(
        *_HANDLE, (2, "dataset_schema", "bytes"), (3, "parameter_schema", "bytes"), (4, "is_update", "bool")
    ),
    "ActionCreatePreparedSubstraitPlanRequest": _row(*_PLAN),
    "ActionClosePreparedStatementRequest": _row(*_HANDLE),
    "SubstraitPlan": _row((1, "plan", "bytes"), (2, "version", "text")),
    "ActionBeginTransactionRequest": (),
    "ActionBeginTransactionResult": _row(*_TRANSACTION),
    "ActionEndTransactionRequest": _row(*_TRANSACTION, (2, "action", "int")),
    "ActionBeginSavepointRequest": _row(*_TRANSACTION, (2, "name", "text")),
    "ActionBeginSavepointResult": _row(*_SAVEPOINT),
    "ActionEndSavepointRequest": _row(*_SAVEPOINT, (2, "action", "int")),
    "ActionCancelQueryRequest": _row((1, "info", "bytes")),
    "ActionCancelQueryResult": _row((1, "result", "int")),
    # actions of Flight itself, not wrapped
    "CancelFlightInfoRequest": _row((1, "info", "FlightInfo")),
    "CancelFlightInfoResult": _row((1, "status", "int")),
    "RenewFlightEndpointRequest": _row((1, "endpoint", "FlightEndpoint")),
    "SetSessionOptionsRequest": _row((1, "session_options", "map SessionOptionValue")),
    "SetSessionOptionsResult": _row((1, "errors", "map SetSessionOptionsError")),
    "GetSessionOptionsRequest": (),
    "GetSessionOptionsResult": _row((1, "session_options", "map SessionOptionValue")),
    "CloseSessionRequest": (),
    "CloseSessionResult": _row((1, "status", "int")),
    # what they are made of
    "FlightInfo": _row(
        (1, "schema", "bytes"),
        (2, "flight_descriptor", "FlightDescriptor"),
        (3, "endpoint", "FlightEndpoint*"),
        (4, "total_records", "int"),
        (5, "total_bytes", "int"),
        (6, "ordered", "bool"),
        (7, "app_metadata", "bytes"),
    ),
    "FlightDescriptor": _row((1, "type", "int"), (2, "cmd", "bytes"), (3, "path", "text*")),
    "FlightEndpoint": _row(
        (1, "ticket", "Ticket"),
        (2, "location", "Location*"),
        (3, "expiration_time", "Timestamp"),
        (4, "app_metadata", "bytes"),
    ),
    "Ticket": _row((1, "ticket", "bytes")),
    "Location": _row((1, "uri", "text")),
    "Timestamp": _row((1, "seconds", "int"), (2, "nanos", "int")),
    "SessionOptionValue": _row(
        (1, "string_value", "text"),
        (2, "bool_value", "bool"),
        (3, "int64_value", "sfixed64"),
        (4, "double_value", "double"),
        (5, "string_list_value", "StringListValue"),
    ),
    "StringListValue": _row((1, "values", "text*")),
    "SetSessionOptionsError": _row((1, "value", "int")),
}
