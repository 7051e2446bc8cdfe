"""Rasters read where they lie: the tile rows that a statement needs of one are made while it is prepared.

They are made by what ingest makes layers with, which this room knows by the protocols below alone, and go through a
table of the statement's own, so that pruning, joins and expressions work on them as on those of a stored layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cubeql.engine import frozen
from cubeql.engine.running import Running
from cubeql.errors import CubeQLError, Diagnostic, IngestError, QueryError, StoreError, diagnose
from cubeql.grid.ranges import TileRanges
from cubeql.plan.nodes import Scan
from cubeql.storage import Snapshot, Store
from cubeql.storage.views import RasterView
from cubeql.values.times import TimeRange

MOST_CELLS = 20_000_000
"""So many cells a statement may have made of a raster, unless a setting says another number."""

Tiles = NDArray[np.int64]


class OpenedRaster(Protocol):
    """A raster opened for one statement."""

    @property
    def tiles(self) -> Tiles:
        """The tiles it touches, sorted."""
        ...

    def planned(self) -> Snapshot:
        """The layer it would be: a file a tile and time, of which nothing is known but where it is."""
        ...

    def cells(self, tiles: Tiles, times: TimeRange) -> int:
        """How many slots the rows of some tiles and times have."""
        ...

    def made(self, tiles: Tiles, times: TimeRange, check: Callable[[], None]) -> tuple[Snapshot, object]:
        """The rows of some tiles and times, and what must be kept as long as they are read.

        Raises:
            IngestError: a file is damaged.
        """
        ...


class Rasters(Protocol):
    """What reads rasters in place."""

    def described(self, store: Store, name: str, paths: Any, options: Mapping[str, Any], text: str) -> RasterView:
        """What a raster is.

        Raises:
            IngestError: it cannot be read, or the options do not fit it.
        """
        ...

    def opened(self, store: Store, view: RasterView) -> OpenedRaster:
        """A raster that is still what it was when the view was made.

        Raises:
            IngestError: it is not, or cannot be read.
        """
        ...


class InPlace:
    """The rasters of one statement.

    Args:
        rasters: what reads them; None where this is not allowed.
        most_cells: how many cells one may give a statement.
        store: the store whose views they are.
        text: the statement, for errors.
    """

    def __init__(self, rasters: Rasters | None, most_cells: int, store: Store, text: str) -> None:
        self._rasters = rasters
        self._most_cells = most_cells
        self._store = store
        self._text = text
        self._opened: dict[str, OpenedRaster] = {}

    def planned(self, name: str) -> Snapshot:
        """The layer that a raster would be.

        Raises:
            QueryError: it cannot be read, or must not.
        """
        return self._of(name).planned()

    def made(self, scan: Scan, tiles: Tiles | TileRanges | None, running: Running) -> Snapshot:
        """The rows that a scan needs of a raster.

        Raises:
            QueryError: they are too many, or the raster cannot be read.
        """
        raster, name = self._of(scan.layer.name), scan.layer.name
        wanted = raster.tiles
        if isinstance(tiles, TileRanges):
            wanted = wanted[tiles.hold(wanted)]
        elif tiles is not None:
            wanted = np.intersect1d(wanted, tiles)
        times = frozen.times_of(scan)
        cells = raster.cells(wanted, times)
        if cells > self._most_cells:
            raise self._error(diagnose("in_place_too_large", None, name=name, cells=cells, most=self._most_cells))
        try:
            snapshot, kept = raster.made(wanted, times, running.check)
        except (IngestError, StoreError) as error:
            raise self._fault(name, error) from error
        running.kept.append(kept)
        return snapshot

    def _of(self, name: str) -> OpenedRaster:
        if name not in self._opened:
            view = self._store.raster_view(name)
            if view is None:
                raise StoreError(f"the view {name} was replaced while the statement began; run it again")
            if self._rasters is None:
                raise self._error(diagnose("in_place_off", None, name=name))
            try:
                self._opened[name] = self._rasters.opened(self._store, view)
            except IngestError as error:
                raise self._fault(name, error) from error
        return self._opened[name]

    def _fault(self, name: str, error: CubeQLError) -> QueryError:
        return self._error(diagnose("in_place_fault", None, name=name, reason=str(error).replace("\n", "; ")))

    def _error(self, fault: Diagnostic) -> QueryError:
        return QueryError([fault], self._text)
