"""One thread that looks after all that may have to be stopped: clients that went away, clients that take nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_EVERY_S = 0.05


@dataclass(eq=False, slots=True)
class _Matter:
    so: Callable[[], bool]
    then: Callable[[], None]


class Watch:
    """Looks every 50 ms whether something is so, and does what is to be done then, once.

    The context of a gRPC call is freed when its handler ends, and must not be touched afterwards: what is asked here is
    asked only between its registration and its removal, which waits for a question that is being asked.
    """

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._changed = threading.Condition()
        self._matters: list[_Matter] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, so: Callable[[], bool], then: Callable[[], None]) -> Callable[[], None]:
        """Look whether something is so; gives what ends the looking, which may be called more than once."""
        matter = _Matter(so, then)
        with self._changed:
            self._matters.append(matter)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._look, name="cubeql-watch", daemon=True)
                self._thread.start()
            elif len(self._matters) == 1:
                self._changed.notify()

        def remove() -> None:
            with self._changed:
                if matter in self._matters:
                    self._matters.remove(matter)

        return remove

    @contextmanager
    def over(self, so: Callable[[], bool], then: Callable[[], None]) -> Iterator[None]:
        """Look whether something is so as long as the block lasts."""
        remove = self.add(so, then)
        try:
            yield
        finally:
            remove()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _look(self) -> None:
        while True:
            with self._changed:
                if not self._closed:
                    self._changed.wait(self._every_s if self._matters else None)
                if self._closed:
                    return
                due = [matter for matter in self._matters if matter.so()]
                self._matters = [matter for matter in self._matters if matter not in due]
            for matter in due:  # outside of the lock: it may add and remove
                matter.then()
