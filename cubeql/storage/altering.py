"""The record of a layer changed by a commit that leaves its rows as they are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.columns import layer_schema
from cubeql.storage.committing import ATTEMPTS, Shelf
from cubeql.storage.naming import Named
from cubeql.storage.records import record_layer, record_text
from cubeql.storage.rowcolumns import row_schema
from cubeql.storage.table import Change, CommitConflict


def alter(shelf: Shelf, named: Named, change: Callable[[Layer], Layer], what: str) -> None:
    """Commit another record of a layer; anew where another writer was faster.

    Raises:
        StoreError: its table is gone, or the log cannot be written.
    """
    tables, folder = shelf.tables, named.at
    place = shelf.objects.uri(folder)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
        state = tables.load(folder)
        if state is None:
            raise StoreError(f"{place}: there is no layer here any more")
        # The name is right; a record may still say an older one.
        layer = change(replace(record_layer(state.record, state.version, place), name=named.name))
        text = record_text(layer)
        if text == state.record:
            return
        try:
            tables.commit(folder, state, Change(what=what, record=text, schema=schema_of(layer)))
        except CommitConflict:
            continue
        return
    raise StoreError(f"{place}: other writers were faster {ATTEMPTS} times; try again")


def schema_of(layer: Layer) -> pa.Schema:
    """The columns of a layer's files, of whatever kind it is."""
    return layer_schema(layer) if layer.kind == "grid" else row_schema(layer)
