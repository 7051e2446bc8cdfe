"""From sources to tile blocks in the store's order, in bounded memory.

Tiles are taken in groups of neighbours (ascending H3 index), each group through all its moments before the next, so
that rows come sorted by tile and time. The pixels of a group are read once, in blocks that many of its tiles share,
and become rows a few at a time, while they are still in the processor's cache. A group whose pixels would not fit
the memory is halved; those of a tile that would not fit are read in parts.

Groups do not depend on each other: any number of threads may work on one each.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.board import BandUse, Board, Moment
from cubeql.ingest.gridmap import Family, PatchMap
from cubeql.ingest.mapcache import GridMaps
from cubeql.ingest.methods import family_of
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow
from cubeql.ingest.regrid import Picked
from cubeql.ingest.source import Source, SourceBand, read_across
from cubeql.ingest.windows import Pixels, Unit, no_pixels, pick, taken, units_of
from cubeql.storage import TileBlock
from cubeql.storage.columns import row_group_rows
from cubeql.values.tiles import slot_count, tile_resolution

MOST_OPEN = 64
_BOX = 1.5  # pixels of the window of a group of tiles, for each in the tiles


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


@dataclass(frozen=True, slots=True)
class Group:
    """Tiles to be done at one go: of several all moments, of a single one perhaps only some.

    Attributes:
        tiles: ascending.
        first: number of the first moment, of those the tiles have.
        end: number of the one after the last, None for all.
    """

    tiles: tuple[int, ...]
    first: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step of the work gave: its rows, and how many pairs of tile and picture are done with it."""

    blocks: list[TileBlock]
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Pixels of one band of one feed that a group needs."""

    feed: Feed
    use: BandUse
    units: list[tuple[Unit, Pixels]]


class Tiler:
    """Makes the tile blocks of a job.

    Attributes:
        tiles: all that the sources touch, ascending.
        check: called between steps, in every thread; raises to stop.
    """

    def __init__(
        self,
        resolution: int,
        bands: Sequence[str],
        feeds: Sequence[Feed],
        memory_bytes: int,
    ) -> None:
        """Prepare, without reading anything.

        Args:
            resolution: of the cells.
            bands: of the layer, in order.
            feeds: the sources, in the order in which a mosaic prefers them.
            memory_bytes: for the pixels of one group and their maps, and as much again for its cells.
        """
        self._resolution, self._tile_resolution = resolution, tile_resolution(resolution)
        self._slots = slot_count(resolution, self._tile_resolution)
        self._bands, self._feeds = tuple(bands), tuple(feeds)
        self.check: Callable[[], None] = lambda: None
        self._open: OrderedDict[int, Source] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[int, threading.Lock] = {id(f.source): threading.Lock() for f in feeds}
        self._memory = max(1, memory_bytes)
        self.tiles: NDArray[np.int64] = np.unique(np.concatenate([f.tiles for f in feeds]))
        self._rows = np.zeros(self.tiles.size, dtype=np.int64)
        self._read_bytes = np.zeros(self.tiles.size, dtype=np.float64)
        known: set[int] = set()
        for feed in feeds:
            here = np.searchsorted(self.tiles, feed.tiles)
            self._rows[here] += len(feed.pictures)
            self._read_bytes[here] += _expected_bytes(feed)
            new = [m for m in feed.maps.values() if id(m) not in known]
            self._read_bytes[here] += sum(m.tile_bytes for m in new)
            known |= {id(m) for m in new}

    @property
    def pairs(self) -> int:
        """How many pairs of tile and picture there are to do."""
        return int(self._rows.sum())

    @property
    def row_bytes(self) -> int:
        """Bytes of the arrays of a row, all bands."""
        sizes = {u.name: u.storage.itemsize + 1 for f in self._feeds for u in f.uses}
        return self._slots * sum(sizes.values())

    def groups(self, fewest: int = 1) -> list[Group]:
        """All there is to do, in order, in groups expected to fit the memory; ``fewest`` unless they would be small."""
        most = max(1, self._memory // self.row_bytes)
        fair = min(most, max(self.pairs // fewest, 2 * row_group_rows(self._slots)))
        found: list[Group] = []
        tiles: list[int] = []
        rows = size = 0.0
        for tile, more, pixels in zip(
            self.tiles.tolist(), self._rows.tolist(), self._read_bytes.tolist(), strict=True
        ):
            if tiles and (rows + more > fair or size + pixels > self._memory):
                found.append(Group(tuple(tiles)))
                tiles, rows, size = [], 0.0, 0.0
            if more > most:
                found += [Group((tile,), first, first + most) for first in range(0, more, most)]
            else:
                tiles.append(tile)
                rows, size = rows + more, size + pixels
        return [*found, Group(tuple(tiles))] if tiles else found

    def batches(self, group: Group) -> Iterator[Batch]:
        """The rows of a group, a few at a time."""
        self.check()
        tiles = list(group.tiles)
        feeds = [f for f in self._feeds if _shared(f.tiles, tiles)]
        if group.first or group.end is not None:
            feeds = _at(feeds, set(_moments(feeds)[group.first : group.end]))
        mosaics = _mosaics(feeds)
        wanted = self._wanted(feeds, tiles)
        if wanted is not None:
            yield from self._from_held(self._held(wanted), feeds, tiles, mosaics)
        elif len(tiles) > 1:
            half = len(tiles) // 2
            yield from self.batches(Group(group.tiles[:half]))
            yield from self.batches(Group(group.tiles[half:]))
        else:
            yield from self._bit_by_bit(feeds, tiles[0], mosaics)

    # ------------------------------------------------------------------ all pixels of the group at once

    def _wanted(self, feeds: Sequence[Feed], tiles: list[int]) -> list[tuple[Feed, BandUse, list[Unit]]] | None:
        """The windows to be read for a group; None where they would not fit the memory."""
        known: dict[tuple[PixelGrid, Family], list[Unit]] = {}
        found = []
        size = 0
        for feed in feeds:
            for use in feed.uses:
                family = family_of(use.method)
                key = (feed.source.grid, family)
                if key not in known:
                    known[key] = list(self._units(feed.maps[family], tiles, self._memory))
                found.append((feed, use, known[key]))
                pixels = sum(u.window.pixels for u in known[key])
                size += pixels * _pixel_size(use.band) * len(feed.pictures)
                if size > self._memory:
                    return None
        return found

    def _held(self, wanted: Sequence[tuple[Feed, BandUse, list[Unit]]]) -> list[_Held]:
        found = []
        for feed, use, units in wanted:
            numbers = [number for number, _ in feed.pictures]
            parts = [(unit, self._read(feed.source, use.band, numbers, unit.window)) for unit in units]
            found.append(_Held(feed, use, parts))
        return found

    def _from_held(
        self, held: list[_Held], feeds: Sequence[Feed], tiles: list[int], mosaics: set[tuple[Moment, str]]
    ) -> Iterator[Batch]:
        moments = _moments(feeds)
        few = max(1, min(row_group_rows(self._slots), self._memory // self.row_bytes))
        at_once = max(1, few // max(1, len(moments)))
        for first in range(0, len(tiles), at_once):
            some = tiles[first : first + at_once]
            for start in range(0, len(moments), few):
                chunk = moments[start : start + few]
                yield Batch(self._laid(held, some, chunk, mosaics), _pairs(feeds, some, chunk))

    def _laid(
        self, held: list[_Held], tiles: list[int], chunk: list[Moment], mosaics: set[tuple[Moment, str]]
    ) -> list[TileBlock]:
        board = Board(self._resolution, self._tile_resolution)
        now, here = set(chunk), set(tiles)
        for one in held:
            use, turn = one.use, one.feed.source.grid.turn
            pictures = [(i, m, (m, use.name) in mosaics) for i, (_, m) in enumerate(one.feed.pictures) if m in now]
            for unit, pixels in one.units:
                for tile, grid_map in unit.members:
                    if tile not in here:
                        continue
                    self.check()
                    for i, moment, pooled in pictures:
                        picked = pick(use.band, pixels, i, grid_map, turn)
                        board.put(tile, moment, use, grid_map, picked, pooled=pooled)
        return list(board.blocks(tiles, chunk, self._bands))

    # ------------------------------------------------------------------ a tile with more pixels than fit

    def _bit_by_bit(
        self, feeds: Sequence[Feed], tile: int, mosaics: set[tuple[Moment, str]]
    ) -> Iterator[Batch]:
        moments = _moments(feeds)
        board = Board(self._resolution, self._tile_resolution)
        for feed in feeds:
            for use in feed.uses:
                pixels = self._memory / _pixel_size(use.band)
                for unit in self._units(feed.maps[family_of(use.method)], [tile], pixels):
                    self._unit(board, feed, use, unit, mosaics)
        yield Batch(list(board.blocks([tile], moments, self._bands)), _pairs(feeds, [tile], moments))

    def _unit(self, board: Board, feed: Feed, use: BandUse, unit: Unit, mosaics: set[tuple[Moment, str]]) -> None:
        at_once = max(1, self._memory // (unit.window.pixels * _pixel_size(use.band)))
        for first in range(0, len(feed.pictures), at_once):
            chunk = feed.pictures[first : first + at_once]
            for tile, grid_map, picked in self._picked(feed, use.band, unit, [number for number, _ in chunk]):
                self.check()
                for one, (_, moment) in zip(picked, chunk, strict=True):
                    board.put(tile, moment, use, grid_map, one, pooled=(moment, use.name) in mosaics)

    def _picked(
        self, feed: Feed, band: SourceBand, unit: Unit, numbers: list[int]
    ) -> Iterator[tuple[int, PatchMap, list[Picked]]]:
        row_bytes = unit.window.width * band.dtype.itemsize
        if len(unit.members) == 1 and unit.window.height * row_bytes > self._memory:
            tile, grid_map = unit.members[0]
            yield tile, grid_map, [self._in_parts(feed, band, grid_map, number) for number in numbers]
            return
        pixels = self._read(feed.source, band, numbers, unit.window)
        for tile, grid_map in unit.members:
            turn = feed.source.grid.turn
            yield tile, grid_map, [pick(band, pixels, i, grid_map, turn) for i in range(len(numbers))]

    def _in_parts(self, feed: Feed, band: SourceBand, grid_map: PatchMap, number: int) -> Picked:
        """Pick from a window too large to be read whole, some rows of it at a time."""
        window = grid_map.window
        assert window is not None
        found = no_pixels(band, grid_map)
        at_once = max(1, self._memory // (window.width * band.dtype.itemsize))
        for first in range(0, window.height, at_once):
            rows = min(at_once, window.height - first)
            low, high = first * window.width, (first + rows) * window.width
            here = (grid_map.pixels >= low) & (grid_map.pixels < high)
            if not here.any():
                continue
            part = PixelWindow(window.row + first, window.column, rows, window.width)
            pixels = self._read(feed.source, band, [number], part)
            picked = taken(band, pixels, 0, grid_map.pixels[here] - low, None)
            found.values[here], found.valid[here] = picked.values, picked.valid
            del pixels  # before the next are read
        return found

    # ------------------------------------------------------------------ reading

    def _units(self, maps: GridMaps, tiles: list[int], most_pixels: float) -> Iterator[Unit]:
        members = ((tile, grid_map) for tile in tiles for grid_map in maps.of(tile, self.check))
        return units_of(members, maps.grid.turn, most_pixels)

    def _read(self, source: Source, band: SourceBand, numbers: Sequence[int], window: PixelWindow) -> Pixels:
        with self._reading[id(source)]:
            self.check()
            self._hold_open(source)
            return Pixels(window, *read_across(source, band, numbers, window))

    def _hold_open(self, source: Source) -> None:
        """Close the sources read longest ago when there are many: a process may open a thousand files or so."""
        with self._lock:
            self._open[id(source)] = source
            self._open.move_to_end(id(source))
            for key, other in list(self._open.items())[: -MOST_OPEN or None]:
                # Another thread may be reading it, and want to close ours: whoever waited here might wait for ever.
                if self._reading[key].acquire(blocking=False):
                    other.close()
                    del self._open[key]
                    self._reading[key].release()


def _expected_bytes(feed: Feed) -> float:
    """Bytes of pixels that a tile is expected to need."""
    a_picture = sum(_pixel_size(u.band) * feed.maps[family_of(u.method)].tile_pixels for u in feed.uses)
    return _BOX * a_picture * len(feed.pictures)


def _pixel_size(band: SourceBand) -> int:
    return band.dtype.itemsize + int(band.masked)


def _at(feeds: Sequence[Feed], moments: set[Moment]) -> list[Feed]:
    """The feeds with their pictures of some moments."""
    found = [replace(f, pictures=tuple(p for p in f.pictures if p[1] in moments)) for f in feeds]
    return [f for f in found if f.pictures]


def _moments(feeds: Sequence[Feed]) -> list[Moment]:
    return sorted({m for f in feeds for _, m in f.pictures}, key=lambda m: m.order)


def _mosaics(feeds: Sequence[Feed]) -> set[tuple[Moment, str]]:
    """The moments and bands that more than one source brings pixels for."""
    times: Counter[tuple[Moment, str]] = Counter()
    for feed in feeds:
        times.update((moment, use.name) for _, moment in feed.pictures for use in feed.uses)
    return {key for key, count in times.items() if count > 1}


def _pairs(feeds: Sequence[Feed], tiles: list[int], chunk: Sequence[Moment]) -> int:
    """Pairs of tile and picture among some tiles and moments."""
    now = set(chunk)
    return sum(_shared(f.tiles, tiles) * sum(m in now for _, m in f.pictures) for f in feeds)


def _shared(ordered: NDArray[np.int64], tiles: list[int]) -> int:
    """How many tiles are among some in ascending order; asked too often for ``numpy.isin``, which sorts them anew."""
    if not ordered.size:
        return 0
    wanted = np.array(tiles, dtype=np.int64)
    return int(np.count_nonzero(ordered[np.minimum(ordered.searchsorted(wanted), ordered.size - 1)] == wanted))
