"""The plan of a statement, and what its steps took."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.plan import PlanView, gauge, guides, steps_text
from textual.pilot import Pilot

from cubeql.errors import Diagnostic, QueryCancelled
from cubeql.session import Progress
from tests.tui.screen import lines, play, shown, until

COLOURS = dict.fromkeys(("border", "primary", "accent", "warning", "foreground", "quiet"), "#ffffff")
HEAVY = "SELECT time, median(red * v) AS m FROM fine JOIN twin GROUP BY time ORDER BY m LIMIT 2"


def test_a_step_goes_on_below_itself_and_lines_lead_to_those_below() -> None:
    depths = [0, 1, 2, 2, 1, 2]
    assert [guides(depths, n) for n in range(6)] == [
        ("", "│  "),
        ("├─ ", "│  │  "),
        ("│  ├─ ", "│  │     "),
        ("│  └─ ", "│        "),
        ("└─ ", "   │  "),
        ("   └─ ", "         "),
    ]


@pytest.mark.parametrize(("kept", "every", "eighths"), [(0, 9, 0), (1, 900, 1), (5, 10, 32), (9, 9, 64), (0, 0, 0)])
def test_a_gauge_shows_the_share_and_never_hides_a_little(kept: int, every: int, eighths: int) -> None:
    drawn = gauge(kept, every, COLOURS).plain
    assert len(drawn) == 8
    assert sum(" ▏▎▍▌▋▊▉█".index(c) for c in drawn) == eighths


@pytest.mark.parametrize("width", [30, 50, 90, 140])
def test_figures_stand_in_columns_whatever_the_width(cube: Any, width: int) -> None:
    found = cube.explain(HEAVY, analyze=True)
    lines = steps_text(found, width, COLOURS).plain.splitlines()
    ends = {len(line.rstrip()) for line in lines if "█" not in line and line.rstrip().endswith(" ms")}
    assert len(ends) <= 1
    assert max(map(len, lines)) <= max(width, 26)
    words = " ".join(re.sub(r"[│├└─]", " ", steps_text(found, width, COLOURS).plain).split())
    assert "median" in words and "twin" in words  # words are wrapped, never cut


def test_steps_are_measured_and_tell_what_explain_tells(cube_store: Path, cube: Any) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one("#editor").put(HEAVY)  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "measures each step" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: "measured: 2 rows in" in shown(app))
        expected = cube.explain(HEAVY, analyze=True)
        there = [s for s in expected.steps if s.rows is not None]
        assert len(there) >= 5
        for step in there:
            line = next(line for line in lines(app) if " ".join(step.words.split()[:2]) in line and "FROM" not in line)
            assert f" {step.rows:,} " in line, (step, line)
            assert step.tiles_kept is None or f"{step.tiles_kept:,} of {step.tiles_all:,}" in line

    play(cube_store, scene, size=(200, 60))


def test_measuring_is_cancelled_and_says_so(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        view, reached, stop = app.query_one(PlanView), threading.Event(), threading.Event()

        class Slow:
            """A session whose statements end only when they are cancelled."""

            def explain(self, *_: Any, analyze: bool) -> Any:
                reached.set()
                assert stop.wait(100)
                raise QueryCancelled([Diagnostic("cancelled", "cancelled")])

            def cancel(self) -> None:
                stop.set()

            def progress(self) -> Progress:
                return Progress(412, 776, 2.5, 2.2)

        app.query_one("#editor").put(HEAVY)  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "measures each step" in shown(app))
        view.session = Slow()  # type: ignore[assignment]
        await pilot.press("a")
        await until(pilot, lambda: reached.is_set() and "412 of 776 tiles  2.5 s  2 s left" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "cancelled; nothing was measured" in shown(app))
        assert "rows 0" not in shown(app) and not view.measuring

    play(cube_store, scene, size=(154, 43))


def test_the_plan_of_the_statement_at_the_cursor_is_shown_with_its_sql(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        text = "SELECT cell, elevation FROM finer FILTER elevation > 100"
        app.query_one("#editor").put(text)  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "tiles kept" in shown(app))
        explained = app.asides.explain(text)
        assert explained.summary().split(";")[0] in shown(app)
        assert "scan finer" in shown(app) and "└─" in shown(app)
        assert explained.sql.splitlines()[0].strip() in shown(app)
        assert app.run_now is None

    play(cube_store, scene, size=(200, 50))


def test_a_statement_without_a_plan_says_why(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        app.query_one("#editor").put("SELECT elevatio FROM finer")  # type: ignore[attr-defined]
        await pilot.press("f9")
        await until(pilot, lambda: "did you mean 'elevation'" in shown(app))

    play(cube_store, scene)
