from __future__ import annotations

import random

import h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.values.cells import (
    BASE_TILES,
    are_cells,
    base_of,
    descendant_range,
    distinct,
    fault_of,
    format_cell,
    index_of,
    is_cell,
    is_deleted,
    is_pentagon,
    parent,
    parse_cell,
    resolution_of,
)

CELLS = st.builds(
    lambda lat, lng, res: h3.str_to_int(h3.latlng_to_cell(lat, lng, res)),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.integers(0, 15),
)


def pentagons(resolution: int) -> list[int]:
    return sorted(h3.str_to_int(c) for c in h3.get_pentagons(resolution))


def test_base_tiles_are_h3s_resolution_0_cells() -> None:
    assert BASE_TILES.tolist() == sorted(h3.str_to_int(c) for c in h3.get_res0_cells())
    assert BASE_TILES.dtype == np.int64
    with pytest.raises(ValueError):
        BASE_TILES[0] = 0


@given(CELLS, st.data())
def test_parent_is_h3s_parent_for_scalars_and_arrays(cell: int, data: st.DataObject) -> None:
    resolution = data.draw(st.integers(0, resolution_of(cell)))
    expected = h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), resolution))
    assert parent(cell, resolution) == expected
    found = parent(np.array([[cell, cell]], dtype=np.int64), resolution)
    assert found.dtype == np.int64
    assert found.tolist() == [[expected, expected]]


@given(CELLS)
def test_resolution_and_base_cell_are_h3s(cell: int) -> None:
    text = h3.int_to_str(cell)
    assert resolution_of(cell) == h3.get_resolution(text)
    assert base_of(cell) == h3.get_base_cell_number(text)
    assert resolution_of(np.array([cell])).tolist() == [h3.get_resolution(text)]
    assert base_of(np.array([cell])).tolist() == [h3.get_base_cell_number(text)]


def test_parent_refuses_a_finer_resolution() -> None:
    cell = h3.str_to_int("8928308280fffff")
    with pytest.raises(ValueError, match="resolution 9 has no parent at the finer resolution 10"):
        parent(cell, 10)
    with pytest.raises(ValueError, match="finer resolution 10"):
        parent(np.array([cell, parent(cell, 4)]), 10)
    with pytest.raises(ValueError, match="0 to 15, not 16"):
        parent(cell, 16)


def test_parent_of_no_cells_is_no_cells() -> None:
    assert parent(np.zeros(0, dtype=np.int64), 3).tolist() == []


@pytest.mark.parametrize("resolution", range(16))
def test_pentagons_are_known_at_every_resolution(resolution: int) -> None:
    cells = pentagons(resolution)
    assert all(is_pentagon(c) for c in cells)
    assert is_pentagon(np.array(cells)).all()
    neighbours = [h3.str_to_int(n) for c in cells for n in h3.grid_ring(h3.int_to_str(c), 1)]
    assert not any(is_pentagon(n) for n in neighbours)
    assert not is_pentagon(np.array(neighbours)).any()


@given(CELLS)
def test_pentagon_test_is_h3s(cell: int) -> None:
    assert is_pentagon(cell) is h3.is_pentagon(h3.int_to_str(cell))


@given(CELLS)
def test_text_of_a_cell_reads_back(cell: int) -> None:
    assert format_cell(cell) == h3.int_to_str(cell)
    assert parse_cell(format_cell(cell)) == cell
    assert parse_cell(" 0X" + format_cell(cell).upper()) == cell


@given(CELLS, st.integers(0, 63), st.integers(0, 63))
def test_validity_is_h3s_after_bits_are_flipped(cell: int, first: int, second: int) -> None:
    changed = cell ^ (1 << first) ^ (1 << second)
    assert is_cell(changed) is h3.is_valid_cell(h3.int_to_str(changed))


