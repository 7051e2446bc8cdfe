"""DB-API 2.0 by ADBC's Flight SQL driver; what polars imports for ``cubeql://``.

The module has the names of ``adbc_driver_flightsql.dbapi``; :mod:`cubeql.dbapi` is DB-API for all stores.
"""

from __future__ import annotations

from collections.abc import Mapping

import adbc_driver_manager
from adbc_driver_flightsql.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Connection,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,
    apilevel,
    paramstyle,
    threadsafety,
)

import adbc_driver_cubeql

__all__ = [
    "BINARY", "Connection", "Cursor", "DATETIME", "DataError", "DatabaseError", "Date", "DateFromTicks", "Error",
    "IntegrityError", "InterfaceError", "InternalError", "NUMBER", "NotSupportedError", "OperationalError",
    "ProgrammingError", "ROWID", "STRING", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning",
    "apilevel", "connect", "paramstyle", "threadsafety",
]  # fmt: skip


def connect(
    uri: str,
    db_kwargs: Mapping[str, str] | None = None,
    conn_kwargs: Mapping[str, str] | None = None,
    autocommit: bool = True,
) -> Connection:
    """Connect to a served store.

    Args:
        uri: ``cubeql://HOST[:PORT][?tls=yes|no]``.
        db_kwargs: options of the Flight SQL driver (``adbc_driver_flightsql.DatabaseOptions``), such as the
            certificates to trust.
        conn_kwargs: options of the connection.
        autocommit: there are no transactions; asking for them gives a warning.
    """
    database = adbc_driver_cubeql.connect(uri, db_kwargs)
    try:
        made = adbc_driver_manager.AdbcConnection(database, **(conn_kwargs or {}))
    except BaseException:
        database.close()
        raise
    return Connection(database, made, conn_kwargs, autocommit=autocommit)
