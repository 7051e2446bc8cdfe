"""What PEP 249 asks of a module, its connections and cursors, point by point."""

from __future__ import annotations

import datetime
import threading
from pathlib import Path
from typing import Any

import pytest
import shapely

import cubeql
from cubeql import dbapi

TWIN = "SELECT cell, time, v FROM twin FILTER v IS NOT NULL ORDER BY cell, time"
ERRORS = ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
          "InternalError", "ProgrammingError", "NotSupportedError")  # fmt: skip
LAYER = "CREATE LAYER small AS SELECT cell, class FROM classes"


# -------------------------------------------------------------- module


def test_the_globals_say_what_holds() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "qmark")


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_at_the_module_and_at_connections(name: str) -> None:
    assert getattr(dbapi, name) is getattr(dbapi.Connection, name)
    parent = Exception if name == "Warning" else dbapi.Error
    assert issubclass(getattr(dbapi, name), parent)


@pytest.mark.parametrize("name", [n for n in ERRORS if n not in ("Warning", "Error", "InterfaceError")])
def test_errors_of_the_database_have_one_root(name: str) -> None:
    assert issubclass(getattr(dbapi, name), dbapi.DatabaseError)


def test_constructors_make_what_can_be_bound(cursor: dbapi.Cursor) -> None:
    text = "SELECT count(*) AS n FROM twin FILTER time >= ?"
    days = (dbapi.Timestamp(2024, 5, 1, 0, 0, 0), datetime.datetime(2024, 5, 1))
    first, second = (cursor.execute(text, [day]).fetchone() for day in days)
    assert first == second and first is not None and first[0] > 0
    assert dbapi.Date(2024, 5, 1) == datetime.date(2024, 5, 1) and dbapi.Binary(b"a") == b"a"


# -------------------------------------------------------------- connections


def test_a_closed_connection_refuses_everything(cube_store: Path) -> None:
    connection = dbapi.connect(cube_store)
    cursor = connection.execute(TWIN)
    connection.close()
    connection.close()
    for call in (connection.cursor, connection.commit, connection.rollback, cursor.fetchone):
        with pytest.raises(dbapi.ProgrammingError, match="closed"):
            call()
    with pytest.raises(cubeql.CubeQLError):
        connection.session.query(TWIN)


def test_a_session_that_is_given_stays_open(cube: Any) -> None:
    with dbapi.connect(cube) as connection:
        assert connection.session is cube
    assert cube.query(TWIN).to_arrow().num_rows > 0
    with pytest.raises(dbapi.ProgrammingError, match="settings"):
        dbapi.connect(cube, timeout_s=3)


def test_settings_are_those_of_a_session(cube_store: Path) -> None:
    with dbapi.connect(str(cube_store), timeout_s=7.5) as connection:
        assert connection.session.settings.timeout_s == 7.5
    with pytest.raises(dbapi.InterfaceError, match="there is no setting 'tempo'"):
        dbapi.connect(cube_store, tempo=3)


def test_a_store_that_is_not_there_is_an_operational_error(tmp_path: Path) -> None:
    with pytest.raises(dbapi.OperationalError, match="missing"):
        dbapi.connect(tmp_path / "missing")


def test_commit_and_rollback_do_nothing(connection: dbapi.Connection) -> None:
    cursor = connection.execute(TWIN)
    connection.commit()
    connection.rollback()
    assert connection.autocommit and cursor.fetchone() is not None
    cursor.close()


