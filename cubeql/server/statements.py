"""Statements sent as texts."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.engine.result import Result
from cubeql.flight.told import head_bytes
from cubeql.flight.values import params_of
from cubeql.flight.wire import Message, encode, pack
from cubeql.server.calls import caller
from cubeql.server.desk import Asked
from cubeql.server.faults import Refused
from cubeql.server.guests import Guest
from cubeql.server.offers import Offer
from cubeql.server.shapes import MESSAGE, Shape, harmless, shape_of
from cubeql.session import Parameters, ended


def offer(guest: Guest, message: Message) -> Offer:
    """Make a statement ready; its ticket fetches the rows."""
    values = params_of(message.get("parameters"))
    asked = guest.asks(text_of(guest, message), values, message.get("timeout_s"), message.get("number"))
    return offered(guest, asked)


def offered(guest: Guest, asked: Asked) -> Offer:
    """A statement that is ready as an offer; its ticket fetches the rows."""
    if not caller().own:
        asked = worded(asked)
    handle = guest.tickets.give(asked)
    return Offer(asked.schema, pack("TicketStatementQuery", statement_handle=handle), _beside(asked))


def _beside(asked: Asked) -> bytes:
    ready = asked.ready
    return head_bytes(ready.warnings, ready.message, ready.stats) if caller().own else b""


def shape(guest: Guest, message: Message) -> pa.Schema:
    """What the rows of a statement look like; nothing is changed."""
    return shape_with(guest, shape_of(text_of(guest, message)), None)


def shape_with(guest: Guest, shape: Shape, params: Parameters) -> pa.Schema:
    """What the rows of a statement look like with values of its parameters."""
    if not shape.gives_rows:
        return MESSAGE
    asked = guest.asks(harmless(shape), params)
    asked.close()
    return asked.schema


def rows(guest: Guest, message: Message, own: bool) -> flight.FlightDataStream:
    """The rows of a statement that was made ready, once."""
    handle = message.get("statement_handle", b"")
    return guest.fetches(guest.tickets.take(handle), handle)


def update(guest: Guest, message: Message, reader: Any, writer: Any) -> None:
    """Run a statement that does something, and tell how many rows it wrote."""
    count = done(guest, shape_of(text_of(guest, message)), None)
    writer.write(encode("DoPutUpdateResult", {"record_count": count}))


def done(guest: Guest, shape: Shape, params: Parameters) -> int:
    """Run a statement that does something.

    Returns:
        How many rows (of grids: cells) it wrote; 0 where it writes none.
    """
    if shape.gives_rows:
        raise Refused("this statement gives rows and changes nothing: execute it as a query")
    asked = guest.asks(shape.text, params)
    with asked.ready.start() as result:
        return int(result.stats.get("cells", result.stats["rows"]))


def text_of(guest: Guest, message: Message) -> str:
    """The text of a statement that a client sent.

    Raises:
        Refused: it is too long, or part of a transaction.
    """
    if message.get("transaction_id"):
        raise Refused("there are no transactions here: each statement stands for itself")
    text: str = message.get("query", "")
    most = guest.limits.statement_bytes
    if len(text.encode()) > most:
        raise Refused(f"the statement is longer than {most:,} bytes; give long values as parameters")
    return text


def worded(asked: Asked) -> Asked:
    """A statement that did something as one that gives a row: what it did. Clients cannot show a table of no column."""
    if len(asked.schema):
        return asked
    result = asked.ready.start()
    said = result.message or ""
    schema = MESSAGE.with_metadata({"cubeql.message": said})
    batch = pa.record_batch([pa.array([said])], schema=schema)
    asked.ready = ended(
        Result(schema, iter([batch]), statement=result.statement, warnings=result.warnings, message=result.message,
               stats=result.stats, close=result.close)
    )  # fmt: skip
    return asked
