"""Instants, partial dates, durations and calendar buckets, spelled out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.support.oracle.faults import RefusedError, UncoveredError

EPOCH = datetime(1970, 1, 1)
SECOND = timedelta(seconds=1)
Range = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Duration:
    """A span of time with calendar months in it."""

    months: int
    rest: timedelta


_UNITS = {
    "microsecond": timedelta(microseconds=1), "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1),
    "day": timedelta(days=1), "week": timedelta(weeks=1), "month": 1, "quarter": 3, "year": 12,
}  # fmt: skip


def duration(text: str) -> Duration:
    """``'14 days'``, ``'1 month 2 days'`` or ISO 8601 ``P1M``, ``PT6H``."""
    if text.strip().upper().startswith("P"):
        return _iso_duration(text.strip().upper())
    months, rest = 0, timedelta(0)
    parts = re.findall(r"(-?\d+(?:\.\d+)?)\s*([a-z]+)", text.lower())
    if not parts:
        raise RefusedError(f"{text!r} is no duration")
    for number, word in parts:
        unit = _UNITS.get(word.removesuffix("s"))
        if unit is None:
            raise RefusedError(f"{text!r} is no duration")
        if isinstance(unit, timedelta):
            rest += float(number) * unit
        else:
            months += int(number) * unit
    return Duration(months, rest)


def _iso_duration(text: str) -> Duration:
    match = re.fullmatch(
        r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text
    )
    if match is None or text in ("P", "PT"):
        raise RefusedError(f"{text!r} is no duration")
    y, m, w, d, hours, minutes, seconds = (int(g or 0) for g in match.groups())
    return Duration(12 * y + m, timedelta(weeks=w, days=d, hours=hours, minutes=minutes, seconds=seconds))


def add(time: datetime, span: Duration | timedelta, sign: int = 1) -> datetime:
    """A time moved by a span; a day the month does not have becomes its last."""
    if isinstance(span, timedelta):
        return time + sign * span
    month = time.year * 12 + time.month - 1 + sign * span.months
    year, month = month // 12, month % 12 + 1
    last = (_month_start(year, month + 1) - timedelta(days=1)).day
    return time.replace(year=year, month=month, day=min(time.day, last)) + sign * span.rest


def _month_start(year: int, month: int) -> datetime:
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def period(text: str) -> tuple[datetime, datetime]:
    """The half-open period a text stands for: ``2024`` the year, a date the day, ``10:30`` the minute."""
    text = text.strip()
    if re.fullmatch(r"\d{4}", text):
        return datetime(int(text), 1, 1), datetime(int(text) + 1, 1, 1)
    if re.fullmatch(r"\d{4}-\d{2}", text):
        year, month = int(text[:4]), int(text[5:])
        return _month_start(year, month), _month_start(year, month + 1)
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise RefusedError(f"{text!r} is no time") from None
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time, time + (timedelta(days=1) if len(text) == 10 else _precision(text))


def _precision(text: str) -> timedelta:
    clock = re.split("[T ]", text, maxsplit=1)[-1].removesuffix("Z")
    if re.fullmatch(r"\d{2}", clock):
        return timedelta(hours=1)
    if re.fullmatch(r"\d{2}:\d{2}", clock):
        return timedelta(minutes=1)
    if re.fullmatch(r"\d{2}:\d{2}:\d{2}", clock):
        return timedelta(seconds=1)
    return timedelta(microseconds=1)


def instant(text: str) -> datetime:
    """The instant a text means in a comparison: the start of its period."""
    return period(text)[0]


def parse_range(text: str) -> Range:
    """``a/b`` from the start of a to the end of b, ``..`` open; a single period is itself."""
    if "/" not in text:
        return period(text)
    first, _, second = text.partition("/")
    if "P" in text.upper():
        raise UncoveredError(f"a range with a duration ({text!r})")
    start = None if first.strip() in ("..", "") else period(first)[0]
    end = None if second.strip() in ("..", "") else period(second)[1]
    return start, end


def holds(bounds: Range, time: datetime) -> bool:
    """Whether a half-open range holds an instant."""
    start, end = bounds
    return (start is None or start <= time) and (end is None or time < end)


# ------------------------------------------------------------------ the calendar


def season(time: datetime) -> str:
    """DJF, MAM, JJA or SON."""
    return ("DJF", "MAM", "JJA", "SON")[time.month % 12 // 3]


def dekad(time: datetime) -> int:
    """Number of the dekad in the year, 1 to 36: days 1-10, 11-20 and the rest of each month."""
    return (time.month - 1) * 3 + min((time.day - 1) // 10, 2) + 1


def bucket(unit: str, time: datetime) -> tuple[object, ...]:
    """What two instants share exactly when they lie in the same UTC bucket."""
    match unit:
        case "hour":
            return time.year, time.month, time.day, time.hour
        case "day":
            return time.year, time.month, time.day
        case "dekad":
            return time.year, dekad(time)
        case "week":
            return tuple(time.isocalendar()[:2])
        case "month":
            return time.year, time.month
        case "season":
            return time.year + (time.month == 12), season(time)
        case "year":
            return (time.year,)
    raise RefusedError(f"there is no bucket {unit!r}")


def trunc(unit: str, time: datetime) -> datetime:
    """``date_trunc``."""
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit.lower().removesuffix("s"):
        case "year":
            return day.replace(month=1, day=1)
        case "quarter":
            return day.replace(month=(time.month - 1) // 3 * 3 + 1, day=1)
        case "month":
            return day.replace(day=1)
        case "week":
            return day - timedelta(days=time.weekday())
        case "day":
            return day
        case "hour":
            return time.replace(minute=0, second=0, microsecond=0)
        case "minute":
            return time.replace(second=0, microsecond=0)
        case "second":
            return time.replace(microsecond=0)
    if unit in ("season", "dekad"):
        begins = season_begins if unit == "season" else dekad_begins
        return next(d for n in range(100) if begins(d := day - timedelta(days=n)))
    raise UncoveredError(f"date_trunc({unit!r}, …)")


def season_begins(day: datetime) -> bool:
    """Whether a season begins on a day."""
    return day.day == 1 and day.month in (3, 6, 9, 12)


def dekad_begins(day: datetime) -> bool:
    """Whether a dekad begins on a day."""
    return day.day in (1, 11, 21)


_STEPS = {
    "week": timedelta(weeks=1), "day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1),
    "second": SECOND,
}  # fmt: skip


def boundaries(unit: str, start: datetime, end: datetime) -> int:
    """``date_diff``: how many times a unit begins from one time to another."""
    first, last = trunc(unit, start), trunc(unit, end)
    if unit in _STEPS:
        return (last - first) // _STEPS[unit]
    months = (last.year - first.year) * 12 + last.month - first.month
    return months // {"year": 12, "quarter": 3, "month": 1}[unit]


def time_bucket(width: Duration, time: datetime) -> datetime:
    """Start of the bucket: months are counted from 2000-01-01, all else from Monday 2000-01-03."""
    if width.months:
        if width.rest:
            raise RefusedError("a bucket is of months or of shorter units, not of both")
        count = (time.year - 2000) * 12 + time.month - 1
        start = count // width.months * width.months
        return _month_start(2000 + start // 12, start % 12 + 1)
    origin = datetime(2000, 1, 3)
    return origin + (time - origin) // width.rest * width.rest
