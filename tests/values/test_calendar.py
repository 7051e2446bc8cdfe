"""values_in: which values a calendar function takes in a range, held against every hour of the range."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.values.calendar import values_in
from cubeql.values.times import TimeRange, parse_range
from tests.support.oracle import times

SLOWLY = {
    "year": lambda t: t.year,
    "month": lambda t: t.month,
    "season": times.season,
    "dekad": times.dekad,
    "week": lambda t: t.isocalendar()[1],
    "doy": lambda t: t.timetuple().tm_yday,
}


@given(
    st.sampled_from(sorted(SLOWLY)),
    st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=200)),
)
def test_every_instant_of_the_range_has_one_of_them(function: str, start: datetime, length: timedelta) -> None:
    end = start + length
    last = end - timedelta(microseconds=1)
    hours = [start + timedelta(hours=n) for n in range(int(length / timedelta(hours=1)) + 1)]
    found = {SLOWLY[function](t) for t in (*hours, last) if t < end}
    given_range = TimeRange(np.datetime64(start, "us"), np.datetime64(end, "us"))
    assert values_in(function, given_range) == tuple(sorted(found))


@pytest.mark.parametrize("text", ["2020/..", "../2020", "2020/2021"])
def test_open_and_long_ranges_have_any_value(text: str) -> None:
    assert values_in("month", parse_range(text)) is None


def test_hours_are_not_counted() -> None:
    assert values_in("hour", parse_range("2020-01-01")) is None
