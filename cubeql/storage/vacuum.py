"""What killed writers leave behind: objects no name and no version of any layer refers to, found and removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cubeql.storage import cellsets, naming
from cubeql.storage.committing import LAYERS, Shelf
from cubeql.storage.delta import LOG
from cubeql.storage.objects import DRAFT, Entry, Objects

OLDER_THAN = timedelta(days=7)
"""A running write has files no version refers to yet: only older ones count as left behind."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object nothing refers to: its name, relative to the store, and its size."""

    name: str
    bytes: int


def leftovers(shelf: Shelf, older_than: timedelta) -> Iterator[Leftover]:
    """Objects of a store that nothing refers to and that have not changed for some time.

    Raises:
        StoreError: a name or a layer's log is damaged, so that its files cannot be told apart.
    """
    before = datetime.now(UTC) - older_than
    for entry in _unreferenced(shelf, before):
        if entry.changed <= before:
            yield Leftover(entry.name, entry.bytes)


def _unreferenced(shelf: Shelf, before: datetime) -> Iterator[Entry]:
    # Listed before names and logs are read: what is named or committed in between is then known.
    tables = _by_table(shelf.objects)
    sets = list(shelf.objects.entries(cellsets.FOLDER))
    places = shelf.names.places()
    yield from (entry for entry in shelf.objects.entries(naming.FOLDER) if _is_draft(entry.name))
    yield from (entry for entry in sets if entry.name not in places)
    for table, entries in tables.items():
        if table in places:
            yield from _unread(shelf, table, entries)
        elif max(entry.changed for entry in entries) <= before:  # the table of a write that still goes on has no name
            yield from entries


def _by_table(objects: Objects) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in objects.entries(LAYERS):
        found.setdefault("/".join(entry.name.split("/")[:2]), []).append(entry)
    return found


def _unread(shelf: Shelf, table: str, entries: list[Entry]) -> Iterator[Entry]:
    kept = shelf.tables.every_file(table)
    for entry in entries:
        name = entry.name.removeprefix(f"{table}/")
        if _is_draft(name) or not (name.startswith(f"{LOG}/") or name in kept):
            yield entry


def _is_draft(name: str) -> bool:
    return name.rpartition("/")[2].startswith(DRAFT)


def remove(objects: Objects, found: list[Leftover]) -> None:
    """Remove what was left behind.

    Raises:
        StoreError: one cannot be removed.
    """
    objects.remove([leftover.name for leftover in found])
