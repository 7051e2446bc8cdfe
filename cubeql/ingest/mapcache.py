"""Grid maps kept: in memory while a job runs, and in the store for the next one.

Maps are filed by the sheet: all patches below one coarse cell, in one file. One that cannot be read is made again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.cover import covering_tiles
from cubeql.ingest.gridmap import Family, PatchMap, make_map
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow, Projector
from cubeql.ingest.resolution import cell_area_km2
from cubeql.ingest.sheets import Arrays, read_arrays, write_arrays
from cubeql.storage.trimming import trim
from cubeql.values.cells import descendant_range, parent
from cubeql.values.tiles import slot_count, tile_resolution, valid_cells

CACHE_BYTES = 2 * 2**30
PATCH_PIXELS = 2_000_000
SHEET_PIXELS = 6_000_000
_FORMAT = "2"
_SLOT_BYTES: dict[Family, int] = {"nearest": 4, "bilinear": 28, "pixels": 9, "sum": 9}  # beside those of its pixels
_FOLDER = "gridmaps"


class GridMaps:
    """The maps of one pixel grid at one resolution for one family of methods; for any number of threads."""

    def __init__(
        self,
        grid: PixelGrid,
        resolution: int,
        family: Family,
        tiles: NDArray[np.int64],
        pixel_km2: float,
        cache: Path | None,
        memory_bytes: int = 64 * 2**20,
    ) -> None:
        """Prepare, without making a map.

        Args:
            grid: the pixels.
            resolution: of the cells.
            family: see :mod:`cubeql.ingest.gridmap`.
            tiles: sorted tiles that the grid touches; only their maps are made.
            pixel_km2: area of a pixel, which decides how large patches and sheets are.
            cache: the store's cache folder; None keeps nothing on disk.
            memory_bytes: of maps held in memory (at least one sheet is).
        """
        self.grid, self.resolution, self.family, self.tiles = grid, resolution, family, tiles
        self.tile_pixels = cell_area_km2(tile_resolution(resolution)) / pixel_km2
        self.patch_resolution = patch_resolution(resolution, pixel_km2)
        self._sheet_resolution = _sheet_resolution(resolution, pixel_km2)
        text = "|".join((_FORMAT, grid.digest, str(resolution), family, str(self.patch_resolution)))
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        self._folder = cache / _FOLDER / digest if cache is not None else None
        self._sheets: OrderedDict[int, dict[int, PatchMap]] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._making: dict[int, threading.Lock] = {}
        self.made = 0

    @property
    def tile_bytes(self) -> float:
        """Bytes that the maps of a tile are expected to have."""
        slots = slot_count(self.resolution, tile_resolution(self.resolution))
        if self.family in ("nearest", "bilinear"):
            return _SLOT_BYTES[self.family] * slots
        return 4 * self.tile_pixels + _SLOT_BYTES[self.family] * slots

    def patches(self, tile: int) -> list[int]:
        """The patches of a tile, in order."""
        if self.patch_resolution == tile_resolution(self.resolution):
            return [tile]
        return [int(p) for p in valid_cells(tile, self.patch_resolution)]

    def of(self, tile: int, check: Callable[[], None] = lambda: None) -> list[PatchMap]:
        """The maps of a tile's patches that have pixels; none for a tile that the grid does not touch.

        ``check`` is called between maps that have to be made, and may raise to stop.
        """
        at = int(self.tiles.searchsorted(tile))
        if at == self.tiles.size or self.tiles[at] != tile:
            return []
        sheet = self._sheet(int(parent(tile, self._sheet_resolution)), check)
        return [sheet[p] for p in self.patches(tile) if sheet[p].window is not None]

    def _sheet(self, cell: int, check: Callable[[], None]) -> dict[int, PatchMap]:
        with self._lock:
            if (found := self._kept(cell)) is not None:
                return found
            making = self._making.setdefault(cell, threading.Lock())
        with making:
            with self._lock:
                found = self._kept(cell)
            if found is None:
                found = self._load(cell) or self._make(cell, check)
                with self._lock:
                    self._keep(cell, found)
        return found

    def _kept(self, cell: int) -> dict[int, PatchMap] | None:
        if (found := self._sheets.get(cell)) is not None:
            self._sheets.move_to_end(cell)
        return found

    def _keep(self, cell: int, sheet: dict[int, PatchMap]) -> None:
        self._sheets[cell] = sheet
        self._sizes[cell] = sum(m.nbytes for m in sheet.values())
        while len(self._sheets) > 1 and sum(self._sizes.values()) > self._memory_bytes:
            oldest, _ = self._sheets.popitem(last=False)
            del self._sizes[oldest]

    def _members(self, cell: int) -> list[int]:
        """The patches of a sheet: those of the grid's tiles below it."""
        first, last = descendant_range(cell, tile_resolution(self.resolution))
        tiles = self.tiles[self.tiles.searchsorted(first) : self.tiles.searchsorted(last, "right")]
        return [patch for tile in tiles.tolist() for patch in self.patches(tile)]

    def _make(self, cell: int, check: Callable[[], None]) -> dict[int, PatchMap]:
        projector = Projector(self.grid)
        maps = {}
        for patch in self._members(cell):
            check()
            maps[patch] = make_map(projector, patch, self.resolution, self.family)
        with self._lock:
            self.made += len(maps)
        if self._folder is not None:
            _save(self._folder / f"{cell:015x}.cells", list(maps.values()))
        return maps

    def _load(self, cell: int) -> dict[int, PatchMap] | None:
        path = None if self._folder is None else self._folder / f"{cell:015x}.cells"
        maps = None if path is None else _loaded(path)
        if maps is None or [m.patch for m in maps] != self._members(cell):
            return None
        return {m.patch: m for m in maps}


