"""Arrays of tile rows that stay in memory as they are computed with, so that a statement that comes again decodes none.

What costs most in a scan is to decode its arrays: about ten times what a mean of values that are decoded costs. Files
never change, so that what was decoded of them holds. A block is one column of one row group of a file; blocks go, those
asked for longest ago first, when they take more memory than they may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import duckdb
import numpy as np
import pyarrow as pa

from cubeql.engine.kept import Asked, Kept
from cubeql.engine.scancolumns import columns_of, is_scalar, stored_columns
from cubeql.engine.selecting import Integers, Selection
from cubeql.engine.tilekeys import TileKeys
from cubeql.plan.nodes import Scan
from cubeql.sql import quote
from cubeql.storage.rowgroups import RowGroups
from cubeql.values.tiles import slot_count

_MOST_ASKED = 65_536
_MOST_GROUPS = 16_384
"""Of a scan: a statement that reads more takes so long that it need not begin sooner."""
_MOST_ENDS = 16 * 2**20
_WHOLE = -1
"""Stands for all row groups of a file."""

Block = tuple[str, int, str]
"""Path, number of the row group, and column."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of a row group that follow each other."""

    path: str
    group: int
    first: int
    count: int


class ArrayBlocks:
    """Columns of row groups by file.

    They are kept the second time that a statement asks for them, where what the statement asks for takes no more
    than half of what all may.

    Args:
        most: bytes that all may take.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._asked: Asked[tuple[str, int, tuple[str, ...]]] = Asked(_MOST_ASKED)
        self._ends: Kept[str, Integers] = Kept(_MOST_ENDS, lambda ends: ends.nbytes)
        self._blocks: Kept[Block, pa.Array] = Kept(most, lambda block: block.nbytes)

    @property
    def bytes(self) -> int:
        """What they take."""
        return self._blocks.weight

    def limit(self, most: int) -> None:
        """Let all together take this many bytes from now on."""
        self._most = most
        self._blocks.limit(most)

    def query(
        self,
        cursor: duckdb.DuckDBPyConnection,
        scan: Scan,
        selection: Selection,
        keys: TileKeys,
        passes: bool,
        check: Callable[[], None],
    ) -> str | None:
        """A query of the rows of a scan that reads memory; None where the files have to be read.

        Args:
            cursor: where the relation that it reads is made.
            scan: the scan.
            selection: its rows.
            keys: tell where in a file the rows of some tiles lie.
            passes: the others that it meets are kept until its rows come.
            check: raises where the statement was stopped.
        """
        if not self._may_hold(scan, selection):
            return None
        scalars, arrays = stored_columns(scan, selection.tested)
        try:
            columns = (*scalars, *arrays)
            pieces, are_the_rows = self._pieces(cursor, selection, keys, columns)
            if not pieces or not self._fit(pieces, scan):
                return None
            batches = [*self._read(pieces, [*columns], check)]
        except (OSError, pa.ArrowException):  # the engine says what is wrong with the file
            return None
        name = f"{scan.name}$arrays"
        cursor.register(name, pa.Table.from_batches(batches))
        rows = _hidden(name, scalars, arrays, "" if are_the_rows else selection.where)
        if passes:
            rows = f"{rows} UNION ALL {_none(len(columns), sum(b.num_rows for b in batches))}"
        items = ", ".join((*columns_of(scan), *selection.flagged))
        return f"SELECT {items} FROM ({rows})"  # noqa: S608 - identifiers are quoted, constants are our own

    def _may_hold(self, scan: Scan, selection: Selection) -> bool:
        if not self._most or scan.frozen is not None or is_scalar(scan) or not len(selection.files):
            return False
        every = selection.rows is None and selection.within is None
        return (not every or selection.rows_of_files * row_bytes(scan) <= self._most // 2) and selection.are_complete

    def _fit(self, pieces: list[_Piece], scan: Scan) -> bool:
        """Whether the row groups that are read take no more than half of what all may."""
        read: dict[str, set[int]] = {}
        for piece in pieces:
            read.setdefault(piece.path, set()).add(piece.group)
        rows = sum(int(np.diff(self._ends_of(path), prepend=0)[[*groups]].sum()) for path, groups in read.items())
        return rows * row_bytes(scan) <= self._most // 2

    def _pieces(
        self, cursor: duckdb.DuckDBPyConnection, selection: Selection, keys: TileKeys, columns: tuple[str, ...]
    ) -> tuple[list[_Piece], bool]:
        """What to read, and whether that are the very rows, so that no condition need be asked; nothing the first time,
        or where it is not known which rows there are of some tiles."""
        paths, places = selection.paths, selection.places
        were_asked = self._asked.before({(path, _WHOLE, columns) for path in paths})
        if places is None and (selection.tiles or selection.times):
            places = keys.places_of(cursor, selection)
        if not were_asked or (places is None and selection.within is not None):
            return [], False
        are_the_rows = selection.rows is not None or (places is not None and not selection.values)
        pieces: list[_Piece] = []
        for at, path in enumerate(paths):
            ends = self._ends_of(path)
            found = np.arange(ends[-1] if len(ends) else 0) if places is None else places[at]
            pieces += _pieces_of(path, found, ends)
            if len(pieces) > _MOST_GROUPS:
                return [], False
        if places is not None and not self._asked.before({(p.path, p.group, columns) for p in pieces}):
            return [], False
        return pieces, are_the_rows

    def _ends_of(self, path: str) -> Integers:
        ends = self._ends.get(path)
        if ends is None:
            with RowGroups(path) as file:
                ends = file.ends
            self._ends.keep(path, ends)
        return ends

    def _read(self, pieces: list[_Piece], columns: list[str], check: Callable[[], None]) -> Iterator[pa.RecordBatch]:
        for path, own in groupby(pieces, lambda p: p.path):
            with RowGroups(path) as file:
                for group, few in groupby(own, lambda p: p.group):
                    check()
                    held = self._columns(file, path, group, columns)
                    batch = pa.RecordBatch.from_arrays([held[c] for c in columns], columns)
                    yield from (batch.slice(p.first, p.count) for p in few)

    def _columns(self, file: RowGroups, path: str, group: int, columns: list[str]) -> dict[str, pa.Array]:
        held = {c: block for c in columns if (block := self._blocks.get((path, group, c))) is not None}
        lacking = [c for c in columns if c not in held]
        if lacking:
            fresh = file.read(group, lacking)
            for column, block in fresh.items():
                self._blocks.keep((path, group, column), block)
            held |= fresh
        return held


def row_bytes(scan: Scan) -> int:
    """Bytes of the arrays in a row of files, about."""
    layer, overview = scan.layer, scan.overview
    each = [np.dtype(b.storage).itemsize for b in layer.bands if b.name in scan.bands]
    if overview is None:
        return sum(each) * slot_count(layer.resolution, scan.tile)
    return sum(12 + 2 * size for size in each) * slot_count(overview.resolution, scan.tile)


def _pieces_of(path: str, places: Integers, ends: Integers) -> Iterator[_Piece]:
    """Sorted places as runs of rows that follow each other in one row group."""
    if not len(places):
        return
    group = np.searchsorted(ends, places, "right")
    breaks = np.flatnonzero((np.diff(places) != 1) | (np.diff(group) != 0)) + 1
    for low, high in pairwise([0, *breaks.tolist(), len(places)]):
        number = int(group[low])
        start = int(ends[number - 1]) if number else 0
        yield _Piece(path, number, int(places[low]) - start, high - low)


def _hidden(name: str, scalars: list[str], arrays: list[str], where: str) -> str:
    """Rows in memory that fulfil conditions. Those on plain columns would be handed to Arrow, which copies the arrays
    beside them: so these columns are none."""
    plain = [f"[{quote(c)}][1] AS {quote(c)}" for c in scalars]
    return f"SELECT * FROM (SELECT {', '.join([*plain, *map(quote, arrays)])} FROM {quote(name)}){where}"  # noqa: S608 - as above


def _none(columns: int, rows: int) -> str:
    """No row; beside it the engine takes rows in memory for as many as they are, and for one else, so that it would
    keep them and let others pass. Of rows that a condition is asked of it guesses that a fifth fulfils it."""
    return f"SELECT {', '.join(['NULL'] * columns)} FROM range({5 * rows}) AS of(n) WHERE n < 0"  # noqa: S608 - as above
