"""What somebody tries who has a token of his own: statements, names and servers of others, and what is not answered."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.catalog.rights import Who
from cubeql.engine.statements import cellsets
from cubeql.errors import QueryError
from cubeql.flight.told import fault_of, object_bytes, object_of
from cubeql.flight.wire import encode
from cubeql.server.auditfiles import entries_of, files_in
from tests.server.conftest import Serve, Served
from tests.server.flowing import Client, client, is_free, now, until
from tests.server.raw import Raw
from tests.session.test_stopping import LONG

NUMBER = b"0123456789abcdef"


@pytest.fixture(scope="module")
def anna(served: Served) -> Iterator[Raw]:
    """Somebody who may read ``coarse`` and nothing else."""
    served.house.query("GRANT READ ON coarse TO anna")
    with closing(Raw(served.address, served.token("anna", "write"))) as one:
        one.query("SHOW LAYERS")
        yield one


# -------------------------------------------------------------- what others run


def test_a_statement_of_another_is_neither_watched_nor_stopped_by_its_number(served: Served) -> None:
    with client(served) as one, closing(Raw(served.address, served.token("mallory", "keeper"))) as other:
        head = [(b"x-cubeql-client", b"1"), *_headers(served.keeper)]
        options = flight.FlightCallOptions(headers=head)
        body = _asking(LONG, NUMBER)
        reader = one.flight.do_get(one.flight.get_flight_info(body, options).endpoints[0].ticket, options)
        until(lambda: now(served).running == 1)
        assert [object_of(found) for found in other.act("cubeql.progress", NUMBER) if found] == []
        other.act("cubeql.cancel", NUMBER)
        assert now(served).running == 1 and now(served).ended["cancelled"] == 0
        list(one.flight.do_action(flight.Action("cubeql.cancel", NUMBER), options))
        with pytest.raises(flight.FlightError):
            reader.read_all()
        until(lambda: is_free(served))


def _headers(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {token}".encode())]


def _asking(text: str, number: bytes) -> flight.FlightDescriptor:
    from cubeql.flight.wire import pack

    return flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text, number=number))


def test_what_a_login_got_from_one_server_lets_in_at_no_other(served: Served, serve: Serve) -> None:
    other, token = serve(), served.keeper
    with client(served) as here, client(other) as there:
        short = here.flight.authenticate_basic_token("root", token)
        options = flight.FlightCallOptions(headers=[short])
        assert len(list(here.flight.list_actions(options))) > 5
        with pytest.raises(flight.FlightUnauthenticatedError):
            list(there.flight.list_actions(options))


def test_a_prepared_statement_reads_nothing_after_the_right_is_gone(served: Served) -> None:
    served.house.query("GRANT READ ON fine TO carl")
    with closing(Raw(served.address, served.token("carl"))) as carl:
        handle = carl.prepare("SELECT count(*) AS n FROM fine")["prepared_statement_handle"]
        assert carl.get("CommandPreparedStatementQuery", prepared_statement_handle=handle).num_rows == 1
        served.house.query("REVOKE READ ON fine FROM carl")
        with pytest.raises(pa.ArrowInvalid, match="there is no layer 'fine'"):
            carl.get("CommandPreparedStatementQuery", prepared_statement_handle=handle)


# -------------------------------------------------------------- what others have

ASKED: dict[str, Callable[[Raw, str], object]] = {
    "query": lambda raw, name: raw.query(f"SELECT * FROM {name}"),
    "join": lambda raw, name: raw.query(f"SELECT count(*) AS n FROM coarse JOIN {name}"),
    "schema": lambda raw, name: raw.schema("CommandStatementQuery", query=f"SELECT * FROM {name}"),
    "prepare": lambda raw, name: raw.prepare(f"SELECT * FROM {name}"),
    "explain": lambda raw, name: raw.query(f"EXPLAIN SELECT * FROM {name}"),
    "update": lambda raw, name: raw.update("CommandStatementUpdate", query=f"DROP LAYER {name}"),
    "tables": lambda raw, name: raw.get("CommandGetTables", table_name_filter_pattern=name).to_pylist(),
    "columns": lambda raw, name: raw.get("CommandGetTables", table_name_filter_pattern=name, include_schema=True),
    "keys": lambda raw, name: raw.get("CommandGetPrimaryKeys", table=name).to_pylist(),
    "stac": lambda raw, name: raw.act("cubeql.stac", object_bytes({"layer": name})),
    "catalog": lambda raw, name: raw.act("cubeql.catalog", object_bytes({"ask": "name", "name": name})),
    "commits": lambda raw, name: raw.act("cubeql.catalog", object_bytes({"ask": "commits", "name": name})),
    "append": lambda raw, name: raw.put(
        "CommandStatementIngest", pa.table({"cell": pa.array([1], pa.uint64())}), table=name,
        table_definition_options={"if_not_exist": 2, "if_exists": 2}),
    "own client": lambda raw, name: _asked_by_our_own(raw, f"SELECT * FROM {name}"),
}  # fmt: skip


def _asked_by_our_own(raw: Raw, text: str) -> object:
    token = next(value for key, value in _options_of(raw) if key == b"authorization")
    options = flight.FlightCallOptions(headers=[(b"authorization", token), (b"x-cubeql-client", b"1")])
    return raw.client.get_flight_info(_asking(text, NUMBER), options)


def _options_of(raw: Raw) -> list[tuple[bytes, bytes]]:
    return _headers(raw.token)


@pytest.mark.parametrize("door", ASKED)
def test_a_hidden_name_is_answered_at_every_door_as_one_that_nothing_has(anna: Raw, door: str) -> None:
    told = [_told(lambda name=name: ASKED[door](anna, name), name) for name in ("twin", "twix")]
    assert told[0] == told[1]


def _told(ask: Callable[[], object], name: str) -> str:
    try:
        return repr(ask()).replace(name, "NAME")
    except Exception as error:
        beside = getattr(error, "extra_info", b"")
        told = f"{type(error).__name__} {error} {fault_of(beside) if beside else ''}".replace(name, "NAME")
        return re.sub("reference [0-9a-f]{8}", "reference", told)  # another each time


@pytest.mark.parametrize("text", ["SELECT * FROM {0}", "DESCRIBE {0}", "DROP LAYER {0}", "GRANT READ ON {0} TO carl"])
def test_for_a_hidden_name_as_much_is_read_as_for_one_that_nothing_has(
    served: Served, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what the time of an answer is made of."""
    counted: Counter[str] = Counter()
    for name in ("read", "entries"):
        plain = getattr(type(served.house.store.objects), name)

        def counting(self: Any, *given: Any, plain: Any = plain, name: str = name) -> Any:
            counted[name] += 1
            return plain(self, *given)

        monkeypatch.setattr(type(served.house.store.objects), name, counting)
    reads = []
    with served.house.for_user(Who("anna", writes=True)) as session:
        for name in ("twin", "twix", "twin", "twix"):
            counted.clear()
            with pytest.raises(QueryError):
                session.query(text.format(name))
            reads.append(dict(counted))
    assert reads[2] == reads[3] and sum(reads[3].values()) > 0


