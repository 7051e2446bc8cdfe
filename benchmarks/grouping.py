"""Grouping: by cell over dates, by parents, by class."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.data import DATES, Data
from benchmarks.measure import Row
from benchmarks.reading import asked
from cubeql.session import Session


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    every = data.cells * DATES
    base = "decode/pyarrow int16"
    month = "date_trunc('month', time) AS month"
    yield Row("group/latest per cell", asked(session, "FROM ndvi GROUP BY cell SELECT cell, latest(ndvi) AS v", every),
              base, best=3)  # fmt: skip
    yield Row("group/mean per cell", asked(session, "FROM ndvi GROUP BY cell SELECT cell, avg(ndvi) AS v", every),
              base, best=3)  # fmt: skip
    yield Row("group/clear mean per cell", asked(session,
              "FROM scene FILTER scl IN (4, 5) GROUP BY cell SELECT cell, avg(ndvi(nir, red)) AS v", every),
              base, best=3)  # fmt: skip
    yield Row("group/CELL(7)", asked(session, "FROM ndvi GROUP BY CELL(7) SELECT cell, avg(ndvi) AS v", every),
              base, 0.1, best=3)  # fmt: skip
    yield Row("group/CELL(4) and month", asked(session,
              f"FROM ndvi GROUP BY CELL(4), {month} SELECT cell, month, avg(ndvi) AS v", every),
              target=0.020, cpu=False)  # fmt: skip
    yield Row("group/month", asked(session, f"FROM ndvi GROUP BY {month} SELECT month, avg(ndvi) AS v", every),
              target=0.010, cpu=False)  # fmt: skip
    yield Row("group/class of value x class of value", asked(session,
              "FROM ndvi JOIN dem GROUP BY bin(ndvi, 0.1) AS a, bin(elevation, 200) AS b SELECT a, b, count(*) AS n",
              every), base, best=3)  # fmt: skip
