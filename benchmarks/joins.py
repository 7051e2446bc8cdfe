"""Joins by cell: equal, coarser and finer grids, equal and unequal clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb

from benchmarks.data import DATES, Data
from benchmarks.measure import Row
from benchmarks.reading import asked, decoded
from cubeql.session import Session


def hash_join(data: Data) -> Callable[[], int | None]:
    """The same join of rows of cells: DuckDB on Parquet of ``tile, slot, time, v``."""
    database = duckdb.connect()
    a, b = data.exploded("ndvi"), data.exploded("temp")
    text = (
        f"SELECT epoch_us(a.time), avg(a.v * 0.0001) FROM '{a}' AS a JOIN '{b}' AS b "
        "ON a.tile = b.tile AND a.slot = b.slot AND a.time = b.time WHERE b.v > 14 GROUP BY ALL"
    )

    def run() -> None:
        assert len(database.execute(text).fetchall()) == DATES

    return run


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    every = data.cells * DATES
    both = "join/pyarrow decode of both"
    yield Row(both, decoded(data, {"ndvi": "ndvi", "temp": "t"}))
    yield Row("join/hash join of cell rows", hash_join(data), both, best=3)
    text = "FROM ndvi JOIN temp FILTER t > 14 GROUP BY time SELECT time, avg(ndvi) AS m"
    yield Row("join/equal", asked(session, text, every), both, 1.3)
    yield Row("join/equal over hash join", asked(session, text, every), "join/hash join of cell rows", 1 / 3)
    yield Row("join/static of equal resolution", asked(session,
              "FROM ndvi JOIN dem FILTER elevation > 1000 GROUP BY time SELECT time, avg(ndvi) AS m", every),
              "decode/pyarrow int16")  # fmt: skip
    three = "FROM ndvi JOIN temp JOIN dem FILTER t > 14 AND elevation > 1000"
    yield Row("join/three layers", asked(session, f"{three} GROUP BY time SELECT time, avg(ndvi) AS m", every), both)
    yield Row("join/two coarser", asked(session,
              "FROM ndvi JOIN rain FILTER rain > 14 GROUP BY time SELECT time, avg(ndvi) AS m", every),
              "decode/pyarrow int16", 1.6)  # fmt: skip
    yield Row("join/a value a tile", asked(session,
              "FROM ndvi JOIN climate FILTER rain > 10 GROUP BY time SELECT time, avg(ndvi) AS m", every),
              "decode/pyarrow int16", 1.6)  # fmt: skip
    yield Row("join/one finer", asked(session,
              "FROM plots JOIN temp FILTER elevation > 1000 GROUP BY temp.time SELECT temp.time, avg(t) AS m", every),
              "decode/pyarrow float32", best=3)  # fmt: skip
    yield Row("join/two finer", asked(session,
              "FROM fields JOIN temp FILTER elevation > 1000 GROUP BY temp.time SELECT temp.time, avg(t) AS m", every),
              "decode/pyarrow float32", best=3)  # fmt: skip
    for name, layer in (("whole rows", "temp"), ("rows with gaps", "ndvi")):
        band = "t" if layer == "temp" else "ndvi"
        for match in ("AS OF", "NEAREST"):
            yield Row(f"clock/{match.lower()} {name}", asked(session,
                      f"FROM scene JOIN {layer} ON TIME {match} WITHIN '15 days' "
                      f"GROUP BY scene.time SELECT scene.time, avg({band}) AS m", every), both, best=3)  # fmt: skip
