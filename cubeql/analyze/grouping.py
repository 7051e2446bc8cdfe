"""GROUP BY: keys taken out of the expressions around them, and what is neither key nor aggregate found."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import (
    GRID,
    Aggregate,
    Apply,
    Bound,
    Column,
    InRegion,
    Key,
    Window,
    children,
    rewrite,
    rewrite_inside,
)
from cubeql.analyze.context import Context
from cubeql.functions.cells import GEOMETRY


class Groups:
    """The keys of a query, grown by what its cell key determines (its area, its centre)."""

    def __init__(self, context: Context, keys: tuple[Bound, ...]) -> None:
        self.context = context
        self.keys = list(keys)

    def regroup(self, expr: Bound) -> Bound:
        """The expression over keys and aggregates; notes columns that are neither."""
        changed = rewrite(rewrite(expr, self._series), self._key)
        if any(k.type.name == "any" for k in self.keys):
            return changed  # a key at fault was told already; what it would have grouped is not known
        for column in _loose(changed):
            self.context.fault("not_grouped", column.span, name=f"'{column.name}'")
        return changed

    def _series(self, expr: Bound) -> Bound | None:
        """A window over time, parted by those dimensions that groups are made by."""
        if not (isinstance(expr, Window) and expr.series):
            return None
        return replace(expr, series=tuple(s for s in expr.series if s in self.keys))

    def _key(self, expr: Bound) -> Bound | None:
        if isinstance(expr, Aggregate):
            return expr
        if isinstance(expr, Window) and isinstance(expr.call, Aggregate):
            return self._windowed(expr)
        if expr in self.keys:
            return Key(expr.type, self.keys.index(expr), span=expr.span)
        if isinstance(expr, Apply) and geometry_of(expr) and expr.args[0] in self.keys:
            self.keys.append(expr)
            return Key(expr.type, len(self.keys) - 1, span=expr.span)
        return None

    def _windowed(self, window: Window) -> Bound:
        """A windowed aggregate is of groups, not of their rows: what it is asked of is over keys, too."""
        around = rewrite_inside(window, self._key)
        assert isinstance(around, Window)
        return replace(around, call=rewrite_inside(window.call, self._key))


def _loose(expr: Bound) -> list[Column]:
    if isinstance(expr, Column):
        return [expr]
    if isinstance(expr, Aggregate):
        return []
    if isinstance(expr, Window):
        beside = [e for e in children(expr) if e is not expr.call]
        return [c for e in (*children(expr.call), *beside) for c in _loose(e)]
    return [c for child in children(expr) for c in _loose(child)]


def has_aggregate(expr: Bound) -> bool:
    """Whether an aggregate stands in an expression (a windowed one does not count)."""
    if isinstance(expr, Window):
        return any(has_aggregate(c) for c in children(expr.call)) or any(
            has_aggregate(e) for e in (*expr.partition_by, *(s.expr for s in expr.order_by))
        )
    return isinstance(expr, Aggregate) or any(has_aggregate(c) for c in children(expr))


def uses_grid_cell(expr: Bound) -> bool:
    """Whether the query's own cell is read; whether it lies in a region is read from a mask."""
    if isinstance(expr, InRegion) and _is_grid_cell(expr.operand):
        return False
    return _is_grid_cell(expr) or any(uses_grid_cell(e) for e in children(expr))


def _is_grid_cell(expr: Bound) -> bool:
    return isinstance(expr, Column) and expr.source == GRID


def geometry_of(expr: Bound) -> str | None:
    """Which array of the query's own cells (``area``, ``lon``, ``lat``) an expression is; None for all others."""
    if not isinstance(expr, Apply) or not expr.args:
        return None
    cell = expr.args[0]
    return GEOMETRY.get(expr.function.name) if _is_grid_cell(cell) else None
