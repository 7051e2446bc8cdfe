"""Statements sent as texts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.flight.wire import Message, pack
from cubeql.server.guests import Guest
from cubeql.server.offers import Offer
from cubeql.server.streaming import stream


def offer(guest: Guest, message: Message) -> Offer:
    """Make a statement ready; its ticket fetches the rows."""
    ready = guest.session.ready(message.get("query", ""))
    handle = guest.tickets.give(ready)
    return Offer(ready.schema, pack("TicketStatementQuery", statement_handle=handle))


def shape(guest: Guest, message: Message) -> pa.Schema:
    """What the rows of a statement look like."""
    ready = guest.session.ready(message.get("query", ""))
    ready.close()
    return ready.schema


def rows(guest: Guest, message: Message, own: bool) -> flight.FlightDataStream:
    """The rows of a statement that was made ready, once."""
    return stream(guest.tickets.take(message.get("statement_handle")), own)
