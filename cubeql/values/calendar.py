"""Which values a calendar function takes in a range of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from cubeql.values.times import TimeRange

_DAY = np.timedelta64(1, "D")
_SEASONS = ("DJF", "MAM", "JJA", "SON")
_MOST_DAYS = 366

_OF_DAY: dict[str, Callable[[date], int | str]] = {
    "year": lambda d: d.year,
    "month": lambda d: d.month,
    "season": lambda d: _SEASONS[d.month % 12 // 3],
    "dekad": lambda d: (d.month - 1) * 3 + min((d.day - 1) // 10, 2) + 1,
    "week": lambda d: d.isocalendar().week,
    "doy": lambda d: d.timetuple().tm_yday,
}


def values_in(function: str, times: TimeRange) -> tuple[int | str, ...] | None:
    """The values that a calendar function of whole days takes in a range, ascending; None where they are not counted:
    the range is open or longer than a year, or the function tells hours apart."""
    if times.start is None or times.end is None or function not in _OF_DAY:
        return None
    first = times.start.astype("datetime64[D]")
    past = (times.end - np.timedelta64(1, "us")).astype("datetime64[D]") + _DAY
    if past - first > _MOST_DAYS * _DAY:
        return None
    days: list[date] = np.arange(first, past).tolist()
    return tuple(sorted({_OF_DAY[function](d) for d in days}))
