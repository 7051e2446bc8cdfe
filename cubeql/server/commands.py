"""What a descriptor or ticket says is wanted: a row for each command of Flight SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.flight.wire import Message, unpack
from cubeql.server import ingesting, metadata, prepared, sqlinfo, statements
from cubeql.server.faults import Refused, Unspoken, is_own, telling
from cubeql.server.guests import Guest
from cubeql.server.offers import Offer


@dataclass(frozen=True, slots=True)
class Command:
    """What can be done with a command; None is what cannot.

    Attributes:
        offer: makes its rows ready (GetFlightInfo).
        shape: what its rows look like, without anything being done (GetSchema).
        rows: gives its rows (DoGet); ``own`` says whether CubeQL's own client asks.
        put: takes what a client sends (DoPut): a reader of batches, and a writer of what is answered.
    """

    offer: Callable[[Guest, Message], Offer] | None = None
    shape: Callable[[Guest, Message], pa.Schema] | None = None
    rows: Callable[[Guest, Message, bool], flight.FlightDataStream] | None = None
    put: Callable[[Guest, Message, Any, Any], None] | None = None


COMMANDS: dict[str, Command] = {
    "CommandStatementQuery": Command(offer=statements.offer, shape=statements.shape),
    "CommandStatementUpdate": Command(put=statements.update),
    "CommandPreparedStatementQuery": Command(offer=prepared.offer, shape=prepared.shape, put=prepared.bind),
    "CommandPreparedStatementUpdate": Command(put=prepared.update),
    "CommandStatementIngest": Command(put=ingesting.ingest),
    "TicketStatementQuery": Command(rows=statements.rows),
}


def _listing(listing: metadata.Listing) -> Command:
    """A command that lists something is its own ticket."""

    def rows(guest: Guest, message: Message, own: bool) -> flight.FlightDataStream:
        schema, found = listing.schema(message), listing.rows(guest, message)
        return flight.GeneratorStream(schema, telling(found, own))

    return Command(
        offer=lambda guest, message: Offer(listing.schema(message)),
        shape=lambda guest, message: listing.schema(message),
        rows=rows,
    )


COMMANDS |= {name: _listing(listing) for name, listing in (metadata.LISTINGS | sqlinfo.LISTINGS).items()}


def info_of(guest: Guest, descriptor: flight.FlightDescriptor) -> flight.FlightInfo:
    """What a command will give, and the ticket that fetches it."""
    name, message, command = _command(_told(descriptor))
    if command.offer is None:
        raise Unspoken(f"{name} gives no rows")
    offer = command.offer(guest, message)
    ticket = flight.Ticket(descriptor.command if offer.ticket is None else offer.ticket)
    # An endpoint without a place is at whoever gave it.
    return flight.FlightInfo(offer.schema, descriptor, [flight.FlightEndpoint(ticket, [])], -1, -1,
                             app_metadata=offer.beside)  # fmt: skip


def shape_of(guest: Guest, descriptor: flight.FlightDescriptor) -> pa.Schema:
    """What the rows of a command look like."""
    name, message, command = _command(_told(descriptor))
    if command.shape is None:
        raise Unspoken(f"{name} gives no rows")
    return command.shape(guest, message)


def rows_of(guest: Guest, ticket: flight.Ticket, context: Any) -> flight.FlightDataStream:
    """The rows that a ticket is for."""
    name, message, command = _command(ticket.ticket)
    if command.rows is None:
        raise Refused(f"{name} is no ticket; ask for its flight info first")
    return command.rows(guest, message, is_own(context))


def take(guest: Guest, descriptor: flight.FlightDescriptor, reader: Any, writer: Any) -> None:
    """Take what a client sends for a command."""
    name, message, command = _command(_told(descriptor))
    if command.put is None:
        raise Unspoken(f"{name} takes no rows")
    command.put(guest, message, reader, writer)


def _told(descriptor: flight.FlightDescriptor) -> bytes:
    if descriptor.descriptor_type != flight.DescriptorType.CMD:
        raise Refused("a descriptor by path means nothing here; send a command of Flight SQL")
    command: bytes = descriptor.command
    return command


def _command(written: bytes) -> tuple[str, Message, Command]:
    name, message = unpack(written)
    command = COMMANDS.get(name)
    if command is None:
        raise Unspoken(f"{name} is not spoken here")
    return name, message, command
