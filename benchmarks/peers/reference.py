"""What is right, by plain numpy: the questions answered on pixels, and on the cells that take their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from h3ronpy.vector import cells_to_coordinates, coordinates_to_cells, wkb_to_cells

from benchmarks.peers.landscape import (
    BLOCK,
    BLOCK_RESOLUTION,
    COARSE,
    COARSE_RESOLUTION,
    FINE_RESOLUTION,
    NO_CLASS,
    NO_NUMBER,
    Array,
    Landscape,
)
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN
from cubeql.values.cells import parent

SCALE = 0.0001
_CLOCK = re.compile(r"(?<=\d-\d\d)[T ]\d\d:.*")
Answer = dict[tuple[str, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Grid:
    """The landscape as arrays with a place for each pixel, or each cell.

    Attributes:
        landscape: where the values come from.
        places: indexes of the cells, None where the places are pixels.
        take: a fine raster's values at the places.
        take_coarse: a coarse raster's, NaN where it has none.
        block: name of the block, or of the coarse cell, of each place.
        inside: whether each place lies in the small polygon.
        point: the place that is asked for alone.
    """

    landscape: Landscape
    places: Array | None
    take: Callable[[Array], Array]
    take_coarse: Callable[[Array], Array]
    block: Array
    inside: Array
    point: int

    def layer(self, name: str, day: str | None = None) -> Array:
        """A layer's numbers at the places."""
        read = self.landscape.read(name, day)
        return self.take_coarse(read) if name == "temperature" else self.take(read)


