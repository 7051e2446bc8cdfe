"""Writing: rasters to a layer, first and further dates on one grid, the whole as a command with its memory; COPY."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from benchmarks.data import Data
from benchmarks.measure import Row
from cubeql.ingest.report import IngestReport
from cubeql.ingest.resolution import nearest_resolution
from cubeql.session import Session

PIXELS = 4000
_EXTENT = 1_000_000.0  # metres along each side: 250 m pixels where there are 4,000, near cells of resolution 9
_NODATA = -9999
_STRIP = 512
_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def _raster(folder: Path, date: int, pixels: int) -> Path:
    """A raster in UTM 35 north, int16 with nodata, tiled and compressed as satellites' are."""
    path = folder / f"scene_2024-06-{date:02d}.tif"
    if path.exists():
        return path
    random = np.random.default_rng(date)
    coarse = random.normal(3000, 900, (pixels // 40 + 1, pixels // 40 + 1))
    metres = _EXTENT / pixels
    profile = {
        "driver": "GTiff", "width": pixels, "height": pixels, "count": 1, "dtype": "int16", "nodata": _NODATA,
        "crs": "EPSG:32635", "transform": from_origin(100_000, 5_600_000, metres, metres),
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "predictor": 2,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for top in range(0, pixels, _STRIP):
            rows = np.arange(top, min(pixels, top + _STRIP))
            field = coarse[rows // 40][:, np.arange(pixels) // 40]
            values = field + random.normal(0, 60, field.shape)
            values[rows < pixels // 20] = _NODATA
            file.write(values.astype(np.int16), 1, window=Window(0, top, pixels, rows.size))
    return path


def rows(data: Data, pixels: int = PIXELS) -> Iterator[Row]:
    """The rows of this page; the first date and the command start from an empty store."""
    folder = data.folder / f"rasters{pixels}"
    folder.mkdir(exist_ok=True)
    files = [_raster(folder, date, pixels) for date in (1, 11, 21)]
    store = folder / "store"
    resolution = nearest_resolution((_EXTENT / pixels / 1000) ** 2)
    last: dict[Path, IngestReport] = {}

    def ingested(file: Path, fresh: bool) -> Callable[[], int | None]:
        def run() -> int:
            if fresh:
                shutil.rmtree(store, ignore_errors=True)
            with Session.open(store, create=True) as session:
                mode = "create" if fresh else "append"
                last[file] = session.ingest(
                    [file], layer="scene", resolution=resolution, time=file.stem[-10:], mode=mode
                )
            return last[file].cells

        return run

    def size(file: Path) -> Callable[[], dict[str, float]]:
        def said() -> dict[str, float]:
            per_cell = last[file].bytes / last[file].cells
            per_pixel = file.stat().st_size / (0.95 * pixels * pixels)
            return {"bytes a cell": per_cell, "x the GeoTIFF's a pixel": per_cell / per_pixel}

        return said

    yield Row("ingest/first date", ingested(files[0], True), target=2e6, at_least=True, best=1, also=size(files[0]))
    yield Row("ingest/second date", ingested(files[1], False), target=20e6, at_least=True, best=1, also=size(files[1]))
    yield Row("ingest/third date", ingested(files[2], False), target=20e6, at_least=True, best=1, also=size(files[2]))
    if pixels <= PIXELS:
        yield Row("ingest/eight further dates at once", _together(folder, files[1:], store, resolution), target=20e6,
                  at_least=True, best=1)
    yield _command(folder, files[0], resolution)


def _together(folder: Path, files: list[Path], store: Path, resolution: int) -> Callable[[], int | None]:
    """Further dates in one ingest: the rasters in turns, by other names."""
    named = folder / "named"
    named.mkdir(exist_ok=True)
    many = [named / f"scene_2024-07-{day:02d}.tif" for day in range(1, 9)]
    for number, link in enumerate(many):
        if not link.exists():
            link.hardlink_to(files[number % len(files)])

    def run() -> int:
        with Session.open(store) as session:
            return session.ingest(
                many, layer="scene", resolution=resolution, time_pattern="%Y-%m-%d", mode="append"
            ).cells

    return run


def copies(session: Session, data: Data) -> Iterator[Row]:
    """Rows and a grid of one date written as files."""
    folder = data.folder / "copies"
    folder.mkdir(exist_ok=True)
    day = "FILTER time BEFORE '2024-03-06'"

    def copied(selected: str, ending: str) -> Callable[[], int | None]:
        file = folder / f"out.{ending}"

        def run() -> int:
            file.unlink(missing_ok=True)
            list(session.run(f"COPY (FROM temp {day} SELECT {selected}) TO '{file}'"))
            return data.cells

        return run

    yield Row("copy/parquet", copied("cell, time, t", "parquet"), best=3)
    yield Row("copy/csv", copied("cell, time, t", "csv"), best=3)
    yield Row("copy/geotiff", copied("cell, t", "tif"), best=3)


def _command(folder: Path, file: Path, resolution: int) -> Row:
    """The first date by ``cubeql ingest``: start, imports and commit included."""
    store, peak = folder / "store-of-command", [0]

    def run() -> None:
        shutil.rmtree(store, ignore_errors=True)
        options = ["--layer", "scene", "--store", str(store), "--resolution", str(resolution), "--time", "2024-06-01"]
        command = [sys.executable, "-m", "cubeql", "ingest", str(file), *options, "--quiet"]
        # A process begins with the peak of the one that starts it: a small one in between has none to hand on.
        done = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, stdout=subprocess.PIPE, text=True)
        peak[0] = int(done.stdout.split()[-1])

    return Row("ingest/command", run, best=1, also=lambda: {"MiB at most": peak[0] / 1024})
