"""ON TIME: how the clock of a joined source meets the clock of the query."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import (
    RANKED,
    WINDOWED,
    BoundSource,
    LayerRef,
    Match,
    TableRef,
)
from cubeql.analyze.constants import duration, whole_number
from cubeql.analyze.context import Context
from cubeql.analyze.scope import Scope, source_columns
from cubeql.catalog import Layer
from cubeql.lang import nodes
from cubeql.values.times import Duration, parse_duration
from cubeql.values.types import Type

_MONTH_US = 30 * 86_400_000_000
_UNITS = ("hour", "day", "dekad", "week", "month", "season", "year")
_LIKELY = {
    "P1Y": "SAME YEAR",
    "P1M": "SAME MONTH",
    "P1D": "SAME DAY",
    "P7D": "SAME WEEK",
    "PT1H": "SAME HOUR",
}
_WINDOWS = {"start": "FOLLOWING", "end": "PRECEDING", "instant": "AROUND"}
_OF_ANY = ("min", "max", "count", "mode", "first", "last")
_COUNTED = ("integer", "number")
WINDOW_METHODS = ("mean", "min", "max", "sum", "count", "mode", "first", "last", "median", "stddev", "any", "all")


def bind_match(context: Context, scope: Scope, source: BoundSource, join: nodes.Join) -> Match | None:
    """How the clocks of a join meet; None where any time meets. The joined source is the scope's last."""
    clock = _clock(scope)
    timed = "time" in source_columns(source) and clock is not None
    if join.time is None:
        return _default_match(context, scope, source, join, clock) if timed else None
    time = join.time
    if not timed and time.kind != "any":
        lacking = source if clock is not None else scope.sources[0]
        context.fault("no_time_to_match", time.span, name=lacking.alias)
        return None
    _check_supported(context, source, time)
    if time.unit is not None and time.unit not in _UNITS:
        context.fault("unknown_time_unit", time.span, name=time.unit, units=", ".join(_UNITS))
    if time.kind == "during":
        return _during(context, source, time, clock or 0)
    window = duration(context, time.interval) if time.interval is not None else None
    if time.kind in WINDOWED and time.interval is not None and window == Duration():
        context.fault("bad_interval", time.interval.span, reason="a window of no length holds no instant")
    count = whole_number(context, time.count, "the number of rows", 1, 1000) if time.count is not None else 1
    return Match(time.kind, time.unit, window, clock or 0, count or 1, time.valid) if timed else None


def _clock(scope: Scope) -> int | None:
    """The source whose time is the query's; the last source is the one that is being joined."""
    for number, source in enumerate(scope.sources[:-1]):
        if number not in scope.hidden and "time" in source_columns(source):
            return number
    return None


def _default_match(context: Context, scope: Scope, source: BoundSource, join: nodes.Join, clock: int | None) -> Match:
    driver = scope.sources[clock or 0]
    if isinstance(source, LayerRef) and isinstance(driver, (LayerRef, TableRef)):
        _check_steps(context, driver.layer, source.layer, join)
    return Match("equal", clock=clock or 0)


def _check_supported(context: Context, source: BoundSource, time: nodes.TimeMatch) -> None:
    words = time.kind.upper().replace("_", " ")
    if time.valid and time.kind not in RANKED:
        context.fault("not_supported", time.span, construct=f"ON TIME {words} VALID",
                      suggestion="use AS OF, NEXT or NEAREST")  # fmt: skip


def _during(context: Context, source: BoundSource, time: nodes.TimeMatch, clock: int) -> Match | None:
    """The match with the row whose own step holds an instant; a fault where the source has no steps."""
    axis = source.layer.time if isinstance(source, LayerRef) else None
    if axis is None or axis.stamp == "instant" or (axis.stamp == "end" and axis.step is None):
        context.fault("no_steps", time.span, name=source.alias)
        return None
    return Match("during", axis.stamp, parse_duration(axis.step) if axis.step is not None else None, clock)


