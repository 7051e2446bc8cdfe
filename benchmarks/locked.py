"""What a locked engine costs: the same statements on an open and a locked session in turns, CPU seconds of all threads.

    python -m benchmarks.locked STORE --times 15
"""

from __future__ import annotations

import argparse
import statistics
import time

import cubeql
from cubeql.demo.queries import QUERIES


def main() -> None:
    """Print the ratio of medians for each question of the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--times", type=int, default=15)
    given = parser.parse_args()
    with cubeql.connect(given.store) as plain, cubeql.connect(given.store, locked=True) as locked:
        for query in QUERIES:
            spent: dict[bool, list[float]] = {False: [], True: []}
            for turn in range(2 * (given.times + 1)):
                session = locked if turn % 2 else plain
                began = time.process_time()
                session.query(query.text).to_arrow()
                if turn > 1:  # the first of each fills caches
                    spent[bool(turn % 2)].append(time.process_time() - began)
            one, other = (statistics.median(spent[k]) for k in (False, True))
            print(f"{query.name:24} open {one:.4f} s  locked {other:.4f} s  ratio {other / one:.2f}")


if __name__ == "__main__":
    main()
