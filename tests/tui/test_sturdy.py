"""Names and texts that look like markup, a store that goes away, files of the person that are broken."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.about import AboutPage
from cubeql_tui.app import CubeQL
from cubeql_tui.drafts import Draft
from cubeql_tui.editor import QueryEditor
from cubeql_tui.export import ExportPage, completions
from cubeql_tui.files import FilePage
from cubeql_tui.layers import LayersPane
from cubeql_tui.map.pane import MapPane
from cubeql_tui.plan import PlanView
from cubeql_tui.preferring import preferred
from cubeql_tui.running import Run
from cubeql_tui.tree import LayerTree, Leaf
from textual.pilot import Pilot
from textual.widgets import Input, Static

import cubeql
from cubeql.history import Asked, History
from tests.tui.screen import ask, ended, look, play, shown, until

NASTY = r"[bold]x[/] [/] \[ 漢字 🛰 [$a]"
LONG = "[/]" + "long " * 1000


@pytest.fixture(scope="module")
def nasty(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in a folder, with titles, views, classes and texts, that all look like markup."""
    store = tmp_path_factory.mktemp("[b]") / "[/]"
    shutil.copytree(cube_store, store)
    quoted = NASTY.replace("'", "''")
    with cubeql.connect(store) as session:
        session.query(f"ALTER LAYER finer SET (title '{quoted}\x1b[2J', description '{LONG}', keywords ['{quoted}'])")
        session.query(f"ALTER LAYER towers SET (title '{quoted}')")
        session.query(f'CREATE VIEW high AS SELECT cell, elevation AS "{quoted}" FROM finer')
    return store


def test_text_of_data_is_never_markup(nasty: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    History(history).add(Asked(f"SELECT '{NASTY}' {LONG}", "[/]", "[b]", "[/b]", 1, 0.1))

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        border = app.query_one(LayersPane)._border_subtitle
        assert border is not None and border.plain.endswith("[/]")
        # a points layer is refused by its name, a page tells a layer, the search finds by what looks like markup
        await pilot.press("f6", "slash", *"[bold]x", "enter")
        tree = app.query_one(LayerTree)
        await until(pilot, lambda: tree.leaf is not None and "[bold]x[/]" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, AboutPage) and "漢字" in shown(app))
        assert "\x1b" not in shown(app)
        await pilot.press("escape")
        app.query_one(LayersPane).query_one(Input).value = ""
        # every view on rows whose columns, texts and class names look like markup
        await ask(app, pilot, f"SELECT cell, elevation AS \"{NASTY}\", '{LONG}' AS words FROM finer")
        assert app.run_now is not None and app.run_now.state == "done", app.run_now and app.run_now.error
        assert "[bold]x[/]" in shown(app)
        for view in ("map", "histogram", "table"):
            getattr(app, f"action_show_{view}")()
            await pilot.pause()
            assert app.results.current == view
        await until(pilot, lambda: "[bold]x[/]" in shown(app))
        app.action_show_plan()
        await until(
            pilot, lambda: app.results.current == "plan" and app.query_one(PlanView).query_one("#sql").is_mounted
        )
        await ask(app, pilot, f'SELECT time, v AS "{NASTY}" FROM twin')
        app.action_show_series()
        await pilot.pause()
        # an error that quotes what was written, at the place of the rows and at the border of the editor
        await ask(app, pilot, f'SELECT "{NASTY}" FROM finer')
        assert app.run_now is not None and app.run_now.state == "failed" and "[bold]x[/]" in shown(app)
        # pages: export, history, palette
        app.action_export()
        await until(pilot, lambda: isinstance(app.screen, ExportPage))
        for name in ("~nobody-of-that-name/[/].csv", "[/]" + "n" * 5000 + ".csv", "[bold]x[/].csv"):
            app.screen.query_one(Input).value = name
            await pilot.pause()
        assert "[bold]x[/].csv" in shown(app)
        await pilot.press("escape")
        app.action_history()
        await until(pilot, lambda: "SELECT '[bold]x[/]" in shown(app))
        await pilot.press("escape")
        app.action_command_palette()
        await pilot.pause()
        app.screen.query_one(Input).value = "ask again"
        await until(pilot, lambda: "Ask again: SELECT" in shown(app))
        assert "[bold]x[/]" in shown(app)

    play(nasty, scene, history=history, size=(154, 43))


