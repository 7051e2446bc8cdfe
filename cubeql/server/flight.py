"""The Flight SQL door: calls of clients, answered by their guest's session."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.engine.result import Result
from cubeql.flight.wire import pack, unpack
from cubeql.server.guests import Guest, Guests

_AUTH = "auth"


class FlightDoor(flight.FlightServerBase):
    """A Flight SQL server.

    Args:
        guests: who may come in.
        location: ``grpc://host:port`` or ``grpc+tls://host:port``.
    """

    def __init__(self, guests: Guests, location: str, **options: Any) -> None:
        super().__init__(location, middleware={_AUTH: _Gate(guests)}, **options)

    def get_flight_info(self, context: Any, descriptor: Any) -> flight.FlightInfo:
        """Make a statement ready; its ticket fetches the rows."""
        name, message = unpack(descriptor.command)
        if name != "CommandStatementQuery":
            raise NotImplementedError(name)
        guest = _guest(context)
        ready = guest.session.ready(message["query"])
        handle = secrets.token_bytes(16)
        guest.ready[handle] = ready
        ticket = flight.Ticket(pack("TicketStatementQuery", statement_handle=handle))
        return flight.FlightInfo(ready.schema, descriptor, [flight.FlightEndpoint(ticket, [])], -1, -1)

    def do_get(self, context: Any, ticket: Any) -> Any:
        """The rows of a statement that is ready."""
        _, message = unpack(ticket.ticket)
        result = _guest(context).ready.pop(message["statement_handle"]).start()
        return flight.GeneratorStream(result.schema, _rows(result))


def _rows(result: Result) -> Iterator[pa.RecordBatch]:
    with result:
        yield from result


def _guest(context: Any) -> Guest:
    guest: Guest = context.get_middleware(_AUTH).guest
    return guest


class _Came(flight.ServerMiddleware):
    def __init__(self, guest: Guest) -> None:
        self.guest = guest


class _Gate(flight.ServerMiddlewareFactory):
    def __init__(self, guests: Guests) -> None:
        self._guests = guests

    def start_call(self, info: Any, headers: Any) -> _Came:
        found = next((v for k, vs in headers.items() if k.lower() == "authorization" for v in vs), "")
        guest = self._guests.of_token(found.removeprefix("Bearer "))
        if guest is None:
            raise flight.FlightUnauthenticatedError("the token is missing, wrong or expired")
        return _Came(guest)
