"""What makes a folder a store: a small object that says so and tells the format."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from cubeql.errors import StoreError
from cubeql.storage.objects import ObjectChanged, ObjectExists, Objects

MARKER = "cubeql-store.json"
FORMAT = 2
_TEXT = json.dumps({"format": "cubeql-store", "version": FORMAT})


def names_there(objects: Objects) -> list[str]:
    """What there is at an address, but for what is hidden."""
    return [name for name in objects.children() if not name.startswith(".")]


def make_store(objects: Objects, create: bool) -> None:
    """Make a folder a store, if that is wanted and there is nothing in it.

    Raises:
        StoreError: it holds something else, or making it was not asked for.
    """
    names = names_there(objects)
    if MARKER in names:  # somebody else has made it just now
        return
    place = objects.uri("")
    if names:
        raise StoreError(
            f"{place} is not a CubeQL store: it is {_described(names)}; give the folder of a store, or of nothing yet"
        )
    if not create:
        raise StoreError(f"{place} is not a CubeQL store: there is nothing in it; open it with create=True to make one")
    with suppress(ObjectExists):
        objects.create(MARKER, f"{_TEXT}\n".encode())
        if objects.address.scheme != "file":
            _check_conditions(objects)


def _check_conditions(objects: Objects) -> None:
    """Refuse a medium that takes every write: of two commits at once it would lose one."""
    content = f"{_TEXT}\n".encode()
    writes: dict[str, Callable[[], str]] = {
        "If-None-Match": lambda: objects.create(MARKER, content),
        "If-Match": lambda: objects.swap(MARKER, content, '"0"'),
    }
    for condition, write in writes.items():
        try:
            write()
        except (ObjectExists, ObjectChanged):
            continue
        objects.remove([MARKER])
        raise StoreError(
            f"{objects.uri('')}: no store can be kept here: the service does not heed {condition}, so that of two "
            "writers at once one would overwrite the other"
        )


def _described(names: list[str]) -> str:
    if "_delta_log" in names:
        return "one Delta table (a layer of a store, perhaps)"
    return f"a folder that holds {', '.join(names[:3])}" + (", …" if len(names) > 3 else "")


def check_marker(objects: Objects) -> bool:
    """Refuse a store this version cannot read; whether there is one.

    Raises:
        StoreError: the marker is damaged, or of another format.
    """
    held = objects.read(MARKER)
    if held is None:
        return False
    place = objects.uri(MARKER)
    try:
        version = int(json.loads(held.content)["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{place}: the store's marker is damaged; it should read {_TEXT}") from error
    if version > FORMAT:
        raise StoreError(f"{place}: the store has format {version}, this CubeQL knows format {FORMAT}; update CubeQL")
    if version < FORMAT:
        raise StoreError(
            f"{place}: the store has format {version}, this CubeQL knows format {FORMAT}; ingest its sources again "
            "into a new store, or read it with the CubeQL that made it"
        )
    return True
