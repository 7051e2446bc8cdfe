"""rasterio and numpy: the script that is written by hand, a date a thread, on the integers as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.windows import Window

from benchmarks.peers.building import THREADS
from benchmarks.peers.landscape import BLOCK, COARSE, NO_CLASS, NO_NUMBER, Array, Landscape
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN

_SCALE = 0.0001


def ask(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked."""
    script = _Script(land)
    return {
        "point": script.point, "polygon": script.polygon, "filter": script.filter, "month": script.month,
        "heights": script.heights, "classes": script.classes,
    }  # fmt: skip


class _Script:
    def __init__(self, land: Landscape) -> None:
        self.land = land
        self.pool = ThreadPoolExecutor(THREADS)

    def _read(self, layer: str, day: str | None = None, window: Window | None = None) -> Array:
        with rasterio.open(self.land.file(layer, day, "cog")) as file:
            return file.read(1, window=window)

    def point(self) -> list[tuple[Any, ...]]:
        row, column = (int(v[0]) for v in self.land.pixel_of(*(np.array([v]) for v in self.land.point)))

        def of(day: str) -> tuple[Any, ...]:
            value = int(self._read("ndvi", day, Window(column, row, 1, 1))[0, 0])
            return day, value * _SCALE if value != NO_NUMBER else None

        return list(self.pool.map(of, self.land.days))

    def polygon(self) -> list[tuple[Any, ...]]:
        window, inside = masked(self.land)

        def of(day: str) -> tuple[Any, ...]:
            values = self._read("ndvi", day, window)
            kept = values[inside & (values != NO_NUMBER)]
            return day, kept.mean(dtype=np.float64) * _SCALE if kept.size else None

        return list(self.pool.map(of, self.land.days))

    def filter(self) -> list[tuple[Any, ...]]:
        height = self._read("elevation")
        between = (height >= HEIGHTS[0]) & (height <= HEIGHTS[1])

        def of(day: str) -> tuple[Any, ...]:
            warm = self._read("temperature", day) > WARMER_THAN
            if not warm.any():
                return day, None, 0
            values = self._read("ndvi", day)
            kept = values[between & np.repeat(np.repeat(warm, COARSE, 0), COARSE, 1) & (values != NO_NUMBER)]
            return day, kept.mean(dtype=np.float64) * _SCALE if kept.size else None, kept.size

        return list(self.pool.map(of, self.land.days))

    def month(self) -> list[tuple[Any, ...]]:
        many = self.land.size // BLOCK

        def of(day: str) -> tuple[str, Array, Array]:
            values = self._read("ndvi", day)
            seen = values != NO_NUMBER
            blocks = np.where(seen, values, 0).reshape(many, BLOCK, many, BLOCK)
            return day[:7], blocks.sum((1, 3), dtype=np.int64), seen.reshape(blocks.shape).sum((1, 3))

        months: dict[str, list[Any]] = {}
        for month, total, count in self.pool.map(of, self.land.days):
            held = months.setdefault(month, [0, 0])
            held[0], held[1] = held[0] + total, held[1] + count
        return [
            (f"{month}-01", row * 1000 + column, total[row, column] / n * _SCALE, n)
            for month, (total, count) in months.items() for (row, column), n in np.ndenumerate(count) if n
        ]  # fmt: skip

    def heights(self) -> list[tuple[Any, ...]]:
        height = self._read("elevation")
        return self._tabled(height // HEIGHT_CLASS, height != NO_NUMBER)

    def classes(self) -> list[tuple[Any, ...]]:
        land = self._read("land")
        return self._tabled(land, land != NO_CLASS)

    def _tabled(self, other: Array, known: Array) -> list[tuple[Any, ...]]:
        other = other.astype(np.int16)

        def of(day: str) -> Array:
            values = self._read("ndvi", day)
            held = known & (values != NO_NUMBER)
            return np.bincount((values[held] // 1000 + 2) * 20 + other[held], minlength=240)

        counts = sum(self.pool.map(of, self.land.days), np.zeros(240, np.int64))
        return [(i // 20 - 2, i % 20, int(n)) for i, n in enumerate(counts) if n]


def masked(land: Landscape) -> tuple[Window, Array]:
    """The window of pixels around the small polygon, and which of them have their centre in it."""
    region = shapely.from_wkt(land.polygon)
    west, south, east, north = region.bounds
    rows, columns = land.pixel_of(np.array([west, east]), np.array([north, south]))
    lon, lat = land.centres()
    rows, columns = slice(rows[0], rows[1] + 1), slice(columns[0], columns[1] + 1)
    inside = shapely.contains_xy(region, *np.meshgrid(lon[columns], lat[rows]))
    return Window(columns.start, rows.start, inside.shape[1], inside.shape[0]), inside


