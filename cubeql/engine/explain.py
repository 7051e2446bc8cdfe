"""EXPLAIN: the plan, what is kept of all, and the SQL; it reads no array."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from cubeql.compiler import CompiledQuery
from cubeql.engine.prepare import Prepared
from cubeql.engine.scans import ScanWork, work_stats
from cubeql.plan.nodes import Scan
from cubeql.plan.words import plan_lines


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a statement will do, or did.

    Attributes:
        text: all of it, for people.
        plan: the plan tree, one line a node.
        sql: the SQL.
        scans: tiles or rows, files and bytes of each scan, kept of all.
        actual: rows, seconds and tiles of a statement that was run.
    """

    plan: tuple[str, ...]
    sql: str
    scans: tuple[ScanWork, ...]
    bytes_to_read: int
    actual: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The plan, the totals, and the SQL."""
        lines = [*self.plan, "", self.summary()]
        if self.actual:
            lines.append(", ".join(f"{k} {v:g}" for k, v in self.actual.items()))
        return "\n".join([*lines, "", self.sql])

    def summary(self) -> str:
        """Totals over all scans in one line."""
        totals = work_stats(list(self.scans))
        units = [u for u in ("tiles", "rows") if any(s.unit == u for s in self.scans)] or ["tiles"]
        kept = "".join(f"{u} kept {totals[f'{u}_kept']:,} of {totals[f'{u}_all']:,}; " for u in units)
        return (
            f"{kept}files {totals['files_kept']:,} of {totals['files_all']:,}; "
            f"to read {_bytes(self.bytes_to_read)} of {_bytes(totals['bytes_all'])}"
        )

    def to_arrow(self) -> pa.Table:
        """One column ``plan``, a row a line."""
        schema = pa.schema([pa.field("plan", pa.string(), metadata={b"cubeql.type": b"lines"})])
        return pa.table({"plan": self.text.split("\n")}, schema=schema)


def explain(prepared: Prepared, bytes_to_read: int, actual: dict[str, float] | None = None) -> Explanation:
    """The explanation of a prepared statement.

    Args:
        prepared: the statement.
        bytes_to_read: see :func:`cost`.
        actual: what it did, if it was run.
    """
    works = {w.name: w for w in prepared.works}
    compiled: CompiledQuery = prepared.compiled
    lines = tuple(plan_lines(compiled.plan, lambda name: ": " + _work(works, name)))
    return Explanation(lines, compiled.sql, tuple(prepared.works), bytes_to_read, actual or {})


def cost(prepared: Prepared, cursor: duckdb.DuckDBPyConnection) -> int:
    """Bytes that a prepared statement will read; its scans are told what left out how many rows."""
    from cubeql.engine.footers import bytes_to_read  # loads what only EXPLAIN needs
    from cubeql.engine.leavingout import left_out

    works = {w.name: w for w in prepared.works}
    scans = prepared.compiled.statement.scans
    for scan in scans:
        if isinstance(scan, Scan) and scan.name in works:
            works[scan.name].left_out = left_out(cursor, scan, works[scan.name], prepared.compiled.parameters)
    return sum(bytes_to_read(cursor, works[s.name], s) for s in scans if s.name in works)


def _work(works: dict[str, ScanWork], name: str) -> str:
    work = works.get(name)
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


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
