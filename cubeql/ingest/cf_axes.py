"""Axes and reference system of NetCDF variables, after the CF conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeql.ingest.cf_bands import is_axis
from cubeql.ingest.cf_forecast import (
    NO_FORECAST,
    Forecast,
    counts_time,
    forecast_of,
    horizon_dimension,
    issue_dimension,
)
from cubeql.ingest.faults import refusal
from cubeql.ingest.pixelgrid import PixelGrid, make_grid
from cubeql.ingest.source import DimensionValue, SourceDimension

_UNEVEN = 0.02  # of a step: what float32 axes and rounded decimals may be off
_METRES = {"km": 1000.0, "kilometer": 1000.0, "kilometre": 1000.0, "kilometers": 1000.0, "kilometres": 1000.0}


@dataclass(frozen=True, slots=True)
class Axes:
    """Names of a variable's axes.

    Attributes:
        y: downwards.
        x: to the right.
        time: of valid times; None where there is none.
        others: all other axes, in the order of the variable's.
        time_given: the times of the time axis come as an argument.
        forecast: which of the other axes, or single values, are those of a forecast.
    """

    y: str
    x: str
    time: str | None
    others: tuple[str, ...]
    time_given: bool = False
    forecast: Forecast = NO_FORECAST


def axes_of(source: str, dataset: Any, variables: list[str], time_dimension: str | None) -> Axes:
    """The axes that all the variables share.

    Raises:
        IngestError: the variables lie on different axes.
    """
    found = {name: _axes(source, dataset, name, time_dimension) for name in variables}
    if len(set(found.values())) > 1:
        text = "; ".join(f"{n} on ({', '.join(dataset[n].dims)})" for n in variables[:8])
        raise refusal(source, f"its variables lie on different axes: {text}", "choose those of one layer with bands=")
    return next(iter(found.values()))


def _axes(source: str, dataset: Any, name: str, time_dimension: str | None) -> Axes:
    dims = [str(d) for d in dataset[name].dims]
    x = [d for d in dims if is_axis(dataset, d, "X")]
    y = [d for d in dims if is_axis(dataset, d, "Y")]
    if len(x) != 1 or len(y) != 1:
        raise refusal(source, f"variable {name} has no clear x and y axis among ({', '.join(dims)})")
    rest = [d for d in dims if d not in (x[0], y[0])]
    forecast = forecast_of(dataset, rest) if time_dimension is None else NO_FORECAST
    issue = forecast.issue if forecast.makes_time or forecast.time is not None else None
    times = [
        d for d in rest
        if d == time_dimension or (time_dimension is None and d != issue and counts_time(dataset, d))
    ]  # fmt: skip
    if time_dimension is not None and not times:
        raise refusal(source, f"variable {name} has no axis {time_dimension!r}", f"its axes are {', '.join(dims)}")
    if len(times) > 1:
        raise refusal(
            source,
            f"variable {name} has several time axes: {', '.join(times)}",
            "name one with time_dimension=",
        )
    time = times[0] if times else None
    others = tuple(sorted((d for d in rest if d != time), key=dims.index))
    return Axes(y[0], x[0], time, others, time is not None and not counts_time(dataset, time), forecast)


def dimensions_of(source: str, dataset: Any, axes: Axes) -> tuple[SourceDimension, ...]:
    """The axes beside time and place, and behind them what a forecast without an axis for it says of itself."""
    forecast = axes.forecast
    single = (n for n in (forecast.issue, forecast.horizon) if forecast.makes_time and n is not None)
    names = (*axes.others, *(n for n in single if n not in axes.others))
    return tuple(_dimension_of(source, dataset, name, forecast) for name in names)


def _dimension_of(source: str, dataset: Any, name: str, forecast: Forecast) -> SourceDimension:
    """An axis with its values; without a coordinate variable they count from 0.

    Raises:
        IngestError: values that are neither numbers nor text, or that repeat.
    """
    if name == forecast.issue and counts_time(dataset, name):
        return issue_dimension(source, dataset, name, forecast.makes_time)
    if name == forecast.horizon and (forecast.makes_time or forecast.time is not None):
        return horizon_dimension(source, dataset, name, forecast.makes_time)
    length = dataset.sizes[name]
    if name not in dataset.variables:
        return SourceDimension(name, None, tuple(range(length)))
    variable = dataset[name]
    values = variable.values
    if values.dtype.kind not in "iufUSO" or values.ndim != 1:
        raise refusal(source, f"the axis {name} holds {values.dtype} values", "numbers or text are needed")
    plain = tuple(_plain(v) for v in values)
    if len(set(plain)) != len(plain):
        raise refusal(source, f"the axis {name} has a value twice")
    unit = variable.attrs.get("units")
    return SourceDimension(name, str(unit) if unit else None, plain)


def _plain(value: Any) -> DimensionValue:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.floating):
        return float(str(value))  # float32 0.1 means 0.1
    number = value.item() if hasattr(value, "item") else value
    return number if isinstance(number, int | float) else str(number)


def grid_of(source: str, dataset: Any, variable: str, axes: Axes, crs: Any) -> PixelGrid:
    """The pixel grid of a variable from its coordinates, which are those of pixel centres.

    Raises:
        IngestError: no coordinates, uneven coordinates, no reference system.
    """
    mapping = dataset[variable].attrs.get("grid_mapping")
    attributes = _mapping_attributes(dataset, str(mapping)) if mapping else {}
    width, height = dataset.sizes[axes.x], dataset.sizes[axes.y]
    system = crs if crs is not None else _system(source, dataset, variable, axes, attributes)
    if axes.x in dataset.variables and axes.y in dataset.variables:
        left, dx = _axis(source, dataset, axes.x, attributes)
        top, dy = _axis(source, dataset, axes.y, attributes)
        transform = (dx, 0.0, left - dx / 2, 0.0, dy, top - dy / 2)
        return make_grid(source, system, transform, width, height)
    if "GeoTransform" in attributes:
        c, a, b, f, d, e = (float(v) for v in str(attributes["GeoTransform"]).split())
        return make_grid(source, system, (a, b, c, d, e, f), width, height)
    raise refusal(
        source,
        f"the axes {axes.y} and {axes.x} have no coordinates",
        "coordinate variables of these names are needed",
    )


def _mapping_attributes(dataset: Any, mapping: str) -> dict[str, Any]:
    # 'crs: x y' is CF's long form; the first word names the variable.
    name = mapping.split()[0].rstrip(":") if mapping.split() else ""
    return dict(dataset[name].attrs) if name in dataset.variables else {}


def _proj(*attributes: Mapping[str, Any]) -> Any:
    """The system that STAC's names tell, as stores written beside catalogs have them."""
    import json

    for own in attributes:
        for key in ("proj:code", "proj:wkt2", "proj:epsg", "proj:projjson"):
            value = own.get(key)
            if isinstance(value, Mapping):
                return json.dumps(value)
            if value is not None:
                return f"EPSG:{value}" if key == "proj:epsg" else str(value)
    return None


