"""Regions at work: a shape, the tiles it touches, and a mask a tile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.analyze.bound import RegionRef
from cubeql.engine.kept import Kept
from cubeql.engine.running import Running
from cubeql.errors import QueryError, diagnose
from cubeql.grid.ranges import TileRanges
from cubeql.grid.shapes import Mask, RegionShape
from cubeql.storage.infiles import fetched
from cubeql.storage.reach import ANYWHERE, NotHere, Reach, clipped
from cubeql.values.cells import CellArray
from cubeql.values.tiles import slot_count

_FEW = 1 / 16
"""Up to such a share of its tiles' slots: one taken by its slot costs six times what it costs among all of them."""
_MOST_SHAPES, _MOST_COVERS, _MOST_MASK_BYTES = 32, 16, 2**20
_LONGEST = 1_000_000
_MOST_LISTED = 4096
"""So many slots stand in a statement, at most."""


def shape_of(region: RegionRef, text: str, reach: Reach = ANYWHERE) -> RegionShape:
    """The shape of a region.

    Args:
        region: the region.
        text: the statement, for errors.
        reach: which files it may name.

    Raises:
        QueryError: its text, file or geometry is at fault.
    """
    try:
        if region.kind == "file":
            (path,) = region.args
            return _file(str(path), reach)
        return _makers()[region.kind](*region.args)
    except NotHere:
        raise QueryError([diagnose("file_refused", region.span, path=clipped(str(region.args[0])))], text) from None
    except (ValueError, OSError) as error:
        raise QueryError([diagnose("unreadable_region", region.span, reason=str(error))], text) from error


def _parameter(value: Any) -> RegionShape:
    from cubeql.grid import regions

    if isinstance(value, str):
        return regions.geojson(value) if value.lstrip().startswith("{") else regions.polygon_wkt(value)
    return regions.geometry(value)


def _file(path: str, reach: Reach) -> RegionShape:
    from cubeql.grid import regions

    with fetched(path, reach) as local:
        return regions.file(local)


def _makers() -> dict[str, Callable[..., RegionShape]]:
    from cubeql.grid import regions  # shapely takes long to load, and few statements need it

    return {
        "bbox": regions.bbox,
        "point": regions.point,
        "circle": regions.circle,
        "cell": lambda *which: regions.cells(np.array(which, np.int64)),
        "disk": regions.disk,
        "polygon": regions.polygon_wkt,
        "geojson": regions.geojson,
        "parameter": _parameter,
    }


class RememberedShape(RegionShape):
    """A region that remembers its covers and some masks; safe to share between threads."""

    def __init__(self, shape: RegionShape) -> None:
        self._shape = shape
        self._covers: Kept[int, TileRanges] = Kept(_MOST_COVERS, lambda cover: 1)
        self._masks: Kept[tuple[int, int], Mask] = Kept(_MOST_MASK_BYTES, _bytes_of)

    def cover_ranges(self, tile_resolution: int) -> TileRanges:
        """As the region itself."""
        found = self._covers.get(tile_resolution)
        if found is None:
            found = self._shape.cover_ranges(tile_resolution)
            self._covers.keep(tile_resolution, found)
        return found

    def mask(self, tile: int, resolution: int) -> Mask:
        """As the region itself."""
        found = self._masks.get((tile, resolution))
        if found is None:
            found = self._shape.mask(tile, resolution)
            self._masks.keep((tile, resolution), found)
        return found

    def cover_cells(self) -> TileRanges:
        """As the region itself."""
        return self._shape.cover_cells()

    def holds(self, cells: CellArray) -> NDArray[np.bool_]:
        """As the region itself."""
        return self._shape.holds(cells)


class RegionCache:
    """Shapes of regions that are nothing but what their text says; others lie in files and layers, which change."""

    def __init__(self) -> None:
        self._shapes: Kept[RegionRef, RememberedShape] = Kept(_MOST_SHAPES, lambda shape: 1)

    def shape(self, region: RegionRef, make: Callable[[], RegionShape]) -> RegionShape:
        """The shape of a region, made where it is not known."""
        small = all(isinstance(a, (int, float)) or (isinstance(a, str) and len(a) <= _LONGEST) for a in region.args)
        if region.kind not in _makers() or not small:
            return RememberedShape(make())
        found = self._shapes.get(region)
        if found is None:
            found = RememberedShape(make())
            self._shapes.keep(region, found)
        return found


def _bytes_of(mask: Mask) -> int:
    return 1 if isinstance(mask, bool) else mask.nbytes


@dataclass(frozen=True, slots=True)
class Masks:
    """The tiles that hold cells of a region.

    Attributes:
        tiles: their indexes.
        masks: of each, which slots hold a cell of the region; None where all cells belong to it.
        slots: how many a tile has.
    """

    tiles: NDArray[np.int64]
    masks: tuple[NDArray[np.bool_] | None, ...]
    slots: int

    @property
    def whole(self) -> NDArray[np.int64]:
        """The tiles of which all cells belong to the region."""
        return self.tiles[[m is None for m in self.masks]] if self.masks else self.tiles

    @property
    def are_few(self) -> bool:
        """Whether so few cells belong to it that they are better taken one by one."""
        given = [m for m in self.masks if m is not None]
        most = min(len(given) * self.slots * _FEW, _MOST_LISTED)
        return 0 < len(given) == len(self.masks) and sum(map(np.count_nonzero, given)) <= most

    def table(self) -> pa.Table:
        """A row a tile: ``tile``, ``mask``."""
        offsets = np.concatenate([[0], np.cumsum([0 if m is None else self.slots for m in self.masks])])
        flags = np.concatenate([np.zeros(0, bool), *(m for m in self.masks if m is not None)])
        missing = pa.array([m is None for m in self.masks], pa.bool_()) if self.masks else None
        lists = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(flags), mask=missing)
        return pa.table({"tile": self.tiles, "mask": lists})

    def listed(self) -> dict[int, tuple[int, ...]]:
        """The slots of each tile, from 1, of a region that has masks of all its tiles."""
        given = zip(self.tiles.tolist(), self.masks, strict=True)
        return {tile: tuple((np.flatnonzero(m) + 1).tolist()) for tile, m in given if m is not None}


def masks_of(shape: RegionShape, tiles: NDArray[np.int64], tile: int, resolution: int, running: Running) -> Masks:
    """The masks of those of some tiles that hold cells of a region."""
    kept: list[int] = []
    masks: list[NDArray[np.bool_] | None] = []
    for one in tiles.tolist():
        running.check()
        mask = shape.mask(one, resolution)
        if mask is False:
            continue
        kept.append(one)
        masks.append(None if mask is True else np.asarray(mask))
    return Masks(np.array(kept, np.int64), tuple(masks), slot_count(resolution, tile))
