"""When pictures are of: from an argument, a file name, a tag or the source's own time axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from cubeql.catalog import TimeAxis
from cubeql.ingest.board import Moment
from cubeql.ingest.faults import refusal
from cubeql.ingest.options import IngestOptions, Stamp
from cubeql.ingest.source import Source
from cubeql.values.times import Duration, add_duration, parse_duration, parse_instant

Instant = np.datetime64
Span = tuple[Instant | None, Instant | None]
Times = tuple[Span, ...]
"""Time and end of step of every slice of a source."""
Given = Instant | tuple[Instant, ...] | None
"""The time a source was given: one for all of its slices, one for each place of its time axis, or none."""

_PARTS = {
    "Y": r"(?P<year>\d{4})", "m": r"(?P<month>\d\d)", "d": r"(?P<day>\d\d)", "j": r"(?P<doy>\d{3})",
    "H": r"(?P<hour>\d\d)", "M": r"(?P<minute>\d\d)", "S": r"(?P<second>\d\d)",
    "y": r"(?P<short>\d\d)", "b": r"(?P<name>[A-Za-z]{3})",
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_USUAL = (
    "%Y%m%dT%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d_%H%M%S", "%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y%j",
    "%Y-%m", "%Y_%m", "%Y",
)  # fmt: skip


def times_of(
    sources: Sequence[Source], given: Sequence[Given], options: IngestOptions
) -> tuple[list[Times], TimeAxis | None]:
    """Times of every slice of every source, and what they mean; all None for a layer without time.

    Args:
        sources: the sources.
        given: for each the time it was given, see :func:`given_times`.
        options: what the user said.

    Raises:
        IngestError: times that are missing for some, do not fit in number, are not understood, or repeat in
            one source.
    """
    found = [_own(s) if g is None else _of_given(s, g) for s, g in zip(sources, given, strict=True)]
    without = [s.name for s, times in zip(sources, found, strict=True) if times[0][0] is None]
    if without and len(without) < len(sources):
        raise refusal(without[0], "has no time, but other sources have", "give time= or time_pattern=")
    step = _step(options)
    stamp = options.stamp or ("start" if step else _stamp_of_bounds(sources, given))
    if without:
        if options.stamp or step:
            raise refusal(without[0], "a stamp or step was given, but there is no time", "give time= or time_pattern=")
        return found, None
    result = [_spans(s, t, stamp, step) for s, t in zip(sources, found, strict=True)]
    return result, TimeAxis(stamp, None if step is None else str(step))


def moments_of(source: Source, times: Times, kept: tuple[int, ...]) -> tuple[tuple[int, Moment], ...]:
    """The slices of a source with the moment each belongs to.

    Args:
        source: the source.
        times: of its slices.
        kept: places of its dimensions that the layer has.

    Raises:
        IngestError: two slices of one source have the same moment.
    """
    found = []
    for number, (one, (time, end)) in enumerate(zip(source.slices, times, strict=True)):
        found.append((number, Moment(time, end, tuple(one.dimensions[i] for i in kept))))
    if len({m.order for _, m in found}) != len(found):
        raise refusal(source.name, "two of its slices have the same time", "every slice needs its own")
    return tuple(found)


def _own(source: Source) -> Times:
    return tuple((one.time, None) for one in source.slices)


def given_times(count: int, options: IngestOptions) -> list[Given]:
    """The times of ``time=`` for so many sources, None for each where it says nothing.

    Raises:
        IngestError: it is no time, or there are not as many as sources.
    """
    given = options.time
    if given is not None and options.time_pattern is not None:
        raise refusal("time", "both time= and time_pattern= are given", "give one of them")
    if given is None:
        return [None] * count
    if isinstance(given, str | date | np.datetime64):
        return [instant(given)] * count
    times = tuple(instant(v) for v in given)
    if len(times) == 1:
        return [times[0]] * count
    if len(times) == count:
        return list(times)
    if count == 1:
        return [times]
    raise refusal("time", f"{len(times)} times are given for {count} sources", "one for each is needed")


def _of_given(source: Source, given: Instant | tuple[Instant, ...]) -> Times:
    return _along_axis(source, given) if isinstance(given, tuple) else _broadcast(source, given)


def _broadcast(source: Source, time: Instant) -> Times:
    if len({one.dimensions for one in source.slices}) != len(source.slices):
        raise refusal(
            source.name,
            "has a time axis of its own, but one time is given for it",
            "leave out time= and time_pattern=",
        )
    return ((time, None),) * len(source.slices)


def _along_axis(source: Source, times: tuple[Instant, ...]) -> Times:
    """Times for the places of a time axis, the same for every combination of the other axes."""
    combos = len({one.dimensions for one in source.slices})
    places = len(source.slices) // combos
    if len(times) != places:
        raise refusal(source.name, f"{len(times)} times are given for {places} places on its time axis")
    return tuple((t, None) for _ in range(combos) for t in times)


def instant(given: Any) -> Instant:
    """The instant of an argument: text, datetime, date or datetime64; UTC where it says nothing else.

    Raises:
        IngestError: it is none of these, or no time.
    """
    try:
        if isinstance(given, str):
            return parse_instant(given)
        if isinstance(given, datetime | date):
            return parse_instant(given.isoformat())
        found = np.datetime64(given, "us")
    except (ValueError, TypeError) as fault:
        raise refusal("time", f"{given!r} is no time ({fault})", "ISO 8601 text, a datetime or a datetime64") from fault
    if np.isnat(found):
        raise refusal("time", f"{given!r} is no time")
    return found


def time_in_name(path: str, pattern: str) -> Instant:
    """The time that a file's name holds.

    Raises:
        IngestError: the pattern is not found, is found with several times, or makes no date.
    """
    name = PurePosixPath(path.replace("\\", "/")).name
    if pattern == "auto":
        for usual in _USUAL:
            found = _found(path, name, _compiled(usual))
            if found:
                return _only(path, name, usual, found)
        raise refusal(path, "its name holds no time of a usual form", "give time_pattern= or time=")
    found = _found(path, name, _compiled(pattern))
    if not found:
        raise refusal(path, f"its name does not hold {pattern!r}", "give a time_pattern= that fits, or time=")
    return _only(path, name, pattern, found)


def _only(path: str, name: str, pattern: str, found: set[Instant]) -> Instant:
    if len(found) > 1:
        several = ", ".join(str(t) for t in sorted(found))
        raise refusal(
            path,
            f"its name holds {pattern!r} several times ({several})",
            "give a time_pattern= that fits one",
        )
    return found.pop()


def _compiled(pattern: str) -> re.Pattern[str]:
    if "(?P<" in pattern:
        try:
            compiled = re.compile(pattern)
        except re.error as fault:
            raise refusal("time_pattern", f"{pattern!r} is no regular expression ({fault})") from fault
    else:
        compiled = re.compile(_from_percent(pattern))
    known = {"year", "month", "day", "doy", "hour", "minute", "second", "short", "name"}
    if not {"year", "short"} & compiled.groupindex.keys() or compiled.groupindex.keys() - known:
        raise refusal("time_pattern", f"{pattern!r} has the groups {sorted(compiled.groupindex)}",
                      "year is needed; month, day, doy, hour, minute, second may follow")  # fmt: skip
    return compiled


def _from_percent(pattern: str) -> str:
    out = ""
    at = 0
    while at < len(pattern):
        if pattern[at] != "%":
            out += re.escape(pattern[at])
            at += 1
            continue
        letter = pattern[at + 1 : at + 2]
        if letter not in _PARTS:
            raise refusal("time_pattern", f"{pattern!r} has the unknown part '%{letter}'",
                          "known are %Y %y %m %b %d %j %H %M %S")  # fmt: skip
        out += _PARTS[letter]
        at += 2
    # Digits before or after would belong to another number.
    return rf"(?<!\d){out}(?!\d)"


def digits_of(pattern: str) -> str:
    """A regular expression without groups for a time written like ``%Y%m%d``.

    Raises:
        IngestError: the pattern has an unknown part.
    """
    return re.sub(r"\?P<\w+>", "?:", _from_percent(pattern))


def _found(path: str, name: str, compiled: re.Pattern[str]) -> set[Instant]:
    found: set[Instant] = set()
    fault: ValueError | None = None
    for match in compiled.finditer(name):
        try:
            found.add(_instant_of(match.groupdict()))
        except ValueError as error:
            fault = error
    if not found and fault is not None:
        raise refusal(path, f"what its name holds is no time ({fault})", "give a time_pattern= that fits, or time=")
    return found


def _instant_of(parts: dict[str, str | None]) -> Instant:
    year = int(parts.get("year") or 0) or 2000 + int(parts.get("short") or 0)
    if parts.get("doy"):
        text = f"{year:04d}-{int(parts['doy'] or 0):03d}"
    else:
        month = parts.get("month") or "1"
        if parts.get("name"):
            month = str(_MONTHS.index(str(parts["name"]).lower()) + 1)
        text = f"{year:04d}-{int(month):02d}-{int(parts.get('day') or 1):02d}"
    hour, minute, second = (int(parts.get(p) or 0) for p in ("hour", "minute", "second"))
    return parse_instant(f"{text}T{hour:02d}:{minute:02d}:{second:02d}Z")


def _step(options: IngestOptions) -> Duration | None:
    if options.step is None:
        return None
    if options.stamp == "instant":
        raise refusal("step", "an instant has no step", "give stamp='start' or stamp='end'")
    try:
        return parse_duration(options.step)
    except ValueError as fault:
        raise refusal("step", str(fault), "write P1M, P1D, PT6H or '1 month'") from fault


def _stamp_of_bounds(sources: Sequence[Source], given: Sequence[Given]) -> Stamp:
    """Without a word from the user: the start of a step if all sources have bounds, else an instant."""
    own = [one for s, g in zip(sources, given, strict=True) if g is None for one in s.slices]
    if not own or any(g is not None for g in given) or any(one.bounds is None for one in own):
        return "instant"
    if all(one.bounds is not None and one.time == one.bounds[1] != one.bounds[0] for one in own):
        return "end"
    return "start" if all(one.bounds is not None and one.bounds[0] < one.bounds[1] for one in own) else "instant"


def _spans(source: Source, times: Times, stamp: Stamp, step: Duration | None) -> Times:
    found: list[Span] = []
    for one, (time, _) in zip(source.slices, times, strict=True):
        assert time is not None
        if stamp == "instant":
            found.append((time, None))
        elif step is not None:
            found.append((time, add_duration(time, step) if stamp == "start" else time))
        elif one.bounds is None:
            right = "give step=, for example step='P1D'"
            raise refusal(source.name, f"its times are the {stamp} of steps of unknown length", right)
        else:
            found.append((one.bounds[0], one.bounds[1]) if stamp == "start" else (one.bounds[1], one.bounds[1]))
    return tuple(found)
