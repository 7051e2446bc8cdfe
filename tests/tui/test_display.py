"""Values as people read them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cubeql.drawing.display import Column, columns_of, instant_text, number_text, shorten, text_of, texts


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T00:30", "2024-05-01 00:30"),
        ("2024-05-01T10:00", "2024-05-01 10:00"),
        ("2024-05-01T10:00:05", "2024-05-01 10:00:05"),
        ("2024-05-01T10:00:05.25", "2024-05-01 10:00:05.25"),
        ("2024-05-01T00:00:00.5", "2024-05-01 00:00:00.5"),
        ("2024-05-01T20:00:10", "2024-05-01 20:00:10"),
        ("12024-05-01T06:00", "12024-05-01 06:00"),
    ],
)
def test_an_instant_is_as_long_as_it_needs(instant: str, text: str) -> None:
    assert instant_text(np.datetime64(instant, "us")) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.1 + 0.2, "0.3"), (1234567.8, "1 234 568"), (-3.0, "-3"), (1e300, "1e+300")]
)
def test_a_number_has_the_digits_that_matter(value: float, text: str) -> None:
    assert number_text(value) == text


def test_text_stays_on_one_line_and_is_never_markup() -> None:
    assert text_of("a\nb\x1b[31m[bold]", Column("t", 0, "text")) == "a⏎b·[31m[bold]"
    assert shorten("x" * 70) == "x" * 59 + "…"


def test_columns_show_what_their_values_mean() -> None:
    schema = pa.schema(
        [
            pa.field("cell", pa.uint64(), metadata={b"cubeql.type": b"cell"}),
            pa.field("class", pa.int64(), metadata={b"cubeql.type": b"integer", b"cubeql.classes": b"4=Forest|5=Bare"}),
            pa.field("t", pa.float64(), metadata={b"cubeql.type": b"number", b"unit": b"K"}),
        ]
    )
    cell, kind, number = columns_of(schema)
    assert texts(pa.array([0x851F8D47FFFFFFF, None], pa.uint64()), cell) == ["851f8d47fffffff", "NULL"]
    assert texts(pa.array([4, 6]), kind) == ["Forest (4)", "6"]
    assert (cell.note, kind.note, number.note) == ("cell", "class", "K")
    assert [c.is_number for c in (cell, kind, number)] == [False, False, True]
