"""Stored sets of cells: a Parquet file each below ``cells``, its cells ascending; what is known of it is its name's."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pyarrow as pa

from cubeql.catalog import CellSet
from cubeql.errors import StoreError
from cubeql.storage.naming import Named, Names, new_place
from cubeql.storage.objects import Objects
from cubeql.values.cells import CellArray, distinct, format_cell, resolution_of

FOLDER = "cells"


def known_of(named: Named) -> CellSet:
    """What is known of a set.

    Raises:
        StoreError: the name does not say it.
    """
    try:
        return CellSet(named.name, int(named.facts["resolution"]), int(named.facts["count"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the cells {named.name} cannot be read: their name does not tell {error}") from error


def read(objects: Objects, names: Names, name: str) -> tuple[CellSet, CellArray] | None:
    """The set of a name and its cells, ascending; both of one moment, whoever replaces it meanwhile.

    Raises:
        StoreError: its file is missing or damaged.
    """
    while True:
        named = names.find(name)
        if named is None or named.kind != "cells":
            return None
        held = objects.read(named.at)
        if held is not None:
            return known_of(named), _cells(objects.uri(named.at), held.content)
        if names.find(name) == named:
            raise StoreError(f"{objects.uri(named.at)}: the file of the cells {name} is missing")


def put(objects: Objects, names: Names, name: str, resolution: int, cells: CellArray, replacing: bool) -> CellSet:
    """Keep cells under a name; a cell given twice counts once.

    Raises:
        ValueError: a cell is of another resolution.
        StoreError: the name is taken, it is not this user's to give, or the disk refuses; all is as it was.
    """
    kept = distinct(np.asarray(cells, np.int64))
    wrong = kept[resolution_of(kept) != resolution]
    if wrong.size:
        raise ValueError(f"{format_cell(int(wrong[0]))} is no cell of resolution {resolution}")
    names.allow("make", name)
    facts = {"resolution": resolution, "count": int(kept.size)}
    named = Named("cells", name, new_place(FOLDER, name, ".parquet"), facts)
    objects.create(named.at, _content(kept))
    try:
        before = names.give(named, replacing)
    except BaseException:
        there = names.find(name)
        if there is None or there.at != named.at:
            objects.remove([named.at])
        raise
    if before is not None:
        with suppress(StoreError):  # vacuum finds it
            objects.remove([before.at])
    return known_of(named)


def _content(cells: CellArray) -> bytes:
    import pyarrow.parquet as pq

    file = io.BytesIO()
    schema = pa.schema([pa.field("cell", pa.int64(), nullable=False)])
    pq.write_table(
        pa.table([pa.array(cells)], schema=schema), file, compression="zstd", use_dictionary=False,
        column_encoding={"cell": "DELTA_BINARY_PACKED"},
    )  # fmt: skip
    return file.getvalue()


def _cells(place: str, content: bytes) -> CellArray:
    import pyarrow.parquet as pq

    try:
        cells = pq.read_table(io.BytesIO(content), columns=["cell"])["cell"].to_numpy()
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{place}: the cells cannot be read: {error}") from error
    return np.asarray(cells, np.int64)
