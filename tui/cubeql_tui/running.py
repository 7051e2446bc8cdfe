"""A statement at work in a thread: it can be cancelled, and waits before it has brought more than anybody looks at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from cubeql.errors import CubeQLError, Diagnostic, QueryCancelled
from cubeql.sessions import AnySession, Progress
from cubeql_tui.rows import Rows

State = Literal["running", "waiting", "done", "cancelled", "failed"]

AHEAD = 2_000_000
"""Rows that are fetched before anybody has scrolled to them."""


class Run:
    """One statement from its start to its last row. It knows no screen: ``tell`` is called when something has changed.

    Attributes:
        values: of its parameters, by name.
        file: where its rows are written, none of them shown; None shows them.
        state: ``waiting`` has more rows than were fetched; ``cancelled`` keeps the rows that had come.
        rows: None until the statement has been understood, and for statements without rows.
        message: what a statement without rows has done.
        error: why it failed.
        warnings: what was noticed and did not stop it.
        stats: as :attr:`Result.stats`.
    """

    def __init__(
        self,
        session: AnySession,
        text: str,
        ahead: int = AHEAD,
        values: Mapping[str, Any] | None = None,
        file: str | None = None,
    ) -> None:
        self.session = session
        self.text = text
        self.file = file
        self.values = dict(values or {})
        self.state: State = "running"
        self.rows: Rows | None = None
        self.message: str | None = None
        self.error: CubeQLError | None = None
        self.warnings: tuple[Diagnostic, ...] = ()
        self.stats: dict[str, Any] = {}
        self._began = time.monotonic()
        self._took: float | None = None
        self._wanted = self._ahead = ahead
        self._stopping = False
        self._progress: Callable[[], Progress | None] = session.progress
        self._woken = threading.Condition()

    @property
    def seconds(self) -> float:
        """How long it took, or has taken until now."""
        return self._took if self._took is not None else time.monotonic() - self._began

    @property
    def progress(self) -> Progress | None:
        """How far it is in tiles; None where it has ended, or reads none."""
        now = self._progress() if self.at_work else None
        return now if now is not None and now.all else None

    @property
    def at_work(self) -> bool:
        """Whether it may still bring rows."""
        return self.state in ("running", "waiting")

    def work(self, tell: Callable[[], None]) -> None:
        """Run it, in the thread of the caller, until it ends."""
        try:
            self._read(tell)
            self._end("cancelled" if self._stopping else "done")
        except QueryCancelled:
            self._end("cancelled")
        except CubeQLError as error:
            self.error = error
            self._end("cancelled" if self._stopping else "failed")
        except Exception as error:
            self.error = CubeQLError(f"{type(error).__name__}: {error}")
            self._end("failed")
        tell()

    def _read(self, tell: Callable[[], None]) -> None:
        with self.session.query(self.text, self.values or None) as result:
            self._progress = result.progress
            self.stats, self.warnings, self.message = result.stats, result.warnings, result.message
            if self.file is not None:
                self.message = f"{result.write(self.file)}: {result.stats['rows']:,} rows"
                return
            if result.message is None:
                self.rows = Rows(result.schema)
            tell()
            for batch in result:
                if self._stopping:
                    return
                if self.rows is not None:
                    self.rows.append(batch)
                    self._wait_for_readers(len(self.rows), tell)
                tell()

    def _wait_for_readers(self, fetched: int, tell: Callable[[], None]) -> None:
        with self._woken:
            if fetched < self._wanted or self._stopping:
                return
            waits_since = time.monotonic()
            self._took = self.seconds  # before it says that it waits, or its clock would be seen to go on
            self.state = "waiting"
            tell()
            self._woken.wait_for(lambda: self._stopping or fetched < self._wanted)
            self._began += time.monotonic() - waits_since
            self.state, self._took = "running", None

    def _end(self, state: State) -> None:
        self._took = self.seconds
        self.state = state

    def more(self) -> None:
        """Fetch on, where it waits."""
        with self._woken:
            if self.state == "waiting":
                self._wanted = len(self.rows or ()) + self._ahead
                self._woken.notify_all()

    def cancel(self) -> None:
        """Stop it. A statement that has not reached the engine does not hear; ask again until it has ended."""
        with self._woken:
            self._stopping = True
            self._woken.notify_all()
        if self.at_work:
            self.session.cancel()

    @property
    def cancelling(self) -> bool:
        """Whether it was told to stop and has not yet."""
        return self._stopping and self.at_work
