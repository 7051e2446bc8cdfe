"""The methods of regridding: what they do to a band's type, and which suit which bands."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from cubeql.catalog.records import Storage
from cubeql.errors import nearest
from cubeql.ingest.faults import refusal
from cubeql.ingest.gridmap import Family

Method = Literal["nearest", "bilinear", "mean", "min", "max", "sum", "mode", "median"]
METHODS: tuple[Method, ...] = get_args(Method)

FINER = 2.0
"""From this many pixels a cell on the default is to aggregate (``mean``, ``mode``), below it ``nearest``."""

_CATEGORICAL: tuple[Method, ...] = ("nearest", "mode")
_BLENDING = ("bilinear", "mean", "median")
_WIDENED = {"u1": "int16", "u2": "int32", "u4": "int64", "u8": "int64", "f2": "float32"}


def checked_method(band: str, method: str, *, categorical: bool, pixels_per_cell: float) -> Method:
    """The method, if it suits the band and the sizes of pixel and cell.

    Raises:
        IngestError: an unknown method, one that mixes class codes, one that needs pixels finer than cells.
    """
    if method not in METHODS:
        near = nearest(method, METHODS)
        raise refusal(f"band {band}", f"there is no method {method!r}", f"methods are {', '.join(near or METHODS)}")
    found: Method = METHODS[METHODS.index(method)]
    if categorical and found not in _CATEGORICAL:
        raise refusal(f"band {band}", f"{method} of class codes means nothing", "use nearest or mode")
    if found not in ("nearest", "bilinear") and pixels_per_cell < 1:
        raise refusal(
            f"band {band}",
            f"{method} needs pixels finer than cells, but a pixel is {1 / pixels_per_cell:.3g} cells large",
            "use nearest or bilinear, or a coarser resolution",
        )
    return found


def default_method(*, categorical: bool, pixels_per_cell: float) -> Method:
    """``mean`` (``mode`` of classes) where several pixels make a cell, else ``nearest``."""
    if pixels_per_cell <= FINER:
        return "nearest"
    return "mode" if categorical else "mean"


def family_of(method: Method) -> Family:
    """The kind of grid map a method needs."""
    if method in ("nearest", "bilinear", "sum"):
        return method
    return "pixels"


def storage_of(where: str, dtype: np.dtype[Any], method: Method, *, rounded: bool) -> Storage:
    """The type in which a band is stored.

    Unsigned types are widened to the next signed one. Means, medians and bilinear values of whole numbers are
    no whole numbers: they are stored as floats, unless they shall be rounded to the band's own type.

    Raises:
        IngestError: a type that has no numbers.
    """
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise refusal(where, f"holds values of the type {dtype}", "whole numbers or floats are needed")
    own = _WIDENED.get(dtype.str[1:], dtype.name)
    if method in _BLENDING and dtype.kind in "iu" and not rounded:
        own = "float32" if dtype.itemsize <= 2 else "float64"
    if method == "sum":
        own = "float64" if dtype.kind == "f" else "int64"
    return own  # type: ignore[return-value]
