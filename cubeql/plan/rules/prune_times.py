"""Times that cannot matter are not read: the range of the driver, and what follows from it for joined layers.

So it is where rows meet cell by cell: of the times of the left side follows which ones of the right can matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cubeql.analyze.bound import Apply, Bound, Column, Constant, Key, Match, Window, walk
from cubeql.plan.nodes import Aligned, CellJoin, Cells, Filtered, Node, Output, Rows, RowScan, TileJoin
from cubeql.plan.walking import rewrite
from cubeql.values.times import Duration, TimeRange

_BUCKET_DAYS = {"hour": 1, "day": 1, "dekad": 11, "week": 7, "month": 31, "season": 92, "year": 366}
_BACK = ("as_of", "nearest", "preceding", "around")
_AHEAD = ("next", "nearest", "following", "around")
_MICROSECOND = np.timedelta64(1, "us")


def prune_times(plan: Node) -> Node:
    """Give every scan the range of times that its rows can matter in."""
    return rewrite(plan, _prune)


def _prune(node: Node) -> Node:
    if isinstance(node, Filtered) and isinstance(node.input, RowScan):
        return _points(node, node.input)
    if isinstance(node, CellJoin):
        return _across(node)
    if not isinstance(node, Cells):
        return node
    return _meeting(node, _times((*node.row_filters, *node.cell_filters)))


def _meeting(cells: Cells, times: TimeRange) -> Cells:
    """Layers that meet, of which the driver's times lie in a range."""
    if times == TimeRange():
        return cells
    joins = tuple(_joined(j, times) for j in cells.joins)
    return replace(cells, driver=_limited(cells.driver, times), joins=joins)


def _across(join: CellJoin) -> CellJoin:
    """A join by cell whose right side is read in the times that can meet those of the left."""
    if join.match is None:
        return join
    times = _of_clock(join.left, join.match.clock)
    reached = reach(join.match, times) if times != TimeRange() else times
    return join if reached == TimeRange() else replace(join, right=_within(join.right, reached))


def _of_clock(node: Node, clock: int) -> TimeRange:
    """The times of a source among those that a relation is made of; open where they are not known."""
    match node:
        case Filtered(input=source):
            return _of_clock(source, clock)
        case CellJoin(left=left):
            return _of_clock(left, clock)
        case RowScan(source=source, times=times) if source == clock:
            return times
        case Rows(query=Output() as query, source=source) if source == clock and _passes_times(query):
            return _of_clock(query.input, 0)
        case Cells(driver=driver, joins=joins):
            scans = (driver.scan, *(j.aligned.scan for j in joins))
            return next((s.times for s in scans if s.source == clock and s.layer.time is not None), TimeRange())
    return TimeRange()


def _within(node: Node, times: TimeRange) -> Node:
    """A relation of which rows of other times do not matter."""
    match node:
        case Cells(driver=driver) if driver.scan.layer.time is not None:
            return _meeting(node, times)
        case Filtered(input=source):
            return replace(node, input=_within(source, times))
        case RowScan() if node.layer.time is not None:
            return replace(node, times=_meet(node.times, times))
        case Rows(query=Output() as query) if _passes_times(query) and _keeps_rows(query):
            return replace(node, query=replace(query, input=_within(query.input, times)))
    return node


def _passes_times(query: Output) -> bool:
    """Whether the time of a query's rows is that of its driver."""
    for item in query.items:
        expr: Bound = item.expr
        if isinstance(expr, Key) and query.group_by is not None:
            expr = query.group_by[expr.index]
        if item.name == "time":
            return isinstance(expr, Column) and expr.source == 0 and expr.name == "time"
    return False


def _keeps_rows(query: Output) -> bool:
    """Whether each row of a query is made of rows of its own time alone."""
    taken = query.limit is not None or query.offset is not None or query.sample is not None
    asked = (query.qualify, query.having, *(i.expr for i in query.items), *(s.expr for s in query.order_by))
    return not taken and not any(isinstance(p, Window) for e in asked if e is not None for p in walk(e))


def _points(node: Filtered, scan: RowScan) -> Filtered:
    """Points of other times than those that a filter leaves are not read."""
    if scan.layer.time is None or scan.source != 0:
        return node
    return replace(node, input=replace(scan, times=_meet(scan.times, _times(node.conditions))))


def _times(conditions: Iterable[Bound]) -> TimeRange:
    """The range of the driver's times that a conjunction leaves."""
    times = TimeRange()
    for condition in conditions:
        times = _meet(times, _range(condition))
    return times


def _limited(aligned: Aligned, times: TimeRange) -> Aligned:
    scan = aligned.scan
    if scan.layer.time is None:
        return aligned
    return replace(aligned, scan=replace(scan, times=_meet(scan.times, times)))


def _range(condition: Bound) -> TimeRange:
    """The range that a comparison of the driver's time with a constant leaves."""
    if not (isinstance(condition, Apply) and len(condition.args) == 2):
        return TimeRange()
    left, right = condition.args
    name = condition.function.name
    if isinstance(left, Constant):
        left, right = right, left
        name = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(name, name)
    if not (isinstance(left, Column) and left.source == 0 and left.name == "time" and isinstance(right, Constant)):
        return TimeRange()
    if right.value is None or name not in _RANGES:
        return TimeRange()
    return _RANGES[name](right.value)


_RANGES = {
    ">=": lambda t: TimeRange(t, None),
    ">": lambda t: TimeRange(t, None),
    "<": lambda t: TimeRange(None, t),
    "<=": lambda t: TimeRange(None, t + _MICROSECOND),
    "=": lambda t: TimeRange(t, t + _MICROSECOND),
}


def _meet(left: TimeRange, right: TimeRange) -> TimeRange:
    starts = [t for t in (left.start, right.start) if t is not None]
    ends = [t for t in (left.end, right.end) if t is not None]
    return TimeRange(max(starts) if starts else None, min(ends) if ends else None)


def _joined(join: TileJoin, times: TimeRange) -> TileJoin:
    if join.match is None:
        return join
    return replace(join, aligned=_limited(join.aligned, reach(join.match, times)))


def reach(match: Match, times: TimeRange) -> TimeRange:
    """Times of a joined layer that can meet times of the driver; open where there is no limit."""
    if match.kind == "equal":
        return times
    if match.kind == "same":
        span = np.timedelta64(_BUCKET_DAYS[match.unit or "year"], "D").astype("timedelta64[us]")
        return _widened(times, span, span)
    width = _widest(match.window)
    if match.kind == "during":
        ends = match.unit == "end"
        return _widened(times, np.timedelta64(0, "us") if ends else width, width if ends else _MICROSECOND)
    back = width if match.kind in _BACK else np.timedelta64(0, "us")
    ahead = width if match.kind in _AHEAD else _MICROSECOND
    return _widened(times, back, ahead) if match.kind != "any" else TimeRange()


def _widest(window: Duration | None) -> np.timedelta64 | None:
    """The longest that a duration can be, None without one; a month has up to 31 days."""
    if window is None:
        return None
    return np.timedelta64(window.months * 31 * 86_400_000_000 + window.microseconds + 1, "us")


def _widened(times: TimeRange, back: np.timedelta64 | None, ahead: np.timedelta64 | None) -> TimeRange:
    start = times.start - back if times.start is not None and back is not None else None
    end = times.end + ahead if times.end is not None and ahead is not None else None
    return TimeRange(start, end)
