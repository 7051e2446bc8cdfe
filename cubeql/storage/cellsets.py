"""Stored sets of cells: a Parquet file each below ``cells``, its cells ascending, what is known of it in the footer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cubeql.catalog import CellSet
from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.naming import NamedFiles, publishing
from cubeql.values.cells import CellArray, format_cell, resolution_of

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_ENDING = ".parquet"
_RECORD = b"cubeql.cells"


class CellSets(NamedFiles):
    """The sets of cells of a store."""

    def __init__(self, store: Address) -> None:
        super().__init__(store, "cells", _ENDING, "the cells")

    def all(self) -> tuple[CellSet, ...]:
        """What is known of all sets, by name."""
        found = (self.find(n) for n in self.names())
        return tuple(sorted((c for c in found if c is not None), key=lambda c: c.name))

    def find(self, name: str) -> CellSet | None:
        """What is known of the set of a name (a well-formed one), None if there is none.

        Raises:
            StoreError: its file is damaged.
        """
        opened = self._open(name)
        return None if opened is None else opened[0]

    def read(self, name: str) -> tuple[CellSet, CellArray] | None:
        """A set and its cells, ascending; both of one moment, whoever replaces it meanwhile.

        Raises:
            StoreError: its file is damaged.
        """
        opened = self._open(name)
        if opened is None:
            return None
        known, file = opened
        try:
            cells = file.read(["cell"])["cell"].to_numpy()
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(name, error) from error
        return known, np.asarray(cells, np.int64)

    def put(self, name: str, resolution: int, cells: CellArray) -> CellSet:
        """Keep cells under a name, in the place of a set of its name; a cell given twice counts once.

        Raises:
            ValueError: a cell is of another resolution.
            StoreError: the disk refuses; the set is as it was.
        """
        import pyarrow.parquet as pq

        kept = np.unique(np.asarray(cells, np.int64))
        wrong = kept[resolution_of(kept) != resolution]
        if wrong.size:
            raise ValueError(f"{format_cell(int(wrong[0]))} is no cell of resolution {resolution}")
        known = CellSet(name, resolution, int(kept.size))
        record = json.dumps({"name": name, "resolution": resolution, "count": known.count}).encode()
        schema = pa.schema([pa.field("cell", pa.int64(), nullable=False)], {_RECORD: record})
        with publishing(self.file(name)) as draft:
            pq.write_table(
                pa.table([pa.array(kept)], schema=schema), draft, compression="zstd", use_dictionary=False,
                column_encoding={"cell": "DELTA_BINARY_PACKED"},
            )  # fmt: skip
        return known

    def _open(self, name: str) -> tuple[CellSet, pq.ParquetFile] | None:
        place = self.file(name)
        if not place.exists():
            return None
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(place)
            values = json.loads(file.schema_arrow.metadata[_RECORD])
            return CellSet(str(values["name"]), int(values["resolution"]), int(values["count"])), file
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: Exception) -> StoreError:
        return StoreError(f"{self.file(name)}: the cells cannot be read: {error}")
