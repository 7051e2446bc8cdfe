"""Row groups of a tile file on a disk, column by column, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


class RowGroups:
    """The row groups of one file, which is opened when the first of them is asked for.

    What is asked raises OSError or pyarrow.ArrowException where the file cannot be read.

    Args:
        path: of the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    @cached_property
    def _file(self) -> ParquetFile:
        from pyarrow.parquet import ParquetFile  # what asks once does without it

        return ParquetFile(self._path)

    def __enter__(self) -> RowGroups:
        return self

    def __exit__(self, *of: object) -> None:
        if "_file" in self.__dict__:
            self._file.close()

    @property
    def ends(self) -> NDArray[np.int64]:
        """How many rows there are up to the end of each."""
        told = self._file.metadata
        return np.cumsum([told.row_group(n).num_rows for n in range(told.num_row_groups)], dtype=np.int64)

    def read(self, number: int, columns: Sequence[str]) -> dict[str, pa.Array]:
        """Columns of one of them, by name."""
        table = self._file.read_row_group(number, columns=list(columns))
        return {name: _one(table.column(name)) for name in columns}


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
