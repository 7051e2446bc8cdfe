"""Handles that a server gives out: what lies behind one is for the guest who got it, for a while."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from cubeql.server.faults import Busy, Refused

_T = TypeVar("_T")
_HANDLE_BYTES = 16


class Tickets(Generic[_T]):
    """What one guest has handles to. Safe to share between threads.

    Each guest has tickets of his own, so that a handle means nothing in anybody else's hands.

    Args:
        what: what is behind a handle, for messages.
        most: how many there may be at a time.
        seconds: how long one is good for since it was given or last looked at; None is as long as the guest is there.
        free: told of what nobody will ask for any more.
        clock: seconds that pass.
    """

    def __init__(
        self,
        what: str,
        most: int,
        seconds: float | None,
        free: Callable[[_T], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._most, self._seconds = what, most, seconds
        self._free, self._clock = free, clock
        self._lock = threading.Lock()
        self._open = True
        self._kept: dict[bytes, tuple[float, _T]] = {}
        """Those looked at longest ago first, with when that was."""

    def __len__(self) -> int:
        return len(self._kept)

    def give(self, content: _T) -> bytes:
        """A handle for something.

        Raises:
            Busy: the guest has too many, or has left; it is freed.
        """
        self.expire()
        handle = secrets.token_bytes(_HANDLE_BYTES)
        with self._lock:
            fits = self._open and len(self._kept) < self._most
            if fits:
                self._kept[handle] = (self._clock(), content)
        if not fits:
            self._free(content)
            raise Busy(f"{self._most} are open, which is the limit: {self._what}; close some, or fetch their rows")
        return handle

    def take(self, handle: object) -> _T:
        """What is behind a handle, which is used up by that.

        Raises:
            Refused: the handle is not this guest's, or is used or expired.
        """
        self.expire()
        found = self._pop(handle)
        if found is None:
            raise self._unknown()
        return found[1]

    def look(self, handle: object) -> _T:
        """What is behind a handle, which stays good.

        Raises:
            Refused: the handle is not this guest's, or is closed or expired.
        """
        self.expire()
        with self._lock:
            found = self._kept.pop(handle, None) if isinstance(handle, bytes) else None
            if found is None:
                raise self._unknown()
            self._kept[handle] = (self._clock(), found[1])  # type: ignore[index]  # it is bytes, or nothing was found
            return found[1]

    def drop(self, handle: object) -> bool:
        """Free what is behind a handle; gives whether there was something."""
        found = self._pop(handle)
        if found is not None:
            self._free(found[1])
        return found is not None

    def expire(self) -> None:
        """Free what nobody has come for in time."""
        if self._seconds is None:
            return
        late: list[_T] = []
        with self._lock:
            before = self._clock() - self._seconds
            while self._kept:
                handle, (then, content) = next(iter(self._kept.items()))
                if then > before:
                    break
                del self._kept[handle]
                late.append(content)
        for content in late:
            self._free(content)

    def close(self) -> None:
        """Free everything: the guest has left, and gets nothing any more."""
        with self._lock:
            self._open = False
            left, self._kept = list(self._kept.values()), {}
        for _, content in left:
            self._free(content)

    def _pop(self, handle: object) -> tuple[float, _T] | None:
        with self._lock:
            return self._kept.pop(handle, None) if isinstance(handle, bytes) else None

    def _unknown(self) -> Refused:
        return Refused(f"the handle is unknown, used or expired: {self._what}")