# -------------------------------------------------------------- other servers, settings, names

ATTACH = ("ATTACH 'flight://127.0.0.1:{port}' AS x", "ATTACH 'flight://127.0.0.1:{port}?tls=no' AS \"a b\"")


@pytest.mark.parametrize("text", ATTACH)
def test_nobody_has_the_server_call_another(anna: Raw, text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        with pytest.raises(pa.ArrowException):
            anna.query(text.format(port=listening.getsockname()[1]))
        with pytest.raises(TimeoutError):
            listening.accept()


HOSTILE = ("1; DROP LAYER fine", "'; DROP LAYER fine; --", '"', "\\", "0x10", "1e999", "nan", "-1", "\0", "${HOME}")


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_in_a_setting_is_more_than_its_value(anna: Raw, served: Served, value: str) -> None:
    before = served.house.query("SHOW LAYERS").to_arrow()
    body = encode("SetSessionOptionsRequest", {"session_options": {"cubeql.timeout_s": {"string_value": value}}})
    assert anna.act("SetSessionOptions", body)[0]
    with pytest.raises(pa.ArrowInvalid):
        anna.query("SET timeout_s = '{}'".format(value.replace("'", "''")))
    with pytest.raises(pa.ArrowInvalid):
        anna.query('SET "{}" = 1'.format(value.replace('"', '""')))
    assert served.house.query("SHOW LAYERS").to_arrow() == before
    assert anna.query("SELECT count(*) AS n FROM coarse").num_rows == 1


NAMES = ("../../names/fine", "../tokens", "/etc/passwd", "a/b", "a\\b", ".", "..", "'; --", "x\0y", "a.b.c.d")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_layer_is_a_path(served: Served, name: str) -> None:
    root = Path(str(served.house.store.address))
    before = _files(root)
    quoted = '"{}"'.format(name.replace('"', '""'))
    rows = pa.table({"cell": pa.array([608693241335775231], pa.uint64()), "v": [1.0]})
    with closing(Raw(served.address, served.keeper)) as keeper:
        for text in (f"SELECT * FROM {quoted}", f"CREATE LAYER {quoted} AS SELECT cell, class FROM classes",
                     f"CREATE CELLS {quoted} AS SELECT cell FROM classes", f"DESCRIBE {quoted}"):  # fmt: skip
            with pytest.raises(pa.ArrowInvalid):
                keeper.query(text)
        for place in ({"table": name}, {"table": "t", "schema": name}):
            with pytest.raises(pa.ArrowException):
                keeper.put("CommandStatementIngest", rows, table_definition_options={"if_not_exist": 1, "if_exists": 1},
                           **place)  # fmt: skip
    assert _files(root) == before


def _files(root: Path) -> set[str]:
    return {str(file) for folder in (root, root.parent) for file in folder.glob("*")} | {
        str(file) for file in (root / "names").iterdir()
    }


# -------------------------------------------------------------- much


def test_a_set_of_cells_has_a_most(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Raw(served.address, served.keeper)) as keeper:
        monkeypatch.setattr(cellsets, "_MOST_WAITING", 1)
        monkeypatch.setattr(cellsets, "MOST_CELLS", 3)
        keeper.query("CREATE CELLS few AS SELECT cell FROM classes GROUP BY cell ORDER BY cell LIMIT 3")
        for limit in (4, 60):
            with pytest.raises(pa.ArrowInvalid, match="more than 3 cells"):
                keeper.query(f"CREATE CELLS many AS SELECT cell FROM classes GROUP BY cell LIMIT {limit}")
    assert served.house.store.cell_set("many") is None
    assert served.house.store.cell_set("few") is not None


def test_making_a_set_of_cells_ends_at_the_time_limit(serve: Serve) -> None:
    served = serve(limits={"run_s": 0.5})
    text = LONG.partition("SELECT count(*) AS n, sum(")[0]
    text += "SELECT a.cell AS cell " + LONG[LONG.index(" FROM a") :]
    with client(served) as one:
        with pytest.raises(flight.FlightTimedOutError):
            one.info(f"CREATE CELLS made AS {text}")
        until(lambda: is_free(served))
    assert served.house.store.cell_set("made") is None


# -------------------------------------------------------------- what is written down


def test_rows_that_come_and_statements_that_nobody_fetches_are_written_down(serve: Serve, tmp_path: Path) -> None:
    served = serve(audit={"folder": str(tmp_path / "audit")})
    rows = pa.table({"cell": pa.array([608693241335775231], pa.uint64()), "v": [1.0]})
    both = {"if_not_exist": 1, "if_exists": 1}
    with closing(Raw(served.address, served.token("anna", "write"))) as one:
        one.put("CommandStatementIngest", rows, table="sent", schema="anna", table_definition_options=both)
        with pytest.raises(pa.ArrowInvalid):
            one.put("CommandStatementIngest", rows, table="sent", table_definition_options=both)
        one.info("CommandStatementQuery", query="SELECT v FROM anna.sent")
        one.schema("CommandStatementQuery", query="SELECT cell FROM anna.sent")
    served.serving.stop()
    found = [e for f in files_in(tmp_path / "audit") for e in entries_of(f) if e["event"] == "statement"]
    told = [(e["user"], e["kind"], e["outcome"], e["writes"], e["text"]) for e in found]
    assert ("anna", "ingest", "done", {"anna.sent": 0}, "INGEST INTO anna.sent") in told
    assert ("anna", "ingest", "failed", {"sent": None}, "INGEST INTO sent") in told
    assert ("anna", "query", "cancelled", {}, "SELECT v FROM anna.sent") in told
    assert len(told) == 3 and all(json.dumps(e) for e in found)
    served.house.drop("anna.sent")


def test_the_client_of_these_tests_is_one(served: Served) -> None:
    """The doors above are refused for their names, not for how they are asked."""
    with closing(Raw(served.address, served.keeper)) as keeper:
        for door in set(ASKED) - {"append", "update", "join"}:
            told = _told(lambda door=door: ASKED[door](keeper, "twin"), "twin")
            assert not told.startswith(("Arrow", "Flight")) or "FlightInfo" in told, told
    assert isinstance(Client, type)
