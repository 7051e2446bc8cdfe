"""How long it takes from cancel to the error in hand, a statement at a time.

    python -m benchmarks.cancelling STORE [--times 5]

The store is the one that ``python -m benchmarks --folder FOLDER`` makes (``FOLDER/store``). Each statement is begun in
a thread of its own and cancelled from another, each time at another moment of its run; what is told is the median and
the worst time until the reader has its error. Run it while the machine is busy to see the worst.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Iterator

import cubeql
from cubeql.errors import QueryCancelled
from cubeql.session import Session

_SIX = f"WITH u AS ({' UNION ALL '.join(['SELECT cell, ndvi FROM ndvi'] * 6)}) "

# what, statement
STATEMENTS = (
    ("mean over all", "SELECT avg(ndvi * ndvi) AS m, stddev(ndvi) AS s FROM ndvi"),
    ("mean in a region", "SELECT avg(ndvi) AS m FROM ndvi FILTER cell WITHIN BBOX(20, 44, 26, 48)"),
    ("true areas", "SELECT time, area_mean(ndvi) AS m FROM ndvi FILTER ndvi > 0.3 GROUP BY time"),
    ("join", "SELECT avg(ndvi * t) AS m FROM ndvi JOIN temp"),
    ("join by cell", "FROM ndvi JOIN (SELECT cell, max(t) AS t FROM temp GROUP BY cell) AS h SELECT avg(ndvi * h.t)"),
    ("as of", "SELECT avg(ndvi * t) AS m FROM ndvi JOIN temp ON TIME AS OF FILTER t > 0"),
    ("median", "SELECT median(ndvi) AS m FROM ndvi"),
    ("median of six times", _SIX + "SELECT median(ndvi) AS m FROM u"),
    ("ORDER BY of six times", _SIX + "SELECT cell, ndvi FROM u ORDER BY ndvi DESC"),
    ("median by cell", "SELECT cell, median(ndvi) AS m FROM ndvi GROUP BY cell"),
    ("ORDER BY", "SELECT cell, time, ndvi FROM ndvi ORDER BY ndvi DESC"),
    ("AT RESOLUTION", "SELECT cell, time, ndvi FROM ndvi AT RESOLUTION 8 ORDER BY cell"),
    ("window", "SELECT cell, time, lag(ndvi) OVER TIME AS before FROM ndvi"),
    ("disk", "SELECT cell, disk(avg(elevation), 1) AS m FROM dem"),
    ("frozen", "SELECT avg(ndvi * 2) AS m, median(ndvi) AS d FROM ndvi AT '2024-05-01'"),
    ("stream", "SELECT cell, time, ndvi FROM ndvi"),
)  # fmt: skip


def moments(session: Session, text: str, times: int) -> Iterator[float]:
    """Moments of a statement's run, the first at its very beginning."""
    began = time.monotonic()
    session.query(text).to_arrow()
    took = time.monotonic() - began
    for n in range(times):
        yield took * n / times


def seconds_to_stop(session: Session, text: str, after: float) -> float | None:
    """Seconds from cancel to the error; None where the statement had ended before."""
    ended: list[tuple[float, bool]] = []

    def run() -> None:
        try:
            session.query(text).to_arrow()
            ended.append((time.monotonic(), False))
        except QueryCancelled:
            ended.append((time.monotonic(), True))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(after)
    asked = time.monotonic()
    while thread.is_alive():
        session.cancel()  # what has not reached the engine does not hear
        thread.join(0.02)
    when, cancelled = ended[0]
    return when - asked if cancelled else None


def main() -> None:
    """Measure all and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| statement | runs s | stopped | median s | worst s |\n| --- | ---: | ---: | ---: | ---: |")
    with cubeql.connect(options.store) as session:
        for what, text in STATEMENTS:
            if options.only and what not in options.only.split(","):
                continue
            began = time.monotonic()
            every = list(moments(session, text, options.times))
            took = time.monotonic() - began
            found = [s for at in every if (s := seconds_to_stop(session, text, at)) is not None]
            middle, worst = (f"{f(found):.2f}" if found else "" for f in (statistics.median, max))
            print(f"| {what} | {took:.2f} | {len(found)} of {len(every)} | {middle} | {worst} |", flush=True)


if __name__ == "__main__":
    main()
