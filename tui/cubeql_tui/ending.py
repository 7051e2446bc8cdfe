"""How the screen ends when it is not left: the terminal is as it was, and what went wrong is kept."""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from textual.app import App

from cubeql.preferences import state_folder

_BUG = 70


class _Leavable(ThreadPoolExecutor):
    """Threads of workers: the screen is left without waiting for one that a silent server holds."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let all go on by themselves."""
        _LEFT.update(self._threads)
        super().shutdown(wait=False, cancel_futures=True)


_LEFT: set[Thread] = set()


def left_alone() -> int:
    """How many threads still wait for a server, or whatever else holds them, though the screen was left."""
    return sum(thread.is_alive() for thread in _LEFT)


class Ending(App[None]):
    """An application that hears signals, ends with its page, and reports its own faults."""

    def hear(self) -> None:
        """End in order when asked to (SIGTERM), when the terminal closes (SIGHUP), when the page's server has gone."""
        with suppress(RuntimeError, ValueError):  # a loop in a thread of its own hears none
            loop = asyncio.get_running_loop()
            loop.set_default_executor(_Leavable())
            for asked in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(asked, self.exit, None, 128 + asked)
        if self.is_web:
            self._served_by = os.getppid()
            self.set_interval(1, self._leave_with_the_page)

    def _leave_with_the_page(self) -> None:
        if os.getppid() != self._served_by:
            self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours: Textual would write the values of all variables to the terminal."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        file = report(error)
        kept = f"A report lies in {file}; please send it." if file else "No report could be written."
        said = f"This is a bug in CubeQL: {type(error).__name__}: {error}\n{kept} The history of statements is kept."
        self.exit(return_code=_BUG, message=said)


def report(error: Exception, folder: Path | None = None) -> Path | None:
    """Write where a fault arose to a file; without values of variables, which may be secret.

    Args:
        error: the fault.
        folder: None takes the folder of what programs remember.

    Returns:
        The file, None where none can be written.
    """
    folder = folder or state_folder()
    file = folder / f"fault-{datetime.now(UTC):%Y%m%dT%H%M%S}.txt"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(traceback.format_exception(error)), "utf-8")
        return file
    return None
