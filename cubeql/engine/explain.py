"""EXPLAIN: the plan, what is kept of all, and the SQL; it reads no array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import duckdb

from cubeql.compiler import CompiledQuery
from cubeql.engine.execute import Measured
from cubeql.engine.explanation import Explanation, ScanTold, Step, ToRead
from cubeql.engine.prepared import Prepared
from cubeql.engine.scans import ScanWork, work_stats
from cubeql.engine.shipment import Shipment
from cubeql.engine.steps import Figures, figures_of, shared_out
from cubeql.plan.nodes import Node, Scan
from cubeql.plan.outline import Line, outline
from cubeql.plan.shipped import Shipped

_TOLD = ("rows", "prepare_seconds", "seconds")


def explain(
    prepared: Prepared, to_read: Mapping[str, ToRead], actual: dict[str, float] | None = None,
    measured: Measured | None = None,
) -> Explanation:  # fmt: skip
    """The explanation of a prepared statement.

    Args:
        prepared: the statement.
        to_read: see :func:`cost`.
        actual: what it did, if it was run.
        measured: what the engine measured then.
    """
    compiled: CompiledQuery = prepared.compiled
    works = {w.name: w for w in prepared.works}
    figures = _figures(prepared, actual, measured) if actual and measured is not None else Figures()
    steps: list[Step] = []
    for number, line in enumerate(outline(compiled.plan)):
        if isinstance(line.node, Shipped):
            steps += _shipped(line, prepared.shipped[line.node.name], bool(actual))
        else:
            step = _step(number, line, works.get(line.scan or ""), to_read, figures)
            steps.append(replace(step, note=_cut(line, prepared) or step.note))
    scans = tuple(_told(work, to_read.get(work.name, ToRead())) for work in prepared.works)
    stats, read = work_stats(prepared.works), sum(r.bytes for r in to_read.values())
    return Explanation(tuple(steps), compiled.sql, scans, stats, read, actual or {})


def _told(work: ScanWork, to_read: ToRead) -> ScanTold:
    return ScanTold(work.name, work.layer, work.version, work.unit, work.tiles_kept, work.tiles_all, work.files_kept,
                    work.files_all, work.bytes_all, work.zones, to_read.row_groups, to_read.row_groups_all,
                    to_read.bytes, work.left_out)  # fmt: skip


def explain_closed(views: tuple[str, ...], plan: Node | None, actual: dict[str, float]) -> Explanation:
    """The explanation of a statement that reads views which hide what lies beneath.

    Args:
        views: their names.
        plan: with them closed; None where there is none.
        actual: what the statement did, if it was run.
    """
    steps = tuple(Step(f"view {name}", 0) for name in views)
    if plan is not None:
        steps = tuple(Step(line.words, line.depth) for line in outline(plan))
    told = {k: v for k, v in actual.items() if k in _TOLD}
    return Explanation(steps, "", (), work_stats([]), 0, told, views)


def _shipped(line: Line, shipment: Shipment, ran: bool) -> Iterator[Step]:
    """What was sent to a server, and what that says that it does."""
    rows, seconds = (shipment.rows, shipment.seconds) if ran else (None, None)
    yield Step(line.words, line.depth, rows=rows, seconds=seconds)
    for said in shipment.plan:
        yield Step(f"{shipment.attachment.name}: {said}", line.depth + 1)


def _step(number: int, line: Line, work: ScanWork | None, to_read: Mapping[str, ToRead], figures: Figures) -> Step:
    found = Step(
        line.words, line.depth, note=work_words(work) if line.scan is not None else "",
        rows=figures.rows.get(number), seconds=figures.seconds.get(number),
    )  # fmt: skip
    if work is None or (work.zones is not None and not work.tiles_all):
        return found
    every = work.tiles_all if work.in_place is None else work.in_place
    if figures.rows and not work.tiles_kept and line.role == "scan":
        found = replace(found, rows=0)  # the engine is not asked for nothing
    size = to_read[work.name].bytes if work.name in to_read else None
    return replace(found, tiles_kept=work.tiles_kept, tiles_all=every, bytes=size, unit=work.unit)


def _cut(line: Line, prepared: Prepared) -> str:
    """In how many ranges the tiles of cells meet, where that is more than one."""
    ranges = next((m.ranges for m in prepared.meetings if m.cells is line.node and line.role == "cells"), None)
    return "" if ranges is None else f"tiles meet in {len(ranges.first):,} ranges"


def _figures(prepared: Prepared, actual: Mapping[str, float], measured: Measured) -> Figures:
    reads: dict[str, list[str]] = {}
    for work in prepared.works:
        for path in work.sizes if work.name not in measured.numbers.values() else ():
            reads.setdefault(path, []).append(work.name)
    alone = {path: names[0] for path, names in reads.items() if len(names) == 1}
    found = figures_of(prepared.compiled.plan, measured.profile, measured.numbers, alone)
    found.rows.setdefault(0, int(actual["rows"]))
    return shared_out(found, actual["seconds"] - actual["prepare_seconds"])


def cost(prepared: Prepared, cursor: duckdb.DuckDBPyConnection) -> dict[str, ToRead]:
    """What each scan of a prepared statement will read; the scans are told what left out how many rows."""
    from cubeql.engine.footers import to_read  # loads what only EXPLAIN needs
    from cubeql.engine.leavingout import left_out

    works = {w.name: w for w in prepared.works}
    scans = prepared.compiled.statement.scans
    for scan in scans:
        if isinstance(scan, Scan) and scan.name in works:
            works[scan.name].left_out = left_out(cursor, scan, works[scan.name], prepared.compiled.parameters)
    return {s.name: to_read(cursor, works[s.name], s) for s in scans if s.name in works}


def work_words(work: ScanWork | None) -> str:
    """What a scan reads, of all."""
    if work is None:
        return "not read"
    if work.zones is not None:
        levels = f", a cell in up to {work.levels}" if work.levels > 1 else ""
        if not work.tiles_all:
            return f"zones {work.zones:,}"
        return f"zones {work.zones:,}{levels}, tiles {work.tiles_kept:,} of {work.tiles_all:,}"
    if work.in_place is not None:
        return f"read in place, {work.tiles_kept:,} of {work.in_place:,} blocks"
    kept = f"{work.unit} {work.tiles_kept:,} of {work.tiles_all:,}, files {work.files_kept:,} of {work.files_all:,}"
    told = ", ".join(f"{n:,} by {what}" for what, n in work.left_out.items())
    return f"{kept}; left out {told}" if told else kept
