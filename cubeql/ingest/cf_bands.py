"""Variables of a NetCDF file as bands, after the CF conventions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cubeql.ingest.classes import classes_of_tags, colours_of_tags, valid_range_of_tags
from cubeql.ingest.faults import refusal
from cubeql.ingest.nodata import checked_nodata
from cubeql.ingest.source import SourceBand

_X_NAMES = ("x", "lon", "longitude", "easting", "rlon", "xc", "projection_x_coordinate", "grid_longitude")
_Y_NAMES = ("y", "lat", "latitude", "northing", "rlat", "yc", "projection_y_coordinate", "grid_latitude")
_LAT_UNITS = ("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn")
_LON_UNITS = ("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese")


def is_axis(dataset: Any, dimension: str, axis: str) -> bool:
    """Whether a dimension is the ``X`` or ``Y`` axis, by its coordinate's attributes or its name."""
    names, units = (_X_NAMES, _LON_UNITS) if axis == "X" else (_Y_NAMES, _LAT_UNITS)
    attributes = dataset[dimension].attrs if dimension in dataset.variables else {}
    if "axis" in attributes:
        return str(attributes["axis"]).upper() == axis
    standard = str(attributes.get("standard_name", "")).lower()
    unit = str(attributes.get("units", "")).lower()
    return standard in names or unit in units or str(dimension).lower() in names


def band_variables(dataset: Any) -> list[str]:
    """Names of the numeric variables that lie on a y and an x axis, bounds left out."""
    bounds = {str(v.attrs.get("bounds", "")) for v in dataset.variables.values()}
    found = []
    for name, variable in dataset.variables.items():
        if name in bounds or name in variable.dims or variable.dtype.kind not in "iuf":
            continue
        if any(is_axis(dataset, d, "X") for d in variable.dims) and any(
            is_axis(dataset, d, "Y") for d in variable.dims
        ):
            found.append(str(name))
    return _without_coordinates(dataset, found)


def _without_coordinates(dataset: Any, names: list[str]) -> list[str]:
    """Leave out what other variables name as their coordinates (2-D latitudes, cell areas)."""
    auxiliary: set[str] = set()
    for variable in dataset.variables.values():
        auxiliary.update(str(variable.attrs.get("coordinates", "")).split())
    return [n for n in names if n not in auxiliary]


def band_of(source: str, variable: Any, nodata: Any = "declared") -> SourceBand:
    """The band of a variable: type, packing, missing values, valid range, unit and classes.

    Raises:
        IngestError: an attribute that does not fit the variable's type.
    """
    attributes = variable.attrs
    where = f"{source}, variable {variable.name}"
    dtype = _meant_type(variable)
    declared = (
        _missing(attributes, dtype, variable.dtype) if isinstance(nodata, str) else () if nodata is None else (nodata,)
    )
    low, high = _limits(where, attributes, dtype, variable.dtype)
    scale, offset = _factor(where, attributes, "scale_factor", 1.0), _factor(where, attributes, "add_offset", 0.0)
    standard = str(attributes.get("standard_name") or "").split(" ")[0] or None
    return SourceBand(
        name=str(variable.name),
        key=str(variable.name),
        dtype=dtype,
        scale=scale,
        offset=offset,
        nodata=checked_nodata(where, declared, dtype),
        low=low,
        high=high,
        unit=str(attributes["units"]).strip() or None if "units" in attributes else None,
        long_name=str(attributes.get("long_name") or standard or "") or None,
        classes=classes_of_tags(where, attributes),
        standard_name=standard,
        colours=colours_of_tags(attributes),
        valid_range=_decoded_range(attributes, (low, high), scale, offset),
        block_bytes=_chunk_bytes(variable),
    )


def _chunk_bytes(variable: Any) -> int:
    """Of the chunks in which the variable is packed; 0 where it is not."""
    chunks = variable.encoding.get("chunksizes") or variable.encoding.get("chunks") or ()
    return math.prod(int(n) for n in chunks) * int(variable.dtype.itemsize) if chunks else 0


def _decoded_range(
    attributes: dict[str, Any], stored: tuple[float | int | None, float | int | None],
    scale: float | None, offset: float | None,
) -> tuple[float, float] | None:  # fmt: skip
    """The valid range of decoded values: that of stored ones decoded, or as it is written where it is of another type,
    which CF lets speak of decoded values."""
    if None in stored:
        return valid_range_of_tags(attributes)
    ends = sorted(float(v) * (scale or 1.0) + (offset or 0.0) for v in stored if v is not None)
    return (ends[0], ends[1]) if ends[0] < ends[1] else None


def _meant_type(variable: Any) -> np.dtype[Any]:
    dtype = np.dtype(variable.dtype).newbyteorder("=")
    if str(variable.attrs.get("_Unsigned", "")).lower() == "true" and dtype.kind == "i":
        return np.dtype(f"u{dtype.itemsize}")
    found: np.dtype[Any] = np.dtype(dtype.str)
    return found


def _missing(attributes: dict[str, Any], dtype: np.dtype[Any], stored: np.dtype[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for key in ("_FillValue", "missing_value"):
        if key in attributes:
            found += [_reinterpreted(v, dtype, stored) for v in np.atleast_1d(attributes[key])]
    return tuple(found)


def _reinterpreted(value: Any, dtype: np.dtype[Any], stored: np.dtype[Any]) -> Any:
    """A packed attribute of an ``_Unsigned`` variable is written in the signed type too."""
    if dtype.kind == "u" and stored.kind == "i" and value < 0:
        return int(np.asarray(value).astype(stored).view(dtype))
    return value


def _limits(
    where: str, attributes: dict[str, Any], dtype: np.dtype[Any], stored: np.dtype[Any]
) -> tuple[float | int | None, float | int | None]:
    """``valid_range``, ``valid_min``, ``valid_max``, in stored values (CF: they are of the packed type)."""
    low, high = attributes.get("valid_min"), attributes.get("valid_max")
    if "valid_range" in attributes:
        pair = np.atleast_1d(attributes["valid_range"])
        if pair.size != 2:
            raise refusal(where, f"its valid_range has {pair.size} numbers", "two are needed")
        low, high = pair
    return _limit(low, dtype, stored), _limit(high, dtype, stored)


def _limit(value: Any, dtype: np.dtype[Any], stored: np.dtype[Any]) -> float | int | None:
    if value is None or isinstance(value, str):
        return None
    kind = np.asarray(value).dtype
    if kind.newbyteorder("=") != stored.newbyteorder("="):
        # Of the variable's own type it speaks of stored values; of another it is the decoded range of a
        # packed variable, or a slip: neither says anything about stored values.
        return None
    number = _reinterpreted(np.asarray(value).reshape(-1)[0], dtype, stored)
    return float(number) if dtype.kind == "f" else int(number)


def _factor(where: str, attributes: dict[str, Any], key: str, neutral: float) -> float | None:
    if key not in attributes:
        return None
    try:
        value = float(np.asarray(attributes[key]).reshape(-1)[0])
    except (TypeError, ValueError, IndexError) as fault:
        raise refusal(where, f"its {key} is {attributes[key]!r}", "one number is needed") from fault
    if not np.isfinite(value) or (key == "scale_factor" and value == 0):
        raise refusal(where, f"its {key} is {value}")
    # The shortest number that the attribute's own type stands for: float32 0.1 means 0.1.
    exact = float(str(np.asarray(attributes[key]).reshape(-1)[0]))
    return None if exact == neutral else exact
