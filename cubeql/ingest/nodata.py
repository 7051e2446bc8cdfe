"""Nodata values: numbers of the band's own type."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from cubeql.ingest.faults import refusal


def checked_nodata(where: object, values: Iterable[Any], dtype: np.dtype[Any]) -> tuple[int | float, ...]:
    """Nodata values as numbers of the band's type; NaN in a float band is left out, it never is data.

    A number that the type cannot hold matches no pixel: the pixels that were meant would become data, so it
    is refused. A float64 nodata of a float32 band is rounded to float32, which is how the pixels hold it.

    Raises:
        IngestError: a value that the type cannot hold.
    """
    found: list[int | float] = []
    for value in values:
        number = float(value)
        if dtype.kind == "f":
            if not math.isnan(number):
                found.append(_as_float(where, number, dtype))
            continue
        limits = np.iinfo(dtype)
        if math.isnan(number) or number != int(value) or not limits.min <= int(value) <= limits.max:
            raise refusal(
                where, f"the nodata value {value} does not fit its type {dtype}, so no pixel can have it",
                "give nodata=<the number that is meant>, or nodata=None if every pixel is data",
            )  # fmt: skip
        found.append(int(value))
    return tuple(dict.fromkeys(found))


def _as_float(where: object, number: float, dtype: np.dtype[Any]) -> float:
    with np.errstate(over="ignore"):
        rounded = float(dtype.type(number))
    if math.isinf(rounded) and not math.isinf(number):
        raise refusal(where, f"the nodata value {number} does not fit its type {dtype}", "give nodata=<number>")
    return rounded
