"""Rows of measurements: a name, what is done, what it is compared with; medians of CPU and wall clock."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb
import pyarrow


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        name: short name, with its group in front (``join/equal``).
        run: what is measured; gives the number of values it worked on, or None.
        against: name of the row this one is divided by.
        target: what the ratio, or where there is none the time, has to be at most.
        cpu: target and ratio are about CPU seconds of all threads; else about the wall clock.
        at_least: the target is of ``rate`` (values per CPU second) and has to be reached.
        best: most repeats.
        also: what else there is to say, numbers by what they are of; asked after the last repeat.
    """

    name: str
    run: Callable[[], int | None]
    against: str | None = None
    target: float | None = None
    cpu: bool = True
    at_least: bool = False
    best: int = 7
    also: Callable[[], dict[str, float]] = dict


@dataclass(frozen=True)
class Measured:
    """What was found: medians over ``repeats``, after those runs that are not counted, in which caches fill."""

    name: str
    cpu: float
    wall: float
    least: float
    most: float
    repeats: int
    values: int | None
    against: str | None
    ratio: float | None
    target: float | None
    met: bool | None
    also: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """Values per CPU second."""
        return self.values / self.cpu if self.values and self.cpu else None


FROM_FILES = "rows from files"
"""What rows are called in JSON where nothing stays decoded."""

_WARM, _WARM_S = 4, 3.0
"""A row is run so often before it counts, or until so many seconds have passed."""


def measure(rows: Iterable[Row], seconds: float, say: Callable[[str], None]) -> list[Measured]:
    """Run every row at least three times and until ``seconds`` are spent on it, at most ``best`` times."""
    wanted = list(rows)
    bases = {row.name: row.run for row in wanted}
    found = []
    for row in wanted:
        found.append(_measured(row, bases.get(row.against or ""), seconds))
        say(_line(found[-1]))
    return found


def _measured(row: Row, base: Callable[[], int | None] | None, seconds: float) -> Measured:
    """Median times; where there is a base, both are run in turns, and the ratio is the median of the pairs'."""
    cpus: list[float] = []
    walls: list[float] = []
    ratios: list[float] = []
    values = None
    warmed = time.perf_counter()
    for _ in range(_WARM if row.best > 1 else 0):
        values = row.run()
        if time.perf_counter() - warmed > _WARM_S:
            break
    began = time.perf_counter()
    while len(cpus) < row.best and (len(cpus) < min(3, row.best) or time.perf_counter() - began < seconds):
        cpu, wall, values = timed(row.run)
        cpus.append(cpu)
        walls.append(wall)
        if base is not None:
            base_cpu, base_wall, _ = timed(base)
            ratios.append(cpu / base_cpu if row.cpu else wall / base_wall)
    spent = cpus if row.cpu else walls
    ratio = statistics.median(ratios) if ratios else None
    cpu = statistics.median(cpus)
    met = _is_met(row, ratio if ratio is not None else statistics.median(spent), values, cpu)
    return Measured(
        row.name, cpu, statistics.median(walls), min(spent), max(spent), len(cpus), values, row.against, ratio,
        row.target, met, row.also(),
    )  # fmt: skip


def timed(run: Callable[[], int | None]) -> tuple[float, float, int | None]:
    """CPU seconds of all threads, seconds that passed, and what came out."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    values = run()
    return cpu_seconds() - cpu, time.perf_counter() - wall, values


def cpu_seconds() -> float:
    """CPU seconds of all threads, and of processes that have ended."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


def _is_met(row: Row, found: float, values: int | None, cpu: float) -> bool | None:
    if row.target is None:
        return None
    if row.at_least:
        return values is not None and values / cpu >= row.target
    return found <= row.target


def _line(one: Measured) -> str:
    ratio = f" = {one.ratio:.2f} x {one.against}" if one.ratio is not None else ""
    met = {None: "", True: "  target met", False: "  TARGET MISSED"}[one.met]
    return f"{one.name:34s} cpu {_ms(one.cpu)} wall {_ms(one.wall)} ms{ratio}{met}  {_also(one)}".rstrip()


def _also(one: Measured) -> str:
    return ", ".join(f"{number:,.4g} {of}" for of, number in one.also.items())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:9.1f}"


def markdown(found: Iterable[Measured]) -> str:
    """The table for a report."""
    lines = [
        "| what | CPU ms | wall ms | least - most | million values / CPU s | ratio | target | met | besides |",
        "| --- | ---: | ---: | ---: | ---: | --- | ---: | --- | --- |",
    ]
    for one in found:
        rate = f"{one.rate / 1e6:.1f}" if one.rate is not None else ""
        ratio = f"{one.ratio:.2f} x {one.against}" if one.ratio is not None else ""
        target = "" if one.target is None else f"{one.target:g}"
        met = {None: "", True: "yes", False: "no"}[one.met]
        lines.append(
            f"| {one.name} | {one.cpu * 1000:.1f} | {one.wall * 1000:.1f} | {one.least * 1000:.1f} - "
            f"{one.most * 1000:.1f} | {rate} | {ratio} | {target} | {met} | {_also(one)} |"
        )
    return "\n".join(lines)


def machine() -> dict[str, object]:
    """What the figures were found on."""
    return {
        "cores": os.cpu_count(), "load": ", ".join(f"{x:.1f}" for x in os.getloadavg()),
        "python": platform.python_version(), "duckdb": duckdb.__version__, "pyarrow": pyarrow.__version__,
        "machine": platform.machine(),
    }  # fmt: skip


def write_json(found: Iterable[Measured], found_on: dict[str, object], path: Path, kind: str = "rows") -> None:
    """All figures as JSON, seconds and values as they were found."""
    path.write_text(json.dumps({"machine": found_on, kind: [asdict(o) for o in found]}, indent=1))
