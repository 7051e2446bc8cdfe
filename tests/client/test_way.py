"""The way to a server: who comes in, what is said when it is not there, what is freed, and what is not run twice."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.flight as flight
import pytest
import trustme

import cubeql
from cubeql.client.session import RemoteSession
from cubeql.engine.result import Result
from cubeql.errors import ConfigError, CubeQLError, QueryCancelled, QueryTimeout, StoreError
from tests.server.conftest import Serve, Served

STREAM = "SELECT cell, time, red, nir FROM fine"
NOISE = ("gRPC", "debug context", "Detail:", "Traceback", "pyarrow", "ipv4:", ".cc")


def said_by(ask: Callable[[], Any]) -> CubeQLError:
    with pytest.raises(CubeQLError) as raised:
        ask()
    said = str(raised.value)
    assert not any(noise in said for noise in NOISE), said
    return raised.value


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CUBEQL_TOKEN", raising=False)


# -------------------------------------------------------------- who comes in


def test_connect_opens_what_the_address_says(served: Served, served_store: Path) -> None:
    with cubeql.connect(served.address, token=served.keeper) as far, cubeql.connect(served_store) as near:
        assert isinstance(far, RemoteSession)
        assert far.query("SHOW LAYERS").to_arrow().num_rows == near.query("SHOW LAYERS").to_arrow().num_rows > 0


def test_a_token_is_taken_from_where_it_is_said(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config/cubeql").mkdir(parents=True)
    place = served.address.removeprefix("flight://")
    (tmp_path / "config/cubeql/config.toml").write_text(f'[servers."{place}"]\ntoken_file = "t"\n')
    file = tmp_path / "config/cubeql/t"
    assert isinstance(said_by(lambda: cubeql.connect(served.address)), ConfigError)
    file.write_text(f"{served.keeper}\n")
    file.chmod(0o644)
    assert "chmod 600" in str(said_by(lambda: cubeql.connect(served.address)))
    file.chmod(stat.S_IRUSR)
    with cubeql.connect(served.address) as session:
        assert session.layers
    monkeypatch.setenv("CUBEQL_TOKEN", served.token("anna"))
    with cubeql.connect(served.address) as session:
        assert session.layers == ()
    with cubeql.connect(served.address, token=served.keeper) as session:
        assert session.layers


def test_a_token_is_never_shown(served: Served) -> None:
    secret = served.keeper
    with cubeql.connect(served.address, token=secret) as session:
        shown = repr((session, session.settings, session.store, vars(session)))
        assert secret not in shown
    wrong = f"cubeql_1_{'x' * 20}"
    with cubeql.connect(served.address, token=wrong) as session:
        assert wrong not in str(said_by(lambda: session.query("SHOW LAYERS")))


@pytest.mark.parametrize("token", [None, "wrong"])
def test_who_has_no_good_token_is_told_what_to_do(served: Served, token: str | None) -> None:
    with cubeql.connect(served.address, token=token) as session:
        explain = lambda: session.explain("FROM fine SELECT red")  # noqa: E731
        for ask in (lambda: session.query("SHOW LAYERS"), lambda: session.layers, explain):
            fault = said_by(ask)
            assert isinstance(fault, ConfigError) and "CUBEQL_TOKEN" in str(fault)


@pytest.mark.parametrize(
    "settings", [{"threads": 2}, {"nope": 1}, {"token": "a\nb"}, {"token": "ä"}, {"timeout_s": 0}, {"tls_cert": "x"},
                 {"tls_ca": "/nowhere.pem"}, {"tls_ca": __file__}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        cubeql.connect("flight://cubes.example.org:1", **settings)


# -------------------------------------------------------------- nobody there


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    place = f"127.0.0.1:{free_port()}"
    with cubeql.connect(f"flight://{place}", token="x") as session:
        explain = lambda: session.explain("FROM fine SELECT red")  # noqa: E731
        for ask in (lambda: session.query("SHOW LAYERS"), lambda: session.layers, explain):
            assert str(said_by(ask)) == f"{place} does not answer: nobody listens there"


def test_a_name_that_nobody_knows_is_said_to_be_so() -> None:
    with cubeql.connect("flight://nobody.invalid:1?tls=no", token="x") as session:
        assert "a name that nobody knows" in str(said_by(lambda: session.query("SHOW LAYERS")))


@contextmanager
def with_tls(*names: str, authority: trustme.CA) -> Iterator[int]:
    leaf = authority.issue_cert(*names)
    pair = (leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())
    server = flight.FlightServerBase("grpc+tls://127.0.0.1:0", tls_certificates=[pair])
    try:
        yield server.port
    finally:
        server.shutdown()


def test_a_server_that_cannot_be_believed_is_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    ca = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(str(ca))

    def asked(port: int, **settings: Any) -> str:
        with cubeql.connect(f"flight://127.0.0.1:{port}?tls=yes", token="x", **settings) as session:
            return str(said_by(lambda: session.query("SHOW LAYERS")))

    with with_tls("127.0.0.1", authority=ours) as port:
        assert "not of an authority believed here" in asked(port)
        assert "does not do this" in asked(port, tls_ca=ca)  # it came through
        with cubeql.connect(f"flight://127.0.0.1:{port}", token="x") as session:
            assert "?tls=yes" in str(said_by(lambda: session.query("SHOW LAYERS")))
    with with_tls("127.0.0.1", authority=theirs) as port:
        assert "not of an authority believed here" in asked(port, tls_ca=ca)
    with with_tls("elsewhere.example.org", authority=ours) as port:
        assert "the certificate of another host" in asked(port, tls_ca=ca)
    assert "andshake" not in capfd.readouterr().err  # which gRPC writes of itself


def test_a_server_without_tls_is_told_from_one_that_is_not_there(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    with cubeql.connect(f"{served.address}?tls=yes", token="x") as session:
        assert "?tls=no" in str(said_by(lambda: session.query("SHOW LAYERS")))
    assert "andshake" not in capfd.readouterr().err  # which gRPC writes of itself


# -------------------------------------------------------------- going away, coming back


def test_a_server_that_comes_back_is_found_again(serve: Serve) -> None:
    first = serve()
    place, token = first.address.removeprefix("flight://"), first.keeper
    with cubeql.connect(first.address, token=token) as session:
        assert session.query("SELECT 1 AS x FROM classes LIMIT 1").to_arrow().num_rows == 1
        first.serving.stop()
        fault = said_by(lambda: session.query("SHOW LAYERS"))
        assert isinstance(fault, StoreError) and place in str(fault)
        second = serve(flight={"address": place})
        second.users[token] = first.users[token]
        assert session.query("SELECT 1 AS x FROM classes LIMIT 1").to_arrow().num_rows == 1
        assert session.layers


def test_a_server_that_goes_away_while_rows_come_is_said_to_be_gone(served_store: Path, tmp_path: Path) -> None:
    script = (
        "import cubeql, sys, time\n"
        "from cubeql.catalog.rights import Who\n"
        "from cubeql.server.serving import Serving\n"
        "from cubeql.server.settings import ServerSettings\n"
        f"house = cubeql.connect({str(served_store)!r})\n"
        "settings = ServerSettings.of(flight={'address': '127.0.0.1:0'}, limits={'batch_bytes': 65536})\n"
        "print(Serving(house, {'k': Who('root', True, True)}.get, settings).address, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with cubeql.connect(address, token="k") as session:
            text = "SELECT a.cell, b.cell AS other, a.red AS red, b.nir AS nir FROM fine AS a JOIN fine AS b"
            batches = iter(session.query(text))
            process.kill()
            with pytest.raises(StoreError) as raised:
                for _ in batches:
                    pass
            assert "went away while its rows came" in str(raised.value) or "does not answer" in str(raised.value)


# -------------------------------------------------------------- stopping


def test_a_statement_is_cancelled_from_another_thread(served: Served) -> None:
    with served.connect() as session:
        result = session.query(STREAM)
        session.cancel()
        with pytest.raises(QueryCancelled):
            result.to_arrow()
        assert session.progress() is None
    until(lambda: not served.serving.guests.desk._open)


def test_cancelling_before_anything_was_answered_stops_waiting(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    held, begun = threading.Event(), threading.Event()
    ready = cubeql.session.Session.ready

    def slow(self: Any, *args: Any, **named: Any) -> Any:
        begun.set()
        halt = named["halt"]
        while not (halt.called or held.is_set()):
            time.sleep(0.005)
        return ready(self, *args, **named)

    monkeypatch.setattr(cubeql.session.Session, "ready", slow)
    with served.connect() as session:
        faults: list[BaseException] = []

        def ask() -> None:
            try:
                session.query("SELECT count(*) AS n FROM fine")
            except BaseException as fault:
                faults.append(fault)

        asking = threading.Thread(target=ask)
        asking.start()
        assert begun.wait(20)
        session.cancel()
        asking.join(20)
        held.set()
        assert [type(fault) for fault in faults] == [QueryCancelled]


def test_ctrl_c_is_heard_while_the_first_rows_are_computed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, let_go = threading.Event(), threading.Event()
    rows = Result.__iter__

    def slow(self: Result) -> Any:
        if self.statement == STREAM and threading.current_thread().name == "cubeql-stream":
            begun.set()
            let_go.wait(20)
        yield from rows(self)

    monkeypatch.setattr(Result, "__iter__", slow)
    with served.connect() as session:
        result = session.query(STREAM)
        assert begun.wait(20)
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            result.to_arrow()
        let_go.set()
    until(lambda: not served.serving.guests.desk._open)


def test_a_server_with_too_much_to_do_says_so(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = serve(limits={"running": 1, "running_per_user": 1, "waiting": 0})
    begun, let_go = threading.Event(), threading.Event()
    ready = cubeql.session.Session.ready

    def slow(self: Any, text: str, *args: Any, **named: Any) -> Any:
        if "held" in text:
            begun.set()
            let_go.wait(20)
        return ready(self, text, *args, **named)

    monkeypatch.setattr(cubeql.session.Session, "ready", slow)
    with busy.connect() as session:
        holding = threading.Thread(target=lambda: session.query("SELECT count(*) AS held FROM fine").to_arrow())
        holding.start()
        assert begun.wait(20)
        fault = said_by(lambda: session.query("SELECT count(*) AS n FROM fine"))
        assert isinstance(fault, StoreError) and "busy" in str(fault)
        let_go.set()
        holding.join(20)


def test_a_time_limit_is_kept_there(served: Served) -> None:
    with served.connect() as session, pytest.raises(QueryTimeout) as raised:
        session.query(STREAM, timeout_s=1e-6).to_arrow()
    assert raised.value.diagnostics[0].code == "timeout"


def test_sessions_of_one_token_do_not_stop_each_other(served: Served) -> None:
    token = served.keeper
    with served.connect(token) as one, served.connect(token) as other, other.another() as third:
        results = [session.query(STREAM) for session in (one, other, third)]
        one.cancel()
        with pytest.raises(QueryCancelled):
            results[0].to_arrow()
        assert results[1].to_arrow().num_rows == results[2].to_arrow().num_rows > 0


def test_what_is_left_is_freed_at_the_server(served: Served) -> None:
    def threads() -> set[str]:
        return {t.name for t in threading.enumerate() if t.name.startswith("cubeql-flight")}

    with served.connect() as session:
        for _ in range(3):
            session.query(STREAM).close()
            next(iter(session.query(STREAM)))
            session.ready(STREAM).close()
    until(lambda: not served.serving.guests.desk._open and not served.serving.guests.desk._halts)
    until(lambda: not threads())
    with pytest.raises(ConfigError, match="closed"):
        session.query("SHOW LAYERS")


def test_sessions_that_close_while_statements_run_leave_nothing(served: Served) -> None:
    """A channel that is closed under a call in another thread would end the process."""
    faults: list[str] = []

    def ask(session: RemoteSession) -> None:
        try:
            session.query(STREAM).to_arrow()
        except (QueryCancelled, ConfigError):
            pass
        except BaseException as fault:
            faults.append(repr(fault))

    for n in range(30):
        session = served.connect()
        asking = [threading.Thread(target=ask, args=(session,)) for _ in range(3)]
        for one in asking:
            one.start()
        time.sleep(n / 1000)  # each a little later on its way
        session.close()
        for one in asking:
            one.join(20)
    assert faults == []
    until(lambda: not served.serving.guests.desk._open)


def test_how_far_a_statement_is_comes_from_the_server(served: Served) -> None:
    with served.connect() as session:
        assert session.progress() is None
        waits = session.ready(STREAM)
        until(lambda: session.progress() is not None)
        with waits.start() as result:
            rows = sum(batch.num_rows for batch in result)
            told, here = result.progress(), served.house.query(STREAM)
            assert sum(batch.num_rows for batch in here) == rows
            wanted = here.progress()
            assert told is not None and wanted is not None
            assert (told.done, told.all) == (wanted.done, wanted.all)
            assert told.done == told.all > 0


def test_a_statement_that_changes_something_is_not_run_twice(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    one = serve()
    runs: list[str] = []
    ready = cubeql.session.Session.ready

    def counted(self: Any, text: str, *args: Any, **named: Any) -> Any:
        runs.append(text)
        found = ready(self, text, *args, **named)
        if text.startswith("CREATE"):
            raise flight.FlightUnavailableError("Socket closed")  # as if the answer was lost
        return found

    monkeypatch.setattr(cubeql.session.Session, "ready", counted)
    with one.connect() as session:
        fault = said_by(lambda: session.query("CREATE VIEW twice AS SELECT cell FROM fine"))
        assert "may have been run" in str(fault)
        assert runs.count("CREATE VIEW twice AS SELECT cell FROM fine") == 1
        session.query("DROP VIEW twice")


# -------------------------------------------------------------- the command


def cubeql_command(*words: str, token: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUBEQL_TOKEN": token, **more}
    return subprocess.run([sys.executable, "-m", "cubeql", *words], capture_output=True, text=True, env=environment,
                          timeout=60)  # fmt: skip


def test_the_command_works_at_a_server(served: Served, tmp_path: Path) -> None:
    out = tmp_path / "n.csv"
    text = "SELECT count(*) AS n FROM classes"
    done = cubeql_command(served.address, "-c", text, "-o", str(out), token=served.keeper)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_text().split() == ["n", str(served.house.query(text).to_arrow()["n"][0].as_py())]


def test_faults_of_the_command_have_their_exit_codes(
    served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cubeql.cli.main import main

    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    nobody = f"flight://127.0.0.1:{free_port()}"
    here = ["--store", served.address]
    rows: list[tuple[list[str], int, str]] = [
        ([served.address, "-c", "SELECT rad FROM fine"], 1, "unknown_column"),
        ([nobody, "-c", "SHOW LAYERS"], 3, "nobody listens there"),
        ([served.address, "-c", "SELECT 1 AS x FROM fine", "--timeout", "0.000001"], 4, "timeout"),
        (["flight://x@h:1", "-c", "SHOW LAYERS"], 2, "a user or token"),
        (["compact", *here], 2, "by who keeps it"),
        (["vacuum", *here], 2, "by who keeps it"),
        (["ingest", "x.tif", "--layer", "x", *here], 2, "by who keeps it"),
        (["demo", *here], 2, "by who keeps it"),
        (["layers", served.address], 0, ""),
        (["describe", "fine", *here], 0, ""),
        (["card", "fine", *here], 0, ""),
        (["card", "fine", "--stac", *here], 0, ""),
        (["explain", "SELECT avg(red) FROM fine", *here], 0, ""),
        (["explain", "SELECT avg(red) FROM fine", "--analyze", *here], 0, ""),
    ]
    for words, code, said in rows:
        assert main(words) == code, words
        heard = capfd.readouterr().err
        assert said in heard and not any(noise in heard for noise in NOISE), words
    monkeypatch.setenv("CUBEQL_TOKEN", "wrong")
    assert main([served.address, "-c", "SHOW LAYERS"]) == 2
    assert "does not let you in" in capfd.readouterr().err
