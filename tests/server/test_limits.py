"""What one statement, one client and one user may take of a server, and how it ends."""

from __future__ import annotations

import threading
import time
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.server import serving
from tests.server.conftest import Serve, Served
from tests.server.flowing import ENDLESS, SMALL, WITHIN_S, Client, client, is_free, now, sessions, threads, until
from tests.session.test_stopping import LONG, STREAM


def stalled(served: Served, one: Client) -> flight.FlightStreamReader:
    """A stream whose client has taken one batch and takes no more, until the server has stopped it."""
    reader = one.reader(ENDLESS)
    reader.read_chunk()
    until(lambda: now(served).running == 0 and all(r._closed for s in sessions(served) for r in s._at_work()))
    return reader


def test_a_client_that_takes_nothing_loses_its_statement_and_others_go_on(serve: Serve) -> None:
    served = serve(limits={"stall_s": 0.1, "running": 1, **SMALL})
    with client(served) as one, client(served) as other:
        reader = stalled(served, one)
        assert other.table("SELECT count(*) AS n FROM fine").num_rows == 1
        with pytest.raises(flight.FlightTimedOutError, match=r"not fetched for 0\.1 s"):
            reader.read_all()
        until(lambda: is_free(served))
    assert now(served).ended["stalled"] == 1


def test_a_client_that_reads_nothing_leaves_its_slot_to_others_and_goes_on_when_it_reads(serve: Serve) -> None:
    served = serve(limits={"running": 1, "waiting_s": WITHIN_S, **SMALL})
    expected = served.house.query(ENDLESS).to_arrow().num_rows
    with client(served) as one, client(served, token=served.token("ben", "keeper")) as other:
        reader = one.reader(ENDLESS)
        rows = reader.read_chunk().data.num_rows
        until(lambda: now(served).running == 0 and now(served).streams == 1)
        assert other.table("SELECT count(*) AS n FROM fine").num_rows == 1
        waiting = other.reader(ENDLESS)
        assert waiting.read_chunk().data.num_rows > 0
        assert rows + reader.read_all().num_rows == expected  # by turns with the other, who reads no more
        waiting.cancel()
        until(lambda: is_free(served))


def test_a_result_larger_than_the_server_gives_is_refused_in_mid_stream(serve: Serve) -> None:
    served = serve(limits={"most_rows": 300})
    with client(served) as one:
        assert one.table("SELECT cell FROM fine LIMIT 300").num_rows == 300
        with pytest.raises(pa.ArrowInvalid, match="more than 300 rows"):
            one.table(ENDLESS)
        until(lambda: is_free(served))
    served = serve(limits={"most_bytes": 100_000})
    with client(served) as one:
        with pytest.raises(pa.ArrowInvalid, match="more than 100,000 bytes"):
            one.table(ENDLESS)
        until(lambda: is_free(served))


def test_a_statement_ends_at_the_servers_limit_or_at_a_lower_one_of_the_guest(serve: Serve) -> None:
    served = serve(limits={"run_s": 0.3})
    with client(served, token=served.token("anna", "keeper")) as one:
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.3 s"):
            one.table(LONG)
        with pytest.raises(pa.ArrowInvalid, match=r"can be 0\.3 at most"):
            one.table("SET timeout_s = 100")
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.3 s"):
            one.table(LONG)
        one.table("SET timeout_s = 0.1")
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.1 s"):
            one.table(LONG)
        until(lambda: is_free(served))
    assert now(served).ended["timeout"] == 3


def test_time_between_getting_ready_and_fetching_does_not_count(serve: Serve) -> None:
    served, before = serve(), threads()
    with client(served) as one:
        info = one.info("SELECT count(*) AS n FROM fine")
        until(lambda: threads() <= before, lambda: threads() - before)  # no timer is left
        assert one.fetch(info).read_all().num_rows == 1


def test_getting_ready_has_a_limit_of_its_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(limits={"bind_s": 0.2})
    hold_binding(monkeypatch)
    with client(served) as one:
        with pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.2 s"):
            one.info("SELECT cell FROM fine")
        until(lambda: is_free(served))


def test_a_client_that_goes_while_its_statement_is_made_ready_frees_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    hold_binding(monkeypatch)
    with client(served, timeout_s=0.2) as one:
        with pytest.raises(flight.FlightTimedOutError):
            one.info("SELECT cell FROM fine")
        until(lambda: is_free(served))
    assert now(served).ended["cancelled"] == 1


