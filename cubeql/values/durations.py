"""Lengths of time: calendar months kept apart from microseconds, because a month has no fixed length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Instant = np.datetime64
InstantArray = NDArray[np.datetime64]

FIRST_INSTANT = np.datetime64("0001-01-01T00:00:00.000000", "us")
PAST_LAST_INSTANT = np.datetime64("10000-01-01T00:00:00.000000", "us")

_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_MAX_MONTHS = 9999 * 12
_MAX_TEXT = 100

_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_MICROSECONDS = {
    "week": 7 * _DAY_US,
    "day": _DAY_US,
    "hour": 3600 * _SECOND_US,
    "minute": 60 * _SECOND_US,
    "second": _SECOND_US,
    "millisecond": 1000,
    "microsecond": 1,
}  # fmt: skip
_SHORT = {
    "y": "year", "yr": "year", "yrs": "year", "mon": "month", "mons": "month", "w": "week", "d": "day",
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "s": "second",
    "sec": "second", "secs": "second", "ms": "millisecond", "us": "microsecond",
}  # fmt: skip
_ISO_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day", "h": "hour", "m": "minute", "s": "second"}

_PART = re.compile(r"([0-9]+(?:[.][0-9]+)?)\s*([a-z]+)(?:\s*,\s*|\s+|(?=[0-9])|$)")
_ISO = re.compile(
    r"P(?:(?P<Y>N)Y)?(?:(?P<M>N)M)?(?:(?P<W>N)W)?(?:(?P<D>N)D)?(?P<time>T(?:(?P<h>N)H)?(?:(?P<m>N)M)?(?:(?P<s>N)S)?)?".replace(
        "N", r"[0-9]+(?:[.,][0-9]+)?"
    )
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: so many calendar months, then so many microseconds; neither is negative.

    A day is 24 hours, since all instants are UTC.
    """

    months: int = 0
    microseconds: int = 0

    def __str__(self) -> str:
        """ISO 8601 text, e.g. ``P1M``, ``P14D``, ``PT1H30M``; ``PT0S`` if zero."""
        years, months = divmod(self.months, 12)
        days, rest = divmod(self.microseconds, _DAY_US)
        hours, rest = divmod(rest, 3600 * _SECOND_US)
        minutes, rest = divmod(rest, 60 * _SECOND_US)
        seconds = f"{rest // _SECOND_US}.{rest % _SECOND_US:06d}".rstrip("0").rstrip(".")
        date = "".join(f"{n}{u}" for n, u in ((years, "Y"), (months, "M"), (days, "D")) if n)
        time = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (seconds, "S")) if str(n) != "0")
        return f"P{date}{'T' + time if time else ''}" if date or time else "PT0S"


