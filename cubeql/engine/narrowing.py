"""Layers that meet are read in the tiles, and at equal times in the very rows, that all of them can answer from.

A first pass reads scalar columns only, the layers first that a condition on values leaves little of; each is asked for
the tiles that the ones before it have left. What is lost in a later one is then taken from those before.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine import scans
from cubeql.engine.scans import ScanWork
from cubeql.engine.selecting import TileRows
from cubeql.engine.tiletests import is_pushed, sql_test
from cubeql.grid.ranges import TileRanges
from cubeql.plan.nodes import Aligned, Cells, Scan, TileJoin
from cubeql.plan.tiletests import Values, every, tile_test
from cubeql.storage import Snapshot
from cubeql.values.cells import parent
from cubeql.values.tiles import subtiles

Tiles = NDArray[np.int64]
Provide = Callable[[Aligned, Tiles | TileRanges | None], ScanWork]

_FEW = 0.5
"""A joined layer is asked before the driver where so small a share of the driver's rows may matter of it."""

_MANY = 1_000_000
"""Of more rows than this the very ones that meet at equal times are not looked for."""


class Narrowing:
    """The layers of one :class:`~cubeql.plan.nodes.Cells` node, while they are narrowed.

    Args:
        cells: the node.
        cursor: where relations are made.
        values: of parameters.
        provide: makes the relation of a layer's scan for some tiles of it, and tells what it keeps.
        snapshot: the layer that a scan reads.
    """

    def __init__(
        self, cells: Cells, cursor: duckdb.DuckDBPyConnection, values: Values, provide: Provide,
        snapshot: Callable[[Scan], Snapshot],
    ) -> None:  # fmt: skip
        self.cells = cells
        self.cursor = cursor
        self.values = values
        self.provide = provide
        self.snapshot = snapshot
        self.done: dict[str, tuple[Aligned, ScanWork]] = {}

    def before_driver(self, cover: Callable[[Aligned], TileRanges | None]) -> Tiles | None:
        """The query's tiles that layers leave of which little can matter; None where there is no such layer."""
        tiles: Tiles | None = None
        if not any(j.aligned.scan.values or j.aligned.scan.wanted for j in self._narrowing()):
            return None
        most = self._estimate(self.cells.driver.scan) * _FEW
        for join in self._narrowing():
            aligned = join.aligned
            chosen = bool(aligned.scan.values or aligned.scan.wanted)
            if chosen and aligned.scan.tile >= aligned.tile and self._estimate(aligned.scan) < most:
                wanted = cover(aligned) if tiles is None else of_layer(aligned, tiles)
                found = _query_tiles(aligned, self._matter(join, wanted))
                tiles = found if tiles is None else np.intersect1d(tiles, found)
        return tiles

    def driver(self, tiles: Tiles | TileRanges | None) -> Tiles:
        """The tiles that rows of the driver lie in, of its own."""
        return self._provided(self.cells.driver, tiles).tiles

    def meet(self, tiles: Tiles) -> Tiles:
        """Those of the query's tiles that every layer which must be there has rows in."""
        for join in self._narrowing():
            aligned = join.aligned
            if aligned.scan.name in self.done or not tiles.size:
                continue
            stored = self._matter(join, of_layer(aligned, tiles))
            if aligned.scan.tile < aligned.tile:
                tiles = tiles[np.isin(parent(tiles, aligned.scan.tile), stored)]
            else:
                tiles = np.intersect1d(tiles, _query_tiles(aligned, stored))
        return tiles

    def finish(self, tiles: Tiles) -> None:
        """Make all relations, of these tiles alone, and of the rows alone that meet others at equal times."""
        for join in self.cells.joins:
            if join.aligned.scan.zones is None and join.aligned.scan.name not in self.done:
                self._provided(join.aligned, of_layer(join.aligned, tiles))
        for aligned, work in self.done.values():
            wanted = of_layer(aligned, tiles)
            if wanted is not work.tiles and not np.all(np.isin(work.tiles, wanted)):
                scans.narrow(self.cursor, aligned.scan, work, wanted)
        self._settle()

    # -------------------------------------------------------------- one layer

    def _narrowing(self) -> list[TileJoin]:
        """The joins that drop tiles, those first of which little can matter."""
        joins = [j for j in self.cells.joins if j.narrows]
        if len(joins) < 2:
            return joins
        return sorted(joins, key=lambda j: self._estimate(j.aligned.scan))

    def _estimate(self, scan: Scan) -> int:
        """How many rows of a layer can matter by what is known of its files."""
        snapshot = self.snapshot(scan)
        return int(snapshot.bounds("rows")[0][scans.files_that_matter(snapshot, scan, self.values)].sum())

    def _provided(self, aligned: Aligned, tiles: Tiles | TileRanges | None) -> ScanWork:
        work = self.provide(aligned, tiles)
        self.done[aligned.scan.name] = aligned, work
        return work

    def _matter(self, join: TileJoin, tiles: Tiles | TileRanges | None) -> Tiles:
        """The tiles of a joined layer in which some row can fulfil every condition on its values."""
        scan = join.aligned.scan
        work = self._provided(join.aligned, tiles)
        left = work.tiles
        for condition in scan.wanted:
            test = tile_test(condition, scan, self.values)
            if test is not None and work.selection is not None and left.size and work.paths:
                tests = [*work.selection.conditions, sql_test(test, scan.layer)]
                text = f"SELECT DISTINCT tile FROM {work.selection.scalars} WHERE {' AND '.join(tests)}"  # noqa: S608 - identifiers are quoted, constants are our own
                found = self.cursor.execute(text).fetchnumpy()["tile"]
                left = np.intersect1d(left, np.asarray(found, np.int64))
        return left

    # -------------------------------------------------------------- the very rows

    def _settle(self) -> None:
        """Find the rows that are left where conditions on values, or equal times, tell more than tiles do."""
        equal = [j.aligned for j in self.cells.joins if self._meets_at_equal_times(j)]
        together = [self.cells.driver, *equal] if equal else []
        kept = [self.done[a.scan.name][1].tiles_kept or 0 for a in together]
        if not any(a.scan.values for a in together) or max(kept) > _MANY:
            together = []
        alone = [a for a, _ in self.done.values() if a not in together and self._is_untold(a.scan)]
        rows = {a.scan.name: self._rows(a) for a in (*together, *alone)}
        self._at_equal_times(equal if together else [], rows)
        for name, found in rows.items():
            aligned, work = self.done[name]
            if len(found.tile) < (work.tiles_kept or 0) or self._is_untold(aligned.scan):
                scans.settle(self.cursor, aligned.scan, work, found)

    def _meets_at_equal_times(self, join: TileJoin) -> bool:
        scan, driver = join.aligned.scan, self.cells.driver.scan
        if join.match is None or join.match.kind != "equal" or join.match.clock != driver.source:
            return False
        timed = scan.layer.time is not None and driver.layer.time is not None
        return join.narrows and join.over is None and timed and scan.frozen is None and driver.frozen is None

    def _is_untold(self, scan: Scan) -> bool:
        """Whether a scan of files would decode arrays of rows that a condition on values leaves out."""
        test = every(tile_test(c, scan, self.values) for c in scan.values)
        return test is not None and not is_pushed(test)

    def _rows(self, aligned: Aligned) -> TileRows:
        _, work = self.done[aligned.scan.name]
        if work.selection is None or not work.paths:
            return TileRows(*(np.zeros(0, np.int64) for _ in range(4)))
        return work.selection.read_rows(self.cursor, aligned.scan.layer.time is not None)

    def _at_equal_times(self, joined: list[Aligned], rows: dict[str, TileRows]) -> None:
        """Leave of the driver's rows those that every joined layer has one for, and the other way round."""
        driver = self.cells.driver
        for keeping in (True, False):
            for aligned in joined:
                level = min(driver.scan.tile, aligned.scan.tile, aligned.resolution)
                mine, theirs = rows[driver.scan.name], rows[aligned.scan.name]
                here, there = _numbered((mine, driver.scan.tile), (theirs, aligned.scan.tile), level)
                if keeping:
                    rows[driver.scan.name] = mine.where(np.isin(here, there))
                else:
                    rows[aligned.scan.name] = theirs.where(np.isin(there, here))


