"""Ctrl-C cancels what runs, at once even when the main thread is inside a library."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN_S = 0.1


class Interrupts:
    """What arrived so far; ``received`` is the signal's number or None."""

    def __init__(self) -> None:
        self.received: int | None = None

    def check(self) -> None:
        """Stop here if a signal came; to be called between pieces of work.

        Raises:
            KeyboardInterrupt: a signal came; its argument is the number.
        """
        if self.received is not None:
            raise KeyboardInterrupt(self.received)

    def forget(self) -> None:
        """A Ctrl-C that came was for another program in front."""
        if self.received == signal.SIGINT:
            self.received = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:  # asked a second time: do not wait for the work to notice
            raise KeyboardInterrupt(number)
        self.received = number


@contextmanager
def cancelling(cancel: Callable[[], None]) -> Iterator[Interrupts]:
    """Call ``cancel`` when the process is interrupted or asked to end while the block runs.

    Python runs signal handlers only between its own instructions, so a handler alone would wait until a
    library call returns. The signal's number is therefore also written to a socket that another thread reads;
    that thread cancels, again and again until the block ends, since the work may only just be starting. A signal
    that the block did not notice is still to be asked for when it has ended.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield interrupts
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    done, gone = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(ours, cancel, done, gone), name="cubeql-interrupts", daemon=True)
    before = {number: signal.signal(number, interrupts._handle) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield interrupts
    finally:
        done.set()
        signal.set_wakeup_fd(wakeup)
        theirs.close()  # ends the watcher's read
        gone.wait()  # a join that Ctrl-C interrupts would leave the thread marked as ended while it runs
        ours.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(
    source: socket.socket, cancel: Callable[[], None], done: threading.Event, gone: threading.Event
) -> None:
    try:
        while data := source.recv(16):
            if any(number in _SIGNALS for number in data):
                cancel()
                while not done.wait(_AGAIN_S):
                    cancel()
    finally:
        gone.set()