def hold_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let statements get ready as slowly as one that lists a million files."""
    from cubeql.engine import execute

    def slow(running: Any, prepared: Any) -> Any:
        return running.cursor.execute("SELECT sum(a.range * b.range) FROM range(10000000) a, range(1000000) b")

    monkeypatch.setattr(execute, "_shape", slow)


def test_one_user_has_so_many_results_open_and_no_more(serve: Serve) -> None:
    served = serve(limits={"streams_per_user": 2, "stall_s": 0.1, **SMALL})
    token = served.keeper
    with client(served, token=token) as one:
        readers = [stalled(served, one) for _ in range(2)]
        with pytest.raises(flight.FlightUnavailableError, match="2 results of yours are open"):
            one.reader(ENDLESS).read_chunk()
        with client(served, token=served.token("ben", "keeper")) as other:
            assert other.table("SELECT count(*) AS n FROM fine").num_rows == 1
        for reader in readers:
            reader.cancel()
        until(lambda: is_free(served))
        assert one.table("SELECT count(*) AS n FROM fine").num_rows == 1


def test_a_full_server_says_that_it_is_busy_and_still_tells_what_rows_look_like(serve: Serve) -> None:
    served = serve(limits={"running": 1, "waiting": 0, **SMALL})
    with client(served) as one, client(served) as other:
        reader = one.reader(LONG)
        until(lambda: now(served).running == 1)
        info = other.info("SELECT cell FROM fine")
        with pytest.raises(flight.FlightUnavailableError, match="busy: 1 statements run and 0 wait"):
            other.fetch(info).read_all()
        assert other.table("SHOW LAYERS").num_rows > 0
        reader.cancel()
        until(lambda: is_free(served))
    assert now(served).ended["refused"] == 1


# -------------------------------------------------------------- statements that change something


@pytest.mark.parametrize("text", ["CREATE LAYER made AS SELECT cell, max(s) AS s FROM ({long}) AS q GROUP BY cell"])
def test_a_change_whose_client_goes_away_changes_nothing(serve: Serve, text: str) -> None:
    served = serve()
    long = "SELECT a.cell AS cell, " + LONG.partition("SELECT count(*) AS n, sum(")[2].replace(") AS s", " AS s", 1)
    long = LONG.partition("SELECT count(*)")[0] + long
    with client(served, timeout_s=0.5) as one:
        with pytest.raises(flight.FlightTimedOutError):
            one.info(text.format(long=long))
        until(lambda: is_free(served))
    assert now(served).ended["cancelled"] == 1
    assert served.house.store.layer("made") is None


# -------------------------------------------------------------- the end


def test_what_runs_may_end_when_the_server_stops_and_nothing_new_begins(serve: Serve) -> None:
    served = serve(limits=SMALL)
    with client(served) as one:
        expected = served.house.query(STREAM).to_arrow().num_rows
        info, reader = one.info("SELECT cell FROM fine LIMIT 1"), one.reader(STREAM)
        rows = reader.read_chunk().data.num_rows
        stopping = threading.Thread(target=served.serving.stop, args=(WITHIN_S,))
        stopping.start()
        until(lambda: served.serving.guests.desk.draining)
        with pytest.raises(flight.FlightUnavailableError, match="shutting down"):
            one.info("SELECT cell FROM fine")
        assert one.fetch(info).read_all().num_rows == 1  # it was ready before
        assert rows + reader.read_all().num_rows == expected
        stopping.join(WITHIN_S)
        assert not stopping.is_alive()


def test_what_runs_too_long_is_cancelled_when_the_server_stops(serve: Serve) -> None:
    served = serve()
    with client(served) as one:
        reader = one.reader(LONG)
        until(lambda: now(served).running == 1)
        served.serving.stop(0.0)
        with pytest.raises(flight.FlightError, match="cancelled"):
            reader.read_all()


def test_a_client_that_does_not_read_does_not_keep_a_server_from_stopping(serve: Serve) -> None:
    served = serve()
    with client(served) as one:
        reader = one.reader(ENDLESS)
        reader.read_chunk()
        began = time.monotonic()
        served.serving.stop(0.0)
        assert time.monotonic() - began < WITHIN_S
        assert now(served).ended["cancelled"] == 1
        assert all(r._closed for s in sessions(served) for r in s._at_work())
        reader.cancel()


def test_a_server_with_a_call_that_does_not_end_says_so_when_it_is_stopped(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, go_on = serve(), threading.Event()
    shutdown = served.serving.door.shutdown
    monkeypatch.setattr(served.serving.door, "shutdown", lambda: (go_on.wait(), shutdown()))
    monkeypatch.setattr(serving, "_ENDS_S", 0.05)
    assert served.serving.stop(0.0) is False
    assert serving.left_alone()
    go_on.set()
    until(lambda: not serving.left_alone())