def of_layer(aligned: Aligned, tiles: Tiles) -> Tiles:
    """The layer's tiles that meet the query's tiles."""
    own = aligned.scan.tile
    if own <= aligned.tile:
        return np.unique(parent(tiles, own)) if own < aligned.tile else tiles
    return np.sort(np.concatenate([subtiles(int(t), own) for t in tiles.tolist()])) if len(tiles) else tiles


def _query_tiles(aligned: Aligned, stored: Tiles) -> Tiles:
    """The query's tiles that rows lie in of a layer whose tiles are not coarser."""
    return np.unique(parent(stored, aligned.tile)) if aligned.scan.tile > aligned.tile else stored


def _numbered(left: tuple[TileRows, int], right: tuple[TileRows, int], level: int) -> tuple[Tiles, Tiles]:
    """Numbers of the tiles at a resolution and times of two layers' rows, equal where these are."""
    pairs = []
    for rows, own in (left, right):
        tile = parent(rows.tile, level) if own > level else rows.tile
        pairs.append(np.stack([tile, rows.time]))
    both = np.concatenate(pairs, axis=1)
    _, number = np.unique(both, axis=1, return_inverse=True)
    number = np.asarray(number, np.int64).reshape(-1)
    return number[: len(left[0].tile)], number[len(left[0].tile) :]

