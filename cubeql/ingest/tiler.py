"""From sources to tile blocks in the store's order, in bounded memory.

Tiles are taken in groups of neighbours (ascending H3 index), each group through all its moments before the
next, so that rows come sorted by tile and time. For each band of each source one block of pixels is read that
covers the group; what would not fit is read in parts.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.board import BandUse, Board, Moment
from cubeql.ingest.gridmap import Family, PatchMap
from cubeql.ingest.mapcache import GridMaps
from cubeql.ingest.methods import family_of
from cubeql.ingest.pixelgrid import PixelWindow
from cubeql.ingest.regrid import Picked
from cubeql.ingest.source import Flags, Source, SourceBand, Values, read_across
from cubeql.storage import TileBlock
from cubeql.values.tiles import slot_count, tile_resolution

MOST_OPEN = 64
_WASTE = 2.0  # a common window may hold this many times the pixels of its parts


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """A source on its way into a layer.

    Attributes:
        source: where the pixels are.
        uses: its bands that are wanted.
        pictures: numbers of its slices, and the moment each belongs to.
        tiles: sorted tiles its grid touches.
        maps: grid maps by family of method.
    """

    source: Source
    uses: tuple[BandUse, ...]
    pictures: tuple[tuple[int, Moment], ...]
    tiles: NDArray[np.int64]
    maps: dict[Family, GridMaps]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step of the work gave: its rows, and how many pairs of tile and moment are done with it."""

    blocks: list[TileBlock]
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """Maps read with one window."""

    window: PixelWindow
    members: list[tuple[int, PatchMap]]


