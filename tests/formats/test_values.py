"""Column values as exact texts and JSON."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import h3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.formats.values import exact_texts, iso_duration, json_values, unit_of

CELL = {b"cubeql.type": b"cell"}


def _texts(values: pa.Array, metadata: dict[bytes, bytes] | None = None) -> list[str | None]:
    return exact_texts(values, pa.field("x", values.type, metadata=metadata)).to_pylist()


def _json(values: pa.Array) -> list[object]:
    return json_values(values, pa.field("x", values.type))


@pytest.mark.parametrize("kind", [pa.uint64(), pa.int64()])
def test_cells_are_the_texts_that_h3_writes(kind: pa.DataType) -> None:
    cells = [*h3.get_res0_cells(), h3.latlng_to_cell(48.1, 11.6, 15)]
    values = pa.array([h3.str_to_int(c) for c in cells] + [None], kind)
    assert _texts(values, CELL) == [*cells, None]


def test_cells_of_a_sliced_column_are_its_own() -> None:
    values = pa.array([h3.str_to_int(c) for c in sorted(h3.get_res0_cells())], pa.uint64())
    assert _texts(values[5:7], CELL) == sorted(h3.get_res0_cells())[5:7]


def test_a_whole_number_without_the_mark_of_a_cell_stays_a_number() -> None:
    assert _texts(pa.array([0x8928308280FFFFF], pa.uint64())) == [str(0x8928308280FFFFF)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_are_iso_with_z_whatever_their_unit(unit: str) -> None:
    values = pa.array(np.array(["2024-05-03T10:30:00", "1969-12-31T23:59:59"], f"M8[{unit}]"))
    assert _texts(values) == ["2024-05-03T10:30:00Z", "1969-12-31T23:59:59Z"]


def test_parts_of_seconds_are_kept_and_trailing_zeros_are_not() -> None:
    values = pa.array([250_000, 1, 0, None], pa.timestamp("us", "UTC"))
    assert _texts(values) == [
        "1970-01-01T00:00:00.25Z",
        "1970-01-01T00:00:00.000001Z",
        "1970-01-01T00:00:00Z",
        None,
    ]


def test_dates_intervals_and_lists_have_iso_and_json_texts() -> None:
    assert _texts(pa.array([date(2024, 2, 29)])) == ["2024-02-29"]
    assert _texts(pa.array([timedelta(days=1, seconds=30)], pa.duration("us"))) == ["P1DT30S"]
    assert _texts(pa.array([[1.5, None], None], pa.list_(pa.float64()))) == ["[1.5, null]", None]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((0, 0, 0), "PT0S"),
        ((14, 0, 0), "P1Y2M"),
        ((0, 14, 0), "P14D"),
        ((0, 0, 21_600_000_000), "PT6H"),
        ((0, 1, 500_000), "P1DT0.5S"),
        ((-1, 2, 0), "P-1M2D"),
        ((0, 0, -90_000_000), "PT-1M-30S"),
    ],
)
def test_interval_parts_keep_their_signs(parts: tuple[int, int, int], text: str) -> None:
    assert iso_duration(*parts) == text


@given(st.lists(st.floats(width=32) | st.none()))
def test_floats_read_back_to_the_same_value(values: list[float | None]) -> None:
    column = pa.array(values, pa.float32())
    texts = exact_texts(column, pa.field("x", pa.float32())).to_pylist()
    back = pa.array([None if t is None else np.float32(t) for t in texts], pa.float32())
    assert [str(v) for v in back.to_pylist()] == [str(v) for v in column.to_pylist()]


def test_json_keeps_float32_short_and_says_what_is_no_number() -> None:
    assert _json(pa.array([0.1, None, float("nan"), float("-inf")], pa.float32())) == [
        0.1,
        None,
        "NaN",
        "-Infinity",
    ]


def test_json_of_decimals_is_whole_where_the_decimal_is() -> None:
    assert _json(pa.array([Decimal(10**30)], pa.decimal128(38, 0))) == [10**30]
    assert _json(pa.array([Decimal("1.25")])) == [1.25]


def test_json_of_structs_and_lists_nests() -> None:
    values = pa.array(
        [{"a": [1, 2], "t": None}, None, {"a": None, "t": 0}],
        pa.struct([("a", pa.list_(pa.int64())), ("t", pa.timestamp("s", "UTC"))]),
    )
    assert _json(values) == [{"a": [1, 2], "t": None}, None, {"a": None, "t": "1970-01-01T00:00:00Z"}]
    assert json.dumps(_json(values))


def test_a_list_column_that_is_sliced_gives_its_own_rows() -> None:
    values = pa.array([[1], [2, 3], [], None, [4]], pa.list_(pa.int64()))
    assert _json(values[1:4]) == [[2, 3], [], None]


def test_a_list_of_cells_shows_cells() -> None:
    kind = pa.list_(pa.field("item", pa.uint64(), metadata=CELL))
    assert json_values(pa.array([[0x8928308280FFFFF]], kind), pa.field("x", kind)) == [["8928308280fffff"]]


def test_the_unit_one_is_not_shown() -> None:
    assert unit_of(pa.field("x", pa.int8(), metadata={b"unit": b"1"})) is None
    assert unit_of(pa.field("x", pa.int8(), metadata={b"unit": b"mm"})) == "mm"


_NUMBERS = st.one_of(
    st.none(), st.floats(), st.floats(-1e3, 1e3), st.integers(-(10**6), 10**6).map(lambda n: n / 100), st.just(-0.0)
)


@given(st.lists(_NUMBERS, max_size=8))
def test_few_numbers_read_as_many_do(values: list[float | None]) -> None:
    column, field = pa.array(values, pa.float64()), pa.field("x", pa.float64())
    assert exact_texts(column, field).to_pylist() == column.cast(pa.string()).to_pylist()


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=8))
def test_few_whole_numbers_and_instants_read_as_many_do(values: list[int | None]) -> None:
    column = pa.array(values, pa.int64())
    assert exact_texts(column, pa.field("x", pa.int64())) == column.cast(pa.string())
    many = pa.array(values * 1000, pa.int64())
    for kind in (pa.timestamp("us", tz="UTC"), pa.timestamp("s")):
        few = exact_texts(column.view(kind), pa.field("t", kind)).to_pylist()
        assert few * 1000 == exact_texts(many.view(kind), pa.field("t", kind)).to_pylist()
