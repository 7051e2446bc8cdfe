"""Instants and ranges of time from ISO 8601 text; everything is UTC, with microseconds, years 1 to 9999.

What is written stands for the whole period of its precision: ``2024-05`` is that month, ``2024-05-03T10``
that hour, ``10:30:00`` that second, ``10:30:00.25`` that hundredth. An instant is the start of its period,
a range runs from the start of the first period to the end of the last.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from cubeql.values.durations import (
    FIRST_INSTANT,
    PAST_LAST_INSTANT,
    Duration,
    Instant,
    InstantArray,
    add_duration,
    parse_duration,
    shown,
)

__all__ = [
    "FIRST_INSTANT", "PAST_LAST_INSTANT", "Duration", "Instant", "InstantArray", "TimeRange", "add_duration",
    "format_instant", "parse_duration", "parse_instant", "parse_period", "parse_range",
]  # fmt: skip

OPEN = ".."

_DATE = re.compile(
    r"""(?P<year>[0-9]{4})
    (?: -(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?
      | -?W(?P<week>[0-9]{2})(?:-?(?P<weekday>[0-9]))?
      | -(?P<ordinal>[0-9]{3})
      | (?P<month_basic>[0-9]{2})(?P<day_basic>[0-9]{2})
    )?""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"""(?P<hour>[0-9]{2})
    (?: :(?P<minute>[0-9]{2})(?: :(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))? )?
      | (?P<minute_basic>[0-9]{2})(?: (?P<second_basic>[0-9]{2})(?:[.,](?P<fraction_basic>[0-9]+))? )?
    )?
    (?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?""",
    re.VERBOSE,
)
_QUARTER = re.compile(r"([0-9]{4})-?Q([1-4])")
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The instants from ``start`` on and before ``end``, UTC; None is open.

    Attributes:
        start: datetime64 with microseconds, included.
        end: datetime64 with microseconds, not included; None too where the year 9999 is the last.
    """

    start: Instant | None = None
    end: Instant | None = None

    def contains(self, times: InstantArray) -> NDArray[np.bool_]:
        """Which of the instants lie in the range; NaT lies in none."""
        inside = ~np.isnat(times)
        if self.start is not None:
            inside &= times >= self.start
        if self.end is not None:
            inside &= times < self.end
        return inside

    def __str__(self) -> str:
        ends = (OPEN if t is None else format_instant(t) for t in (self.start, self.end))
        return "/".join(ends)


def format_instant(instant: Instant) -> str:
    """ISO 8601 text of an instant with seconds and ``Z``; a fraction only where there is one."""
    text = str(instant.astype("datetime64[us]"))
    return (text.rstrip("0").removesuffix(".") if "." in text else text) + "Z"


def parse_instant(text: str) -> Instant:
    """The instant of ISO 8601 text, UTC; a partial date gives the first instant of its period.

    Besides calendar dates it reads weeks (``2024-W05``), days of the year (``2024-123``), the basic form
    (``20240503T103000Z``) and a blank in place of ``T``. Without an offset the text is UTC.

    Raises:
        ValueError: the text is no date; the message says why.
    """
    return _period(text)[0]


def parse_period(text: str) -> TimeRange:
    """The whole period that a date or time stands for: ``2024`` is the year, ``10:30Z`` the minute.

    Raises:
        ValueError: the text is no date; the message says why.
    """
    start, length = _period(text)
    return TimeRange(start, _end(start, length))


def parse_range(text: str) -> TimeRange:
    """The range of ISO 8601 text.

    ``2024-05/2024-09`` (both periods included, so it ends before October), ``2024-05/..`` and ``../2024-05``
    (open), ``2024-05-01/P1M`` and ``P1M/2024-05`` (a duration after the start or before the end), or a single
    date, which stands for its whole period.

    Raises:
        ValueError: the text is no range, or it ends before it starts; the message says why.
    """
    sides = text.strip().split("/")
    if len(sides) == 1:
        return parse_period(text)
    if len(sides) > 2:
        raise ValueError(f"{shown(text)} is no range of time: it has more than one '/'")
    first, last = (side.strip() for side in sides)
    if not first or not last:
        raise ValueError(f"{shown(text)} is no range of time: write '..' for an open end")
    found = _range(text, first, last)
    if found.start is not None and found.end is not None and found.end <= found.start:
        raise ValueError(f"{shown(text)} is no range of time: it ends at or before its start")
    return found


def _range(text: str, first: str, last: str) -> TimeRange:
    lengths = [side[0] in "Pp" for side in (first, last)]
    if any(lengths):
        if all(lengths) or OPEN in (first, last):
            raise ValueError(f"{shown(text)} is no range of time: a duration needs a date on the other side")
        return _after(first, last) if lengths[1] else _before(first, last)
    start = None if first == OPEN else parse_instant(first)
    return TimeRange(start, None if last == OPEN else parse_period(last).end)


def _after(first: str, length: str) -> TimeRange:
    start = parse_instant(first)
    end = add_duration(start, parse_duration(length))
    return TimeRange(start, None if end == PAST_LAST_INSTANT else end)


def _before(length: str, last: str) -> TimeRange:
    start, period = _period(last)
    end = _end(start, period)
    return TimeRange(add_duration(end or PAST_LAST_INSTANT, parse_duration(length), -1), end)


def _end(start: Instant, length: Duration) -> Instant | None:
    # The last week and the last year of 9999 end where the calendar does.
    if length.months == 0 and PAST_LAST_INSTANT - start <= np.timedelta64(length.microseconds, "us"):
        return None
    end = add_duration(start, length)
    return None if end == PAST_LAST_INSTANT else end


def _period(text: str) -> tuple[Instant, Duration]:
    """Start and length of the period that a text stands for."""
    bare = text.strip().upper()
    day_text, _, time_text = bare.replace(" ", "T", 1).partition("T")
    match = _DATE.fullmatch(day_text)
    if match is None or (bare != day_text and not time_text):
        _refuse(text, bare)
    day, length = _day(text, match)
    start = np.datetime64(day, "us")
    if time_text:
        if length != Duration(0, 1440 * _MINUTE_US):
            raise _fault(text, "a time of day needs a whole date before it")
        offset, length = _time_of_day(text, time_text)
        start = start + np.timedelta64(offset, "us")
    if not FIRST_INSTANT <= start < PAST_LAST_INSTANT:
        raise _fault(text, "in UTC it lies outside the years 1 to 9999")
    return start, length


def _day(text: str, match: re.Match[str]) -> tuple[date, Duration]:
    year = _within(text, "year", match["year"], 1, 9999)
    one_day = Duration(0, 1440 * _MINUTE_US)
    if match["week"]:
        return _week(text, year, match["week"], match["weekday"])
    if match["ordinal"]:
        days = 366 if calendar.isleap(year) else 365
        ordinal = _within(text, f"day of {year}", match["ordinal"], 1, days)
        return date.fromordinal(date(year, 1, 1).toordinal() + ordinal - 1), one_day
    month_text = match["month"] or match["month_basic"]
    day_text = match["day"] or match["day_basic"]
    if not month_text:
        return date(year, 1, 1), Duration(12)
    month = _within(text, "month", _two(text, "month", month_text), 1, 12)
    if not day_text:
        return date(year, month, 1), Duration(1)
    days = calendar.monthrange(year, month)[1]
    day = _within(text, f"day of {year:04d}-{month:02d}", _two(text, "day", day_text), 1, days)
    return date(year, month, day), one_day


def _week(text: str, year: int, week: str, weekday: str | None) -> tuple[date, Duration]:
    weeks = date(year, 12, 28).isocalendar().week
    number = _within(text, f"week of {year}", week, 1, weeks)
    day = _within(text, "day of the week", weekday or "1", 1, 7)
    days = 1 if weekday else 7
    try:
        return date.fromisocalendar(year, number, day), Duration(0, days * 1440 * _MINUTE_US)
    except (ValueError, OverflowError):
        raise _fault(text, "it lies outside the years 1 to 9999") from None


def _time_of_day(text: str, time_text: str) -> tuple[int, Duration]:
    """Microseconds from the date's midnight UTC to the start of the time, and the length of its precision."""
    match = _TIME.fullmatch(time_text)
    if match is None:
        raise _fault(
            text, "the time of day is written as T10, T10:30, T10:30:00 or T10:30:00.25, then Z or +02:00"
        )
    minute = match["minute"] or match["minute_basic"]
    second = match["second"] or match["second_basic"]
    fraction = match["fraction"] or match["fraction_basic"]
    start = _within(text, "hour", match["hour"], 0, 23) * 60 * _MINUTE_US
    start += _within(text, "minute", minute or "0", 0, 59) * _MINUTE_US
    start += _within(text, "second", second or "0", 0, 59) * 1_000_000
    start -= _offset(text, match["zone"])
    if fraction:
        digits = fraction[:6]
        if fraction[6:].strip("0"):
            raise _fault(text, "instants have microseconds, six digits after the point")
        return start + int(digits.ljust(6, "0")), Duration(0, 10 ** (6 - len(digits)))
    return start, Duration(0, 1_000_000 if second else _MINUTE_US if minute else 60 * _MINUTE_US)


