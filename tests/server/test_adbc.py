"""ADBC's own Flight SQL driver, written in Go: each thing that it can ask for, and every byte of what it sends."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Iterator
from typing import Any

import adbc_driver_flightsql.dbapi
import numpy as np
import pyarrow as pa
import pytest
import shapely

from cubeql.flight import wire
from cubeql.server import actions, cancelling, commands, options, prepared
from tests.server.conftest import Served

COUNT = "SELECT count(*) AS n FROM fine FILTER"
OPTION = "adbc.flight.sql.session.option."


@pytest.fixture(autouse=True)
def every_byte_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of a message makes the same bytes again: nothing that the driver sends is unknown here."""

    def unpacked(data: bytes) -> tuple[str, wire.Message]:
        name, message = wire.unpack(data)
        theirs = wire.decode("Any", data).get("value", b"")
        if name == "CommandGetSqlInfo":  # it packs its numbers together, which we need not
            assert theirs == b"\x0a" + bytes([len(theirs) - 2]) + wire.encode(name, message)[1::2]
        else:
            assert _same(wire.encode(name, message), theirs), name
        return name, message

    def decoded(name: str, data: bytes) -> wire.Message:
        message = wire.decode(name, data)
        assert _same(wire.encode(name, message), data), name
        return message

    for module in (commands, cancelling, prepared):
        monkeypatch.setattr(module, "unpack", unpacked)
    for module in (options, cancelling):
        monkeypatch.setattr(module, "decode", decoded)


def _same(ours: bytes, theirs: bytes) -> bool:
    return sorted(ours) == sorted(theirs)  # fields and entries of maps come in any order


@pytest.fixture(scope="module")
def connection(served: Served) -> Iterator[Any]:
    address = served.address.replace("flight://", "grpc://")
    header = {"adbc.flight.sql.authorization_header": f"Bearer {served.keeper}"}
    with adbc_driver_flightsql.dbapi.connect(address, db_kwargs=header, autocommit=True) as opened:
        yield opened


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    with connection.cursor() as opened:
        yield opened


def one(served: Served, text: str, params: Any = None) -> Any:
    return served.house.query(text, params).to_arrow().column(0)[0].as_py()


# -------------------------------------------------------------- statements


def test_execute_and_fetch(cursor: Any, served: Served) -> None:
    text = "SELECT cell, time, red FROM fine ORDER BY cell, time"
    cursor.execute(text)
    assert cursor.fetch_arrow_table().equals(served.house.query(text).to_arrow())
    cursor.execute(text)
    assert cursor.fetchone()[0] == served.house.query(text).to_arrow()["cell"][0].as_py()
    assert [column[0] for column in cursor.description] == ["cell", "time", "red"]


@pytest.mark.parametrize("text", ["SHOW LAYERS", "DESCRIBE fine", "EXPLAIN SELECT avg(red) AS r FROM fine"])
def test_statements_that_list(cursor: Any, served: Served, text: str) -> None:
    cursor.execute(text)
    assert cursor.fetch_arrow_table().equals(served.house.query(text).to_arrow())


def test_statements_that_do_something_count_rows_and_give_none(cursor: Any, served: Served) -> None:
    query = "SELECT cell, time, red FROM fine FILTER red IS NOT NULL"
    cursor.execute(f"CREATE LAYER made AS {query}")
    assert cursor.rowcount == served.house.query(query).to_arrow().num_rows
    cursor.execute("DROP LAYER made")
    assert (cursor.rowcount, cursor.fetchall()) == (0, [])


def test_without_preparing_a_statement_that_does_something_says_what(connection: Any) -> None:
    with connection.cursor() as cursor:
        statement = cursor.adbc_statement
        statement.set_sql_query("CREATE OR REPLACE VIEW said AS SELECT cell FROM fine")
        stream, _ = statement.execute_query()
        assert pa.RecordBatchReader._import_from_c(stream.address).read_all()["message"].to_pylist() == [
            "view said created"]  # fmt: skip


