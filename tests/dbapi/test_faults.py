"""Errors: each of CubeQL's is one of DB-API, and tells as much."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from adbc_driver_manager import AdbcStatusCode as Status

import cubeql
from cubeql import dbapi, errors
from cubeql.dbapi.faults import of_dbapi
from tests.session.test_stopping import STREAM


def _raised() -> list[type[errors.CubeQLError]]:
    found, waiting = [], [errors.CubeQLError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return [k for k in found if k.__module__ == "cubeql.errors.exceptions"]


KINDS = {
    errors.QueryTimeout: (dbapi.OperationalError, Status.TIMEOUT),
    errors.QueryCancelled: (dbapi.OperationalError, Status.CANCELLED),
    errors.QueryError: (dbapi.ProgrammingError, Status.INVALID_ARGUMENT),
    errors.StoreError: (dbapi.OperationalError, Status.IO),
    errors.NotAllowed: (dbapi.ProgrammingError, Status.UNAUTHORIZED),
    errors.Outpaced: (dbapi.OperationalError, Status.IO),
    errors.Misfit: (dbapi.DataError, Status.INVALID_DATA),
    errors.VersionUnknown: (dbapi.OperationalError, Status.IO),
    errors.VersionGone: (dbapi.OperationalError, Status.IO),
    errors.IngestError: (dbapi.DataError, Status.INVALID_DATA),
    errors.CardError: (dbapi.DataError, Status.INVALID_DATA),
    errors.ConfigError: (dbapi.InterfaceError, Status.INVALID_ARGUMENT),
    errors.InternalError: (dbapi.InternalError, Status.INTERNAL),
    errors.CubeQLError: (dbapi.DatabaseError, Status.UNKNOWN),
}


@pytest.mark.parametrize("kind", _raised())
def test_every_error_is_of_the_kind_that_it_says(kind: type[errors.CubeQLError]) -> None:
    error = kind.__new__(kind, "it fell")
    error.args, vars(error)["diagnostics"] = ("it fell",), ()
    vars(error)["text"] = ""
    found = of_dbapi(error)
    assert (type(found), found.status_code) == KINDS[kind]


@pytest.mark.parametrize(
    "text,kind,status,code",
    [
        ("SELECT nothing_such FROM twin", dbapi.ProgrammingError, Status.INVALID_ARGUMENT, "unknown_column"),
        ("SELEC v FROM twin", dbapi.ProgrammingError, Status.INVALID_ARGUMENT, None),
        ("SELECT v FROM atlantis", dbapi.ProgrammingError, Status.NOT_FOUND, "unknown_layer"),
        ("SELECT visitors * 9223372036854775807 AS i FROM parks", dbapi.DataError, Status.INVALID_DATA,
         "value_out_of_range"),
    ],
)  # fmt: skip
def test_faults_of_statements_keep_their_diagnostics(
    cube: Any, cursor: dbapi.Cursor, text: str, kind: type[dbapi.Error], status: Status, code: str | None
) -> None:
    with pytest.raises(cubeql.QueryError) as wanted:
        cube.query(text).to_arrow()
    with pytest.raises(dbapi.Error) as caught:
        cursor.execute(text).fetchall()
    error: Any = caught.value
    assert (type(error), error.status_code, str(error)) == (kind, status, str(wanted.value))
    assert error.diagnostics == wanted.value.diagnostics and error.text == text
    assert code is None or error.diagnostics[0].code == code
    assert isinstance(error.__cause__, cubeql.QueryError)


def test_a_faulty_value_is_refused(cursor: dbapi.Cursor) -> None:
    with pytest.raises(dbapi.Error):
        cursor.execute("SELECT v FROM twin FILTER v > ?", "3")
    with pytest.raises(dbapi.ProgrammingError):
        cursor.execute("SELECT v FROM twin FILTER v > ?", [])


def test_a_statement_that_takes_too_long_is_an_operational_error(cube_store: Path) -> None:
    with dbapi.connect(cube_store, timeout_s=0.001) as connection, connection.cursor() as cursor:
        with pytest.raises(dbapi.OperationalError) as caught:
            cursor.execute("SELECT avg(red) AS r FROM fine").fetchall()
        assert caught.value.status_code == Status.TIMEOUT


def test_another_thread_cancels_what_is_being_read(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor, connection.cursor() as other:
        cursor.execute(STREAM)
        other.execute("SELECT cell, v FROM twin")
        assert cursor.fetchone() is not None
        canceller = threading.Thread(target=cursor.adbc_cancel)
        canceller.start()
        canceller.join()
        with pytest.raises(dbapi.OperationalError) as caught:
            cursor.fetchall()
        assert caught.value.status_code == Status.CANCELLED
        assert other.fetchall()
        assert cursor.execute("SELECT v FROM twin LIMIT 1").fetchone() is not None


def test_a_statement_is_cancelled_before_its_rows_are_asked_for(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STREAM)
        connection.adbc_cancel()
        with pytest.raises(dbapi.OperationalError, match="cancelled"):
            cursor.fetchall()


def test_cancelling_nothing_does_no_harm(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_cancel()
        connection.adbc_cancel()
        assert cursor.execute("SELECT v FROM twin LIMIT 1").fetchone() is not None
