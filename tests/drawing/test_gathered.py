"""Cells as the means and most frequent classes of coarser ones."""

from __future__ import annotations

from collections import Counter, defaultdict

import h3.api.numpy_int as h3
import numpy as np
import pytest

from cubeql.drawing import hexes
from cubeql.drawing.hexes import gathered
from cubeql.values.cells import distinct

FINE = np.sort(h3.cell_to_children(h3.latlng_to_cell(10.0, 20.0, 3), 6)).astype(np.int64)


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("most_counted", [20_000_000, 0])
def test_the_most_frequent_class_is_that_which_counting_gives(
    in_order: bool, most_counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hexes, "_MOST_COUNTED", most_counted)
    random = np.random.default_rng(5)
    cells = FINE if in_order else random.permutation(FINE)
    values = random.choice([1.0, 4.0, 9.0, np.nan], len(cells), p=[0.3, 0.3, 0.1, 0.3])
    values[np.isin(cells, h3.cell_to_children(h3.cell_to_parent(int(FINE[0]), 5), 6).astype(np.int64))] = np.nan
    below: dict[int, list[float]] = defaultdict(list)
    for cell, value in zip(cells.tolist(), values.tolist()):
        below[h3.cell_to_parent(cell, 5)] += [] if np.isnan(value) else [value]
    found = gathered(cells, values, 5, classes=True)
    assert found.cells.tolist() == sorted(below) and not found.whole
    for cell, value in zip(found.cells.tolist(), found.values.tolist()):
        counts = Counter(below[cell])
        expected = min(counts, key=lambda code: (-counts[code], code)) if counts else None
        assert value == expected or (expected is None and np.isnan(value))
    assert np.isnan(found.values).sum() == sum(not rows for rows in below.values()) > 0


@pytest.mark.parametrize("in_order", [True, False])
def test_means_are_those_of_the_cells_below(in_order: bool) -> None:
    random = np.random.default_rng(6)
    cells = FINE if in_order else random.permutation(FINE)
    values = random.uniform(0, 1, len(cells))
    found = gathered(cells, values, 4, classes=False)
    for cell, value in zip(found.cells.tolist(), found.values.tolist()):
        own = values[np.isin(cells, h3.cell_to_children(cell, 6).astype(np.int64))]
        assert value == pytest.approx(own.mean())
    assert gathered(cells, values, 6, classes=False).whole
    twice = gathered(np.append(cells, cells[:1]), np.append(values, 0.0), 6, classes=False)
    assert not twice.whole and len(twice) == len(FINE)


def test_each_cell_once_ascending() -> None:
    cells = np.array([5, 3, 5, 1, 3], np.int64)
    assert distinct(cells).tolist() == [1, 3, 5] and distinct(cells[:0]).tolist() == []
