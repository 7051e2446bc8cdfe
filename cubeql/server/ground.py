"""What a server stands on before it opens: its certificate and keys, and a place nobody else listens at.

gRPC says of all that can be wrong here only that it did not start; so it is looked at first, and told by its file or
place.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cubeql.errors import ConfigError
from cubeql.flight.address import is_loopback
from cubeql.server.settings import ServerSettings, Tls, host_and_port

_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Papers:
    """What a server shows and asks for, as PEM."""

    cert: bytes = field(repr=False)
    key: bytes = field(repr=False)
    client_ca: bytes | None = field(default=None, repr=False)

    def options(self) -> dict[str, Any]:
        """As Arrow Flight takes them."""
        own = {"tls_certificates": [(self.cert, self.key)]}
        return own if self.client_ca is None else own | {"verify_client": True, "root_certificates": self.client_ca}


def papers_of(tls: Tls) -> Papers | None:
    """The certificates and keys that settings name; None where they name none.

    Raises:
        ConfigError: one is missing, cannot be read, is none, or does not belong to the other; with its file.
    """
    if tls.cert is None and tls.key is None:
        if tls.client_ca is not None:
            raise ConfigError("[tls] client_ca asks clients for certificates, which needs TLS: give cert and key too")
        return None
    if tls.cert is None or tls.key is None:
        raise ConfigError("[tls] cert and key belong together: give both or none")
    cert, key = _pem(tls.cert, "cert"), _pem(tls.key, "key")
    _check_pair(tls.cert, tls.key)
    client_ca = None if tls.client_ca is None else _pem(tls.client_ca, "client_ca")
    if tls.client_ca is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(tls.client_ca)
        except ssl.SSLError:
            raise ConfigError(f"[tls] client_ca {tls.client_ca} holds no certificate") from None
    return Papers(cert, key, client_ca)


def _pem(file: Path, name: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"[tls] {name} {file}: {error.strerror}") from None
    if b"-----BEGIN" not in content:
        raise ConfigError(f"[tls] {name} {file} is no PEM file")
    return content


class _NeedsPassword(Exception):  # noqa: N818
    """The key can be opened with a password alone."""


def _check_pair(cert: Path, key: Path) -> None:
    def ask() -> str:
        raise _NeedsPassword

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, ask)
    except _NeedsPassword:
        raise ConfigError(f"[tls] key {key} is locked by a password, which a server has nobody to ask for") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(f"[tls] key {key} is not the key of the certificate {cert}") from None
        raise ConfigError(f"[tls] cert {cert} or key {key} cannot be read: {error.reason or 'it is damaged'}") from None


def check_way(settings: ServerSettings) -> None:
    """Refuse to let tokens go where others could read them, unless that is asked for by name.

    Raises:
        ConfigError: the server would be reached by others, without TLS.
    """
    host, _ = host_and_port(settings.flight.address)
    if settings.tls.cert is None and not settings.flight.plain and not is_loopback(host):
        raise ConfigError(
            f"others reach {settings.flight.address}, and without TLS whoever is on the way reads tokens and rows\n"
            "  hint: --tls-cert FILE --tls-key FILE; or --plain where something else keeps the way safe"
        )


def warnings_of(settings: ServerSettings) -> list[str]:
    """What somebody should know who starts the server so."""
    found = []
    host, _ = host_and_port(settings.flight.address)
    if settings.tls.cert is None and not is_loopback(host):
        found.append("warning: there is no TLS: whoever is on the way reads tokens and rows")
    key = settings.tls.key
    if key is not None and os.name == "posix" and key.stat().st_mode & _OTHERS:
        found.append(f"warning: others can read the key {key}\n  hint: chmod 600 {key}")
    if settings.access.anonymous:
        found.append("warning: whoever comes without a token reads what is granted to public")
    return found


def check_place(address: str) -> None:
    """Refuse a place that cannot be listened at.

    Raises:
        ConfigError: the host is unknown or not this machine's, the port is taken, or may not be had.
    """
    host, port = host_and_port(address)
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise ConfigError(f"{address}: nobody knows the host {host}") from None
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(place)
        except OSError as error:
            raise ConfigError(f"{address} cannot be listened at: {error.strerror}{_hint(error)}") from None


_HINTS = {
    errno.EADDRINUSE: "another program has the port, perhaps another server; --flight HOST:0 takes a free one",
    errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 stands for all it has",
    errno.EACCES: "ports below 1024 are the system's",
}


def _hint(error: OSError) -> str:
    found = _HINTS.get(error.errno or 0)
    return "" if found is None else f"\n  hint: {found}"
