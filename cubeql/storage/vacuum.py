"""What nobody needs, found and removed: objects no name and no version refers to, and those of versions not kept.

Versions go in two steps: a commit says from which one on a layer can be read, and then files that only the others need
are removed. Whoever dies in between leaves files that the next vacuum finds, and nobody can go back to a version that
is about to lose its files.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cubeql.errors import StoreError
from cubeql.storage import cellsets, naming, tokens
from cubeql.storage.altering import schema_of
from cubeql.storage.committing import ATTEMPTS, LAYERS, Shelf
from cubeql.storage.delta import LOG
from cubeql.storage.objects import DRAFT, Entry, Objects
from cubeql.storage.records import record_layer
from cubeql.storage.table import Change, CommitConflict, Horizon, LayerVersion

OLDER_THAN = timedelta(days=7)
"""A running write has files no version refers to yet: only older ones count as left behind."""
READING = timedelta(hours=1)
"""A running query reads the version that was the latest when it began: one that was so until lately is kept."""
_WORD = "vacuum"


@dataclass(frozen=True, slots=True)
class Keep:
    """Which versions of a layer to keep beside its latest.

    Attributes:
        versions: the last so many; None for no matter.
        days: those that were the latest at some moment of the last so many days; None for no matter.
        reading: the same, for queries that still run.
    """

    versions: int | None = None
    days: float | None = None
    reading: timedelta = READING

    def first(self, history: Sequence[LayerVersion]) -> int:
        """The first version to keep of those given, newest first."""
        now = datetime.now(UTC)
        # That something was vacuumed is no state to go back to.
        states = [v for v in history if not v.what.startswith(f"{_WORD}:")] or list(history)
        firsts = [_latest_at(history, now - self.reading)]
        if self.versions is not None:
            firsts.append(states[min(len(states), self.versions) - 1].version)
        if self.days is not None:
            firsts.append(_latest_at(history, now - timedelta(days=self.days)))
        return min(firsts)


def _latest_at(history: Sequence[LayerVersion], time: datetime) -> int:
    """The version that was the latest at an instant, or the first of all."""
    return next((v.version for v in history if v.time <= time), history[-1].version)


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object nobody needs.

    Attributes:
        name: relative to the store.
        bytes: its size.
        of_versions: whether it is of versions that are not kept, and not left behind by a killed writer or a drop.
    """

    name: str
    bytes: int
    of_versions: bool = False


def leftovers(shelf: Shelf, older_than: timedelta, firsts: Mapping[str, int] | None = None) -> list[Leftover]:
    """Objects of a store that nothing refers to and that have not changed for some time, and those of versions gone.

    Args:
        shelf: the store's.
        older_than: leave younger ones alone that no version ever referred to.
        firsts: from which version on to keep what, by table, where that is more than was said before.

    Raises:
        StoreError: a name or a layer's log is damaged, so that its files cannot be told apart.
    """
    before = datetime.now(UTC) - older_than
    return [
        Leftover(entry.name, entry.bytes, of_versions)
        for entry, of_versions in _unneeded(shelf, before, firsts or {})
        if of_versions or entry.changed <= before
    ]


def _unneeded(shelf: Shelf, before: datetime, firsts: Mapping[str, int]) -> Iterator[tuple[Entry, bool]]:
    # Listed before names and logs are read: what is named or committed in between is then known.
    tables = _by_table(shelf.objects)
    sets = list(shelf.objects.entries(cellsets.FOLDER))
    places = shelf.names.places()
    for folder in (naming.FOLDER, tokens.FOLDER):
        yield from ((entry, False) for entry in shelf.objects.entries(folder) if _is_draft(entry.name))
    yield from ((entry, False) for entry in sets if entry.name not in places)
    for table, entries in tables.items():
        if table in places:
            yield from _unread(shelf, table, entries, firsts.get(table, 0))
        elif max(entry.changed for entry in entries) <= before:  # the table of a write that still goes on has no name
            yield from ((entry, False) for entry in entries)


def _by_table(objects: Objects) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in objects.entries(LAYERS):
        found.setdefault("/".join(entry.name.split("/")[:2]), []).append(entry)
    return found


def _unread(shelf: Shelf, table: str, entries: list[Entry], first: int) -> Iterator[tuple[Entry, bool]]:
    state = shelf.tables.load(table)
    horizon = state.horizon if state is not None else None
    since = max(first, 0 if horizon is None else horizon.first)
    kept = shelf.tables.every_file(table, since)
    gone = shelf.tables.every_file(table) - kept if since else set()
    for entry in entries:
        name = entry.name.removeprefix(f"{table}/")
        if _is_draft(name) or not (name.startswith(f"{LOG}/") or name in kept):
            yield entry, name in gone


def forget(shelf: Shelf, table: str, first: int) -> None:
    """Commit that versions of a layer before one cannot be read any more.

    Raises:
        StoreError: the table is gone, or its log cannot be written.
    """
    place = shelf.objects.uri(table)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
        state = shelf.tables.load(table)
        if state is None:
            raise StoreError(f"{place}: there is no layer here any more")
        if state.horizon is not None and state.horizon.first >= first:
            return
        schema = schema_of(record_layer(state.record, state.version, place))
        what = f"{_WORD}: versions before {first} removed"
        horizon = Horizon(first, datetime.now(UTC))
        try:
            shelf.tables.commit(table, state, Change(what, record=state.record, schema=schema, horizon=horizon))
        except CommitConflict:
            continue
        return
    raise StoreError(f"{place}: other writers were faster {ATTEMPTS} times; try again")


def _is_draft(name: str) -> bool:
    return name.rpartition("/")[2].startswith(DRAFT)


def remove(objects: Objects, found: list[Leftover]) -> None:
    """Remove what was left behind.

    Raises:
        StoreError: one cannot be removed.
    """
    objects.remove([leftover.name for leftover in found])


@dataclass(frozen=True, slots=True)
class VacuumReport:
    """What a vacuum removed, or would remove.

    Attributes:
        found: it.
        dry_run: whether it is still there.
    """

    found: tuple[Leftover, ...]
    dry_run: bool

    def render(self) -> str:
        """A line for people: what was left behind, and what was of old versions."""
        word = "would be removed" if self.dry_run else "removed"
        parts = [_counted([x for x in self.found if x.of_versions is of]) for of in (False, True)]
        return f"{word}: {parts[0]} left behind, {parts[1]} of versions that are not kept"


def _counted(found: Sequence[Leftover]) -> str:
    noun = "file" if len(found) == 1 else "files"
    return f"{len(found):,} {noun} ({sum(x.bytes for x in found) / 1e6:,.1f} MB)"
