"""Errors as clients get them: what was wrong for whoever asked, and nothing of the machine that answers.

pyarrow turns what a handler raises into a status. Only its own Arrow errors become INVALID_ARGUMENT and UNIMPLEMENTED,
and with those it sends the whole traceback, paths included, unless :func:`hide_tracebacks` was called.
"""

from __future__ import annotations

import functools
import logging
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.errors import (
    CardError,
    ConfigError,
    CubeQLError,
    IngestError,
    InternalError,
    Misfit,
    NotAllowed,
    Outpaced,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    StoreError,
)
from cubeql.flight.told import OWN_CLIENT, fault_bytes
from cubeql.flight.wire import WireError
from cubeql.server.calls import Caller, answering, host_of
from cubeql.server.scrubbing import Scrubbing
from cubeql.storage.naming import NameTaken

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")
OWN = "own"
"""The middleware that notes whether a call is of CubeQL's own client."""
_MOST_SAID = 500  # our own client reads the fault beside it
_LOG = logging.getLogger("cubeql.server")
_LOG.addFilter(Scrubbing())


class Refused(pa.ArrowInvalid):
    """INVALID_ARGUMENT: what was asked for is at fault. ``kind`` is one word for it."""

    def __init__(self, text: str, kind: str = "refused") -> None:
        super().__init__(text)
        self.kind = kind


class Unspoken(pa.ArrowNotImplementedError):
    """UNIMPLEMENTED: a part of the protocol that is not spoken here."""

    kind = "unsupported"


class Busy(flight.FlightUnavailableError):
    """UNAVAILABLE: there is too much to do just now; later it may work."""


# -------------------------------------------------------------- what clients see


def told(error: BaseException, own: bool = False) -> Exception:
    """What a client gets to see of an error.

    Args:
        error: what was raised.
        own: the client is CubeQL's own, which takes the facts too. Others must not get them: drivers in Go refuse an
            answer whose details they do not know.
    """
    if isinstance(error, (flight.FlightError, Refused, Unspoken)):
        return error
    if isinstance(error, NotImplementedError):
        return Unspoken(str(error) or "this is not supported")
    for kind, code in _TOLD:
        if isinstance(error, kind):
            return _own(error, code or flight.FlightServerError) if own else _foreign(error, code)
    return _unexpected(error, own)


# A row each, the narrower before the wider; None is INVALID_ARGUMENT.
# CANCELLED is never sent: pyarrow's reader makes a Ctrl-C of it.
_TOLD: tuple[tuple[type[CubeQLError], type[flight.FlightError] | None], ...] = (
    (QueryTimeout, flight.FlightTimedOutError),
    (QueryCancelled, flight.FlightServerError),
    (QueryError, None),
    (ConfigError, None),
    (CardError, None),
    (IngestError, None),
    (NotAllowed, None),
    (Misfit, None),
    (NameTaken, None),
    (Outpaced, None),
    (WireError, None),
)


def _foreign(error: CubeQLError, code: type[flight.FlightError] | None) -> Exception:
    if code is not None:
        return _made(code, str(error))
    codes = [d.code for d in getattr(error, "diagnostics", ())]
    return Refused(str(error), ", ".join(dict.fromkeys(codes)) or "refused")


def _own(error: CubeQLError, code: type[flight.FlightError]) -> Exception:
    return _made(code, str(error)[:_MOST_SAID], fault_bytes(error))


def _made(code: type[flight.FlightError], *said: str | bytes) -> Exception:
    error: Exception = code(*said)
    return error


def _unexpected(error: BaseException, own: bool) -> Exception:
    """A number for the client; everything else is for the log."""
    number = secrets.token_hex(4)
    _LOG.error("reference %s", number, exc_info=(type(error), error, error.__traceback__))
    is_store = isinstance(error, StoreError)
    what = "the store cannot answer this" if is_store else "something failed inside the server"
    said = f"{what}; its log has more under the reference {number}"
    if own:
        return _own(StoreError(said) if is_store else InternalError(said), flight.FlightInternalError)
    return _made(flight.FlightInternalError, said)


# -------------------------------------------------------------- where errors leave


def guarded(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """A call of the door, of itself and the context and more, whose errors are told as clients may see them."""

    @functools.wraps(call)
    def answered(*args: _P.args, **named: _P.kwargs) -> _R:
        context: Any = args[1]
        own = is_own(context)
        try:
            with answering(Caller(context.is_cancelled, own, host_of(context.peer()))):
                return call(*args, **named)
        except Exception as error:
            raise told(error, own) from None

    return answered


def telling(found: Iterator[_T], own: bool) -> Iterator[_T]:
    """What an iterator gives, with its errors told as clients may see them."""
    try:
        yield from found
    except Exception as error:
        raise told(error, own) from None


class _Own(flight.ServerMiddleware):
    def __init__(self, own: bool) -> None:
        self.own = own


class OwnClients(flight.ServerMiddlewareFactory):
    """Notes whether a call is of CubeQL's own client."""

    def start_call(self, info: Any, headers: Any) -> _Own:
        """Look at the headers of a call."""
        return _Own(any(name.lower() == OWN_CLIENT for name in headers))


def is_own(context: Any) -> bool:
    """Whether a call is of CubeQL's own client."""
    found = context.get_middleware(OWN)
    return found is not None and found.own


# -------------------------------------------------------------- tracebacks

_format = traceback.format_exception


def hide_tracebacks() -> None:
    """Keep pyarrow from sending tracebacks: it formats them by this function, and calls it from no Python code."""
    traceback.format_exception = _formatted


def _formatted(*args: Any, **named: Any) -> list[str]:
    if sys._getframe().f_back is not None:
        return _format(*args, **named)
    value = args[1] if len(args) > 1 else None
    return [getattr(value, "kind", "internal")]
