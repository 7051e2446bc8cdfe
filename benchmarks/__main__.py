"""Run the rows, print the table: ``python -m benchmarks [--cells N] [--only GROUP,...] [--json FILE]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import (
    cold_start,
    compiling,
    data,
    everywhere,
    grouping,
    joins,
    pruning,
    reading,
    summaries,
    writing,
    zones,
)
from benchmarks.measure import FROM_FILES, Measured, Row, machine, markdown, measure, write_json
from cubeql.session import Session


def main() -> None:
    """Make the data, run the rows that are wanted, print their table."""
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="cubeql-benchmarks-") as temporary:
        folder = args.folder or Path(temporary)
        made = data.make(folder / f"cells{args.cells}", args.cells)
        print(f"{made.tiles} tiles x {data.DATES} dates, {made.cells * data.DATES:,} cells a layer", file=sys.stderr)
        if args.only == ["media"]:
            print(everywhere.table(made, args.demo, args.s3, lambda line: print(line, file=sys.stderr, flush=True)))
            return
        settings = {"memory_limit": args.memory, "array_memory": args.arrays}
        with Session.open(made.folder / "store", **settings) as session:
            say = partial(print, file=sys.stderr, flush=True)
            found = measure(rows_of(session, made, args), args.seconds, say)
    _report(found, args.json, FROM_FILES if args.arrays == "0" else "rows")


def _rows(session: Session, made: data.Data, args: argparse.Namespace) -> Iterator[Row]:
    yield from reading.rows(session, made)
    yield from joins.rows(session, made)
    yield from grouping.rows(session, made)
    yield from summaries.rows(session, made)
    if _asked("zones", args.only):
        yield from zones.rows(session, made)
    if _asked("prune", args.only):
        yield from pruning.rows(session, made)
    if _asked("compile", args.only):
        yield from compiling.rows(session, Session.open(args.demo) if args.demo else None)
    if _asked("plan", args.only):
        yield from compiling.planning(made, args.files)
    if _asked("start", args.only):
        point = "SELECT time, ndvi FROM ndvi FILTER cell WITHIN POINT(25.03, 46.52)"
        yield from cold_start.rows(str(made.folder / "store"), point)
    if _asked("copy", args.only):
        yield from writing.copies(session, made)
    if _asked("ingest", args.only):
        yield from writing.rows(made, args.pixels)


def _asked(group: str, only: list[str]) -> bool:
    return not only or any(o.startswith(group) for o in only)


def rows_of(session: Session, made: data.Data, args: argparse.Namespace) -> list[Row]:
    """The rows whose names begin with one of ``args.only``, and those they are divided by; all where it names none."""
    every, only = list(_rows(session, made, args)), args.only
    wanted = {r.name for r in every if not only or any(r.name.startswith(o) for o in only)}
    wanted |= {r.against for r in every if r.name in wanted and r.against is not None}
    return [r for r in every if r.name in wanted]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says, or these words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cells", type=int, default=13_000_000, help="cells of a layer, all dates together")
    parser.add_argument("--folder", type=Path, help="where data is made and kept; a temporary folder unless told")
    parser.add_argument("--only", type=lambda t: t.split(","), default=[], help="rows whose names begin so, by comma")
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each row, three repeats at least")
    parser.add_argument("--pixels", type=int, default=writing.PIXELS, help="side of the rasters that are ingested")
    parser.add_argument("--files", type=int, default=48_800, help="files of the largest layer that is planned over")
    parser.add_argument("--memory", help="memory limit of queries, such as 1GiB")
    parser.add_argument("--arrays", help="memory for arrays that stay decoded; 0 has all of them read from files")
    parser.add_argument("--demo", help="a store made by `cubeql demo`, to ask the demo's questions too")
    parser.add_argument("--s3", help="an address for `--only media`; a server of its own unless told")
    parser.add_argument("--json", type=Path, help="write all figures there")
    return parser.parse_args(given)


def _report(found: list[Measured], path: Path | None, kind: str) -> None:
    found_on = machine()
    print(f"{', '.join(f'{k} {v}' for k, v in found_on.items())}\n")
    print(markdown(found))
    if path is not None:
        write_json(found, found_on, path, kind)


if __name__ == "__main__":
    main()
