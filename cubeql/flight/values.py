"""Values of parameters on their way to a server: JSON that keeps what Python knows them as.

Plain JSON are numbers, texts, truth, None and lists; anything else is an object ``{"$": kind, "is": value}``. So they
come to the server as they would have come to a session on the store itself, and are refused there in the same words.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cubeql.flight.wire import WireError
from cubeql.grid.nesting import check_wkb


def params_text(params: Mapping[str, Any]) -> str | None:
    """Values by name as a text; None where there are none."""
    return json.dumps({k: _told(v) for k, v in params.items()}, ensure_ascii=True) if params else None


def params_of(text: str | None) -> dict[str, Any]:
    """What :func:`params_text` was given.

    Raises:
        WireError: it is nothing such.
    """
    if not text:
        return {}
    try:
        told = json.loads(text)
        if not isinstance(told, dict):
            raise TypeError("not by name")
        return {name: _value(v) for name, v in told.items()}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, binascii.Error) as error:
        raise WireError(f"the values of the parameters cannot be read: {type(error).__name__}") from None


def _told(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_told(v) for v in value]
    for kind, tell in _TELLERS:
        if isinstance(value, kind):
            return tell(value)
    if hasattr(value, "geom_type"):
        return _geometry(value)
    if hasattr(value, "__geo_interface__"):
        return {"$": "object", "is": value.__geo_interface__}
    return {"$": "other", "is": type(value).__name__}


def _datetime64(value: np.datetime64) -> dict[str, Any]:
    return {"$": "datetime64", "is": [str(value), np.datetime_data(value.dtype)[0]]}


def _object(value: dict[Any, Any]) -> dict[str, Any]:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return {"$": "other", "is": "dict"}
    return {"$": "object", "is": value}


def _geometry(value: Any) -> dict[str, Any]:
    import shapely

    if not isinstance(value, shapely.Geometry):
        return {"$": "other", "is": type(value).__name__}
    return {"$": "geometry", "is": base64.b64encode(shapely.to_wkb(value)).decode()}


_TELLERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (dt.datetime, lambda v: {"$": "datetime", "is": v.isoformat()}),
    (dt.date, lambda v: {"$": "date", "is": v.isoformat()}),
    (dt.timedelta, lambda v: {"$": "timedelta", "is": [v.days, v.seconds, v.microseconds]}),
    (np.datetime64, _datetime64),
    (dict, _object),
)


def _value(told: Any) -> Any:
    if isinstance(told, list):
        return [_value(v) for v in told]
    if not isinstance(told, dict):
        return told
    return _READERS[told["$"]](told["is"])


def _instant(told: Any) -> np.datetime64:
    text, unit = told
    if unit not in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"):
        raise ValueError("no unit of time")
    return np.datetime64(str(text)) if unit == "generic" else np.datetime64(str(text), unit)


def _shape(told: Any) -> Any:
    import shapely

    try:
        wkb = base64.b64decode(told, validate=True)
        check_wkb(wkb)
        return shapely.from_wkb(wkb)
    except shapely.errors.ShapelyError as error:
        raise ValueError("no geometry") from error


def _dict(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise TypeError("no object")
    return told


def _other(told: Any) -> Any:
    """Something of the same name, which no statement can use: it is refused where it is used, in the same words."""
    name = str(told)[:80]
    return type(name if name.isidentifier() else "value", (), {})()


_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": lambda told: dt.datetime.fromisoformat(told),
    "date": lambda told: dt.date.fromisoformat(told),
    "timedelta": lambda told: dt.timedelta(*(int(part) for part in told)),
    "datetime64": _instant,
    "object": _dict,
    "geometry": _shape,
    "other": _other,
}
