"""Rows that clients send become layers: as a whole or not at all, and only where the sender may."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from typing import Any

import adbc_driver_flightsql.dbapi
import numpy as np
import pyarrow as pa
import pyarrow.flight as flight
import pytest
import shapely

from cubeql.grid.cells import cells_at
from cubeql.values.cells import format_cell, parent
from tests.server.conftest import Serve, Served
from tests.server.raw import Raw

MAY = dt.datetime(2024, 5, 3, tzinfo=dt.UTC)
CELLS = np.unique(cells_at(np.linspace(10, 12, 200), np.linspace(47, 49, 200), 7))[::-1]
HOW = {"create": (1, 1), "append": (2, 2), "replace": (1, 3), "create_append": (1, 2)}
UTC_US = pa.timestamp("us", "UTC")


@pytest.fixture(scope="module")
def raw(served: Served) -> Iterator[Raw]:
    client = Raw(served.address, served.keeper)
    yield client
    client.close()


def send(raw: Raw, table: str, rows: pa.Table, mode: str = "create", **content: Any) -> int:
    numbers = dict(zip(("if_not_exist", "if_exists"), HOW[mode], strict=True))
    return raw.update("CommandStatementIngest", rows, table=table, table_definition_options=numbers, **content)


def grid(cells: Any = CELLS, start: int = 0, **columns: Any) -> pa.Table:
    size = len(cells)
    return pa.table({"cell": pa.array(cells, pa.uint64()), "v": np.arange(start, start + size) / 4, **columns})


def held(served: Served, text: str) -> pa.Table:
    return served.house.query(text).to_arrow()


def refused(call: Any, words: str) -> None:
    with pytest.raises(pa.ArrowInvalid, match=words) as caught:
        call()
    assert "Traceback" not in str(caught.value)


# -------------------------------------------------------------- grids


def test_cells_in_any_order_become_a_grid(raw: Raw, served: Served) -> None:
    assert send(raw, "sent", grid()) == len(CELLS)
    layer = served.house.layer("sent")
    assert (layer.kind, layer.resolution, layer.time, [b.name for b in layer.bands]) == ("grid", 7, None, ["v"])
    found = held(served, "SELECT cell, v FROM sent ORDER BY v")
    assert found["cell"].to_pylist() == CELLS.tolist()
    assert found["v"].to_pylist() == [n / 4 for n in range(len(CELLS))]
    served.house.drop("sent")


@pytest.mark.parametrize("kind", ["int64", "text", "large_text", "coded"])
def test_cells_come_as_numbers_and_as_texts(raw: Raw, served: Served, kind: str) -> None:
    texts = pa.array([format_cell(int(c)) for c in CELLS])
    column = {
        "int64": pa.array(CELLS), "text": texts, "large_text": texts.cast(pa.large_string()),
        "coded": texts.dictionary_encode(),
    }[kind]  # fmt: skip
    assert send(raw, "spelled", grid().set_column(0, "cell", column), "replace") == len(CELLS)
    assert held(served, "SELECT cell FROM spelled ORDER BY v")["cell"].to_pylist() == CELLS.tolist()
    served.house.drop("spelled")


def test_a_result_sent_back_is_the_layer_it_came_from(raw: Raw, served: Served) -> None:
    text = "SELECT * FROM fine ORDER BY cell, time"
    rows = held(served, text)
    sent = send(raw, "again", rows)
    assert sent == rows.num_rows
    there = held(served, "SELECT * FROM again ORDER BY cell, time")
    plain = [pa.field(f.name, f.type) for f in rows.schema]
    valid = pa.compute.field(rows.schema.names[2]).is_valid()
    for name in rows.schema.names[3:]:
        valid |= pa.compute.field(name).is_valid()
    assert there.cast(pa.schema(plain)).equals(rows.filter(valid).cast(pa.schema(plain)))
    units = {b.name: (b.unit, b.classes) for b in served.house.layer("fine").bands}
    assert {b.name: (b.unit, b.classes) for b in served.house.layer("again").bands} == units
    served.house.drop("again")


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.timestamp("ns", "Europe/Berlin"),
                                  pa.date32()], ids=str)  # fmt: skip
def test_times_of_every_kind(raw: Raw, served: Served, kind: pa.DataType) -> None:
    times = pa.array([MAY] * len(CELLS), UTC_US)
    column = times.cast(pa.timestamp("us")).cast(kind) if getattr(kind, "tz", None) is None else times.cast(kind)
    assert send(raw, "timed", grid(time=column), "replace", options={"step": "P1D"}) == len(CELLS)
    layer = served.house.layer("timed")
    assert layer.time is not None
    assert (layer.time.stamp, layer.time.step) == ("start", "P1D")
    assert held(served, "SELECT DISTINCT time FROM timed")["time"].to_pylist() == [MAY]
    served.house.drop("timed")


def test_numbers_of_every_kind_and_dimensions(raw: Raw, served: Served) -> None:
    n = len(CELLS)
    rows = grid(
        small=pa.array([1] * n, pa.uint8()), half=pa.array([0.5] * n, pa.float32()),
        exact=pa.array([decimal.Decimal("1.25")] * n), yes=pa.array([True] * n), level=pa.array(["low"] * n),
    )  # fmt: skip
    beside = rows.replace_schema_metadata({"cubeql.dimensions": "level", "cubeql.title": "Sent"})
    assert send(raw, "many_kinds", beside) == n
    layer = served.house.layer("many_kinds")
    assert ([d.name for d in layer.dimensions], layer.title) == (["level"], "Sent")
    found = held(served, "SELECT min(small) AS a, min(half) AS b, min(exact) AS c, min(yes) AS d FROM many_kinds")
    assert found.to_pylist() == [{"a": 1, "b": 0.5, "c": 1.25, "d": 1}]
    served.house.drop("many_kinds")


def test_what_is_there_and_what_is_not(raw: Raw, served: Served) -> None:
    half = len(CELLS) // 2
    refused(lambda: send(raw, "modes", grid(), "append"), "there is none; create it")
    assert send(raw, "modes", grid(CELLS[:half]), "create_append") == half
    refused(lambda: send(raw, "modes", grid(), "create"), "it is there already")
    assert send(raw, "modes", grid(CELLS[half:], half), "append") == len(CELLS) - half
    refused(lambda: send(raw, "modes", grid(), "create_append"), "has a row for the cell")
    assert held(served, "SELECT count(*) AS n, max(v) AS v FROM modes").to_pylist() == [
        {"n": len(CELLS), "v": (len(CELLS) - 1) / 4}]  # fmt: skip
    assert send(raw, "modes", grid(CELLS[:3]), "replace") == 3
    assert held(served, "SELECT count(*) AS n FROM modes")["n"].to_pylist() == [3]
    assert served.house.layer("modes").version > 0
    served.house.drop("modes")


NAN = pa.array([float("nan")] * len(CELLS))
BAD: dict[str, tuple[Any, str]] = {
    "no cell": (lambda: grid().rename_columns(["zelle", "v"]), "no column of longitudes was found"),
    "NULL": (
        lambda: grid().set_column(0, "cell", pa.array([None, *CELLS[1:].tolist()], pa.uint64())),
        "row 1 of.*no cell",
    ),
    "no index": (lambda: grid(np.append(CELLS, 7)), "all cells must be H3 cells"),
    "an edge": (lambda: grid(np.append(CELLS, 0x115283473FFFFFFF)), "a directed edge"),
    "above": (lambda: grid(np.append(CELLS.astype(np.uint64), 2**64 - 1)), "between 0 and"),
    "another resolution": (lambda: grid(np.append(CELLS, parent(CELLS[:1], 5))), "its resolution is 5, of others 7"),
    "twice": (lambda: grid(np.append(CELLS, CELLS[:1])), "comes more than once|twice"),
    "a text": (lambda: grid().set_column(0, "cell", pa.array(["here"] * len(CELLS))), "is no H3 cell"),
    "no band": (lambda: grid().select(["cell"]), "needs a band"),
    "texts": (lambda: grid(name=["x"] * len(CELLS)), "which no band can hold"),
    "lists": (lambda: grid(name=[[1]] * len(CELLS)), "which no layer of cells holds"),
    "NaN": (lambda: grid(nan=NAN), "is NaN"),
    "fine times": (lambda: grid(time=pa.array([1] * len(CELLS), pa.timestamp("ns"))), "the column time"),
    "one name": (lambda: grid().append_column("v", NAN), "two columns have one name"),
    "none": (lambda: grid().slice(0, 0), "there are none"),
}


@pytest.mark.parametrize("name", BAD)
def test_rows_that_make_no_grid_are_refused_and_leave_nothing(raw: Raw, served: Served, name: str) -> None:
    rows, words = BAD[name]
    refused(lambda: send(raw, "bad", rows()), words)
    assert served.house.store.kind_of("bad") is None


def test_rows_that_do_not_fit_leave_the_layer_as_it_was(raw: Raw, served: Served) -> None:
    send(raw, "kept", grid(CELLS[:5]))
    for rows, words in (
        (grid(parent(CELLS[5:6], 5)), "its resolution is 5, of others 7"),
        (grid(CELLS[5:], w=np.arange(len(CELLS) - 5)), "has no column|'w'"),
        (grid(CELLS[5:], time=pa.array([MAY] * (len(CELLS) - 5), UTC_US)), "time"),
    ):
        refused(lambda: send(raw, "kept", rows, "append"), words)  # noqa: B023
    refused(lambda: send(raw, "kept", grid(CELLS[5:]), "append", options={"title": "T"}), "keeps what it has")
    assert served.house.layer("kept").version == 0
    assert send(raw, "kept", grid().slice(0, 0), "append") == 0
    assert held(served, "SELECT count(*) AS n FROM kept")["n"].to_pylist() == [5]
    served.house.drop("kept")


# -------------------------------------------------------------- points and zones


def points(size: int = 50, **columns: Any) -> pa.Table:
    place = {"lon": np.linspace(10, 12, size), "lat": np.linspace(47, 49, size)}
    return pa.table({**place, "time": pa.array([MAY] * size, UTC_US), "name": ["x"] * size, **columns})


def test_longitudes_and_latitudes_become_points(raw: Raw, served: Served) -> None:
    assert send(raw, "spots_sent", points(h=np.arange(50))) == 50
    layer = served.house.layer("spots_sent")
    assert (layer.kind, [a.name for a in layer.attributes]) == ("points", ["name", "h"])
    assert send(raw, "spots_sent", points(h=np.arange(50)).select(["h", "lat", "time", "lon"]), "append") == 50
    found = held(served, "SELECT count(*) AS n, count(name) AS named, sum(h) AS h FROM spots_sent").to_pylist()
    assert found == [{"n": 100, "named": 50, "h": 2450}]
    back = held(served, "SELECT * FROM spots_sent")
    assert send(raw, "spots_back", back) == 100
    assert served.house.layer("spots_back").kind == "points"
    for name in ("spots_sent", "spots_back"):
        served.house.drop(name)


@pytest.mark.parametrize("tag", [{}, {b"ARROW:extension:name": b"geoarrow.wkb"}])
def test_geometries_become_points_or_zones(raw: Raw, served: Served, tag: dict[bytes, bytes]) -> None:
    field = pa.field("shape", pa.binary(), metadata=tag)
    boxes = [shapely.to_wkb(shapely.box(n, 0, n + 1, 1)) for n in range(3)]
    spots = [shapely.to_wkb(shapely.Point(n, 1)) for n in range(3)]
    schema = pa.schema([pa.field("name", pa.string()), field])
    assert send(raw, "boxes", pa.table([["a", "b", "c"], boxes], schema=schema)) == 3
    assert send(raw, "boxes", pa.table([["d", "e", "f"], boxes], schema=schema), "append") == 3
    assert send(raw, "dots", pa.table([["a", "b", "c"], spots], schema=schema)) == 3
    assert (served.house.layer("boxes").kind, served.house.layer("dots").kind) == ("zones", "points")
    assert held(served, "SELECT zone, name FROM boxes ORDER BY zone")["name"].to_pylist() == list("abcdef")
    refused(lambda: send(raw, "boxes", pa.table([["a", "b", "c"], spots], schema=schema), "append"), "they are points")
    for name in ("boxes", "dots"):
        served.house.drop(name)


BAD_PLACES: dict[str, tuple[Any, str]] = {
    "beyond a pole": (lambda: points().set_column(1, "lat", pa.array([95.0] * 50)), "is no place on Earth"),
    "no place": (lambda: points().set_column(1, "lat", pa.nulls(50, pa.float64())), "50 of them have no place"),
    "no WKB": (lambda: pa.table({"geometry": [b"abc"]}), "cannot be read"),
    "lines": (lambda: pa.table({"geometry": [shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]))]}), "LineString"),
    "no geometry": (lambda: pa.table({"geometry": pa.array([None], pa.binary())}), "no geometry"),
}


@pytest.mark.parametrize("name", BAD_PLACES)
def test_places_that_are_none_are_refused_and_leave_nothing(raw: Raw, served: Served, name: str) -> None:
    rows, words = BAD_PLACES[name]
    refused(lambda: send(raw, "bad", rows()), words)
    assert served.house.store.kind_of("bad") is None


# -------------------------------------------------------------- what is asked


def test_a_schema_is_a_collection(raw: Raw, served: Served) -> None:
    assert send(raw, "own", grid(CELLS[:3]), schema="anna", catalog=served.house.store.address.name) == 3
    assert served.house.layer("anna.own").name == "anna.own"
    served.house.drop("anna.own")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"temporary": True}, "no temporary layers"),
        ({"transaction_id": b"1"}, "no transactions"),
        ({"catalog": "elsewhere"}, "there is no catalog 'elsewhere'"),
        ({"table": "a b"}, "a b"),
        ({"table": ""}, "name"),
        ({"table": "reds"}, "of a view"),
        ({"options": {"titel": "T"}}, "titel"),
        ({"options": {"kind": "raster"}}, "kinds are grid, points, zones"),
        ({"options": {"stamp": "middle"}}, "stamp|time"),
        ({"table_definition_options": {}}, "say what is to be done"),
        ({"table_definition_options": {"if_not_exist": 2, "if_exists": 1}}, "say what is to be done"),
    ],
)
def test_what_cannot_be_meant_is_refused(raw: Raw, served: Served, content: dict[str, Any], words: str) -> None:
    served.house.query("CREATE OR REPLACE VIEW reds AS SELECT cell, red FROM fine")
    every = {"table": "asked", "table_definition_options": {"if_not_exist": 1, "if_exists": 1}, **content}
    refused(lambda: raw.update("CommandStatementIngest", grid(), **every), words)
    assert served.house.store.kind_of("asked") is None


def test_a_batch_that_is_too_large_is_refused(serve: Serve) -> None:
    served = serve(limits={"message_bytes": 65_536})
    raw = Raw(served.address, served.keeper)
    long = points(20_000)
    refused(lambda: send(raw, "large", long), "65,536")
    assert served.house.store.kind_of("large") is None
    raw.close()


# -------------------------------------------------------------- who may


def test_a_user_makes_layers_in_his_collection_alone(raw: Raw, served: Served) -> None:
    anna = Raw(served.address, served.token("anna", "write"))
    reader = Raw(served.address, served.token("anna", "read"))
    send(raw, "hidden", grid(CELLS[:3]))
    try:
        assert send(anna, "ndvi", grid(CELLS[:3]), schema="anna") == 3
        assert send(anna, "ndvi", grid(CELLS[3:6]), "append", schema="anna") == 3
        for mode in HOW:
            with pytest.raises(Exception, match=r"collection|there is none") as there:
                send(anna, "hidden", grid(CELLS[6:9]), mode)
            with pytest.raises(type(there.value)) as absent:
                send(anna, "nothing", grid(CELLS[6:9]), mode)
            assert str(there.value).replace("hidden", "nothing") == str(absent.value)
        with pytest.raises(Exception, match=r"\w"):
            send(reader, "ndvi", grid(CELLS[6:9]), "append", schema="anna")
        assert held(served, "SELECT count(*) AS n FROM hidden")["n"].to_pylist() == [3]
        assert held(served, "SELECT count(*) AS n FROM anna.ndvi")["n"].to_pylist() == [6]
    finally:
        anna.close()
        reader.close()
        served.house.drop("hidden")
        served.house.drop("anna.ndvi")


# -------------------------------------------------------------- the driver


def test_the_driver_of_adbc_ingests(served: Served) -> None:
    address = served.address.replace("flight://", "grpc://")
    header = {"adbc.flight.sql.authorization_header": f"Bearer {served.keeper}"}
    with (
        adbc_driver_flightsql.dbapi.connect(address, db_kwargs=header, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        assert cursor.adbc_ingest("driven", grid(CELLS[:4]), mode="create") == 4
        assert cursor.adbc_ingest("driven", grid(CELLS[4:6], 4), mode="append") == 2
        assert cursor.adbc_ingest("driven", grid(CELLS[:3]), mode="replace") == 3
        assert cursor.adbc_ingest("driven", grid(CELLS[3:9], 3), mode="create_append") == 6
        with pytest.raises(connection.ProgrammingError, match="it is there already"):
            cursor.adbc_ingest("driven", grid(CELLS[:4]), mode="create")
        assert cursor.adbc_ingest("mine", grid(CELLS[:2]), mode="create", db_schema_name="anna") == 2
    assert held(served, "SELECT count(*) AS n FROM driven")["n"].to_pylist() == [9]
    served.house.drop("driven")
    served.house.drop("anna.mine")


def test_a_draining_server_takes_no_rows(serve: Serve) -> None:
    served = serve()
    raw = Raw(served.address, served.keeper)
    served.serving.guests.desk.draining = True
    with pytest.raises(flight.FlightUnavailableError):
        send(raw, "late", grid())
    assert served.house.store.kind_of("late") is None
    raw.close()
