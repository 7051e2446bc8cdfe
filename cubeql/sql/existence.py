"""When a cell's existence follows from something else that is tested or computed anyway.

A cell has a row in a layer where at least one band is valid, so a value that is not NULL proves the row.
"""

from __future__ import annotations

from collections.abc import Iterable

from cubeql.analyze.bound import Aggregate, Bound, Column, InSubquery, walk
from cubeql.plan.nodes import Aligned, Cells, Output
from cubeql.plan.nulls import Columns, makes_null, needed_by

_SKIPS_NULL = frozenset(("avg", "mean", "sum", "min", "max", "stddev", "variance", "median", "count"))


def is_proven(aligned: Aligned, conditions: Iterable[Bound]) -> bool:
    """Whether these conditions hold only at cells where the layer has a row."""
    # A finer layer's count is 0, not NULL, where there is nothing to count.
    return not aligned.is_finer and any(_names_band(aligned, needed_by(c)) for c in conditions)


def _names_band(aligned: Aligned, columns: Columns) -> bool:
    scan = aligned.scan
    return any(s == scan.source and scan.layer.band(name) is not None for s, name in columns)


def is_unasked(node: Output) -> bool:
    """Whether cells without a row change nothing: they are grouped by tile rows, and every aggregate skips them.

    A tile row holds at least one cell, so no group comes of missing cells alone.
    """
    cells = node.input
    if node.group_by is None or not isinstance(cells, Cells):
        return False
    driver = cells.driver
    if cells.joins or cells.cell_filters or cells.regions or driver.is_finer or driver.is_coarser:
        return False
    if not all(_is_of_row(k, driver) for k in node.group_by):
        return False
    asked = (*(i.expr for i in node.items), *(s.expr for s in node.order_by), node.having, node.qualify)
    aggregates = [p for e in asked if e is not None for p in walk(e) if isinstance(p, Aggregate)]
    return all(_skips_missing(a, driver) for a in aggregates)


def _is_of_row(key: Bound, driver: Aligned) -> bool:
    columns = [p for p in walk(key) if isinstance(p, Column)]
    if any(isinstance(p, InSubquery) for p in walk(key)):
        return False
    return all(c.source == driver.scan.source and driver.scan.layer.band(c.name) is None for c in columns)


def _skips_missing(call: Aggregate, driver: Aligned) -> bool:
    if call.star or call.function.name not in _SKIPS_NULL or not call.args:
        return False
    return _names_band(driver, makes_null(call.args[0]))
