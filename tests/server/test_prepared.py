"""Statements sent as texts, and prepared ones: what they answer, what they count, whose they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest
import shapely

from cubeql.flight.wire import decode, pack
from tests.server.conftest import Serve, Served
from tests.server.raw import Raw, schema_of

COUNT = "SELECT count(*) AS n FROM fine FILTER"


@pytest.fixture(scope="module")
def raw(served: Served) -> Iterator[Raw]:
    client = Raw(served.address, served.keeper)
    yield client
    client.close()


def message(table: pa.Table) -> str:
    assert table.schema.names == ["message"]
    (said,) = table["message"].to_pylist()
    assert table.schema.metadata[b"cubeql.message"].decode() == said
    return str(said)


# -------------------------------------------------------------- texts


QUERIES = [
    "SELECT cell, time, red FROM fine ORDER BY cell, time",
    "FROM fine FILTER red > 0.1 SELECT count(*) AS n, max(time) AS last",
    "SHOW LAYERS",
    "SHOW FUNCTIONS LIKE 'a%'",
    "DESCRIBE fine",
    "EXPLAIN SELECT avg(red) AS r FROM fine",
]


@pytest.mark.parametrize("text", QUERIES)
def test_a_statement_answers_as_the_session_does_and_as_it_said_it_would(raw: Raw, served: Served, text: str) -> None:
    info = raw.info("CommandStatementQuery", query=text)
    found = raw.fetch(info)
    assert found.equals(served.house.query(text).to_arrow())
    assert raw.schema("CommandStatementQuery", query=text).equals(info.schema, check_metadata=True)


def test_statements_without_rows_answer_with_what_they_did(raw: Raw) -> None:
    assert message(raw.query("CREATE VIEW seen AS SELECT cell, red FROM fine")) == "view seen created"
    assert message(raw.query("SET timeout_s = 250")) == "timeout_s = 250"
    assert message(raw.query("DROP VIEW seen")) == "view seen dropped"


def test_asking_for_the_shape_of_a_statement_does_not_run_it(raw: Raw, served: Served) -> None:
    text = "CREATE LAYER made AS SELECT cell, red FROM fine FILTER time = '2024-05-03T10:30Z'"
    assert raw.schema("CommandStatementQuery", query=text).names == ["message"]
    told = raw.prepare(text)
    assert "made" not in served.house.store.layer_names()
    assert told["is_update"] is True
    assert "dataset_schema" not in told


def test_updates_count_what_they_write(raw: Raw, served: Served) -> None:
    query = "SELECT cell, time, red FROM fine FILTER red IS NOT NULL"
    cells = served.house.query(query).to_arrow().num_rows
    assert raw.update("CommandStatementUpdate", query=f"CREATE LAYER counted AS {query}") == cells > 0
    assert raw.update("CommandStatementUpdate", query="ALTER LAYER counted SET (title 'C')") == 0
    assert raw.update("CommandStatementUpdate", query="DROP LAYER counted") == 0


def refused(call: Any, words: str) -> None:
    with pytest.raises(pa.ArrowInvalid, match=words) as caught:
        call()
    assert "Traceback" not in str(caught.value)


def test_a_query_is_no_update(raw: Raw) -> None:
    refused(lambda: raw.update("CommandStatementUpdate", query="SHOW LAYERS"), "gives rows and changes nothing")


def test_transactions_are_refused(raw: Raw) -> None:
    refused(lambda: raw.info("CommandStatementQuery", query="SHOW LAYERS", transaction_id=b"1"), "no transactions")


def test_a_text_that_is_too_long_is_refused(serve: Serve) -> None:
    served = serve(limits={"statement_bytes": 1024})
    raw = Raw(served.address, served.keeper)
    refused(lambda: raw.query("SHOW LAYERS --" + "ä" * 600), "longer than 1,024 bytes")
    raw.close()


def test_faults_name_their_place(raw: Raw) -> None:
    refused(lambda: raw.query("SELECT * FROM nothere"), "there is no layer 'nothere'")
    refused(lambda: raw.prepare("SELECT FROM"), r"line 1, column")


# -------------------------------------------------------------- prepared


def bound(raw: Raw, text: str, values: pa.RecordBatch) -> pa.Table:
    handle = raw.prepare(text)["prepared_statement_handle"]
    answer = raw.put("CommandPreparedStatementQuery", values, prepared_statement_handle=handle)
    assert answer is not None
    assert decode("DoPutPreparedStatementResult", answer) == {"prepared_statement_handle": handle}
    info = raw.info("CommandPreparedStatementQuery", prepared_statement_handle=handle)
    shape = raw.schema("CommandPreparedStatementQuery", prepared_statement_handle=handle)
    assert shape.equals(info.schema, check_metadata=True)
    return raw.fetch(info)


BOX = shapely.box(11.5, 48.1, 11.6, 48.2)
BOUND: list[tuple[str, dict[str, Any], Any]] = [
    ("red > ? AND time >= ?", {"1": 0.1, "2": dt.datetime(2024, 5, 3, tzinfo=dt.UTC)}, None),
    ("red > $low AND red < $high", {"high": 0.5, "low": 0.1}, None),
    ("month(time) IN $m", {"m": [3, 5]}, None),
    ("season(time) = ?", {"1": "MAM"}, None),
    ("time IN $t", {"t": dt.date(2024, 5, 3)}, None),
    ("cell WITHIN $where", {"where": shapely.to_wkb(BOX)}, BOX),
    ("cell WITHIN $where", {"where": BOX.wkt}, None),
    ("red > $x", {"x": None}, None),
]


@pytest.mark.parametrize(("condition", "values", "embedded"), BOUND, ids=lambda v: v if isinstance(v, str) else "")
def test_bound_values_are_those_of_the_session(
    raw: Raw, served: Served, condition: str, values: dict[str, Any], embedded: Any
) -> None:
    batch = pa.record_batch({name: [value] for name, value in values.items()})
    given = dict.fromkeys(values, embedded) if embedded is not None else values
    wanted = served.house.query(f"{COUNT} {condition}", given).to_arrow()
    assert bound(raw, f"{COUNT} {condition}", batch)["n"] == wanted["n"]


def test_the_shape_of_a_query_is_told_when_it_is_prepared(raw: Raw, served: Served) -> None:
    text = "SELECT cell, red, time FROM fine"
    told = raw.prepare(text)
    assert told["is_update"] is False
    assert schema_of(told["dataset_schema"]).equals(served.house.query(text).schema, check_metadata=True)
    assert "parameter_schema" not in told


PARAMETERS = {
    "SELECT cell FROM fine FILTER red > ? LIMIT ?": {"1": pa.float64(), "2": pa.int64()},
    "SELECT cell FROM fine FILTER time >= $t AND season(time) = $s AND red > $r": {
        "t": pa.timestamp("us", "UTC"), "s": pa.string(), "r": pa.float64()},
    "SELECT cell FROM fine FILTER month(time) IN $m": {"m": pa.list_(pa.float64())},
    "SELECT cell FROM fine FILTER cell WITHIN $p AND red < $p2": {"p": pa.string(), "p2": pa.float64()},
}  # fmt: skip


@pytest.mark.parametrize("text", PARAMETERS)
def test_parameters_are_told_with_a_type_that_can_stand_there(raw: Raw, text: str) -> None:
    told = raw.prepare(text)
    assert {f.name: f.type for f in schema_of(told["parameter_schema"])} == PARAMETERS[text]
    assert schema_of(told["dataset_schema"]).names == ["cell"]


def test_a_prepared_statement_can_be_bound_and_run_again(raw: Raw) -> None:
    handle = raw.prepare(f"{COUNT} red > ?")["prepared_statement_handle"]
    found = []
    for value in (0.0, 100.0, 0.0):
        raw.put("CommandPreparedStatementQuery", pa.record_batch({"1": [value]}), prepared_statement_handle=handle)
        for _ in range(2):
            found += raw.get("CommandPreparedStatementQuery", prepared_statement_handle=handle)["n"].to_pylist()
    assert found[0] > 0
    assert found == [found[0], found[0], 0, 0, found[0], found[0]]


def test_a_prepared_statement_sees_what_was_written_since(raw: Raw) -> None:
    raw.query("CREATE OR REPLACE LAYER growing AS SELECT cell, time, red FROM fine FILTER month(time) = 5")
    handle = raw.prepare("SELECT count(*) AS n FROM growing")["prepared_statement_handle"]
    before = raw.get("CommandPreparedStatementQuery", prepared_statement_handle=handle)["n"][0].as_py()
    raw.query("CREATE OR REPLACE LAYER growing AS SELECT cell, time, red FROM fine")
    after = raw.get("CommandPreparedStatementQuery", prepared_statement_handle=handle)["n"][0].as_py()
    raw.query("DROP LAYER growing")
    assert after > before > 0


def test_values_that_are_missing_too_many_or_none_are_refused(raw: Raw) -> None:
    handle = raw.prepare(f"{COUNT} red > $x")["prepared_statement_handle"]
    refused(lambda: raw.info("CommandPreparedStatementQuery", prepared_statement_handle=handle), r"\$?x")
    for rows, words in (
        (pa.table({"x": [1.0, 2.0]}), "one row of values, but several came"),
        (pa.table({"x": pa.array([], pa.float64())}), "no values came"),
        (pa.table({"y": [1.0]}), r"parameters are \$x"),
    ):
        refused(lambda: raw.put("CommandPreparedStatementQuery", rows, prepared_statement_handle=handle), words)  # noqa: B023
    plain = raw.prepare(f"{COUNT} red > 1")["prepared_statement_handle"]
    one = pa.table({"x": [1.0]})
    refused(lambda: raw.put("CommandPreparedStatementQuery", one, prepared_statement_handle=plain), "no parameter")


def test_many_rows_of_values_are_as_many_updates(raw: Raw, served: Served) -> None:
    raw.query("CREATE OR REPLACE LAYER many AS SELECT cell, time, red FROM fine FILTER month(time) = 3 AND red > 0")
    text = "INSERT OR REPLACE INTO many SELECT cell, time, red + ? AS red FROM fine FILTER month(time) = ? AND red > 0"
    handle = raw.prepare(text)["prepared_statement_handle"]
    one = served.house.query("SELECT count(*) AS n FROM fine FILTER month(time) = 3 AND red > 0").to_arrow()["n"][0]
    other = served.house.query("SELECT count(*) AS n FROM fine FILTER month(time) = 5 AND red > 0").to_arrow()["n"][0]
    rows = pa.table({"a": [1.0, 2.0], "b": [3, 5]})
    count = raw.update("CommandPreparedStatementUpdate", rows, prepared_statement_handle=handle)
    assert count == one.as_py() + other.as_py()
    assert served.house.query("SELECT min(red) AS r FROM many").to_arrow()["r"][0].as_py() > 1
    bad = pa.table({"a": [1.0, None], "b": [3, 5]})
    with pytest.raises(pa.ArrowInvalid, match=r"row 2 of the values: (.|\n)*the 1 before it are done"):
        raw.update("CommandPreparedStatementUpdate", bad, prepared_statement_handle=handle)
    raw.query("DROP LAYER many")


def test_an_update_without_parameters_is_run_once(raw: Raw, served: Served) -> None:
    handle = raw.prepare("CREATE VIEW once AS SELECT cell FROM fine")["prepared_statement_handle"]
    assert raw.update("CommandPreparedStatementUpdate", prepared_statement_handle=handle) == 0
    assert "once" in served.house.store.view_names()
    raw.query("DROP VIEW once")


def test_a_closed_statement_is_gone_and_closing_it_again_does_no_harm(raw: Raw) -> None:
    handle = raw.prepare("SHOW LAYERS")["prepared_statement_handle"]
    body = pack("ActionClosePreparedStatementRequest", prepared_statement_handle=handle)
    assert raw.act("ClosePreparedStatement", body) == []
    refused(lambda: raw.info("CommandPreparedStatementQuery", prepared_statement_handle=handle), "unknown, used or")
    raw.act("ClosePreparedStatement", body)


# -------------------------------------------------------------- whose they are


def test_handles_and_tickets_of_another_mean_nothing(raw: Raw, served: Served) -> None:
    other = Raw(served.address, served.token("mallory", "keeper"))
    handle = raw.prepare(f"{COUNT} red > ?")["prepared_statement_handle"]
    info = raw.info("CommandStatementQuery", query="SHOW LAYERS")
    one = pa.table({"x": [1.0]})
    for call in (
        lambda: other.info("CommandPreparedStatementQuery", prepared_statement_handle=handle),
        lambda: other.put("CommandPreparedStatementQuery", one, prepared_statement_handle=handle),
        lambda: other.update("CommandPreparedStatementUpdate", one, prepared_statement_handle=handle),
        lambda: other.fetch(info),
    ):
        refused(call, "unknown, used or expired")
    other.act("ClosePreparedStatement", pack("ActionClosePreparedStatementRequest", prepared_statement_handle=handle))
    raw.put("CommandPreparedStatementQuery", one, prepared_statement_handle=handle)
    assert raw.fetch(info).num_rows > 0
    other.close()


def test_a_ticket_is_good_once(raw: Raw) -> None:
    info = raw.info("CommandStatementQuery", query="SHOW LAYERS")
    raw.fetch(info)
    refused(lambda: raw.fetch(info), "unknown, used or expired")


def test_prepared_statements_are_counted(serve: Serve) -> None:
    served = serve(limits={"prepared_per_guest": 2})
    raw = Raw(served.address, served.keeper)
    handles = [raw.prepare("SHOW LAYERS")["prepared_statement_handle"] for _ in range(2)]
    with pytest.raises(flight.FlightUnavailableError, match="2 are open, which is the limit"):
        raw.prepare("SHOW LAYERS")
    raw.act("ClosePreparedStatement", pack("ActionClosePreparedStatementRequest", prepared_statement_handle=handles[0]))
    raw.prepare("SHOW LAYERS")
    raw.close()


def test_a_batch_of_values_that_is_too_large_is_refused(serve: Serve) -> None:
    served = serve(limits={"message_bytes": 65_536})
    raw = Raw(served.address, served.keeper)
    handle = raw.prepare(f"{COUNT} season(time) = ?")["prepared_statement_handle"]
    long = pa.table({"x": ["a" * 70_000]})
    refused(lambda: raw.put("CommandPreparedStatementQuery", long, prepared_statement_handle=handle), "65,536")
    raw.close()


# -------------------------------------------------------------- what is not spoken


def test_parts_that_are_not_spoken_say_so(raw: Raw) -> None:
    for call in (
        lambda: raw.info("CommandStatementSubstraitPlan", plan={"plan": b"x"}),
        lambda: raw.act("CreatePreparedSubstraitPlan", b""),
        lambda: raw.act("NoSuchAction", b""),
        lambda: raw.info("CommandStatementUpdate", query="SHOW LAYERS"),
    ):
        with pytest.raises(pa.ArrowNotImplementedError):
            call()


@pytest.mark.parametrize("data", [b"", b"SELECT 1", b"\xff" * 40])
def test_bytes_that_are_no_command_are_refused(raw: Raw, data: bytes) -> None:
    with pytest.raises(pa.ArrowInvalid):
        raw.client.get_flight_info(flight.FlightDescriptor.for_command(data), raw.options)
    with pytest.raises(pa.ArrowInvalid):
        raw.client.do_get(flight.Ticket(data), raw.options).read_all()
    with pytest.raises(pa.ArrowInvalid):
        raw.act("CreatePreparedStatement", data)


def test_a_descriptor_by_path_is_refused(raw: Raw) -> None:
    with pytest.raises(pa.ArrowInvalid, match="by path means nothing"):
        raw.client.get_flight_info(flight.FlightDescriptor.for_path("fine"), raw.options)
