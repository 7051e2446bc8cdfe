from __future__ import annotations

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.grid.ranges import TileRanges, children
from cubeql.values.cells import CellArray, parent, resolution_of
from cubeql.values.tiles import cells_of, valid_cells
from tests.grid.places import globe, pentagons

SOME = st.integers(0, 3).flatmap(lambda r: st.sampled_from(globe(r).tolist()) | st.sampled_from(pentagons(r)))


def below(cells: list[int], resolution: int) -> list[int]:
    found = {int(c) for cell in cells for c in valid_cells(cell, resolution)}
    return sorted(found)


def test_children_leave_out_what_h3_leaves_out() -> None:
    for resolution in (0, 1, 2):
        assert children(globe(resolution)).tolist() == globe(resolution + 1).tolist()
    assert children(np.zeros(0, dtype=np.int64)).size == 0


@settings(deadline=None)
@given(st.lists(SOME, max_size=6))
def test_ranges_hold_the_descendants_and_nothing_else(cells: list[int]) -> None:
    ranges = TileRanges.below(np.array(cells, dtype=np.int64), 3)
    expected = below(cells, 3)
    assert ranges.tiles().tolist() == expected
    assert globe(3)[ranges.hold(globe(3))].tolist() == expected
    assert ranges.count >= len(expected)
    assert (ranges.low[1:] > ranges.high[:-1]).all()
    assert (ranges.low <= ranges.high).all()


@settings(deadline=None)
@given(st.lists(SOME, max_size=3), st.lists(SOME, max_size=3))
def test_union_holds_what_either_holds(first: list[int], second: list[int]) -> None:
    sets = [TileRanges.below(np.array(cells, dtype=np.int64), 3) for cells in (first, second)]
    assert TileRanges.union(sets, 3).tiles().tolist() == below(first + second, 3)


def test_neighbouring_ranges_become_one_across_parents() -> None:
    tile = h3.str_to_int("8428309ffffffff")
    cells: CellArray = cells_of(tile, 8)
    ranges = TileRanges.below(cells, 8)
    assert (ranges.low.tolist(), ranges.high.tolist()) == ([int(cells[0])], [int(cells[-1])])
    with_gap = TileRanges.below(np.delete(cells, 1000), 8)
    assert with_gap.low.tolist() == [int(cells[0]), int(cells[1001])]
    assert with_gap.count == 2400
    whole = TileRanges.below(globe(0), 10)
    assert whole.low.size == 1


def test_listing_goes_on_where_one_piece_of_work_ends() -> None:
    tiles = TileRanges.below(globe(0), 5).tiles()
    assert tiles.size == 2 + 120 * 7**5
    assert (np.diff(tiles) > 0).all()
    few = TileRanges.below(globe(0)[::2], 5)
    assert few.tiles().tolist() == tiles[few.hold(tiles)].tolist()


def test_more_tiles_than_can_be_listed_are_refused_but_can_be_asked() -> None:
    ranges = TileRanges.below(globe(0), 9)
    with pytest.raises(ValueError, match="tiles of resolution 9, more than the 33,554,432"):
        ranges.tiles()
    tiles = parent(np.array([h3.str_to_int("8f28308280f18f2")]), 9)
    assert resolution_of(tiles).tolist() == [9]
    assert ranges.hold(tiles).all()
