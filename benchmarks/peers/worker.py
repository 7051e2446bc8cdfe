"""One peer in a process of its own: it reads names of questions, a line each, and writes what they cost, a line each.

A process a peer, so that CPU seconds and memory are that peer's and no other's threads are counted.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.peers import peerage
from benchmarks.peers.building import THREADS
from benchmarks.peers.landscape import Landscape


def main() -> None:
    """Answer until nothing more is asked."""
    name, folder, size, dates = sys.argv[1:]
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not be taken for an answer
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    asked = peerage.BY_NAME[name].open(Landscape(Path(folder), int(size), int(dates)))
    for line in sys.stdin:
        question = json.loads(line)
        try:
            found = _timed(asked[question["name"]], question["rows"])
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        told.write(json.dumps(found, default=str) + "\n")
        told.flush()


def _timed(ask: Any, rows: bool) -> dict[str, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    answer = ask()
    found = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if rows:
        table = isinstance(answer, pa.Table)
        found["rows"] = [list(row.values()) for row in answer.to_pylist()] if table else [list(row) for row in answer]
    return found


if __name__ == "__main__":
    main()
