"""A process of its own: ``cubeql -c`` on a warm disk, from its start to its end; CPU seconds of the child.

    python -m benchmarks.cold_start [STORE] [STATEMENT]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from benchmarks.measure import Row, markdown, measure


def rows(store: str, statement: str) -> list[Row]:
    """``python``, ``import cubeql``, and one statement."""

    def run(*arguments: str) -> Callable[[], int | None]:
        def one() -> None:
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

        return one

    return [
        Row("start/python", run("-c", "pass")),
        Row("start/import cubeql", run("-c", "import cubeql")),
        Row("start/cubeql --version", run("-m", "cubeql", "--version")),
        Row("start/cubeql -c", run("-m", "cubeql", "--store", store, "-c", statement), target=0.5),
    ]


if __name__ == "__main__":
    given = sys.argv[1:]
    where = given[0] if given else os.environ.get("CUBEQL_STORE", "cubeql-store")
    what = given[1] if len(given) > 1 else "SHOW LAYERS"
    print(markdown(measure(rows(where, what), 5.0, print)))
