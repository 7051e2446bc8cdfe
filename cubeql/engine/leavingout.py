"""What left out how many tile rows of a scan, for EXPLAIN: time, values, a region, or the layers that it meets."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine import frozen
from cubeql.engine.scans import ScanWork, overlaps, time_tests
from cubeql.engine.selecting import Selection
from cubeql.engine.tiletests import files_that_pass, sql_test
from cubeql.plan.nodes import Scan
from cubeql.plan.tiletests import Values, tile_test
from cubeql.plan.words import region_words, words

Stage = tuple[str, NDArray[np.bool_], str]
"""What leaves out, the files that may hold rows it does not, and the condition on those rows."""


def left_out(cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork, values: Values) -> dict[str, int]:
    """How many rows each thing left out, in this order; a row counts where it was left out first."""
    if work.first is None or work.provided is None or scan.frozen is not None:
        return {}
    selection, total = work.first, work.tiles_all
    rows = selection.snapshot.bounds("rows")[0]
    stages = list(_stages(scan, selection, values))
    passing = np.ones(len(rows), bool)
    found: dict[str, int] = {}
    for name, mask, _ in stages:
        found[name] = found.get(name, 0) + int(rows[passing & ~mask].sum())
        passing &= mask
    for (name, _, _), count in zip(stages, _counted(cursor, selection, stages), strict=True):
        found[name] += count
    found[_where(scan, work)] = total - sum(found.values()) - work.provided
    met = found.get(work.shares_with, 0) + work.provided - (work.tiles_kept or 0)
    return {name: n for name, n in (found | {work.shares_with: met}).items() if n}


def _where(scan: Scan, work: ScanWork) -> str:
    return region_words(scan.region) if work.is_of_region and scan.region is not None else work.shares_with


def _stages(scan: Scan, selection: Selection, values: Values) -> list[Stage]:
    snapshot, times = selection.snapshot, frozen.times_of(scan)
    stages = [("time", overlaps(snapshot, times), " AND ".join(selection.times))] if time_tests(times) else []
    for condition in scan.values:
        test = tile_test(condition, scan, values)
        if test is not None:
            stages.append((words(condition), files_that_pass(test, snapshot), sql_test(test, scan.layer)))
    return stages


def _counted(cursor: duckdb.DuckDBPyConnection, selection: Selection, stages: list[Stage]) -> list[int]:
    """How many rows of the selected files each stage leaves out first."""
    if not stages or not len(selection.files):
        return [0] * len(stages)
    items, before = [], "TRUE"
    for _, _, test in stages:
        items.append(f"count(*) FILTER (WHERE {before} AND NOT coalesce(({test}), FALSE))")
        before = f"{before} AND coalesce(({test}), FALSE)"
    row = cursor.execute(f"SELECT {', '.join(items)} FROM {selection.source}").fetchone()  # noqa: S608 - identifiers are quoted, constants are our own
    assert row is not None
    return [int(n) for n in row]
