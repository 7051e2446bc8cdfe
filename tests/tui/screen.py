"""The application on a small store, driven by keys and read from what its terminal would show."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.preferring import Preferred
from textual.pilot import Pilot

_PATIENCE_S = 120.0
Scene = Callable[[CubeQL, "Pilot[None]"], Awaitable[None]]


def play(
    store: Path,
    scene: Scene,
    size: tuple[int, int] = (120, 40),
    history: Path | None = None,
    preferred: Preferred = Preferred(),  # noqa: B008
) -> None:
    """Open the application, let the scene go on in it, close it."""

    async def stage() -> None:
        app = CubeQL(str(store), history, preferred)
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: bool(app.query_one(QueryEditor).snapshot.facts))
            await scene(app, pilot)

    asyncio.run(stage())


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait until something holds; a scene that waits in vain fails."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        await pilot.pause()
        if holds():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("what was waited for did not come")


async def ask(app: CubeQL, pilot: Pilot[None], text: str) -> None:
    """Write a statement, run it, wait until it has ended and is shown."""
    app.query_one(QueryEditor).put(text)
    await pilot.press("f5")
    await ended(app, pilot)


async def ended(app: CubeQL, pilot: Pilot[None]) -> None:
    """Wait until the statement that was begun has ended and is shown."""
    await until(pilot, lambda: app.run_now is not None and app._settled is app.run_now)


def lines(app: CubeQL) -> list[str]:
    """What the terminal shows, a text a line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def shown(app: CubeQL) -> str:
    """What the terminal shows."""
    return "\n".join(lines(app))


def look(app: CubeQL, x: int, y: int) -> tuple[str, Any]:
    """The character at a place of the terminal, and its style."""
    left = 0
    for segment in app.screen._compositor.render_strips()[y]:
        if left <= x < left + segment.cell_length:
            return segment.text[x - left], segment.style
        left += segment.cell_length
    raise AssertionError(f"nothing is at {x}, {y}")


def find(app: CubeQL, text: str) -> tuple[int, int]:
    """Where a text begins in the terminal."""
    for y, line in enumerate(lines(app)):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text!r} is not shown:\n{shown(app)}")
