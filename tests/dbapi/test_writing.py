"""Rows of other libraries become layers."""

from __future__ import annotations

import polars
import pyarrow as pa
import pytest
from adbc_driver_manager import AdbcStatusCode as Status

from cubeql import dbapi

CLASSES = "SELECT cell, class FROM classes ORDER BY cell"
TOWERS = "SELECT lon, lat, name, height FROM towers ORDER BY name, lon"


def test_a_grid_goes_round(writable: dbapi.Connection) -> None:
    with writable.cursor() as cursor:
        rows = cursor.execute(CLASSES).fetch_arrow_table()
        assert cursor.adbc_ingest("again", rows, db_schema_name="mine") == cursor.rowcount == rows.num_rows > 0
        assert (
            cursor.execute(CLASSES.replace("classes", "mine.again")).fetch_arrow_table()["class"].equals(rows["class"])
        )
        with pytest.raises(dbapi.Error, match="again"):
            cursor.adbc_ingest("again", rows, db_schema_name="mine")
        assert cursor.adbc_ingest("again", rows, "replace", db_schema_name="mine") == rows.num_rows


def test_what_the_schema_says_beside_is_heard(writable: dbapi.Connection) -> None:
    with writable.cursor() as cursor:
        rows = cursor.execute(CLASSES).fetch_arrow_table()
        cursor.adbc_ingest("named", rows.replace_schema_metadata({"cubeql.title": "a name"}).to_reader())
        assert writable.session.layer("named").title == "a name"


def test_polars_writes_by_it(writable: dbapi.Connection) -> None:
    frame = polars.read_database(TOWERS, writable)
    assert frame.write_database("masts", writable, engine="adbc") == frame.height > 0
    assert polars.read_database(TOWERS.replace("towers", "masts"), writable).equals(frame)
    for _ in range(2):  # a layer that is not there is made
        frame.write_database("mine.masts", writable, engine="adbc", if_table_exists="append")
    assert writable.execute("SELECT count(*) AS n FROM mine.masts").fetchone() == (2 * frame.height,)


def test_the_schema_of_a_layer_is_told(writable: dbapi.Connection) -> None:
    assert writable.adbc_get_table_schema("twin").names == ["cell", "time", "v"]
    assert writable.adbc_get_table_schema("twin", db_schema_filter="main").names == ["cell", "time", "v"]
    for name in ("atlantis", 'x" y'):
        with pytest.raises(dbapi.ProgrammingError) as caught:
            writable.adbc_get_table_schema(name)
        assert caught.value.status_code == Status.NOT_FOUND


def test_rows_that_make_no_layer_are_refused_as_a_whole(writable: dbapi.Connection) -> None:
    with writable.cursor() as cursor:
        with pytest.raises(dbapi.Error, match="longitudes"):
            cursor.adbc_ingest("nothing_such", pa.table({"a": [1, 2]}))
        with pytest.raises(dbapi.NotSupportedError, match="temporary"):
            cursor.adbc_ingest("nothing_such", pa.table({"a": [1, 2]}), temporary=True)
        with pytest.raises(dbapi.ProgrammingError):
            cursor.execute("SELECT * FROM nothing_such")
