"""The table of actions: every row does something, and no two want the same key at the same place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.actions import ACTIONS, PLACES, Action, actions_of
from cubeql_tui.app import CubeQL
from cubeql_tui.footer import place_of
from textual.command import CommandList
from textual.pilot import Pilot

from cubeql.history import Asked
from tests.tui.screen import ended, find, lines, play, shown, until


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


def test_no_two_actions_have_one_name() -> None:
    assert [name for name, count in Counter(a.id for a in ACTIONS).items() if count > 1] == []


def test_the_help_page_has_every_action_with_its_key(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "f1")
        await pilot.pause()
        page = [" ".join(line.split()) for line in lines(app)]
        for action in ACTIONS:
            assert any(action.help in line and action.shown_key in line for line in page), action
        headings = [line for line in page if any(heading in line for heading in PLACES.values())]
        assert "In the list of layers you are here" in headings[0]
        assert any("First steps" in line for line in page)

    play(cube_store, scene, size=(130, 150))


def test_the_help_page_is_searched_by_typing(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f1", *"colours")
        await pilot.pause()
        assert "other colours" in shown(app) and "First steps" not in shown(app) and "go west" not in shown(app)
        await pilot.press(*"xyz")
        await pilot.pause()
        assert "Nothing here answers to “coloursxyz”" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "F5 Run" in lines(app)[-1])

    play(cube_store, scene)


def test_the_footer_follows_the_focus_and_can_be_clicked(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "F1 Help" in lines(app)[-1])
        assert "Preview" not in lines(app)[-1]
        await pilot.press("f6")
        await until(pilot, lambda: "Preview" in lines(app)[-1])
        x, y = find(app, "F1 Help")
        await pilot.click(offset=(x + 4, y))
        await pilot.pause()
        assert "First steps" in shown(app)

    play(cube_store, scene)


@pytest.mark.parametrize(
    ("sought", "said"),
    [
        ("layers preview", "In the list of layers: Preview"),
        ("map of finer", "Map of finer"),
        ("ask again elev", "Ask again: SELECT elevation FROM finer LIMIT 3"),
        ("theme contrast", "Theme: cubeql-contrast"),
    ],
)
def test_the_palette_finds_actions_layers_statements_and_themes(cube_store: Path, sought: str, said: str) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.history.add(Asked("SELECT elevation FROM finer LIMIT 3", "2024-01-01T00:00:00Z", "s", "done", 3, 0.1))
        await pilot.press("ctrl+p", *sought)
        await until(pilot, lambda: said in shown(app))

    play(cube_store, scene)


def _offered(app: CubeQL) -> list[Any]:
    """What the palette shows, the best first."""
    return [option.hit for found in app.screen.query(CommandList) for option in found.options]


def test_the_palette_does_what_is_chosen(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        async def choose(sought: str, said: str) -> None:
            await pilot.press("ctrl+p", *sought)
            await until(pilot, lambda: [said] == [hit.text for hit in _offered(app)[:1]])
            await pilot.press("enter")
            await pilot.pause()

        await choose("map of finer", "Map of finer")
        await until(pilot, lambda: app.results.current == "map")
        await choose("layers preview", "In the list of layers: Preview")
        await ended(app, pilot)
        assert app.run_now is not None and app.run_now.state == "done"
        await choose("histogram", "Histogram")
        await until(pilot, lambda: app.results.current == "histogram")
        await choose("theme: cubeql-light", "Theme: cubeql-light")
        await until(pilot, lambda: app.theme == "cubeql-light")

    play(cube_store, scene)
