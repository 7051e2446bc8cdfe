"""Results as GeoTIFF: every pixel takes the value of the cell at its centre."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.errors import QueryError, diagnose
from cubeql.grid.cells import cells_at, centers
from cubeql.values.cells import resolution_of

_MOST_PIXELS = 400_000_000
_ROWS_AT_ONCE = 256
_KM_A_DEGREE = 111.2


def write_raster(
    table: pa.Table,
    path: Path,
    crs: str = "EPSG:4326",
    size: float | None = None,
    text: str = "",
    band: str | None = None,
) -> Path:
    """Write the numeric columns of a result as bands of a GeoTIFF; it appears whole or not at all.

    Args:
        table: a result with a cell column; each cell once.
        path: where to.
        crs: reference system of the raster.
        size: width of a pixel in the unit of ``crs``; by default about half a cell's width.
        text: the statement, for errors.
        band: the only column to write; None writes all numbers.

    Raises:
        QueryError: there is no cell column or no number, a cell comes twice, or the raster would be too large.
    """
    import rasterio
    from rasterio.transform import from_origin

    _check_size(size, text)
    cells, bands = _parts(table, text, band)
    order = np.argsort(cells)
    cells, bands = cells[order], {n: v[order] for n, v in bands.items()}
    twice = np.flatnonzero(cells[1:] == cells[:-1])
    if twice.size:
        raise _shape(text, f"the cell {cells[twice[0]]:x} comes more than once", "group by cell")
    west, south, east, north, step = _frame(cells, crs, size, text)
    width, height = max(1, math.ceil((east - west) / step)), max(1, math.ceil((north - south) / step))
    if width * height > _MOST_PIXELS:
        raise _shape(text, f"the raster would be {width} x {height} pixels", "give a larger size")
    profile = {
        "driver": "GTiff", "dtype": "float64", "nodata": math.nan, "width": width, "height": height, "crs": crs,
        "count": len(bands), "transform": from_origin(west, north, step, step), "compress": "deflate",
        "tiled": True, "bigtiff": "if_safer",
    }  # fmt: skip
    with _appearing(path) as partial, rasterio.open(partial, "w", **profile) as target:
        for number, (name, unit) in enumerate(_labels(table, bands), 1):
            target.set_band_description(number, name)
            target.set_band_unit(number, unit)
        for top in range(0, height, _ROWS_AT_ONCE):
            rows = min(_ROWS_AT_ONCE, height - top)
            places = _cells_of_rows(cells, crs, (west, north, step), (top, rows, width))
            window = rasterio.windows.Window(0, top, width, rows)
            for number, values in enumerate(bands.values(), 1):
                target.write(np.where(places >= 0, values[places], np.nan), number, window=window)
    return path


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A name beside a path that takes its place when all is written, and is removed otherwise."""
    partial = path.with_name(f".{uuid.uuid4().hex}.tif")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _labels(table: pa.Table, bands: dict[str, NDArray[np.float64]]) -> list[tuple[str, str]]:
    return [(n, ((table.schema.field(n).metadata or {}).get(b"unit") or b"").decode()) for n in bands]


def _check_size(size: float | None, text: str) -> None:
    number = isinstance(size, (int, float)) and not isinstance(size, bool)
    if size is not None and not (number and math.isfinite(size) and size > 0):
        raise _shape(text, f"the size of a pixel must be a number above 0, but is {size!r}", "leave it out")


def _parts(table: pa.Table, text: str, band: str | None) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    column = next((f.name for f in table.schema if (f.metadata or {}).get(b"cubeql.type") == b"cell"), None)
    if column is None:
        raise _shape(text, "a raster needs cells", "SELECT cell, and the values of its bands")
    if not table.num_rows:
        raise _shape(text, "there are no cells to write", "select some")
    numeric = [f.name for f in table.schema if f.name != column and _is_number(f.type)]
    if band is not None:
        if band not in numeric:
            raise _shape(text, f"there is no column of numbers {band!r}", f"there are {', '.join(numeric) or 'none'}")
        numeric = [band]
    if not numeric:
        raise _shape(text, "a raster needs a column of numbers", "SELECT cell and a number")
    bands = {n: table[n].cast(pa.float64()).to_numpy() for n in numeric}
    return table[column].to_numpy().astype(np.int64), bands


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _shape(text: str, reason: str, suggestion: str) -> QueryError:
    return QueryError([diagnose("raster_shape", reason=reason, suggestion=suggestion)], text)


def _frame(
    cells: NDArray[np.int64], crs: str, size: float | None, text: str
) -> tuple[float, float, float, float, float]:
    """West, south, east, north and pixel size that hold all cells."""
    import pyproj

    lon, lat = centers(cells)
    try:
        x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
        unit = pyproj.CRS.from_user_input(crs).axis_info[0].unit_name
    except pyproj.exceptions.ProjError as error:
        raise _shape(text, f"{crs!r} is no reference system: {error}", "write for instance 'EPSG:4326'") from error
    edge_km = 1107.71 / math.sqrt(7) ** int(resolution_of(int(cells[0])))
    degrees = edge_km / _KM_A_DEGREE
    step = size if size is not None else (degrees if unit == "degree" else edge_km * 1000)
    margin = 1.2 * (degrees if unit == "degree" else edge_km * 1000)
    found = np.isfinite(x) & np.isfinite(y)
    return (
        x[found].min() - margin,
        y[found].min() - margin,
        x[found].max() + margin,
        y[found].max() + margin,
        step,
    )


def _cells_of_rows(
    cells: NDArray[np.int64], crs: str, origin: tuple[float, float, float], window: tuple[int, int, int]
) -> NDArray[np.int64]:
    """Place in ``cells`` of the cell at each pixel's centre, -1 where it is none of them."""
    import pyproj

    (west, north, step), (top, rows, width) = origin, window
    x = np.tile(west + (np.arange(width) + 0.5) * step, rows)
    y = np.repeat(north - (top + np.arange(rows) + 0.5) * step, width)
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    there = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90) & (np.abs(lon) <= 360)
    found = np.full(x.size, -1, np.int64)
    at = cells_at(lon[there], lat[there], int(resolution_of(int(cells[0]))))
    place = np.minimum(np.searchsorted(cells, at), len(cells) - 1)
    found[there] = np.where(cells[place] == at, place, -1)
    return found.reshape(rows, width)