def _system(source: str, dataset: Any, variable: str, axes: Axes, attributes: dict[str, Any]) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    for key in ("crs_wkt", "spatial_ref"):
        if attributes.get(key):
            return str(attributes[key])
    if attributes.get("grid_mapping_name"):
        try:
            return CRS.from_cf(attributes)
        except (CRSError, KeyError, ValueError) as fault:
            name = attributes["grid_mapping_name"]
            raise refusal(
                source, f"its grid mapping {name!r} is not understood ({fault})", "give the system as crs="
            ) from fault
    told = _proj(attributes, dataset[variable].attrs, dataset.attrs)
    if told is not None:
        return told
    if _is_degrees(dataset, axes):
        return "OGC:CRS84"
    for key in ("crs", "spatial_ref", "crs_wkt", "proj4", "srs"):
        if isinstance(dataset.attrs.get(key), str):
            return dataset.attrs[key]
    return None


def _is_degrees(dataset: Any, axes: Axes) -> bool:
    def said(axis: str, standard: str, names: tuple[str, ...]) -> bool:
        attributes = dataset[axis].attrs if axis in dataset.variables else {}
        unit = str(attributes.get("units", "")).lower()
        if unit and not unit.startswith("degree"):
            return False
        return (
            str(attributes.get("standard_name", "")) == standard or unit.startswith("degree") or axis.lower() in names
        )

    return said(axes.y, "latitude", ("lat", "latitude")) and said(axes.x, "longitude", ("lon", "longitude"))


def _axis(source: str, dataset: Any, name: str, attributes: dict[str, Any]) -> tuple[float, float]:
    """First centre and step of an axis, in units of the reference system."""
    variable = dataset[name]
    values = np.asarray(variable.values, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise refusal(source, f"the axis {name} is not one row of numbers")
    if values.size == 1:
        step = _step_of_bounds(source, dataset, name)
    else:
        step = (values[-1] - values[0]) / (values.size - 1)
        off = np.abs(values - (values[0] + step * np.arange(values.size))).max()
        if step == 0 or off > _UNEVEN * abs(step):
            raise refusal(source, f"the axis {name} is not evenly spaced", "regrid it to even steps first")
    first, step = _rounded(float(values[0]), float(step), values, variable.dtype)
    factor = _unit_factor(variable, attributes)
    return first * factor, step * factor


def _rounded(first: float, step: float, values: Any, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Mend the last digits of a float32 axis: 1440 steps of 0.25 must make 360."""
    if dtype != np.float32:
        return first, step
    for digits in range(8):
        a, b = round(first, digits), round(step, digits)
        if b and np.abs(values - (a + b * np.arange(values.size))).max() <= 4 * np.spacing(
            np.float32(np.abs(values).max())
        ):
            return a, b
    return first, step


def _step_of_bounds(source: str, dataset: Any, name: str) -> float:
    bounds = str(dataset[name].attrs.get("bounds", ""))
    if bounds in dataset.variables:
        edges = np.asarray(dataset[bounds].values, dtype=np.float64).reshape(-1)
        if edges.size == 2 and edges[0] != edges[1]:
            return float(edges[1] - edges[0])
    raise refusal(source, f"the axis {name} has one value and no bounds, so its pixel size is unknown")


def _unit_factor(variable: Any, attributes: dict[str, Any]) -> float:
    unit = str(variable.attrs.get("units", "")).strip().lower()
    if unit in ("rad", "radian", "radians") and "perspective_point_height" in attributes:
        return float(attributes["perspective_point_height"])
    return _METRES.get(unit, 1.0)
