"""The table of messages: field numbers and kinds as the specification has them, and nothing that goes round."""

from __future__ import annotations

import pytest

from cubeql.flight.messages import MESSAGES, Field

# Written down from the specification by itself (FlightSql.proto, Flight.proto): number, name, type; ? is optional.
SPECIFIED = """
CommandGetSqlInfo: 1 info uint32*
CommandGetXdbcTypeInfo: 1 data_type int32?
CommandGetCatalogs:
CommandGetDbSchemas: 1 catalog string?, 2 db_schema_filter_pattern string?
CommandGetTables: 1 catalog string?, 2 db_schema_filter_pattern string?, 3 table_name_filter_pattern string?, \
4 table_types string*, 5 include_schema bool
CommandGetTableTypes:
CommandGetPrimaryKeys: 1 catalog string?, 2 db_schema string?, 3 table string
CommandGetExportedKeys: 1 catalog string?, 2 db_schema string?, 3 table string
CommandGetImportedKeys: 1 catalog string?, 2 db_schema string?, 3 table string
CommandGetCrossReference: 1 pk_catalog string?, 2 pk_db_schema string?, 3 pk_table string, 4 fk_catalog string?, \
5 fk_db_schema string?, 6 fk_table string
ActionCreatePreparedStatementRequest: 1 query string, 2 transaction_id bytes?
SubstraitPlan: 1 plan bytes, 2 version string
ActionCreatePreparedSubstraitPlanRequest: 1 plan SubstraitPlan, 2 transaction_id bytes?
ActionCreatePreparedStatementResult: 1 prepared_statement_handle bytes, 2 dataset_schema bytes, \
3 parameter_schema bytes, 4 is_update bool?
ActionClosePreparedStatementRequest: 1 prepared_statement_handle bytes
ActionBeginTransactionRequest:
ActionBeginSavepointRequest: 1 transaction_id bytes, 2 name string
ActionBeginTransactionResult: 1 transaction_id bytes
ActionBeginSavepointResult: 1 savepoint_id bytes
ActionEndTransactionRequest: 1 transaction_id bytes, 2 action enum
ActionEndSavepointRequest: 1 savepoint_id bytes, 2 action enum
CommandStatementQuery: 1 query string, 2 transaction_id bytes?
CommandStatementSubstraitPlan: 1 plan SubstraitPlan, 2 transaction_id bytes?
TicketStatementQuery: 1 statement_handle bytes
CommandPreparedStatementQuery: 1 prepared_statement_handle bytes
CommandStatementUpdate: 1 query string, 2 transaction_id bytes?
CommandPreparedStatementUpdate: 1 prepared_statement_handle bytes
CommandStatementIngest: 1 table_definition_options TableDefinitionOptions, 2 table string, 3 schema string?, \
4 catalog string?, 5 temporary bool, 6 transaction_id bytes?, 1000 options map<string>
TableDefinitionOptions: 1 if_not_exist enum, 2 if_exists enum
DoPutUpdateResult: 1 record_count int64
DoPutPreparedStatementResult: 1 prepared_statement_handle bytes?
ActionCancelQueryRequest: 1 info bytes
ActionCancelQueryResult: 1 result enum
FlightDescriptor: 1 type enum, 2 cmd bytes, 3 path string*
FlightInfo: 1 schema bytes, 2 flight_descriptor FlightDescriptor, 3 endpoint FlightEndpoint*, 4 total_records int64, \
5 total_bytes int64, 6 ordered bool, 7 app_metadata bytes
FlightEndpoint: 1 ticket Ticket, 2 location Location*, 3 expiration_time Timestamp, 4 app_metadata bytes
Ticket: 1 ticket bytes
Location: 1 uri string
Timestamp: 1 seconds int64, 2 nanos int32
CancelFlightInfoRequest: 1 info FlightInfo
CancelFlightInfoResult: 1 status enum
RenewFlightEndpointRequest: 1 endpoint FlightEndpoint
SessionOptionValue: 1 string_value string, 2 bool_value bool, 3 int64_value sfixed64, 4 double_value double, \
5 string_list_value StringListValue
StringListValue: 1 values string*
SetSessionOptionsRequest: 1 session_options map<SessionOptionValue>
SetSessionOptionsResult: 1 errors map<SetSessionOptionsError>
SetSessionOptionsError: 1 value enum
GetSessionOptionsRequest:
GetSessionOptionsResult: 1 session_options map<SessionOptionValue>
CloseSessionRequest:
CloseSessionResult: 1 status enum
Any: 1 type_url string, 2 value bytes
"""
KINDS = {"string": "text", "uint32": "uint", "int32": "int", "int64": "int", "enum": "int"}


OUR_OWN = 20_000
"""The numbers from here on are never specified, and other clients and servers pass them over."""


def specified(line: str) -> tuple[str, tuple[Field, ...]]:
    name, _, rest = line.partition(":")
    rows = (part.split() for part in rest.split(",") if part.strip())
    return name, tuple(Field(int(number), field, *kind_of(kind)) for number, field, kind in rows)


def kind_of(written: str) -> tuple[str, bool, bool]:
    mapped = written.startswith("map<")
    plain = written.removeprefix("map<").rstrip("?*>")
    return KINDS.get(plain, plain), written.endswith("*"), mapped


@pytest.mark.parametrize("line", SPECIFIED.strip().splitlines(), ids=lambda line: line.partition(":")[0])
def test_a_message_is_as_specified(line: str) -> None:
    name, fields = specified(line)
    assert tuple(f for f in MESSAGES[name] if f.number < OUR_OWN) == fields


def test_no_message_is_in_the_table_that_is_not_specified() -> None:
    assert set(MESSAGES) == {line.partition(":")[0] for line in SPECIFIED.strip().splitlines()}


def depth(name: str, above: tuple[str, ...] = ()) -> int:
    assert name not in above, f"{name} holds itself, so that bytes could nest without end"
    return 1 + max((depth(f.kind, (*above, name)) for f in MESSAGES[name] if f.kind in MESSAGES), default=0)


def test_messages_nest_a_few_deep_and_no_deeper() -> None:
    assert max(depth(name) for name in MESSAGES) <= 5
