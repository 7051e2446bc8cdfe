"""Themes: every word stands out from its ground, in every theme, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.themes import _SYNTAX, INKS, THEMES, syntax_style
from rich.color import Color
from rich.style import Style
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.theme import Theme

from cubeql.service import highlight
from tests.tui.screen import ask, play, shown, until

LEAST = 4.5
Rgb = tuple[int, int, int]
TEXT = "-- a comment\nSELECT cell, sqrt(elevation) + 2 AS x, 'a' AS t, $p AS p FROM finer ? #"


def _luminance(colour: Rgb) -> float:
    """Of WCAG 2.1: relative to white, of an sRGB colour."""
    parts = [v / 255 / 12.92 if v / 255 <= 0.04045 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@cache
def contrast(one: Rgb, other: Rgb) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _rgb(colour: Color | None) -> Rgb:
    assert colour is not None and colour.triplet is not None, "a word that leaves its colour to the terminal"
    return colour.triplet.red, colour.triplet.green, colour.triplet.blue


def _faint(app: CubeQL) -> Iterator[tuple[str, float]]:
    """Words of the screen that do not stand out from what is behind them; what a page lies over is not to be read."""
    seen = app.screen.children[0].region if isinstance(app.screen, ModalScreen) else app.screen.region
    for strip in app.screen._compositor.render_strips()[seen.y : seen.bottom]:
        for segment in strip.crop(seen.x, seen.right):
            style = segment.style or Style()
            if any(character.isalnum() for character in segment.text):
                found = contrast(_rgb(style.color), _rgb(style.bgcolor))
                if found < LEAST:
                    yield segment.text.strip(), round(found, 2)


def test_contrast_is_that_of_the_norm() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
def test_words_of_statements_lines_and_signs_stand_out(theme: Theme) -> None:
    grounds = [Color.parse(g) for g in (theme.background, theme.surface)]
    colours = {kind: syntax_style(kind, theme.name).color for kind in _SYNTAX}
    colours |= {ink: Color.parse(ink) for ink in INKS[theme.name]}
    colours |= {n: Color.parse(getattr(theme, n)) for n in ("primary", "accent", "success", "warning", "error")}
    faint = {n: c.name for n, c in colours.items() if min(contrast(_rgb(c), _rgb(g)) for g in grounds) < LEAST}
    assert faint == {}


def test_every_kind_of_word_has_a_colour() -> None:
    assert {kind for _, _, kind in highlight(TEXT)} <= set(_SYNTAX)


def test_every_word_of_every_view_stands_out_in_every_theme(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        async def check(view: str) -> None:
            for theme in THEMES:
                app.theme = theme.name
                await pilot.pause()
                assert (view, theme.name, list(_faint(app))) == (view, theme.name, [])

        app.query_one(QueryEditor).put(TEXT)
        await check("welcome")
        await ask(app, pilot, "SELECT cell, time, * FROM monthly LIMIT 300")
        for view, key in (("table", "f3"), ("map", "f4"), ("histogram", "ctrl+g"), ("series", "f7")):
            await pilot.press(key)
            await until(pilot, lambda view=view: app.results.current == view)
            await check(view)
        await pilot.press("f9")
        await until(pilot, lambda: "tiles kept" in shown(app))
        await check("plan")
        for theme in THEMES:
            app.theme = theme.name
            for key in ("f1", "f8", "ctrl+e"):
                await pilot.press(key)
                await pilot.pause()
                assert (theme.name, key, list(_faint(app))) == (theme.name, key, [])
                await pilot.press("escape")
                await pilot.pause()
        await ask(app, pilot, "SELECT nothing_such FROM finer")
        await check("fault")

    play(cube_store, scene, size=(154, 43))


def test_the_ground_is_the_themes_own_everywhere(cube_store: Path) -> None:
    """A part without a ground shows the terminal's, which may be the contrary."""

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.theme = "cubeql-light"
        await ask(app, pilot, "SELECT cell, time, * FROM monthly LIMIT 300")
        await pilot.press("f7")
        await until(pilot, lambda: app.results.current == "series")
        for y, strip in enumerate(app.screen._compositor.render_strips()):
            assert [s.text for s in strip if s.style is None or s.style.bgcolor is None] == [], y

    play(cube_store, scene, size=(100, 30))
