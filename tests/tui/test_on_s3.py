"""The screen on a store on S3: all of it works, a server that keeps silent stops nothing, and what fails is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.layers import LayerTree
from cubeql_tui.map.pane import MapPane
from textual.pilot import Pilot

from cubeql.errors import StoreError
from tests.support.s3 import SECRETS, WRITER, WRONG_SECRET, S3Place
from tests.support.tollgate import Tollgate
from tests.tui.screen import ask, ended, play, shown, until

ROWS = "SELECT cell, elevation FROM finer ORDER BY cell LIMIT 3"


@pytest.fixture
def far(s3: S3Place, cube_store: Path) -> str:
    """The address of a copy of the tiny cube on S3."""
    return s3.upload(cube_store, "store")


@pytest.fixture
def gate(s3: S3Place) -> Iterator[Tollgate]:
    """A network between the screen and the server."""
    with Tollgate(s3.server.ports["s3"]) as gate:
        s3.use(WRITER, gate.endpoint)
        yield gate
        gate.open()


async def _to_layer(app: CubeQL, pilot: Pilot[None], name: str) -> None:
    tree = app.query_one(LayerTree)
    node = next(n for n in tree.root.children if n.data is not None and getattr(n.data, "name", None) == name)
    tree.focus()
    tree.move_cursor(node)
    await pilot.pause()


async def _mapped(app: CubeQL, pilot: Pilot[None], name: str) -> MapPane:
    """The map with a layer, when the engine has answered."""
    await _to_layer(app, pilot, name)
    await pilot.press("m")
    pane = app.query_one(MapPane)
    await until(pilot, lambda: app.focused is pane.map)  # its keys are heard at once
    await until(pilot, lambda: not pane.side.waiting and len(pane.map.hexes) > 0)
    return pane


def test_a_statement_a_preview_and_a_map_are_those_of_a_store_on_a_disk(far: str, cube: Any) -> None:
    wanted = cube.query(ROWS).to_arrow()["elevation"].to_pylist()

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, ROWS)
        assert app.run_now is not None and app.run_now.rows is not None
        assert app.run_now.rows.table()["elevation"].to_pylist() == wanted
        await _to_layer(app, pilot, "finer")
        await pilot.press("p")
        await ended(app, pilot)
        assert app.run_now.state == "done" and len(app.run_now.rows or ()) > 0
        pane = await _mapped(app, pilot, "finer")
        cells = dict(zip(*cube.query("SELECT cell, elevation FROM finer").to_arrow().to_pydict().values()))
        if pane.map.hexes.whole:
            found = zip(pane.map.hexes.cells.tolist(), pane.map.hexes.values.tolist())
            assert all(cells[cell] == pytest.approx(value) for cell, value in found)
        assert "finer" in shown(app)

    play(far, scene)


def test_while_the_server_keeps_silent_keys_are_heard_and_escape_cancels(far: str, gate: Tollgate) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        gate.shut()
        editor = app.query_one(QueryEditor)
        editor.put("SELECT count(*) FROM fine FILTER red > -1000")
        await pilot.press("f5")
        await until(pilot, gate.held.is_set)
        assert app.run_now is not None and app.run_now.state == "running"
        await pilot.press("space", "z", "f1")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert editor.text.endswith("z") and app.run_now.state == "running", "and nothing was waited for"
        await pilot.press("escape")
        await until(pilot, lambda: app.run_now is not None and app.run_now.state == "cancelled")
        assert gate.is_shut, "and still no answer has come"

    play(far, scene)


def test_a_key_that_is_refused_opens_no_screen_and_is_not_told(far: str, s3: S3Place) -> None:
    s3.use(WRONG_SECRET)
    with pytest.raises(StoreError) as refused:
        CubeQL(far)
    assert "the secret is not that of key" in str(refused.value)
    assert not any(secret in str(refused.value) for secret in SECRETS)


def test_a_server_that_is_gone_is_said_and_found_again(far: str, s3: S3Place) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        s3.server.kill()
        await ask(app, pilot, ROWS)
        assert app.run_now is not None and app.run_now.state == "failed"
        assert isinstance(app.run_now.error, StoreError) and "does not answer" in shown(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app._notifications) > 0)
        assert not any(secret in shown(app) for secret in SECRETS)
        s3.server.start()
        await ask(app, pilot, ROWS)
        assert app.run_now.state == "done" and len(app.run_now.rows or ()) == 3

    play(far, scene)
