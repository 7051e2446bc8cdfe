"""ADBC's Flight SQL driver as a served CubeQL store wants it, under the name by which other libraries look for drivers.

>>> import polars
>>> polars.read_database_uri("SELECT * FROM towers", "cubeql://host:8815", engine="adbc")     # doctest: +SKIP

``cubeql://HOST[:PORT][?tls=yes|no]`` is encrypted but to this machine, as ``flight://`` is. The token is never part of
it, for addresses end up in logs and histories: it comes from ``$CUBEQL_TOKEN``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from adbc_driver_manager import AdbcDatabase, AdbcStatusCode
from adbc_driver_manager.dbapi import InterfaceError

from cubeql.errors import ConfigError
from cubeql.flight.address import SCHEME, FlightAddress

try:
    import adbc_driver_flightsql
    from adbc_driver_flightsql import DatabaseOptions
except ImportError as error:
    raise ImportError('cubeql:// needs adbc-driver-flightsql: pip install "cubeql[flight]"') from error

__version__: str = vars(adbc_driver_flightsql)["__version__"]  # polars concludes from it what the driver can do
TOKEN = "CUBEQL_TOKEN"
_SCHEME = "cubeql://"
_MOST_BYTES = 2**31 - 1
"""Of a message: the driver's own 16 MiB are less than the outline of a large country takes."""


def connect(uri: str, db_kwargs: Mapping[str, str] | None = None) -> AdbcDatabase:
    """A database of ADBC's lower interface; see :func:`adbc_driver_cubeql.dbapi.connect`.

    Args:
        uri: ``cubeql://HOST[:PORT][?tls=yes|no]``.
        db_kwargs: options of the Flight SQL driver; they go before what is set here.
    """
    address = _address(uri)
    return adbc_driver_flightsql.connect(address.location, {**_options(), **(db_kwargs or {})})


def _address(uri: str) -> FlightAddress:
    head, rest = uri[: len(_SCHEME)], uri[len(_SCHEME) :]
    if head.lower() != _SCHEME:
        raise InterfaceError(f"an address of this driver begins with {_SCHEME}",
                             status_code=AdbcStatusCode.INVALID_ARGUMENT)  # fmt: skip
    try:
        return FlightAddress.of(SCHEME + rest)
    except ConfigError as error:
        raise InterfaceError(str(error).replace(SCHEME, _SCHEME), status_code=AdbcStatusCode.INVALID_ARGUMENT) from None


def _options() -> dict[str, str]:
    options = {DatabaseOptions.WITH_MAX_MSG_SIZE.value: str(_MOST_BYTES)}
    token = os.environ.get(TOKEN)
    return {**options, DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token}"} if token else options
