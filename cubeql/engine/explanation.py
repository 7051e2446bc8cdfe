"""What EXPLAIN tells, as records that travel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pyarrow as pa

from cubeql.drawing.display import bytes_text

EXPLANATION = b"cubeql.explanation"
"""The key in the metadata of what EXPLAIN gives, under which the record is, as JSON."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan, last step first; None where there is nothing to tell.

    Attributes:
        words: what is done.
        depth: how deep it stands below the last step.
        note: what is known of its scan, in words.
        tiles_kept: tile rows it reads (of points and zones their rows, see ``unit``).
        tiles_all: of so many.
        bytes: that it reads.
        rows: that came out of it.
        seconds: of the elapsed time; those of all steps together are never more.
        unit: ``tiles``, or ``rows`` of points and zones.
    """

    words: str
    depth: int
    note: str = ""
    tiles_kept: int | None = None
    tiles_all: int | None = None
    bytes: int | None = None
    rows: int | None = None
    seconds: float | None = None
    unit: str = "tiles"


@dataclass(frozen=True, slots=True)
class ToRead:
    """What a scan reads of its files: compressed bytes of the columns it names, row groups of all in the files kept."""

    bytes: int = 0
    row_groups: int = 0
    row_groups_all: int = 0


@dataclass(frozen=True, slots=True)
class ScanTold:
    """What a scan reads of a layer: tile rows (of points and zones their rows, see ``unit``) and files, kept of all.

    Of a scan of zones ``zones`` is how many can matter. Row groups are kept of all in the files that are kept;
    ``bytes_to_read`` are those of the columns that it names, in these row groups. ``left_out`` is how many rows each
    thing left out.
    """

    name: str
    layer: str
    version: int
    unit: str
    tiles_kept: int | None
    tiles_all: int
    files_kept: int
    files_all: int
    bytes_all: int
    zones: int | None = None
    row_groups_kept: int = 0
    row_groups_all: int = 0
    bytes_to_read: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a statement will do, or did.

    Attributes:
        text: all of it, for people.
        steps: the plan, last step first; of a statement that was run with rows and seconds.
        sql: the SQL.
        scans: tiles or rows, files and bytes of each scan, kept of all.
        totals: sums over all scans.
        bytes_to_read: of the files that are kept.
        actual: rows, seconds and tiles of a statement that was run.
        hidden: views that hide what lies beneath, of which no figures and no SQL are told.
    """

    steps: tuple[Step, ...]
    sql: str
    scans: tuple[ScanTold, ...]
    totals: Mapping[str, int]
    bytes_to_read: int
    actual: dict[str, float] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    @property
    def plan(self) -> tuple[str, ...]:
        """The plan tree, one line a step."""
        return tuple(f"{'  ' * s.depth}{s.words}{f': {s.note}' if s.note else ''}" for s in self.steps)

    @property
    def text(self) -> str:
        """The plan, the totals, and the SQL; of a statement that was run, rows and seconds before each step."""
        if not self.actual:
            return "\n".join([*self.plan, "", self.summary(), *(("", self.sql) if self.sql else ())])
        said = ", ".join(f"{k} {v:g}" for k, v in self.actual.items())
        return "\n".join([*self._measured(), "", self.summary(), said, *(("", self.sql) if self.sql else ())])

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
        if self.hidden:
            return f"what lies beneath {', '.join(self.hidden)} is read with the owner's rights and not told"
        totals = self.totals
        units = [u for u in ("tiles", "rows") if any(s.unit == u for s in self.scans)] or ["tiles"]
        kept = "".join(f"{u} kept {totals[f'{u}_kept']:,} of {totals[f'{u}_all']:,}; " for u in units)
        return (
            f"{kept}files {totals['files_kept']:,} of {totals['files_all']:,}; "
            f"to read {bytes_text(self.bytes_to_read)} of {bytes_text(totals['bytes_all'])}"
        )

    def to_arrow(self) -> pa.Table:
        """One column ``plan``, a row a line."""
        told = {EXPLANATION: json.dumps(self.to_dict()).encode()}
        schema = pa.schema([pa.field("plan", pa.string(), metadata={b"cubeql.type": b"lines"})], told)
        return pa.table({"plan": self.text.split("\n")}, schema=schema)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(told: Mapping[str, Any]) -> Explanation:
        """The record of :meth:`to_dict`'s values; what is not known here is passed over."""
        return Explanation(
            tuple(_record(Step, step) for step in told["steps"]), told["sql"],
            tuple(_record(ScanTold, scan) for scan in told["scans"]), dict(told["totals"]), told["bytes_to_read"],
            dict(told["actual"]), tuple(told.get("hidden", ())),
        )  # fmt: skip


def _record(kind: type[Any], told: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    return kind(**{name: value for name, value in told.items() if name in known})


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
