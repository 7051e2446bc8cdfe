"""How costs grow with the store: the same questions of 1, 10 and 100 times the tiles, and under a memory limit.

    python -m benchmarks.growth [--folder F] [--tiles 50] [--times 1,10,100] [--memory 1GiB]

Two layers of resolution 9, four dates, one of 16 prepared arrays a row with the number of the tile added, so that 100
times of 50 tiles (336 million cells a layer) are made in a minute and take 0.6 GB. The four tiles in the middle have
values above all others. Every question runs in a process of its own, so that its peak memory is known; the answers are
compared with what the tiles were made of.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks import places
from benchmarks.data import CELLS
from benchmarks.measure import cpu_seconds, machine
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.session import Session
from cubeql.storage import Store, TileBlock

DATES = 4
_FIRST, _STEP = np.datetime64("2024-01-15T10:00:00", "us"), np.timedelta64(31, "D")
_SHAPES = 16
_BRIGHT = 4  # tiles in the middle whose values are above those of all others
_FAR = 10_000


@dataclass(frozen=True)
class Question:
    """A query, what it should cost in proportion to, and how its answer is known."""

    name: str
    text: str
    grows: bool
    answer: str = ""


_SMALL = f"FILTER cell WITHIN POLYGON '{places.SMALL}'"
QUESTIONS = (
    Question("point series", f"FROM a FILTER cell WITHIN {places.POINT} SELECT time, v ORDER BY time", False),
    Question("small polygon, mean per date", f"FROM a {_SMALL} GROUP BY time SELECT time, avg(v) AS m", False),
    Question("filter that few tiles pass", f"FROM a FILTER v > {_FAR} SELECT count(*) AS n, sum(v) AS s", False, "far"),
    Question("the same through a join",
             f"FROM b JOIN a FILTER a.v > {_FAR} SELECT count(*) AS n, sum(a.v) AS s", False, "far"),
    Question("month x parent, from summaries",
             "FROM a GROUP BY CELL(2), month(time) SELECT CELL(2) AS c, month(time) AS m, avg(v) AS v", True),
    Question("mean of a month's cells", "FROM a FILTER time DURING '2024-01' SELECT stddev(v) AS s", True),
    Question("sum of everything", "FROM a SELECT count(*) AS n, sum(v) AS s, stddev(v) AS d", True, "all"),
    Question("equal join", "FROM a JOIN b SELECT count(*) AS n, sum(a.v + b.v) AS s", True, "both"),
)  # fmt: skip
LARGE = (
    Question("scan of everything", QUESTIONS[6].text, True, "all"),
    Question("equal join", QUESTIONS[7].text, True, "both"),
    Question("group by cell of one date",
             "FROM (FROM a FILTER time DURING '2024-01' GROUP BY cell SELECT cell, sum(v) AS s) SELECT sum(s) AS s, "
             "count(*) AS n", True, "date"),
    Question("ORDER BY value, cell of one date",
             "FROM a FILTER time DURING '2024-01' SELECT cell, v ORDER BY v, cell", True, "ordered"),
    Question("COPY of one date", "COPY (FROM a FILTER time DURING '2024-01' SELECT cell, time, v) TO '{file}'", True,
             "copied"),
)  # fmt: skip


def make(folder: Path, count: int) -> Path:
    """The store of so many tiles; made once, then found."""
    store = Store.open(folder, create=True)
    if store.layer("b") is not None:
        return folder
    tiles = places.tiles(count)
    number = {tile: n for n, tile in enumerate(tiles)}
    shapes = _shapes()
    for name in ("a", "b"):
        layer = Layer(name, 9, (Band("v", "int16"),), time=TimeAxis())
        with store.write(layer, mode="replace") as write:
            for tile in sorted(tiles):
                for date in range(DATES):
                    values = shapes[(number[tile] + date) % _SHAPES] + _raised(number[tile])
                    arrays = {"v": (values, np.ones(CELLS, bool))}
                    write.add(TileBlock(tile, _FIRST + date * _STEP, None, (), arrays))
    return folder


def _shapes() -> NDArray[np.int16]:
    """Smooth fields, 0 to some thousands."""
    random = np.random.default_rng(7)
    field = np.zeros((_SHAPES, 1))
    for level in range(5):
        field = np.repeat(field, 7, axis=1) + random.normal(0, 1 / (level + 1), (_SHAPES, 7 ** (level + 1)))
    return np.clip(field * 400 + 3000, 0, 8000).astype(np.int16)


def _raised(number: int) -> np.int16:
    """What is added to the values of a tile."""
    return np.int16(20_000 if number < _BRIGHT else number % 100)


def truth(count: int, what: str) -> list[int]:
    """Numbers of the answers, from what the tiles were made of."""
    sums = _shapes().sum(axis=1, dtype=np.int64)
    raised = np.array([int(_raised(n)) for n in range(count)])
    first = sums[np.arange(count) % _SHAPES] + raised * CELLS
    every = sum(int((sums[(np.arange(count) + d) % _SHAPES] + raised * CELLS).sum()) for d in range(DATES))
    bright = sum(int((sums[(np.arange(_BRIGHT) + d) % _SHAPES] + raised[:_BRIGHT] * CELLS).sum()) for d in range(DATES))
    known = {
        "all": [count * DATES * CELLS, every], "both": [count * DATES * CELLS, 2 * every],
        "far": [_BRIGHT * DATES * CELLS, bright], "date": [int(first.sum()), count * CELLS],
        "ordered": [count * CELLS, int(first.sum())], "copied": [count * CELLS, int(first.sum())],
    }  # fmt: skip
    return known.get(what, [])


@dataclass(frozen=True)
class Found:
    """One question in one process: CPU and wall seconds (medians), the process' peak, tile rows kept of all."""

    cpu: float
    wall: float
    peak_mib: float
    kept: int
    every: int
    read: int
    right: bool


