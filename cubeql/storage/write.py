"""Writing a layer: blocks go in, files go to disk, and one commit at the end makes them the layer's.

Until that commit nobody sees anything of it. Rows stay as they were given until then: conflicts with rows of
the layer are settled against the state the commit is made on, and anew when another writer was faster.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.blocks import Key, TileBlock, checked, merged
from cubeql.storage.columns import layer_schema
from cubeql.storage.decode import decode, read_groups, read_keys
from cubeql.storage.disk import remove_file
from cubeql.storage.keys import describe_key, files_near, key_rows, key_table, rows_in
from cubeql.storage.records import check_append, check_layer, combined, record_layer, record_text
from cubeql.storage.rowbuffer import WrittenFile, rewrite, write_blocks
from cubeql.storage.table import Change, CommitConflict, DataFile, TableFormat, TableState

Mode = Literal["create", "replace", "append"]
OnConflict = Literal["error", "merge", "replace"]

BUFFER_BYTES = 256 * 1024 * 1024
ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the commit does on one base: its change, and the files made only for it."""

    adds: tuple[DataFile, ...]
    removes: tuple[str, ...]
    made: tuple[str, ...]


class LayerWrite:
    """One write of a layer; made by :meth:`cubeql.storage.Store.write` and used in a ``with`` statement.

    Leaving the ``with`` cleanly commits everything at once. An exception leaves the layer as it was and
    removes the files.

    Attributes:
        rows: rows added so far that will be stored (tiles without a valid cell are not).
        bytes: bytes of the files written so far.
        version: the version committed; None before.
    """

    def __init__(
        self,
        tables: TableFormat,
        folder: Address,
        layer: Layer,
        mode: Mode,
        on_conflict: OnConflict,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        check_layer(layer)
        self._tables, self._folder, self._mode, self._on_conflict = tables, folder, mode, on_conflict
        self._top = local_path(folder)
        self._begin = tables.load(folder)
        self._given = layer
        self._before = self._check_mode(self._begin)
        self._buffer: dict[Key, TileBlock] = {}
        self._buffered = 0
        self._buffer_bytes = buffer_bytes
        self._files: list[WrittenFile] = []
        self.rows = 0
        self.bytes = 0
        self.version: int | None = None

    def _check_mode(self, state: TableState | None) -> Layer | None:
        name = self._given.name
        if self._mode == "create" and state is not None:
            raise StoreError(f"the layer {name} exists already; append to it, replace it, or drop it first")
        if self._mode == "append":
            if state is None:
                raise StoreError(f"there is no layer {name} to append to; create it first")
            stored = record_layer(state.record, state.version, str(self._folder))
            check_append(stored, self._given)
            return stored
        return None

    def add(self, block: TileBlock) -> None:
        """Add a row; its arrays are copied.

        Raises:
            StoreError: it does not fit the layer, its key was added before (``on_conflict="error"``), or the
                disk refuses.
        """
        row = checked(self._given, block)
        if row is None:
            return
        known = self._buffer.get(row.key)
        if known is None:
            self.rows += 1
            self._buffered += row.nbytes
        elif self._on_conflict == "error":
            raise StoreError(
                f"layer {self._given.name}: {describe_key(self._given, row.key)} was added twice"
            )
        self._buffer[row.key] = merged(known, row) if known and self._on_conflict == "merge" else row
        if self._buffered >= self._buffer_bytes:
            self._flush()

    def __enter__(self) -> LayerWrite:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._flush()
            self._commit()
        except BaseException:
            self._discard()
            raise

    def _flush(self) -> None:
        if not self._buffer:
            return
        keys = key_table(self._given, list(self._buffer.values()))
        for i, written in enumerate(list(self._files)):
            shared = rows_in(written.keys, keys)
            if shared.any():
                self._settle_within(i, written, shared)
        self._files = [written for written in self._files if written.file.rows]
        for written in write_blocks(self._given, self._top, self._buffer):
            self._files.append(written)
            self.bytes += written.file.bytes
        self._buffer, self._buffered = {}, 0

    def _settle_within(self, i: int, written: WrittenFile, shared: NDArray[np.bool_]) -> None:
        """Rows added again after their first version went to disk: into the buffer with them, or out of the file."""
        layer = self._given
        twice = written.keys.filter(pa.array(shared))
        if self._on_conflict == "error":
            key = key_rows(layer, twice)[0]
            raise StoreError(f"layer {layer.name}: {describe_key(layer, key)} was added twice")
        self.rows -= twice.num_rows
        path = self._top / written.file.name
        if self._on_conflict == "merge":
            for rows in read_groups(path, layer, lambda keys: rows_in(keys, twice)):
                for old in decode(layer, rows, path):
                    self._buffer[old.key] = merged(old, self._buffer[old.key])
        kept = self._without(written.file.name, twice)
        remove_file(path, self._top)
        gone = DataFile(written.file.name, 0, 0, {}, {}, {})
        self._files[i] = WrittenFile(kept or gone, written.keys.filter(pa.array(~shared)))

    def _without(self, name: str, keys: pa.Table) -> DataFile | None:
        path = self._top / name
        return rewrite(
            self._given, self._top, read_groups(path, self._given, lambda rows: ~rows_in(rows, keys))
        )

    def _commit(self) -> None:
        base = self._begin
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
            if attempt or (base is not None and not self._tables.is_current(self._folder, base)):
                base = self._reload()
            settled = self._settle(base)
            try:
                self.version = self._tables.commit(self._folder, base, self._change(base, settled))
            except CommitConflict:
                self._remove(settled.made)
                continue
            committed = {file.name for file in settled.adds}
            self._remove(tuple(w.file.name for w in self._files if w.file.name not in committed))
            return
        raise StoreError(f"layer {self._given.name}: other writers were faster {ATTEMPTS} times; try again")

    def _reload(self) -> TableState | None:
        state = self._tables.load(self._folder)
        self._check_mode(state)
        # A table dropped and made again has another identity: the files written for the old one went with it.
        if self._begin is not None and (state is None or state.table_id != self._begin.table_id):
            raise StoreError(f"the layer {self._given.name} was dropped while it was being written")
        return state

    def _change(self, base: TableState | None, settled: _Settled) -> Change:
        layer = self._record(base)
        text = record_text(layer)
        fresh = base is None or self._mode == "replace" or text != base.record
        verb = {"create": "create", "replace": "replace", "append": "append"}[self._mode]
        return Change(
            what=f"{verb}: {self.rows} rows, {len(settled.adds)} files added, {len(settled.removes)} removed",
            record=text if fresh else None,
            schema=layer_schema(layer) if fresh else None,
            adds=settled.adds,
            removes=settled.removes,
        )

    def _record(self, base: TableState | None) -> Layer:
        if base is None or self._before is None:
            return self._given
        latest = record_layer(base.record, base.version, str(self._folder))
        return combined(self._before, self._given, latest)

    def _settle(self, base: TableState | None) -> _Settled:
        own = tuple(written.file for written in self._files)
        if base is None:
            return _Settled(own, (), ())
        if self._mode == "replace":
            return _Settled(own, tuple(base.files["path"].to_pylist()), ())
        conflicts = list(self._conflicts(base))
        if not conflicts:
            return _Settled(own, (), ())
        if self._on_conflict == "error":
            _, keys = conflicts[0]
            key = key_rows(self._given, keys)[0]
            raise StoreError(
                f"layer {self._given.name} has a row for {describe_key(self._given, key)} already; "
                "merge into it or replace it"
            )
        made: list[DataFile] = []
        try:
            return self._rewritten(conflicts, made)
        except BaseException:
            self._remove(tuple(file.name for file in made))
            raise

    def _conflicts(self, base: TableState) -> Iterator[tuple[str, pa.Table]]:
        """Files of the layer with rows of the same keys as rows being written, and those keys."""
        if not self._files:
            return
        ours = pa.concat_tables([written.keys for written in self._files])
        names = base.files["path"]
        for i in files_near(base.files, ours):
            name = names[int(i)].as_py()
            theirs = read_keys(self._top / name, self._given)
            shared = rows_in(theirs, ours)
            if shared.any():
                yield name, theirs.filter(pa.array(shared))

    def _rewritten(self, conflicts: list[tuple[str, pa.Table]], made: list[DataFile]) -> _Settled:
        """Conflicting rows taken out of the layer's files and, to be merged, out of our own too."""
        keep: Callable[[DataFile | None], None] = lambda file: made.append(file) if file else None  # noqa: E731
        for name, keys in conflicts:
            keep(self._without(name, keys))
        adds = [written.file for written in self._files]
        if self._on_conflict == "merge":
            shared = pa.concat_tables([keys for _, keys in conflicts])
            adds = []
            for written in self._files:
                if rows_in(written.keys, shared).any():
                    keep(self._without(written.file.name, shared))
                else:
                    adds.append(written.file)
            for name, keys in conflicts:
                for result in self._merged_with(name, keys):
                    keep(result.file)
        removes = tuple(name for name, _ in conflicts)
        return _Settled((*adds, *made), removes, tuple(file.name for file in made))

    def _merged_with(self, name: str, keys: pa.Table) -> Iterator[WrittenFile]:
        """New files of the rows that a file of the layer and our own files both hold."""
        merging: dict[Key, TileBlock] = {}
        size = 0
        for old in self._rows(name, keys):
            merging[old.key] = old
            size += old.nbytes
            if size >= self._buffer_bytes:
                yield from self._merge_ours(merging)
                merging, size = {}, 0
        if merging:
            yield from self._merge_ours(merging)

    def _merge_ours(self, old: dict[Key, TileBlock]) -> Iterator[WrittenFile]:
        keys = key_table(self._given, list(old.values()))
        for written in self._files:
            if rows_in(written.keys, keys).any():
                for new in self._rows(written.file.name, keys):
                    old[new.key] = merged(old[new.key], new)
        yield from write_blocks(self._given, self._top, old)

    def _rows(self, name: str, keys: pa.Table) -> Iterator[TileBlock]:
        path = self._top / name
        for rows in read_groups(path, self._given, lambda found: rows_in(found, keys)):
            yield from decode(self._given, rows, path)

    def _remove(self, names: tuple[str, ...]) -> None:
        for name in names:
            remove_file(self._top / name, self._top)

    def _discard(self) -> None:
        """Remove every file of this write, and the layer's folder if it was never committed."""
        self._remove(tuple(written.file.name for written in self._files))
        self._files, self._buffer = [], {}
        if self._begin is None and not self._tables.exists(self._folder):
            _remove_empty(self._folder)


def _remove_empty(folder: Address) -> None:
    top = local_path(folder)
    for part in (top / "data", top / "_delta_log", top):
        try:
            part.rmdir()
        except OSError:
            continue
