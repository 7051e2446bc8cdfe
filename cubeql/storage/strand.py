"""Rows that come in the order of their keys: written as they come, without being held until there are many.

A write may have several strands, each in a thread of its own; what one of them makes are files of the write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.storage.blocks import TileBlock, checked
from cubeql.storage.columns import key_fields, row_group_rows, slots_of_layer
from cubeql.storage.encode import encode
from cubeql.storage.parquet import NewFile
from cubeql.storage.rowbuffer import FILE_BYTES, WrittenFile


def encoded(layer: Layer, blocks: Sequence[TileBlock]) -> pa.Table | None:
    """Blocks as the rows of a strand; None where none has a valid cell. Their arrays are not to be changed after.

    Raises:
        StoreError: a block does not fit the layer.
    """
    rows = [row for block in blocks if (row := checked(layer, block, copy=False)) is not None]
    return encode(layer, rows) if rows else None


class Strand:
    """Rows of a layer in the order of their keys, on their way into files; used in a ``with`` statement.

    For one thread. An exception removes the file that is being written.
    """

    def __init__(
        self,
        layer: Layer,
        begin: Callable[[pa.Table], NewFile],
        take: Callable[[WrittenFile], None],
    ) -> None:
        """Begin.

        Args:
            layer: the layer.
            begin: makes the file of which these are the first rows.
            take: is given every file that is complete.
        """
        self._layer, self._begin, self._take = layer, begin, take
        self._size = row_group_rows(slots_of_layer(layer))
        self._names = [field.name for field in key_fields(layer)]
        self._waiting: list[pa.Table] = []
        self._count = 0
        self._file: NewFile | None = None
        self._keys: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        """Add rows, see :func:`encoded`; they come after all rows added before.

        Raises:
            StoreError: the disk refuses, or a row of the layer has the key of one of them and must not.
        """
        self._waiting.append(rows)
        self._count += rows.num_rows
        # Groups of half the rows are as good, and rows need not be moved for them.
        while self._count >= self._size // 2:
            self._write(min(self._count, self._size))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                if self._count:
                    self._write(self._count)
                self._finish()
        finally:
            if self._file is not None:
                self._file.discard()

    def _write(self, count: int) -> None:
        whole = self._waiting[0] if len(self._waiting) == 1 else pa.concat_tables(self._waiting)
        rows = whole.slice(0, count).combine_chunks()
        self._waiting, self._count = [whole.slice(count)] if whole.num_rows > count else [], self._count - count
        if self._file is None:
            self._file = self._begin(rows)
        self._file.write(rows)
        self._keys.append(rows.select(self._names))
        if self._file.bytes >= FILE_BYTES:
            self._finish()

    def _finish(self) -> None:
        if self._file is not None:
            written = WrittenFile(self._file.close(), pa.concat_tables(self._keys).combine_chunks())
            self._file, self._keys = None, []
            self._take(written)
