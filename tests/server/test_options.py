"""Options of a session, transactions that there are none of, and the list of actions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.flight.wire import decode, encode, pack
from tests.server.conftest import Served
from tests.server.raw import Raw


@pytest.fixture
def raw(served: Served) -> Iterator[Raw]:
    client = Raw(served.address, served.token("root", "keeper"))
    yield client
    client.close()


def options(raw: Raw) -> dict[str, Any]:
    (answer,) = raw.act("GetSessionOptions", encode("GetSessionOptionsRequest", {}))
    found = decode("GetSessionOptionsResult", answer)["session_options"]
    return {name: next(iter(value.values())) for name, value in found.items()}


def set_(raw: Raw, **values: dict[str, Any]) -> dict[str, int]:
    """What could not be set, with the number of why."""
    content = {"session_options": {name.replace("__", "."): value for name, value in values.items()}}
    (answer,) = raw.act("SetSessionOptions", encode("SetSessionOptionsRequest", content))
    errors = decode("SetSessionOptionsResult", answer).get("errors", {})
    return {name: error["value"] for name, error in errors.items()}


def test_options_as_they_are(raw: Raw, served: Served) -> None:
    assert options(raw) == {
        "catalog": served.house.store.address.name, "schema": "main", "cubeql.timeout": 300.0,
        "cubeql.compression": "none"}  # fmt: skip


@pytest.mark.parametrize("value", [{"int64_value": 7}, {"double_value": 7.0}, {"string_value": "7"}])
def test_a_time_limit_of_every_kind_of_number(raw: Raw, value: dict[str, Any]) -> None:
    assert set_(raw, cubeql__timeout=value) == {}
    assert options(raw)["cubeql.timeout"] == 7
    assert raw.query("SHOW SETTINGS").filter(pa.compute.field("setting") == "timeout_s")["value"][0].as_py() in (
        "7", "7.0")  # fmt: skip
    assert set_(raw, cubeql__timeout={}) == {}
    assert options(raw)["cubeql.timeout"] == 300


def test_a_time_limit_above_the_servers_is_the_servers(raw: Raw) -> None:
    assert set_(raw, cubeql__timeout={"int64_value": 10_000}) == {}
    assert options(raw)["cubeql.timeout"] == 300


BAD = [
    ("cubeql__timeout", {"int64_value": 0}), ("cubeql__timeout", {"string_value": "soon"}),
    ("cubeql__timeout", {"double_value": math.nan}), ("cubeql__timeout", {"bool_value": True}),
    ("cubeql__timeout", {"string_list_value": {"values": ["7"]}}),
    ("cubeql__timeout", {"string_value": "7", "int64_value": 8}),
    ("cubeql__compression", {"string_value": "brotli"}), ("cubeql__compression", {"string_list_value": {}}),
    ("catalog", {"string_value": "elsewhere"}), ("schema", {"string_value": "anna"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_values_that_cannot_be_are_refused_and_change_nothing(raw: Raw, name: str, value: dict[str, Any]) -> None:
    before = options(raw)
    assert set_(raw, **{name: value}) == {name.replace("__", "."): 2}
    assert options(raw) == before


def test_an_unknown_option_does_not_keep_the_others_from_being_set(raw: Raw) -> None:
    assert set_(raw, nothing={"int64_value": 1}, cubeql__timeout={"int64_value": 9}) == {"nothing": 1}
    assert options(raw)["cubeql.timeout"] == 9


@pytest.mark.parametrize("kind", ["lz4", "zstd"])
def test_rows_come_compressed_where_that_is_asked_for(raw: Raw, served: Served, kind: str) -> None:
    assert set_(raw, cubeql__compression={"string_value": kind}) == {}
    text = "SELECT cell, time, red FROM fine ORDER BY cell, time"
    assert raw.query(text).equals(served.house.query(text).to_arrow())


def test_closing_a_session_takes_its_options_back(raw: Raw) -> None:
    set_(raw, cubeql__timeout={"int64_value": 9}, cubeql__compression={"string_value": "lz4"})
    (answer,) = raw.act("CloseSession", encode("CloseSessionRequest", {}))
    assert decode("CloseSessionResult", answer) == {"status": 1}
    assert (options(raw)["cubeql.timeout"], options(raw)["cubeql.compression"]) == (300.0, "none")


def test_options_are_ones_own(raw: Raw, served: Served) -> None:
    other = Raw(served.address, served.token("anna"))
    set_(raw, cubeql__timeout={"int64_value": 9})
    assert options(other)["cubeql.timeout"] == 300
    other.close()


@pytest.mark.parametrize("action", ["BeginTransaction", "EndTransaction", "BeginSavepoint", "EndSavepoint"])
def test_there_are_no_transactions(raw: Raw, action: str) -> None:
    with pytest.raises(pa.ArrowNotImplementedError, match="no transactions"):
        raw.act(action, pack("ActionBeginTransactionRequest"))


def test_every_action_that_is_listed_is_known(raw: Raw) -> None:
    listed = [a.type for a in raw.client.list_actions(raw.options)]
    assert {"CreatePreparedStatement", "ClosePreparedStatement", "CancelFlightInfo", "CancelQuery",
            "SetSessionOptions", "GetSessionOptions", "CloseSession"} <= set(listed)  # fmt: skip
    for action in listed:
        try:
            raw.act(action, b"\xff")
        except flight.FlightError as error:
            pytest.fail(f"{action}: {error}")
        except pa.ArrowNotImplementedError as error:
            pytest.fail(f"{action}: {error}")
        except pa.ArrowInvalid:
            pass


def test_cancelling_what_is_ready_and_what_is_not_known(raw: Raw, served: Served) -> None:
    info = raw.info("CommandStatementQuery", query="SELECT cell FROM fine")
    body = encode("CancelFlightInfoRequest", {"info": decode("FlightInfo", info.serialize())})
    old = pack("ActionCancelQueryRequest", info=info.serialize())
    other = Raw(served.address, served.token("anna"))
    assert decode("CancelFlightInfoResult", other.act("CancelFlightInfo", body)[0]) == {"status": 3}
    other.close()
    assert decode("CancelFlightInfoResult", raw.act("CancelFlightInfo", body)[0]) == {"status": 1}
    assert decode("CancelFlightInfoResult", raw.act("CancelFlightInfo", body)[0]) == {"status": 3}
    assert decode("Any", raw.act("CancelQuery", old)[0])["value"] == encode("ActionCancelQueryResult", {"result": 3})
    with pytest.raises(pa.ArrowInvalid, match="unknown, used or expired"):
        raw.fetch(info)
