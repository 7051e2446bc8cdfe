"""ON TIME: how the clock of a joined source meets the clock of the query."""

from __future__ import annotations

from cubeql.analyze.bound import (
    RANKED,
    WINDOWED,
    BoundSource,
    LayerRef,
    Match,
)
from cubeql.analyze.constants import duration, whole_number
from cubeql.analyze.context import Context
from cubeql.analyze.scope import Scope, source_columns
from cubeql.catalog import Layer
from cubeql.lang import nodes

_UNITS = ("hour", "day", "dekad", "week", "month", "season", "year")
_LIKELY = {
    "P1Y": "SAME YEAR",
    "P1M": "SAME MONTH",
    "P1D": "SAME DAY",
    "P7D": "SAME WEEK",
    "PT1H": "SAME HOUR",
}
_WINDOWS = {"start": "FOLLOWING", "end": "PRECEDING", "instant": "AROUND"}
_MONTH_US = 28 * 86_400_000_000


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
    window = duration(context, time.interval) if time.interval is not None else None
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
    if isinstance(source, LayerRef) and isinstance(driver, LayerRef):
        _check_steps(context, driver.layer, source.layer, join)
    return Match("equal", clock=clock or 0)


def _check_supported(context: Context, source: BoundSource, time: nodes.TimeMatch) -> None:
    words = time.kind.upper().replace("_", " ")
    if time.valid and time.kind not in RANKED:
        context.fault("not_supported", time.span, construct=f"ON TIME {words} VALID",
                      suggestion="use AS OF, NEXT or NEAREST")  # fmt: skip
    if time.kind in (*WINDOWED, "during"):
        context.fault("not_supported", time.span, construct=f"ON TIME {words}",
                      suggestion="use EQUAL, SAME, AS OF, NEXT, NEAREST or ANY")  # fmt: skip


def _check_steps(context: Context, driver: Layer, layer: Layer, join: nodes.Join) -> None:
    left, right = (x.time.step if x.time else None for x in (driver, layer))
    if right is not None and left != right:
        context.fault("steps_differ", join.span, left=driver.name, left_step=left or "no fixed length",
                      right=layer.name, right_step=right, likely=_likely(driver, right))  # fmt: skip


def _likely(driver: Layer, step: str) -> str:
    """The match that two steps call for: a window where the driver's step holds several of the joined layer's."""
    return _LIKELY.get(step, "AS OF")
