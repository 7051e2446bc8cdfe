"""Tests of tiles (:mod:`cubeql.plan.tiletests`) asked of the files of a layer, and of tile rows in SQL."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cubeql.analyze.bound import Bound, Column, walk
from cubeql.catalog import Layer
from cubeql.plan.nodes import Scan
from cubeql.plan.thresholds import Number
from cubeql.plan.tiletests import Every, HasClass, HasValue, Some, TileTest, Values, doubt_test, tile_test
from cubeql.sql import quote
from cubeql.sql.printer import literal
from cubeql.storage import Snapshot

Mask = NDArray[np.bool_]


def files_that_pass(test: TileTest, snapshot: Snapshot) -> Mask:
    """Which files may hold a tile row that passes; a bound that is not known excludes nothing."""
    match test:
        case HasValue(band=band, low=low, high=high):
            return _overlap(snapshot, band, low, high)
        case HasClass(band=band, codes=codes, others=False):
            return _any((_overlap(snapshot, band, code, code) for code in codes), snapshot)
        case HasClass(band=band, codes=codes):
            (least, known), (most, _) = (snapshot.bounds(f"{band}__{end}") for end in ("min", "max"))
            told: Mask = known & (least == most) & np.isin(least, codes)
            return _has_values(snapshot, band) & ~told
        case Every(tests=tests):
            return ~_any((~files_that_pass(t, snapshot) for t in tests), snapshot)
        case Some(tests=tests):
            return _any((files_that_pass(t, snapshot) for t in tests), snapshot)
    raise AssertionError(f"no test: {test}")


def _any(masks: Iterable[Mask], snapshot: Snapshot) -> Mask:
    found = np.zeros(snapshot.files.num_rows, bool)
    for mask in masks:
        found |= mask
    return found


def _overlap(snapshot: Snapshot, band: str, low: Number | None, high: Number | None) -> Mask:
    kept = _has_values(snapshot, band)
    if low is not None:
        most, known = snapshot.bounds(f"{band}__max")
        kept &= (most >= low) | ~known
    if high is not None:
        least, known = snapshot.bounds(f"{band}__min")
        kept &= (least <= high) | ~known
    return kept


def _has_values(snapshot: Snapshot, band: str) -> Mask:
    """Whether some row of a file may have a value in the band."""
    nulls, known = snapshot.bounds(f"{band}__nulls")
    found: Mask = (nulls != snapshot.bounds("rows")[0]) | ~known
    return found


def is_pushed(test: TileTest) -> bool:
    """Whether a scan of files tests it before it reads the arrays of a row: comparisons of single columns."""
    return isinstance(test, HasValue) or (isinstance(test, Every) and all(map(is_pushed, test.tests)))


def sql_test(test: TileTest, layer: Layer) -> str:
    """The condition that tile rows pass, over their stored columns."""
    match test:
        case HasValue():
            return _between(test, layer)
        case HasClass():
            return _classes(test)
        case Every(tests=tests):
            return " AND ".join(sql_test(t, layer) for t in tests)
        case Some(tests=tests):
            return f"({' OR '.join(f'({sql_test(t, layer)})' for t in tests)})" if tests else "FALSE"
    raise AssertionError(f"no test: {test}")


def whole_test(condition: Bound, scan: Scan, values: Values) -> str:
    """The condition that a tile row passes, over its stored columns, of which every cell fulfils ``condition``."""
    doubt = doubt_test(condition, scan, values)
    if doubt is None:
        return "FALSE"
    valid = [f"{quote(f'{b}__count')} = footprint__count" for b in sorted(bands_of((condition,), scan))]
    return f"({' AND '.join(valid)} AND NOT coalesce({sql_test(doubt, scan.layer)}, TRUE))"


def bands_of(conditions: Iterable[Bound], scan: Scan) -> set[str]:
    """The bands of a scan's layer that conditions read."""
    columns = {p.name for c in conditions for p in walk(c) if isinstance(p, Column) and p.source == scan.source}
    return {name for name in columns if scan.layer.band(name) is not None}


def none_test(condition: Bound, scan: Scan, values: Values) -> str:
    """The condition that a tile row passes, over its stored columns, of which no cell fulfils ``condition``."""
    test = tile_test(condition, scan, values)
    return "FALSE" if test is None else f"NOT coalesce({sql_test(test, scan.layer)}, FALSE)"


def _between(test: HasValue, layer: Layer) -> str:
    least, most = quote(f"{test.band}__min"), quote(f"{test.band}__max")
    band = layer.band(test.band)
    assert band is not None

    def bound(value: Number) -> str:
        # A constant of another type than the column's would not be asked of the statistics of row groups.
        return f"{literal(value)}::FLOAT" if band.storage == "float32" else literal(value)

    parts = [f"{most} >= {bound(test.low)}"] if test.low is not None else []
    parts += [f"{least} <= {bound(test.high)}"] if test.high is not None else []
    return " AND ".join(parts) if parts else f"{most} IS NOT NULL"


def _classes(test: HasClass) -> str:
    least, most = quote(f"{test.band}__min"), quote(f"{test.band}__max")
    listed = ", ".join(map(str, test.codes))
    classes = quote(f"{test.band}__classes")
    if test.others:
        fewer = f"len(list_filter({classes}, lambda x: x.code NOT IN ({listed}))) > 0"
        return f"{most} IS NOT NULL AND {fewer}"
    held = f"list_has_any(list_transform({classes}, lambda x: x.code), [{listed}])"
    return f"{most} >= {test.codes[0]} AND {least} <= {test.codes[-1]} AND {held}"
