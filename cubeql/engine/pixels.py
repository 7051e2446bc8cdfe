"""Cells as pixels: the raster that holds all cells of a result, and which cell lies at the centre of each pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.errors import QueryError, diagnose
from cubeql.grid.cells import cells_at, centers
from cubeql.values.cells import resolution_of

MOST_PIXELS = 400_000_000
ROWS_AT_ONCE = 256
_KM_A_DEGREE = 111.2
_LENGTHS_M = {"m": 1.0, "km": 1000.0}


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """Pixels of one size, north up.

    Attributes:
        crs: their reference system, as pyproj reads it.
        west: of the first pixel's edge, in the unit of ``crs``; ``north`` as well.
        step: width and height of a pixel.
        shape: pixels from west to east, and from north to south.
    """

    crs: str
    west: float
    north: float
    step: tuple[float, float]
    shape: tuple[int, int]

    def x(self) -> NDArray[np.float64]:
        """Centres of the columns."""
        return self.west + (np.arange(self.shape[0], dtype=np.float64) + 0.5) * self.step[0]

    def y(self, top: int = 0, rows: int | None = None) -> NDArray[np.float64]:
        """Centres of rows, from the north."""
        count = self.shape[1] - top if rows is None else rows
        return self.north - (top + np.arange(count, dtype=np.float64) + 0.5) * self.step[1]

    def places(self, cells: NDArray[np.int64], top: int, rows: int) -> NDArray[np.int64]:
        """Place in ``cells``, ascending, of the cell at each pixel's centre, -1 where it is none of them."""
        import pyproj

        x, y = np.tile(self.x(), rows), np.repeat(self.y(top, rows), self.shape[0])
        lon, lat = pyproj.Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(x, y)
        there = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90) & (np.abs(lon) <= 360)
        found = np.full(x.size, -1, np.int64)
        at = cells_at(lon[there], lat[there], int(resolution_of(int(cells[0]))))
        place = np.minimum(np.searchsorted(cells, at), len(cells) - 1)
        found[there] = np.where(cells[place] == at, place, -1)
        return found.reshape(rows, self.shape[0])


def shape_fault(text: str, reason: str, suggestion: str) -> QueryError:
    """The error of a result that makes no raster."""
    return QueryError([diagnose("raster_shape", reason=reason, suggestion=suggestion)], text)


def parts_of(table: pa.Table, text: str, band: str | None = None) -> tuple[str, list[str]]:
    """The column of cells and those of numbers (or the one of them that is named).

    Raises:
        QueryError: there is no cell, no row, or no number.
    """
    column = next((f.name for f in table.schema if (f.metadata or {}).get(b"cubeql.type") == b"cell"), None)
    if column is None:
        raise shape_fault(text, "a raster needs cells", "SELECT cell, and the values of its bands")
    if not table.num_rows:
        raise shape_fault(text, "there are no cells to write", "select some")
    if table[column].null_count:
        raise shape_fault(text, "a cell is NULL", "FILTER … IS NOT NULL")
    numeric = [f.name for f in table.schema if f.name != column and _is_number(f.type)]
    if band is not None:
        if band not in numeric:
            listed = ", ".join(numeric) or "none"
            raise shape_fault(text, f"there is no column of numbers {band!r}", f"there are {listed}")
        numeric = [band]
    if not numeric:
        raise shape_fault(text, "a raster needs a column of numbers", "SELECT cell and a number")
    return column, numeric


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def pixel_grid(cells: NDArray[np.int64], crs: str, size: Any, text: str) -> PixelGrid:
    """The pixels that hold all cells.

    Args:
        cells: of one resolution, at least one.
        crs: reference system of the pixels.
        size: a pixel's width in the unit of ``crs``, a length such as ``'10 m'``, or ``[width, height]`` of the whole
            in pixels; None takes about half a cell's width.
        text: the statement, for errors.

    Raises:
        QueryError: there is no such reference system, the size means nothing, or there would be too many pixels.
    """
    import pyproj

    lon, lat = centers(cells)
    try:
        x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
        unit = pyproj.CRS.from_user_input(crs).axis_info[0].unit_name
    except (pyproj.exceptions.ProjError, TypeError) as error:
        raise shape_fault(text, f"{crs!r} is no reference system: {error}", "write for instance 'EPSG:4326'") from error
    edge_km = 1107.71 / math.sqrt(7) ** int(resolution_of(int(cells[0])))
    a_km = 1 / _KM_A_DEGREE if unit == "degree" else 1000.0
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        raise shape_fault(text, f"no cell lies where {crs!r} can show it", "choose a reference system of that place")
    x, y, margin = x[there], y[there], 1.2 * edge_km * a_km
    west, east, south, north = x.min() - margin, x.max() + margin, y.min() - margin, y.max() + margin
    if isinstance(size, list):
        shape = _pixels(size, text)
        step = ((east - west) / shape[0], (north - south) / shape[1])
    else:
        width = edge_km * a_km if size is None else _width(size, a_km, text)
        step = (width, width)
        shape = (max(1, math.ceil((east - west) / width)), max(1, math.ceil((north - south) / width)))
    if shape[0] * shape[1] > MOST_PIXELS:
        raise shape_fault(text, f"the raster would be {shape[0]} x {shape[1]} pixels", "give a larger size")
    return PixelGrid(crs, float(west), float(north), step, shape)


def _pixels(size: list[Any], text: str) -> tuple[int, int]:
    whole = [v for v in size if isinstance(v, int) and not isinstance(v, bool) and v > 0]
    if len(size) != 2 or len(whole) != 2:
        raise shape_fault(text, f"the size {size!r} is no width and height", "write for instance [800, 600]")
    return whole[0], whole[1]


def _width(size: Any, a_km: float, text: str) -> float:
    """A pixel's width in the unit of the reference system."""
    if isinstance(size, str):
        digits = size.strip().rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        factor = _LENGTHS_M.get(size.strip()[len(digits) :].strip().casefold())
        try:
            found = float(digits) * factor / 1000 * a_km if factor is not None else math.nan
        except ValueError:
            found = math.nan
    else:
        is_number = isinstance(size, (int, float)) and not isinstance(size, bool)
        found = float(size) if is_number else math.nan
    if not (math.isfinite(found) and found > 0):
        reason = f"the size of a pixel must be a number above 0 or a length, but is {size!r}"
        raise shape_fault(text, reason, "write for instance '100 m', or leave it out")
    return found
