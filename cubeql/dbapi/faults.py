"""CubeQL's errors as those of DB-API; what they tell goes along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adbc_driver_manager import AdbcStatusCode as Status
from adbc_driver_manager.dbapi import (
    DatabaseError,
    DataError,
    Error,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

from cubeql import errors

_Kind = tuple[type[Error], Status]

_CODES: dict[str, _Kind] = {
    "out_of_memory": (OperationalError, Status.INTERNAL),
    "unknown_layer": (ProgrammingError, Status.NOT_FOUND),
    "value_out_of_range": (DataError, Status.INVALID_DATA),
    "value_refused": (DataError, Status.INVALID_DATA),
}
"""Faults that make an error another than its class says, though there be others beside."""

_KINDS: tuple[tuple[type[errors.CubeQLError], type[Error], Status], ...] = (
    (errors.QueryTimeout, OperationalError, Status.TIMEOUT),
    (errors.QueryCancelled, OperationalError, Status.CANCELLED),
    (errors.QueryError, ProgrammingError, Status.INVALID_ARGUMENT),
    (errors.NotAllowed, ProgrammingError, Status.UNAUTHORIZED),
    (errors.Misfit, DataError, Status.INVALID_DATA),
    (errors.StoreError, OperationalError, Status.IO),
    (errors.IngestError, DataError, Status.INVALID_DATA),
    (errors.CardError, DataError, Status.INVALID_DATA),
    (errors.ConfigError, InterfaceError, Status.INVALID_ARGUMENT),
    (errors.InternalError, InternalError, Status.INTERNAL),
    (errors.CubeQLError, DatabaseError, Status.UNKNOWN),
)
"""The first that fits; a subclass stands before its base."""


def of_dbapi(error: errors.CubeQLError) -> Error:
    """The DB-API error for one of CubeQL, with its ``diagnostics`` and the ``text`` of the statement."""
    diagnostics = getattr(error, "diagnostics", ())
    codes = {d.code for d in diagnostics}
    found = NotSupportedError(str(error)) if codes == {"not_supported"} else _made(error, codes)
    vars(found).update(diagnostics=diagnostics, text=getattr(error, "text", ""))
    return found


def _made(error: errors.CubeQLError, codes: set[str]) -> Error:
    kind, status = next((k, s) for source, k, s in _KINDS if isinstance(error, source))
    kind, status = next((k for code, k in _CODES.items() if code in codes), (kind, status))
    return kind(str(error), status_code=status)


def misused(message: str) -> Error:
    """The error of a call that cannot be answered in the state that things are in."""
    return ProgrammingError(message, status_code=Status.INVALID_STATE)


@contextmanager
def faults() -> Iterator[None]:
    """Raise errors of CubeQL as those of DB-API."""
    try:
        yield
    except errors.CubeQLError as error:
        raise of_dbapi(error) from error
