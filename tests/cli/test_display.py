"""Column values as short texts for people."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.cli.output.display import cut, display_texts, is_counted, short_number, width_of
from cubeql.formats.values import json_values


def test_a_class_code_is_shown_with_its_name_and_kept_as_a_code() -> None:
    field = pa.field("class", pa.int16(), metadata={b"cubeql.classes": b"12=Croplands|17=Water = sea"})
    column = pa.array([12, 17, 3, None], pa.int16())
    assert display_texts(column, field) == ["12 Croplands", "17 Water = sea", "3", None]
    assert not is_counted(field)
    assert json_values(column, field) == [12, 17, 3, None]


@pytest.mark.parametrize(
    ("exact", "short"),
    [
        ("0.1", "0.1"),
        ("0.3333333333333333", "0.333333"),
        ("12345678.912", "12345679"),
        ("-273.149999999", "-273.15"),
        ("1e+300", "1e+300"),
        ("1.2345678901e-09", "1.23457e-09"),
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("299792458", "299792458"),
    ],
)
def test_short_numbers_keep_their_whole_part(exact: str, short: str) -> None:
    assert short_number(exact) == short


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_short_number_is_near_its_number(value: float) -> None:
    assert float(short_number(repr(value))) == pytest.approx(value, rel=1e-5, abs=1e-9)


def test_wide_and_combining_characters_are_counted_as_drawn() -> None:
    assert width_of("東京") == 4
    assert width_of("e\u0301") == 1
    assert cut("東京都", 5) == "東京…"
    assert cut("abc", 3) == "abc"
