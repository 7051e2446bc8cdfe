"""What a frame of the map costs: 50,000 cells of resolution 5 around the Alps, panned by a few pixels a frame.

    python -m benchmarks.screen [--other hexmap.py] [--frames 40]

A frame is the window moved, its pixels looked up, coloured and made into the characters of all lines. CPU milliseconds
of the process are told, the median of all frames; ``--other`` is another module with a ``HexMap`` to run in turns (its
``set_data(cells, lat, lon, values)``, ``pan_px`` and ``render_line`` are called).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h3
import numpy as np
from cubeql_tui.map.hexmap import HexMap
from textual.app import App, ComposeResult
from textual.widget import Widget

from cubeql.drawing.colours import Scale
from cubeql.drawing.hexes import extent_of, gathered
from cubeql.drawing.view import cell_km2
from cubeql.grid.cells import centers

RESOLUTION, CELLS = 5, 50_000
SIZES = ((120, 41), (200, 61))  # characters; a character is two pixels
ZOOMS = (None, 1.0, 3.4, 13.0)  # pixels across a cell; None sees all


def cells_around(lon: float, lat: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The cells nearest to a place, ascending."""
    middle = h3.latlng_to_cell(lat, lon, RESOLUTION)
    rings = math.ceil((math.sqrt(12 * CELLS) / 6) + 1)
    found = [h3.str_to_int(c) for c in h3.grid_disk(middle, rings)][:CELLS]
    return np.sort(np.array(found, np.int64))


class Stage(App[None]):
    """A map and nothing else."""

    def __init__(self, shown: Widget) -> None:
        self.shown = shown
        super().__init__()

    def compose(self) -> ComposeResult:
        """The map."""
        yield self.shown


def _median(frame: Callable[[int], object], frames: int) -> float:
    taken = []
    for number in range(frames):
        begun = time.process_time()
        frame(number)
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def _step(number: int) -> tuple[int, int]:
    return (3 if number % 2 else -3), (2 if number % 3 else -4)


async def ours(size: tuple[int, int], zoom: float | None, frames: int) -> tuple[float, float]:
    """Milliseconds of a frame after a short way, and of one of which nothing was known."""
    cells = cells_around(10.0, 47.0)
    values = np.sin(centers(cells)[0]) + np.cos(centers(cells)[1])
    shown = HexMap()
    async with Stage(shown).run_test(size=size) as pilot:
        shown.fit(extent_of(cells))
        await pilot.pause()
        view = shown.view
        assert view is not None
        if zoom is not None:
            view = view.zoomed(math.sqrt(cell_km2(RESOLUTION) / view.pixel_km2) / zoom)
        hexes = gathered(cells, values, view.resolution(RESOLUTION), classes=False)
        shown.show(hexes, Scale.of_values(values, "lagoon"))
        shown.see(view)

        def frame(number: int) -> None:
            assert shown.view is not None
            shown.see(shown.view.panned(*_step(number)))
            shown._draw()  # not when the eye wants it, but now
            for y in range(size[1]):
                shown.render_line(y)

        def afresh(number: int) -> None:
            shown.forget()
            frame(number)

        frame(0)
        return _median(frame, frames), _median(afresh, frames)


async def other(path: Path, size: tuple[int, int], zoom: float | None, frames: int) -> tuple[float, float]:
    """The same of another module."""
    spec = importlib.util.spec_from_file_location("other_map", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["other_map"] = module  # a dataclass of it looks its module up
    spec.loader.exec_module(module)
    cells = cells_around(10.0, 47.0)
    lon, lat = centers(cells)
    stored = np.load(path.with_name("coast-110m.npz"))
    shown = module.HexMap(coast=tuple(stored[name] for name in stored))
    async with Stage(shown).run_test(size=size) as pilot:
        shown.set_data(cells, lat, lon, np.sin(lon) + np.cos(lat))
        await pilot.pause()
        if zoom is not None:
            across = math.sqrt(cell_km2(RESOLUTION)) / (111.32 * math.cos(math.radians(47.0)))
            shown.scale = across / zoom

        def frame(number: int) -> None:
            shown.pan_px(*_step(number))
            for y in range(size[1]):
                shown.render_line(y)

        def afresh(number: int) -> None:
            shown._inv = None
            frame(number)

        frame(0)
        return _median(frame, frames), _median(afresh, frames)


def main() -> None:
    """Print a table of Markdown."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--other", type=Path)
    arguments.add_argument("--frames", type=int, default=40)
    asked = arguments.parse_args()
    print("| pixels | a cell | frame ms | afresh ms | other frame ms | afresh ms | ratio |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for size in SIZES:
        for zoom in ZOOMS:
            own = asyncio.run(ours(size, zoom, asked.frames))
            beside = asyncio.run(other(asked.other, size, zoom, asked.frames)) if asked.other else (math.nan,) * 2
            row = (*own, *beside, own[0] / beside[0])
            print(
                f"| {size[0]} x {2 * size[1]} | {'all seen' if zoom is None else f'{zoom:g} px'} | "
                + " | ".join(f"{value:.1f}" for value in row[:4])
                + f" | {row[4]:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
