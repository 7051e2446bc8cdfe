"""Keys of tile rows that stay in memory for the session: the tiles, times and counts of the rows of a file.

Every statement asks which tiles its layers have rows in, and how full these are. To read that costs the engine
mostly the opening of row groups, often more than a place's values do; files never change, so that
what was read of them holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine.kept import Asked, Kept
from cubeql.engine.selecting import Integers, Selection
from cubeql.grid.ranges import TileRanges
from cubeql.sql import quote

_MOST_BYTES = 32 * 2**20
_MOST_FILES = 256
_MOST_ROWS = 200_000
"""Of a selection: what has more is large enough for its keys to be read."""
_MOST_ASKED = 65_536
_ALL = "footprint__count"
_ROWS = ""  # no column's name


@dataclass(frozen=True, slots=True)
class StoredTiles:
    """What keys tell of tile rows.

    Attributes:
        tiles: that they lie in, sorted.
        rows: how many there are of each.
        is_whole: every slot of every row is a cell that has one.
        witness: the first of some bands that is valid at exactly the cells that have a row; None where there is none.
    """

    tiles: Integers
    rows: Integers
    is_whole: bool
    witness: str | None


class TileKeys:
    """Columns of keys and counts, by file.

    A file's are kept the second time that it is asked for: reading all of them costs more than those of one place.
    """

    def __init__(self) -> None:
        self._asked: Asked[tuple[str, bool]] = Asked(_MOST_ASKED)
        self._columns: Kept[tuple[str, str], Integers] = Kept(_MOST_BYTES, lambda column: column.nbytes)

    def of(
        self, cursor: duckdb.DuckDBPyConnection, selection: Selection, bands: tuple[str, ...], slots: int
    ) -> StoredTiles | None:
        """What keys tell of the rows of some tiles and times; None where it has to be asked of the files.

        Args:
            cursor: where files are read.
            selection: the rows.
            bands: those of which one may be the witness.
            slots: how many a tile has.
        """
        if selection.values:
            return None
        held = self._held(cursor, selection, (_ALL, *(f"{band}__count" for band in bands)))
        return None if held is None else _told(selection, held, bands, slots)

    def places_of(self, cursor: duckdb.DuckDBPyConnection, selection: Selection) -> list[Integers] | None:
        """Places in each file of the rows of some tiles and times; None where it has to be asked of the files."""
        held = self._held(cursor, selection, ())
        if held is None:
            return None
        kept = np.split(_kept(selection, held), np.cumsum(held[_ROWS])[:-1])
        return [np.flatnonzero(part).astype(np.int64) for part in kept]

    def _held(
        self, cursor: duckdb.DuckDBPyConnection, selection: Selection, counts: tuple[str, ...]
    ) -> dict[str, Integers] | None:
        """Columns of all rows of the files, one file after the other, and how many each has; None where they are not
        kept."""
        if not len(selection.files) or len(selection.files) > _MOST_FILES or selection.rows_of_files > _MOST_ROWS:
            return None
        paths = selection.paths
        if not self._asked.before([(path, not counts) for path in paths]):  # one statement may ask for both
            return None
        times = ("time",) if selection.snapshot.layer.time is not None else ()
        columns = ("tile", *times, *counts)
        held = {(path, column): self._columns.get((path, column)) for path in paths for column in columns}
        lacking = [n for n, path in enumerate(paths) if any(held[path, column] is None for column in columns)]
        if lacking:
            for (number, column), values in _read(cursor, selection, selection.files[lacking], columns).items():
                own = paths[lacking[number]], column
                self._columns.keep(own, values)
                held[own] = values
        parts = {column: [p for path in paths if (p := held[path, column]) is not None] for column in columns}
        found = {column: np.concatenate(of_files) for column, of_files in parts.items()}
        return found | {_ROWS: np.array([len(p) for p in parts["tile"]], np.int64)}


def _read(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, files: Integers, columns: tuple[str, ...]
) -> dict[tuple[int, str], Integers]:
    """Columns of files by the files' numbers, in the order of their rows."""
    items = [f"epoch_us(time) AS {quote(c)}" if c == "time" else quote(c) for c in columns]
    listed = ", ".join([*items, "file_index::BIGINT AS f", "file_row_number AS n"])
    found = cursor.execute(f"SELECT {listed} FROM {selection.source_of(files)}").fetchnumpy()  # noqa: S608 - identifiers are quoted, constants are our own
    order = np.lexsort((found["n"], found["f"]))
    ends = np.cumsum(np.bincount(np.asarray(found["f"], np.int64), minlength=len(files)))[:-1]
    parts = {c: np.split(np.asarray(found[c], np.int64)[order], ends) for c in columns}
    return {(number, c): part for c in columns for number, part in enumerate(parts[c])}


def _kept(selection: Selection, held: dict[str, Integers]) -> NDArray[np.bool_]:
    """Which of the held rows tiles and times select."""
    kept = _of_tiles(held["tile"], selection.within)
    if "time" in held:
        kept &= selection.span.contains(held["time"].view("datetime64[us]"))
    return kept


def _told(selection: Selection, held: dict[str, Integers], bands: tuple[str, ...], slots: int) -> StoredTiles:
    """What held rows tell, of those that tiles and times select."""
    kept = _kept(selection, held)
    tiles, rows = np.unique(held["tile"][kept], return_counts=True)
    cells = held[_ALL][kept]
    witness = next((band for band in bands if np.array_equal(held[f"{band}__count"][kept], cells)), None)
    return StoredTiles(tiles, rows, bool(np.all(cells == slots)), witness)


def _of_tiles(tile: Integers, within: Integers | TileRanges | None) -> NDArray[np.bool_]:
    if within is None:
        return np.ones(len(tile), np.bool_)
    return within.hold(tile) if isinstance(within, TileRanges) else np.isin(tile, within)
