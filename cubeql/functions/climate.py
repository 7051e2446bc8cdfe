"""Functions that hold a value against the values of a span of years at the same cell.

They have no SQL of their own: analysis writes them as a join with a query of those years.
"""

from __future__ import annotations

from cubeql.functions.rows import Function, Result, first_number
from cubeql.values.types import Type


def _row(name: str, result: Result, summary: str) -> Function:
    return Function(
        name, "climate", ("number", "text"), result, "", summary, refuses_classes=True, parameter_names=("x", "period")
    )


def _unitless(args: tuple[Type, ...]) -> Type:
    """Result rule: a number of unit 1."""
    return Type("number", unit="1")


ROWS = (
    _row("baseline", first_number,
         "Mean of x at the cell over the rows of a period; `BY month` takes those of the same month alone."),
    _row("anomaly", first_number, "How far x lies above its baseline."),
    _row("standardized_anomaly", _unitless,
         "The anomaly in standard deviations of the baseline's values; NULL where they do not vary."),
)  # fmt: skip
NAMES = frozenset(row.name for row in ROWS)

BUCKETS: dict[str, tuple[str, str]] = {
    "hour": ("hour", "values of the same hour of the day"),
    "day": ("doy", "values of the same day of the year"),
    "doy": ("doy", "values of the same day of the year"),
    "dekad": ("dekad", "values of the same dekad of the year"),
    "week": ("week", "values of the same week of the year"),
    "month": ("month", "values of the same month of the year"),
    "season": ("season", "values of the same season"),
    "year": ("year", "values of the same year"),
}
"""What may stand after BY: the calendar function whose value two instants of one bucket share, and a few words."""
