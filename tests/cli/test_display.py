"""Column values as short texts for people."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.cli.output.display import cut, width_of, wrapped
from cubeql.formats.shown import form_of, short_number
from cubeql.formats.values import json_values


def test_a_class_code_is_shown_with_its_name_and_kept_as_a_code() -> None:
    field = pa.field("class", pa.int16(), metadata={b"cubeql.classes": b"12=Croplands|17=Water = sea"})
    column = pa.array([12, 17, 3, None], pa.int16())
    form = form_of(field, column)
    assert form.texts(column) == ["Croplands (12)", "Water = sea (17)", "3", None]
    assert not form.counted
    assert ["Croplands (12)"[-form.soft("Croplands (12)") :], form.soft("3")] == [" (12)", 0]
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


def _shown(values: list[object], kind: pa.DataType, metadata: dict[bytes, bytes] | None = None) -> list[str | None]:
    column = pa.array(values, kind)
    return form_of(pa.field("a", kind, metadata=metadata), column).texts(column)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([-7.0, -6.525, None, -27.2666667], ["-7.0000", "-6.5250", None, "-27.2667"]),
        ([21.5, 20.0], ["21.5", "20.0"]),
        ([3.0, 4.0], ["3", "4"]),
        ([1234.5, 0.001234567], ["1234.5", "0.00123457"]),
        ([1.5e-9, 20.25], ["1.5e-9", "20.25"]),
        ([1.25, float("nan"), float("inf")], ["1.25", "nan", "inf"]),
        ([1e20, 0.5], ["1e+20", "0.5"]),
        ([], []),
        ([None], [None]),
    ],
)
def test_numbers_of_a_column_have_one_number_of_decimals_where_none_loses_by_it(
    values: list[object], shown: list[str]
) -> None:
    assert _shown(values, pa.float64()) == shown


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_a_number_among_others_is_still_near_its_number(values: list[float]) -> None:
    shown = _shown(list(values), pa.float64())
    assert [float(t or "nan") for t in shown] == pytest.approx(values, rel=6e-3, abs=1e-9)


def test_a_number_unlike_those_the_form_was_made_of_keeps_its_digits() -> None:
    form = form_of(pa.field("a", pa.float64()), pa.array([10.5, 20.25]))
    assert form.texts(pa.array([1.0, 0.000123, 5e30])) == ["1.00", "0.000123", "5e+30"]


def test_times_that_are_all_midnight_are_days_and_others_say_that_they_are_utc() -> None:
    kind, day = pa.timestamp("us", "UTC"), 86_400_000_000
    days = pa.array([0, day, None], kind)
    form = form_of(pa.field("time", kind), days)
    assert (form.heading, form.texts(days)) == ("time", ["1970-01-01", "1970-01-02", None])
    late = pa.array([day + 3_600_000_000], kind)
    assert form.texts(late) == ["1970-01-02 01:00Z"]
    mixed = pa.array([0, day + 3_600_000_000, 61_500_000], kind)
    form = form_of(pa.field("time", kind), mixed)
    assert form.heading == "time [UTC]"
    assert form.texts(mixed) == ["1970-01-01 00:00", "1970-01-02 01:00", "1970-01-01 00:01:01.5"]


def test_the_end_that_all_cells_share_is_soft() -> None:
    field = pa.field("cell", pa.uint64(), metadata={b"cubeql.type": b"cell"})
    form = form_of(field, pa.array([0x8400011FFFFFFFF, 0x840001FFFFFFFFF, None], pa.uint64()))
    assert form.soft("8400011ffffffff") == 8


def test_wrapped_text_loses_no_word_and_keeps_the_width() -> None:
    text = "Hersbach, H. et al. (2023): see https://doi.org/10.24381/cds.f17050d7 for 東京都東京都 more"
    lines = wrapped(text, 12)
    assert max(width_of(line) for line in lines) <= 12
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("", 5) == [""] and wrapped("abc", 3) == ["abc"] and wrapped("abcdef", 3) == ["abc", "def"]
