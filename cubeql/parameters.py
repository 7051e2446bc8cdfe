"""Values of parameters: as sessions take them, and from texts, as ``--param name=value`` of the command gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cubeql.errors import ConfigError

Parameters = Mapping[str, Any] | Sequence[Any] | None
"""Values of ``$name`` (a mapping) or ``?`` (a sequence)."""

_NAME = re.compile(r"[^\W\d]\w*|[1-9]\d*")


def read_parameters(given: Iterable[str]) -> dict[str, Any]:
    """Values by name; a name that is a number binds that ``?``, counted from 1.

    A value that reads as JSON (a number, ``true``, ``null``, a list, ``"text"``, a GeoJSON object) is that
    value, anything else is text, so that ``2024-05-03`` stays a text. ``@file`` takes it from a file.

    Raises:
        ConfigError: no ``=``, a name that cannot be one, a name given twice, a file that cannot be read.
    """
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.removeprefix("$")
        if not equals or not _NAME.fullmatch(name):
            raise ConfigError(f"--param {text}: write NAME=VALUE, for example --param limit=0.4")
        if name in found:
            raise ConfigError(f"--param {name} is given twice")
        found[name] = value_of(value)
    return found


def is_name(text: str) -> bool:
    """Whether a text can name a parameter."""
    return _NAME.fullmatch(text) is not None


def value_of(text: str) -> Any:
    """One value, as :func:`read_parameters` takes it.

    Raises:
        ConfigError: a file cannot be read.
    """
    if text.startswith("@"):
        return _from_file(text[1:])
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are not JSON: they stay texts


def _from_file(name: str) -> Any:
    try:
        text = Path(name).read_text("utf-8-sig")
    except OSError as fault:
        raise ConfigError(f"parameter @{name}: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"parameter @{name}: not UTF-8 text") from fault
    if Path(name).suffix.lower() not in (".json", ".geojson"):
        return text.strip()
    try:
        return json.loads(text)
    except ValueError as fault:
        raise ConfigError(f"parameter @{name}: not JSON ({fault})") from fault


def values_of(params: Parameters) -> dict[str, Any]:
    """Values by name; those of ``?`` by their numbers, from 1.

    Raises:
        ConfigError: it is one text instead of several values.
    """
    if params is None:
        return {}
    if isinstance(params, (str, bytes)):
        raise ConfigError("params must be a mapping for $name or a list for ?; one value is given as [value]")
    if isinstance(params, Mapping):
        return {str(k): _plain(v) for k, v in params.items()}
    return {str(n): _plain(v) for n, v in enumerate(params, 1)}


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers of numpy as Python's, which the engine binds."""
    import numpy as np  # what only reads words needs none

    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) and not isinstance(value, np.datetime64) else value
