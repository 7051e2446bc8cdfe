"""Writing a layer: blocks go in, files go to disk, and one commit at the end makes them the layer's.

Until that commit nobody sees anything of it. Rows stay as they were given until then: conflicts with rows of
the layer are settled against the state the commit is made on, and anew when another writer was faster.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Literal

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.blocks import Key, TileBlock, checked, merged
from cubeql.storage.columns import layer_schema
from cubeql.storage.disk import remove_file, remove_folders
from cubeql.storage.keys import key_table
from cubeql.storage.records import check_append, check_layer, combined, record_layer, record_text
from cubeql.storage.rowbuffer import WrittenFile, write_blocks
from cubeql.storage.settle import OnConflict, Settled, Settler
from cubeql.storage.table import Change, CommitConflict, TableFormat, TableState

Mode = Literal["create", "replace", "append"]
MODES = ("create", "replace", "append")
ON_CONFLICT = ("error", "merge", "replace")

ATTEMPTS = 100


class LayerWrite:
    """One write of a layer; made by :meth:`cubeql.storage.Store.write` and used in a ``with`` statement.

    Leaving the ``with`` cleanly commits everything at once. An exception leaves the layer as it was and
    removes the files. For one thread only; several writes of one layer may run at once.

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
        buffer_bytes: int,
    ) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        if mode not in MODES or on_conflict not in ON_CONFLICT:
            raise ValueError(
                f"mode is one of {MODES}, on_conflict of {ON_CONFLICT}; not {(mode, on_conflict)}"
            )
        check_layer(layer)
        self._tables, self._folder, self._layer, self._mode = tables, folder, layer, mode
        self._top = local_path(folder)
        self._begin = tables.load(folder)
        self._before = self._stored(self._begin)
        self._settler = Settler(layer, self._top, on_conflict, buffer_bytes)
        self._on_conflict = on_conflict
        self._buffer: dict[Key, TileBlock] = {}
        self._buffered = 0
        self._buffer_bytes = buffer_bytes
        self._files: list[WrittenFile] = []
        self._settled = Settled()
        self.rows = 0
        self.bytes = 0
        self.version: int | None = None

    def add(self, block: TileBlock) -> None:
        """Add a row; its arrays are copied.

        Raises:
            StoreError: it does not fit the layer, its key was added before or is in the layer
                (``on_conflict="error"``; told at the commit at the latest), or the disk refuses.
        """
        row = checked(self._layer, block)
        if row is None:
            return
        key = row.key
        known = self._buffer.get(key)
        if known is None:
            self.rows += 1
            self._buffered += row.nbytes
        elif self._on_conflict == "error":
            raise self._settler.twice(key)
        elif self._on_conflict == "merge":
            row = merged(known, row)
        self._buffer[key] = row
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
        if self._begin is not None and self._mode == "append":
            self._settler.check(self._begin, key_table(self._layer, list(self._buffer.values())))
        self.rows -= self._settler.settle_within(self._files, self._buffer)
        for written in write_blocks(self._layer, self._top, self._buffer):
            self._files.append(written)
            self.bytes += written.file.bytes
        self._buffer, self._buffered = {}, 0

    def _commit(self) -> None:
        base = self._begin
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
            if attempt or base is None or not self._tables.is_current(self._folder, base):
                base = self._reloaded()
            self._settle(base)
            try:
                self.version = self._tables.commit(self._folder, base, self._change(base))
            except CommitConflict:
                self._remove(self._settled.made)
                continue
            added = {file.name for file in self._settled.adds}
            self._remove(written.file.name for written in self._files if written.file.name not in added)
            return
        raise StoreError(f"layer {self._layer.name}: other writers were faster {ATTEMPTS} times; try again")

    def _stored(self, state: TableState | None) -> Layer | None:
        """The record to append to; refuses what the mode does not allow on a state."""
        name = self._layer.name
        if self._mode == "create" and state is not None:
            raise StoreError(f"the layer {name} exists already; append to it, replace it, or drop it first")
        if self._mode != "append":
            return None
        if state is None:
            raise StoreError(f"there is no layer {name} to append to; create it first")
        stored = record_layer(state.record, state.version, str(self._folder))
        check_append(stored, self._layer)
        return stored

    def _reloaded(self) -> TableState | None:
        state = self._tables.load(self._folder)
        # A table dropped and made again has another identity: the files written for the old one went with it.
        if self._begin is not None and (state is None or state.table_id != self._begin.table_id):
            raise StoreError(f"the layer {self._layer.name} was dropped while it was being written")
        self._stored(state)
        return state

    def _settle(self, base: TableState | None) -> None:
        self._settled = Settled()
        if base is not None and self._mode == "append":
            self._settler.settle(base, self._files, self._settled)
            return
        self._settled.adds += [written.file for written in self._files]
        if base is not None:
            self._settled.removes += base.files["path"].to_pylist()

    def _change(self, base: TableState | None) -> Change:
        layer = self._record(base)
        text = record_text(layer)
        fresh = base is None or self._mode == "replace" or text != base.record
        settled = self._settled
        files = f"{len(settled.adds)} files added, {len(settled.removes)} removed"
        return Change(
            what=f"{self._mode}: {self.rows} rows, {files}",
            record=text if fresh else None,
            schema=layer_schema(layer) if fresh else None,
            adds=tuple(settled.adds),
            removes=tuple(settled.removes),
        )

    def _record(self, base: TableState | None) -> Layer:
        if base is None or self._before is None:
            return self._layer
        return combined(self._before, self._layer, record_layer(base.record, base.version, str(self._folder)))

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            remove_file(self._top / name, self._top)

    def _discard(self) -> None:
        """Remove every file of this write, and the layer's folder if nothing was ever committed there."""
        names = [written.file.name for written in self._files] + self._settled.made
        try:
            state = self._tables.load(self._folder)
        except StoreError:
            return  # whether the commit took place cannot be told: files too many are better than too few
        # An interrupt can arrive after the commit and before it is known here.
        committed = set(state.files["path"].to_pylist()) if state is not None else set()
        self._remove(name for name in names if name not in committed)
        self._files, self._buffer, self._settled = [], {}, Settled()
        if state is None:
            remove_folders(self._top / "data", self._top / "_delta_log", self._top)
