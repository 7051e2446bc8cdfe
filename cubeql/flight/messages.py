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

MESSAGES: dict[str, tuple[Field, ...]] = {
    "Any": _row((1, "type_url", "text"), (2, "value", "bytes")),
    # commands of a descriptor or ticket
    "CommandStatementQuery": _row(*_QUERY),
    "CommandStatementUpdate": _row(*_QUERY),
    "CommandPreparedStatementQuery": _row(*_HANDLE),
    "CommandPreparedStatementUpdate": _row(*_HANDLE),
    "TicketStatementQuery": _row((1, "statement_handle", "bytes")),
    # actions
    "ActionCreatePreparedStatementRequest": _row(*_QUERY),
    "ActionCreatePreparedStatementResult": _row(
        *_HANDLE, (2, "dataset_schema", "bytes"), (3, "parameter_schema", "bytes"), (4, "is_update", "bool")
    ),
    "ActionClosePreparedStatementRequest": _row(*_HANDLE),
}
