"""Layers of the tiny cube that are series: months of several years, and runs of forecasts."""

from __future__ import annotations

from datetime import timedelta

from cubeql.catalog.records import Band, Dimension, Layer, TimeAxis
from tests.support.cube import A, B, C, TinyLayer, Values, below, scatter, single, utc

THREE_YEARS = [utc(f"{y}-{m:02d}-01") for y in (2021, 2022, 2023) for m in range(1, 13)]


def monthly() -> TinyLayer:
    """Rain of 36 months; one cell has the same in every January, one has rain in the last year alone."""
    record = Layer(
        "monthly", 6, (Band("total", "int16", unit="mm", scale=0.1), Band("days", "int16")), TimeAxis("start", "P1M")
    )
    bands = {"total": (0.85, lambda r: r.randrange(0, 3000)), "days": (0.9, lambda r: r.randrange(0, 32))}
    cells = [*below(A, 6), *below(B, 6)[:2], *below(C, 6)[3:5]]
    values = scatter("monthly", cells, THREE_YEARS, bands, present=0.85)
    for time in THREE_YEARS:
        steady = values.setdefault((cells[0], time, ()), {})
        steady["total"] = 700 + time.month
    for (cell, time, _), row in values.items():
        if cell == cells[1] and time.year < 2023:
            row.pop("total", None)
    return TinyLayer(record, {k: v for k, v in values.items() if v})


def runs() -> TinyLayer:
    """Forecasts of two models: each pair of issue and horizon has one valid time."""
    record = Layer(
        "runs", 5, (Band("t", "float32", unit="degC"),), TimeAxis("instant"),
        (Dimension("issue", "timestamp"), Dimension("horizon", "integer", "h"), Dimension("model", "text")),
    )  # fmt: skip
    bands = {"t": (0.9, lambda r: single(r.uniform(-5.0, 20.0)))}
    values: Values = {}
    for issue in [utc("2024-04-30T12:00:00"), utc("2024-05-01"), utc("2024-05-01T12:00:00")]:
        for hours in (0, 12, 24):
            keys = [(issue, hours, model) for model in ("IFS", "AIFS")]
            valid = issue + timedelta(hours=hours)
            values |= scatter(f"runs {issue} {hours}", [A, B, C], [valid], bands, keys, present=0.9)
    return TinyLayer(record, values)
