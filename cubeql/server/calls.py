"""The call of a client that a handler is at work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Caller:
    """Who made a call.

    Attributes:
        gone: tells whether the client went away; must not be asked once the handler has ended.
        own: the client is CubeQL's own.
        peer: the host that it calls from.
        token: id of the token that it showed, if any.
    """

    gone: Callable[[], bool] = lambda: False
    own: bool = False
    peer: str = ""
    token: str = ""


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


def host_of(peer: str) -> str:
    """The host of a peer as gRPC writes it: ``ipv4:192.0.2.1:51234``, ``ipv6:%5B::1%5D:51234``, ``unix:…``."""
    kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else kind
