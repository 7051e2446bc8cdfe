"""What went wrong at the server, or on the way to it, as CubeQL's own errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.errors import (
    ConfigError,
    CubeQLError,
    InternalError,
    QueryCancelled,
    QueryTimeout,
    StoreError,
    diagnose,
)
from cubeql.flight.told import fault_of


class ServerGone(StoreError):  # noqa: N818
    """The server cannot be reached, or went away.

    Attributes:
        sent: whether what was asked may have reached it.
    """

    def __init__(self, said: str, sent: bool) -> None:
        super().__init__(said)
        self.sent = sent


@contextmanager
def told(place: str, text: str = "", timeout_s: float | None = None) -> Iterator[None]:
    """Raise what goes wrong in a call as CubeQL's own error.

    Args:
        place: ``host:port`` of the server.
        text: the statement that was sent.
        timeout_s: the time limit that was given.
    """
    try:
        yield
    except (flight.FlightError, pa.ArrowException, OSError) as error:
        raise _fault(error, place, text, timeout_s) from None


def _fault(error: Exception, place: str, text: str, timeout_s: float | None) -> CubeQLError:
    beside = fault_of(getattr(error, "extra_info", b"") or b"", text)
    if beside is not None:
        return beside
    said = plain(str(error))
    if isinstance(error, flight.FlightUnauthenticatedError):
        return ConfigError(f"{place} does not let you in: {said}\n  hint: token=…, $CUBEQL_TOKEN, or token_file in the "
                           "preferences say who you are")  # fmt: skip
    if isinstance(error, flight.FlightTimedOutError):
        return QueryTimeout([diagnose("timeout", limit_s=timeout_s)], text)
    if isinstance(error, flight.FlightCancelledError):
        return QueryCancelled([diagnose("cancelled")], text)
    if isinstance(error, flight.FlightUnavailableError):
        return _unavailable(str(error), said, place)
    if isinstance(error, pa.ArrowNotImplementedError):
        return StoreError(f"{place} does not do this: {said}")
    if isinstance(error, flight.FlightInternalError | flight.FlightWriteSizeExceededError):
        return InternalError(f"{place}: {said}")
    return CubeQLError(f"{place}: {said}")


_WAYS: tuple[tuple[str, str], ...] = (
    ("certificate verify failed", "shows a certificate that is not of an authority believed here\n"
     "  hint: tls_ca=FILE, or tls_ca in the preferences, names the authority"),
    ("not in peer certificate", "shows the certificate of another host"),
    ("wrong version number", "does not speak TLS\n  hint: ?tls=no behind the address asks without it"),
    ("handshake failed", "cannot agree with us on TLS"),
    ("lookup failed", "is a name that nobody knows"),
    ("errors resolving", "is a name that nobody knows"),
    ("resolution failed", "is a name that nobody knows"),
    ("connection refused", "does not answer: nobody listens there"),
    ("no route to host", "cannot be reached: there is no way there"),
    ("network is unreachable", "cannot be reached: there is no way there"),
    ("timed out", "cannot be reached: nothing comes back"),
)  # fmt: skip
"""What the transport says, and what we say."""
_HUNG_UP = (
    "ended the connection at once\n  hint: a server with TLS does so where it is asked without: ?tls=yes behind the "
    "address; one that wants to see a certificate where none is shown: tls_cert=FILE, tls_key=FILE"
)
_CLOSED = ("socket closed", "connection reset", "broken pipe", "goaway", "keepalive", "ping timeout", "stream removed",
           "fd shutdown")  # fmt: skip


def _unavailable(error: str, said: str, place: str) -> CubeQLError:
    error = error.casefold()
    words = next((words for mark, words in _WAYS if mark in error), None)
    if words is not None:
        return ServerGone(f"{place} {words}", sent=False)
    closed = any(mark in error for mark in _CLOSED)
    if "failed to connect" in error:
        return ServerGone(f"{place} {_HUNG_UP if closed else 'cannot be reached'}", sent=False)
    if closed:
        return ServerGone(f"{place} ended the connection before it had answered", sent=True)
    return StoreError(f"{place}: {said}")


_NOISE = re.compile(r"(?:\.|;)?\s*(?:gRPC client debug context|Client context|Detail):.*", re.DOTALL)
_HEAD = re.compile(r"^(?:Flight (?:error|returned \w+ error)|gRPC returned \w+ error)[^:]*:\s*|^with message:\s*")


def plain(said: str) -> str:
    """What a server said, without what the transport wraps around it."""
    said = _NOISE.sub("", said)
    while (shorter := _HEAD.sub("", said, count=1)) != said:
        said = shorter
    return " ".join(said.split("\n")).strip(" .") or "it does not say why"
