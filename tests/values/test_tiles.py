from __future__ import annotations

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.values.cells import BASE_TILES, is_pentagon, parent
from cubeql.values.tiles import (
    DEPTH,
    cell_count,
    cells_at_ordinals,
    cells_of,
    dead_slots,
    has_dead_slots,
    ordinals_of,
    slot_count,
    slot_range,
    slots_of,
    subtiles,
    tile_resolution,
    valid_cells,
)


def children(cell: int, resolution: int) -> list[int]:
    return [h3.str_to_int(c) for c in h3.cell_to_children(h3.int_to_str(cell), resolution)]


def pentagons(resolution: int) -> list[int]:
    return [h3.str_to_int(c) for c in h3.get_pentagons(resolution)]


TILES = st.builds(
    lambda lat, lng, res: h3.str_to_int(h3.latlng_to_cell(lat, lng, res)),
    st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 15),
)  # fmt: skip
PENTAGONS = st.integers(0, 14).flatmap(lambda r: st.sampled_from(pentagons(r)))


def test_tiles_lie_five_resolutions_up_and_never_below_0() -> None:
    assert DEPTH == 5
    assert [tile_resolution(r) for r in range(16)] == [0, 0, 0, 0, 0, 0, *range(1, 11)]
    assert slot_count(9, 4) == 16_807
    assert slot_count(3, 0) == 343
    assert slot_count(0, 0) == 1


@settings(max_examples=60, deadline=None)
@given(TILES | PENTAGONS, st.integers(0, 4))
def test_slots_are_canonical_child_order(tile: int, depth: int) -> None:
    t = h3.get_resolution(h3.int_to_str(tile))
    r = min(15, t + depth)
    expected = children(tile, r)
    assert expected == sorted(expected)
    cells = cells_of(tile, r)
    assert cells.dtype == np.int64
    assert len(cells) == slot_count(r, t)
    assert (np.diff(cells) > 0).all()
    dead = dead_slots(tile, r)
    assert cells[~dead].tolist() == expected
    assert valid_cells(tile, r).tolist() == expected
    assert cell_count(tile, r) == len(expected)
    assert slots_of(cells, t).tolist() == list(range(len(cells)))
    assert (parent(cells, t) == tile).all()


@pytest.mark.parametrize("resolution", [0, 1, 4, 9, 10])
def test_every_pentagon_tile_has_its_dead_slots(resolution: int) -> None:
    for tile in pentagons(resolution):
        dead = dead_slots(tile, resolution + 4)
        assert int(dead.sum()) == 400
        invalid = [not h3.is_valid_cell(h3.int_to_str(c)) for c in cells_of(tile, resolution + 4).tolist()]
        assert dead.tolist() == invalid


def test_pentagon_tile_of_full_depth_is_h3s() -> None:
    for tile in pentagons(3):
        assert valid_cells(tile, 8).tolist() == children(tile, 8)
        assert int(dead_slots(tile, 8).sum()) == (7**5 - 1) // 6
        assert cell_count(tile, 8) == h3.cell_to_children_size(h3.int_to_str(tile), 8)


@pytest.mark.parametrize("resolution", range(4))
def test_coarse_layers_have_every_cell_of_the_globe(resolution: int) -> None:
    cells = np.concatenate([valid_cells(int(t), resolution) for t in BASE_TILES])
    assert (
        len(cells) == h3.get_num_cells(resolution) == sum(cell_count(int(t), resolution) for t in BASE_TILES)
    )
    assert (np.diff(cells) > 0).all()


def test_only_the_central_subtile_of_a_pentagon_tile_has_dead_slots_again() -> None:
    for tile in pentagons(2):
        below = subtiles(tile, 3)
        left_out = dead_slots(tile, 3)
        assert left_out.tolist() == [False, True, False, False, False, False, False]
        for sub, gone in zip(below.tolist(), left_out.tolist()):
            dead = dead_slots(sub, 5)
            if gone:
                assert dead.all()
                assert cell_count(sub, 5) == 0
                assert valid_cells(sub, 5).size == 0
            else:
                assert int(dead.sum()) == (8 if is_pentagon(sub) else 0)
                assert has_dead_slots(sub) is is_pentagon(sub)