def test_threads_share_a_connection(connection: dbapi.Connection) -> None:
    found: list[int] = []

    def ask() -> None:
        with connection.cursor() as cursor:
            found.append(len(cursor.execute(TWIN).fetchall()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


# -------------------------------------------------------------- cursors


def test_rows_are_those_of_the_session(cube: Any, cursor: dbapi.Cursor) -> None:
    wanted = [tuple(row.values()) for row in cube.query(TWIN).to_arrow().to_pylist()]
    assert cursor.execute(TWIN).fetchall() == wanted != []
    assert list(cursor.execute(TWIN)) == wanted


def test_values_are_of_python(cursor: dbapi.Cursor) -> None:
    cell, time, v = cursor.execute("SELECT cell, time, v FROM twin LIMIT 1").fetchone() or ()
    assert (type(cell), type(v)) == (int, float)
    cursor.execute("SELECT CELL(6) AS tile, pack(red) AS cells FROM fine GROUP BY CELL(6), time LIMIT 1")
    _, cells = cursor.fetchone() or ()
    assert type(cells) is list and len(cells) == 7
    assert isinstance(time, datetime.datetime) and time.utcoffset() == datetime.timedelta(0)
    zone, name, busy, outline = cursor.execute("SELECT zone, park, open, geometry FROM parks").fetchone() or ()
    assert (type(zone), type(name), type(busy), type(outline)) == (int, str, bool, bytes)
    assert shapely.from_wkb(outline).geom_type == "Polygon"


def test_nulls_are_none(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT red FROM fine FILTER red IS NULL LIMIT 1")
    assert cursor.fetchone() == (None,)


@pytest.mark.parametrize(
    "column,kind",
    [("cell FROM twin", dbapi.NUMBER), ("time FROM twin", dbapi.DATETIME), ("v FROM twin", dbapi.NUMBER),
     ("park FROM parks", dbapi.STRING), ("geometry FROM parks", dbapi.BINARY), ("zone FROM parks", dbapi.NUMBER)],
)  # fmt: skip
def test_type_codes_equal_their_type_object_alone(cursor: dbapi.Cursor, column: str, kind: Any) -> None:
    (described,) = cursor.execute(f"SELECT {column} LIMIT 1").description or ()
    others = [k for k in (dbapi.NUMBER, dbapi.DATETIME, dbapi.STRING, dbapi.BINARY) if k is not kind]
    assert described[0] == column.split()[0] and described[1] == kind and all(described[1] != k for k in others)
    assert described[2:] == (None,) * 5


def test_fetches_take_up_where_the_last_ended(cursor: dbapi.Cursor) -> None:
    wanted = cursor.execute(TWIN).fetchall()
    cursor.execute(TWIN)
    assert [cursor.fetchone(), *cursor.fetchmany(3), *cursor.fetchmany()] == wanted[:5]
    assert cursor.rownumber == 5 and next(cursor) == wanted[5]
    cursor.arraysize = 4
    assert cursor.fetchmany() == wanted[6:10] and cursor.fetchmany(0) == []
    assert cursor.fetchall() == wanted[10:] and cursor.rownumber == len(wanted)
    assert (cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), next(cursor, "end")) == (None, [], [], "end")


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "fetch_arrow_table", "fetch_df", "__next__"])
def test_fetching_without_a_query_is_refused(connection: dbapi.Connection, fetch: str) -> None:
    with connection.cursor() as cursor:
        assert cursor.description is None and cursor.rowcount == -1 and cursor.rownumber is None
        with pytest.raises(dbapi.ProgrammingError, match="execute"):
            getattr(cursor, fetch)()


def test_a_closed_cursor_is_refused(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TWIN)
    for call in (cursor.fetchone, lambda: cursor.execute(TWIN)):
        with pytest.raises(dbapi.ProgrammingError, match="this cursor is closed"):
            call()


def test_cursors_do_not_disturb_each_other(connection: dbapi.Connection) -> None:
    with connection.cursor() as one, connection.cursor() as two:
        one.execute(TWIN)
        first = one.fetchone()
        assert two.execute(TWIN).fetchall()[:2] == [first, one.fetchone()]


def test_values_are_bound_by_place_and_by_name(cursor: dbapi.Cursor) -> None:
    by_place = cursor.execute("SELECT count(*) AS n FROM twin FILTER v > ? AND time >= ?",
                              (290, datetime.date(2024, 1, 1))).fetchone()  # fmt: skip
    by_name = cursor.execute("SELECT count(*) AS n FROM twin FILTER v > $v AND time >= $t",
                             {"v": 290, "t": datetime.date(2024, 1, 1)}).fetchone()  # fmt: skip
    assert by_place == by_name and 0 < (by_place or (0,))[0] < 307


def test_text_in_a_value_stays_text(cursor: dbapi.Cursor) -> None:
    evil = "x' OR 1=1 --"
    assert cursor.execute("SELECT ? AS given FROM twin LIMIT 1", [evil]).fetchone() == (evil,)


def test_what_dbapi_has_and_stores_have_not_is_refused(cursor: dbapi.Cursor) -> None:
    for call in (cursor.nextset, lambda: cursor.callproc("f")):
        with pytest.raises(dbapi.NotSupportedError):
            call()
    cursor.setinputsizes([3])
    cursor.setoutputsize(3)


# -------------------------------------------------------------- statements that change something


def test_a_change_has_no_rows_and_says_what_it_did(writable: dbapi.Connection) -> None:
    with writable.cursor() as cursor:
        cursor.execute(LAYER)
        assert cursor.description is None and cursor.rowcount > 0 and str(cursor.message).startswith("layer small")
        written = cursor.rowcount
        assert cursor.execute("SELECT count(*) AS n FROM small").fetchone() == (written,)
        assert cursor.rowcount == -1 and cursor.message is None
        cursor.execute("DROP LAYER small")
        assert cursor.rowcount == -1 and cursor.message == "layer small dropped"


def test_executemany_runs_once_for_each_set_of_values(writable: dbapi.Connection) -> None:
    with writable.cursor() as cursor:
        cursor.execute(LAYER)
        whole = cursor.rowcount
        cursor.execute("CREATE LAYER portion AS SELECT cell, class FROM small FILTER class = 1")
        begun = cursor.rowcount
        text = "INSERT INTO portion SELECT cell, class FROM small FILTER class >= ? AND class < ?"
        cursor.executemany(text, [(2, 3), (3, 9)])
        assert cursor.rowcount == whole - begun > 0
        assert cursor.execute("SELECT count(*) AS n FROM portion").fetchone() == (whole,)
        cursor.executemany(text, [])
        assert cursor.rowcount == 0


def test_executemany_of_a_query_is_refused(cursor: dbapi.Cursor) -> None:
    with pytest.raises(dbapi.NotSupportedError, match="execute"):
        cursor.executemany("SELECT v FROM twin FILTER v > ?", [(1,), (2,)])
    assert cursor.description is None
