"""A statement in a thread of its own: the notebook's can then be interrupted at any time, and cancels it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import TypeVar

from cubeql.sessions import AnySession

_LOOK_EVERY_S = 0.2  # an interrupt is noticed when Python runs, not while it waits for a lock without end
T = TypeVar("T")


def run(work: Callable[[], T], session: AnySession) -> T:
    """Do work that asks a session; an interrupt cancels what runs there, and is then raised.

    Raises:
        KeyboardInterrupt: the cell was interrupted; nothing runs any more.
    """
    with ThreadPoolExecutor(1, "cubeql-cell") as pool:
        doing = pool.submit(work)
        try:
            while True:
                with suppress(NotYet):
                    return doing.result(_LOOK_EVERY_S)
        except KeyboardInterrupt:
            while not doing.done():
                session.cancel()
                with suppress(NotYet):
                    doing.exception(_LOOK_EVERY_S)
            raise
