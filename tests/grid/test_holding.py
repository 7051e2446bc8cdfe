"""Cells asked one by one belong to a region exactly where its masks say so, and within its cover."""

from __future__ import annotations

import numpy as np
import pytest

from cubeql.grid import regions
from cubeql.grid.cells import cells_at
from cubeql.grid.shapes import RegionShape
from cubeql.values.cells import parent
from cubeql.values.tiles import slots_of, tile_resolution

RANDOM = np.random.default_rng(7)
LON, LAT = RANDOM.uniform(11.0, 11.2, 60), RANDOM.uniform(48.0, 48.1, 60)
CELL = "871f8d474ffffff"
SHAPES = {
    "box": regions.bbox(11.05, 48.02, 11.15, 48.07),
    "circle": regions.circle(11.1, 48.05, 3000.0),
    "cell": regions.cell(CELL),
    "points": regions.points(LON[:7], LAT[:7]),
    "union": regions.union(regions.circle(11.0, 48.0, 4000.0), regions.points(LON[50:], LAT[50:])),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("resolution", [6, 9, 15])
def test_held_cells_are_those_of_the_masks(name: str, resolution: int) -> None:
    shape: RegionShape = SHAPES[name]
    cells = np.unique(cells_at(LON, LAT, resolution))
    held = shape.holds(cells)
    level = tile_resolution(resolution)
    for cell, found in zip(cells.tolist(), held.tolist(), strict=True):
        mask = shape.mask(int(parent(cell, level)), resolution)
        wanted = mask if isinstance(mask, bool) else bool(mask[int(slots_of(np.array([cell]), level)[0])])
        assert found == wanted
    if resolution == 15:
        assert shape.cover_cells().hold(cells[held]).all()
        assert RegionShape.holds(shape, cells).tolist() == held.tolist()


def test_no_cells_are_held_by_nothing() -> None:
    for shape in SHAPES.values():
        assert shape.holds(np.zeros(0, np.int64)).size == 0
