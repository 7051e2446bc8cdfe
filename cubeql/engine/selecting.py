"""What is read of a layer's tile files: files, and the rows in them, by what they hold or by their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine.tilefiles import source_of
from cubeql.grid.ranges import TileRanges
from cubeql.plan.nodes import ALWAYS
from cubeql.sql import quote
from cubeql.storage import Snapshot
from cubeql.values.times import TimeRange

# ruff: noqa: S608 - identifiers are quoted, constants are our own

MOST_ROWS = 20_000
"""Up to so many rows are named by their places; more are told by what they hold."""

MOST_PARTS = 256
"""Up to so many files are read one by one, each with the places of its rows."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TileRows:
    """Rows of tile files.

    Attributes:
        tile: of each row.
        time: of each row in microseconds, 0 without time.
        file: number of the file that each lies in, among those of a selection.
        place: of each row in its file.
    """

    tile: Integers
    time: Integers
    file: Integers
    place: Integers

    def where(self, chosen: NDArray[np.bool_]) -> TileRows:
        """Those of the rows."""
        return TileRows(self.tile[chosen], self.time[chosen], self.file[chosen], self.place[chosen])


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a layer can matter.

    Attributes:
        snapshot: the layer.
        files: numbers of those of its files that can hold a row of it.
        tiles: conditions on the tile of a row.
        times: conditions on its time.
        values: conditions on the least and greatest values and the classes of a row.
        rows: the very rows, once they are known; ``file`` numbers those of the files that hold some, in order.
        flags: (test, name) of further columns that tell whether a row passes.
        within: the tiles that ``tiles`` is about; None for all.
        span: the times that ``times`` is about.
        held: relation of the keys and summaries of all rows in the files, where it is in memory.
        tested: bands whose summaries ``values`` and ``flags`` are about.
    """

    snapshot: Snapshot
    files: Integers
    tiles: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    rows: TileRows | None = None
    flags: tuple[tuple[str, str], ...] = ()
    within: Integers | TileRanges | None = None
    span: TimeRange = ALWAYS
    held: str | None = None
    tested: frozenset[str] = frozenset()

    @property
    def flagged(self) -> list[str]:
        """The further columns."""
        return [f"{test} AS {quote(name)}" for test, name in self.flags]

    @property
    def unflagged(self) -> list[str]:
        """The same, of no rows."""
        return [f"NULL::BOOLEAN AS {quote(name)}" for _, name in self.flags]

    @property
    def source(self) -> str:
        """The table function that reads the files."""
        return self.source_of(self.files)

    @property
    def paths(self) -> list[str]:
        """The files."""
        return self._told("path", self.files)

    @property
    def scalars(self) -> str:
        """What columns of one value a row are read of: memory, or the files."""
        return self.source if self.held is None else self.held

    @property
    def rows_of_files(self) -> int:
        """How many rows the files have."""
        return int(self.snapshot.bounds("rows")[0][self.files].sum())

    @property
    def sizes(self) -> dict[str, int]:
        """The files and their bytes."""
        return dict(zip(self.paths, self._told("bytes", self.files), strict=True))

    @property
    def where(self) -> str:
        """``WHERE`` with all conditions, or nothing."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""

    @property
    def is_whole(self) -> bool:
        """Whether all rows of the files are read."""
        return self.rows is None and not self.conditions

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions on stored columns."""
        return (*self.times, *self.tiles, *self.values)

    def queries(self, columns: str, stored: bool = True) -> Iterator[str]:
        """Queries that together read the rows, of the files unless memory is told (not ``stored``)."""
        if self.rows is None:
            yield f"SELECT {columns} FROM {self.source if stored else self.scalars}{self.where}"
            return
        for at, places in enumerate(self.places or ()):
            yield f"SELECT {columns} FROM {self.source_of(self.files[at : at + 1])} WHERE {_at(places)}"

    @property
    def places(self) -> list[Integers] | None:
        """The sorted places of the rows in each of the files, once these are known."""
        if self.rows is None:
            return None
        return [np.sort(self.rows.place[self.rows.file == number]) for number in np.unique(self.rows.file).tolist()]

    @property
    def are_complete(self) -> bool:
        """Whether all files have all bands of the layer."""
        return not any(self._told("lacks", self.files))

    def all_rows(self, columns: list[str]) -> str:
        """The query of columns and places of all rows in the files."""
        return f"SELECT {', '.join(columns)}, file_index::BIGINT AS file_index, file_row_number FROM {self.source}"

    def source_of(self, numbers: Integers) -> str:
        """The table function that reads some of the layer's files."""
        return source_of(self.snapshot.layer, self._told("path", numbers), self._told("lacks", numbers))

    def _told(self, column: str, numbers: Integers) -> list[Any]:
        """What a column says of some files; Arrow's own ``take`` would load a library that nothing else here needs."""
        found = self.snapshot.files[column]
        return [found[number].as_py() for number in numbers.tolist()]

    def read_rows(self, cursor: duckdb.DuckDBPyConnection, timed: bool) -> TileRows:
        """The rows, from columns of keys and summaries alone."""
        time = "epoch_us(time)" if timed else "0"
        items = f"tile, {time} AS t, file_index::BIGINT AS f, file_row_number AS n"
        text = f"SELECT {items} FROM {self.scalars}{self.where}"
        found = cursor.execute(text).fetchnumpy()
        return TileRows(*(np.asarray(found[c], np.int64) for c in ("tile", "t", "f", "n")))


def _at(places: Integers) -> str:
    """The condition on rows at these sorted places of a file."""
    if len(places) == int(places[-1] - places[0]) + 1:
        return f"file_row_number BETWEEN {places[0]} AND {places[-1]}"
    return f"file_row_number IN ({', '.join(map(str, places.tolist()))})"
