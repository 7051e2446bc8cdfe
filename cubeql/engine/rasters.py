"""Results as GeoTIFF: every pixel takes the value of the cell at its centre."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cubeql.engine.citing import classes_told, colours_told, column_told, providers_told, sources_told
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
    look = _look_of(table, names)
    bands = {n: look.values(table[n])[order] for n in names}
    grid = pixel_grid(cells, crs, size, text)
    width, height = grid.shape
    profile = {
        "driver": "GTiff", "dtype": look.dtype, "nodata": look.nodata, "width": width, "height": height, "crs": crs,
        "count": len(bands), "transform": from_origin(grid.west, grid.north, *grid.step), "compress": "deflate",
        "tiled": True, "bigtiff": "if_safer",
    }  # fmt: skip
    with appearing(path, ".tif") as partial, rasterio.open(partial, "w", **profile) as target:
        target.update_tags(**_tags(table, text))
        for number, name in enumerate(names, 1):
            metadata = table.schema.field(name).metadata or {}
            target.set_band_description(number, name)
            target.set_band_unit(number, metadata.get(b"unit", b"").decode())
            target.update_tags(number, **_band_tags(metadata))
        if look.colours:
            target.write_colormap(1, look.colours)
        for top in range(0, height, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, height - top)
            places = grid.places(cells, top, rows)
            window = rasterio.windows.Window(0, top, width, rows)
            for number, values in enumerate(bands.values(), 1):
                pixels = np.where(places >= 0, values[places], look.nodata)
                target.write(pixels.astype(look.dtype), number, window=window)


def _check_once(table: pa.Table, cells: NDArray[np.int64], text: str) -> None:
    twice = np.flatnonzero(cells[1:] == cells[:-1])
    if not twice.size:
        return
    timed = any(pa.types.is_timestamp(f.type) for f in table.schema)
    suggestion = "FILTER one time, or write .nc, which holds several" if timed else "group by cell"
    raise shape_fault(text, f"the cell {cells[twice[0]]:x} comes more than once", suggestion)


@dataclass(frozen=True, slots=True)
class _Look:
    """How pixels are written: numbers, or class codes with a table of their colours."""

    dtype: str = "float64"
    nodata: float = math.nan
    colours: dict[int, tuple[int, int, int]] | None = None

    def values(self, column: pa.ChunkedArray) -> NDArray[Any]:
        """A column as pixels hold it."""
        if self.colours is None:
            found: NDArray[Any] = column.cast(pa.float64()).to_numpy()
            return found
        return np.asarray(column.cast(pa.int64()).fill_null(int(self.nodata)).to_numpy())


_NO_CODE = 255


def _look_of(table: pa.Table, names: list[str]) -> _Look:
    """Codes with colours, where one column has them and they fit a table of colours."""
    colours = colours_told(table.schema.field(names[0]).metadata or {}) if len(names) == 1 else {}
    column = table[names[0]]
    if not colours or not pa.types.is_integer(column.type):
        return _Look()
    codes = [*colours, *(c for c in pc.min_max(column).as_py().values() if c is not None)]
    if min(codes) < 0 or max(codes) >= _NO_CODE:
        return _Look()
    parts = {code: tuple(int(c[n : n + 2], 16) for n in (1, 3, 5)) for code, c in colours.items()}
    return _Look("uint8", _NO_CODE, {code: (r, g, b) for code, (r, g, b) in parts.items()})


def _tags(table: pa.Table, text: str) -> dict[str, str]:
    """What the file says of itself; cubeql ingest reads it back."""
    known = json.loads((table.schema.metadata or {}).get(b"cubeql", b"{}")).get("layers", {})
    told = sources_told(known)
    told.pop("institution", None)
    renamed = {"license": "licence", "references": "citation"}
    lineage = f"CubeQL: {' '.join(text.split())}" if text else ""
    further = {"lineage": lineage, "providers": "\n".join(providers_told(known))}
    return {renamed.get(n, n): value for n, value in (told | further).items() if value}


def _band_tags(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    told = column_told(metadata)
    told.pop("units", None)  # which the band has a place of its own for
    names = classes_told(metadata)
    if names:
        told["classes"] = "|".join(f"{code}={name}" for code, name in names.items())
    return told
