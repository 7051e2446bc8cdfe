"""Prepared statements: read once, bound by what clients send, run as often as they like.

A prepared statement keeps its text and the values bound to it. What it reads is settled when it is run: between two
runs layers may have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from cubeql.errors import CubeQLError, QueryError
from cubeql.flight.wire import Message, encode, pack, unpack
from cubeql.server.binding import Values, rows_of_values
from cubeql.server.calls import caller
from cubeql.server.faults import Refused
from cubeql.server.guests import Guest
from cubeql.server.incoming import batches_of
from cubeql.server.offers import Offer
from cubeql.server.shapes import Prepared, Shape, guesses_of, parameter_schema, shape_of, values_of
from cubeql.server.statements import done, offered, shape_with, text_of

# -------------------------------------------------------------- actions


def create(guest: Guest, body: bytes) -> list[bytes]:
    """Prepare a statement: a handle, what its rows look like, and which parameters it takes."""
    shape = shape_of(text_of(guest, message_of(body, "ActionCreatePreparedStatementRequest")))
    chosen = guesses_of(shape, guest.session)
    told: dict[str, Any] = {"is_update": not shape.gives_rows}
    if shape.gives_rows:
        told["dataset_schema"] = _serialized(_shape_at_first(guest, shape, chosen))
    if shape.names:
        told["parameter_schema"] = _serialized(parameter_schema(shape, chosen))
    handle = guest.prepared.give(Prepared(shape))
    return [pack("ActionCreatePreparedStatementResult", prepared_statement_handle=handle, **told)]


def _shape_at_first(guest: Guest, shape: Shape, chosen: dict[str, int] | None) -> pa.Schema | None:
    """What the rows look like before values are bound; None where that is not known."""
    if not shape.names:
        return shape_with(guest, shape, None)
    if chosen is None:
        return None
    try:
        return shape_with(guest, shape, values_of(chosen))
    except QueryError:
        return None


def close(guest: Guest, body: bytes) -> list[bytes]:
    """Forget a prepared statement; one that is not known is forgotten already."""
    guest.prepared.drop(message_of(body, "ActionClosePreparedStatementRequest").get("prepared_statement_handle"))
    return []


def message_of(body: bytes, wanted: str) -> Message:
    """The message of an action.

    Raises:
        Refused: it is another.
    """
    name, message = unpack(body)
    if name != wanted:
        raise Refused(f"the action takes a message {wanted}, not {name}")
    return message


# -------------------------------------------------------------- commands


def offer(guest: Guest, message: Message) -> Offer:
    """Make a prepared statement ready with the values bound to it."""
    prepared = _prepared(guest, message)
    return offered(guest, guest.asks(prepared.shape.text, prepared.values))


def shape(guest: Guest, message: Message) -> pa.Schema:
    """What the rows of a prepared statement look like with the values bound to it."""
    prepared = _prepared(guest, message)
    return shape_with(guest, prepared.shape, prepared.values)


def bind(guest: Guest, message: Message, reader: Any, writer: Any) -> None:
    """Bind the values of one row to a prepared statement."""
    prepared = _prepared(guest, message)
    rows = list(_two_at_most(_rows(guest, prepared, reader)))
    if len(rows) > 1:
        raise Refused("a query takes one row of values, but several came")
    prepared.values = rows[0]
    writer.write(encode("DoPutPreparedStatementResult", message))


def update(guest: Guest, message: Message, reader: Any, writer: Any) -> None:
    """Run a prepared statement once for each row of values that comes, and tell how many rows it wrote in all."""
    prepared = _prepared(guest, message)
    count = 0
    for number, values in enumerate(_rows(guest, prepared, reader)):
        if caller().gone():
            return
        try:
            count += done(guest, prepared.shape, values)
        except CubeQLError as error:
            if not number:
                raise
            raise Refused(f"row {number + 1} of the values: {error}\n"
                          f"the {number} before it are done, those behind it are not") from error  # fmt: skip
    writer.write(encode("DoPutUpdateResult", {"record_count": count}))


def _prepared(guest: Guest, message: Message) -> Prepared:
    return guest.prepared.look(message.get("prepared_statement_handle"))


def _rows(guest: Guest, prepared: Prepared, reader: Any) -> Iterator[Values]:
    """The rows of values that come; of a statement without parameters one, without any."""
    shape = prepared.shape
    if not shape.names:
        if any(batch.num_columns for batch in batches_of(reader, guest.limits)):
            raise Refused("values came, but the statement has no parameter")
        yield {}
        return
    came = False
    for batch in batches_of(reader, guest.limits):
        for values in rows_of_values(batch, shape.names, shape.positional):
            came = True
            yield values
    if not came:
        raise Refused("no values came for the parameters of the statement")


def _two_at_most(rows: Iterator[Values]) -> Iterator[Values]:
    for number, row in enumerate(rows):
        if number > 1:
            return
        yield row


def _serialized(schema: pa.Schema | None) -> bytes | None:
    return None if schema is None else schema.serialize().to_pybytes()
