"""What stored summaries and overviews save: the same statements with the rules that use them, and without."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.data import DATES, Data
from benchmarks.measure import Row
from benchmarks.reading import asked, in_full
from cubeql.session import Session

_MONTH = "date_trunc('month', time) AS month"

# name, statement, most of the CPU seconds without the rules
_STATEMENTS: tuple[tuple[str, str, float | None], ...] = (
    ("month x CELL(4)", f"FROM ndvi GROUP BY CELL(4), {_MONTH} SELECT cell, month, avg(ndvi) AS v", 0.1),
    ("month x CELL(4) of a subquery", f"FROM (SELECT cell, time, ndvi * 2 AS v FROM ndvi) AS q "
     f"GROUP BY cell_to_parent(cell, 4) AS c, {_MONTH} SELECT c, month, avg(v) AS v", 0.1),
    ("CELL(r - 2)", "FROM ndvi GROUP BY CELL(7) SELECT cell, avg(ndvi) AS v", 0.1),
    ("class x CELL(4)", "FROM scene GROUP BY CELL(4), scl SELECT cell, scl, count(*) AS n", 0.1),
    ("mode a tile", "FROM scene GROUP BY CELL(3) SELECT cell, mode(scl) AS most", 0.1),
    ("share by month", f"FROM scene GROUP BY {_MONTH} SELECT month, count_if(scl = 'cloud') / count(*) AS share", 0.1),
    ("value settles all rows", "FROM temp FILTER t > -100 GROUP BY CELL(4) SELECT cell, avg(t) AS v", 0.1),
    ("value settles few rows", f"FROM ndvi FILTER ndvi > 0.4 GROUP BY {_MONTH} SELECT month, avg(ndvi) AS v", None),
    ("AT RESOLUTION r - 2", "FROM temp AT RESOLUTION 7 GROUP BY time SELECT time, avg(t) AS v, max(t) AS m", 0.1),
    ("AT RESOLUTION r - 3", "FROM ndvi AT RESOLUTION 6 GROUP BY time SELECT time, avg(ndvi) AS v", 0.1),
    ("AT RESOLUTION of tiles", "FROM ndvi AT RESOLUTION 4 SELECT cell, time, ndvi", 0.1),
    ("join two finer", "FROM fields JOIN temp FILTER elevation > 1000 GROUP BY temp.time "
     "SELECT temp.time, avg(t) AS v", 0.1),
)  # fmt: skip


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    every = data.cells * DATES
    for name, text, target in _STATEMENTS:
        full = f"summaries/{name}, in full"
        yield Row(full, in_full(session, text, every), best=3)
        yield Row(f"summaries/{name}", asked(session, text, every), full, target)