def pixels(land: Landscape) -> Grid:
    """The landscape by pixels, row after row."""
    rows, columns = np.divmod(np.arange(land.size**2), land.size)
    low = land.size // COARSE
    lon, lat = land.centres()
    row, column = land.pixel_of(*(np.array([v]) for v in land.point))
    return Grid(
        land, None, np.ravel, lambda read: read.ravel()[rows // COARSE * low + columns // COARSE],
        rows // BLOCK * 1000 + columns // BLOCK,
        shapely.contains_xy(shapely.from_wkt(land.polygon), lon[columns], lat[rows]),
        int(row[0] * land.size + column[0]),
    )  # fmt: skip


def cells(land: Landscape) -> Grid:
    """The landscape by cells: those whose centre lies in it, each with the value of the pixel that holds its centre."""
    found, rows, columns, lon, lat = _gathered(land, FINE_RESOLUTION)
    above, up, left, _, _ = _gathered(land, COARSE_RESOLUTION, coarse=True)
    at = np.minimum(np.searchsorted(above, parents := parent(found, COARSE_RESOLUTION)), above.size - 1)
    known = above[at] == parents
    point = coordinates_to_cells(*(np.array([v]) for v in reversed(land.point)), FINE_RESOLUTION)
    return Grid(
        land, found, lambda read: read[rows, columns],
        lambda read: np.where(known, read[up, left][at], np.nan),
        parent(found, BLOCK_RESOLUTION),
        shapely.contains_xy(shapely.from_wkt(land.polygon), lon, lat),
        int(np.searchsorted(found, np.asarray(pa.array(point)).astype(np.int64)[0])),
    )  # fmt: skip


def coarse_cells(land: Landscape) -> tuple[Array, Callable[[Array], Array]]:
    """The coarse layer's own cells, and how its values are taken."""
    found, rows, columns, _, _ = _gathered(land, COARSE_RESOLUTION, coarse=True)
    return found, lambda read: read[rows, columns]


def _gathered(land: Landscape, resolution: int, coarse: bool = False) -> tuple[Array, Array, Array, Array, Array]:
    """Cells whose centre lies in the landscape, by index, with row and column of its pixel, longitude and latitude."""
    box = shapely.to_wkb(shapely.box(*land.box).buffer(0.05))
    found = np.sort(np.asarray(pa.array(wkb_to_cells([box], resolution, flatten=True)).to_numpy()).astype(np.int64))
    centres = pa.table(cells_to_coordinates(pa.array(found.astype(np.uint64))))
    lon, lat = centres["lng"].to_numpy(), centres["lat"].to_numpy()
    rows, columns = land.pixel_of(lon, lat, coarse)
    size = land.size // COARSE if coarse else land.size
    held = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    return found[held], rows[held], columns[held], lon[held], lat[held]


def answers(grid: Grid) -> dict[str, Answer]:
    """All questions answered."""
    found: dict[str, Answer] = {"point": {}, "polygon": {}, "filter": {}, "month": {}}
    height, land = grid.layer("elevation"), grid.layer("land")
    heights, lands = np.zeros((12, 20), np.int64), np.zeros((12, 20), np.int64)
    names, blocks = np.unique(grid.block, return_inverse=True)
    sums: dict[str, Array] = {}
    for day in grid.landscape.days:
        ndvi, warm = grid.layer("ndvi", day), grid.layer("temperature", day) > WARMER_THAN
        seen = ndvi != NO_NUMBER
        kept = seen & warm & (height >= HEIGHTS[0]) & (height <= HEIGHTS[1])
        point = [grid.point] if seen[grid.point] else []
        for question, chosen in (("point", point), ("polygon", grid.inside & seen), ("filter", kept)):
            if (numbers := ndvi[chosen]).size:
                mean = float(numbers.mean(dtype=np.float64)) * SCALE
                found[question][(day,)] = (mean, numbers.size) if question == "filter" else (mean,)
        _count(heights, ndvi, height // HEIGHT_CLASS, seen & (height != NO_NUMBER))
        _count(lands, ndvi, land, seen & (land != NO_CLASS))
        counted = np.bincount(blocks[seen], ndvi[seen], names.size), np.bincount(blocks[seen], minlength=names.size)
        sums[day[:7]] = sums.get(day[:7], 0) + np.array(counted)
    for month, (total, count) in sums.items():
        told = zip(names.tolist(), total, count, strict=True)
        found["month"].update({(f"{month}-01", str(b)): (t / c * SCALE, c) for b, t, c in told if c})
    return {**found, "heights": dict(_table(heights)), "classes": dict(_table(lands))}


def _count(table: Array, ndvi: Array, other: Array, held: Array) -> None:
    """Add counts by class; the classes of ndvi from -0.2 on."""
    codes = (ndvi[held] // 1000 + 2) * table.shape[1] + other[held]
    table += np.bincount(codes, minlength=table.size).reshape(table.shape)


def _table(counts: Array) -> Iterator[tuple[tuple[str, ...], tuple[float, ...]]]:
    for row, column in zip(*np.nonzero(counts), strict=True):
        yield (str(row - 2), str(column)), (float(counts[row, column]),)


def as_answer(rows: Iterable[Iterable[Any]], keys: int) -> Answer:
    """Rows of any peer as an answer; those whose first number is nothing are left out."""
    answer: Answer = {}
    for row in rows:
        key, numbers = tuple(_name(v) for v in list(row)[:keys]), tuple(list(row)[keys:])
        if numbers[0] is not None and numbers[0] == numbers[0]:
            answer[key] = tuple(float(n) for n in numbers)
    return answer


def _name(value: Any) -> str:
    """An integer as one, and of an instant the day: ``2024-03-01 10:30:00`` is ``2024-03-01``."""
    return str(int(value)) if isinstance(value, float) else _CLOCK.sub("", str(value))


def difference(found: Answer, right: Answer, tolerance: float) -> str:
    """What is wrong with an answer, or an empty text."""
    if found.keys() != right.keys():
        odd = sorted(found.keys() ^ right.keys())
        return f"{len(found)} rows instead of {len(right)}; {odd[:3]} in one of them only"
    for key, numbers in right.items():
        if not np.allclose(found[key], numbers, rtol=tolerance, atol=0):
            return f"{found[key]} instead of {numbers} at {key}"
    return ""
