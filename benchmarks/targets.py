"""What has to be reached, and what was: ``python -m benchmarks.targets FILE.json …``.

Takes files that ``benchmarks``, ``benchmarks.peers`` and ``benchmarks.growth`` wrote with ``--json``, the later ones
above the earlier, and prints a table: the target, what was measured, what stood beside it in the same run, and whether
it is met. A target whose figures are in none of the files is told as not measured.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import FROM_FILES
from benchmarks.peers.peerage import FLOOR, OURS
from benchmarks.peers.sizes import COG

Record = dict[str, Any]


@dataclass
class Runs:
    """Figures of all runs: rows by name, those where nothing stays decoded (``files``), answers
    of peers by question and peer, sizes, growth and peaks by question."""

    rows: dict[str, Record] = field(default_factory=dict)
    peers: dict[str, dict[str, Record]] = field(default_factory=dict)
    sizes: dict[str, dict[str, Record]] = field(default_factory=dict)
    files: dict[str, Record] = field(default_factory=dict)
    growth: dict[str, Record] = field(default_factory=dict)
    peaks: dict[str, Record] = field(default_factory=dict)

    def add(self, told: Record) -> None:
        """Take a file's figures."""
        self.rows |= {row["name"]: row for row in told.get("rows", ())}
        self.files |= {row["name"]: row for row in told.get(FROM_FILES, ())}
        for figure in told.get("figures", ()):
            if not figure["wrong"]:
                self.peers.setdefault(figure["question"], {})[figure["peer"]] = figure
        for size in told.get("sizes", ()):
            self.sizes.setdefault(size["layer"], {})[size["way"]] = size
        self.growth |= {one["name"]: one for one in told.get("growth", ())}
        self.peaks |= {one["name"]: one for one in told.get("peaks", ())}


@dataclass(frozen=True)
class Reached:
    """What was measured, what stood beside it, and whether that is enough."""

    figure: str
    beside: str
    met: bool


Find = Callable[[Runs], Reached]
"""Raises KeyError where its figures were not measured."""


@dataclass(frozen=True)
class Target:
    """A line of the table."""

    what: str
    goal: str
    find: Find


def _ratio(name: str, most: float) -> Find:
    """CPU beside what the row is compared with, the median of pairs in turns."""

    def find(runs: Runs) -> Reached:
        row = runs.rows[name]
        base, files = runs.rows[row["against"]], runs.files.get(name)
        told = f"; from files {files['ratio']:.2f} x" if files is not None else ""
        return Reached(f"{row['ratio']:.2f} x{told}", f"{_ms(base)} of {row['against']}", row["ratio"] <= most)

    return find


def _times(name: str, least: float) -> Find:
    """How many times less CPU than what the row is compared with."""

    def find(runs: Runs) -> Reached:
        row = runs.rows[name]
        times, files = 1 / row["ratio"], runs.files.get(name)
        told = f"; from files {1 / files['ratio']:.1f} x, {_ms(files)}" if files is not None else ""
        full = f"{_ms(runs.rows[row['against']])} in full"
        return Reached(f"{times:.1f} x less, {_ms(row)}{told}", full, times >= least)

    return find


def _cpu(name: str, most: float, beside: str | None = None) -> Find:
    """CPU seconds, and another row's beside it."""

    def find(runs: Runs) -> Reached:
        row = runs.rows[name]
        return Reached(_ms(row), f"{_ms(runs.rows[beside])} of {beside}" if beside else "", row["cpu"] <= most)

    return find


def _wall(name: str, most: float) -> Find:
    def find(runs: Runs) -> Reached:
        row = runs.rows[name]
        return Reached(f"{row['wall'] * 1000:,.0f} ms passed", "", row["wall"] <= most)

    return find


def _worst(prefix: str, most: float) -> Find:
    """The dearest of many rows."""

    def find(runs: Runs) -> Reached:
        rows = [row for name, row in runs.rows.items() if name.startswith(prefix)]
        if not rows:
            raise KeyError(prefix)
        rows.sort(key=lambda row: row["cpu"])
        return Reached(f"{_ms(rows[0])} to {_ms(rows[-1])} ({len(rows)} statements)", "", rows[-1]["cpu"] <= most)

    return find


