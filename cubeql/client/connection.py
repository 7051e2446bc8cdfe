"""Calls to one server: the channel, who we are, and what becomes of it when the server goes away."""

from __future__ import annotations

import threading
from typing import Any

import pyarrow.flight as flight

from cubeql.client.faults import ServerGone, told
from cubeql.client.settings import RemoteSettings
from cubeql.errors import ConfigError
from cubeql.flight.address import FlightAddress
from cubeql.flight.calling import CHANNEL
from cubeql.flight.told import OWN_CLIENT
from cubeql.preferences import pem

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
        self._settings = settings
        self._tls: dict[str, Any] = _tls(settings) if address.tls else {}
        self._headers = [(OWN_CLIENT.encode(), b"1")]
        if settings.token is not None:
            self._headers.append((b"authorization", f"Bearer {settings.token}".encode()))
        self._lock = threading.Lock()
        self._client: flight.FlightClient | None = None
        self._closed = False

    def offer(self, command: bytes, text: str, timeout_s: float | None) -> flight.FlightInfo:
        """What a command will give, and the ticket for it."""
        descriptor = flight.FlightDescriptor.for_command(command)
        return self._called(lambda client, how: client.get_flight_info(descriptor, how), text, timeout_s)

    def rows(
        self, ticket: flight.Ticket, text: str, timeout_s: float | None
    ) -> tuple[flight.FlightStreamReader, object]:
        """The rows of a ticket, as they come; and what must be there as long as they do."""
        found: tuple[flight.FlightStreamReader, object] = self._called(
            lambda client, how: (client.do_get(ticket, how), client), text, timeout_s
        )
        return found

    def act(self, name: str, body: bytes, text: str = "", timeout_s: float | None = None) -> bytes:
        """Have the server do an action; what it answers."""

        def do(client: flight.FlightClient, how: flight.FlightCallOptions) -> bytes:
            return b"".join(found.body.to_pybytes() for found in client.do_action(flight.Action(name, body), how))

        found: bytes = self._called(do, text, timeout_s)
        return found

    def told(self, text: str, timeout_s: float | None) -> Any:
        """Around what reads rows: what goes wrong is raised as CubeQL's own error."""
        return told(self.address.place, text, timeout_s)

    def _called(self, call: Any, text: str, timeout_s: float | None) -> Any:
        limit = None if timeout_s is None else timeout_s + _SLACK_S
        client = self._there()
        try:
            with self.told(text, timeout_s):
                return call(client, flight.FlightCallOptions(timeout=limit, headers=self._headers))
        except ServerGone:
            self._leave(client)
            raise

    def _there(self) -> flight.FlightClient:
        with self._lock:
            if self._closed:
                raise ConfigError("this session is closed; connect again")
            if self._client is None:
                with self.told("", None):
                    self._client = flight.FlightClient(self.address.location, generic_options=CHANNEL, **self._tls)
            return self._client

    def _leave(self, client: flight.FlightClient) -> None:
        """Let a channel go that broke: the next call begins a new one, without waiting for its next try."""
        with self._lock:
            if self._client is client:
                self._client = None

    def close(self) -> None:
        """Leave the server; more than once does no harm."""
        with self._lock:
            self._closed = True
            self._client = None  # not closed: a call in another thread would lose it from under its feet


def _tls(settings: RemoteSettings) -> dict[str, Any]:
    found = {
        "tls_root_certs": pem(settings.tls_ca, "tls_ca"),
        "cert_chain": pem(settings.tls_cert, "tls_cert"),
        "private_key": pem(settings.tls_key, "tls_key"),
    }
    return {name: content for name, content in found.items() if content is not None}
