from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.values.durations import Duration, parse_duration

HOUR = 3_600_000_000
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "months", "microseconds"),
    [
        ("14 days", 0, 14 * DAY),
        ("1 day", 0, DAY),
        ("1 month", 1, 0),
        ("2 years 3 months", 27, 0),
        ("1 quarter", 3, 0),
        ("0.5 years", 6, 0),
        ("90 minutes", 0, 90 * HOUR // 60),
        ("2 days 3 hours", 0, 2 * DAY + 3 * HOUR),
        ("2 days, 3 hours", 0, 2 * DAY + 3 * HOUR),
        ("2d3h", 0, 2 * DAY + 3 * HOUR),
        ("1.5 hours", 0, 3 * HOUR // 2),
        ("250 ms", 0, 250_000),
        ("1 microsecond", 0, 1),
        ("0.1 s", 0, 100_000),
        ("1 month 2 weeks", 1, 14 * DAY),
        ("  3 HOURS ", 0, 3 * HOUR),
        ("0 days", 0, 0),
        ("P14D", 0, 14 * DAY),
        ("PT6H", 0, 6 * HOUR),
        ("P1M", 1, 0),
        ("PT1M", 0, HOUR // 60),
        ("P1Y2M3DT4H5M6.5S", 14, 3 * DAY + 4 * HOUR + 5 * HOUR // 60 + 6_500_000),
        ("P2W", 0, 14 * DAY),
        ("PT0,5H", 0, HOUR // 2),
        ("pt6h", 0, 6 * HOUR),
    ],
)  # fmt: skip
def test_durations_keep_months_apart_from_microseconds(text: str, months: int, microseconds: int) -> None:
    assert parse_duration(text) == Duration(months, microseconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a number and a unit"),
        ("14", "a number and a unit"),
        ("days", "a number and a unit"),
        ("1,5 days", "a number and a unit"),
        ("fourteen days", "a number and a unit"),
        ("5 m", "'m' could be minutes or months"),
        ("3 fortnights", "'fortnights' is no unit of time"),
        ("1 dekad", "a dekad has no fixed length"),
        ("1 season", "a season has no fixed length"),
        ("-1 day", "no sign"),
        ("-P1D", "no sign"),
        ("1.5 months", "whole number of months"),
        ("0.1 us", "whole number of microseconds"),
        ("1 day 2 days", "it gives days twice"),
        ("1 day,", "ends in a comma"),
        ("99999 years", "longer than 9999 years"),
        ("P", "ISO 8601 durations"),
        ("PT", "ISO 8601 durations"),
        ("P1DT", "ISO 8601 durations"),
        ("P1H", "ISO 8601 durations"),
        ("P1D1M", "ISO 8601 durations"),
        ("1" * 200 + " days", "a number and a unit"),
    ],
)  # fmt: skip
def test_text_that_is_no_duration_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="is no duration") as fault:
        parse_duration(text)
    assert why in str(fault.value)


@given(st.integers(0, 9999 * 12), st.integers(0, 10**16))
def test_text_of_a_duration_reads_back(months: int, microseconds: int) -> None:
    duration = Duration(months, microseconds)
    assert parse_duration(str(duration)) == duration


@given(st.text(max_size=30) | st.text(alphabet="0123456789.,PTYMWDHS dayshourm", max_size=30))
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError as fault:
        assert "is no duration" in str(fault)
