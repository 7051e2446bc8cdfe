"""A channel to a server: where it is, who asks, and what becomes of it when the server goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import pyarrow.flight as flight

from cubeql.errors import ConfigError
from cubeql.flight.address import FlightAddress
from cubeql.flight.told import OWN_CLIENT

_T = TypeVar("_T")
_OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_metadata_size", 1 << 20),  # faults come among the trailers
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),  # a new channel tries at once, whatever became of others
    ("grpc.keepalive_time_ms", 330_000),  # servers end connections that are asked more often than every 5 minutes
    ("grpc.keepalive_timeout_ms", 20_000),
]


class Channel:
    """A channel, made when it is first needed. Any thread may use it; faults come as Arrow's own.

    It is never closed, only let go: Arrow's client would be lost from under the feet of a call in another thread.

    Args:
        address: where the server listens.
        token: what it knows the user by; None where it asks for none.
        tls: certificates in PEM, by the names that Arrow Flight has for them: ``tls_root_certs``, ``cert_chain``,
            ``private_key``; without the first the system's authorities are believed.
    """

    def __init__(self, address: FlightAddress, token: str | None, tls: Mapping[str, bytes]) -> None:
        self.address = address
        self._tls = dict(tls) if address.tls else {}
        self._headers = [(OWN_CLIENT.encode(), b"1")]
        if token is not None:
            self._headers.append((b"authorization", b"Bearer " + token.encode()))
        self._lock = threading.Lock()
        self._client: flight.FlightClient | None = None
        self._closed = False

    def call(self, do: Callable[[flight.FlightClient, flight.FlightCallOptions], _T], timeout_s: float | None) -> _T:
        """Do something with the client and what goes with every call.

        Raises:
            ConfigError: the channel was closed.
        """
        return do(self._there(), flight.FlightCallOptions(timeout=timeout_s, headers=self._headers))

    def offer(self, command: bytes, timeout_s: float | None) -> flight.FlightInfo:
        """What a command will give, and the ticket for it."""
        descriptor = flight.FlightDescriptor.for_command(command)
        return self.call(lambda client, how: client.get_flight_info(descriptor, how), timeout_s)

    def rows(self, ticket: flight.Ticket, timeout_s: float | None) -> tuple[flight.FlightStreamReader, object]:
        """The rows of a ticket, as they come; and what must be there as long as they do."""
        return self.call(lambda client, how: (client.do_get(ticket, how), client), timeout_s)

    def act(self, name: str, body: bytes, timeout_s: float | None) -> bytes:
        """Have the server do an action; what it answers."""
        action = flight.Action(name, body)
        return self.call(lambda client, how: b"".join(a.body.to_pybytes() for a in client.do_action(action, how)),
                         timeout_s)  # fmt: skip

    def _there(self) -> flight.FlightClient:
        with self._lock:
            if self._closed:
                raise ConfigError("this session is closed; connect again")
            if self._client is None:
                self._client = flight.FlightClient(self.address.location, generic_options=_OPTIONS, **self._tls)
            return self._client

    def renew(self) -> None:
        """Let a channel go that broke: the next call begins a new one, without waiting for its next try."""
        with self._lock:
            self._client = None

    def close(self) -> None:
        """Leave the server; more than once does no harm."""
        with self._lock:
            self._closed = True
            self._client = None

    def __repr__(self) -> str:
        return f"<Channel to {self.address}>"