def _rate(name: str, least: float) -> Find:
    def find(runs: Runs) -> Reached:
        rate = runs.rows[name]["values"] / runs.rows[name]["cpu"]
        return Reached(f"{rate / 1e6:.1f} million a CPU second", "", rate >= least)

    return find


def _also(name: str, key: str, most: float) -> Find:
    """What a row tells besides its times."""

    def find(runs: Runs) -> Reached:
        found = runs.rows[name]["also"][key]
        return Reached(f"{found:,.4g} {key}", "", found <= most)

    return find


def _asked(question: str, most: float) -> Find:
    """CPU of a question that peers were asked, too."""

    def find(runs: Runs) -> Reached:
        found = runs.peers[question]
        return Reached(_ms(found[OURS]), _others(found), found[OURS]["cpu"] <= most)

    return find


def _per_value(question: str, most: float) -> Find:
    """CPU per value beside numpy's."""

    def find(runs: Runs) -> Reached:
        found = runs.peers[question]
        each = {peer: one["cpu"] / one["values"] * 1e9 for peer, one in found.items()}
        ratio = each[OURS] / each[FLOOR]
        told = ", ".join(f"{peer} {ns:.1f}" for peer, ns in each.items() if peer != OURS)
        return Reached(f"{ratio:.2f} x numpy's ({each[OURS]:.1f} ns a value)", told, ratio <= most)

    return find


def _of_cog(layer: str, most: float) -> Find:
    """Bytes a value beside the source as a COG with deflate."""

    def find(runs: Runs) -> Reached:
        each = {way: one["bytes"] / one["values"] for way, one in runs.sizes[layer].items()}
        told = ", ".join(f"{way} {size:.3f}" for way, size in each.items() if way != OURS)
        ratio = each[OURS] / each[COG]
        return Reached(f"{ratio:.2f} x ({each[OURS]:.3f} bytes a value)", told, ratio <= most)

    return find


def _grown(name: str, most: float) -> Find:
    """CPU of the largest store beside that of the smallest."""

    def find(runs: Runs) -> Reached:
        cpus = [one["cpu"] for one in runs.growth[name]["found"]]
        told = " / ".join(f"{cpu * 1000:,.0f}" for cpu in cpus)
        return Reached(f"{cpus[-1] / cpus[0]:.1f} x ({told} ms)", "", cpus[-1] / cpus[0] <= most)

    return find


def _peaks(most: float) -> Find:
    """The peak of the process under the engine's limit, each question in one of its own."""

    def find(runs: Runs) -> Reached:
        peaks = {name: one["peak_mib"] for name, one in runs.peaks.items()}
        most_of = max(peaks, key=lambda name: peaks[name])  # a ValueError where there are none
        return Reached(f"{peaks[most_of]:,.0f} MiB ({most_of})", "", peaks[most_of] <= most)

    return find


def _others(found: dict[str, Record]) -> str:
    return ", ".join(f"{peer} {_ms(one)}" for peer, one in found.items() if peer != OURS)


def _ms(row: Record) -> str:
    return f"{row['cpu'] * 1000:,.0f} ms" if row["cpu"] >= 0.1 else f"{row['cpu'] * 1000:.1f} ms"


