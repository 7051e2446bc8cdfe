"""The time axis of NetCDF files, after the CF conventions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeql.ingest.faults import refusal

if TYPE_CHECKING:
    from cubeql.ingest.cf_axes import Axes

Instant = np.datetime64
Stamp = tuple[Instant | None, tuple[Instant, Instant] | None]

_STEPS_US = {
    "microsecond": 1, "millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000,
    "hour": 3_600_000_000, "day": 86_400_000_000, "week": 604_800_000_000,
}  # fmt: skip
_SHORT = {
    "d": "day", "h": "hour", "hr": "hour", "min": "minute", "sec": "second", "s": "second",
    "ms": "millisecond", "msec": "millisecond", "us": "microsecond",
}  # fmt: skip
_MONTHS = {"month": 1, "year": 12}
_ISO = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?(?:\.0*)?)?"
    r"\s*(?:Z|UTC|GMT|\+?0?0:?00)?"
)
_PLAIN = ("standard", "gregorian", "proleptic_gregorian", "")
_REFORM = np.datetime64("1582-10-15", "us")


def stamps_of(source: str, dataset: Any, axes: Axes) -> list[Stamp]:
    """Time and bounds of every place on the time axis; one ``(None, None)`` without a time axis.

    A time axis that does not say what it counts (``time_dimension=``) gives None for each place: its times
    come as an argument.

    Raises:
        IngestError: times that are not understood, repeat, or are no dates of the real calendar.
    """
    if axes.time is None:
        return [(None, None)]
    if axes.time_given:
        return [(None, None)] * int(dataset.sizes[axes.time])
    variable = dataset[axes.time]
    units, calendar = str(variable.attrs["units"]), str(variable.attrs.get("calendar", "standard")).lower()
    times = decoded(source, np.asarray(variable.values), units, calendar)
    if len(np.unique(times)) != len(times):
        raise refusal(source, f"the time axis {axes.time} has an instant twice")
    bounds = dataset[variable.attrs["bounds"]] if variable.attrs.get("bounds") in dataset.variables else None
    if bounds is None or bounds.shape != (len(times), 2):
        return [(t, None) for t in times]
    edges = decoded(source, np.asarray(bounds.values).reshape(-1), str(bounds.attrs.get("units", units)), calendar)
    return [(t, (a, b)) for t, a, b in zip(times, edges[::2], edges[1::2], strict=True)]


def microseconds_of(unit: str) -> float | None:
    """How many microseconds a unit of time has; None where it is none of fixed length."""
    word = unit.strip().lower()
    word = _SHORT.get(word, word.rstrip("s") if len(word) > 2 else word)
    return 0.001 if word == "nanosecond" else _STEPS_US.get(word)


def decoded(source: str, numbers: Any, units: str, calendar: str) -> Any:
    """Instants of the numbers of a time axis, datetime64[us].

    Raises:
        IngestError: they are no dates of the real calendar.
    """
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise refusal(source, "its time axis holds values that are no times")
    if calendar in _PLAIN:
        times = _linear(source, numbers, units)
        if times is not None and (calendar == "proleptic_gregorian" or not times.size or times.min() >= _REFORM):
            return times
    return _by_calendar(source, numbers, units, calendar or "standard")


def _linear(source: str, numbers: Any, units: str) -> Any:
    """Decode by arithmetic: exact, and without the ends of nanosecond time."""
    from cubeql.values.times import parse_instant

    match = re.fullmatch(r"\s*([A-Za-z]+)\s+since\s+(.+?)\s*", units)
    if match is None:
        raise refusal(source, f"its time axis counts {units!r}", "'days since 1970-01-01' or the like is needed")
    word = match[1].lower()
    word = _SHORT.get(word, word.rstrip("s") if len(word) > 2 else word)
    step = _STEPS_US.get(word)
    if step is None and word not in _MONTHS:
        return None
    try:
        start = parse_instant(_iso(match[2]))
    except ValueError:
        return None
    if step is None:
        return _whole_months(source, numbers, start, units, _MONTHS[word])
    if numbers.dtype.kind == "f":
        # Halves of a microsecond are the noise of a float axis of days.
        offsets = np.rint(numbers.astype(np.float64) * step).astype(np.int64)
    else:
        offsets = numbers.astype(np.int64) * step
    return start + offsets.astype("timedelta64[us]")


def _whole_months(source: str, numbers: Any, start: Instant, units: str, months: int) -> Any:
    counts = np.rint(numbers.astype(np.float64)).astype(np.int64)
    if not np.array_equal(counts, numbers) or start != start.astype("datetime64[M]"):
        raise refusal(source, f"its time axis counts {units!r} in parts", "whole months from the first of a month")
    return (start.astype("datetime64[M]") + counts * months).astype("datetime64[us]")


def _iso(text: str) -> str:
    """``1970-1-1 0:0:0.0`` as ISO 8601 writes it."""
    match = _ISO.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second = (int(v or 0) for v in match.groups())
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"


def _by_calendar(source: str, numbers: Any, units: str, calendar: str) -> Any:
    import cftime  # type: ignore[import-untyped]

    try:
        dates = cftime.num2date(numbers, units, calendar, only_use_cftime_datetimes=True)
        text = [d.isoformat() for d in np.atleast_1d(dates)]
        return np.array([np.datetime64(t, "us") for t in text])
    except (ValueError, OverflowError, TypeError) as fault:
        raise refusal(
            source,
            f"its time axis ({units!r}, calendar {calendar!r}) has no dates of the real calendar ({fault})",
        ) from fault
