from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.values.times import (
    Duration,
    TimeRange,
    add_duration,
    format_instant,
    parse_instant,
    parse_period,
    parse_range,
)


def at(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


def ends(text: str) -> tuple[str, str]:
    found = parse_range(text)
    return tuple(".." if t is None else str(t.astype("datetime64[s]")) for t in (found.start, found.end))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024", "2024-01-01"),
        ("2024-05", "2024-05-01"),
        ("2024-05-03", "2024-05-03"),
        ("2024-02-29", "2024-02-29"),
        ("2024-05-03T10", "2024-05-03T10"),
        ("2024-05-03T10:30Z", "2024-05-03T10:30"),
        ("2024-05-03t10:30z", "2024-05-03T10:30"),
        ("2024-05-03 10:30:15", "2024-05-03T10:30:15"),
        ("2024-05-03T10:30+02:00", "2024-05-03T08:30"),
        ("2024-05-03T10:30-0530", "2024-05-03T16:00"),
        ("2024-05-03T10+02", "2024-05-03T08"),
        ("2024-01-01T00:30+01:00", "2023-12-31T23:30"),
        ("2024-05-03T10:30:00.25Z", "2024-05-03T10:30:00.25"),
        ("2024-05-03T10:30:00,123456000", "2024-05-03T10:30:00.123456"),
        ("20240503T103000Z", "2024-05-03T10:30"),
        ("20240503", "2024-05-03"),
        ("2024-W05", "2024-01-29"),
        ("2024W053", "2024-01-31"),
        ("2021-W01", "2021-01-04"),
        ("2024-366", "2024-12-31"),
        ("0001", "0001-01-01"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"),
        ("  2024-05-03  ", "2024-05-03"),
    ],
)  # fmt: skip
def test_instants_are_utc_and_start_their_period(text: str, instant: str) -> None:
    found = parse_instant(text)
    assert found == at(instant)
    assert found.dtype == np.dtype("datetime64[us]")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
        ("2024-02", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("2024-12", "2024-12-01T00:00:00", "2025-01-01T00:00:00"),
        ("2024-05-03T10", "2024-05-03T10:00:00", "2024-05-03T11:00:00"),
        ("2024-05-03T23:59Z", "2024-05-03T23:59:00", "2024-05-04T00:00:00"),
        ("2024-05-03T10:30:00+02:00", "2024-05-03T08:30:00", "2024-05-03T08:30:01"),
        ("2020-W53", "2020-12-28T00:00:00", "2021-01-04T00:00:00"),
        ("2024-05/2024-09", "2024-05-01T00:00:00", "2024-10-01T00:00:00"),
        ("2024-05/2024-05", "2024-05-01T00:00:00", "2024-06-01T00:00:00"),
        ("2024/2024-06", "2024-01-01T00:00:00", "2024-07-01T00:00:00"),
        ("2024-02-28/2024-02-29", "2024-02-28T00:00:00", "2024-03-01T00:00:00"),
        ("2024-05/..", "2024-05-01T00:00:00", ".."),
        ("../2024-05", "..", "2024-06-01T00:00:00"),
        ("../..", "..", ".."),
        (" 2024-05 / 2024-06 ", "2024-05-01T00:00:00", "2024-07-01T00:00:00"),
        ("2024-05-01/P1M", "2024-05-01T00:00:00", "2024-06-01T00:00:00"),
        ("2024-01-31/P1M", "2024-01-31T00:00:00", "2024-02-29T00:00:00"),
        ("2024-05-01T12:00Z/PT36H", "2024-05-01T12:00:00", "2024-05-03T00:00:00"),
        ("P1M/2024-05", "2024-05-01T00:00:00", "2024-06-01T00:00:00"),
        ("P1Y/9999", "9999-01-01T00:00:00", ".."),
        ("9999", "9999-01-01T00:00:00", ".."),
        ("9999-W52", "9999-12-27T00:00:00", ".."),
        ("9999-12-31T23:59:59", "9999-12-31T23:59:59", ".."),
        ("1991/2020", "1991-01-01T00:00:00", "2021-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_ranges_hold_whole_periods(text: str, start: str, end: str) -> None:
    assert ends(text) == (start, end)


def test_a_fraction_stands_for_its_own_precision() -> None:
    found = parse_period("2024-05-03T10:30:00.25Z")
    assert found == TimeRange(at("2024-05-03T10:30:00.25"), at("2024-05-03T10:30:00.26"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2024-13", "month must be 1 to 12, not 13"),
        ("2024-00", "month must be 1 to 12, not 0"),
        ("2023-02-29", "day of 2023-02 must be 1 to 28, not 29"),
        ("1900-02-29", "day of 1900-02 must be 1 to 28"),
        ("2024-04-31", "must be 1 to 30, not 31"),
        ("2023-366", "day of 2023 must be 1 to 365"),
        ("2024-W53", "week of 2024 must be 1 to 52"),
        ("2024-W00", "week of 2024 must be 1 to 52"),
        ("2024-W05-8", "day of the week must be 1 to 7"),
        ("9999-W52-6", "outside the years 1 to 9999"),
        ("0000", "year must be 1 to 9999"),
        ("12024", "ISO 8601 is needed"),
        ("-2024", "ISO 8601 is needed"),
        ("2024-5", "the month needs two digits: 05"),
        ("2024-05-3", "the day needs two digits: 03"),
        ("202405", "write the month as '2024-05'"),
        ("2024-Q2", "'2024-04/2024-06'"),
        ("03.05.2024", "ISO 8601 is needed"),
        ("yesterday", "ISO 8601 is needed"),
        ("", "ISO 8601 is needed"),
        ("２０２４", "ISO 8601 is needed"),
        ("2024-05-03T", "ISO 8601 is needed"),
        ("2024-05T10", "needs a whole date"),
        ("2024-05-03T1030:15", "the time of day is written"),
        ("2024-05-03T10:30:00 CET", "the time of day is written"),
        ("2024-05-03T24:00", "hour must be 0 to 23, not 24"),
        ("2024-05-03T10:60", "minute must be 0 to 59"),
        ("2024-06-30T23:59:60Z", "second must be 0 to 59"),
        ("2024-05-03T10:30+19:00", "hour of the offset must be 0 to 18"),
        ("2024-05-03T10:30:00.1234567Z", "microseconds"),
        ("0001-01-01T00:00+02:00", "in UTC it lies outside"),
        ("9999-12-31T23:00-02:00", "in UTC it lies outside"),
        ("1" * 5000, "ISO 8601 is needed"),
    ],
)  # fmt: skip
def test_text_that_is_no_date_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="is no date") as fault:
        parse_range(text)
    assert why in str(fault.value)
    assert len(str(fault.value)) < 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2024-05/2024-04", "ends at or before its start"),
        ("2024-05-01/P0D", "ends at or before its start"),
        ("2024-05/", "write '..' for an open end"),
        ("/2024-05", "write '..' for an open end"),
        ("2024/2025/2026", "more than one '/'"),
        ("P1M/P1M", "a duration needs a date"),
        ("../P1M", "a duration needs a date"),
        ("2024/P9000Y", "leaves the years 1 to 9999"),
        ("P3000Y/2024", "leaves the years 1 to 9999"),
        ("2024/P1X", "is no duration"),
    ],
)  # fmt: skip
def test_ranges_that_make_no_sense_say_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as fault:
        parse_range(text)
    assert why in str(fault.value)


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_what_python_writes_is_read_as_the_same_instant(value: dt.datetime) -> None:
    offset = value.utcoffset() or dt.timedelta(0)
    whole_minutes = offset.total_seconds() % 60 == 0
    try:
        utc = value.replace(tzinfo=None) - offset
    except OverflowError:
        return
    if whole_minutes:
        assert parse_instant(value.isoformat()) == at(utc.isoformat())


