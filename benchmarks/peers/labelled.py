"""xarray with dask over Zarr: opened once, lazily; two threads of dask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask
import numpy as np
import shapely
import xarray

from benchmarks.peers.building import THREADS
from benchmarks.peers.landscape import BLOCK, Landscape
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN


def ask(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked."""
    dask.config.set(scheduler="threads", num_workers=THREADS)
    cube = _Cube(land)
    return {
        "point": cube.point, "polygon": cube.polygon, "filter": cube.filter, "month": cube.month,
        "heights": lambda: cube.tabled(cube.elevation // HEIGHT_CLASS), "classes": lambda: cube.tabled(cube.land),
    }  # fmt: skip


def opened(land: Landscape, name: str, **how: Any) -> xarray.DataArray:
    """A layer, decoded after CF."""
    return xarray.open_zarr(land.folder / "zarr" / f"{name}.zarr", consolidated=False, **how)[name]


class _Cube:
    def __init__(self, land: Landscape) -> None:
        self.landscape = land
        self.ndvi, self.temperature = opened(land, "ndvi"), opened(land, "temperature")
        self.elevation, self.land = opened(land, "elevation"), opened(land, "land")

    def point(self) -> list[tuple[Any, ...]]:
        lon, lat = self.landscape.point
        series = self.ndvi.sel(x=lon, y=lat, method="nearest").compute()
        return list(zip(series.time.values, series.values, strict=True))

    def polygon(self) -> list[tuple[Any, ...]]:
        region = shapely.from_wkt(self.landscape.polygon)
        west, south, east, north = region.bounds
        window = self.ndvi.sel(x=slice(west, east), y=slice(north, south))
        inside = shapely.contains_xy(region, *np.meshgrid(window.x.values, window.y.values))
        kept = window.where(xarray.DataArray(inside, dims=("y", "x")))
        means = kept.mean(("y", "x"), dtype=np.float64).compute()
        return list(zip(means.time.values, means.values, strict=True))

    def filter(self) -> list[tuple[Any, ...]]:
        fine = self.temperature.chunk(x=50, y=50).sel(x=self.ndvi.x, y=self.ndvi.y, method="nearest")
        fine = fine.assign_coords(x=self.ndvi.x, y=self.ndvi.y)
        between = (self.elevation >= HEIGHTS[0]) & (self.elevation <= HEIGHTS[1])
        kept = self.ndvi.where(between & (fine > WARMER_THAN))
        means, counts = dask.compute(kept.mean(("y", "x"), dtype=np.float64), kept.count(("y", "x")))
        return list(zip(means.time.values, means.values, counts.values, strict=True))

    def month(self) -> list[tuple[Any, ...]]:
        totals = self.ndvi.astype(np.float64).coarsen(x=BLOCK, y=BLOCK).sum().groupby("time.month").sum()
        counts = self.ndvi.notnull().coarsen(x=BLOCK, y=BLOCK).sum().groupby("time.month").sum()
        totals, counts = dask.compute(totals, counts)
        months, many = totals.month.values, counts.values
        return [
            (f"2024-{months[m]:02d}-01", row * 1000 + column, totals.values[m, row, column] / n, n)
            for (m, row, column), n in np.ndenumerate(many) if n
        ]  # fmt: skip

    def tabled(self, other: xarray.DataArray) -> list[tuple[Any, ...]]:
        codes = (np.floor(self.ndvi / np.float32(0.1)) + 2) * 20 + other
        counts = dask.array.bincount(codes.fillna(-1).astype(np.int16).data.ravel() + 1, minlength=241).compute()[1:]
        return [(i // 20 - 2, i % 20, int(n)) for i, n in enumerate(counts) if n]