def test_the_name_of_a_layer_and_paths_are_said_as_they_are(nasty: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        facts = next(f for f in app.query_one(LayersPane).snapshot.facts if f.record.name == "towers")
        named = replace(facts, record=replace(facts.record, name="[bold]x[/] [/]"))
        app.results.show_layer(Leaf(named))
        await until(pilot, lambda: "[bold]x[/] [/]" in shown(app))
        # files: names that no machine knows, or takes
        for saving in (True, False):
            app.push_screen(FilePage(saving, Path.cwd(), None))
            await pilot.pause()
            for name in ("/", "~nobody-of-that-name/a", "n" * 5000, "[bold]x"):
                app.screen.query_one(Input).value = name
                await pilot.pause()
            assert "[bold]x" in str(app.screen.query_one("#said", Static).render())
            await pilot.press("escape")
        assert completions("~nobody-of-that-name/", Path.cwd()) == []

    play(nasty, scene)


def test_a_store_that_goes_away_is_said_and_one_that_comes_back_is_read(cube_store: Path, tmp_path: Path) -> None:
    store = shutil.copytree(cube_store, tmp_path / "store")

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        # another screen makes and drops a layer: seen when this one reads anew
        with cubeql.connect(store) as other:
            other.query("CREATE LAYER made AS SELECT cell, elevation FROM finer LIMIT 5")
            app.action_refresh_layers()
            await until(pilot, lambda: "made" in _names(app))
            await ask(app, pilot, "SELECT cell, elevation FROM made")
            assert app.run_now is not None and app.run_now.state == "done"
            other.query("DROP LAYER made")
        await ask(app, pilot, "SELECT elevation FROM made")
        assert app.run_now.state == "failed" and "made" in shown(app)
        app.action_refresh_layers()
        await until(pilot, lambda: "made" not in _names(app))
        # the files of a layer that is on the map are removed
        await pilot.press("f6", "slash", *"finer", "enter", "m")
        await until(pilot, lambda: app.query_one(MapPane).source is not None)
        with cubeql.connect(store) as other:
            folder = store / other.store.snapshot("finer").table
        shutil.move(folder, tmp_path / "aside")
        await ask(app, pilot, "SELECT elevation FROM finer")
        assert app.run_now.state == "failed"
        app.action_refresh_layers()
        await pilot.press("f6", "d")
        await pilot.pause()
        await pilot.press("escape")
        # all of it
        shutil.move(store, tmp_path / "away")
        app.action_refresh_layers()
        await ask(app, pilot, "SELECT elevation FROM classes")
        assert app.run_now.state == "failed"
        await until(pilot, lambda: not [w for w in app.workers if w.group == "store" and not w.is_finished])
        app.results.run = app.run_now
        app.action_export()
        await until(pilot, lambda: isinstance(app.screen, ExportPage))
        app.screen.query_one(Input).value = str(tmp_path / "rows.csv")
        await pilot.press("enter")
        await until(pilot, lambda: "Esc closes" in shown(app) and not app.screen._writing)  # type: ignore[attr-defined]
        assert not (tmp_path / "rows.csv").exists()
        await pilot.press("escape")
        # and back
        shutil.move(tmp_path / "away", store)
        shutil.move(tmp_path / "aside", folder)
        app.action_refresh_layers()
        await until(pilot, lambda: "finer" in _names(app))
        await ask(app, pilot, "SELECT elevation FROM finer")
        assert app.run_now.state == "done"

    play(store, scene)


def _names(app: CubeQL) -> tuple[str, ...]:
    return app.query_one(LayersPane).snapshot.layer_names()


def test_files_of_the_person_that_are_broken_cost_only_themselves(cube_store: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    good = Asked("SELECT '\u2028' AS line", "2024-01-01T00:00:00Z", "store", "done", 1, 0.1)
    file = state / "history.jsonl"
    garbage = [b"no line", b"\xff\xfe\x00", b"[1]", b"null", b'{"text": 5}', b"[" * 100_000]
    wrong = json.dumps(asdict(good) | {"text": 5}).encode()
    file.write_bytes(b"\n".join([*garbage, wrong, json.dumps(asdict(good), ensure_ascii=False).encode(), b""]))
    history = History(file)
    assert history.find("") == [good]
    history.add(Asked("\ud800", "2024-01-01T00:00:00Z", "store", "done", 1, 0.1))
    assert History(file).find("") == [good]

    # a folder in the place of the history and of screen.json, a file in that of the folder of drafts
    blocked = tmp_path / "blocked"
    (blocked / "history.jsonl").mkdir(parents=True)
    (blocked / "screen.json").mkdir()
    (blocked / "drafts").write_bytes(b"\xff")
    memory = preferred(tmp_path / "none.toml", blocked / "screen.json")

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell FROM finer LIMIT 3")
        app.theme = next(name for name in app.available_themes if name != app.theme)
        await pilot.press("f8")
        await until(pilot, lambda: "SELECT cell FROM finer LIMIT 3" in shown(app))

    play(cube_store, scene, history=blocked / "history.jsonl", preferred=memory)
    draft = Draft(blocked / "drafts", "store")
    draft.write("SELECT", 1)
    assert draft.read() == ""
    for garbage_of_screen in (b"\xff", b"[" * 100_000, b'{"theme": ["x"]}', b"{"):
        (state / "screen.json").write_bytes(garbage_of_screen)
        assert preferred(tmp_path / "none.toml", state / "screen.json").theme


def test_resizing_while_a_statement_runs_keeps_all(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate = threading.Event(), threading.Event()
    read = Run._read

    def gated(run: Run, tell: Any) -> None:
        begun.set()
        assert gate.wait(100)
        read(run, tell)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, elevation FROM finer")
        app.action_show_map()
        await until(pilot, lambda: app.query_one(MapPane).source is not None)
        monkeypatch.setattr(Run, "_read", gated)
        text = "SELECT cell, slope FROM finer LIMIT 7"
        app.query_one(QueryEditor).put(text)
        app.query_one(QueryEditor).focus()
        await pilot.press("f5")
        await until(pilot, begun.is_set)
        for size in ((60, 20), (240, 60), (80, 24), (154, 43)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "running" in shown(app))
            assert app.query_one(QueryEditor).text == text and app.results.current == "map"
            assert app.query_one(QueryEditor).has_focus
        gate.set()
        await ended(app, pilot)
        assert app.run_now is not None and app.run_now.rows is not None and len(app.run_now.rows) == 7
        await until(pilot, lambda: "7 rows" in shown(app))

    play(cube_store, scene)


def test_without_colours_the_cursor_is_seen(cube_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "down")
        tree = app.query_one(LayerTree)
        await until(pilot, lambda: tree.leaf is not None)
        x, y = tree.region.x + 5, tree.region.y + tree.cursor_line - tree.scroll_offset.y
        assert look(app, x, y)[1].reverse and not look(app, x, y + 1)[1].reverse

    play(cube_store, scene)