def ask(store: Path, question: Question, count: int, repeats: int, **settings: Any) -> Found:
    """Ask in this process; after one run that is not counted where it is repeated."""
    with Session.open(store, **settings) as session, tempfile.TemporaryDirectory(dir=store.parent) as folder:
        text = question.text.replace("{file}", str(Path(folder) / "out.parquet"))
        right, times = True, []
        for number in range(repeats + (repeats > 1)):
            before, began = cpu_seconds(), time.perf_counter()
            said = _answered(session, text, Path(folder) / "out.parquet")
            wanted = truth(count, question.answer)
            right = right and said[: len(wanted)] == wanted
            if number or repeats == 1:
                times.append((cpu_seconds() - before, time.perf_counter() - began))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = session.explain(text) if not text.startswith("COPY") else None
        kept = sum(s.tiles_kept or 0 for s in told.scans) if told else 0
        every = sum(s.tiles_all for s in told.scans) if told else 0
    cpu, wall = (statistics.median(t) for t in zip(*times, strict=True))
    return Found(cpu, wall, peak, kept, every, told.bytes_to_read if told else 0, right)


def _answered(session: Session, text: str, file: Path) -> list[int]:
    """The whole numbers of a single row, or of many: how many there are and their sum, if they are in order."""
    if text.startswith("COPY"):
        list(session.run(text))
        written = pq.ParquetFile(file)
        total = sum(int(b.column(0).to_numpy().sum(dtype=np.int64)) for b in written.iter_batches(columns=["v"]))
        return [written.metadata.num_rows, total]
    count, total, last = 0, 0, -1
    found: list[int] = []
    for batch in session.query(text):
        if "ORDER BY v" in text:
            values = batch.column("v").to_numpy()
            if values[0] < last or (np.diff(values) < 0).any():
                raise SystemExit("rows are out of order")
            count, total, last = count + len(values), total + int(values.sum(dtype=np.int64)), int(values[-1])
        elif not found and batch.num_rows:
            found = [int(v) for v in batch.to_pylist()[0].values() if isinstance(v, int | float)]
    return [count, total] if count else found


def _main() -> None:
    args = _arguments()
    if args.child is not None:
        print(json.dumps([asdict(f) for f in _child(**json.loads(args.child))]))
        return
    with tempfile.TemporaryDirectory(prefix="cubeql-growth-") as temporary:
        folder = args.folder or Path(temporary)
        for times in args.times:
            _say(f"making {times * args.tiles * DATES:,} tile rows a layer")
            make(folder / f"tiles{times * args.tiles}", times * args.tiles)
        found, peaks = _growth(folder, args), _limited(folder, args)
    print("\n".join([*_of_sizes(found, args), "", *_of_peaks(peaks, args)]))
    if args.json is not None:
        args.json.write_text(json.dumps(_told(found, peaks, args), indent=1))


