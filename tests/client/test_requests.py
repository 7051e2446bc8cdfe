"""How much a statement asks of a server: two requests, and one binding more than here."""

from __future__ import annotations

import pytest

from cubeql.client.session import RemoteSession
from cubeql.engine.running import Running
from cubeql.engine.statements import call
from cubeql.server.flight import FlightDoor
from tests.session.test_caches import Counting


def test_a_statement_takes_two_requests(far: RemoteSession, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT count(*) AS n FROM classes"
    far.query(text).to_arrow()  # the token is known
    asked: list[str] = []
    for name in ("get_flight_info", "get_schema", "do_get", "do_action"):
        real = getattr(FlightDoor, name)
        monkeypatch.setattr(FlightDoor, name, lambda *a, _name=name, _real=real: (asked.append(_name), _real(*a))[1])
    far.query(text).to_arrow()
    assert asked == ["get_flight_info", "do_get"]


def test_the_engine_is_asked_for_the_shape_and_for_the_rows(
    far: RemoteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "SELECT count(*) AS n FROM classes"
    far.query(text).to_arrow()
    asked: list[str] = []
    monkeypatch.setattr(call, "Running", lambda cursor, *given: Running(Counting(cursor, asked), *given))
    far.query(text).to_arrow()
    assert [a.split(maxsplit=1)[0] for a in asked] == ["FROM", "WITH"]
