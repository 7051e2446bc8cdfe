"""Cancelling, time limits and closing, at every stage; nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.engine import prepare, regions
from cubeql.errors import CubeQLError, QueryCancelled, QueryTimeout

LONG = """WITH a AS (SELECT cell, red FROM fine), b AS (SELECT cell, nir FROM fine), c AS (SELECT cell, v FROM twin),
          d AS (SELECT cell, v AS w FROM twin), e AS (SELECT cell, a AS x FROM sparse), f AS (SELECT cell, red AS y
          FROM fine) SELECT count(*) AS n, sum(a.red * b.nir * c.v * d.w * e.x * f.y) AS s FROM a JOIN b JOIN c JOIN d
          JOIN e JOIN f
          JOIN (SELECT cell, nir AS g FROM fine) AS h JOIN (SELECT cell, nir AS i FROM fine) AS j
          JOIN (SELECT cell, nir AS k FROM fine) AS l FILTER a.red + b.nir + g + i + k > -1000"""  # fmt: skip
STREAM = """WITH a AS (SELECT cell, red FROM fine), b AS (SELECT cell, nir FROM fine), c AS (SELECT cell, v FROM twin),
            d AS (SELECT cell, v AS w FROM twin) SELECT a.red, b.nir, c.v, d.w, g FROM a JOIN b JOIN c JOIN d
            JOIN (SELECT cell, nir AS g FROM fine) AS h"""


@pytest.fixture
def session(cube_store: Path) -> Any:
    with cubeql.connect(cube_store, threads=1) as made:
        before = set(threading.enumerate())
        yield made
        assert_gone(before)
        assert not [r for r in made._running if not r._closed]


def assert_gone(before: set[threading.Thread]) -> None:
    """No thread is left but those that were there; what has been told to end is given time to."""
    until = time.monotonic() + 5
    while left := set(threading.enumerate()) - before:  # one that has not begun yet is among them, and cannot be joined
        assert time.monotonic() < until, left
        time.sleep(0.005)


def stopped_by(session: Any, reached: threading.Event, work: Callable[[], Any]) -> BaseException | None:
    """What a statement in another thread raises when it is cancelled once it has got so far."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(20)
    session.cancel()
    thread.join(20)
    assert not thread.is_alive()
    return raised[0] if raised else None


