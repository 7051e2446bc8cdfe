"""Writing a grid layer: blocks go in, files go to disk, and one commit at the end makes them the layer's.

Rows stay as they were given until then: conflicts with rows of the layer are settled against the state the commit is
made on, and anew when another writer was faster.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cubeql.catalog import Band, Layer
from cubeql.errors import StoreError
from cubeql.storage.blocks import COMBINE, Key, TileBlock, checked
from cubeql.storage.columns import key_fields, layer_schema
from cubeql.storage.committing import CommittedWrite, Mode, Settled, Shelf
from cubeql.storage.keys import key_rows, key_table, rows_in
from cubeql.storage.parquet import NewFile
from cubeql.storage.rowbuffer import WrittenFile, begin_file, write_blocks
from cubeql.storage.settle import Cleared, OnConflict, Settler
from cubeql.storage.strand import Strand
from cubeql.storage.table import DataFile, TableState

ON_CONFLICT = ("error", "replace", *COMBINE)


class LayerWrite(CommittedWrite):
    """One write of a grid layer; made by :meth:`cubeql.storage.Store.write` and used in a ``with`` statement.

    ``rows`` does not count tiles without a valid cell: they are not stored.
    """

    def __init__(
        self,
        shelf: Shelf,
        layer: Layer,
        mode: Mode,
        on_conflict: OnConflict,
        buffer_bytes: int,
        add_bands: bool = False,
    ) -> None:
        """Check the layer against what is there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        if on_conflict not in ON_CONFLICT:
            raise ValueError(f"on_conflict is one of {ON_CONFLICT}, not {on_conflict!r}")
        if layer.kind != "grid":
            raise StoreError(f"layer {layer.name}: {layer.kind} are rows, not tiles; write them with write_rows")
        super().__init__(shelf, layer, mode, add_bands)
        self._settler = Settler(layer, self._table, on_conflict, buffer_bytes)
        self._on_conflict = on_conflict
        self._buffer: dict[Key, TileBlock] = {}
        self._buffered = 0
        self._buffer_bytes = buffer_bytes
        self._files: list[WrittenFile] = []
        self._lock = threading.Lock()

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
        elif self._on_conflict in COMBINE:
            row = COMBINE[self._on_conflict](self._layer, known, row)
        self._buffer[key] = row
        if self._buffered >= self._buffer_bytes:
            self._flush()

    def clear(self, spans: Sequence[tuple[np.datetime64, np.datetime64]] | None) -> None:
        """Let rows of the layer go, whether others take their places or not; for ``on_conflict="replace"``.

        Args:
            spans: times from which on and before which; None for all rows. Where another writer commits rows of these
                times meanwhile, the commit is refused: nobody has decided that those shall go.
        """
        if self._on_conflict != "replace":
            raise ValueError("rows are cleared where they are replaced")
        self._settler.cleared = Cleared(None if spans is None else tuple(spans))

    def strand(self) -> Strand:
        """A way in for rows that come in the order of their keys, in any thread; there may be several at once.

        What a strand is given counts in ``rows`` and ``bytes`` as soon as its file is complete.
        """
        return Strand(self._layer, self._begun, self._take)

    def _begun(self, rows: pa.Table) -> NewFile:
        self._check_new(rows.select([field.name for field in key_fields(self._layer)]))
        return begin_file(self._layer, self._table, rows)

    def _take(self, written: WrittenFile) -> None:
        with self._lock:
            others = list(self._files)
            self._files.append(written)
            self.bytes += written.file.bytes
            self.rows += written.file.rows
        for other in others:
            if (shared := rows_in(written.keys, other.keys)).any():
                raise self._settler.twice(key_rows(self._layer, written.keys.filter(pa.array(shared)))[0])
        self._check_new(written.keys)

    def _check_new(self, keys: pa.Table) -> None:
        if self._begin is not None and self._mode == "append":
            with self._lock:
                self._settler.check(self._begin, keys)

    def _flush(self) -> None:
        if not self._buffer:
            return
        self._check_new(key_table(self._layer, list(self._buffer.values())))
        self.rows -= self._settler.settle_within(self._files, self._buffer)
        for written in write_blocks(self._layer, self._table, self._buffer):
            self._files.append(written)
            self.bytes += written.file.bytes
        self._buffer, self._buffered = {}, 0

    def _settle(self, base: TableState, into: Settled) -> None:
        if self._begin is not None:
            self._settler.check_cleared(self._begin, base)
        self._settler.settle(base, self._files, into)

    def _widen(self, there: tuple[Band, ...]) -> None:
        super()._widen(there)
        self._settler.layer = self._layer

    def _files_written(self) -> list[DataFile]:
        return [written.file for written in self._files]

    def _forget(self) -> None:
        self._files, self._buffer = [], {}

    def _schema(self, layer: Layer) -> pa.Schema:
        return layer_schema(layer)
