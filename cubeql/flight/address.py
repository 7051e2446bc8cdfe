"""Addresses of servers: ``flight://host:port``, with TLS but on this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from cubeql.errors import ConfigError

SCHEME = "flight://"
PORT = 8815
_TLS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class FlightAddress:
    """Where a server listens.

    Attributes:
        host: its name or address; IPv6 without brackets.
        port: its port.
        tls: whether the way there is encrypted.
    """

    host: str
    port: int
    tls: bool

    @staticmethod
    def is_one(text: str) -> bool:
        """Whether a text is meant as the address of a server."""
        return text.lower().startswith(SCHEME)

    @staticmethod
    def of(text: str) -> FlightAddress:
        """The address of a text like ``flight://cubes.example.org:8815?tls=yes``.

        Without a port it is 8815. The way is encrypted, but to this machine; ``?tls=yes`` and ``?tls=no`` say
        otherwise.

        Raises:
            ConfigError: it is no such address, or holds what does not belong there, as a token.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"{_safe(text)} is no address of a server: {error}") from None
        _check(parts, text)
        host = parts.hostname or ""
        told = dict(parse_qsl(parts.query, keep_blank_values=True))
        tls = _TLS[told["tls"]] if "tls" in told else not is_loopback(host)
        return FlightAddress(host, PORT if port is None else port, tls)

    @property
    def place(self) -> str:
        """``host:port``, as the preferences name a server."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def location(self) -> str:
        """What gRPC connects to."""
        return f"grpc+tls://{self.place}" if self.tls else f"grpc://{self.place}"

    def __str__(self) -> str:
        told = "yes" if self.tls else "no"
        return f"{SCHEME}{self.place}" + (f"?tls={told}" if self.tls == is_loopback(self.host) else "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, surely."""
    if host.casefold().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(parts: SplitResult, text: str) -> None:
    if parts.scheme != "flight" or not parts.hostname:
        raise ConfigError(f"{_safe(text)} is no address of a server: write {SCHEME}HOST:PORT")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"{_safe(text)} holds a user or token, which addresses do not: they end up in histories and logs\n"
            "  hint: token=… in Python, $CUBEQL_TOKEN, or token_file in the preferences"
        )
    if parts.path.strip("/") or parts.fragment:
        raise ConfigError(f"{_safe(text)} names something behind the server; a server serves one store: "
                          f"write {SCHEME}HOST:PORT")  # fmt: skip
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name != "tls":
            raise ConfigError(f"{_safe(text)}: an address takes ?tls=yes or ?tls=no, and nothing else")
        if value not in _TLS:
            raise ConfigError(f"{_safe(text)}: tls is yes or no, not {value!r}")


def _safe(text: str) -> str:
    """The address without what may be a secret."""
    head, sep, rest = text.partition("://")
    behind = rest.rpartition("@")[2].split("?")[0].split("#")[0]
    return f"{head}{sep}{behind}"[:200]
