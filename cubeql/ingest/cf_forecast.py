"""Forecasts in NetCDF files: when one was issued, how far ahead it looks, and the time that it is valid for.

CF names two of the three, or all: ``forecast_reference_time``, ``forecast_period`` and ``time``. Files of issue and
period alone are given their times; either may be an axis or one value. A layer calls them ``issue`` (an instant) and
``horizon`` (hours), whatever the file does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeql.ingest.cf_time import decoded, microseconds_of
from cubeql.ingest.faults import refusal
from cubeql.ingest.source import DimensionValue, SourceDimension

ISSUE, HORIZON = "issue", "horizon"
_HOUR_US = 3_600_000_000
_ISSUES = ("forecast_reference_time", "reference_time", "reftime", "init_time", "initial_time", "issue_time", "issue",
           "run_time", "analysis_time")  # fmt: skip
_HORIZONS = ("forecast_period", "step", "lead", "lead_time", "leadtime", "forecast_hour", "horizon")
_FIRST = re.compile(r"\b(initial|reference|analysis|issue)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Variables that say when a forecast was issued and how far it looks ahead: an axis each, or one value.

    Attributes:
        issue: name of the variable of issues; None where the file has none.
        horizon: of the periods; None likewise.
        time: the axis of valid times; None where time is issue and horizon together.
    """

    issue: str | None = None
    horizon: str | None = None
    time: str | None = None

    @property
    def makes_time(self) -> bool:
        """Whether valid times are computed."""
        return self.issue is not None and self.horizon is not None and self.time is None


NO_FORECAST = Forecast()


def forecast_of(dataset: Any, axes: list[str]) -> Forecast:
    """What a file says of forecasts.

    Args:
        dataset: the file.
        axes: of a variable, beside y and x.
    """
    values = [str(n) for n, v in dataset.variables.items() if v.ndim == 0]
    horizon = _first(dataset, axes, _is_horizon) or _first(dataset, values, _is_horizon)
    issue = _first(dataset, axes, _is_issue)
    times = [a for a in axes if counts_time(dataset, a) and a != issue]
    if issue is None and horizon is not None and len(times) == 1 and _is_start(dataset, times[0], horizon):
        issue, times = times[0], []
    if issue is None and horizon is not None and not times:
        issue = _first(dataset, values, _is_issue) or _first(dataset, values, _may_be_issue)
    return Forecast(issue, horizon, times[0] if len(times) == 1 else None)


def _first(dataset: Any, names: list[str], test: Any) -> str | None:
    return next((n for n in names if test(dataset, n)), None)


def counts_time(dataset: Any, name: str) -> bool:
    """Whether a variable holds instants."""
    return name in dataset.variables and " since " in str(dataset[name].attrs.get("units", ""))


def _standard(dataset: Any, name: str) -> str:
    return str(dataset[name].attrs.get("standard_name", "")).lower() if name in dataset.variables else ""


def _is_horizon(dataset: Any, name: str) -> bool:
    if _standard(dataset, name) != "forecast_period" and name.lower() not in _HORIZONS:
        return False
    return name in dataset.variables and _unit_us(dataset[name]) is not None


def _unit_us(variable: Any) -> float | None:
    return microseconds_of(str(variable.attrs.get("units", "")))


def _is_issue(dataset: Any, name: str) -> bool:
    said = _standard(dataset, name) == "forecast_reference_time" or name.lower() in _ISSUES
    return said and counts_time(dataset, name)


def _is_start(dataset: Any, time: str, horizon: str) -> bool:
    """Whether a time axis beside one of periods is that of issues: it says so, or valid times lie on both axes."""
    if _FIRST.search(str(dataset[time].attrs.get("long_name", ""))):
        return True
    over = {time, *dataset[horizon].dims}
    return any(
        counts_time(dataset, str(n)) and n != time and set(v.dims) == over and v.ndim > 0
        for n, v in dataset.variables.items()
    )


def _may_be_issue(dataset: Any, name: str) -> bool:
    """A single time beside periods, that of the valid time left out."""
    if not counts_time(dataset, name) or name.lower() == "valid_time":
        return False
    return name.lower() == "time" or bool(_FIRST.search(str(dataset[name].attrs.get("long_name", ""))))


# ------------------------------------------------------------------ values


def issue_dimension(source: str, dataset: Any, name: str, always: bool) -> SourceDimension:
    """The instants of issue."""
    variable = dataset[name]
    numbers = np.asarray(variable.values).reshape(-1)
    units, calendar = str(variable.attrs["units"]), str(variable.attrs.get("calendar", "standard")).lower()
    instants = tuple(decoded(source, numbers, units, calendar))
    return _distinct(source, name, SourceDimension(ISSUE, None, instants, always))


def horizon_dimension(source: str, dataset: Any, name: str, always: bool) -> SourceDimension:
    """The periods in hours: whole numbers where all of them are."""
    variable = dataset[name]
    unit = _unit_us(variable)
    assert unit is not None
    counts = np.rint(np.asarray(variable.values, np.float64).reshape(-1) * unit)
    if not np.isfinite(counts).all():
        raise refusal(source, f"the axis {name} holds values that are no periods")
    hours = counts / _HOUR_US
    whole = bool((hours == np.rint(hours)).all())
    values: tuple[DimensionValue, ...] = tuple(int(h) if whole else float(h) for h in hours)
    return _distinct(source, name, SourceDimension(HORIZON, "h", values, always))


def valid_time(issue: DimensionValue, horizon: DimensionValue) -> np.datetime64:
    """The time that a forecast is valid for."""
    assert isinstance(issue, np.datetime64) and isinstance(horizon, int | float)
    return issue + np.timedelta64(round(horizon * _HOUR_US), "us")


def _distinct(source: str, name: str, dimension: SourceDimension) -> SourceDimension:
    if len(set(dimension.values)) != len(dimension.values):
        raise refusal(source, f"the axis {name} has a value twice")
    return dimension

