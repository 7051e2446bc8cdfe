"""One thing done to a store, in a process of its own: ``python -m scripts.stress.work STORE WHAT [FILES…]``.

Says ``ready`` when everything is loaded, then ``done``, or the kind of its error and what it says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cubeql
from cubeql.errors import CubeQLError


@dataclass(frozen=True, slots=True)
class Work:
    """Something done to a store.

    Attributes:
        run: does it, on a session and given files.
        again: whether it may be done again after it was done (its state may be another then).
        in_portions: whether it commits more than once on the way.
    """

    run: Callable[[cubeql.Session, Sequence[str]], object]
    again: bool = False
    in_portions: bool = False


def said(text: str, again: bool = False) -> Work:
    """The work of a statement."""
    return Work(lambda session, _: session.query(text), again)


def copied(ending: str, query: str) -> Work:
    """The work of COPY to the file given, with an ending."""
    return Work(lambda session, files: session.query(f"COPY ({query}) TO $path", {"path": files[0] + ending}), True)


WORKS: dict[str, Work] = {
    "ingest": Work(lambda s, files: s.ingest(list(files), "pictures", time_pattern="auto"), True, True),
    "ingest points": Work(lambda s, files: s.ingest(files[0], "places"), True),
    "insert": said("INSERT INTO field SELECT cell, time + INTERVAL '1 year' AS time, t, n FROM field"),
    "insert or replace": said("INSERT OR REPLACE INTO field SELECT cell, time, t + 1 AS t, n FROM field", True),
    "create": said("CREATE LAYER made AS SELECT cell, time, t * 2 AS double, n FROM field"),
    "create or replace": said("CREATE OR REPLACE LAYER crumbs AS SELECT cell, time, t - 1 AS t FROM field", True),
    "drop": said("DROP LAYER IF EXISTS field", True),
    "rename": said("ALTER LAYER field RENAME TO prairie"),
    "rollback": said("ALTER LAYER field ROLLBACK TO VERSION 0", True),
    "compact": Work(lambda s, _: s.compact("crumbs", target_bytes=1_000_000, portion_bytes=1_000_000), True, True),
    "set": said("ALTER LAYER field SET (title 'A field')", True),
    "create view": said("CREATE OR REPLACE VIEW hot AS SELECT cell, t FROM field FILTER t > 600", True),
    "create cells": said("CREATE OR REPLACE CELLS warm AS SELECT cell FROM field FILTER t > 900", True),
}  # fmt: skip
COPIES: dict[str, Work] = {
    "copy to parquet": copied(".parquet", "SELECT cell, time, t, n FROM field"),
    "copy to csv": copied(".csv", "SELECT cell, time, t, n FROM field"),
    "copy to geojson": copied(".geojson", "SELECT cell, t FROM field FILTER t > 950 LIMIT 20000"),
    "copy to tif": copied(".tif", "SELECT cell, avg(t) AS t FROM field GROUP BY cell"),
    "copy to nc": copied(".nc", "SELECT cell, avg(t) AS t FROM field GROUP BY cell"),
}
EVERY = WORKS | COPIES


def main(words: Sequence[str]) -> int:
    """Do one work; 0 when it is done, 1 when CubeQL refuses, 2 when anything else is raised."""
    address, what, *files = words
    try:
        with cubeql.connect(address, threads=2) as session:
            session.query("SHOW SETTINGS")
            print("ready", flush=True)
            EVERY[what].run(session, files)
    except CubeQLError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return 2
    print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
