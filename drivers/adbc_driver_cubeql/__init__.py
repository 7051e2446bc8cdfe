"""ADBC's Flight SQL driver as a served CubeQL store wants it, under the name by which other libraries look for drivers.

>>> import polars
>>> polars.read_database_uri("SELECT * FROM towers", "cubeql://host:8815", engine="adbc")     # doctest: +SKIP

``cubeql://HOST[:PORT][?tls=yes|no]`` is encrypted but to this machine, as ``flight://`` is. The token is never part of
it, for addresses end up in logs and histories: it comes from ``$CUBEQL_TOKEN``, or from a file that the preferences
name, as those of certificates.
"""

from __future__ import annotations

from collections.abc import Mapping

from adbc_driver_manager import AdbcDatabase, AdbcStatusCode
from adbc_driver_manager.dbapi import InterfaceError

from cubeql.client.settings import RemoteSettings
from cubeql.errors import ConfigError
from cubeql.flight.address import SCHEME, FlightAddress
from cubeql.preferences import certificates

try:
    import adbc_driver_flightsql
    from adbc_driver_flightsql import DatabaseOptions
except ImportError as error:
    raise ImportError('cubeql:// needs adbc-driver-flightsql: pip install "cubeql[flight]"') from error

__version__: str = vars(adbc_driver_flightsql)["__version__"]  # polars concludes from it what the driver can do
_SCHEME = "cubeql://"
_MOST_BYTES = 2**31 - 1
"""Of a message: the driver's own 16 MiB are less than the outline of a large country takes."""


def connect(uri: str, db_kwargs: Mapping[str, str] | None = None) -> AdbcDatabase:
    """A database of ADBC's lower interface; see :func:`adbc_driver_cubeql.dbapi.connect`.

    Args:
        uri: ``cubeql://HOST[:PORT][?tls=yes|no]``.
        db_kwargs: options of the Flight SQL driver; they go before what is set here.
    """
    address, options = _told(uri)
    return adbc_driver_flightsql.connect(address.location, {**options, **(db_kwargs or {})})


def _told(uri: str) -> tuple[FlightAddress, dict[str, str]]:
    """Where the server is, and what the driver needs to know."""
    head, rest = uri[: len(_SCHEME)], uri[len(_SCHEME) :]
    try:
        if head.lower() != _SCHEME:
            raise ConfigError(f"an address of this driver begins with {SCHEME}")
        address = FlightAddress.of(SCHEME + rest)
        return address, _options(RemoteSettings().at(address))
    except ConfigError as error:
        raise InterfaceError(str(error).replace(SCHEME, _SCHEME), status_code=AdbcStatusCode.INVALID_ARGUMENT) from None


def _options(settings: RemoteSettings) -> dict[str, str]:
    tls = certificates(settings.tls_ca, settings.tls_cert, settings.tls_key)
    given = {
        DatabaseOptions.AUTHORIZATION_HEADER: settings.token and f"Bearer {settings.token}",
        DatabaseOptions.TLS_ROOT_CERTS: tls.get("tls_root_certs", b"").decode(),
        DatabaseOptions.MTLS_CERT_CHAIN: tls.get("cert_chain", b"").decode(),
        DatabaseOptions.MTLS_PRIVATE_KEY: tls.get("private_key", b"").decode(),
        DatabaseOptions.WITH_MAX_MSG_SIZE: str(_MOST_BYTES),
    }
    return {option.value: value for option, value in given.items() if value}
