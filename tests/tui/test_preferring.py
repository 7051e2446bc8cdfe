"""What a person prefers: keys, theme, and how a mistake in it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cubeql_tui.actions import ACTIONS
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.keymap import rebound
from cubeql_tui.preferring import Preferred, preferred
from textual.pilot import Pilot

from tests.tui.screen import ended, lines, play, shown, until


def _keys(wanted: dict[str, str]) -> dict[str, str]:
    actions, faults = rebound(wanted)
    assert faults == []
    return {action.id: action.keys for action in actions}


def test_keys_that_are_not_named_stay() -> None:
    found = _keys({"map.closer": "z, ?"})
    assert found["map.closer"] == "z,question_mark"
    assert {k: v for k, v in found.items() if k != "map.closer"} == {
        a.id: a.keys for a in ACTIONS if a.id != "map.closer"
    }


def test_two_actions_change_their_keys() -> None:
    assert _keys({"everywhere.run": "f9", "everywhere.plan": "f5"})["everywhere.plan"] == "f5"


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("map.closr", "z", "there is no action 'map.closr'; did you mean 'map.closer'?"),
        ("map.closer", "plsu", "map.closer: there is no key 'plsu'; did you mean 'plus'?"),
        ("map.closer", "", "map.closer: there is no key ''"),
        ("map.closer", "crtl+z", "map.closer: there is no key 'crtl+z'"),
        ("everywhere.run", "r", "'r' must go on being written in the editor; ctrl+r would be a key"),
        ("map.closer", "f", "f would mean both map.closer and map.fit"),
        ("map.closer", "f5", "f5 would mean both map.closer and everywhere.run"),
        ("everywhere.run", "ctrl+l", "ctrl+l would mean both everywhere.run and editor.format"),
    ],
)
def test_what_cannot_be_a_key_is_said_and_the_usual_key_stays(name: str, keys: str, said: str) -> None:
    actions, faults = rebound({name: keys})
    assert len(faults) == 1 and said in faults[0]
    assert actions == ACTIONS


def test_a_key_may_mean_two_things_at_two_places() -> None:
    assert _keys({"map.closer": "i"})["map.closer"] == _keys({})["layers.insert"] == "i"


def test_the_screen_takes_the_keys_and_shows_them_everywhere(cube_store: Path) -> None:
    actions, _ = rebound({"everywhere.run": "f9", "everywhere.plan": "f5", "layers.preview": "x"})

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "F9 Run" in lines(app)[-1] and "x shows rows" in shown(app))
        app.query_one(QueryEditor).put("SELECT elevation FROM finer LIMIT 3")
        await pilot.press("f9")
        await ended(app, pilot)
        assert app.results.current == "table"
        await pilot.press("f5")
        await until(pilot, lambda: app.results.current == "plan")
        first, app.run_now = app.run_now, None
        await pilot.press("f6", "p")
        assert app.run_now is None
        await pilot.press("x")
        await ended(app, pilot)
        assert app.run_now is not first
        await pilot.press("f1", *"rows of the layer")
        await pilot.pause()
        assert any(line.split()[1:4] == ["x", "ask", "for"] for line in lines(app))

    play(cube_store, scene, preferred=Preferred(actions=actions))


def test_a_wrong_file_is_said_on_the_screen(cube_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[screen]\ntheme = 'cubeql-lite'\n[screen.keys]\nmap.closr = '[b]z'\n", "utf-8")
    found = preferred(file, tmp_path / "screen.json")
    assert found.theme == "cubeql-dark" and len(found.faults) == 2

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "did you mean 'cubeql-light'?" in " ".join(shown(app).split()))
        assert "map.closr" in shown(app)

    play(cube_store, scene, preferred=found)
    file.write_text("[scren]\n", "utf-8")
    (fault,) = preferred(file, tmp_path / "screen.json").faults
    assert "line 1: there is no table [scren]; did you mean 'screen'?" in fault


def test_the_theme_that_was_chosen_is_remembered(cube_store: Path, tmp_path: Path) -> None:
    none, memory = tmp_path / "none.toml", tmp_path / "state" / "screen.json"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        assert not memory.exists()
        app.theme = "cubeql-light"
        await until(pilot, memory.exists)

    play(cube_store, scene, preferred=preferred(none, memory))
    assert preferred(none, memory).theme == "cubeql-light"
    config = tmp_path / "config.toml"
    config.write_text("[screen]\ntheme = 'cubeql-contrast'\n", "utf-8")
    assert preferred(config, memory).theme == "cubeql-contrast"


@pytest.mark.parametrize("kept", ["", "no json", "[]", json.dumps({"theme": "gone"}), json.dumps({"theme": 5})])
def test_a_broken_memory_costs_the_memory_alone(tmp_path: Path, kept: str) -> None:
    memory = tmp_path / "screen.json"
    memory.write_text(kept, "utf-8")
    found = preferred(tmp_path / "none.toml", memory)
    assert found.theme == "cubeql-dark" and found.faults == ()
    Preferred(memory=tmp_path / "screen.json" / "below").remember("cubeql-light")
