"""Results as GeoTIFF: every pixel takes the value of the cell at its centre."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.pixels import ROWS_AT_ONCE, parts_of, pixel_grid, shape_fault
from cubeql.storage.outfiles import Place, appearing


def write_raster(
    table: pa.Table,
    path: Place,
    crs: str = "EPSG:4326",
    size: Any = None,
    text: str = "",
    band: str | None = None,
) -> None:
    """Write the numeric columns of a result as bands of a GeoTIFF; it appears whole or not at all.

    Args:
        table: a result with a cell column; each cell once.
        path: where to, on a disk or on S3.
        crs: reference system of the raster.
        size: a pixel's width in the unit of ``crs``, a length (``'10 m'``), or ``[width, height]`` of the raster in
            pixels; by default about half a cell's width.
        text: the statement, for errors.
        band: the only column to write; None writes all numbers.

    Raises:
        QueryError: there is no cell column or no number, a cell comes twice, or the raster would be too large.
    """
    import rasterio
    from rasterio.transform import from_origin

    column, names = parts_of(table, text, band)
    cells = table[column].to_numpy().astype(np.int64)
    order = np.argsort(cells)
    cells = cells[order]
    _check_once(table, cells, text)
    bands = {n: table[n].cast(pa.float64()).to_numpy()[order] for n in names}
    grid = pixel_grid(cells, crs, size, text)
    width, height = grid.shape
    profile = {
        "driver": "GTiff", "dtype": "float64", "nodata": math.nan, "width": width, "height": height, "crs": crs,
        "count": len(bands), "transform": from_origin(grid.west, grid.north, *grid.step), "compress": "deflate",
        "tiled": True, "bigtiff": "if_safer",
    }  # fmt: skip
    with appearing(path, ".tif") as partial, rasterio.open(partial, "w", **profile) as target:
        for number, (name, unit) in enumerate(_labels(table, bands), 1):
            target.set_band_description(number, name)
            target.set_band_unit(number, unit)
        for top in range(0, height, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, height - top)
            places = grid.places(cells, top, rows)
            window = rasterio.windows.Window(0, top, width, rows)
            for number, values in enumerate(bands.values(), 1):
                target.write(np.where(places >= 0, values[places], np.nan), number, window=window)


def _check_once(table: pa.Table, cells: NDArray[np.int64], text: str) -> None:
    twice = np.flatnonzero(cells[1:] == cells[:-1])
    if not twice.size:
        return
    timed = any(pa.types.is_timestamp(f.type) for f in table.schema)
    suggestion = "FILTER one time, or write .nc, which holds several" if timed else "group by cell"
    raise shape_fault(text, f"the cell {cells[twice[0]]:x} comes more than once", suggestion)


def _labels(table: pa.Table, bands: dict[str, NDArray[np.float64]]) -> list[tuple[str, str]]:
    return [(n, ((table.schema.field(n).metadata or {}).get(b"unit") or b"").decode()) for n in bands]
