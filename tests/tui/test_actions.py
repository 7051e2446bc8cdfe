"""The table of actions: every row does something, and no two want the same key at the same place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cubeql_tui.actions import ACTIONS, PLACES, Action, actions_of
from cubeql_tui.app import CubeQL
from cubeql_tui.footer import place_of
from textual.pilot import Pilot

from tests.tui.screen import find, lines, play, shown


def test_every_action_is_a_method_of_its_place(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        owners = {place: owner for owner, place in map(place_of, app.query("*"))}
        for action in ACTIONS:
            owner = app if action.place == "everywhere" else owners[action.place]
            assert hasattr(owner, f"action_{action.name.split('(')[0]}"), action

    play(cube_store, scene)


@pytest.mark.parametrize("place", PLACES)
def test_no_key_means_two_things_at_a_place(place: str) -> None:
    everywhere = [a for a in actions_of("everywhere") if place != "everywhere"]
    wanted: list[Action] = [*(a for a in ACTIONS if a.place == place), *everywhere]
    assert [key for key, count in Counter(k for a in wanted for k in a.keys.split(",")).items() if count > 1] == []


def test_the_help_page_has_every_action_with_its_key(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f1")
        await pilot.pause()
        page = [" ".join(line.split()) for line in lines(app)]
        for action in ACTIONS:
            assert any(action.help in line and action.shown_key in line for line in page), action

    play(cube_store, scene, size=(120, 120))


def test_the_footer_follows_the_focus_and_can_be_clicked(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        assert "Preview" not in lines(app)[-1]
        await pilot.press("f6")
        await pilot.pause()
        assert "Preview" in lines(app)[-1]
        x, y = find(app, "History")
        await pilot.click(offset=(x, y))
        await pilot.pause()
        assert "words of the statement" in shown(app)

    play(cube_store, scene)


def test_the_palette_does_an_action(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {a.label for a in actions_of("everywhere")} <= set(commands)
        done = commands["Help"].callback()
        assert done is not None
        await done
        await pilot.pause()
        assert "In the editor" in shown(app)

    play(cube_store, scene, size=(120, 120))