TARGETS = (
    Target("mean of int16 over everything, from cells", "≤ 1.0 x pyarrow", _ratio("decode/avg int16 scaled", 1.0)),
    Target("mean of float32", "≤ 1.0 x pyarrow", _ratio("decode/avg float32", 1.0)),
    Target("mean of one band of three", "≤ 1.0 x pyarrow", _ratio("decode/avg red of three", 1.0)),
    Target("mean per time", "≤ 1.0 x pyarrow", _ratio("decode/avg per time", 1.0)),
    Target("join by cell, filter on one", "≤ 1.3 x decode", _ratio("join/equal", 1.3)),
    Target("the same beside a hash join of cells", "≤ 1/3", _ratio("join/equal over hash join", 1 / 3)),
    Target("join with a layer two steps coarser", "≤ 1.6 x decode", _ratio("join/two coarser", 1.6)),
    Target("join with a layer of a value a tile", "≤ 1.6 x decode", _ratio("join/a value a tile", 1.6)),
    Target("mean per parent and month", "≤ 20 ms", _cpu("summaries/month x CELL(4)", 0.020,
                                                       "summaries/month x CELL(4), in full")),
    Target("mean per CELL(r - 2)", "≥ 10 x less", _times("summaries/CELL(r - 2)", 10)),
    Target("series of a place, 24 dates", "≤ 20 ms", _asked("point", 0.020)),
    Target("small polygon, mean per date", "≤ 30 ms", _asked("polygon", 0.030)),
    Target("filter across layers", "≤ 0.8 x numpy", _per_value("filter", 0.8)),
    Target("month x coarse cell, of everything", "≤ 10 ms", _asked("month", 0.010)),
    Target("class x class", "≤ 1.0 x numpy", _per_value("classes", 1.0)),
    Target("class x height", "≤ 1.0 x numpy", _per_value("heights", 1.0)),
    Target("filter that keeps 1 % of tiles", "≤ 3 % of bytes", _also("prune/1 % of tiles by value", "% of bytes", 3)),
    Target("the same, on one of three layers", "≤ 3 % of bytes",
           _also("prune/three layers, 1 % of one by value", "% of bytes", 3)),
    Target("planning over 48,800 files, warm", "≤ 10 ms", _cpu("plan/48800 files, warm", 0.010)),
    Target("the same, cold", "≤ 500 ms", _cpu("plan/48800 files, cold", 0.5)),
    Target("parse, analyse, plan and SQL", "≤ 10 ms", _worst("compile/", 0.010)),
    Target("ingest, first date of a grid", "≥ 2 million", _rate("ingest/first date", 2e6)),
    Target("ingest, further date", "≥ 20 million", _rate("ingest/third date", 20e6)),
    Target("memory of an ingest", "≤ 1,024 MiB", _also("ingest/command", "MiB at most", 1024)),
    *(Target(f"size of {name}", "≤ 1.3 x COG", _of_cog(layer, 1.3))
      for name, layer in (("int16", "ndvi"), ("int16, static", "elevation"), ("float32", "slope"),
                          ("uint8 classes", "land"))),
    Target("cubeql -c, a row", "≤ 500 ms", _cpu("start/cubeql -c", 0.5, "start/libraries")),
    Target("first batch of an unsorted query", "≤ 300 ms", _wall("stream/first batch", 0.3)),
    Target("100 x the store: a place", "≤ 1.5 x", _grown("point series", 1.5)),
    Target("100 x the store: a small polygon", "≤ 1.5 x", _grown("small polygon, mean per date", 1.5)),
    Target("100 x the store: a filter few tiles pass", "≤ 1.5 x", _grown("filter that few tiles pass", 1.5)),
    Target("memory under a limit of 1 GiB", "≤ 1,024 MiB", _peaks(1024)),
)  # fmt: skip


def table(runs: Runs, targets: Iterable[Target] = TARGETS) -> str:
    """The table as Markdown."""
    lines = ["| what | target | measured | beside it, in the same run | met |", "| --- | --- | --- | --- | --- |"]
    for target in targets:
        try:
            found = target.find(runs)
        except (KeyError, ValueError):
            lines.append(f"| {target.what} | {target.goal} | not measured |  |  |")
        else:
            met = "yes" if found.met else "**no**"
            lines.append(f"| {target.what} | {target.goal} | {found.figure} | {found.beside} | {met} |")
    return "\n".join(lines)


def main() -> None:
    """The table of these files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="written by --json; later ones stand above earlier ones")
    runs = Runs()
    for file in parser.parse_args().files:
        runs.add(json.loads(file.read_text()))
    print(table(runs))


if __name__ == "__main__":
    main()
