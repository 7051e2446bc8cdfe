"""Statements sent as texts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.flight.wire import Message, pack
from cubeql.server.guests import Guest
from cubeql.server.offers import Offer


def offer(guest: Guest, message: Message) -> Offer:
    """Make a statement ready; its ticket fetches the rows."""
    asked = guest.asks(message.get("query", ""))
    handle = guest.tickets.give(asked)
    return Offer(asked.schema, pack("TicketStatementQuery", statement_handle=handle))


def shape(guest: Guest, message: Message) -> pa.Schema:
    """What the rows of a statement look like."""
    asked = guest.asks(message.get("query", ""))
    asked.close()
    return asked.schema


def rows(guest: Guest, message: Message, own: bool) -> flight.FlightDataStream:
    """The rows of a statement that was made ready, once."""
    handle = message.get("statement_handle", b"")
    return guest.fetches(guest.tickets.take(handle), handle)
