"""The engine on S3: what it is let read, what it asks for, and what happens when S3 refuses, hangs or dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cubeql.engine import remote as remotes
from cubeql.engine.connection import EngineSettings, open_engine
from cubeql.engine.remote import Remote
from cubeql.engine.running import Running
from cubeql.errors import QueryCancelled, QueryTimeout, StoreError
from cubeql.storage.addresses import parse_address
from cubeql.storage.credentials import S3Access
from tests.support.s3 import READER, REGION, SECRETS, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place
from tests.support.tollgate import Tollgate

ROWS = 400_000


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of a few megabytes in several row groups."""
    file = tmp_path_factory.mktemp("parquet") / "file"
    noise = np.random.default_rng(0).random(ROWS)
    pq.write_table(pa.table({"n": np.arange(ROWS), "noise": noise}), file, row_group_size=ROWS // 8)
    return Path(file).read_bytes()


@pytest.fixture
def gate(s3: S3Place) -> Iterator[Tollgate]:
    with Tollgate(s3.server.ports["s3"]) as gate:
        yield gate


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_engine(EngineSettings(threads=4)) as database:
        yield database


Runner = Callable[..., list[Any]]


@pytest.fixture
def on_s3(s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes) -> Iterator[tuple[Remote, Runner]]:
    """A remote engine on the test's own place, and what runs SQL with ``FILE`` in it as a statement is run."""
    address = s3.put("store/file.parquet", parquet)
    yield _remote(s3, database, address)


def _remote(s3: S3Place, database: duckdb.DuckDBPyConnection, address: str) -> tuple[Remote, Runner]:
    remote = Remote(database, parse_address(s3.address("store")))

    def run(sql: str, timeout_s: float | None = None, file: str = address, started: Any = None) -> list[Any]:
        remote.renew()
        running = Running(database.cursor(), sql, timeout_s, remote)
        if started is not None:
            started(running)
        with running.faults():
            rows = running.work(lambda: running.cursor.execute(sql.replace("FILE", f"'{file}'")).fetchall())
        found = running.traffic()
        running.close()
        return [*rows, found]

    return remote, run


def test_answer_is_that_of_the_bytes_and_asked_once(on_s3: tuple[Remote, Runner], parquet: bytes) -> None:
    _, run = on_s3
    first, traffic = run("SELECT count(*), sum(n), sum(noise) > 0 FROM FILE")
    assert first == (ROWS, ROWS * (ROWS - 1) // 2, True)
    assert 0 < traffic.requests < 40
    assert len(parquet) / 2 < traffic.bytes < 2 * len(parquet)
    again, nothing = run("SELECT count(*), sum(n), sum(noise) > 0 FROM FILE")
    assert again == first
    assert (nothing.requests, nothing.bytes) == (0, 0)


def test_traffic_is_what_came_over_the_network(
    s3: S3Place, gate: Tollgate, database: duckdb.DuckDBPyConnection, parquet: bytes
) -> None:
    address = s3.put("store/file.parquet", parquet)
    s3.use(WRITER, gate.endpoint)
    _, run = _remote(s3, database, address)
    traffic = run("SELECT sum(noise) FROM FILE")[-1]
    heads = gate.answered - traffic.bytes
    assert 0 < heads < 2_000 * traffic.requests  # an answer has a head of some hundred bytes
    assert traffic.bytes > 8 * ROWS  # the noise cannot be packed


def test_traffic_of_statements_side_by_side_is_each_ones_own(
    s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes
) -> None:
    one, other = s3.put("store/one.parquet", parquet), s3.put("store/other.parquet", parquet)
    remote, _ = _remote(s3, database, one)
    statements = [Running(database.cursor(), "", None, remote) for _ in (one, other)]
    for statement, file in zip(statements, (one, other)):
        statement.work(lambda s=statement, f=file: s.cursor.execute(f"SELECT sum(n) FROM '{f}'").fetchall())
    found = [statement.traffic() for statement in statements]
    assert found[0] == found[1]
    statements[0].close()
    assert statements[1].traffic() == found[1]
    statements[1].close()
    cursor = database.cursor()
    assert cursor.execute("SELECT count(*) FROM duckdb_logs()").fetchall() == [(0,)]


def test_log_that_grows_too_long_is_emptied_and_what_is_lost_is_not_made_up(
    s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "_MOST_LOGGED", 1)
    remote, run = _remote(s3, database, s3.put("store/file.parquet", parquet))
    long = Running(database.cursor(), "", None, remote)
    assert run("SELECT sum(n) FROM FILE")[-1].requests > 0
    assert long.traffic() is None
    long.close()


def test_key_is_given_for_the_store_alone(s3: S3Place, on_s3: tuple[Remote, Runner], parquet: bytes) -> None:
    _, run = on_s3
    beside = s3.put("storeroom/file.parquet", parquet)
    with pytest.raises(StoreError):
        run("SELECT count(*) FROM FILE", file=beside)


@pytest.mark.parametrize(("key", "reason"), [
    (WRONG_SECRET, "the secret is not that of key"), (UNKNOWN, "is not known there"), (None, "no key was found"),
    (Key(WRITER.id, WRITER.secret, "stale-token-of-it"), "key"),
])  # fmt: skip
def test_refused_key_is_a_store_error_without_secrets(
    s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes, key: Key | None, reason: str
) -> None:
    address = s3.put("store/file.parquet", parquet)
    s3.use(key)
    _, run = _remote(s3, database, address)
    with pytest.raises(StoreError, match=reason) as caught:
        run("SELECT count(*) FROM FILE")
    told = _all_texts(caught.value)
    assert not any(secret in told for secret in (*SECRETS, "stale-token-of-it"))


def _all_texts(error: BaseException | None) -> str:
    texts = []
    while error is not None:
        texts.append(f"{error!s} {error!r}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def test_reader_reads(s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes) -> None:
    address = s3.put("store/file.parquet", parquet)
    s3.use(READER)
    assert _remote(s3, database, address)[1]("SELECT count(*) FROM FILE")[0] == (ROWS,)


def test_lost_file_is_a_store_error(s3: S3Place, on_s3: tuple[Remote, Runner]) -> None:
    _, run = on_s3
    with pytest.raises(StoreError, match="the object is gone"):
        run("SELECT 1 FROM FILE", file=s3.address("store", "nowhere.parquet"))


def test_new_key_is_used_by_the_next_statement(
    s3: S3Place, database: duckdb.DuckDBPyConnection, parquet: bytes
) -> None:
    class Login:
        key = UNKNOWN

        def access(self) -> S3Access:
            return accesses[self.key]

    accesses = {k: S3Access(k.id, k.secret, None, REGION, s3.server.endpoint, True) for k in (UNKNOWN, WRITER)}
    address = s3.put("store/file.parquet", parquet)
    login = Login()
    remote = Remote(database, parse_address(s3.address("store")), login)  # type: ignore[arg-type]
    sql = f"SELECT count(*) FROM '{address}'"
    with pytest.raises(duckdb.HTTPException):
        database.execute(sql)
    login.key = WRITER
    remote.renew()
    assert database.execute(sql).fetchall() == [(ROWS,)]


def test_server_that_is_killed_is_an_error_and_one_that_is_back_is_read(
    s3: S3Place, gate: Tollgate, database: duckdb.DuckDBPyConnection, parquet: bytes
) -> None:
    address = s3.put("store/file.parquet", parquet)
    s3.use(WRITER, gate.endpoint)
    _, run = _remote(s3, database, address)
    gate.shut_after = len(parquet) // 2  # in the middle of the data

    def kill_in_the_middle(running: Running) -> None:
        import threading

        threading.Thread(target=lambda: (gate.held.wait(), s3.server.kill(), gate.open(), gate.cut())).start()

    with pytest.raises(StoreError, match="does not answer"):
        run("SELECT sum(n), sum(noise) FROM FILE", started=kill_in_the_middle)
    with pytest.raises(StoreError, match="does not answer"):
        run("SELECT sum(n), sum(noise) FROM FILE")
    s3.server.start()
    assert run("SELECT sum(n) FROM FILE")[0] == (ROWS * (ROWS - 1) // 2,)


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_statement_that_waits_for_a_server_that_hangs_can_be_stopped(
    s3: S3Place, gate: Tollgate, database: duckdb.DuckDBPyConnection, parquet: bytes, how: str
) -> None:
    import threading

    address = s3.put("store/file.parquet", parquet)
    s3.use(WRITER, gate.endpoint)
    _, run = _remote(s3, database, address)
    gate.shut()

    def cancel_when_held(running: Running) -> None:
        if how == "cancel":
            threading.Thread(target=lambda: (gate.held.wait(), running.cancel())).start()

    with pytest.raises(QueryTimeout if how == "timeout" else QueryCancelled):
        run("SELECT sum(n) FROM FILE", timeout_s=0.3 if how == "timeout" else None, started=cancel_when_held)
    assert gate.is_shut  # it was given up, not waited for
    assert gate.held.is_set()
    gate.open()
    assert run("SELECT sum(n) FROM FILE")[0] == (ROWS * (ROWS - 1) // 2,)


def test_engine_without_the_extension_says_how_to_get_it(
    database: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(remotes, "extension_file", lambda: None)
    monkeypatch.delenv(remotes.MAY_INSTALL, raising=False)
    database.execute(f"SET extension_directory = '{tmp_path}'")
    with pytest.raises(StoreError, match=r"pip install 'cubeql\[s3\]'"):
        remotes.load_extension(database)
