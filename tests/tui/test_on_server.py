"""The screen on a store that a server has: it shows what it shows on the store itself, and a server may come and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.map.pane import MapPane
from cubeql_tui.plan import PlanView
from textual.pilot import Pilot

from cubeql.errors import StoreError
from tests.server.conftest import Serve, Served, serve, served, served_store
from tests.tui.screen import ask, ended, play, shown, until
from tests.tui.test_on_s3 import _mapped, _to_layer

__all__ = ["serve", "served", "served_store"]

ROWS = "SELECT cell, time, red FROM fine ORDER BY cell, time LIMIT 50"


@pytest.fixture
def far(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The address of the served store, with the token in the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    return served.address


def seen_of(store: Any, tmp_path: Path) -> dict[str, Any]:
    """What the screen shows of a store, view by view."""
    found: dict[str, Any] = {}

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        found["layers"] = [f.record for f in editor.snapshot.facts]
        found["facts"] = list(editor.snapshot.facts)
        found["names"] = (editor.snapshot.view_names(), editor.snapshot.cell_set_names())
        await ask(app, pilot, ROWS)
        assert app.run_now is not None and app.run_now.rows is not None
        found["rows"] = app.run_now.rows.table()
        found["warnings"] = app.run_now.warnings
        await pilot.press("ctrl+e")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        field = app.screen.query_one("Input")
        field.value = str(tmp_path / "rows.csv")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "rows.csv").exists() and "✓" in shown(app))
        found["file"] = (tmp_path / "rows.csv").read_text()
        (tmp_path / "rows.csv").unlink()
        await pilot.press("escape")
        await ask(app, pilot, "SELECT rad FROM fine")
        found["fault"] = str(app.run_now.error)
        await _to_layer(app, pilot, "finer")
        await pilot.press("p")
        await ended(app, pilot)
        found["preview"] = app.run_now.rows.table()
        pane = await _mapped(app, pilot, "finer")
        found["map"] = (pane.map.hexes.cells.tolist(), pane.map.hexes.values.tolist())
        editor.put(ROWS)
        await pilot.press("f9")
        plan = app.query_one(PlanView)
        await until(pilot, lambda: plan._found is not None)
        found["plan"] = (plan._found.steps, plan._found.totals, plan._found.sql)  # type: ignore[union-attr]

    play(store, scene)
    return found


def test_every_view_shows_what_it_shows_on_the_store_itself(
    far: Any, served_store: Path, tmp_path: Path
) -> None:
    there, here = seen_of(far, tmp_path), seen_of(served_store, tmp_path)
    assert there.keys() == here.keys()
    for name in here:
        assert there[name] == here[name], name


def test_a_second_map_asks_in_a_session_of_its_own(far: Any) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await _mapped(app, pilot, "finer")
        pane = app.query_one(MapPane)
        apart = pane.sides._apart(pane.side.source)
        assert apart.session is not pane.side.source.session
        assert apart.session.store.address == app.session.store.address

    play(far, scene)


def test_a_statement_at_a_server_is_cancelled_by_escape(
    far: Any, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from cubeql.session import Session

    begun, ready = threading.Event(), Session.ready

    def slow(self: Session, text: str, *args: Any, **named: Any) -> Any:
        halt = named.get("halt")
        if "elsewhere" in text:
            begun.set()
            while not halt.called:
                begun.wait(0.01)
        return ready(self, text, *args, **named)

    monkeypatch.setattr(Session, "ready", slow)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one(QueryEditor).put("SELECT count(*) AS elsewhere FROM fine")
        await pilot.press("f5")
        await until(pilot, begun.is_set)
        await pilot.press("escape")
        await until(pilot, lambda: app.run_now is not None and app.run_now.state == "cancelled")
        await ask(app, pilot, ROWS)
        assert app.run_now is not None and app.run_now.state == "done"

    play(far, scene)


def test_a_server_that_goes_is_said_and_found_again_when_it_comes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    first = serve()
    token, place = first.keeper, first.address.removeprefix("flight://")
    monkeypatch.setenv("CUBEQL_TOKEN", token)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, ROWS)
        first.serving.stop()
        await ask(app, pilot, ROWS)
        assert app.run_now is not None and app.run_now.state == "failed"
        assert isinstance(app.run_now.error, StoreError) and "nobody listens there" in shown(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app._notifications) > 0)
        assert token not in shown(app)
        serve(flight={"address": place})
        await ask(app, pilot, ROWS)
        assert app.run_now.state == "done" and len(app.run_now.rows or ()) == 50

    play(first.address, scene)  # type: ignore[arg-type]