@given(st.datetimes())
def test_text_of_an_instant_reads_back(value: dt.datetime) -> None:
    instant = at(value.isoformat())
    assert parse_instant(format_instant(instant)) == instant
    assert parse_range(str(TimeRange(instant, None))) == TimeRange(instant, None)


@given(st.text(max_size=40) | st.text(alphabet="0123456789-:TZWPYMDHS/.+ ", max_size=30))
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    for read in (parse_instant, parse_range):
        try:
            read(text)
        except ValueError as fault:
            assert str(fault)


def test_contains_is_half_open_and_knows_nat() -> None:
    times = np.array(
        ["2024-04-30T23:59:59.999999", "2024-05-01", "2024-05-31T23:59:59", "2024-06-01", "NaT"], "M8[us]"
    )
    assert parse_range("2024-05").contains(times).tolist() == [False, True, True, False, False]
    assert TimeRange().contains(times).tolist() == [True, True, True, True, False]


def test_adding_months_keeps_to_the_calendar() -> None:
    month = Duration(1)
    assert add_duration(at("2024-01-31T10:30"), month) == at("2024-02-29T10:30")
    assert add_duration(at("2023-01-31"), month) == at("2023-02-28")
    assert add_duration(at("2024-03-31"), month, -1) == at("2024-02-29")
    assert add_duration(at("2024-02-29"), Duration(12)) == at("2025-02-28")
    assert add_duration(at("2024-12-15"), month) == at("2025-01-15")
    assert add_duration(at("1969-12-31T23:59:59.5"), month) == at("1970-01-31T23:59:59.5")


def test_steps_counted_from_the_start_do_not_drift() -> None:
    steps = add_duration(np.full(4, at("2024-01-31")), Duration(1), np.arange(4))
    assert steps.astype("M8[D]").astype(str).tolist() == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
    ]


def test_arrays_and_nat_go_through_durations() -> None:
    times = np.array(["2024-01-31", "NaT"], "M8[us]")
    later = add_duration(times, Duration(1, 3_600_000_000))
    assert later.dtype == np.dtype("M8[us]")
    assert later[0] == at("2024-02-29T01:00")
    assert np.isnat(later[1])


def test_leaving_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        add_duration(at("9999-12-31"), Duration(1))
    with pytest.raises(ValueError, match="years 1 to 9999"):
        add_duration(at("0001-01-01"), Duration(0, 1), -1)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        add_duration(at("2024-01-01"), Duration(0, 10**15), 10**9)
