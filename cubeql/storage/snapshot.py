"""A layer as one commit left it: its record and its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Layer


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A layer as one commit left it.

    Attributes:
        layer: its record.
        version: number of the commit.
        files: one row a file, see :func:`cubeql.storage.files.file_table`.
        table: the folder of its table, relative to the store.
    """

    layer: Layer
    version: int
    files: pa.Table
    table: str
    _bounds: dict[str, tuple[NDArray[Any], NDArray[np.bool_]]] = field(default_factory=dict, repr=False)

    def bounds(self, column: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A column of numbers or instants of the files, and where it is known; made once, as planning asks often.

        What is not known is 0. Instants are microseconds.
        """
        if column not in self._bounds:
            found = self.files[column].combine_chunks()
            if pa.types.is_timestamp(found.type):
                found = found.view(pa.int64())
            known = np.ones(len(found), bool)
            if found.null_count:
                valid, values = found.buffers()  # fill_null would load pyarrow.compute, which takes long
                found = pa.Array.from_buffers(found.type, len(found), [None, values], offset=found.offset)
                bits = pa.Array.from_buffers(pa.bool_(), len(found), [None, valid], offset=found.offset)
                known = bits.to_numpy(zero_copy_only=False)
                found = np.where(known, found, 0)
            self._bounds[column] = np.asarray(found), known
        return self._bounds[column]
