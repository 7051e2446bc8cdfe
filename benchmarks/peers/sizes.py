"""Bytes on disk for each type of value, and what it costs to build: a CubeQL store beside COG and Zarr."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import rasterio

from benchmarks.measure import timed
from benchmarks.peers import building
from benchmarks.peers.landscape import TIMED, Landscape
from benchmarks.peers.peerage import OURS
from cubeql.storage import Store

LAYERS = ("ndvi", "land", "slope", "elevation")
COG, COG_WITH_OVERVIEWS = "COG, deflate", "COG, deflate, overviews"
ZARR, ZARR_SHUFFLED = "Zarr, default", "Zarr, zstd and shuffle"

Build = Callable[[Landscape, tuple[str, ...], str], None]
WAYS: dict[str, Build] = {
    OURS: lambda land, layers, kind: building.store(land, layers, kind),
    COG: lambda land, layers, kind: building.cog(land, layers, kind=kind),
    COG_WITH_OVERVIEWS: lambda land, layers, kind: building.cog(land, layers, overviews=True, kind=kind),
    ZARR: lambda land, layers, kind: building.zarr(land, layers, kind),
    ZARR_SHUFFLED: lambda land, layers, kind: building.zarr(land, layers, kind, shuffled=True),
}


@dataclass(frozen=True)
class Size:
    """What one layer takes, kept one way.

    Attributes:
        layer: name of the layer.
        type: of its values.
        way: how it is kept.
        bytes: on disk, of everything that a reader of the layer needs.
        values: places times dates, with and without a value.
    """

    layer: str
    type: str
    way: str
    bytes: int
    values: int


@dataclass(frozen=True)
class Built:
    """What it cost to make all dates of the ndvi from plain rasters: medians.

    Attributes:
        way: as what.
        cpu: seconds of all threads.
        wall: seconds that passed.
        repeats: how often.
        values: that were written.
    """

    way: str
    cpu: float
    wall: float
    repeats: int
    values: int


def sizes(land: Landscape, cells: int) -> Iterator[Size]:
    """Every layer kept every way; ``cells`` are those of one date."""
    for layer in LAYERS:
        with rasterio.open(land.file(layer, land.days[0] if layer in TIMED else None)) as file:
            written = file.dtypes[0]
        for way, build in WAYS.items():
            folder = _emptied(land, "measured")
            build(land, (layer,), folder.name)
            places = cells if way == OURS else land.size**2
            values = places * (land.dates if layer in TIMED else 1)
            yield Size(layer, written, way, _bytes(folder, layer, way), values)
    shutil.rmtree(folder)


def builds(land: Landscape, cells: int, times: int) -> Iterator[Built]:
    """The ndvi built every way, in turns."""
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(times):
        for way, build in WAYS.items():
            folder = _emptied(land, "measured")
            cpu, wall, _ = timed(partial(build, land, ("ndvi",), folder.name))
            taken[way].append((cpu, wall))
    shutil.rmtree(folder)
    for way, pairs in taken.items():
        cpu, wall = (statistics.median(column) for column in zip(*pairs, strict=True))
        places = cells if way == OURS else land.size**2
        yield Built(way, cpu, wall, len(pairs), places * land.dates)


def _emptied(land: Landscape, kind: str) -> Path:
    folder = land.folder / kind
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _bytes(folder: Path, layer: str, way: str) -> int:
    """Files of values and what belongs to them; of a store without its cache, which can be made anew."""
    files = Store.open(folder).snapshot(layer).files["path"].to_pylist() if way == OURS else folder.rglob("*")
    return sum(path.stat().st_size for path in map(Path, files) if path.is_file())
