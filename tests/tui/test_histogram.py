"""How often each value comes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.histogram import Histogram
from textual.pilot import Pilot

from cubeql.drawing.counting import bins, class_counts
from tests.tui.maps import answered
from tests.tui.screen import ask, find, lines, look, play, shown, until


def test_every_value_lies_in_one_step() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    counts, edges = bins(values, 37)
    assert counts.sum() == 1000 and len(edges) == 38
    assert counts.tolist() == [
        int(((values >= low) & ((values < high) | (n == 36))).sum()) for n, (low, high) in enumerate(pairwise(edges))
    ]
    same, _ = bins(np.array([4.0, 4.0]), 5)
    assert same.sum() == 2 and (same > 0).sum() == 1


def test_classes_come_by_how_often_they_are() -> None:
    assert class_counts(np.array([3.0, 1.0, 3.0, 2.0, 2.0])) == [(2, 2), (3, 2), (1, 1)]


def test_the_values_of_a_result_are_counted(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell, elevation, slope FROM finer FILTER elevation IS NOT NULL"
        await ask(app, pilot, text)
        await pilot.press("ctrl+g")
        await pilot.pause()
        values = app.asides.query(text).to_arrow()["elevation"].to_numpy()
        assert f"{len(values):,} values" in shown(app)
        assert f"{values.min():.4g} to {values.max():.4g} · mean {values.mean():.4g}" in shown(app)
        assert f"median {np.median(values):.4g}" in shown(app)
        counted = app.query_one(Histogram)
        assert f"{bins(values, counted.size.width - 13)[0].max()} ┤" in shown(app)
        await pilot.press("b")
        await pilot.pause()
        assert "slope [degree]" in shown(app)

    play(cube_store, scene)


def test_classes_are_named_and_have_the_colours_of_the_map(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, class FROM classes")
        await pilot.press("f4")
        pane = await answered(app, pilot)
        await pilot.press("ctrl+g")
        await pilot.pause()
        assert "in the window" in shown(app)
        assert len([line for line in lines(app) if " % " in line]) == 4
        x, y = find(app, "crop █")
        assert tuple(look(app, x + 5, y)[1].color.get_truecolor()) == pane.map.scale.colours[2]

    play(cube_store, scene)


@pytest.mark.parametrize("key", ["ctrl+g"])
def test_without_values_it_says_what_to_do(cube_store: Path, key: str) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: "Ask for numbers or classes" in shown(app))

    play(cube_store, scene)
