"""A table format that remembers what it loaded: opening a large one costs, asking if it changed does not."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from cubeql.storage.addresses import Address
from cubeql.storage.table import Change, LayerVersion, TableFormat, TableState

CAPACITY = 64


class CachedTables:
    """A :class:`~cubeql.storage.table.TableFormat` over another; safe to share between threads."""

    def __init__(
        self, tables: TableFormat, taking: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext()
    ) -> None:
        """Remember the states that ``tables`` loads, the most recently used ones.

        ``taking`` is held where a new table takes the name of its folder.
        """
        self._tables = tables
        self._taking = taking
        self._lock = threading.Lock()
        self._states: OrderedDict[tuple[str, int | None], TableState] = OrderedDict()

    def exists(self, folder: Address) -> bool:
        """Whether a table was committed there."""
        return self._tables.exists(folder)

    def load(self, folder: Address, version: int | None = None) -> TableState | None:
        """The table's latest or an earlier state; the same object as long as it is the same state."""
        key = (str(folder), version)
        with self._lock:
            known = self._states.get(key)
        if known is not None:
            holds = self.is_current if version is None else self.still_holds
            if holds(folder, known):
                return known
        state = self._tables.load(folder, version)
        with self._lock:
            self._states.pop(key, None)
            if state is not None:
                self._states[key] = state
            while len(self._states) > CAPACITY:
                self._states.popitem(last=False)
        return state

    def is_current(self, folder: Address, state: TableState) -> bool:
        """Whether a state is still the latest."""
        return self._tables.is_current(folder, state)

    def still_holds(self, folder: Address, state: TableState) -> bool:
        """Whether a state, latest or not, still belongs to the table that is there."""
        return self._tables.still_holds(folder, state)

    def commit(self, folder: Address, base: TableState | None, change: Change) -> int:
        """Make a change on top of a state."""
        with self._taking(folder.path.rpartition("/")[2]) if base is None else nullcontext():
            return self._tables.commit(folder, base, change)

    def every_file(self, folder: Address) -> set[str]:
        """Names of all files that any version of the table refers to."""
        return self._tables.every_file(folder)

    def history(self, folder: Address) -> list[LayerVersion]:
        """All commits the log still holds, newest first."""
        return self._tables.history(folder)
