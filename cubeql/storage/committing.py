"""What every write of a layer is: files first, then one commit that makes all of them the layer's, or none.

Until that commit nobody sees anything of it. Where another writer was faster, it is decided anew on the state that
writer left.
"""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, Self

import pyarrow as pa

from cubeql.catalog import Band, Layer
from cubeql.errors import InternalError, Outpaced, StoreError
from cubeql.storage.naming import Named, Names, NameTaken, new_place
from cubeql.storage.objects import Objects, clear
from cubeql.storage.records import check_append, check_layer, combined, record_layer, record_text
from cubeql.storage.table import Change, CommitConflict, DataFile, TableFormat, TableState
from cubeql.storage.tablefiles import TableFiles

LAYERS = "layers"
"""The folder of the layers' tables."""
Mode = Literal["create", "replace", "append"]
MODES = ("create", "replace", "append")

ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a write of a store works with."""

    objects: Objects
    names: Names
    tables: TableFormat

    def layer(self, name: str) -> Named | None:
        """Which table has a name; None where none has."""
        found = self.names.find(name)
        return found if found is not None and found.kind == "layer" else None

    def discard(self, table: str) -> None:
        """Remove a table that no name says any more."""
        with contextlib.suppress(StoreError):
            if table not in self.names.places():
                clear(self.objects, table)


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

    def __init__(self, shelf: Shelf, layer: Layer, mode: Mode, add_bands: bool = False) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
            NotAllowed: it is not this user's to write.
        """
        if mode not in MODES:
            raise ValueError(f"mode is one of {MODES}, not {mode!r}")
        check_layer(layer)
        self._shelf, self._layer, self._mode, self._add_bands = shelf, layer, mode, add_bands
        found = shelf.names.find(layer.name)
        self._allow(found)
        if found is not None and found.kind != "layer":
            raise NameTaken(found)
        self._folder = found.at if found is not None else new_place(LAYERS, layer.name)
        self._table = TableFiles(shelf.objects, self._folder)
        self._begin = shelf.tables.load(self._folder) if found is not None else None
        if found is not None and self._begin is None:
            raise StoreError(f"layer {found.name}: its table {shelf.objects.uri(self._folder)} is missing")
        self._before: Layer | None = None
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
        if self._begin is None:
            self._create()
            return
        base = self._begin
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
            base = self._latest(base)
            self._settled = Settled()
            if self._mode == "append":
                self._settle(base, self._settled)
            else:
                self._take_all(base)
            try:
                self.version = self._shelf.tables.commit(self._folder, base, self._change(base))
            except CommitConflict:
                self._table.remove(self._settled.made)
                continue
            added = {file.name for file in self._settled.adds}
            self._table.remove(file.name for file in self._files_written() if file.name not in added)
            self._respell()
            return
        raise Outpaced(f"layer {self._layer.name}: other writers were faster {ATTEMPTS} times; try again")

    def _create(self) -> None:
        """Make the table, then give it the name: whoever comes second is refused, or replaces the first."""
        self._take_all(None)
        version = self._shelf.tables.commit(self._folder, None, self._change(None))
        named = Named("layer", self._layer.name, self._folder)
        try:
            before = self._shelf.names.give(named, replacing=self._mode == "replace")
        except NameTaken as taken:
            raise self._exists() if taken.found.kind == "layer" else taken from None
        self.version = version
        if before is not None:
            self._shelf.discard(before.at)

    def _take_all(self, base: TableState | None) -> None:
        self._settled.adds += self._files_written()
        if base is not None:
            self._settled.removes += base.files["path"].to_pylist()

    def _stored(self, state: TableState | None) -> Layer | None:
        """The record to append to; refuses what the mode does not allow on a state."""
        name = self._layer.name
        if self._mode == "create" and state is not None:
            raise self._exists()
        if self._mode != "append":
            return None
        if state is None:
            raise StoreError(f"there is no layer {name} to append to; create it first")
        stored = record_layer(state.record, state.version, self._table.uri(""))
        check_append(stored, self._layer, self._add_bands, self._before)
        return stored

    def _respell(self) -> None:
        """A layer replaced is written as its new record writes it."""
        named = self._shelf.layer(self._layer.name)
        if self._mode == "replace" and named is not None and named.name != self._layer.name:
            self._shelf.names.change(named, replace(named, name=self._layer.name))

    def _allow(self, found: Named | None) -> None:
        """Refuse who has no right to this write; asked at its begin, and again before the commit."""
        self._shelf.names.allow("write" if self._mode == "append" else "make", self._layer.name, found)

    def _exists(self) -> StoreError:
        name = self._layer.name
        return StoreError(f"the layer {name} exists already; append to it, replace it, or drop it first")

    def _latest(self, known: TableState) -> TableState:
        """The state to commit on."""
        named = self._shelf.layer(self._layer.name)
        self._allow(named)
        state = self._shelf.tables.load(self._folder) if named is not None and named.at == self._folder else None
        # Files written for a table stay with it, whatever has the name by now.
        if state is None:
            raise Outpaced(f"the layer {self._layer.name} was dropped or renamed while it was being written")
        if state.version != known.version:
            stored = self._stored(state)
            self._widen(stored.bands if stored is not None else ())
        return state

    def _widen(self, there: tuple[Band, ...]) -> None:
        """Rows that are there may have bands by now that this write knows nothing of; what it settles keeps them."""
        more = tuple(b for b in there if self._layer.band(b.name) is None)
        if more:
            self._layer = replace(self._layer, bands=(*self._layer.bands, *more))

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
        return combined(self._before, self._layer, record_layer(base.record, base.version, self._table.uri("")))

    def _discard(self) -> None:
        """Remove every file of this write; all of its table, if that has not got the name."""
        names = [file.name for file in self._files_written()] + self._settled.made
        try:
            named = self._shelf.layer(self._layer.name)
            state = self._shelf.tables.load(self._folder) if self._begin is not None else None
        except StoreError:
            return  # whether the commit took place cannot be told: files too many are better than too few
        # An interrupt can arrive after the commit and before it is known here.
        if self._begin is None:
            if named is None or named.at != self._folder:
                clear(self._shelf.objects, self._folder)
        else:
            committed = set(state.files["path"].to_pylist()) if state is not None else set()
            self._table.remove(name for name in names if name not in committed)
        self._settled = Settled()
        self._forget()
