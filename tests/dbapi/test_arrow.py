"""Rows as Arrow: they stream, are read once, and libraries that know ADBC ask for them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

from cubeql import dbapi
from cubeql.engine.result import Result
from tests.dbapi.conftest import same
from tests.session.test_stopping import STREAM

TWIN = "SELECT cell, time, v FROM twin ORDER BY cell, time"
PARKS = "SELECT park, visitors, open, geometry FROM parks"
READS: dict[str, Callable[[dbapi.Cursor], pa.Table]] = {
    "fetch_arrow_table": lambda c: c.fetch_arrow_table(),
    "fetchallarrow": lambda c: c.fetchallarrow(),
    "fetch_record_batch": lambda c: c.fetch_record_batch().read_all(),
    "fetch_arrow": lambda c: pa.table(c.fetch_arrow()),
    "the cursor": lambda c: pa.table(c),
}


@pytest.mark.parametrize("text", [TWIN, PARKS])
@pytest.mark.parametrize("read", READS)
def test_each_way_gives_the_session_s_table(cube: Any, cursor: dbapi.Cursor, read: str, text: str) -> None:
    assert same(READS[read](cursor.execute(text)), cube.query(text).to_arrow())


@pytest.mark.parametrize("read", READS)
def test_arrow_takes_up_where_rows_ended(cube: Any, cursor: dbapi.Cursor, read: str) -> None:
    cursor.execute(TWIN)
    cursor.fetchone()
    cursor.fetchmany(4)
    assert READS[read](cursor).equals(cube.query(TWIN).to_arrow()[5:])


@pytest.mark.parametrize("read", READS)
def test_rows_taken_as_arrow_are_not_given_again(cursor: dbapi.Cursor, read: str) -> None:
    READS[read](cursor.execute(TWIN))
    for again in (*READS.values(), dbapi.Cursor.fetchone, dbapi.Cursor.fetchall):
        with pytest.raises(dbapi.ProgrammingError, match="taken as Arrow"):
            again(cursor)
    assert cursor.description is not None


def test_a_stream_that_was_read_refuses(cursor: dbapi.Cursor) -> None:
    """DuckDB finds no rows in a pyarrow reader that was read before, and says nothing."""
    stream = cursor.execute(TWIN).fetch_arrow()  # noqa: F841  DuckDB finds it by its name
    assert duckdb.sql("SELECT count(*) FROM stream").fetchone() != (0,)
    with pytest.raises(Exception, match="read already"):
        duckdb.sql("SELECT count(*) FROM stream").fetchone()


def test_a_reader_reads_no_more_when_its_cursor_is_closed_or_reused(connection: dbapi.Connection) -> None:
    cursor = connection.execute(STREAM)
    reader = cursor.fetch_record_batch()
    reader.read_next_batch()
    cursor.execute(TWIN)
    with pytest.raises(dbapi.ProgrammingError, match="closed, or has run another"):
        reader.read_next_batch()
    cursor.close()


class Endless:
    """A session whose every statement gives rows without end; it counts the batches that were asked for."""

    schema = pa.schema([("n", pa.int64())])

    def __init__(self) -> None:
        self.asked = 0

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for n in itertools.count():
            self.asked += 1
            yield pa.record_batch([pa.array(range(n * 100, n * 100 + 100))], schema=self.schema)

    def query(self, text: str, params: Any = None) -> Result:
        return Result(self.schema, self._batches(), statement=text)


@pytest.mark.parametrize("fetched,asked", [(1, 1), (99, 1), (100, 1), (101, 2), (1001, 11)])
def test_no_more_is_computed_than_is_fetched(fetched: int, asked: int) -> None:
    session: Any = Endless()
    with dbapi.connect(session) as connection, connection.cursor() as cursor:
        assert [n for (n,) in cursor.execute("endless").fetchmany(fetched)] == list(range(fetched))
        assert session.asked == asked
        reader = cursor.fetch_record_batch()
        assert session.asked == asked and reader.read_next_batch()["n"][0].as_py() == fetched


def test_a_fault_while_rows_stream_is_one_of_dbapi(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        reader = cursor.execute(STREAM).fetch_record_batch()
        reader.read_next_batch()
        cursor.adbc_cancel()
        with pytest.raises(dbapi.OperationalError, match="cancelled"):
            reader.read_all()


def test_the_schema_is_told_without_running(cube: Any, cursor: dbapi.Cursor) -> None:
    found = cursor.adbc_execute_schema(PARKS)
    assert found.equals(cube.query(PARKS).schema) and cursor.description is None
    with pytest.raises(dbapi.ProgrammingError, match="no query"):
        cursor.adbc_execute_schema("DROP LAYER twin")
    assert cube.query(TWIN).to_arrow().num_rows > 0


# -------------------------------------------------------------- other libraries


@pytest.mark.parametrize("text", [TWIN, PARKS])
def test_frames_are_the_session_s(cube: Any, cursor: dbapi.Cursor, text: str) -> None:
    pandas.testing.assert_frame_equal(cursor.execute(text).fetch_df(), cube.query(text).to_pandas())
    assert cursor.execute(text).fetch_polars().equals(cube.query(text).to_polars())


@pytest.mark.parametrize("text", [TWIN, PARKS])
def test_pandas_reads_it_as_arrow(cube: Any, connection: dbapi.Connection, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pandas warns of connections that it reads row by row
        found = pandas.read_sql(text, connection)
        typed = pandas.read_sql(text, connection, dtype_backend="pyarrow")
    pandas.testing.assert_frame_equal(found, cube.query(text).to_pandas())
    assert [str(t) for t in typed.dtypes] == [
        str(pandas.ArrowDtype(f.type)) for f in cube.query(text).schema
    ]  # fmt: skip


def test_pandas_tells_what_is_wrong(connection: dbapi.Connection) -> None:
    with pytest.raises(pandas.errors.DatabaseError, match="unknown_column"):
        pandas.read_sql("SELECT nothing_such FROM twin", connection)


@pytest.mark.parametrize("text", [TWIN, PARKS])
def test_polars_reads_it_as_arrow(cube: Any, connection: dbapi.Connection, text: str) -> None:
    wanted = cube.query(text).to_polars()
    found = polars.read_database(text, connection)
    assert found.schema == wanted.schema and found.equals(wanted)
    with connection.cursor() as cursor:
        assert polars.read_database(text, cursor).equals(wanted)


def test_polars_binds_values_and_reads_batches(cube: Any, connection: dbapi.Connection) -> None:
    text = "SELECT cell, v FROM twin FILTER v > $least ORDER BY cell, time"
    found = polars.read_database(text, connection, execute_options={"parameters": {"least": 290}})
    assert found.equals(cube.query(text, {"least": 290}).to_polars()) and found.height > 0
    parts = list(polars.read_database(TWIN, connection, iter_batches=True))
    assert polars.concat(parts).equals(cube.query(TWIN).to_polars())


def test_a_path_and_a_text_name_the_same_store(cube_store: Path) -> None:
    with dbapi.connect(cube_store) as one, dbapi.connect(str(cube_store)) as other:
        assert same(one.execute(TWIN).fetch_arrow_table(), other.execute(TWIN).fetch_arrow_table())
