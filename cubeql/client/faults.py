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
    if isinstance(error, flight.FlightInternalError | flight.FlightWriteSizeExceededError):
        return InternalError(f"{place}: {said}")
    return CubeQLError(f"{place}: {said}")


_WAYS: tuple[tuple[str, str, bool], ...] = (
    ("CERTIFICATE_VERIFY_FAILED", "shows a certificate that is not of an authority believed here\n"
     "  hint: tls_ca=FILE names the authority", False),
    ("Hostname Verification Check failed", "shows a certificate of another host", False),
    ("WRONG_VERSION_NUMBER", "does not speak TLS\n  hint: ?tls=no behind the address asks without it", False),
    ("CERTIFICATE_REQUIRED", "wants to see a certificate\n  hint: tls_cert=FILE and tls_key=FILE", False),
    ("Ssl handshake failed", "cannot agree with us on TLS", False),
    ("error:address lookup failed", "is a name that nobody knows", False),
    ("DNS resolution failed", "is a name that nobody knows", False),
    ("errors resolving", "is a name that nobody knows", False),
    ("Connection refused", "does not answer: nobody listens there", False),
    ("No route to host", "cannot be reached: there is no way there", False),
    ("Network is unreachable", "cannot be reached: there is no way there", False),
    ("failed to connect", "cannot be reached", False),
    ("FD Shutdown", "ended the connection", True),
)  # fmt: skip
"""What the transport says, in which words we say it, and whether a call may have come through before."""
_CLOSED = ("Socket closed", "Connection reset", "Broken pipe", "GOAWAY", "keepalive", "ping timeout", "Stream removed")


def _unavailable(error: str, said: str, place: str) -> CubeQLError:
    for mark, words, sent in _WAYS:
        if mark.casefold() in error.casefold():
            return ServerGone(f"{place} {words}", sent)
    if any(mark.casefold() in error.casefold() for mark in _CLOSED):
        return ServerGone(
            f"{place} ended the connection before it had answered\n"
            "  hint: a server with TLS does so where it is asked without: ?tls=yes behind the address",
            True,
        )
    return StoreError(f"{place}: {said}")


_NOISE = re.compile(r"(?:\.|;)?\s*(?:gRPC client debug context|Client context|Detail):.*", re.DOTALL)
_HEAD = re.compile(r"^(?:Flight (?:error|returned \w+ error)|gRPC returned \w+ error)[^:]*:\s*|^with message:\s*")


def plain(said: str) -> str:
    """What a server said, without what the transport wraps around it."""
    said = _NOISE.sub("", said)
    while (shorter := _HEAD.sub("", said, count=1)) != said:
        said = shorter
    return " ".join(said.split("\n")).strip() or "it does not say why"