def _check_steps(context: Context, driver: Layer, layer: Layer, join: nodes.Join) -> None:
    left, right = (x.time.step if x.time else None for x in (driver, layer))
    if right is not None and left != right:
        context.fault("steps_differ", join.span, left=driver.name, left_step=left or "no fixed length",
                      right=layer.name, right_step=right, likely=_likely(driver, right))  # fmt: skip


def _likely(driver: Layer, step: str) -> str:
    """The match that two steps call for: a window where the driver's step holds several of the joined layer's."""
    own = driver.time
    if own is not None and own.step is not None and _length_us(own.step) > _length_us(step):
        return f"{_WINDOWS[own.stamp]} '{own.step}'"
    return _LIKELY.get(step, "AS OF")


def _length_us(step: str) -> int:
    length = parse_duration(step)
    return length.months * _MONTH_US + length.microseconds


# ------------------------------------------------------------------ windows of time


def over_window(context: Context, source: BoundSource, using: tuple[nodes.Using, ...]) -> BoundSource:
    """The source whose rows of a window of time become one, each column by its method; it has no time then."""
    columns = _measured(source)
    methods = {name: _usual(source, name, kind) for name, kind in columns.items()}
    for entry in using:
        if entry.method not in WINDOW_METHODS:
            context.fault("unknown_method", entry.span, name=entry.method, methods=", ".join(WINDOW_METHODS))
        elif entry.band is None:
            _use_for_all(context, entry, columns, methods)
        else:
            _use_for_one(context, source, entry, columns, methods)
    return replace(source, over=tuple(methods.items()))


def _use_for_all(
    context: Context, entry: nodes.Using, columns: dict[str, Type], methods: dict[str, str]
) -> None:
    """One method for every column that it suits; a method that suits none is a fault."""
    fitting = [name for name, kind in columns.items() if _suits(entry.method, kind)]
    methods |= dict.fromkeys(fitting, entry.method)
    if columns and not fitting:
        _refuse_method(context, entry, next(iter(columns.values())))


def _use_for_one(
    context: Context, source: BoundSource, entry: nodes.Using, columns: dict[str, Type], methods: dict[str, str]
) -> None:
    name = next((n for n in columns if n.casefold() == (entry.band or "").casefold()), None)
    if name is None:
        context.unknown("unknown_band_in_using", entry.span, entry.band or "", tuple(columns), f"{{}} {entry.method}",
                        source=source.alias)  # fmt: skip
    elif _suits(entry.method, columns[name]):
        methods[name] = entry.method
    else:
        _refuse_method(context, entry, columns[name])


def _refuse_method(context: Context, entry: nodes.Using, kind: Type) -> None:
    if kind.name in _COUNTED:
        context.fault("method_of_classes", entry.span, method=entry.method)
    else:
        context.fault("wrong_argument_type", entry.span, name=f"USING {entry.method}", wanted="number", position=1,
                      given=kind.name, signature="use mode, first, last, min, max or count")  # fmt: skip


def _measured(source: BoundSource) -> dict[str, Type]:
    """The columns that a window brings together: all but the keys of the rows."""
    columns = source_columns(source)
    if isinstance(source, LayerRef):
        return {b.name: columns[b.name] for b in source.layer.bands}
    return {n: t for n, t in columns.items() if n != "time" and t.name != "cell"}


def _usual(source: BoundSource, name: str, kind: Type) -> str:
    """The method of a column for which USING names none."""
    band = source.layer.band(name) if isinstance(source, LayerRef) else None
    if band is not None and _suits(band.method, kind):
        return band.method
    return "mean" if _suits("mean", kind) else "mode"


def _suits(method: str, kind: Type) -> bool:
    if method in _OF_ANY:
        return True
    if kind.categorical:
        return False
    return kind.name in _COUNTED or (kind.name == "boolean" and method in ("any", "all"))
