"""The Flight SQL door: a thin table of calls; each is answered for the guest who makes it."""

from __future__ import annotations

from typing import Any

import pyarrow.flight as flight

from cubeql.server import actions, commands
from cubeql.server.faults import OWN, OwnClients, Unspoken, guarded, hide_tracebacks
from cubeql.server.gate import AUTH, Gate, Handshakes
from cubeql.server.guests import Guest


class FlightDoor(flight.FlightServerBase):
    """A Flight SQL server.

    Args:
        gate: lets calls in.
        location: ``grpc://host:port`` or ``grpc+tls://host:port``.
    """

    def __init__(self, gate: Gate, location: str, **options: Any) -> None:
        hide_tracebacks()
        middleware = {AUTH: gate, OWN: OwnClients()}
        super().__init__(location, Handshakes(), middleware=middleware, **options)

    @guarded
    def get_flight_info(self, context: Any, descriptor: Any) -> flight.FlightInfo:
        """Make what a command asks for ready."""
        return commands.info_of(_guest(context), descriptor)

    @guarded
    def get_schema(self, context: Any, descriptor: Any) -> flight.SchemaResult:
        """Tell what the rows of a command look like."""
        return flight.SchemaResult(commands.shape_of(_guest(context), descriptor))

    @guarded
    def do_get(self, context: Any, ticket: Any) -> flight.FlightDataStream:
        """Give the rows that a ticket is for."""
        return commands.rows_of(_guest(context), ticket, context)

    @guarded
    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Take rows: values of parameters, or rows of a layer."""
        commands.take(_guest(context), descriptor, reader, writer)

    @guarded
    def do_action(self, context: Any, action: Any) -> list[flight.Result]:
        """Do an action."""
        return actions.act(_guest(context), action)

    @guarded
    def list_actions(self, context: Any) -> list[tuple[str, str]]:
        """Tell which actions there are."""
        _guest(context)
        return actions.listed()

    @guarded
    def list_flights(self, context: Any, criteria: Any) -> list[flight.FlightInfo]:
        """Tell nothing: layers are listed by the metadata commands."""
        _guest(context)
        return []

    @guarded
    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Refuse: Flight SQL has no exchange."""
        _guest(context)
        raise Unspoken("DoExchange is not spoken here")


def _guest(context: Any) -> Guest:
    guest: Guest = context.get_middleware(AUTH).guest(context.peer())
    return guest

