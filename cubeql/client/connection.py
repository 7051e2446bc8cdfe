"""Calls to one server for a session, whose faults are CubeQL's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pyarrow.flight as flight

from cubeql.client.faults import ServerGone, told
from cubeql.client.settings import RemoteSettings
from cubeql.flight.address import FlightAddress
from cubeql.flight.channel import Channel
from cubeql.preferences import certificates

_T = TypeVar("_T")
_SLACK_S = 5.0
"""So much longer than its time limit a statement is waited for: the server says itself that the time is over."""


class Connection:
    """The way to a server. Safe to share between threads; it is made when it is first needed, and anew when it broke.

    Args:
        address: where the server listens.
        settings: who asks, and whom to believe.
    """

    def __init__(self, address: FlightAddress, settings: RemoteSettings) -> None:
        self.address = address
        tls = certificates(settings.tls_ca, settings.tls_cert, settings.tls_key) if address.tls else {}
        self._channel = Channel(address, settings.token, tls)

    def offer(self, command: bytes, text: str, timeout_s: float | None) -> flight.FlightInfo:
        """What a command will give, and the ticket for it."""
        return self._called(lambda limit: self._channel.offer(command, limit), text, timeout_s)

    def rows(
        self, ticket: flight.Ticket, text: str, timeout_s: float | None
    ) -> tuple[flight.FlightStreamReader, object]:
        """The rows of a ticket, as they come; and what must be there as long as they do."""
        return self._called(lambda limit: self._channel.rows(ticket, limit), text, timeout_s)

    def act(self, name: str, body: bytes, text: str = "", timeout_s: float | None = None) -> bytes:
        """Have the server do an action; what it answers."""
        return self._called(lambda limit: self._channel.act(name, body, limit), text, timeout_s)

    def told(self, text: str, timeout_s: float | None) -> Any:
        """Around what reads rows: what goes wrong is raised as CubeQL's own error."""
        return told(self.address.place, text, timeout_s)

    def _called(self, call: Callable[[float | None], _T], text: str, timeout_s: float | None) -> _T:
        try:
            with self.told(text, timeout_s):
                return call(None if timeout_s is None else timeout_s + _SLACK_S)
        except ServerGone:
            self._channel.renew()
            raise

    def close(self) -> None:
        """Leave the server; more than once does no harm."""
        self._channel.close()
