"""What it costs to ask a window of a raster in place, beside an ingest of it and the same question of the layer.

``python -m benchmarks.in_place`` makes a GeoTIFF of 36 million pixels of 10 m in a temporary folder.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import rasterio
from affine import Affine

import cubeql

PIXELS = 6_000
WINDOW = "SELECT avg(value) AS v, count(*) AS n FROM {} FILTER cell WITHIN CIRCLE(11.3, 48.0, '2 km')"


def scene(path: Path) -> Path:
    """Blocks of numbers, compressed."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 10_000, (PIXELS // 10, PIXELS // 10))
    with rasterio.open(
        path, "w", driver="GTiff", width=PIXELS, height=PIXELS, count=1, dtype="int16", crs="EPSG:32632", nodata=-1,
        transform=Affine(10, 0, 650_000, 0, -10, 5_340_000), tiled=True, blockxsize=512, blockysize=512,
        compress="deflate",
    ) as file:  # fmt: skip
        file.write(coarse.repeat(10, 0).repeat(10, 1).astype(np.int16), 1)
    return path


def cpu_seconds(task: Callable[[], object]) -> float:
    """CPU seconds of all threads."""
    began = time.process_time()
    task()
    return time.process_time() - began


def main() -> None:
    """Print a line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        path = scene(Path(folder) / "scene.tif")
        with cubeql.connect(str(Path(folder) / "store"), create=True) as session:
            session.query(f"CREATE VIEW scene AS RASTER '{path}' WITH (resolution 12)")

            def ask(name: str) -> float:
                return cpu_seconds(lambda: session.query(WINDOW.format(name)).to_arrow())

            print(f"window in place, first   {ask('scene'):6.2f} CPU s")
            print(f"window in place, again   {median(ask('scene') for _ in range(5)):6.2f} CPU s")
            ingest = cpu_seconds(lambda: session.ingest(str(path), layer="stored", resolution=12))
            print(f"ingest of the whole      {ingest:6.2f} CPU s")
            print(f"window of the layer      {median(ask('stored') for _ in range(5)):6.2f} CPU s")


if __name__ == "__main__":
    main()