def patch_resolution(resolution: int, pixel_km2: float) -> int:
    """Resolution of the patches: that of tiles, or finer where a tile has more than ``PATCH_PIXELS``."""
    found = tile_resolution(resolution)
    while found < resolution and cell_area_km2(found) / pixel_km2 > PATCH_PIXELS:
        found += 1
    return found


def _sheet_resolution(resolution: int, pixel_km2: float) -> int:
    found = tile_resolution(resolution)
    for _ in range(2):
        if found > 0 and cell_area_km2(found - 1) / pixel_km2 <= SHEET_PIXELS:
            found -= 1
    return found


def kept_tiles(grid: PixelGrid, resolution: int, cache: Path | None) -> NDArray[np.int64]:
    """The tiles a pixel grid touches (:func:`covering_tiles`), from the cache if they are there."""
    text = "|".join((_FORMAT, grid.digest, str(resolution), "tiles"))
    path = None if cache is None else cache / _FOLDER / hashlib.sha256(text.encode()).hexdigest()[:32] / "tiles.cells"
    arrays = None if path is None else read_arrays(path)
    if arrays is not None and "tiles" in arrays:
        return arrays["tiles"]
    tiles = covering_tiles(grid, resolution)
    if path is not None:
        write_arrays(path, {"tiles": tiles})
    return tiles


def _save(path: Path, maps: list[PatchMap]) -> None:
    windows = [m.window or PixelWindow(0, 0, 0, 0) for m in maps]
    some = [m for m in maps if m.starts.size]
    lengths = [np.diff(m.starts, append=np.int32(m.pixels.size)) for m in some]
    write_arrays(
        path,
        {
            "patches": np.array([m.patch for m in maps], dtype=np.int64),
            "windows": np.array([(w.row, w.column, w.height, w.width) for w in windows], dtype=np.int64),
            "sizes": np.array([(m.pixels.size, m.slots.size, _wide(m), m.whole) for m in maps], dtype=np.int64),
            "narrow": _joined([m.pixels.reshape(-1) for m in maps if not _wide(m)], np.uint16),
            "wide": _joined([m.pixels.reshape(-1) for m in maps if _wide(m)], np.int32),
            "lengths": _smallest(_joined(lengths, np.int32)),
            "slots": _smallest(_joined([m.slots for m in some], np.int32)),
            "lone": np.packbits(_joined([m.lone for m in some], np.bool_)),
            "weights": _joined([m.weights.reshape(-1) for m in maps if m.weights is not None], np.float32),
        },
    )


def _wide(grid_map: PatchMap) -> bool:
    return grid_map.pixels.dtype != np.uint16


def _smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers from 0 in as few bytes as they need."""
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def _joined(parts: Iterable[NDArray[Any]], dtype: type) -> NDArray[Any]:
    arrays = list(parts)
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=dtype)


def _loaded(path: Path) -> list[PatchMap] | None:
    arrays = read_arrays(path)
    try:
        return None if arrays is None else _unpacked(arrays)
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _unpacked(arrays: Arrays) -> list[PatchMap]:
    maps = []
    slots, lengths = arrays["slots"].astype(np.int32), arrays["lengths"].astype(np.int32)
    lone = np.unpackbits(arrays["lone"], count=slots.size).view(np.bool_)
    at = {"narrow": 0, "wide": 0, "slot": 0, "weight": 0}

    def taken(array: NDArray[Any], name: str, size: int) -> NDArray[Any]:
        at[name] += size
        return array[at[name] - size : at[name]]

    for patch, window, (pixels, filled, wide, whole) in zip(
        arrays["patches"].tolist(), arrays["windows"].tolist(), arrays["sizes"].tolist(), strict=True
    ):
        box = PixelWindow(*window)
        kind = "wide" if wide else "narrow"
        own = taken(arrays[kind], kind, pixels)
        weights = None
        if arrays["weights"].size and pixels:
            own = own.reshape(5, -1)
            weights = taken(arrays["weights"], "weight", 2 * own.shape[1]).reshape(2, -1)
        here = slice(at["slot"], at["slot"] + filled)
        at["slot"] += filled
        starts = np.cumsum(lengths[here], dtype=np.int32) - lengths[here]
        maps.append(
            PatchMap(
                patch, box if box.pixels else None, own, bool(whole), starts, slots[here], lone[here], weights
            )
        )
    return maps


def trim_cache(cache: Path, limit_bytes: int = CACHE_BYTES) -> None:
    """Delete the sheets used longest ago until the cached grid maps fit the limit."""
    trim(cache / _FOLDER, "*/[!.]*", limit_bytes)