class Tiler:
    """Makes the tile blocks of a job."""

    def __init__(
        self,
        resolution: int,
        bands: Sequence[str],
        feeds: Sequence[Feed],
        memory_bytes: int,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Plan the groups.

        Args:
            resolution: of the cells.
            bands: of the layer, in order.
            feeds: the sources, in the order in which a mosaic prefers them.
            memory_bytes: for the pixels and the cells in hand.
            check: called between reads; raises to stop.
        """
        self._resolution, self._tile_resolution = resolution, tile_resolution(resolution)
        self._bands, self._feeds, self._check = tuple(bands), tuple(feeds), check
        self._open: OrderedDict[int, Source] = OrderedDict()
        self._pixel_bytes = max(1, memory_bytes // 2)
        self._cell_bytes = max(1, memory_bytes // 2)
        self.tiles: NDArray[np.int64] = np.unique(np.concatenate([f.tiles for f in feeds]))
        self._rows = np.zeros(self.tiles.size, dtype=np.int64)
        for feed in feeds:
            self._rows[np.searchsorted(self.tiles, feed.tiles)] += len(feed.pictures)

    @property
    def pairs(self) -> int:
        """How many pairs of tile and picture there are to do."""
        return int(self._rows.sum())

    @property
    def _row_bytes(self) -> int:
        sizes = {u.name: u.storage.itemsize + 1 for f in self._feeds for u in f.uses}
        return slot_count(self._resolution, self._tile_resolution) * sum(sizes.values())

    def batches(self) -> Iterator[Batch]:
        """All rows, group by group."""
        for tiles in self._groups():
            yield from self._group(tiles)

    def _groups(self) -> Iterator[list[int]]:
        group: list[int] = []
        size = 0
        for tile, rows in zip(self.tiles.tolist(), self._rows.tolist(), strict=True):
            if group and (size + rows) * self._row_bytes > self._cell_bytes:
                yield group
                group, size = [], 0
            group.append(tile)
            size += rows
        if group:
            yield group

    def _group(self, tiles: list[int]) -> Iterator[Batch]:
        feeds = [f for f in self._feeds if np.isin(f.tiles, tiles).any()]
        moments = sorted({m for f in feeds for _, m in f.pictures}, key=lambda m: m.order)
        at_once = max(1, self._cell_bytes // (self._row_bytes * len(tiles)))
        # Several moments of several tiles would not come in order: then the group fits in one go.
        at_once = len(moments) if len(tiles) > 1 else at_once
        for first in range(0, len(moments), at_once):
            chunk = moments[first : first + at_once]
            board = Board(self._resolution, self._tile_resolution)
            pairs = 0
            mosaics = self._mosaics(feeds)
            for feed in feeds:
                pairs += self._feed(board, feed, tiles, set(chunk), mosaics)
            yield Batch(list(board.blocks(tiles, chunk, self._bands)), pairs)

    @staticmethod
    def _mosaics(feeds: Sequence[Feed]) -> set[tuple[Moment, str]]:
        """The moments and bands that more than one source brings pixels for."""
        times: Counter[tuple[Moment, str]] = Counter()
        for feed in feeds:
            times.update((moment, use.name) for _, moment in feed.pictures for use in feed.uses)
        return {key for key, count in times.items() if count > 1}

    def _feed(
        self, board: Board, feed: Feed, tiles: list[int], chunk: set[Moment], mosaics: set[tuple[Moment, str]]
    ) -> int:
        pictures = [p for p in feed.pictures if p[1] in chunk]
        if not pictures:
            return 0
        self._hold_open(feed.source)
        for use in feed.uses:
            for unit in self._units(feed.maps[family_of(use.method)], tiles, use.band):
                self._unit(board, feed, use, unit, pictures, mosaics)
        return int(np.isin(feed.tiles, tiles).sum()) * len(pictures)

    def _hold_open(self, source: Source) -> None:
        """Close the source read longest ago when there are many: a process may open a thousand files or so."""
        self._open[id(source)] = source
        self._open.move_to_end(id(source))
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)[1].close()

    def _units(self, maps: GridMaps, tiles: list[int], band: SourceBand) -> Iterator[_Unit]:
        """Maps of a group, in windows as large as memory for pixels allows and neighbours make sensible."""
        turn, size = maps.grid.turn, band.dtype.itemsize + int(band.masked)
        unit: _Unit | None = None
        used = 0
        for tile in tiles:
            for grid_map in maps.of(tile, self._check):
                window = grid_map.window
                assert window is not None
                near = _beside(window, unit.window, turn) if unit else window
                joined = near.union(unit.window) if unit else near
                used += window.pixels
                if unit and (joined.pixels * size > self._pixel_bytes or joined.pixels > _WASTE * used):
                    yield unit
                    unit, joined, used = None, window, window.pixels
                members = [*unit.members, (tile, grid_map)] if unit else [(tile, grid_map)]
                unit = _Unit(joined, members)
        if unit:
            yield unit

    def _unit(
        self,
        board: Board,
        feed: Feed,
        use: BandUse,
        unit: _Unit,
        pictures: list[tuple[int, Moment]],
        mosaics: set[tuple[Moment, str]],
    ) -> None:
        size = unit.window.pixels * (use.band.dtype.itemsize + 1)
        at_once = max(1, self._pixel_bytes // size)
        for first in range(0, len(pictures), at_once):
            chunk = pictures[first : first + at_once]
            numbers = [number for number, _ in chunk]
            for tile, grid_map, picked in self._picked(feed, use.band, unit, numbers):
                self._check()
                for i, (_, moment) in enumerate(chunk):
                    one = Picked(picked.values[i], picked.valid[i])
                    board.put(tile, moment, use, grid_map, one, pooled=(moment, use.name) in mosaics)

    def _picked(
        self, feed: Feed, band: SourceBand, unit: _Unit, numbers: list[int]
    ) -> Iterator[tuple[int, PatchMap, Picked]]:
        self._check()
        row_bytes = unit.window.width * band.dtype.itemsize
        if len(unit.members) == 1 and unit.window.height * row_bytes > self._pixel_bytes:
            tile, grid_map = unit.members[0]
            yield tile, grid_map, self._picked_in_parts(feed, band, grid_map, numbers)
            return
        values, mask = read_across(feed.source, band, numbers, unit.window)
        for tile, grid_map in unit.members:
            yield tile, grid_map, _pick(band, values, mask, unit.window, grid_map, feed.source.grid.turn)

    def _picked_in_parts(self, feed: Feed, band: SourceBand, grid_map: PatchMap, numbers: list[int]) -> Picked:
        """Pick from a window too large to be read whole, some rows of it at a time."""
        window = grid_map.window
        assert window is not None
        shape = (len(numbers), *grid_map.pixels.shape)
        found = Picked(np.zeros(shape, band.dtype), np.zeros(shape, np.bool_))
        at_once = max(1, self._pixel_bytes // (window.width * band.dtype.itemsize * len(numbers)))
        for first in range(0, window.height, at_once):
            self._check()
            rows = min(at_once, window.height - first)
            low, high = first * window.width, (first + rows) * window.width
            here = (grid_map.pixels >= low) & (grid_map.pixels < high)
            if not here.any():
                continue
            part = PixelWindow(window.row + first, window.column, rows, window.width)
            values, mask = read_across(feed.source, band, numbers, part)
            picked = _taken(band, values, mask, grid_map.pixels[here] - low)
            found.values[:, here], found.valid[:, here] = picked.values, picked.valid
        return found


def _beside(window: PixelWindow, other: PixelWindow, turn: int) -> PixelWindow:
    """The window moved by whole turns so that it lies next to another one."""
    if not turn:
        return window
    column = (window.column - other.column + turn // 2) % turn + other.column - turn // 2
    return PixelWindow(window.row, column, window.height, window.width)


def _pick(
    band: SourceBand, values: Values, mask: Flags | None, read: PixelWindow, grid_map: PatchMap, turn: int
) -> Picked:
    """The pixels of a map out of a window that holds the map's own."""
    assert grid_map.window is not None
    window = _within(grid_map.window, read, turn)
    if window != read:
        top, left = window.row - read.row, window.column - read.column
        part = (slice(None), slice(top, top + window.height), slice(left, left + window.width))
        values, mask = values[part], None if mask is None else mask[part]
    return _taken(band, values, mask, grid_map.pixels)


def _within(window: PixelWindow, read: PixelWindow, turn: int) -> PixelWindow:
    if not turn or read.column <= window.column <= read.column + read.width - window.width:
        return window
    column = (window.column - read.column) % turn + read.column
    return PixelWindow(window.row, column, window.height, window.width)


def _taken(band: SourceBand, values: Values, mask: Flags | None, pixels: NDArray[Any]) -> Picked:
    flat = values.reshape(values.shape[0], -1)
    taken = flat.take(pixels, axis=1, mode="clip")
    valid = band.valid(taken)
    if mask is not None:
        valid &= mask.reshape(mask.shape[0], -1).take(pixels, axis=1, mode="clip")
    valid &= pixels >= 0
    return Picked(taken, valid)
