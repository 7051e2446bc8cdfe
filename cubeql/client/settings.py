"""What a client of a server is told: who it is, whom it believes, how long it waits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from typing import Any

from cubeql.errors import ConfigError
from cubeql.flight.address import FlightAddress
from cubeql.preferences import Server, read, token_in
from cubeql.settings import Settings

TOKEN = "CUBEQL_TOKEN"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """What a session on a served store may be told.

    Attributes:
        token: what the server knows the user by; it is in no repr. None takes ``$CUBEQL_TOKEN``, else the
            ``token_file`` of the preferences, and without that comes as anybody.
        timeout_s: time limit of every statement, in seconds; the server has one too.
        tls_ca: a PEM file of the authorities that the server's certificate may be of; None is those of the system.
        tls_cert: a PEM file of the certificate that is shown to the server.
        tls_key: a PEM file of its key.
    """

    token: str | None = field(default=None, repr=False)
    timeout_s: float | None = None
    tls_ca: str | os.PathLike[str] | None = None
    tls_cert: str | os.PathLike[str] | None = None
    tls_key: str | os.PathLike[str] | None = None

    @staticmethod
    def of(values: dict[str, Any]) -> RemoteSettings:
        """Settings by name.

        Raises:
            ConfigError: one is not known or means nothing.
        """
        known = [f.name for f in fields(RemoteSettings)]
        of_a_store = {f.name for f in fields(Settings)}
        for name in values:
            if name not in known:
                said = "is the server's" if name in of_a_store else "is no setting"
                raise ConfigError(f"{name} {said}; a session on a served store takes {', '.join(known)}")
        chosen = RemoteSettings(**values)
        Settings.of({"timeout_s": chosen.timeout_s})
        _check(chosen)
        return chosen

    def at(self, address: FlightAddress) -> RemoteSettings:
        """These settings, with what the environment and the preferences say of a server where they say nothing.

        Raises:
            ConfigError: the preferences cannot be read, or the token's file.
        """
        preferred = read().servers.get(address.place, Server())
        token = self.token or os.environ.get(TOKEN) or token_in(preferred.token_file)
        tls = {name: getattr(self, name) or getattr(preferred, name) for name in ("tls_ca", "tls_cert", "tls_key")}
        found = replace(self, token=token or None, **tls)
        _check(found)
        return found


def _check(chosen: RemoteSettings) -> None:
    token = chosen.token
    if token is not None and (not isinstance(token, str) or not token.isascii() or not token.isprintable()):
        raise ConfigError("the token holds characters that no token has; is it cut off, or a file's name?")
    if (chosen.tls_cert is None) != (chosen.tls_key is None):
        raise ConfigError("tls_cert and tls_key belong together: give both or none")