def test_the_schema_is_told_without_running(cursor: Any) -> None:
    assert cursor.adbc_execute_schema("SELECT cell, red FROM fine").names == ["cell", "red"]
    parameters = cursor.adbc_prepare("SELECT cell FROM fine FILTER red > ? AND time >= $since")
    assert parameters is not None
    assert parameters.field("since").type == pa.timestamp("us", "UTC")


def test_partitions_are_read_by_another_cursor(connection: Any, served: Served) -> None:
    text = "SELECT cell FROM fine ORDER BY cell, time"
    with connection.cursor() as first, connection.cursor() as second:
        parts, schema = first.adbc_execute_partitions(text)
        assert schema.names == ["cell"]
        rows = 0
        for part in parts:
            second.adbc_read_partition(part)
            rows += second.fetch_arrow_table().num_rows
    assert rows == served.house.query(text).to_arrow().num_rows


def test_a_reader_left_in_the_middle_and_a_cancel_do_no_harm(connection: Any, served: Served) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT a.cell, b.red FROM fine AS a JOIN fine AS b")
        cursor.adbc_cancel()
    with connection.cursor() as cursor:
        cursor.execute("SELECT cell FROM fine")
        cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute(f"{COUNT} red > 0.1")
        assert cursor.fetchone() == (one(served, f"{COUNT} red > 0.1"),)


def test_faults_are_of_the_kind_that_programs_expect(connection: Any, cursor: Any) -> None:
    with pytest.raises(connection.ProgrammingError, match="there is no layer 'nothere'") as caught:
        cursor.execute("SELECT * FROM nothere")
    assert "Bearer" not in str(caught.value.details) + str(caught.value)
    assert "Traceback" not in str(caught.value.details) + str(caught.value)


# -------------------------------------------------------------- parameters

BOX = shapely.box(11.5, 48.1, 11.6, 48.2)
BOUND: list[tuple[str, tuple[Any, ...]]] = [
    ("red > ?", (0.1,)),
    ("red > ? AND month(time) = ?", (0.1, 5)),
    ("season(time) = ?", ("MAM",)),
    ("time >= ?", (dt.datetime(2024, 5, 3, tzinfo=dt.UTC),)),
    ("time IN ?", (dt.date(2024, 5, 3),)),
    ("month(time) IN ?", ([3, 5],)),
    ("red > ?", (None,)),
    ("(red > 0.1) = ?", (True,)),
]


@pytest.mark.parametrize(("condition", "values"), BOUND)
def test_values_for_question_marks(cursor: Any, served: Served, condition: str, values: tuple[Any, ...]) -> None:
    cursor.execute(f"{COUNT} {condition}", values)
    assert cursor.fetchone() == (one(served, f"{COUNT} {condition}", list(values)),)


def test_geometries_as_bytes(cursor: Any, served: Served) -> None:
    cursor.execute(f"{COUNT} cell WITHIN ?", (shapely.to_wkb(BOX),))
    assert cursor.fetchone() == (one(served, f"{COUNT} cell WITHIN ?", [BOX]),)


def test_values_by_name_come_as_a_batch(cursor: Any, served: Served) -> None:
    cursor.execute(f"{COUNT} red > $low AND red < $high", pa.record_batch({"high": [0.5], "low": [0.1]}))
    assert cursor.fetchone() == (one(served, f"{COUNT} red > 0.1 AND red < 0.5"),)


def test_not_a_number_is_refused_as_the_session_refuses_it(connection: Any, cursor: Any) -> None:
    with pytest.raises(connection.ProgrammingError, match="NaN"):
        cursor.execute(f"{COUNT} red > ?", (math.nan,))


def test_many_rows_of_values(cursor: Any, served: Served) -> None:
    cursor.execute(
        "CREATE OR REPLACE LAYER many AS SELECT cell, time, red FROM fine FILTER month(time) = 3 AND red > 0"
    )
    text = "INSERT OR REPLACE INTO many SELECT cell, time, red + ? AS red FROM fine FILTER month(time) = ? AND red > 0"
    cursor.executemany(text, [(1.0, 3), (2.0, 5)])
    assert cursor.rowcount == one(served, f"{COUNT} month(time) IN (3, 5) AND red > 0")
    cursor.execute("DROP LAYER many")