def _offset(text: str, zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    hours = _within(text, "hour of the offset", digits[:2], 0, 18)
    minutes = _within(text, "minute of the offset", digits[2:] or "0", 0, 59)
    return (hours * 60 + minutes) * _MINUTE_US * (-1 if zone[0] == "-" else 1)


def _two(text: str, what: str, digits: str) -> str:
    if len(digits) != 2:
        raise _fault(text, f"the {what} needs two digits: {digits.zfill(2)}")
    return digits


def _within(text: str, what: str, digits: str, low: int, high: int) -> int:
    number = int(digits)
    if not low <= number <= high:
        raise _fault(text, f"{what} must be {low} to {high}, not {number}")
    return number


def _refuse(text: str, bare: str) -> NoReturn:
    quarter = _QUARTER.fullmatch(bare)
    if quarter:
        year, last = quarter[1], 3 * int(quarter[2])
        raise _fault(text, f"write the quarter as a range, '{year}-{last - 2:02d}/{year}-{last:02d}'")
    if re.fullmatch(r"[0-9]{6}", bare):
        raise _fault(text, f"write the month as '{bare[:4]}-{bare[4:]}'")
    raise _fault(text, "ISO 8601 is needed, as in '2024', '2024-05', '2024-05-03' or '2024-05-03T10:30Z'")


def _fault(text: str, why: str) -> ValueError:
    return ValueError(f"{shown(text)} is no date: {why}")
