"""The connections of one statement: its own, and those on which parts of it run while it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

INSIST_S = 0.02
"""An engine forgets an interruption that comes before a statement has begun: it is told again after so many seconds."""


class Connections:
    """A statement's connection and those beside it; all of them know the same relations.

    Args:
        cursor: the statement's own.
        begun: told of each that is opened.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, begun: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        self._cursor, self._begun = cursor, begun
        self.relations: dict[str, object] = {}
        """Rows in memory that relations have, by tile."""
        self.open: list[duckdb.DuckDBPyConnection] = []
        """Those beside the statement's own."""
        begun(cursor)

    def provide(self, name: str, rows: object) -> None:
        """Make a relation of rows in memory."""
        self.relations[name] = rows
        self._cursor.register(name, rows)

    @contextmanager
    def another(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a part of the statement; what is done there is stopped with it."""
        with self._cursor.cursor() as cursor:
            self._begun(cursor)
            for name, rows in self.relations.items():
                cursor.register(name, rows)
            self.open.append(cursor)
            try:
                yield cursor
            finally:
                with suppress(ValueError):  # the statement was closed first
                    self.open.remove(cursor)

    def interrupt(self) -> None:
        """Have all of them let go."""
        for cursor in (self._cursor, *self.open):
            with suppress(duckdb.ConnectionException):  # closed with its session, and on its way out
                cursor.interrupt()

    def close(self) -> None:
        """Close them; the statement's own waits for what is done beside it, which is interrupted."""
        closed = threading.Event()

        def insist() -> None:
            while not closed.wait(INSIST_S):
                self.interrupt()

        if self.open:
            threading.Thread(target=insist, daemon=True).start()
        self._cursor.close()
        closed.set()
        while self.open:
            self.open.pop().close()
