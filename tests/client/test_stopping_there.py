"""Statements at a server: stopped, limited, never run twice, and nothing of them left."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pyarrow.flight as flight
import pytest

import cubeql
from cubeql.client.connection import Connection
from cubeql.client.session import RemoteSession
from cubeql.engine.result import Result
from cubeql.errors import ConfigError, QueryCancelled, QueryError, QueryTimeout, StoreError
from tests.client.way import STREAM, said_by, until
from tests.server.conftest import Serve, Served


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


def test_of_a_statement_that_the_server_refused_nothing_runs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    act = Connection.act

    def noted(self: Connection, name: str, *args: Any, **named: Any) -> bytes:
        asked.append(name)
        return act(self, name, *args, **named)

    monkeypatch.setattr(Connection, "act", noted)
    with served.connect() as session:
        with pytest.raises(QueryError):
            session.query("SELECT nothing FROM fine")
        assert session.progress() is None
    assert asked == []  # it is not stopped either


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


def test_a_statement_that_only_reads_is_asked_again_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    ready = cubeql.session.Session.ready

    def broken(self: Any, text: str, *args: Any, **named: Any) -> Any:
        runs.append(text)
        if len(runs) % 3:  # the first time and the second
            raise flight.FlightUnavailableError("Socket closed")
        return ready(self, text, *args, **named)

    text = "SELECT count(*) AS n FROM classes"
    monkeypatch.setattr(cubeql.session.Session, "ready", broken)
    with served.connect() as session:
        assert "ended the connection" in str(said_by(lambda: session.query(text)))
        assert runs == [text, text]
        assert session.query(text).to_arrow().num_rows == 1
        assert runs == [text] * 3
