"""Tile arrays being filled: from several patches, and from several scenes of the same time.

Scenes of one time are one mosaic. With ``nearest`` and ``bilinear`` a cell takes the value of the first
scene (in the order given) that has a valid one. With every other method the pixels of all scenes are pooled,
as if they were one picture; a cell then takes the pixel at its own centre only if no scene has a pixel
centre in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cubeql.ingest.gridmap import PatchMap
from cubeql.ingest.methods import Method
from cubeql.ingest.regrid import Cells, Picked, Slots, at_centre, of_pixels
from cubeql.ingest.source import SourceBand
from cubeql.storage import TileBlock
from cubeql.storage.summaries import PAIR
from cubeql.values.cells import resolution_of
from cubeql.values.tiles import slot_count, slot_range

_PACKED = 1.1  # bytes for one of a compressed raster: int16 with noise took 1.0 to 1.2
_OVERVIEW = 12  # count and sum; beside them least and greatest value


@dataclass(frozen=True, slots=True)
class Moment:
    """What tells apart the rows of one tile: time, end of step, dimension values."""

    time: np.datetime64 | None
    time_end: np.datetime64 | None
    dimensions: tuple[Any, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts moments as the store does."""
        return (0 if self.time is None else int(self.time.astype(np.int64)), *self.dimensions)


@dataclass(frozen=True, slots=True)
class BandUse:
    """A band of a source on its way into a band of the layer."""

    name: str
    band: SourceBand
    method: Method
    storage: np.dtype[Any]

    @property
    def on_stored(self) -> Method:
        """What the method is for stored values: with a negative scale the least is the greatest of them."""
        if self.band.scale is not None and self.band.scale < 0 and self.method in ("min", "max"):
            return "max" if self.method == "min" else "min"
        return self.method


    @property
    def disk_bytes(self) -> float:
        """Estimate of what a cell takes in a file: values as well packed as in the source where that is known, else not
        at all; and a share of the overviews."""
        own = float(self.storage.itemsize)
        if self.band.packed_bytes is not None:
            wider = own / self.band.dtype.itemsize if self.storage.kind == "f" else 1.0
            own = min(own, _PACKED * self.band.packed_bytes * wider)
        return own + (_OVERVIEW + 2 * self.storage.itemsize) / PAIR


@dataclass(slots=True, eq=False)
class _Pool:
    """Pixels of several scenes for one patch."""

    use: BandUse
    values: list[Any] = field(default_factory=list)
    valid: list[Any] = field(default_factory=list)
    slots: list[Any] = field(default_factory=list)
    lone: list[Any] = field(default_factory=list)

    def add(self, grid_map: PatchMap, picked: Picked) -> None:
        lengths = np.diff(np.concatenate([grid_map.starts, [picked.values.size]]))
        self.values.append(picked.values)
        self.valid.append(picked.valid)
        self.slots.append(np.repeat(grid_map.slots, lengths))
        self.lone.append(np.repeat(grid_map.lone, lengths))

    def cells(self, slots: int) -> Cells:
        every = np.concatenate(self.slots)
        keep = self._kept(every, slots)
        order = np.flatnonzero(keep)[np.argsort(every[keep], kind="stable")]
        ordered = every[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if ordered.size else order
        picked = Picked(np.concatenate(self.values)[order], np.concatenate(self.valid)[order])
        return of_pixels(slots, self.use.on_stored, picked, starts, ordered[starts], self.use.storage)

    def _kept(self, every: Slots, slots: int) -> Any:
        """Lone pixels count where no scene has a pixel centre in the cell, and then only the first valid."""
        lone = np.concatenate(self.lone)
        held = np.zeros(slots, dtype=np.bool_)
        held[every[~lone]] = True
        candidates = np.flatnonzero(lone & ~held[every] & np.concatenate(self.valid))
        _, firsts = np.unique(every[candidates], return_index=True)
        keep = ~lone
        keep[candidates[firsts]] = True
        return keep


class Board:
    """The arrays of a group of tiles at some moments."""

    def __init__(self, resolution: int, tile_resolution: int) -> None:
        self._resolution = resolution
        self._slots = slot_count(resolution, tile_resolution)
        self._cells: dict[tuple[int, Moment, str], Cells] = {}
        self._pools: dict[tuple[int, int, Moment, str], _Pool] = {}

    def put(self, tile: int, moment: Moment, use: BandUse, grid_map: PatchMap, picked: Picked, *, pooled: bool) -> None:
        """Take in the pixels of one map in one picture.

        Args:
            tile: the tile the map's patch lies in.
            moment: of the picture.
            use: the band.
            grid_map: of the patch.
            picked: its pixels.
            pooled: whether other scenes of the moment may bring pixels of the same cells.
        """
        if not picked.valid.any():
            return
        if use.method in ("nearest", "bilinear"):
            self._lay(tile, moment, use, grid_map.patch, at_centre(grid_map, picked, use.method, use.storage))
        elif pooled:
            key = (tile, grid_map.patch, moment, use.name)
            self._pools.setdefault(key, _Pool(use)).add(grid_map, picked)
        else:
            self._lay(tile, moment, use, grid_map.patch, self._reduced(use, grid_map, picked))

    def _reduced(self, use: BandUse, grid_map: PatchMap, picked: Picked) -> Cells:
        slots = slot_count(self._resolution, resolution_of(grid_map.patch))
        return of_pixels(slots, use.on_stored, picked, grid_map.starts, grid_map.slots, use.storage)

    def _lay(self, tile: int, moment: Moment, use: BandUse, patch: int, cells: Cells) -> None:
        """Put cells where there are none yet."""
        key = (tile, moment, use.name)
        there = self._cells.get(key)
        if there is None and patch == tile:
            self._cells[key] = cells
            return
        if there is None:
            there = Cells(np.zeros(self._slots, use.storage), np.zeros(self._slots, np.bool_))
            self._cells[key] = there
        first, end = slot_range(tile, patch, self._resolution)
        free = cells.valid & ~there.valid[first:end]
        there.values[first:end][free] = cells.values[free]
        there.valid[first:end][free] = True

    def blocks(self, tiles: list[int], moments: list[Moment], bands: tuple[str, ...]) -> Iterator[TileBlock]:
        """The rows that have a valid cell, by tile and moment."""
        for (tile, patch, moment, _), pool in self._pools.items():
            slots = slot_count(self._resolution, resolution_of(patch))
            self._lay(tile, moment, pool.use, patch, pool.cells(slots))
        self._pools.clear()
        for tile in tiles:
            for moment in moments:
                arrays = {b: c for b in bands if (c := self._cells.pop((tile, moment, b), None)) is not None}
                if any(c.valid.any() for c in arrays.values()):
                    pairs = {b: (c.values, c.valid) for b, c in arrays.items()}
                    yield TileBlock(tile, moment.time, moment.time_end, moment.dimensions, pairs)
