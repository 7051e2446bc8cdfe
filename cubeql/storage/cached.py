"""A table format that remembers what it loaded: opening a large one costs, asking if it changed does not."""

from __future__ import annotations

import threading
from collections import OrderedDict

from cubeql.storage.table import Change, LayerVersion, TableFormat, TableState

CAPACITY = 64


class CachedTables:
    """A :class:`~cubeql.storage.table.TableFormat` over another; safe to share between threads."""

    def __init__(self, tables: TableFormat) -> None:
        """Remember the states that ``tables`` loads, the most recently used ones."""
        self._tables = tables
        self._lock = threading.Lock()
        self._states: OrderedDict[tuple[str, int | None], TableState] = OrderedDict()

    def load(self, folder: str, version: int | None = None) -> TableState | None:
        """The table's latest or an earlier state; the same object as long as it is the same state."""
        key = (folder, version)
        with self._lock:
            known, latest = (self._states.get(k) for k in (key, (folder, None)))
        if version is not None and latest is not None and latest.version == version:
            return latest
        if known is not None and (self.is_current(folder, known) if version is None else self._holds(folder, version)):
            return known
        state = self._tables.load(folder, version)
        with self._lock:
            self._states.pop(key, None)
            if state is not None:
                # The latest state is asked for by its number, too, once its record has been read.
                self._states |= {key: state, (folder, state.version): state}
            while len(self._states) > CAPACITY:
                self._states.popitem(last=False)
        return state

    def _holds(self, folder: str, version: int) -> bool:
        """Whether an earlier state can still be read; nothing else happens to one, for a folder is never another's."""
        latest = self.load(folder)
        return latest is not None and (latest.horizon is None or latest.horizon.first <= version)

    def is_current(self, folder: str, state: TableState) -> bool:
        """Whether a state is still the latest."""
        return self._tables.is_current(folder, state)

    def commit(self, folder: str, base: TableState | None, change: Change) -> int:
        """Make a change on top of a state."""
        return self._tables.commit(folder, base, change)

    def every_file(self, folder: str, since: int = 0) -> set[str]:
        """Names of all files that any version of the table from one on refers to."""
        return self._tables.every_file(folder, since)

    def history(self, folder: str) -> list[LayerVersion]:
        """All commits the log still holds, newest first."""
        return self._tables.history(folder)
