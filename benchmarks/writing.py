"""Writing: rasters to a layer, first and second date on one grid."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from benchmarks.data import Data
from benchmarks.measure import Row
from cubeql.session import Session

PIXELS = 4000
_METRES = 250.0  # near cells of resolution 9: 13.7 million pixels make about 9.6 million cells


def _raster(folder: Path, date: int, pixels: int) -> Path:
    """A raster in UTM 35 north, int16 with nodata, tiled and compressed as satellites' are."""
    path = folder / f"scene_2024-06-{date:02d}.tif"
    if path.exists():
        return path
    random = np.random.default_rng(date)
    coarse = random.normal(3000, 900, (pixels // 40 + 1, pixels // 40 + 1))
    values = np.kron(coarse, np.ones((40, 40)))[:pixels, :pixels] + random.normal(0, 60, (pixels, pixels))
    values[: pixels // 20] = -9999
    profile = {
        "driver": "GTiff", "width": pixels, "height": pixels, "count": 1, "dtype": "int16", "nodata": -9999,
        "crs": "EPSG:32635", "transform": from_origin(100_000, 5_600_000, _METRES, _METRES),
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "predictor": 2,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values.astype(np.int16), 1)
    return path


def rows(data: Data, pixels: int = PIXELS) -> Iterator[Row]:
    """The rows of this page; every repeat starts from an empty store."""
    folder = data.folder / f"rasters{pixels}"
    folder.mkdir(exist_ok=True)
    files = [_raster(folder, date, pixels) for date in (1, 11, 21)]
    store = folder / "store"

    def ingested(file: Path, fresh: bool) -> Callable[[], int | None]:
        def run() -> int:
            if fresh:
                shutil.rmtree(store, ignore_errors=True)
            with Session.open(store, create=True) as session:
                report = session.ingest(
                    [file], layer="scene", resolution=9, time=file.stem[-10:], mode="create" if fresh else "append"
                )
            return report.cells

        return run

    yield Row("ingest/first date", ingested(files[0], True), target=2e6, at_least=True, best=1)
    yield Row("ingest/second date", ingested(files[1], False), target=20e6, at_least=True, best=1)
    yield Row("ingest/third date", ingested(files[2], False), target=20e6, at_least=True, best=1)
