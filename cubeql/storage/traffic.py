"""What a piece of work asks of the network: counted where the requests are made, for whoever is listening."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests, and bytes of the answers."""

    requests: int = 0
    bytes: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(self.requests + other.requests, self.bytes + other.bytes)


@dataclass(slots=True)
class Meter:
    """Adds up what is asked; several threads may ask for one piece of work."""

    total: Traffic = field(default_factory=Traffic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, requests: int, size: int) -> None:
        """Note some requests and what they brought."""
        with self._lock:
            self.total += Traffic(requests, size)


_LISTENING: ContextVar[Meter | None] = ContextVar("cubeql_meter", default=None)


@contextmanager
def metered(meter: Meter | None) -> Iterator[None]:
    """Have a meter count what is asked in a block; None leaves it to whoever counts already."""
    if meter is None:
        yield
        return
    token = _LISTENING.set(meter)
    try:
        yield
    finally:
        _LISTENING.reset(token)


def listening() -> Meter | None:
    """The meter that counts what this thread asks; threads it starts have to be told."""
    return _LISTENING.get()


def asked(size: int = 0, requests: int = 1) -> None:
    """Note requests that were made, and the bytes of their answers."""
    meter = _LISTENING.get()
    if meter is not None:
        meter.add(requests, size)
