"""Scenes of several dates, and the layer that one commit makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from affine import Affine

from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import patterned, stored, write_tif

WIDE = Affine(0.02, 0, 5, 0, -0.02, 50)
DATED = {"time_pattern": "%Y%m%d", "resolution": 7}


def scenes(folder: Path, count: int, **profile: Any) -> list[str]:
    """One raster a day."""
    return [
        write_tif(folder / f"s_2024050{day}.tif", patterned(30, 40, seed=day), WIDE, **profile)
        for day in range(1, count + 1)
    ]


def moved(transform: Affine, columns: int, rows: int) -> Affine:
    """The transform of a part that begins so many pixels to the right and below."""
    a, b, c, d, e, f = tuple(transform)[:6]
    return Affine(a, b, c + a * columns + b * rows, d, e, f + d * columns + e * rows)


def at_once(folder: Path, sources: list[str], **options: Any) -> dict[str, dict[int, Any]]:
    """The layer that one commit makes of the sources, by time."""
    store = Store.open(folder / "at-once", create=True)
    ingest(store, sources, "a", commit="whole", **{**DATED, **options})
    return by_time(store)


def by_time(store: Store) -> dict[str, dict[int, Any]]:
    times = sorted({str(block.time) for block in store.read_blocks("a")})
    return {time: stored(store, "a", time=time) for time in times}
