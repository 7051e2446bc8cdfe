"""A connection: a session, as DB-API has it."""

from __future__ import annotations

import os
import weakref
from typing import Any

import pyarrow as pa
from adbc_driver_manager import dbapi as adbc

import cubeql
from cubeql.dbapi.cursor import Cursor
from cubeql.dbapi.faults import faults, misused
from cubeql.parameters import Parameters
from cubeql.sessions import AnySession


class Connection:
    """A session with the methods of DB-API; :func:`connect` makes it. Threads may share it.

    Each statement is done or not done as a whole when it ends, there are no transactions of several.

    Attributes:
        session: the session, for what DB-API has no words.
        autocommit: always.
    """

    # polars asks a connection for Arrow, not for rows, where the package of its class is named adbc_...
    __module__ = "adbc_driver_cubeql"

    Warning, Error = adbc.Warning, adbc.Error
    InterfaceError, DatabaseError = adbc.InterfaceError, adbc.DatabaseError
    DataError, OperationalError, IntegrityError = adbc.DataError, adbc.OperationalError, adbc.IntegrityError
    InternalError, ProgrammingError = adbc.InternalError, adbc.ProgrammingError
    NotSupportedError = adbc.NotSupportedError

    autocommit = True

    def __init__(self, session: AnySession, owned: bool = True) -> None:
        self.session = session
        self._owned = owned
        self._closed = False
        self._cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()

    def cursor(self) -> Cursor:
        """A cursor."""
        self.check_open()
        made = Cursor(self)
        self._cursors.add(made)
        return made

    def execute(self, operation: str, parameters: Parameters = None) -> Cursor:
        """A cursor that has run a statement."""
        return self.cursor().execute(operation, parameters)

    def commit(self) -> None:
        """Nothing: each statement is committed when it ends."""
        self.check_open()

    def rollback(self) -> None:
        """Nothing: there is no transaction, and a statement that fails leaves everything as it was."""
        self.check_open()

    def adbc_cancel(self) -> None:
        """Stop all statements of the connection, from any thread."""
        self.session.cancel()

    def adbc_get_table_schema(
        self, table_name: str, *, catalog_filter: str | None = None, db_schema_filter: str | None = None
    ) -> pa.Schema:
        """The schema of all columns of a layer."""
        parts = [p for p in (db_schema_filter, *table_name.split(".")) if p and p != "main"]
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
        with self.cursor() as cursor:
            return cursor.adbc_execute_schema(f"SELECT * FROM {quoted}")  # noqa: S608  a statement of CubeQL

    def adbc_get_info(self) -> dict[str | int, Any]:
        """What is spoken to."""
        return {"vendor_name": "CubeQL", "vendor_version": cubeql.__version__, "driver_name": "cubeql.dbapi",
                "driver_version": cubeql.__version__}  # fmt: skip

    def close(self) -> None:
        """Let go of all statements, and of the session where it was opened here; more than once does no harm."""
        if self._closed:
            return
        for cursor in list(self._cursors):
            cursor.close()
        self._closed = True
        if self._owned:
            self.session.close()

    def check_open(self) -> None:
        """Raise a ProgrammingError where it is closed."""
        if self._closed:
            raise misused("this connection is closed")

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Connection over {self.session!r}>"


adbc.Connection.register(Connection)  # pandas and polars then ask it for Arrow


def connect(store: str | os.PathLike[str] | AnySession | None = None, **settings: Any) -> Connection:
    """Connect to a store.

    Args:
        store: a folder, ``s3://…`` or ``flight://host:port``; a session that is open already, which stays open when
            the connection is closed; without it the store that :func:`cubeql.connect` opens.
        **settings: see :func:`cubeql.connect`.

    Raises:
        OperationalError: the store cannot be opened or reached.
        InterfaceError: a setting is at fault.
    """
    if store is None or isinstance(store, (str, os.PathLike)):
        with faults():
            return Connection(cubeql.connect(None if store is None else os.fspath(store), **settings))
    if settings:
        raise misused("settings are for a session that is opened here")
    return Connection(store, owned=False)
