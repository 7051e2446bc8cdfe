"""How many tiles a prepared statement reads, and how many of them are done with while it runs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cubeql.engine.marks import Marks, in_hand, shift
from cubeql.engine.prepared import Prepared
from cubeql.engine.scans import ScanWork, work_stats
from cubeql.plan.nodes import Scan
from cubeql.sql import quote
from cubeql.storage.columns import row_group_rows
from cubeql.values.tiles import slot_count

FEWEST_CELLS = 10_000_000
"""A statement that reads fewer is over in a moment: its tiles are not counted."""
_MARKS = 128
_FEWEST_MARKED_TILES = 8
_VECTOR_ROWS = 2048


class Counted:
    """The tile rows of a statement, counted from the moment this is made.

    Attributes:
        all: how many it reads.
        marks: of each scan that is counted, by the scan's name.
    """

    def __init__(self, prepared: Prepared, fewest_cells: int = FEWEST_CELLS) -> None:
        works = {w.name: w for w in prepared.works if w.unit == "tiles"}
        scans = [s for s in prepared.compiled.statement.scans if isinstance(s, Scan) and s.name in works]
        self.all = work_stats(prepared.works)["tiles_kept"]
        self._before = sum(w.tiles_kept or 0 for w in works.values() if w.zones is not None)
        self.marks: dict[str, Marks] = {}
        if sum((works[s.name].tiles_kept or 0) * _values(s) for s in scans) < fewest_cells:
            return
        for scan in scans:
            # What reads scalars alone, such as the list of tiles, reads them first.
            passes = prepared.compiled.sql.count(quote(scan.name))
            marks = _marked(scan, works[scan.name], passes)
            if marks is not None:
                self.marks[scan.name] = marks

    @property
    def conditions(self) -> dict[str, str]:
        """What counts the marks among the rows of a scan, by its name."""
        return {name: marks.condition for name, marks in self.marks.items()}

    @property
    def numbers(self) -> dict[int, str]:
        """The scans by the number their marks are counted by."""
        return {marks.number: name for name, marks in self.marks.items()}

    def done(self) -> int:
        """How many tile rows are done with."""
        return self._before + sum(marks.done for marks in self.marks.values())


def _values(scan: Scan) -> int:
    """Values of a band in a tile row, as it is read."""
    return slot_count(scan.layer.resolution if scan.overview is None else scan.overview.resolution, scan.tile)


def _marked(scan: Scan, work: ScanWork, passes: int) -> Marks | None:
    """The marks of a scan, set out; None where it reads nothing."""
    rows = work.tiles_kept or 0
    if not work.paths or not rows:
        return None
    places = work.tiles >> shift(scan)
    every = _every(work.rows_of_tiles, scan.overview is None)
    total = int(work.rows_of_tiles[places % every == 0].sum())
    if not total or int(work.rows_of_tiles.sum()) != rows:  # the latter: a frozen layer with dimensions
        total, passes = rows, 10**6  # never counted
    chunk = min(_VECTOR_ROWS, row_group_rows(slot_count(scan.layer.resolution, scan.tile)))
    found = Marks(rows, total, in_hand(chunk, every), (passes - 1) * total)
    found.set_out(scan, every)
    return found


def _every(rows: NDArray[np.int64], arrays: bool) -> int:
    """Of how many tiles one is a mark: few calls where rows are read fast, some tiles at least where they are not."""
    every = math.ceil(int(rows.sum()) / _MARKS)
    every = min(every, len(rows) // _FEWEST_MARKED_TILES) if arrays else every
    return every | 1  # odd: places are written in digits of base eight