@settings(max_examples=40, deadline=None)
@given(TILES | PENTAGONS, st.integers(0, 2), st.integers(0, 2))
def test_slots_of_a_tile_are_those_of_its_subtiles_in_order(tile: int, first: int, second: int) -> None:
    t = h3.get_resolution(h3.int_to_str(tile))
    p, r = min(15, t + first), min(15, t + first + second)
    below = subtiles(tile, p)
    assert np.concatenate([cells_of(int(s), r) for s in below]).tolist() == cells_of(tile, r).tolist()
    assert np.concatenate([dead_slots(int(s), r) for s in below]).tolist() == dead_slots(tile, r).tolist()
    width = slot_count(r, p)
    for position, sub in enumerate(below.tolist()):
        assert slot_range(tile, sub, r) == (position * width, (position + 1) * width)


def test_parent_of_a_slot_is_a_contiguous_run() -> None:
    tile = h3.str_to_int("8428309ffffffff")
    cells = cells_of(tile, 9)
    slots = slots_of(cells, 4)
    assert (slots // 7**3 == slots_of(parent(cells, 6), 4)).all()


def test_slots_deeper_than_one_table_are_right() -> None:
    tile = h3.str_to_int("8428309ffffffff")
    cells = cells_of(tile, 11)
    assert len(cells) == 7**7
    assert (slots_of(cells, 4) == np.arange(7**7)).all()
    assert slots_of(h3.str_to_int("8f28308280f18f2"), 0) == int(
        "".join(
            str(h3.cell_to_child_pos(h3.cell_to_parent("8f28308280f18f2", r), r - 1)) for r in range(1, 16)
        ),
        7,
    )


def test_scalar_and_shaped_input_keep_their_form() -> None:
    cells = cells_of(h3.str_to_int("8428309ffffffff"), 6)
    assert slots_of(int(cells[17]), 4) == 17
    assert slots_of(cells.reshape(7, 7), 4).shape == (7, 7)
    assert slots_of(np.zeros((0, 3), dtype=np.int64), 4).shape == (0, 3)


def test_arrays_handed_out_are_the_callers_own() -> None:
    tile = pentagons(4)[0]
    cells_of(tile, 6)[:] = 0
    dead_slots(tile, 6)[:] = False
    assert cells_of(tile, 6)[0] != 0
    assert dead_slots(tile, 6).sum() == 8


def test_misuse_is_refused() -> None:
    tile = h3.str_to_int("8428309ffffffff")
    with pytest.raises(ValueError, match="finer than cells of resolution 3"):
        slots_of(parent(tile, 3), 4)
    with pytest.raises(ValueError, match="these have 3 to 4"):
        slots_of(np.array([tile, parent(tile, 3)]), 2)
    with pytest.raises(ValueError, match="resolution 3 is coarser"):
        cells_of(tile, 3)
    with pytest.raises(ValueError, match="finer than cells"):
        slot_count(3, 4)
    with pytest.raises(ValueError, match="0 to 15"):
        tile_resolution(16)
    with pytest.raises(ValueError, match="does not lie below"):
        slot_range(tile, h3.str_to_int("8528344ffffffff"), 9)
    with pytest.raises(ValueError, match="does not lie below"):
        slot_range(tile, parent(tile, 3), 9)


@pytest.mark.parametrize("resolution", [0, 1, 5, 6, 11, 15])
def test_ordinals_number_every_index_of_a_resolution(resolution: int) -> None:
    total = 122 * 7**resolution
    ordinals = np.unique(np.linspace(0, total - 1, 3000).astype(np.int64))
    cells = cells_at_ordinals(ordinals, resolution)
    assert (np.diff(cells) > 0).all()
    assert (ordinals_of(cells) == ordinals).all()
    assert ordinals_of(cells[:0]).tolist() == []


def test_ordinals_step_by_one_from_tile_to_tile() -> None:
    cells = np.concatenate([cells_of(int(t), 3) for t in BASE_TILES])
    assert (ordinals_of(cells) == np.arange(122 * 343)).all()