def test_cells_left_out_below_pentagons_are_no_cells() -> None:
    rng = random.Random(7)
    for pentagon in pentagons(0):
        low, _ = descendant_range(pentagon, 6)
        for _ in range(50):
            digits = [rng.choice((0, 0, 0, 1, 1, 3)) for _ in range(6)]
            cell = low
            for r, digit in enumerate(digits, 1):
                cell |= digit << (3 * (15 - r))
            assert is_deleted(cell) is not h3.is_valid_cell(h3.int_to_str(cell))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "15 hexadecimal digits"),
        ("8928308280fff", "15 hexadecimal digits"),
        ("8928308280fffzz", "15 hexadecimal digits"),
        ("617700169958293503", "it is the cell's number in decimal; write '8928308280fffff'"),
        ("8928308280ffff0", "its resolution is 9, so all finer digits must be 7"),
        ("8928308287fffff", "its digit 9 is 7"),
        ("89f4308280fffff", "its base cell is 122"),
        ("1928308280fffff", "not begin with 08|directed edge"),
        ("115283473fffffff", "it is a directed edge, not a cell"),
        ("2222597fffffffff", "it is a vertex, not a cell"),
        ("8009fffffffffff", None),
        ("81083ffffffffff", None),
        ("81087ffffffffff", "left out below a pentagon"),
    ],
)  # fmt: skip
def test_text_that_is_no_cell_says_why(text: str, why: str | None) -> None:
    if why is None:
        assert h3.is_valid_cell(text)
        assert parse_cell(text) == int(text, 16)
        return
    with pytest.raises(ValueError, match=why):
        parse_cell(text)


def test_numbers_outside_63_bits_are_no_cells() -> None:
    assert fault_of(-1) is not None
    assert fault_of(1 << 63) is not None
    assert fault_of(0) is not None


@given(CELLS, st.data())
def test_descendants_fill_their_range_and_nothing_else_does(cell: int, data: st.DataObject) -> None:
    own = resolution_of(cell)
    resolution = data.draw(st.integers(own, min(15, own + 3)))
    low, high = descendant_range(cell, resolution)
    children = [h3.str_to_int(c) for c in h3.cell_to_children(h3.int_to_str(cell), resolution)]
    assert min(children) == low
    assert max(children) == high
    other = h3.str_to_int(
        h3.latlng_to_cell(data.draw(st.floats(-90, 90)), data.draw(st.floats(-180, 180)), resolution)
    )
    assert (low <= other <= high) is (other in children)


def test_range_of_coarser_descendants_is_refused() -> None:
    with pytest.raises(ValueError, match="resolution 8 is coarser than a cell of resolution 9"):
        descendant_range(h3.str_to_int("8928308280fffff"), 8)


@given(st.lists(CELLS, min_size=1, max_size=5), st.integers(0, 15))
def test_arrays_of_mixed_resolutions_have_the_ranges_of_their_cells(
    cells: list[int], resolution: int
) -> None:
    coarse = [parent(c, min(resolution, resolution_of(c))) for c in cells]
    low, high = descendant_range(np.array(coarse), resolution)
    assert list(zip(low.tolist(), high.tolist())) == [descendant_range(c, resolution) for c in coarse]


@given(CELLS, st.lists(st.integers(0, 6), min_size=1, max_size=5), st.sampled_from(pentagons(2)))
def test_left_out_cells_are_the_same_for_scalars_and_arrays(
    cell: int, digits: list[int], pentagon: int
) -> None:
    below, _ = descendant_range(pentagon, 7)
    for r, digit in enumerate(digits, 3):
        below |= digit << (3 * (15 - r))
    assert is_deleted(np.array([cell, below])).tolist() == [False, is_deleted(below)]
    assert is_deleted(below) is not h3.is_valid_cell(h3.int_to_str(below))


def test_distinct_cells_are_each_once_in_order() -> None:
    cells = np.random.default_rng(2).choice(BASE_TILES, 500)
    assert distinct(cells).tolist() == sorted(set(cells.tolist()))
    assert distinct(cells[:0]).tolist() == [] and distinct(cells[:0]).dtype == np.int64


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), st.integers(0, 15))
def test_many_numbers_are_cells_where_each_is_one(numbers: list[int], resolution: int) -> None:
    low = (1 << (3 * (15 - resolution))) - 1
    near = [index_of(n % 128, resolution, (n >> 8) & ((1 << 45) - 1) | low) for n in numbers]
    every = np.array([*numbers, *near], np.int64)
    wanted = [is_cell(int(c)) and resolution_of(int(c)) == resolution for c in every]
    assert are_cells(every, resolution).tolist() == wanted


@given(CELLS)
def test_a_cell_is_one_of_its_own_resolution_alone(cell: int) -> None:
    cells = np.array([cell], np.int64)
    assert [r for r in range(16) if are_cells(cells, r)[0]] == [resolution_of(cell)]
