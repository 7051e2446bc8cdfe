"""Clients of other libraries find in a served store what the Python API finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas
import pandas
import polars
import pyarrow as pa
import pytest
from adbc_driver_flightsql import dbapi

from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings
from tests.server.conftest import Served
from tests.support.clients import CLIENTS, Place, adbc, by_geopandas, check, own

STATEMENTS = {
    "cells and times": "SELECT cell, time, v FROM twin ORDER BY cell, time",
    "every type": """SELECT station, reading, level, good, seen, soil, time, cell FROM stations
                     ORDER BY station, time, reading""",
    "outlines": "SELECT park, visitors, open, geometry FROM parks ORDER BY park",
    "lists and no value": """SELECT CELL(6) AS tile, time, pack(red) AS reds FROM fine GROUP BY CELL(6), time
                             ORDER BY tile, time""",
    "groups": """FROM twin GROUP BY month(time) AS month SELECT month, avg(v) AS v, stddev(v) AS s, count(*) AS n
                 ORDER BY month""",
    "no rows": "SELECT cell, time, v FROM twin FILTER v > 1e9",
    "what there is": "SHOW LAYERS",
}


@pytest.fixture
def place(served: Served, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place.of(served.address, served.keeper)
    monkeypatch.setenv("CUBEQL_TOKEN", found.token)
    return found


@pytest.fixture
def connection(place: Place) -> Iterator[Any]:
    with adbc(place) as opened:
        yield opened


@pytest.fixture(scope="module")
def wanted(served: Served) -> dict[str, pa.Table]:
    """What the Python API answers."""
    return {name: served.house.query(text).to_arrow() for name, text in STATEMENTS.items()}


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_answers_are_those_of_the_python_api(
    wanted: dict[str, pa.Table], place: Place, client: str, statement: str
) -> None:
    assert wanted[statement].num_rows > 0 or statement == "no rows"
    check(client, place, STATEMENTS[statement], wanted[statement])


@pytest.mark.parametrize("client", ["adbc_driver_flightsql", "pyarrow.flight", "pandas", "polars, cubeql://"])
def test_answers_from_s3_are_those_of_the_python_api(
    cube_on_s3: Any, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    serving = Serving(cube_on_s3, ServerSettings.of(flight={"address": "127.0.0.1:0"}))
    place = Place.of(serving.address, cube_on_s3.store.tokens.create("root", "keeper")[1])
    monkeypatch.setenv("CUBEQL_TOKEN", place.token)
    try:
        check(client, place, STATEMENTS["every type"], cube_on_s3.query(STATEMENTS["every type"]).to_arrow())
    finally:
        serving.stop()


def test_geopandas_finds_outlines_and_their_system(served: Served, place: Place) -> None:
    text = STATEMENTS["outlines"]
    found, wanted = by_geopandas(place, text), served.house.query(text).to_geopandas()
    assert isinstance(found, geopandas.GeoDataFrame) and found.crs.equals("OGC:CRS84")
    assert list(found.geometry.to_wkb()) == list(wanted.geometry.to_wkb())
    assert list(found["park"]) == list(wanted["park"])


# -------------------------------------------------------------- the rest of ADBC


def test_values_are_bound_by_place_and_by_name(served: Served, connection: Any) -> None:
    text = "SELECT v FROM twin FILTER v > {} ORDER BY v"
    wanted = served.house.query(text.format(290)).to_arrow()
    with connection.cursor() as cursor:
        assert cursor.execute(text.format("?"), (290,)).fetch_arrow_table().equals(wanted)
        named = pa.record_batch({"least": [290]})
        assert cursor.execute(text.format("$least"), named).fetch_arrow_table().equals(wanted)


def test_a_prepared_statement_runs_again_with_other_values(served: Served, connection: Any) -> None:
    text = "SELECT count(*) AS n FROM twin FILTER v > ?"
    with connection.cursor() as cursor:
        cursor.adbc_prepare(text)
        found = [cursor.execute(text, (least,)).fetchone() for least in (0, 290, 1e9)]
    assert found == [
        tuple(served.house.query(text, [least]).to_arrow().to_pylist()[0].values()) for least in (0, 290, 1e9)
    ]
    assert found[0] > found[1] > found[2] == (0,)


def test_layers_are_listed_with_their_columns(served: Served, connection: Any) -> None:
    (catalog,) = connection.adbc_get_objects().read_all().to_pylist()
    tables = {t["table_name"]: t for s in catalog["catalog_db_schemas"] for t in s["db_schema_tables"]}
    assert {layer.name for layer in served.house.layers} <= tables.keys()
    wanted = served.house.query("SELECT * FROM twin").schema
    assert [c["column_name"] for c in tables["twin"]["table_columns"]] == wanted.names
    assert connection.adbc_get_table_schema("twin").equals(wanted)
    assert "TABLE" in connection.adbc_get_table_types()
    assert connection.adbc_get_info()["vendor_name"] == "CubeQL"


def test_the_schema_of_a_statement_is_told_without_running(served: Served, connection: Any) -> None:
    text = STATEMENTS["every type"]
    with connection.cursor() as cursor:
        assert cursor.adbc_execute_schema(text).equals(served.house.query(text).schema, check_metadata=True)


def test_polars_writes_layers(served: Served, place: Place) -> None:
    text, uri = "SELECT lon, lat, name, height FROM towers ORDER BY name, lon", f"cubeql://{place.host}"
    frame = polars.read_database_uri(text, uri, engine="adbc")
    assert frame.write_database("masts", uri, engine="adbc") == frame.height > 0
    assert served.house.query(text.replace("towers", "masts")).to_polars().equals(frame)
    with pytest.raises(dbapi.Error, match="masts"):
        frame.write_database("masts", uri, engine="adbc")
    for _ in range(2):  # a layer that is not there is made
        frame.write_database("mine.masts", uri, engine="adbc", if_table_exists="append")
    assert served.house.query("SELECT * FROM mine.masts").to_arrow().num_rows == 2 * frame.height


def test_pandas_writes_layers(served: Served, connection: Any) -> None:
    text = "SELECT cell, class FROM classes ORDER BY cell"
    frame = pandas.read_sql(text, connection)
    assert frame.to_sql("kinds", connection, index=False) == len(frame) > 0
    assert list(served.house.query(text.replace("classes", "kinds")).to_pandas()["class"]) == list(frame["class"])
    with pytest.raises(ValueError, match="exists"):
        frame.to_sql("kinds", connection, index=False)


def test_our_own_connection_says_how_rows_are_sent(place: Place) -> None:
    with own(place) as connection, connection.cursor() as cursor:
        assert connection.adbc_get_table_schema("twin").names == ["cell", "time", "v"]
        with pytest.raises(dbapi.NotSupportedError, match="adbc_driver_cubeql"):
            cursor.adbc_ingest("sent", pa.table({"cell": [1]}))


def test_a_cancelled_statement_says_so(connection: Any) -> None:
    from tests.session.test_stopping import STREAM

    with connection.cursor() as cursor:
        rows = cursor.execute(STREAM).fetch_record_batch()
        rows.read_next_batch()
        cursor.adbc_cancel()
        with pytest.raises(Exception, match=r"(?i)cancel"):
            rows.read_all()
        assert cursor.execute("SELECT v FROM twin LIMIT 1").fetchone() is not None


def test_faults_are_told_in_cubeql_s_words(connection: Any) -> None:
    with connection.cursor() as cursor, pytest.raises(dbapi.ProgrammingError) as caught:
        cursor.execute("SELECT nothing_such FROM twin")
    said = str(caught.value)
    assert "error[unknown_column]" in said and "SELECT nothing_such FROM twin" in said
    assert "Traceback" not in said and ".py" not in said and "Bearer" not in said
