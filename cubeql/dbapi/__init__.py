"""DB-API 2.0 (PEP 249) on a store, embedded or served, with the Arrow extensions of ADBC.

>>> from cubeql import dbapi
>>> with dbapi.connect("store/") as connection, connection.cursor() as cursor:      # doctest: +SKIP
...     cursor.execute("SELECT count(*) AS cells FROM dem FILTER elevation > ?", (3000,))
...     cursor.fetchone()

A program that is written for ``adbc_driver_flightsql.dbapi`` runs here by another ``connect()``: the errors, the type
objects and the names of the Arrow methods are those of ``adbc_driver_manager.dbapi``.

Reading order: ``faults`` (CubeQL's errors as DB-API's), ``rows`` (Arrow read row by row), ``cursor``, ``connection``.
"""

from __future__ import annotations

from adbc_driver_manager.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
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
)

from cubeql.dbapi.connection import Connection, connect
from cubeql.dbapi.cursor import Cursor

apilevel = "2.0"
threadsafety = 2  # threads may share the module and connections, but not cursors
paramstyle = "qmark"  # a mapping gives values of $name

Binary = bytes

__all__ = [
    "BINARY", "Binary", "Connection", "Cursor", "DATETIME", "DataError", "DatabaseError", "Date", "DateFromTicks",
    "Error", "IntegrityError", "InterfaceError", "InternalError", "NUMBER", "NotSupportedError", "OperationalError",
    "ProgrammingError", "ROWID", "STRING", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning",
    "apilevel", "connect", "paramstyle", "threadsafety",
]  # fmt: skip
