"""What each peer reads, made of the plain rasters: COG, Zarr, rows of pixels, rows of cells, and a CubeQL store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio.shutil

from benchmarks.peers import reference
from benchmarks.peers.landscape import (
    COARSE,
    COARSE_RESOLUTION,
    FINE_RESOLUTION,
    LAYERS,
    NO_NUMBER,
    TIMED,
    Array,
    Landscape,
)
from cubeql.session import Session
from cubeql.values.cells import parent

THREADS = 2
_PREDICTORS = {"slope": 3, "temperature": 3}
TILE = 200
_ROWS = {"compression": "zstd", "compression_level": 3, "row_group_size": 122_880}


def cog(land: Landscape, layers: tuple[str, ...] = LAYERS, overviews: bool = False, kind: str = "cog") -> None:
    """Cloud-optimised GeoTIFFs with deflate and the predictor that suits the type."""
    (land.folder / kind).mkdir(exist_ok=True)
    for layer in layers:
        for day in land.days if layer in TIMED else (None,):
            rasterio.shutil.copy(
                land.file(layer, day), land.file(layer, day, kind), driver="COG", compress="deflate",
                predictor=_PREDICTORS.get(layer, 2), blocksize=256, num_threads=THREADS,
                overviews="AUTO" if overviews else "NONE",
            )  # fmt: skip


def zarr(land: Landscape, layers: tuple[str, ...] = LAYERS, kind: str = "zarr", shuffled: bool = False) -> None:
    """A Zarr store a group of layers of one grid, 8 dates and 500 x 500 pixels a chunk, scale and nodata after CF."""
    import xarray
    from zarr.codecs import BloscCodec

    lon, lat = land.centres()
    times = np.array(land.days, "datetime64[ns]")
    for name in layers:
        coarse = name == "temperature"
        lon, lat = land.centres(coarse)
        days = land.days if name in TIMED else (None,)
        read = np.stack([land.read(name, day) for day in days])
        axes = ("time", "y", "x") if name in TIMED else ("y", "x")
        side = min(500, lon.size)
        layer = xarray.DataArray(
            read if name in TIMED else read[0], {"y": lat, "x": lon} | ({"time": times} if name in TIMED else {}), axes
        )
        chunks = ((min(8, times.size),) if name in TIMED else ()) + (side, side)
        how: dict[str, object] = {"chunks": chunks}
        if read.dtype != np.float32:
            layer.attrs["_FillValue"] = read.dtype.type(NO_NUMBER if read.dtype == np.int16 else 255)
        if name == "ndvi":
            layer.attrs["scale_factor"] = np.float32(reference.SCALE)
        if shuffled:
            how["compressors"] = BloscCodec(cname="zstd", clevel=5, shuffle="shuffle", typesize=read.dtype.itemsize)
        layer.to_dataset(name=name).to_zarr(
            land.folder / kind / f"{name}.zarr", mode="w", encoding={name: how}, consolidated=False
        )


def store(land: Landscape, layers: tuple[str, ...] = LAYERS, kind: str = "store", source: str = "plain") -> None:
    """A CubeQL store of the plain rasters: each layer at the resolution nearest to its pixels."""
    with Session.open(land.folder / kind, create=True, threads=THREADS) as session:
        for layer in layers:
            timed = layer in TIMED
            files = [str(land.file(layer, day, source)) for day in (land.days if timed else (None,))]
            session.ingest(
                files, layer=layer, bands={layer: 1}, mode="create", method="nearest",
                resolution=COARSE_RESOLUTION if layer == "temperature" else FINE_RESOLUTION,
                time_pattern="%Y%m%d" if timed else None, categorical=["land"] if layer == "land" else [],
            )  # fmt: skip


def pixel_rows(land: Landscape) -> None:
    """Parquet of a row a pixel and date, in folders by tile of 200 x 200 pixels and by month."""
    folder, size = land.folder / "pixels", land.size
    rows, columns = (axis.ravel().astype(np.int16) for axis in np.mgrid[:size, :size])
    tiles = rows // TILE * 100 + columns // TILE
    keys = {"row": rows, "col": columns}
    low_rows, low_columns = (axis.ravel().astype(np.int16) for axis in np.mgrid[: size // COARSE, : size // COARSE])
    low = {"row": low_rows, "col": low_columns}
    for layer in ("elevation", "land"):
        _write(folder / layer, tiles, "tile", keys, [(None, land.read(layer).ravel())])
    for month, days in _months(land):
        _write(folder / "ndvi", tiles, "tile", keys, [(d, land.read("ndvi", d).ravel()) for d in days], month)
        coarse = [(d, land.read("temperature", d).ravel()) for d in days]
        _write(folder / "temperature", np.zeros(low["row"].size, np.int64), "tile", low, coarse, month)


def cell_rows(land: Landscape) -> None:
    """Parquet of a row a cell and date, in folders by parent of resolution 3 and by month, as H3 data is often kept."""
    folder, grid = land.folder / "cells", reference.cells(land)
    fine = grid.places
    assert fine is not None
    coarse, take = reference.coarse_cells(land)
    for layer in ("elevation", "land"):
        _write(folder / layer, parent(fine, 3), "parent", {"cell": fine}, [(None, grid.layer(layer))])
    for month, days in _months(land):
        both = (("ndvi", fine, grid.take), ("temperature", coarse, take))
        for layer, cells, taken in both:
            read = [(day, taken(land.read(layer, day))) for day in days]
            _write(folder / layer, parent(cells, 3), "parent", {"cell": cells}, read, month)


def _months(land: Landscape) -> Iterator[tuple[str, list[str]]]:
    for month in sorted({day[:7] for day in land.days}):
        yield month, [day for day in land.days if day.startswith(month)]


def _write(
    folder: Path, parts: Array, part: str, keys: dict[str, Array], dates: list[tuple[str | None, Array]],
    month: str = "",
) -> None:  # fmt: skip
    """A file for each part of the places, of rows without NULL, sorted by date and then as the keys are."""
    order = np.argsort(parts, kind="stable")
    bounds = np.flatnonzero(np.diff(parts[order], prepend=-1, append=-1))
    for begin, end in pairwise(bounds):
        chosen = order[begin:end]
        tables = [table for day, values in dates if (table := _table(keys, chosen, day, values)).num_rows]
        if tables:
            file = folder / f"{part}={parts[chosen[0]]}" / (f"month={month}" if month else "") / "part-0.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            columns = tables[0].column_names
            pq.write_table(
                pa.concat_tables(tables), file, use_dictionary=[c for c in columns if c == "day"] or False,
                column_encoding=dict.fromkeys(keys, "DELTA_BINARY_PACKED"), **_ROWS,
            )  # fmt: skip


def _table(keys: dict[str, Array], chosen: Array, day: str | None, values: Array) -> pa.Table:
    taken = values[chosen]
    nothing = {np.dtype(np.int16): NO_NUMBER, np.dtype(np.uint8): 255}.get(taken.dtype)
    known = ~np.isnan(taken) if nothing is None else taken != nothing
    days = {} if day is None else {"day": np.full(int(known.sum()), day, "datetime64[D]")}
    return pa.table({**{k: v[chosen][known] for k, v in keys.items()}, **days, "value": taken[known]})


BUILDS: dict[str, Callable[[Landscape], None]] = {
    "cog": cog, "zarr": zarr, "store": store, "pixels": pixel_rows, "cells": cell_rows,
}  # fmt: skip


def build(land: Landscape, kind: str) -> None:
    """Make one of them where it is not there yet."""
    folder = land.folder / kind
    done = folder / "done.json"
    told = {"size": land.size, "dates": land.dates}
    if done.exists() and json.loads(done.read_text()) == told:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    BUILDS[kind](land)
    done.write_text(json.dumps(told))