def shown(text: str) -> str:
    """The text in quotes for a message, cut short where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def parse_duration(text: str) -> Duration:
    """The duration of words (``14 days``, ``2 days 3 hours``) or of ISO 8601 (``P14D``).

    Raises:
        ValueError: the text is no duration; the message says why.
    """
    bare = text.strip()
    if not bare or len(bare) > _MAX_TEXT:
        raise _fault(text, "write a number and a unit, as in '14 days', or ISO 8601, as in 'P14D'")
    if bare[0] in "+-":
        raise _fault(text, "a duration has no sign")
    total = Duration()
    seen: set[str] = set()
    for number, unit in _iso_parts(text, bare) if bare[0] in "Pp" else _word_parts(text, bare.lower()):
        if unit in seen:
            raise _fault(text, f"it gives {unit}s twice")
        seen.add(unit)
        total = _plus(text, total, number, unit)
    return total


def _iso_parts(text: str, bare: str) -> Iterator[tuple[str, str]]:
    match = _ISO.fullmatch(bare.upper())
    if match is None or not any(match[key] for key in _ISO_UNITS) or match["time"] == "T":
        raise _fault(text, "ISO 8601 durations are written as 'P1Y2M', 'P14D', 'PT6H30M' or 'P1DT12H'")
    return ((match[key].replace(",", "."), unit) for key, unit in _ISO_UNITS.items() if match[key])


def _word_parts(text: str, bare: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(bare):
        match = _PART.match(bare, at)
        if match is None:
            raise _fault(text, "write a number and a unit, as in '14 days' or '2 days 3 hours'")
        yield match[1], _unit(text, match[2])
        at = match.end()
    if bare.endswith(","):
        raise _fault(text, "it ends in a comma")


def _unit(text: str, word: str) -> str:
    if word == "m":
        raise _fault(text, "'m' could be minutes or months; write 'min' or 'months'")
    if word in ("dekad", "dekads", "season", "seasons"):
        raise _fault(text, f"a {word.rstrip('s')} has no fixed length; write '10 days' or '3 months'")
    singular = _SHORT.get(word, word.removesuffix("s") if len(word) > 3 else word)
    if singular not in _MONTHS and singular not in _MICROSECONDS:
        known = ", ".join((*_MONTHS, *_MICROSECONDS))
        raise _fault(text, f"{shown(word)} is no unit of time; there are {known}")
    return singular


def _plus(text: str, total: Duration, number: str, unit: str) -> Duration:
    months = unit in _MONTHS
    amount = Fraction(number) * (_MONTHS[unit] if months else _MICROSECONDS[unit])
    if amount.denominator != 1:
        smaller = "a whole number of months" if months else "a whole number of microseconds"
        raise _fault(text, f"{number} {unit}s is not {smaller}")
    result = (
        Duration(total.months + int(amount), total.microseconds)
        if months
        else Duration(total.months, total.microseconds + int(amount))
    )
    if result.months > _MAX_MONTHS or result.microseconds > _MAX_MONTHS * 31 * _DAY_US:
        raise _fault(text, "it is longer than 9999 years")
    return result


def _fault(text: str, why: str) -> ValueError:
    return ValueError(f"{shown(text)} is no duration: {why}")


@overload
def add_duration(instant: Instant, duration: Duration, count: int = 1) -> Instant: ...
@overload
def add_duration(
    instant: InstantArray, duration: Duration, count: int | NDArray[np.int64] = 1
) -> InstantArray: ...
def add_duration(instant: Any, duration: Duration, count: Any = 1) -> Any:
    """The instants ``count`` durations later (earlier where negative): first the months, then the rest.

    A day of the month that the reached month lacks becomes its last day: 31 January and one month is 28 or
    29 February. Steps of a series are therefore counted from its start, not added one by one.

    Args:
        instant: datetime64 with microseconds, or an array of them; NaT stays NaT.
        duration: the length of one step.
        count: how many steps; an array broadcasts against ``instant``.

    Raises:
        ValueError: the result lies outside the years 1 to 9999; the instant after them is allowed, as an end.
    """
    times = np.asarray(instant, dtype="datetime64[us]")
    steps = np.asarray(count, dtype=np.int64)
    _check_reach(duration, steps)
    later = _plus_months(times, steps * duration.months) if duration.months else times
    moved = later + (steps * duration.microseconds).astype("timedelta64[us]")
    outside = (moved < FIRST_INSTANT) | (moved > PAST_LAST_INSTANT)
    if outside.any():
        raise ValueError(
            f"{duration} from {times[()] if times.ndim == 0 else 'here'} leaves the years 1 to 9999"
        )
    return moved[()] if moved.ndim == 0 else moved


def _check_reach(duration: Duration, steps: NDArray[np.int64]) -> None:
    """Refuse what would overflow int64 before the range check could see it."""
    most = int(np.abs(steps).max(initial=0))
    if (
        most * duration.months > 2 * _MAX_MONTHS
        or most * duration.microseconds > 2 * _MAX_MONTHS * 31 * _DAY_US
    ):
        raise ValueError(f"{most} times {duration} leaves the years 1 to 9999")


def _plus_months(times: InstantArray, months: NDArray[np.int64]) -> InstantArray:
    month = times.astype("datetime64[M]")
    day = times.astype("datetime64[D]")
    reached = month + months.astype("timedelta64[M]")
    first = reached.astype("datetime64[D]")
    last = (reached + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    same_day = first + (day - month.astype("datetime64[D]"))
    moved: InstantArray = np.minimum(same_day, last).astype("datetime64[us]") + (times - day)
    return moved