def _child(
    store: str, count: int, large: bool, which: list[int], repeats: int, settings: dict[str, Any]
) -> list[Found]:
    every = LARGE if large else QUESTIONS
    return [ask(Path(store), every[n], count, repeats, **settings) for n in which]


def _asked(folder: Path, count: int, large: bool, which: list[int], repeats: int, **settings: Any) -> list[Found]:
    """Ask in another process."""
    told = {"store": str(folder / f"tiles{count}"), "count": count, "large": large, "which": which, "repeats": repeats}
    command = [sys.executable, "-m", "benchmarks.growth", "--child", json.dumps({**told, "settings": settings})]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [Found(**one) for one in json.loads(done.stdout)]


Sizes = dict[tuple[int, int], list[Found]]
"""What was found for each question, by threads and size of the store."""


def _growth(folder: Path, args: argparse.Namespace) -> Sizes:
    """Every question of every size, with one thread and with two."""
    found: Sizes = {}
    for threads in (1, 2):
        for times in args.times:
            _say(f"{times} x, {threads} threads")
            which = list(range(len(QUESTIONS)))
            found[threads, times] = _asked(folder, times * args.tiles, False, which, args.repeats, threads=threads,
                                           array_memory="0")  # fmt: skip
    return found


def _of_sizes(found: Sizes, args: argparse.Namespace) -> Iterator[str]:
    """CPU with one thread by size; what 100 times the store costs more; wall clock of two threads beside one."""
    sizes = " | ".join(f"{t} x, CPU ms" for t in args.times)
    yield f"| question | tile rows kept of all | {sizes} | more CPU | more tiles kept | 2 threads, wall | right |"
    yield "| --- | --- |" + " ---: |" * (len(args.times) + 3) + " --- |"
    for n, question in enumerate(QUESTIONS):
        one = [found[1, t][n] for t in args.times]
        cpus = " | ".join(f"{f.cpu * 1000:,.1f}" for f in one)
        kept = ", ".join(f"{f.kept:,} of {f.every:,}" for f in (one[0], one[-1]))
        more = f"{one[-1].cpu / one[0].cpu:.1f} | {one[-1].kept / max(1, one[0].kept):.1f}"
        right = all(f.right for t in (1, 2) for f in (found[t, s][n] for s in args.times))
        faster = found[2, args.times[-1]][n].wall / one[-1].wall
        yield f"| {question.name} | {kept} | {cpus} | {more} | {faster:.2f} | {'yes' if right else 'NO'} |"


def _limited(folder: Path, args: argparse.Namespace) -> list[Found]:
    """Questions on the largest store with a memory limit, each in a process of its own."""
    found = []
    for n, question in enumerate(LARGE):
        _say(question.name)
        found += _asked(folder, args.times[-1] * args.tiles, True, [n], 1, memory_limit=args.memory)
    return found


def _of_peaks(peaks: list[Found], args: argparse.Namespace) -> Iterator[str]:
    rows = args.times[-1] * args.tiles * DATES
    yield f"| {rows:,} tile rows, memory_limit {args.memory} | CPU s | wall s | peak MiB | right |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for question, found in zip(LARGE, peaks, strict=True):
        right = "yes" if found.right else "NO"
        yield f"| {question.name} | {found.cpu:.1f} | {found.wall:.1f} | {found.peak_mib:,.0f} | {right} |"


def _told(found: Sizes, peaks: list[Found], args: argparse.Namespace) -> dict[str, Any]:
    """For a machine: what one thread took, by question in the order of sizes; and what the limit left."""
    growth = [
        {"name": q.name, "times": args.times, "found": [asdict(found[1, t][n]) for t in args.times]}
        for n, q in enumerate(QUESTIONS)
    ]
    limited = [{"name": q.name, **asdict(f)} for q, f in zip(LARGE, peaks, strict=True)]
    return {"kind": "growth", "machine": machine(), "growth": growth, "peaks": limited}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where data is made and kept; a temporary folder unless told")
    parser.add_argument("--tiles", type=int, default=50, help="tiles of the smallest store")
    parser.add_argument("--times", type=lambda t: [int(n) for n in t.split(",")], default=[1, 10, 100])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", default="1GiB", help="limit of the second table")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    _main()
