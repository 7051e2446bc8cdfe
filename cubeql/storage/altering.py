"""The record of a layer changed by a commit that leaves its rows as they are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.columns import layer_schema
from cubeql.storage.committing import ATTEMPTS
from cubeql.storage.names import folder_of
from cubeql.storage.records import record_layer, record_text
from cubeql.storage.rowcolumns import row_schema
from cubeql.storage.table import Change, CommitConflict, TableFormat


def alter(tables: TableFormat, folder: Address, change: Callable[[Layer], Layer], what: str) -> None:
    """Commit another record of a layer; anew where another writer was faster.

    Raises:
        StoreError: there is no layer there, or the log cannot be written.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
        state = tables.load(folder)
        if state is None:
            raise StoreError(f"{folder}: there is no layer here any more")
        layer = change(named_by(folder, record_layer(state.record, state.version, str(folder))))
        text = record_text(layer)
        if text == state.record:
            return
        schema = layer_schema(layer) if layer.kind == "grid" else row_schema(layer)
        try:
            tables.commit(folder, state, Change(what=what, record=text, schema=schema))
        except CommitConflict:
            continue
        return
    raise StoreError(f"{folder}: other writers were faster {ATTEMPTS} times; try again")


def named_by(folder: Address, layer: Layer) -> Layer:
    """The layer under the name of its folder, which is what a rename changes first; older records say the old one."""
    name = folder.path.rpartition("/")[2]
    return layer if folder_of(layer.name) == name else replace(layer, name=name)
