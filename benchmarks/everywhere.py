"""The same questions to the same layers on a local disk, in a folder another process has written, and on S3.

    python -m benchmarks --only media                          # a SeaweedFS of its own on the loopback
    python -m benchmarks --only media --s3 s3://bucket/place   # yours, by the AWS settings of the environment
    python -m benchmarks --only media --demo STORE             # the demo's questions too

Every answer is compared with the local one: everything but floats exactly, floats to 1e-12 of their size, since threads
add them up in the order in which they come. "First" is a session that has just been opened, "again" the median of the
runs after it in the same session. CPU is that of this process; the server of S3 runs beside it, on the same cores.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks import places
from benchmarks.data import Data
from cubeql.demo.queries import QUERIES
from cubeql.session import Session

AGAIN = 5
_CLOSE = 1e-12

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("point series", f"FROM ndvi FILTER cell WITHIN {places.POINT} SELECT time, ndvi ORDER BY time"),
    ("small polygon", f"FROM ndvi FILTER cell WITHIN POLYGON '{places.SMALL}' GROUP BY time"
                      " SELECT time, avg(ndvi) AS m, count(*) AS n ORDER BY time"),
    ("summaries", "FROM ndvi GROUP BY CELL(4), month(time) AS month SELECT cell, month, avg(ndvi) AS m"
                  " ORDER BY cell, month"),
    ("overviews", "FROM ndvi GROUP BY CELL(7) SELECT cell, avg(ndvi) AS m, count(*) AS n ORDER BY cell"),
    ("join", "FROM ndvi JOIN temp FILTER t > 10 GROUP BY time SELECT time, avg(ndvi) AS m, count(*) AS n"
             " ORDER BY time"),
    ("full scan", "FROM ndvi FILTER ndvi > 0.3 GROUP BY time SELECT time, avg(ndvi) AS m, count(*) AS n ORDER BY time"),
    ("full scan of floats", "FROM temp FILTER t > 10 GROUP BY time SELECT time, avg(t) AS m, count(*) AS n"
                            " ORDER BY time"),
)  # fmt: skip


@dataclass
class Timing:
    """One question on one medium, first and again."""

    wall: float = 0.0
    cpu: float = 0.0
    again_wall: float = 0.0
    again_cpu: float = 0.0
    stats: dict[str, Any] = field(default_factory=dict)
    again_stats: dict[str, Any] = field(default_factory=dict)
    needed: int = 0
    answer: pa.Table | None = None


def table(data: Data, demo: str | None, s3: str | None, say: Callable[[str], None]) -> str:
    """Ask everything everywhere; gives the table in Markdown.

    Raises:
        SystemExit: an answer differs.
    """
    stores = [(str(data.folder / "store"), QUESTIONS)]
    if demo:
        stores.append((demo, tuple((q.name, q.text) for q in QUERIES)))
    lines = [
        "| question | local first / again, wall ms | CPU | shared first / again, wall ms | CPU "
        "| S3 first / again, wall ms | CPU | requests | MB read | MB needed | answers |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    with tempfile.TemporaryDirectory(prefix="cubeql-media-") as temporary, service(Path(temporary), s3) as below:
        os.environ["XDG_CACHE_HOME"] = str(Path(temporary) / "cache")
        for number, (folder, questions) in enumerate(stores):
            shared, far = str(Path(temporary) / f"shared{number}"), f"{below}/store{number}"
            _copied_by_another(folder, shared)
            upload(Path(folder), far)
            for name, text in questions:
                timings = [_asked(place, text) for place in (folder, shared, far)]
                answers = [_compared(name, timings[0].answer, t.answer) for t in timings[1:]]
                lines.append(_line(name, timings, answers))
                say(lines[-1])
    return "\n".join(lines)


def _asked(place: str, text: str) -> Timing:
    found, timing = [], Timing()
    with Session.open(place) as session:
        for _ in range(AGAIN + 1):
            wall, cpu = time.perf_counter(), time.process_time()
            result = session.query(text)
            timing.answer = result.to_arrow()
            found.append((time.perf_counter() - wall, time.process_time() - cpu, result.stats))
        timing.needed = session.explain(text).bytes_to_read
    timing.wall, timing.cpu, timing.stats = found[0]
    timing.again_wall = statistics.median(f[0] for f in found[1:])
    timing.again_cpu = statistics.median(f[1] for f in found[1:])
    timing.again_stats = found[-1][2]
    return timing


def _line(name: str, timings: list[Timing], answers: list[str]) -> str:
    cells = [name]
    for one in timings:
        cells.append(f"{one.wall * 1e3:.0f} / {one.again_wall * 1e3:.0f}")
        cells.append(f"{one.cpu * 1e3:.0f} / {one.again_cpu * 1e3:.0f}")
    far = timings[-1]
    for key, unit in (("requests", 1), ("bytes_network", 1e6)):
        first, again = (s.get(key, 0) / unit for s in (far.stats, far.again_stats))
        cells.append(f"{first:.4g} / {again:.4g}")
    cells.append(f"{far.needed / 1e6:.3g}")
    cells.append("equal" if set(answers) == {"equal"} else f"equal, floats to {_CLOSE:g}")
    return f"| {' | '.join(cells)} |"


def _compared(name: str, one: pa.Table | None, other: pa.Table | None) -> str:
    if one is None or other is None or one.schema.names != other.schema.names or one.num_rows != other.num_rows:
        raise SystemExit(f"{name}: the answers differ in shape")
    if one.equals(other):
        return "equal"
    for column in one.schema.names:
        for left, right in zip(one[column].to_pylist(), other[column].to_pylist(), strict=True):
            near = isinstance(left, float) and isinstance(right, float) and math.isclose(left, right, rel_tol=_CLOSE)
            if left != right and not near:
                raise SystemExit(f"{name}: {column} is {left!r} here and {right!r} there")
    return "close"


# ------------------------------------------------------------------ media


def _copied_by_another(folder: str, shared: str) -> None:
    """Have another process write the store to a folder of its own."""
    copy = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], ignore=shutil.ignore_patterns('cache'))"
    subprocess.run([sys.executable, "-c", copy, folder, shared], check=True)


def upload(folder: Path, address: str) -> None:
    """Put the files of a store on S3; names are relative, so that this is all it takes."""
    from cubeql.storage.outfiles import place_of, upload

    shutil.rmtree(folder / "cache", ignore_errors=True)
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        place = place_of(f"{address}/{file.relative_to(folder)}")
        assert not isinstance(place, Path)
        upload(file, place)


@contextlib.contextmanager
def service(folder: Path, given: str | None) -> Iterator[str]:
    """An address on S3 to work below."""
    if given is not None:
        yield given.rstrip("/")
        return
    from tests.support.s3 import BUCKET, S3Server

    server = S3Server(folder / "server")
    os.environ.update(server.environment())
    try:
        server.start()
        yield f"s3://{BUCKET}/media"
    finally:
        server.stop()
