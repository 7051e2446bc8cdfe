"""Rasters for the tests, written by rasterio and xarray, and layers read back cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

from cubeql.storage import Store
from cubeql.values.tiles import cells_of
from tests.ingest.reference import Picture

NORTH_UP = Affine(0.01, 0, 11.0, 0, -0.01, 48.3)


def write_tif(
    path: Path,
    values: Any,
    transform: Affine = NORTH_UP,
    crs: str | None = "EPSG:4326",
    *,
    nodata: float | None = None,
    **profile: Any,
) -> str:
    """Write an array, ``(rows, columns)`` or ``(bands, rows, columns)``, as a GeoTIFF; its path."""
    bands = values[None] if values.ndim == 2 else values
    count, height, width = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=count, dtype=bands.dtype, crs=crs,
        transform=transform, nodata=nodata, **profile,
    ) as file:  # fmt: skip
        file.write(bands)
    return str(path)


def picture_of(values: Any, transform: Affine = NORTH_UP, crs: str = "EPSG:4326", nodata: Any = None) -> Picture:
    """The same raster for the reference."""
    valid = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=bool)
    if nodata is not None:
        valid &= values != nodata
    return Picture(values, valid, transform, crs)


def patterned(height: int, width: int, dtype: Any = np.float32, seed: int = 0) -> Any:
    """Values that differ from pixel to pixel."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(10, 5, (height, width)).astype(dtype)
    return rng.integers(1, 100, (height, width)).astype(dtype)


def stored(store: Store, layer: str, band: str = "value", time: str | None = None, **dimensions: Any) -> dict[int, Any]:
    """Cell to stored value of the valid cells of a layer, at one time if it has times."""
    record = store.layer(layer)
    assert record is not None
    names = [d.name for d in record.dimensions]
    found: dict[int, Any] = {}
    for block in store.read_blocks(layer):
        if time is not None and block.time != np.datetime64(time, "us"):
            continue
        if any(dict(zip(names, block.dimensions, strict=True))[k] != v for k, v in dimensions.items()):
            continue
        values, valid = block.bands[band]
        cells = cells_of(block.tile, record.resolution)[valid]
        assert not found.keys() & set(cells.tolist()), "a cell has two rows"
        found |= dict(zip(cells.tolist(), values[valid].tolist(), strict=True))
    return found


def assert_same(found: dict[int, Any], wanted: dict[int, Any], tolerance: float = 0.0) -> None:
    """The same cells with the same values."""
    assert wanted, "the reference found no cell: the test would prove nothing"
    assert set(found) == set(wanted)
    for cell, value in wanted.items():
        assert abs(float(found[cell]) - float(value)) <= tolerance * max(1.0, abs(float(value))), hex(cell)
