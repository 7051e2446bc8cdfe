"""EXPLAIN: the plan, what is kept of all, and the SQL; it reads no array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa

from cubeql.compiler import CompiledQuery
from cubeql.drawing.display import bytes_text
from cubeql.engine.execute import Measured
from cubeql.engine.prepare import Prepared
from cubeql.engine.scans import ScanWork, work_stats
from cubeql.engine.steps import Figures, Step, figures_of, shared_out
from cubeql.plan.nodes import Scan
from cubeql.plan.outline import Line, outline


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a statement will do, or did.

    Attributes:
        text: all of it, for people.
        steps: the plan, last step first; of a statement that was run with rows and seconds.
        sql: the SQL.
        scans: tiles or rows, files and bytes of each scan, kept of all.
        actual: rows, seconds and tiles of a statement that was run.
    """

    steps: tuple[Step, ...]
    sql: str
    scans: tuple[ScanWork, ...]
    bytes_to_read: int
    actual: dict[str, float] = field(default_factory=dict)

    @property
    def plan(self) -> tuple[str, ...]:
        """The plan tree, one line a step."""
        return tuple(f"{'  ' * s.depth}{s.words}{f': {s.note}' if s.note else ''}" for s in self.steps)

    @property
    def text(self) -> str:
        """The plan, the totals, and the SQL; of a statement that was run, rows and seconds before each step."""
        if not self.actual:
            return "\n".join([*self.plan, "", self.summary(), "", self.sql])
        said = ", ".join(f"{k} {v:g}" for k, v in self.actual.items())
        return "\n".join([*self._measured(), "", self.summary(), said, "", self.sql])

    def _measured(self) -> Iterator[str]:
        figures = [("rows", "seconds"), *((_count(s.rows), _seconds(s.seconds)) for s in self.steps)]
        wide = max(len(rows) for rows, _ in figures)
        for (rows, seconds), words in zip(figures, ("step", *self.plan), strict=True):
            yield f"{rows:>{wide}}  {seconds:>9}  {words}"
        yield f"{'':{wide}}  {_seconds(self.elsewhere):>9}  in no step"

    @property
    def elsewhere(self) -> float:
        """Seconds of a statement that was run that belong to no step: preparing it, handing over rows."""
        return max(0.0, self.actual.get("seconds", 0.0) - sum(s.seconds or 0.0 for s in self.steps))

    def summary(self) -> str:
        """Totals over all scans in one line."""
        totals = work_stats(list(self.scans))
        units = [u for u in ("tiles", "rows") if any(s.unit == u for s in self.scans)] or ["tiles"]
        kept = "".join(f"{u} kept {totals[f'{u}_kept']:,} of {totals[f'{u}_all']:,}; " for u in units)
        return (
            f"{kept}files {totals['files_kept']:,} of {totals['files_all']:,}; "
            f"to read {bytes_text(self.bytes_to_read)} of {bytes_text(totals['bytes_all'])}"
        )

    def to_arrow(self) -> pa.Table:
        """One column ``plan``, a row a line."""
        schema = pa.schema([pa.field("plan", pa.string(), metadata={b"cubeql.type": b"lines"})])
        return pa.table({"plan": self.text.split("\n")}, schema=schema)


def explain(
    prepared: Prepared, to_read: Mapping[str, int], actual: dict[str, float] | None = None,
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
    steps = tuple(
        _step(number, line, works.get(line.scan or ""), to_read, figures)
        for number, line in enumerate(outline(compiled.plan))
    )
    return Explanation(steps, compiled.sql, tuple(prepared.works), sum(to_read.values()), actual or {})


def _step(number: int, line: Line, work: ScanWork | None, to_read: Mapping[str, int], figures: Figures) -> Step:
    found = Step(
        line.words, line.depth, note=work_words(work) if line.scan is not None else "",
        rows=figures.rows.get(number), seconds=figures.seconds.get(number),
    )  # fmt: skip
    if work is None or (work.zones is not None and not work.tiles_all):
        return found
    every = work.tiles_all if work.in_place is None else work.in_place
    if figures.rows and not work.tiles_kept and line.role == "scan":
        found = replace(found, rows=0)  # the engine is not asked for nothing
    return replace(found, tiles_kept=work.tiles_kept, tiles_all=every, bytes=to_read.get(work.name), unit=work.unit)


def _figures(prepared: Prepared, actual: Mapping[str, float], measured: Measured) -> Figures:
    reads: dict[str, list[str]] = {}
    for work in prepared.works:
        for path in work.sizes if work.name not in measured.numbers.values() else ():
            reads.setdefault(path, []).append(work.name)
    alone = {path: names[0] for path, names in reads.items() if len(names) == 1}
    found = figures_of(prepared.compiled.plan, measured.profile, measured.numbers, alone)
    found.rows.setdefault(0, int(actual["rows"]))
    return shared_out(found, actual["seconds"] - actual["prepare_seconds"])


def cost(prepared: Prepared, cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Bytes that each scan of a prepared statement will read; the scans are told what left out how many rows."""
    from cubeql.engine.footers import bytes_to_read  # loads what only EXPLAIN needs
    from cubeql.engine.leavingout import left_out

    works = {w.name: w for w in prepared.works}
    scans = prepared.compiled.statement.scans
    for scan in scans:
        if isinstance(scan, Scan) and scan.name in works:
            works[scan.name].left_out = left_out(cursor, scan, works[scan.name], prepared.compiled.parameters)
    return {s.name: bytes_to_read(cursor, works[s.name], s) for s in scans if s.name in works}


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


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
