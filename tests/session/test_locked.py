"""A locked engine: even SQL that no compiler made finds nothing but the files of layers there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import cubeql
from cubeql.errors import ConfigError
from tests.support.s3 import S3Place

SCAN = "SELECT count(*) AS n, min(red) AS low, max(red) AS high FROM fine FILTER red > -1000"


@pytest.fixture(scope="module")
def locked(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[cubeql.Session]:
    folder = tmp_path_factory.mktemp("locked")
    store = shutil.copytree(cube_store, folder / "store")
    (folder / "store-beside").mkdir()
    (folder / "store-beside/x.csv").write_text("a\n1\n")
    with cubeql.connect(store, locked=True, temp_folder=str(folder / "spill"), memory_limit="100MB") as session:
        yield session


def refused(session: Any, sql: str) -> str:
    with session._database.cursor() as cursor, pytest.raises(duckdb.Error) as raised:
        cursor.execute(sql).fetchall()
    return str(raised.value)


@pytest.mark.parametrize("sql", [
    "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')", "SELECT * FROM read_text('file:///etc/passwd')",
    "SELECT * FROM read_text('{store}/cubeql-store.json')", "SELECT * FROM read_text('{store}/names/fine.json')",
    "SELECT * FROM glob('{store}/*')", "SELECT * FROM read_text('{store}/layers/../cubeql-store.json')",
    "SELECT * FROM read_csv('{store}-beside/x.csv')", "SELECT * FROM read_text('http://127.0.0.1:1/x')",
    "SELECT * FROM read_text('s3://bucket/x')", "ATTACH '/tmp/x.db'", "ATTACH '{store}/x.db'",
    "COPY (SELECT 1) TO '/tmp/cubeql-x.csv'", "COPY (SELECT 1) TO '{store}/x.csv'", "EXPORT DATABASE '/tmp/cubeql-x'",
    "INSTALL httpfs", "LOAD '/tmp/x.duckdb_extension'", "LOAD spatial", "SELECT * FROM some_variable",
    "CREATE PERSISTENT SECRET s (TYPE s3)", "SET profiling_output = '/tmp/x'", "SET log_query_path = '/tmp/x'",
])  # fmt: skip
def test_files_hosts_and_extensions_cannot_be_reached(locked: Any, sql: str) -> None:
    some_variable = locked.query(SCAN).to_arrow()  # noqa: F841 - which an engine that is not locked would find
    told = refused(locked, sql.format(store=locked.store.address))
    assert any(said in told for said in ("disabled", "does not exist", "locked", "not found")), told


@pytest.mark.parametrize("name,value", [
    ("enable_external_access", "true"), ("allowed_directories", "['/']"), ("allowed_paths", "['/etc/passwd']"),
    ("allowed_configs", "['memory_limit']"), ("lock_configuration", "false"), ("memory_limit", "'99GB'"),
    ("threads", "1"), ("temp_directory", "'/tmp'"), ("python_enable_replacements", "true"),
    ("extension_directory", "'/tmp'"), ("allow_unsigned_extensions", "true"), ("home_directory", "'/tmp'"),
])  # fmt: skip
def test_what_it_may_cannot_be_changed(locked: Any, name: str, value: str) -> None:
    for sql in (f"SET GLOBAL {name} = {value}", f"SET {name} = {value}", f"RESET GLOBAL {name}"):
        refused(locked, sql)


def test_statements_answer_as_on_an_open_engine(locked: Any, cube: Any) -> None:
    for text in (SCAN, "SHOW LAYERS", "SELECT cell, time, red FROM fine ORDER BY cell, time", "SHOW TIMES fine"):
        assert locked.query(text).to_arrow().equals(cube.query(text).to_arrow())
    assert locked.explain(SCAN, analyze=True).actual["rows"] == 1


def test_sorts_larger_than_memory_still_have_their_folder(locked: Any) -> None:
    text = "SELECT count(*), max(b) FROM (SELECT range AS a, hash(range) AS b FROM range(8000000) ORDER BY b, a)"
    with locked._database.cursor() as cursor:
        assert cursor.execute(text).fetchone()[0] == 8_000_000


def test_settings_of_a_locked_engine_stay(locked: Any) -> None:
    for name, value in (("threads", 1), ("memory_limit", "1GB"), ("temp_folder", None), ("locked", False)):
        with pytest.raises(ConfigError, match=name):
            locked.set(name, value)
    locked.set("timeout_s", 60)


def test_on_s3_it_reads_its_prefix_and_its_key_is_renewed(s3: S3Place, cube_store: Path, cube: Any) -> None:
    s3.upload(cube_store, "store")
    s3.put("beside.csv", b"a\n1\n")
    store = s3.address("store")
    with cubeql.connect(store, locked=True) as session:
        assert session.query(SCAN).to_arrow().equals(cube.query(SCAN).to_arrow())
        assert session.explain(SCAN, analyze=True).actual["requests"] >= 0
        for sql in (f"SELECT * FROM read_csv('{s3.address('beside.csv')}')",
                    f"SELECT * FROM read_text('{store}/cubeql-store.json')", "SELECT * FROM read_text('/etc/passwd')",
                    f"SELECT * FROM glob('{s3.address('*')}')", "SELECT * FROM read_text('http://127.0.0.1:1/x')",
                    f"COPY (SELECT 1) TO '{s3.address('out.csv')}'", "SELECT * FROM glob('/proc/*')"):  # fmt: skip
            assert "disabled by configuration" in refused(session, sql)
        session._engine.remote._given = None
        session._engine.remote.renew()
        again = "SELECT count(*) AS n FROM fine FILTER red > 0"
        assert session.query(again).to_arrow().equals(cube.query(again).to_arrow())
