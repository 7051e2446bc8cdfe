"""Rasters read where they lie: the rows that a query needs, made as an ingest would make them, for that query alone."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog.records import IN_PLACE
from cubeql.errors import IngestError
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.gathering import Gathered, gathered, offered
from cubeql.ingest.job import Watch, run_job
from cubeql.ingest.offers import is_remote, opened, states_of
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.planning import Job, make_job
from cubeql.storage import Snapshot, Store
from cubeql.storage.columns import TIMESTAMP
from cubeql.storage.files import file_table
from cubeql.storage.views import RasterView
from cubeql.values.tiles import slot_count, tile_resolution
from cubeql.values.times import TimeRange

MOST_FILES = 100
"""A view opens all of its files for every statement that reads it."""

Tiles = NDArray[np.int64]


class IngestRasters:
    """Reads rasters in place with the machine of ingest."""

    def described(self, store: Store, name: str, paths: Any, options: Mapping[str, Any], text: str) -> RasterView:
        """See :class:`cubeql.engine.inplace.Rasters`."""
        found = _paths(paths)
        job = _job(store, name, found, options)
        layer = replace(job.layer, version=IN_PLACE)
        return RasterView(text, found, tuple(states_of(found)), dict(options), layer)

    def opened(self, store: Store, view: RasterView) -> OpenRaster:
        """See :class:`cubeql.engine.inplace.Rasters`."""
        for path, then, now in zip(view.paths, view.states, states_of(view.paths), strict=True):
            if then != now:
                raise refusal(path, "it is gone" if not now else "it has changed since the view was made")
        return OpenRaster(view, _job(store, view.layer.name, view.paths, view.options))


def _paths(paths: Any) -> tuple[str, ...]:
    """The files that a view shall read, by addresses that can be kept.

    Raises:
        IngestError: they are no rasters, too many, or an address holds what must not be kept.
    """
    given = gathered(paths, IngestOptions())
    if given.stac or given.of_rows:
        raise refusal(shown(str(paths)), "holds no raster itself, but STAC or rows", "ingest it")
    secret = next((p for p in given.paths if is_remote(p) and shown(p) != p), None)
    if secret is not None:
        raise refusal(shown(secret), "its address holds a query or a user, maybe a key, which a view would keep",
                      "give keys by the environment, or ingest it")  # fmt: skip
    if len(given.paths) > MOST_FILES:
        raise refusal(str(paths), f"names {len(given.paths)} files; a view reads {MOST_FILES} at most", "ingest them")
    return tuple(_absolute(p) for p in given.paths)


def _absolute(path: str) -> str:
    return path if is_remote(path) or ":" in path else os.path.abspath(path)  # noqa: PTH100 (GDAL names are no paths)


def _job(store: Store, name: str, paths: tuple[str, ...], options: Mapping[str, Any]) -> Job:
    chosen = IngestOptions(**options)
    offers, _ = offered(Gathered(paths), chosen)
    found = opened(offers, chosen)
    try:
        fault = next((one.fault for one in found if one.fault is not None), None)
        if fault is not None:
            raise fault
        return make_job(store, found, name, None, chosen)
    finally:
        for one in found:
            for source in one.sources:
                source.close()


@dataclass(frozen=True, slots=True, eq=False)
class OpenRaster:
    """A raster opened for one statement; see :class:`cubeql.engine.inplace.OpenedRaster`."""

    view: RasterView
    job: Job

    @property
    def tiles(self) -> Tiles:
        """The tiles that it touches, sorted."""
        return np.unique(np.concatenate([feed.tiles for feed in self.job.feeds]))

    def planned(self) -> Snapshot:
        """The layer it would be: a file a tile and moment, of which nothing is known but where and when it is."""
        tiles, moments = self.tiles, sorted({m for f in self.job.feeds for _, m in f.pictures}, key=lambda m: m.order)
        number = {moment: n for n, moment in enumerate(moments)}
        keys = np.unique(np.concatenate([
            (np.searchsorted(tiles, f.tiles)[:, None] * len(moments) + [number[m] for _, m in f.pictures]).ravel()
            for f in self.job.feeds
        ]))  # fmt: skip
        tile = pa.array(tiles[keys // len(moments)])
        ones, paths = (pa.repeat(pa.scalar(value), len(keys)) for value in (1, ""))
        files = {"path": paths, "num_records": ones, "min.tile": tile, "max.tile": tile}
        if self.view.layer.time is not None:
            times = np.array([moment.time for moment in moments], "datetime64[us]")[keys % len(moments)]
            files |= dict.fromkeys(("min.time", "max.time"), pa.array(times).cast(TIMESTAMP))
        return Snapshot(self.view.layer, IN_PLACE, file_table(self.view.layer, pa.table(files), ""), "")

    def cells(self, tiles: Tiles, times: TimeRange) -> int:
        """How many slots the rows of some tiles and times have."""
        resolution = self.view.layer.resolution
        rows = sum(len(f.tiles) * len(f.pictures) for f in self._wanted(tiles, times).feeds)
        return rows * slot_count(resolution, tile_resolution(resolution))

    def made(self, tiles: Tiles, times: TimeRange, check: Callable[[], None]) -> tuple[Snapshot, object]:
        """The rows of some tiles and times, in a table in a folder that is removed with what is given beside it."""
        job, kept = self._wanted(tiles, times), _Folder()
        if not job.feeds:
            return self._nothing(), kept
        store = Store.open(kept.path, create=True)
        options = IngestOptions(**self.view.options)
        written = run_job(store, job, job.layer, options, _Checked(check), lambda done, pairs, cells: None)
        if written.version is None:
            return self._nothing(), kept
        return replace(store.snapshot(job.layer.name), layer=self.view.layer, version=IN_PLACE), kept

    def _nothing(self) -> Snapshot:
        planned = self.planned()
        return replace(planned, files=planned.files.slice(0, 0))

    def _wanted(self, tiles: Tiles, times: TimeRange) -> Job:
        """The job of some tiles and times."""
        feeds = []
        for feed in self.job.feeds:
            pictures = tuple(p for p in feed.pictures if p[1].time is None or _holds(times, p[1].time))
            here = np.intersect1d(feed.tiles, tiles)
            if pictures and here.size:
                feeds.append(replace(feed, pictures=pictures, tiles=here))
        return replace(self.job, feeds=tuple(feeds))


def _holds(times: TimeRange, time: np.datetime64) -> bool:
    return bool(times.contains(np.array([time], "datetime64[us]"))[0])


class _Checked(Watch):
    """Asks a statement whether it was stopped."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__(None)
        self._check = check

    def check(self) -> None:
        """Go on, or not."""
        self._check()


class _Folder:
    """A folder that is removed when nobody knows this object any more, at the latest when the process ends."""

    def __init__(self) -> None:
        try:
            self.path = tempfile.mkdtemp(prefix="cubeql-in-place-")
        except OSError as error:
            raise IngestError(f"no temporary folder can be made: {error.strerror}") from error
        weakref.finalize(self, shutil.rmtree, self.path, True)
