"""What every write of a layer is: files first, then one commit that makes all of them the layer's, or none.

Until that commit nobody sees anything of it. Where another writer was faster, it is decided anew on the state that
writer left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.errors import InternalError, StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.disk import remove_file, remove_folders
from cubeql.storage.records import check_append, check_layer, combined, record_layer, record_text
from cubeql.storage.table import Change, CommitConflict, DataFile, TableFormat, TableState

Mode = Literal["create", "replace", "append"]
MODES = ("create", "replace", "append")

ATTEMPTS = 100


@dataclass(slots=True)
class Settled:
    """What a commit does to the files of the state it is made on.

    Attributes:
        adds: files that join the layer.
        removes: names of files that leave it.
        made: names of those of ``adds`` that were made for this state only.
    """

    adds: list[DataFile] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def make(self, file: DataFile | None) -> None:
        """Add a file made for this state, if there is one."""
        if file is not None:
            self.adds.append(file)
            self.made.append(file.name)


class CommittedWrite:
    """One write of a layer, used in a ``with`` statement: base of the writes of tiles and of rows.

    Leaving the ``with`` cleanly commits everything at once. An exception leaves the layer as it was and
    removes the files. For one thread only; several writes of one layer may run at once.

    Attributes:
        rows: rows added so far that will be stored.
        bytes: bytes of the files written so far.
        version: the version committed; None before.
    """

    def __init__(self, tables: TableFormat, folder: Address, layer: Layer, mode: Mode) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        if mode not in MODES:
            raise ValueError(f"mode is one of {MODES}, not {mode!r}")
        check_layer(layer)
        self._tables, self._folder, self._layer, self._mode = tables, folder, layer, mode
        self._top = local_path(folder)
        self._begin = tables.load(folder)
        self._before = self._stored(self._begin)
        self._settled = Settled()
        self.rows = 0
        self.bytes = 0
        self.version: int | None = None

    def __enter__(self) -> Self:
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

    # -------------------------------------------------------------- what a kind of write says

    def _flush(self) -> None:
        """Write what is held in memory."""
        raise InternalError("a kind of write must tell how it flushes")

    def _settle(self, base: TableState, into: Settled) -> None:
        """What an append does to the files of a state."""
        raise InternalError("a kind of write must tell how it settles")

    def _files_written(self) -> list[DataFile]:
        """Files of this write so far."""
        raise InternalError("a kind of write must tell its files")

    def _forget(self) -> None:
        """Forget everything written and held."""
        raise InternalError("a kind of write must forget")

    def _schema(self, layer: Layer) -> pa.Schema:
        """Columns of the layer's files."""
        raise InternalError("a kind of write must tell its columns")

    # -------------------------------------------------------------- the commit

    def _commit(self) -> None:
        base = self._begin
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
            if attempt or base is None or not self._tables.is_current(self._folder, base):
                base = self._reloaded()
            self._settled = Settled()
            if base is not None and self._mode == "append":
                self._settle(base, self._settled)
            else:
                self._take_all(base)
            try:
                self.version = self._tables.commit(self._folder, base, self._change(base))
            except CommitConflict:
                self._remove(self._settled.made)
                continue
            added = {file.name for file in self._settled.adds}
            self._remove(file.name for file in self._files_written() if file.name not in added)
            return
        raise StoreError(f"layer {self._layer.name}: other writers were faster {ATTEMPTS} times; try again")

    def _take_all(self, base: TableState | None) -> None:
        self._settled.adds += self._files_written()
        if base is not None:
            self._settled.removes += base.files["path"].to_pylist()

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

    def _change(self, base: TableState | None) -> Change:
        layer = self._record(base)
        text = record_text(layer)
        fresh = base is None or self._mode == "replace" or text != base.record
        settled = self._settled
        files = f"{len(settled.adds)} files added, {len(settled.removes)} removed"
        return Change(
            what=f"{self._mode}: {self.rows} rows, {files}",
            record=text if fresh else None,
            schema=self._schema(layer) if fresh else None,
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
        names = [file.name for file in self._files_written()] + self._settled.made
        try:
            state = self._tables.load(self._folder)
        except StoreError:
            return  # whether the commit took place cannot be told: files too many are better than too few
        # An interrupt can arrive after the commit and before it is known here.
        committed = set(state.files["path"].to_pylist()) if state is not None else set()
        self._remove(name for name in names if name not in committed)
        self._settled = Settled()
        self._forget()
        if state is None:
            remove_folders(self._top / "data", self._top / "_delta_log", self._top)
