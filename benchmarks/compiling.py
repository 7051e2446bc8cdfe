"""Before anything is read: text to SQL, and finding files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import NDVI, Data
from benchmarks.measure import Row
from cubeql.catalog import Layer, TimeAxis
from cubeql.compiler import compile_query
from cubeql.demo.queries import QUERIES
from cubeql.engine.execute import prepare
from cubeql.engine.statements.call import Call
from cubeql.lang import nodes, parse_statement
from cubeql.session import Session
from cubeql.storage import Store, TileBlock
from cubeql.storage.table import Change, data_files
from cubeql.values.cells import BASE_TILES
from cubeql.values.tiles import dead_slots

STATEMENTS = {
    "series": "SELECT time, red FROM scene FILTER cell WITHIN POINT(25.03, 46.52) AND time DURING '2024' ORDER BY time",
    "siting": """FROM rain JOIN dem USING min JOIN temp ON TIME EQUAL FILTER elevation < 1100 AND t > 12
        AND time IN '2024' GROUP BY cell SELECT cell, max(rain) AS wettest""",
    "composite": """FROM scene FILTER scl IN (4, 5) AND time DURING '2024-03' GROUP BY cell
        SELECT cell, latest(red) AS red""",
    "trend": """WITH yearly AS (FROM temp GROUP BY cell, month(time) AS m SELECT cell, m, avg(t) AS t)
        SELECT cell, regr_slope(t, m) AS trend FROM yearly GROUP BY cell""",
    "change": """WITH
        a AS (FROM scene FILTER time DURING '2024-03' GROUP BY cell SELECT cell, avg(ndvi(nir, red)) AS w),
        b AS (FROM scene FILTER time DURING '2024-05' GROUP BY cell SELECT cell, avg(ndvi(nir, red)) AS w)
        SELECT cell, b.w - a.w AS change FROM b JOIN a SEMI JOIN dem ON elevation > 1000""",
    "overview": """FROM scene GROUP BY CELL(4), date_trunc('month', time) AS month
        SELECT cell, month, avg(red), min(red), max(red)""",
    "clocks": """FROM scene LEFT JOIN temp ON TIME NEAREST WITHIN '2 days' JOIN rain ON TIME AS OF WITHIN '20 days'
        SELECT cell, scene.time, temp.time AS seen, t, rain""",
}

_START = np.datetime64("2020-01-01T00:00:00", "us")
_REAL_DAYS = 4


_NUMBERS = itertools.count()


def _compiled(session: Session, text: str) -> Callable[[], int | None]:
    def run() -> None:
        new = f"{text} -- {next(_NUMBERS)}"  # a text that was read before is not read again
        statement = parse_statement(new)
        assert isinstance(statement, nodes.QueryStatement)
        assert compile_query(statement.query, session.store, {}, new).sql

    return run


def rows(session: Session, demo: Session | None) -> Iterator[Row]:
    """The rows of this page; ``demo`` is a session on a store with the demo's layers, where there is one."""
    for name, text in STATEMENTS.items():
        yield Row(f"compile/{name}", _compiled(session, text), target=0.010)
    for query in QUERIES if demo is not None else ():
        assert demo is not None
        yield Row(f"compile/demo {query.name}", _compiled(demo, query.text), target=0.010)


def planning(data: Data, files: int) -> Iterator[Row]:
    """Finding two files among few and many, in a session that has just begun and in one that knows the log."""
    for count in (files // 100, files // 10, files):
        store, text = _many(data.folder / f"files{count}", count)
        target = count == files
        yield Row(f"plan/{count} files, cold", _opened(store, text), target=0.5 if target else None, best=3)
        warm = _planned(Session.open(store), text)
        yield Row(f"plan/{count} files, warm", warm, target=0.010 if target else None)


def _many(folder: Path, files: int) -> tuple[Path, str]:
    """A store with a layer of about that many files of one row each, and a query that two of them hold.

    Only the files of the first days are on the disk; of the others the log alone knows, for a plan opens no file that
    cannot matter.
    """
    store = Store.open(folder, create=True)
    if store.layer("small") is None:
        blocks = [(int(t), _START + d * np.timedelta64(1, "D")) for d in range(_REAL_DAYS) for t in BASE_TILES]
        values = (np.arange(7, dtype=np.int16), np.ones(7, bool))
        layer = Layer("small", 1, (NDVI,), time=TimeAxis())
        # A buffer of one byte: every row becomes a file of its own.
        with store.write(layer, mode="create", buffer_bytes=1) as write:
            for tile, time in blocks:
                write.add(TileBlock(tile, time, None, (), {"ndvi": _alive(values, tile)}))
        _tell_of(store, files // len(BASE_TILES) - _REAL_DAYS)
    text = "FROM small FILTER cell WITHIN POINT(25.03, 46.52) AND time DURING '2020-01-02/2020-01-03' SELECT time, ndvi"
    return folder, text


def _tell_of(store: Store, days: int) -> None:
    """Commit files of so many days more that are not there, alike those of the first day."""
    tables, folder = store._tables, store._known("small").at
    first = tables.load(folder)
    assert first is not None
    real = data_files(first, first.files["path"].to_pylist()[: len(BASE_TILES)])
    for begin in range(0, days, 40):
        adds = []
        for day in range(begin, min(begin + 40, days)):
            time = (_START + np.timedelta64(_REAL_DAYS + day, "D")).item().replace(tzinfo=UTC)
            adds += [
                replace(f, name=f"data/told/{day}-{n}.parquet", minimum={**f.minimum, "time": time},
                        maximum={**f.maximum, "time": time})
                for n, f in enumerate(real)
            ]  # fmt: skip
        tables.commit(folder, tables.load(folder), Change("more days", adds=tuple(adds)))


def _alive(values: tuple[NDArray[Any], NDArray[np.bool_]], tile: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    return values[0], ~dead_slots(tile, 1)


def _opened(store: Path, text: str) -> Callable[[], int | None]:
    def run() -> None:
        with Session.open(store) as session:
            _planned(session, text)()

    return run


def _planned(session: Session, text: str) -> Callable[[], int | None]:
    """All that happens before a query runs: compiled, its files and rows found, relations made."""

    def run() -> None:
        statement, call = parse_statement(text), Call(session._engine, text, {}, None)
        assert isinstance(statement, nodes.QueryStatement)
        running = call.running()
        prepared = prepare(call.compile(statement.query), session.store, running, session._engine.caches)
        assert sum(w.files_kept for w in prepared.works) == 2
        running.close()

    return run
