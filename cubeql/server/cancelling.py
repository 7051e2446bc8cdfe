"""Statements stopped by another call than the one that fetches their rows."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from cubeql.flight.wire import WireError, decode, encode, pack, unpack
from cubeql.server.faults import Refused
from cubeql.server.guests import Guest


class Status(IntEnum):
    """What became of a statement that was to be cancelled."""

    CANCELLED = 1
    NOT_CANCELLABLE = 3


def cancel_info(guest: Guest, body: bytes) -> list[bytes]:
    """``CancelFlightInfo``: stop what a flight info was given for."""
    info = decode("CancelFlightInfoRequest", body).get("info", {})
    return [encode("CancelFlightInfoResult", {"status": int(_cancelled(guest, info))})]


def cancel_query(guest: Guest, body: bytes) -> list[bytes]:
    """``CancelQuery``, its elder sister."""
    name, message = unpack(body)
    if name != "ActionCancelQueryRequest":
        raise Refused(f"the action takes a message ActionCancelQueryRequest, not {name}")
    info = decode("FlightInfo", message.get("info", b""))
    return [pack("ActionCancelQueryResult", result=int(_cancelled(guest, info)))]


def _cancelled(guest: Guest, info: dict[str, Any]) -> Status:
    """Stop the statements of all tickets; one that is unknown, over, or another user's is not cancellable."""
    handles = [_handle(endpoint.get("ticket", {}).get("ticket", b"")) for endpoint in info.get("endpoint", ())]
    stopped = [guest.stops(handle) for handle in handles]
    return Status.CANCELLED if any(stopped) else Status.NOT_CANCELLABLE


def _handle(ticket: bytes) -> bytes:
    try:
        _, message = unpack(ticket)
    except WireError:
        return b""
    handle: bytes = message.get("statement_handle", b"")
    return handle