def test_cancel_while_masks_are_made(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go = threading.Event(), threading.Event()

    def shape_of(*args: Any) -> Any:
        reached.set()
        go.wait(20)
        return regions.shape_of(*args)

    monkeypatch.setattr(prepare, "shape_of", shape_of)
    cancel = session.cancel
    monkeypatch.setattr(session, "cancel", lambda: (cancel(), go.set()))
    text = "SELECT count(*) AS n FROM fine FILTER cell WITHIN BBOX(5, 40, 20, 55)"
    error = stopped_by(session, reached, lambda: session.query(text))
    assert isinstance(error, QueryCancelled)


def test_cancel_while_it_runs(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cubeql.engine import execute

    reached = threading.Event()
    start = execute._start

    def started(*args: Any) -> Any:
        reached.set()
        return start(*args)

    monkeypatch.setattr(execute, "_start", started)
    error = stopped_by(session, reached, lambda: session.query(LONG).to_arrow())
    assert isinstance(error, QueryCancelled)
    assert error.diagnostics[0].code == "cancelled"


def test_cancel_while_rows_stream(session: Any) -> None:
    reached = threading.Event()

    def read() -> None:
        for _ in session.query(STREAM):
            reached.set()

    assert isinstance(stopped_by(session, reached, read), QueryCancelled)


def test_cancel_between_two_batches_reaches_the_reader(session: Any) -> None:
    rows = iter(session.query(STREAM))
    next(rows)
    session.cancel()
    with pytest.raises(QueryCancelled):
        for _ in rows:
            pass


def test_cancel_leaves_the_session_usable(session: Any) -> None:
    rows = iter(session.query(STREAM))
    next(rows)
    session.cancel()
    session.cancel()
    with pytest.raises(QueryCancelled):
        list(rows)
    assert session.query("SELECT count(*) AS n FROM classes").to_arrow()["n"][0].as_py() == 12


@pytest.mark.parametrize("limit", [0.05, 0.3])
def test_a_time_limit_stops_a_statement(session: Any, limit: float) -> None:
    with pytest.raises(QueryTimeout, match=str(limit)):
        session.query(LONG, timeout_s=limit).to_arrow()


def test_the_settings_time_limit_holds_for_every_statement(cube_store: Path) -> None:
    with cubeql.connect(cube_store, timeout_s=0.2) as session, pytest.raises(QueryTimeout):
        session.query(LONG).to_arrow()


def test_a_statement_within_its_limit_leaves_no_timer(session: Any) -> None:
    before = set(threading.enumerate())
    assert session.query("SELECT cell FROM classes", timeout_s=60).to_arrow().num_rows == 12
    assert_gone(before)


def test_a_result_that_is_closed_unread_leaves_nothing(session: Any) -> None:
    with session.query(STREAM, timeout_s=60) as result:
        pass
    with pytest.raises(CubeQLError, match="closed"):
        result.to_arrow()


def test_a_result_that_is_closed_half_read_leaves_nothing(session: Any) -> None:
    with session.query(STREAM, timeout_s=60) as result:
        next(iter(result))


def test_a_reader_dropped_half_read_leaves_nothing(session: Any) -> None:
    reader = session.query(STREAM, timeout_s=60).to_reader()
    reader.read_next_batch()
    reader.close()
    del reader
    import gc

    gc.collect()


def test_a_statement_that_is_at_fault_leaves_nothing(session: Any) -> None:
    with pytest.raises(CubeQLError):
        session.query("SELECT cell FROM fine FILTER cell WITHIN FILE 'nowhere.geojson'", timeout_s=60)


def test_closing_the_session_stops_a_reader_in_another_thread(cube_store: Path) -> None:
    session = cubeql.connect(cube_store, threads=1)
    reached = threading.Event()
    raised: list[BaseException] = []

    def read() -> None:
        try:
            for _ in session.query(STREAM):
                reached.set()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert reached.wait(20)
    session.close()
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(raised[0], CubeQLError)


def test_closing_the_session_while_rows_wait(cube_store: Path) -> None:
    session = cubeql.connect(cube_store)
    rows = iter(session.query(STREAM))
    next(rows)
    session.close()
    with pytest.raises(CubeQLError):
        list(rows)


def test_progress_counts_the_tiles_of_what_runs(session: Any) -> None:
    assert session.progress() is None
    result = session.query("SELECT cell, red FROM fine")
    now = session.progress()
    assert now == result.progress() or now.seconds < result.progress().seconds
    assert (now.done < now.all, now.all) == (True, result.stats["tiles_kept"])
    rows = result.to_arrow()
    assert rows.num_rows
    assert session.progress() is None
    assert (result.progress().done, result.progress().seconds_left) == (now.all, 0)


def test_progress_of_what_was_stopped_stays_where_it_was(session: Any) -> None:
    result = session.query("SELECT cell, red FROM fine")
    result.close()
    assert session.progress() is None
    assert result.progress().done < result.progress().all
    assert session.query("SHOW LAYERS").progress() is None


def test_an_engine_that_does_not_hear_is_left_alone(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cubeql.engine import execute
    from cubeql.engine.running import left_alone

    reached, go = threading.Event(), threading.Event()

    def deaf(*args: Any) -> Any:
        reached.set()
        go.wait(20)
        raise AssertionError("nobody listens")

    monkeypatch.setattr(execute, "_start", deaf)
    error = stopped_by(session, reached, lambda: session.query("SELECT cell, red FROM fine"))
    assert isinstance(error, QueryCancelled)
    assert (left_alone(), session.progress()) == (1, None)
    session.close()  # waits for nobody
    assert left_alone() == 1
    go.set()
    wait_until(lambda: left_alone() == 0)
    wait_until(lambda: all(one._closed for one in session._running))


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(2000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("what was waited for did not come")
