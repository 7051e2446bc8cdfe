"""Actions for CubeQL's own client: what Flight SQL has no words for. Each sees what its guest sees, and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.flight.told import object_bytes, object_of
from cubeql.server.faults import Refused
from cubeql.server.guests import Guest


def progress(guest: Guest, body: bytes) -> list[bytes]:
    """How far a statement of the guest is; nothing of one that has ended."""
    halt = guest.desk.numbered(guest.who, body)
    found = None if halt is None else halt.progress()
    return [b"" if found is None else object_bytes(asdict(found))]


def cancel(guest: Guest, body: bytes) -> list[bytes]:
    """Stop a statement of the guest; one that has ended does not mind."""
    halt = guest.desk.numbered(guest.who, body)
    if halt is not None:
        halt.call()
    return []


def contents(guest: Guest, body: bytes) -> list[bytes]:
    """All that the guest sees, under a tag; of what has the tag already that the client knows, the tag alone."""
    store = guest.session.store
    layers, damaged = [], []
    for name, snapshot in store.snapshots():
        if snapshot is None:
            damaged.append({"name": name, "said": _damage(guest, name)})
        else:
            layers.append(_layer(snapshot.layer))
    views = [{"name": name, "text": store.view(name), "in_place": _layer(store.in_place(name))}
             for name in store.view_names()]  # fmt: skip
    sets = [asdict(found) for name in store.cell_set_names() if (found := store.cell_set(name)) is not None]
    told = json.dumps({"layers": layers, "views": views, "cell_sets": sets, "damaged": damaged})
    tag = hashlib.sha256(told.encode()).hexdigest()
    if object_of(body).get("tag") == tag:
        return [object_bytes({"tag": tag})]
    return [f'{{"tag": "{tag}", "seen": {told}}}'.encode()]


def stac(guest: Guest, body: bytes) -> list[bytes]:
    """A layer as a STAC Collection."""
    name = _text(object_of(body), "layer")
    if guest.session.store.layer(name) is None:
        raise Refused(f"there is no layer {name!r}")
    return [object_bytes(guest.session.stac(name))]


def _damage(guest: Guest, name: str) -> str:
    try:
        guest.session.layer(name)
    except StoreError:
        return f"layer {name} cannot be read; the server's log says why"
    return f"layer {name} could not be read just now"


def _layer(found: Layer | None) -> dict[str, Any] | None:
    return None if found is None else {"record": found.to_dict(), "version": found.version}


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise Refused(f"say which {name}")
    return value
