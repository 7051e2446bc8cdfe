"""What errors tell: of the statement all, of the machine nothing but a number that its log knows."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cubeql.errors import InternalError, Misfit, Outpaced, StoreError
from cubeql.server.faults import told
from cubeql.storage.naming import Named, NameTaken
from tests.server.conftest import Serve, Served
from tests.server.raw import Raw

TOKEN = f"cubeql_{'a1b2c3d4e5f6'}_{'0123456789abcdef' * 4}"
PLACES = ("/srv/stores/secret", "s3://secret-bucket/store", "10.0.0.7:9000", "AKIASECRET")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("error", [
    StoreError(f"{PLACES[0]}/layers/x: cannot be read: Permission denied"),
    StoreError(f"{PLACES[1]}: key {PLACES[3]} may not read it (AccessDenied)"),
    StoreError(f"the store cannot be read: IO Error: Cannot open file {PLACES[0]}/x.parquet"),
    StoreError(f"http://{PLACES[2]} does not answer"),
    InternalError(f"the engine refused a statement of the compiler: Binder Error: read_parquet('{PLACES[0]}')"),
    OSError(2, "No such file", PLACES[0]), PermissionError(13, "denied", PLACES[0]), KeyError(PLACES[0]),
    RuntimeError(PLACES[1]), MemoryError(), RecursionError(PLACES[0]), pa.ArrowInvalid(PLACES[0]),
    pa.ArrowIOError(f"Failed to open local file '{PLACES[0]}'"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, PLACES[0]),
], ids=lambda e: type(e).__name__)  # fmt: skip
def test_of_the_machine_a_client_gets_a_number_alone(
    error: Exception, own: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "cubeql.server"):
        said = told(error, own)
    text = f"{said} {getattr(said, 'extra_info', b'')!r}"
    number = re.search(r"reference ([0-9a-f]{8})", text)
    assert number is not None and number[1] in caplog.text
    assert str(error).splitlines()[0][:40] in caplog.text if str(error) else True
    for secret in (*PLACES, "parquet", "Binder", "duckdb", "Traceback", ".py"):
        assert secret not in text


@pytest.mark.parametrize("error", [
    Outpaced("layer x: other writers were faster 50 times; try again"), Misfit("layer x has no band y"),
    NameTaken(Named("layer", "anna.x", "layers/x", {})),
], ids=lambda e: type(e).__name__)  # fmt: skip
def test_what_a_user_can_mend_he_is_told(error: StoreError) -> None:
    assert str(error) in str(told(error)) and "reference" not in str(told(error))


def test_a_damaged_store_tells_no_place(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served = serve()
    made = "CREATE LAYER broken AS SELECT cell, red FROM fine FILTER time IN '2024-05-03'"
    with closing(Raw(served.address, served.keeper)) as one:
        one.query(made)
        folder = Path(str(served.house.store.address))
        files = list(folder.rglob("layers/broken-*/data/**/*.parquet"))
        assert files
        for file in files:
            file.write_bytes(b"PAR1nonsense")
        with pytest.raises(Exception, match="reference") as raised:
            one.query("SELECT sum(red) AS s FROM broken")
        for secret in (str(folder), "parquet", "Traceback", "duckdb"):
            assert secret not in str(raised.value)
        one.query("DROP LAYER broken")


def test_logs_hold_no_token(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("cubeql.server")
    with caplog.at_level(logging.INFO, "cubeql.server"):
        log.info("a text with %s in it", TOKEN)
        try:
            raise StoreError(f"SELECT '{TOKEN}'")
        except StoreError:
            log.exception("it failed")
        told(InternalError(f"authorization: Bearer {TOKEN}"))
    assert TOKEN not in caplog.text and TOKEN[20:] not in caplog.text and "cubeql_***" in caplog.text
    assert "StoreError" in caplog.text


# -------------------------------------------------------------- hostile texts


HOSTILE: dict[str, Callable[[], str]] = {
    "brackets": lambda: "SELECT " + "(" * 50_000 + "1" + ")" * 50_000 + " FROM fine",
    "nots": lambda: "SELECT red FROM fine FILTER " + "NOT " * 100_000 + "red > 1",
    "minus": lambda: "SELECT " + "- " * 200_000 + "red FROM fine",
    "queries": lambda: "SELECT * FROM (" * 5_000 + "SELECT red FROM fine" + ")" * 5_000,
    "cases": lambda: "SELECT " + "CASE WHEN red > 1 THEN " * 5_000 + "1" + " ELSE 2 END" * 5_000 + " FROM fine",
    "ors": lambda: "SELECT red FROM fine FILTER " + " OR ".join(["red > 1"] * 50_000),
    "in list": lambda: f"SELECT red FROM fine FILTER red IN ({', '.join(map(str, range(30_000)))})",
    "long name": lambda: f"SELECT {'a' * 500_000} FROM fine",
    "long layer": lambda: f"SELECT red FROM {'a' * 500_000}",
    "long path": lambda: f"SELECT red FROM {'.'.join(['a'] * 100_000)}",
    "long text": lambda: f"SELECT red FROM fine FILTER red > '{'x' * 900_000}'",
    "columns": lambda: f"SELECT {', '.join(f'red AS c{n}' for n in range(6_000))} FROM fine",
    "unions": lambda: " UNION ALL ".join(["SELECT red FROM fine"] * 10_000),
    "statements": lambda: "SHOW LAYERS;" * 80_000,
    "comments": lambda: "/*" * 400_000,
    "spaces": lambda: "SELECT red" + " " * 900_000 + "FROM fine",
    "nul": lambda: "SELECT \0 FROM fine",
    "regions": lambda: "SELECT red FROM fine FILTER " + " AND ".join(["cell WITHIN BBOX(1,1,2,2)"] * 20_000),
    "geojson": lambda: "SELECT red FROM fine FILTER cell WITHIN GEOJSON '" + '{"type":' * 60_000 + "'",
    "wkt": lambda: (
        "SELECT red FROM fine FILTER cell WITHIN POLYGON '"
        + "GEOMETRYCOLLECTION(" * 40_000 + "POINT(1 1)" + ")" * 40_000 + "'"
    ),
    "geojson in geojson": lambda: (
        "SELECT red FROM fine FILTER cell WITHIN GEOJSON '"
        + '{"type": "GeometryCollection", "geometries": [' * 400 + "]}" * 400 + "'"
    ),
    "disks": lambda: "SELECT count(*) AS n FROM fine FILTER cell WITHIN DISK('861f8d447ffffff', 1000)",
}
"""Texts that would like to take much: depth, length, time."""


@pytest.fixture(scope="module")
def door(served: Served) -> Any:
    with closing(Raw(served.address, served.keeper)) as one:
        one.query("SHOW LAYERS")  # with the first guest come the threads that look after guests
        yield one


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_answered_or_refused_and_the_server_goes_on(door: Any, served: Served, name: str) -> None:
    text, before = HOSTILE[name](), threading.active_count()
    try:
        door.query(text)
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        told = str(error)
        assert not re.search("Traceback|recursion|reference", told), told[:500]
        assert len(told) < 20_000
    assert door.query("SELECT count(*) AS n FROM fine").num_rows == 1
    assert threading.active_count() <= before + 3


def test_texts_longer_than_the_limit_are_refused_before_they_are_read(serve: Serve) -> None:
    served = serve(limits={"statement_bytes": 2_000})
    with closing(Raw(served.address, served.keeper)) as one:
        with pytest.raises(pa.ArrowInvalid, match="longer than 2,000 bytes"):
            one.query("(" * 2_001)
        assert one.query("SHOW LAYERS").num_rows
