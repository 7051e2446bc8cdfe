"""Ask CubeQL and its peers the same, in turns: ``python -m benchmarks.peers --folder DIR [--only GROUP,...]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import machine
from benchmarks.peers import building, crossing, peerage, reference, sizes, telling, turns
from benchmarks.peers.landscape import Landscape
from benchmarks.peers.questions import QUESTIONS

_GROUPS = ("sizes", "build", "in_place")


def main() -> None:
    """Make what is not there, ask, print the tables."""
    args = _arguments()
    with _kept(args.folder) as folder:
        told = _told(Landscape(folder, args.size, args.dates), args)
    if args.json is not None:
        args.json.write_text(json.dumps(told, indent=1))
    print(", ".join(f"{k} {v}" for k, v in told["machine"].items()), end="\n\n")
    print(telling.markdown(told))


def _told(land: Landscape, args: argparse.Namespace) -> telling.Figures:
    land.make()
    peers = [p for p in peerage.PEERS if p.installed and (not args.peers or p.name in args.peers)]
    _say(f"asked: {', '.join(p.name for p in peers)}; not installed: "
         f"{', '.join(p.name for p in peerage.PEERS if not p.installed) or 'none'}")  # fmt: skip
    questions = [q for q in QUESTIONS if _wanted(q.name, args.only)]
    cells = reference.cells(land).block.size
    _say(f"{land.size**2:,} pixels, {cells:,} cells, {land.dates} dates")
    read = [p.reads for p in peers if questions] + ["cog"] * _wanted("in_place", args.only)
    for kind in dict.fromkeys(read):
        building.build(land, kind)
    asked = turns.take_turns(land, peers, questions, args.least, args.times, args.seconds, _say) if questions else ()
    return {
        "kind": "peers", "machine": machine(), "pixels": land.size**2, "cells": cells, "dates": land.dates,
        "figures": [asdict(f) for f in asked],
        "sizes": [asdict(s) for s in sizes.sizes(land, cells)] if _wanted("sizes", args.only) else [],
        "builds": [asdict(b) for b in sizes.builds(land, cells, 3)] if _wanted("build", args.only) else [],
        "crossings": [asdict(c) for c in crossing.crossings(land, 5)] if _wanted("in_place", args.only) else [],
    }  # fmt: skip


def _wanted(name: str, only: list[str]) -> bool:
    return not only or name in only


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="cubeql-peers-") as temporary:
        yield Path(temporary)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    names = ", ".join([*(q.name for q in QUESTIONS), *_GROUPS])
    commas = {"type": lambda t: t.split(","), "default": []}
    parser.add_argument("--folder", type=Path, help="where data is kept (1.5 GB); a temporary folder unless told")
    parser.add_argument("--only", **commas, help=f"some of {names}, by comma")
    parser.add_argument("--peers", **commas, help=f"some of {', '.join(p.name for p in peerage.PEERS)}")
    parser.add_argument("--least", type=int, default=3, help="turns of every question at least")
    parser.add_argument("--times", type=int, default=7, help="turns of every question at most")
    parser.add_argument("--seconds", type=float, default=30.0, help="after which a peer drops out of the turns")
    parser.add_argument("--size", type=int, default=2000, help="pixels along a side, a multiple of 250")
    parser.add_argument("--dates", type=int, default=24, help="number of dates, at most 24")
    parser.add_argument("--json", type=Path, help="write all figures there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
