"""What a source of pixels is: its grid, its bands, its slices, and a reader of windows.

A slice is one picture: one time and one value of each further dimension. A GeoTIFF is one slice, a NetCDF
variable has as many as its other axes have values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow

Values = NDArray[Any]
Flags = NDArray[np.bool_]
DimensionValue = int | float | str | np.datetime64


@dataclass(frozen=True, slots=True)
class SourceBand:
    """A band as its source states it.

    Attributes:
        name: its name in the source (description, variable), None where it has none.
        key: what the reader needs to find it: a number from 1, or a variable.
        dtype: NumPy type of the stored values.
        scale: decoded = stored * scale + offset; None is 1.
        offset: see ``scale``; None is 0.
        nodata: stored values that stand for no data (NaN always does).
        low: smallest stored value that is data, None for no limit.
        high: largest stored value that is data.
        unit: unit of the decoded value.
        long_name: what it is, in words.
        classes: (code, name) of a categorical band.
        standard_name: CF standard name of the quantity.
        colours: (code, ``#rrggbb``) of its colour table.
        valid_range: least and greatest decoded value that is right, where the source says so.
        masked: whether the reader returns a mask of its own (mask band, alpha).
        block_bytes: what has to be unpacked at one go, however little of it is wanted (a tile, strip or chunk); 0
            where that is not known.
        packed_bytes: that a value takes in the source, on average; None where that is not known.
    """

    name: str | None
    key: int | str
    dtype: np.dtype[Any]
    scale: float | None = None
    offset: float | None = None
    nodata: tuple[float | int, ...] = ()
    low: float | int | None = None
    high: float | int | None = None
    unit: str | None = None
    long_name: str | None = None
    classes: tuple[tuple[int, str], ...] = ()
    masked: bool = False
    block_bytes: int = 0
    packed_bytes: float | None = None
    standard_name: str | None = None
    colours: tuple[tuple[int, str], ...] = ()
    valid_range: tuple[float, float] | None = None

    def valid(self, values: Values) -> Flags:
        """Which stored values are data, by nodata values, limits and NaN; same shape."""
        found = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=np.bool_)
        for empty in self.nodata:
            found &= values != values.dtype.type(empty)
        if self.low is not None:
            found &= values >= self.low
        if self.high is not None:
            found &= values <= self.high
        return found


@dataclass(frozen=True, slots=True)
class SourceSlice:
    """One picture of a source: its time as the source states it, and the values of its other dimensions."""

    time: np.datetime64 | None = None
    dimensions: tuple[DimensionValue, ...] = ()
    bounds: tuple[np.datetime64, np.datetime64] | None = None


@dataclass(frozen=True, slots=True)
class SourceDimension:
    """An axis beside time and place, which becomes a dimension of the layer; one of a single value only where it
    ``always`` does, or is asked for."""

    name: str
    unit: str | None
    values: tuple[DimensionValue, ...]
    always: bool = False


class Source(Protocol):
    """A file (or variable of one) that can be read in windows. Used from one thread at a time."""

    name: str
    grid: PixelGrid
    bands: tuple[SourceBand, ...]
    dimensions: tuple[SourceDimension, ...]
    slices: tuple[SourceSlice, ...]
    facts: tuple[tuple[str, str], ...]
    """Facts about the source that go into the layer record (title, licence, citation, …)."""

    def read(self, band: SourceBand, slices: Sequence[int], window: PixelWindow) -> tuple[Values, Flags | None]:
        """Stored values of a window inside the grid, ``(slices, height, width)``, and the source's own mask.

        Raises:
            IngestError: the file is damaged or gone.
        """
        ...

    def close(self) -> None:
        """Let go of the file; a later read opens it again."""
        ...


def read_across(
    source: Source, band: SourceBand, slices: Sequence[int], window: PixelWindow
) -> tuple[Values, Flags | None]:
    """Read a window that may lie across the seam of a grid which goes round the earth."""
    end = source.grid.turn or source.grid.width
    start = window.column % end if source.grid.turn else window.column
    if start + window.width <= end:
        return source.read(band, slices, PixelWindow(window.row, start, window.height, window.width))
    parts = []
    left = window.width
    while left > 0:
        columns = min(left, end - start)
        parts.append(source.read(band, slices, PixelWindow(window.row, start, window.height, columns)))
        left, start = left - columns, 0
    values = np.concatenate([v for v, _ in parts], axis=2)
    masks = [m for _, m in parts if m is not None]
    return values, np.concatenate(masks, axis=2) if masks else None
