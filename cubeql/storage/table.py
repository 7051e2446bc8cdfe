"""The seam to a table format: a log that alone says which files a layer consists of.

The rest of this room knows no more of Delta than this page, so that another format can take its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from cubeql.values.slotted import dataclass


class CommitConflict(Exception):  # noqa: N818
    """Another writer committed first: load the table again, decide again, retry."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A finished file of a table.

    Attributes:
        name: path relative to the table's folder, with ``/``.
        rows: its rows.
        bytes: its size.
        minimum: least value per scalar column; a column left out is unknown.
        maximum: greatest value, as ``minimum``.
        nulls: number of NULLs per scalar column.
    """

    name: str
    rows: int
    bytes: int
    minimum: Mapping[str, Any]
    maximum: Mapping[str, Any]
    nulls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Horizon:
    """From which version on a table can be read: files that only earlier versions need were removed.

    Attributes:
        first: the first version that can be read.
        time: when the others were vacuumed (UTC).
    """

    first: int
    time: datetime


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class TableState:
    """A table as one commit left it.

    Attributes:
        version: number of the commit, from 0.
        table_id: of the table.
        record: the layer record, JSON text.
        files: one row a file: ``path`` (relative), ``size_bytes``, ``num_records``, and per scalar column
            ``min.<column>``, ``max.<column>``, ``null_count.<column>``.
        horizon: which versions of the table can be read, as far as was known then; None for all.
    """

    version: int
    table_id: str
    record: str
    files: pa.Table
    horizon: Horizon | None = None


def data_files(state: TableState, names: Collection[str]) -> tuple[DataFile, ...]:
    """Files of a state by their names, with all that the log knows of them, in the state's order."""
    wanted = set(names)
    rows = (row for row in state.files.to_pylist() if row["path"] in wanted)
    return tuple(
        DataFile(
            row["path"],
            row["num_records"],
            row["size_bytes"],
            _known(row, "min."),
            _known(row, "max."),
            _known(row, "null_count."),
        )
        for row in rows
    )


def _known(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix) and v is not None}


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does, all of it or nothing.

    Attributes:
        what: one line for the history.
        record: the new layer record, None to keep the one that is.
        schema: columns of the files, given together with ``record``.
        adds: files that become part of the table.
        removes: names of files that stop being part of it (they stay on disk for earlier versions).
        rearranged: the rows are those that were there, in other files.
        horizon: which versions can be read from now on; given together with ``record``, None to keep what is.
    """

    what: str
    record: str | None = None
    schema: pa.Schema | None = None
    adds: tuple[DataFile, ...] = ()
    removes: tuple[str, ...] = ()
    rearranged: bool = False
    horizon: Horizon | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a commit added to a table and took from it; a row that was written anew counts on both sides."""

    rows_added: int = 0
    rows_removed: int = 0
    files_added: int = 0
    files_removed: int = 0
    bytes_added: int = 0
    bytes_removed: int = 0


def counts(base: TableState | None, change: Change) -> Counts:
    """What a change of a state adds and removes."""
    gone = data_files(base, change.removes) if base is not None and change.removes else ()
    return Counts(
        sum(f.rows for f in change.adds),
        sum(f.rows for f in gone),
        len(change.adds),
        len(gone),
        sum(f.bytes for f in change.adds),
        sum(f.bytes for f in gone),
    )


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A commit of a layer.

    Attributes:
        version: its number.
        time: when it was made (UTC).
        what: one line.
        counts: what it added and removed; None where the log does not say.
        readable: whether it still can be read; otherwise it was vacuumed.
    """

    version: int
    time: datetime
    what: str
    counts: Counts | None = None
    readable: bool = True


class TableFormat(Protocol):
    """Loading and committing of tables, each in a folder that no other table ever has."""

    def load(self, folder: str, version: int | None = None) -> TableState | None:
        """The table's latest or an earlier state; None where there is no table.

        Raises:
            StoreError: the log is damaged, or has no such version.
        """
        ...

    def is_current(self, folder: str, state: TableState) -> bool:
        """Whether a state is still the latest; costs one look-up."""
        ...

    def commit(self, folder: str, base: TableState | None, change: Change) -> int:
        """Make a change on top of a state (None: make the table); the new version's number.

        Raises:
            CommitConflict: the base is no longer the latest state.
            StoreError: the log cannot be written.
        """
        ...

    def every_file(self, folder: str, since: int = 0) -> set[str]:
        """Names of all files that any version of the table from one on refers to.

        Raises:
            StoreError: the log is damaged.
        """
        ...

    def history(self, folder: str) -> list[LayerVersion]:
        """All commits the log still holds, newest first."""
        ...
