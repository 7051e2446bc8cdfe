"""The call of a client that a handler is at work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made a call.

    Attributes:
        gone: tells whether the client went away; must not be asked once the handler has ended.
        own: the client is CubeQL's own.
    """

    gone: Callable[[], bool] = lambda: False
    own: bool = False


_NOW: ContextVar[Caller] = ContextVar("caller")
_NOBODY = Caller()


def caller() -> Caller:
    """Who made the call that this thread answers."""
    return _NOW.get(_NOBODY)


@contextmanager
def answering(one: Caller) -> Iterator[None]:
    """Answer a call as long as the block lasts."""
    before = _NOW.set(one)
    try:
        yield
    finally:
        _NOW.reset(before)
