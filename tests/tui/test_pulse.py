"""The line that says how far a statement is."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.pulse import bar, left_text
from textual.pilot import Pilot

from cubeql.session import Progress, Session
from tests.tui.screen import find, look, play, shown, until


@pytest.mark.parametrize(("share", "drawn"), [(0, "    "), (0.5, "██  "), (0.55, "██▏ "), (0.99, "███▉"), (1, "████"),
                                             (2, "████"), (-1, "    ")])  # fmt: skip
def test_a_bar_is_never_full_before_all_is_done(share: float, drawn: str) -> None:
    assert bar(share, 4, "#ffffff", "#000000").plain == drawn


def test_time_left_is_no_more_exact_than_it_is_known() -> None:
    assert [left_text(s) for s in (0.4, 2.4, 59.6, 130.2)] == [
        "under 1 s left", "2 s left", "60 s left", "2 min 10 s left",
    ]  # fmt: skip


def test_a_running_statement_shows_tiles_and_esc_says_that_it_is_cancelled(
    cube_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, stop = threading.Event(), threading.Event()
    query = Session.query

    def slow(self: Session, text: str, *args: Any, **named: Any) -> Any:
        if "nir" in text:
            reached.set()
            assert stop.wait(100)
        return query(self, text, *args, **named)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(app.session, "progress", lambda: Progress(300, 800, 3.0, 5.2))
        app.query_one("#editor").put("SELECT cell, nir FROM fine")  # type: ignore[attr-defined]
        await pilot.press("f5")
        await until(pilot, lambda: reached.is_set() and "300 of 800 tiles" in shown(app))
        assert "5 s left" in shown(app)
        x, y = find(app, "300 of 800 tiles")
        ground = app.theme_variables["border"].lower()
        cells = [look(app, at, y) for at in range(x - 25, x - 1)]
        filled = [c for c, style in cells if style.bgcolor is not None and style.bgcolor.name.lower() == ground]
        assert "".join(filled) == "█" * 9 + " " * 15  # 300 / 800 of 24
        monkeypatch.setattr(app.session, "cancel", stop.set)
        await pilot.press("escape")
        await until(pilot, lambda: "cancelled" in shown(app) and not app.run_now.at_work)  # type: ignore[union-attr]
        assert "0 rows" not in shown(app) and "tiles" not in shown(app).splitlines()[-2].partition("cancelled")[0]

    monkeypatch.setattr(Session, "query", slow)
    play(cube_store, scene, size=(154, 43))
