"""How far a statement is, drawn while its rows are waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.progress import duration, fitting, line

if TYPE_CHECKING:
    from cubeql.engine.progress import Progress

_PATIENCE_S = 0.5
_EVERY_S = 0.1


class Waiting:
    """Draws the progress of a statement that takes longer than a moment, from a thread of its own.

    The thread draws only inside :meth:`now`, so that the line never stands among rows.

    Args:
        ask: what says how far the statement is; None where nothing runs.
        diagnostics: where it is drawn; nothing is where it shows no progress.
    """

    def __init__(self, ask: Callable[[], Progress | None], diagnostics: Diagnostics) -> None:
        self.seconds = 0.0
        """How long was waited."""
        self._ask = ask
        self._diagnostics = diagnostics
        self._began = time.monotonic()
        self._waits = False
        self._drawing = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def now(self) -> Iterator[None]:
        """Wait here."""
        began = time.monotonic()
        self._waits = True
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began
            with self._drawing:
                self._waits = False
                self._diagnostics.end_progress()

    def _draw(self) -> None:
        while not self._done.wait(_EVERY_S):
            if time.monotonic() - self._began < _PATIENCE_S:
                continue
            with self._drawing:
                if self._waits and self._diagnostics.shows_progress:
                    seconds = time.monotonic() - self._began
                    self._diagnostics.progress(fitting(said(self._ask(), seconds, self._diagnostics.unicode)))

    def __enter__(self) -> Waiting:
        if self._diagnostics.shows_progress:
            self._thread = threading.Thread(target=self._draw, name="cubeql-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread is not None:
            with self._drawing:  # the line that is being drawn is the last
                self._diagnostics.end_progress()


def said(progress: Progress | None, seconds: float, blocks: bool) -> str:
    """The line: tiles where they are known, the time that has passed, and the way out."""
    if progress is None or not progress.all:
        return f"running for {duration(seconds)}  Ctrl-C cancels"
    tiles = f"{progress.done:,} of {progress.all:,} tiles"
    drawn = line("query", progress.done, progress.all, tiles, progress.seconds_left, blocks)
    return f"{drawn}  Ctrl-C cancels"
