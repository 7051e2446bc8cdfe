"""Reading: everything, a point, small and large polygons, streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import places
from benchmarks.data import DATES, Data
from benchmarks.measure import Row
from cubeql.plan.rules import RULES
from cubeql.session import Session

_OF_SUMMARIES = ("use_summaries", "use_overviews", "open_queries")


def asked(session: Session, text: str, values: int | None = None) -> Callable[[], int | None]:
    """A row's work: the statement, read to its end."""

    def run() -> int | None:
        rows = sum(batch.num_rows for batch in session.query(text))
        assert rows, text
        return values

    return run


def in_full(session: Session, text: str, values: int) -> Callable[[], int | None]:
    """The statement in a session of its own on the same store, which answers nothing from summaries."""
    opened: list[Session] = []

    def run() -> int | None:
        if not opened:
            left = tuple(r.__name__ for r in RULES if r.__name__ not in _OF_SUMMARIES)
            arrays = session.settings.array_memory
            opened.append(Session.open(str(session.store.address), rules=left, array_memory=arrays))
        return asked(opened[0], text, values)()

    return run


def decoded(data: Data, columns: dict[str, str]) -> Callable[[], int | None]:
    """pyarrow reading one column of each layer, file by file, and taking its mean."""
    files = [(path, column) for layer, column in columns.items() for path in data.files(layer)]

    def run() -> int | None:
        values = 0
        for path, column in files:
            read = pq.read_table(path, columns=[column])[column]
            for chunk in read.chunks:
                pc.mean(chunk.values)
                values += len(chunk.values)
        return values

    return run


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    every = data.cells * DATES
    yield Row("decode/pyarrow int16", decoded(data, {"ndvi": "ndvi"}))
    yield Row("decode/avg int16 scaled", in_full(session, "FROM ndvi SELECT avg(ndvi) AS m", every),
              "decode/pyarrow int16", 1.0)  # fmt: skip
    yield Row("decode/avg per time", in_full(session, "FROM ndvi GROUP BY time SELECT time, avg(ndvi) AS m", every),
              "decode/pyarrow int16", 1.0)  # fmt: skip
    yield Row("decode/pyarrow float32", decoded(data, {"temp": "t"}))
    yield Row("decode/avg float32", in_full(session, "FROM temp SELECT avg(t) AS m", every),
              "decode/pyarrow float32", 1.0)  # fmt: skip
    yield Row("decode/pyarrow red of three", decoded(data, {"scene": "red"}))
    yield Row("decode/avg red of three", in_full(session, "FROM scene SELECT avg(red) AS m", every),
              "decode/pyarrow red of three", 1.0)  # fmt: skip
    yield Row("place/point series", asked(session,
              f"FROM ndvi FILTER cell WITHIN {places.POINT} SELECT time, ndvi ORDER BY time"),
              target=0.020, cpu=False)  # fmt: skip
    yield Row("place/point series of three bands", asked(session,
              f"FROM scene FILTER cell WITHIN {places.POINT} SELECT time, red, nir, scl ORDER BY time"),
              target=0.020, cpu=False)  # fmt: skip
    yield Row("place/small polygon per date", asked(session,
              f"FROM ndvi FILTER cell WITHIN POLYGON '{places.SMALL}' GROUP BY time SELECT time, avg(ndvi) AS m"),
              target=0.030, cpu=False)  # fmt: skip
    yield Row("place/window per date", asked(session,
              f"FROM ndvi FILTER cell WITHIN {places.WINDOW} GROUP BY time SELECT time, avg(ndvi) AS m"))  # fmt: skip
    large = f"FILTER cell WITHIN POLYGON '{places.LARGE}'"
    yield Row("place/large polygon per date", asked(session,
              f"FROM ndvi {large} GROUP BY time SELECT time, avg(ndvi) AS m", every),
              "decode/pyarrow int16")  # fmt: skip
    yield Row("place/true area of a polygon", asked(session,
              f"FROM dem {large} SELECT area() AS km2, avg(elevation) AS m",
              data.cells))  # fmt: skip
    clear = "FROM scene FILTER scl IN (4, 5) GROUP BY time SELECT time, avg(red) AS m, count(*) AS n"
    yield Row("mask/pyarrow red and scl", lambda: sum(decoded(data, {"scene": b})() or 0 for b in ("red", "scl")))
    yield Row("mask/clear mean per time", asked(session, clear, every), "mask/pyarrow red and scl")
    yield Row("stream/cell and value", asked(session, "SELECT cell, elevation FROM dem", data.cells))
    early = "SELECT cell, time, t FROM temp FILTER time BEFORE '2024-03-15'"
    yield Row("stream/cell, time and value", asked(session, early, data.cells * 2))
    yield Row("stream/first batch", _first(session, "SELECT cell, time, t FROM temp"), target=0.3, cpu=False)


def _first(session: Session, text: str) -> Callable[[], int | None]:
    def run() -> None:
        with session.query(text) as result:
            next(iter(result))

    return run
