"""A store as values that can be compared: what a reader sees, read without the query engine."""

from __future__ import annotations

import hashlib
from typing import Any

from cubeql.errors import StoreError
from cubeql.storage import Store, TileBlock

State = dict[str, Any]
"""Of every layer a digest a row (or of all rows of points and zones), of every view its text, of sets their size."""


def state_of(store: Store) -> State:
    """The whole store as it is now.

    Raises:
        StoreError: something of it cannot be read.
    """
    found: State = {}
    for name in store.layer_names():
        found[f"layer {name.lower()}"] = _layer(store, name)
    for name in store.view_names():
        found[f"view {name}"] = store.view(name)
    for name in store.cell_set_names():
        found[f"cells {name}"] = store.cell_set(name)
    return found


def _layer(store: Store, name: str) -> Any:
    layer = store.layer(name)
    if layer is None:
        raise StoreError(f"the layer {name} is listed, but not there")
    facts = (layer.title, layer.kind, tuple(b.name for b in layer.bands))
    if layer.kind != "grid":
        rows = store.read_rows(name)
        return facts, hashlib.sha256(repr(sorted(map(repr, rows.to_pylist()))).encode()).hexdigest()
    found: dict[Any, str] = {}
    for block in store.read_blocks(name):
        if block.key in found:
            raise StoreError(f"the layer {name} has the row {block.key} twice")
        found[block.key] = digest(block)
    return facts, found


def digest(block: TileBlock) -> str:
    """Of the values of a block, where they are valid."""
    whole = hashlib.sha256()
    for name, (values, valid) in sorted(block.bands.items()):
        whole.update(name.encode() + valid.tobytes() + values[valid].tobytes())
    return whole.hexdigest()


def is_between(before: State, seen: State, after: State) -> bool:
    """Whether every layer is as before, as after, or has some whole times more than before: work done in portions."""
    return all(
        seen.get(name) in (before.get(name), after.get(name))
        or _grew(before.get(name), seen.get(name), after.get(name))
        for name in before | seen | after
    )


def _grew(before: Any, seen: Any, after: Any) -> bool:
    if not all(isinstance(s, tuple) and isinstance(s[1], dict) for s in (seen, after)):
        return False
    old = before[1] if isinstance(before, tuple) else {}
    (facts, rows), (wanted, complete) = seen, after
    times = {key[1] for key in rows}
    whole = {k: v for k, v in complete.items() if k[1] in times}
    return facts == wanted and rows == whole and all(rows.get(k) == v for k, v in old.items())
