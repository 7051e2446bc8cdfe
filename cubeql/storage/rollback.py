"""A layer taken back to an earlier version, by a commit of its own: history goes on, and nothing is lost."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from cubeql.errors import StoreError
from cubeql.storage.altering import schema_of
from cubeql.storage.committing import ATTEMPTS, Shelf
from cubeql.storage.naming import Named
from cubeql.storage.records import record_layer, record_text
from cubeql.storage.table import Change, CommitConflict, TableState, data_files


def rollback(shelf: Shelf, named: Named, version: int) -> int | None:
    """Commit the files, the columns and the record of an earlier version; anew where another writer was faster.

    Returns:
        The new version's number; None where the layer is as it was at that version already.

    Raises:
        StoreError: there is no layer there, it has no such version, or the log cannot be written.
    """
    tables, folder, place = shelf.tables, named.at, shelf.objects.uri(named.at)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
        state = tables.load(folder)
        wanted = tables.load(folder, version)
        if state is None or wanted is None:
            raise StoreError(f"{place}: there is no layer here any more")
        change = _change(place, named.name, state, wanted)
        if change is None:
            return None
        try:
            return tables.commit(folder, state, change)
        except CommitConflict:
            continue
    raise StoreError(f"{place}: other writers were faster {ATTEMPTS} times; try again")


def _change(place: str, name: str, state: TableState, wanted: TableState) -> Change | None:
    """What makes a state of a table like another of it; None where it is already."""
    there, then = (set(s.files["path"].to_pylist()) for s in (state, wanted))
    # What a layer is called is no fact of a version: the name it has now stays.
    layer = replace(record_layer(wanted.record, wanted.version, place), name=name)
    text = record_text(layer)
    if there == then and text == state.record:
        return None
    return Change(
        what=f"rollback: to version {wanted.version}",
        record=text,
        schema=schema_of(layer),
        adds=data_files(wanted, then - there),
        removes=tuple(sorted(there - then)),
    )
