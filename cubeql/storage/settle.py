"""Conflicts: rows being written whose key a row of the layer has already, and what becomes of both.

Files are never changed. A file of the layer that loses rows is written anew without them; rows to be merged
are made from both sides as files of their own. The rows as they were given stay on disk until the commit, so
that everything here can be done again on a newer state of the layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import Outpaced, StoreError
from cubeql.storage.blocks import COMBINE, Key, TileBlock
from cubeql.storage.committing import Settled
from cubeql.storage.decode import decode, read_groups, read_keys
from cubeql.storage.keys import describe_key, files_near, files_within, key_rows, key_table, rows_in
from cubeql.storage.rowbuffer import WrittenFile, rewrite, write_blocks
from cubeql.storage.table import DataFile, TableState
from cubeql.storage.tablefiles import TableFiles

OnConflict = Literal["error", "merge", "replace", "insert", "overwrite"]


@dataclass(frozen=True, slots=True)
class Cleared:
    """Rows of the layer that leave it whether others take their places or not.

    Attributes:
        spans: times from which on and before which; None for all rows.
    """

    spans: tuple[tuple[np.datetime64, np.datetime64], ...] | None

    def files(self, files: pa.Table) -> NDArray[np.int64]:
        """Which files (rows of a table state's file table) may hold some."""
        return np.arange(files.num_rows) if self.spans is None else files_within(files, self.spans)

    def rows(self, keys: pa.Table) -> NDArray[np.bool_]:
        """Which of the rows are to leave."""
        if self.spans is None:
            return np.ones(keys.num_rows, np.bool_)
        times = keys["time"].cast(pa.timestamp("us")).to_numpy()
        found = np.zeros(keys.num_rows, np.bool_)
        for start, end in self.spans:
            found |= (times >= start) & (times < end)
        return found


class Settler:
    """Settles the conflicts of one write."""

    def __init__(self, layer: Layer, files: TableFiles, on_conflict: OnConflict, buffer_bytes: int) -> None:
        """Settle for a layer with these files, holding up to ``buffer_bytes`` of rows."""
        self.layer, self._table, self._on_conflict, self._buffer_bytes = layer, files, on_conflict, buffer_bytes
        self._combine = COMBINE.get(on_conflict)
        self._keys_of: dict[str, pa.Table] = {}
        self.cleared: Cleared | None = None

    def check(self, state: TableState, keys: pa.Table) -> None:
        """Refuse keys the layer has, where conflicts are errors: early, before much is written.

        Raises:
            StoreError: names a row that is there already.
        """
        if self._on_conflict == "error":
            for _, shared in self._conflicts(state, keys):
                raise self._there_already(shared)

    def settle(self, state: TableState, files: Sequence[WrittenFile], into: Settled) -> None:
        """Fill in what a commit of the files on a state does.

        Raises:
            StoreError: a row is there already and conflicts are errors; a file of the layer cannot be read.
        """
        ours = [written.keys for written in files] or [key_table(self.layer, [])]
        conflicts = list(self._conflicts(state, pa.concat_tables(ours)))
        if conflicts and self._on_conflict == "error":
            raise self._there_already(conflicts[0][1])
        into.removes += [name for name, _ in conflicts]
        for name, keys in conflicts:
            into.make(self._without(name, keys))
        if self._on_conflict == "replace" or not conflicts:
            into.adds += [written.file for written in files]
        else:
            self._merge(conflicts, files, into)

    def check_cleared(self, begin: TableState, state: TableState) -> None:
        """Refuse to clear rows that were not there when the write began.

        Raises:
            StoreError: another writer has committed rows of the cleared times meanwhile.
        """
        if self.cleared is None or state.version == begin.version:
            return
        known = set(begin.files["path"].to_pylist())
        for i in self.cleared.files(state.files):
            name = state.files["path"][int(i)].as_py()
            if name not in known and self.cleared.rows(self._keys(name)).any():
                raise Outpaced(
                    f"layer {self.layer.name}: another writer has committed rows of the times that are to be replaced; "
                    "run it again"
                )

    def settle_within(self, files: list[WrittenFile], buffer: dict[Key, TileBlock]) -> int:
        """Rows of the buffer whose key was written to a file before: the file loses them.

        Args:
            files: files of this write, changed in place.
            buffer: rows not yet written, changed in place.

        Returns:
            How many keys were in both.

        Raises:
            StoreError: there is one and conflicts are errors.
        """
        keys = key_table(self.layer, list(buffer.values()))
        twice = 0
        for i, written in enumerate(files):
            shared = rows_in(written.keys, keys)
            if shared.any():
                files[i] = self._taken_out(written, written.keys.filter(pa.array(shared)), buffer)
                twice += int(shared.sum())
        files[:] = [written for written in files if written.file.rows]
        return twice

    def twice(self, key: Key) -> StoreError:
        """The error of a row added twice."""
        return StoreError(f"layer {self.layer.name}: {describe_key(self.layer, key)} was added twice")

    def _taken_out(self, written: WrittenFile, keys: pa.Table, buffer: dict[Key, TileBlock]) -> WrittenFile:
        if self._on_conflict == "error":
            raise self.twice(key_rows(self.layer, keys)[0])
        if self._combine is not None:
            for old in self._rows(written.file.name, keys):
                buffer[old.key] = self._combine(self.layer, old, buffer[old.key])
        kept = self._without(written.file.name, keys)
        self._table.remove([written.file.name])
        left = written.keys.filter(pa.array(~rows_in(written.keys, keys)))
        return WrittenFile(kept or DataFile(written.file.name, 0, 0, {}, {}, {}), left)

    def _there_already(self, keys: pa.Table) -> StoreError:
        found = describe_key(self.layer, key_rows(self.layer, keys)[0])
        return StoreError(
            f"layer {self.layer.name} has a row for {found} already; merge into it or replace it "
            "(on_conflict), or leave it out"
        )

    def _conflicts(self, state: TableState, ours: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        """Files of the layer with rows whose keys are among ours or are to be cleared, and those keys."""
        names = state.files["path"]
        near = files_near(state.files, ours)
        if self.cleared is not None:
            near = np.union1d(near, self.cleared.files(state.files))
        for i in near:
            name = names[int(i)].as_py()
            theirs = self._keys(name)
            shared = rows_in(theirs, ours)
            if self.cleared is not None:
                shared |= self.cleared.rows(theirs)
            if shared.any():
                yield name, theirs.filter(pa.array(shared))

    def _keys(self, name: str) -> pa.Table:
        if name not in self._keys_of:
            self._keys_of[name] = read_keys(self._table, name, self.layer)
        return self._keys_of[name]

    def _merge(self, conflicts: Sequence[tuple[str, pa.Table]], files: Sequence[WrittenFile], into: Settled) -> None:
        shared = pa.concat_tables([keys for _, keys in conflicts])
        touched = [written for written in files if rows_in(written.keys, shared).any()]
        names = {written.file.name for written in touched}
        into.adds += [written.file for written in files if written.file.name not in names]
        for written in touched:
            into.make(self._without(written.file.name, shared))
        for name, keys in conflicts:
            for batch in self._batches(self._rows(name, keys)):
                for result in self._merged_with(batch, touched):
                    into.make(result.file)

    def _batches(self, rows: Iterator[TileBlock]) -> Iterator[dict[Key, TileBlock]]:
        batch: dict[Key, TileBlock] = {}
        size = 0
        for row in rows:
            batch[row.key] = row
            size += row.nbytes
            if size >= self._buffer_bytes:
                yield batch
                batch, size = {}, 0
        if batch:
            yield batch

    def _merged_with(self, old: dict[Key, TileBlock], files: Sequence[WrittenFile]) -> Iterator[WrittenFile]:
        assert self._combine is not None
        keys = key_table(self.layer, list(old.values()))
        for written in files:
            if rows_in(written.keys, keys).any():
                for new in self._rows(written.file.name, keys):
                    old[new.key] = self._combine(self.layer, old[new.key], new)
        yield from write_blocks(self.layer, self._table, old)

    def _rows(self, name: str, keys: pa.Table) -> Iterator[TileBlock]:
        for rows in read_groups(self._table, name, self.layer, lambda found: rows_in(found, keys)):
            yield from decode(self.layer, rows, self._table.uri(name))

    def _without(self, name: str, keys: pa.Table) -> DataFile | None:
        groups = read_groups(self._table, name, self.layer, lambda rows: ~rows_in(rows, keys))
        return rewrite(self.layer, self._table, groups)