# -------------------------------------------------------------- what there is


def test_objects(connection: Any, served: Served) -> None:
    (catalog,) = connection.adbc_get_objects(depth="all", table_name_filter="fine").read_all().to_pylist()
    assert catalog["catalog_name"] == served.house.store.address.name
    found = [t for s in catalog["catalog_db_schemas"] for t in s["db_schema_tables"] or ()]
    assert [(t["table_name"], t["table_type"]) for t in found] == [("fine", "TABLE")]
    columns = {c["column_name"]: c["xdbc_type_name"] for c in found[0]["table_columns"]}
    assert columns.items() >= {"cell": "cell", "time": "timestamp", "red": "number"}.items()
    assert connection.adbc_get_objects(depth="catalogs").read_all().num_rows == 1
    assert connection.adbc_get_objects(depth="db_schemas").read_all().num_rows == 1


def test_the_schema_of_a_table(connection: Any, served: Served) -> None:
    told = connection.adbc_get_table_schema("fine", db_schema_filter="main")
    assert told.remove_metadata().equals(served.house.query("SELECT * FROM fine").schema.remove_metadata())
    with pytest.raises(connection.Error):
        connection.adbc_get_table_schema("nothere")


def test_types_of_tables_and_what_the_server_is(connection: Any) -> None:
    assert connection.adbc_get_table_types() == ["CELLS", "TABLE", "VIEW"]
    assert connection.adbc_get_info()["vendor_name"] == "CubeQL"


def test_catalog_schema_and_options_of_the_session(connection: Any, served: Served) -> None:
    assert connection.adbc_current_catalog == served.house.store.address.name
    assert connection.adbc_current_db_schema == "main"
    low = connection.adbc_connection
    low.set_options(**{f"{OPTION}cubeql.timeout": "9"})
    assert low.get_option_float(f"{OPTION}cubeql.timeout") == 9
    low.set_options(**{f"{OPTION}cubeql.compression": "lz4"})
    with connection.cursor() as cursor:
        cursor.execute(f"{COUNT} red > 0.1")
        assert cursor.fetchone() == (one(served, f"{COUNT} red > 0.1"),)
    with pytest.raises(connection.Error):
        low.set_options(**{f"{OPTION}cubeql.compression": "brotli"})
    with pytest.raises(connection.Error):
        connection.adbc_current_db_schema = "elsewhere"


def test_there_are_no_transactions(served: Served) -> None:
    address = served.address.replace("flight://", "grpc://")
    header = {"adbc.flight.sql.authorization_header": f"Bearer {served.keeper}"}
    with (
        pytest.warns(Warning, match="autocommit"),
        adbc_driver_flightsql.dbapi.connect(address, db_kwargs=header) as plain,
        plain.cursor() as cursor,
    ):
        cursor.execute("SHOW LAYERS")
        assert cursor.fetchall()


# -------------------------------------------------------------- all of it


def test_a_table_is_ingested(cursor: Any) -> None:
    rows = pa.table({"lon": np.zeros(3), "lat": np.arange(3.0), "h": [1, 2, 3]})
    assert cursor.adbc_ingest("three", rows, mode="create") == 3
    cursor.execute("DROP LAYER three")


def test_closing_is_heard(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = threading.Event()
    close = actions.ACTIONS["CloseSession"]
    monkeypatch.setitem(
        actions.ACTIONS, "CloseSession", actions.Action("", lambda g, b: (heard.set(), close.act(g, b))[1])
    )
    address = served.address.replace("flight://", "grpc://")
    header = {"adbc.flight.sql.authorization_header": f"Bearer {served.keeper}"}
    with adbc_driver_flightsql.dbapi.connect(address, db_kwargs=header, autocommit=True) as opened:
        assert opened.adbc_current_db_schema == "main"
    assert heard.wait(30)
