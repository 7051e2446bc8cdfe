"""A catalog to type against, and short ways to ask what the service says at a ``|`` in a text."""

from __future__ import annotations

from cubeql.catalog import Band, CellSet, Dimension, Layer, MemoryCatalog, TimeAxis
from cubeql.errors import Span
from cubeql.service import Completion, Hover, complete, hover

S2 = Layer(
    "s2",
    10,
    (
        Band("red", "int16", unit="1", scale=1e-4, long_name="red reflectance"),
        Band("green", "int16", unit="1", scale=1e-4),
        Band("nir", "int16", unit="1", scale=1e-4),
        Band("ndvi", "float32", unit="1"),
        Band("scl", "int8", kind="categorical", classes=((4, "vegetation"), (5, "bare soil"))),
    ),
    time=TimeAxis(),
    title="Sentinel-2",
)
CATALOG = MemoryCatalog(
    (
        S2,
        Layer("dem", 9, (Band("elevation", "int16", unit="m", long_name="height above the sea"),)),
        Layer(
            "landcover",
            10,
            (Band("class", "int16", kind="categorical",
                  classes=((1, "maize"), (2, "tree cover"), (3, "farmer's own"), (4, "crop"))),),
        ),
        Layer("soil", 9, (Band("clay", "float32", unit="%"),), time=TimeAxis()),
        Layer("rain", 5, (Band("precip", "float32", unit="mm"),), time=TimeAxis("start", "P1D")),
        Layer("rain_monthly", 5, (Band("precip", "float32", unit="mm"),), time=TimeAxis("start", "P1M")),
        Layer("t2m", 4, (Band("t2m", "float32", unit="K"),), time=TimeAxis("start", "P1M")),
        Layer("era5", 4, (Band("t2m", "float32", unit="K"),), time=TimeAxis("start", "PT1H")),
        Layer("climate.wind", 4, (Band("u10", "float32", unit="m/s"),), time=TimeAxis("start", "PT1H")),
        Layer(
            "forecast",
            4,
            (Band("t2m", "float32", unit="K"), Band("orography", "float32", unit="m")),
            time=TimeAxis(),
            dimensions=(Dimension("horizon", "integer", "h"),),
        ),
        Layer("odd", 3, (Band("time of day", "float32"), Band("select", "int16"))),
    ),
    views={"lush": "SELECT cell, time, ndvi AS greenness FROM s2 FILTER ndvi > 0.4", "broken": "SELECT x FROM gone"},
    cell_sets=(CellSet("bavaria", 6, 12_000),),
)  # fmt: skip


def cursor(text: str) -> tuple[str, int]:
    """The text without its ``|``, and where that was; at the end if there is none."""
    offset = text.find("|")
    return (text, len(text)) if offset < 0 else (text[:offset] + text[offset + 1 :], offset)


def offered(text: str, **given: tuple[str, ...]) -> list[Completion]:
    """What is offered at the ``|``."""
    return list(complete(*cursor(text), CATALOG, **given))


def texts(text: str, kind: str | None = None, **given: tuple[str, ...]) -> list[str]:
    """The texts offered at the ``|``, of one kind or all."""
    return [c.text for c in offered(text, **given) if kind in (None, c.kind)]


def help_at(text: str) -> Hover | None:
    """The help at the ``|``."""
    return hover(*cursor(text), CATALOG)


def cut(text: str, span: Span) -> str:
    """The part of a text."""
    return text[span.start : span.end]


CURSORS = (
    """SELECT count(*) FILTER (WHERE ndvi > 0.5) AS n, sum(ndvi) OVER (PARTITION BY cell ORDER BY time
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM s2 AT RESOLUTION 5
    FILTER time BETWEEN $a AND $b QUALIFY rank() OVER TIME = 1""",
    """WITH a AS (SELECT * FROM s2),
    b AS (FROM a SELECT CASE WHEN scl = 'bare soil' THEN 1 ELSE ndvi::integer END AS x)
    SELECT x FROM b UNION ALL SELECT elevation FROM dem ORDER BY x DESC NULLS LAST LIMIT 10""",
    """CREATE OR REPLACE LAYER x WITH (title 'a') AS SELECT cell, ndvi FROM s2; DROP LAYER IF EXISTS x;
    SHOW BANDS s2; COPY (SELECT ndvi FROM s2) TO 'a.csv'; GRANT READ ON s2 TO someone; SET a = 1;
    EXPLAIN ANALYZE FROM dem SELECT *""",
    """FROM s2 JOIN rain ON TIME AS OF VALID WITHIN '2 days' USING (precip max)
    ANTI JOIN landcover ON class IN ('maize')
    FILTER cell WITHIN BBOX(1, 2, 3, 4) AND NOT cell WITHIN DISK('8928308280fffff', 2)
    SELECT date_trunc('month', time)""",
)
