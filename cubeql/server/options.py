"""Options of a guest's session: looked at, set and taken back by clients, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cubeql.errors import ConfigError
from cubeql.flight.wire import Message, decode, encode
from cubeql.server.guests import COMPRESSIONS, Guest
from cubeql.server.metadata import MAIN, catalog_of

_INVALID_NAME, _INVALID_VALUE = 1, 2
_CLOSED = 1


class _UnfitError(Exception):
    """A value that an option cannot have."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option: what it is now, and what gives it another value; None is its default."""

    get: Callable[[Guest], str | bool | int | float]
    set: Callable[[Guest, Any], None]


def _set_catalog(guest: Guest, value: Any) -> None:
    if value not in (None, catalog_of(guest)):
        raise _UnfitError


def _set_schema(guest: Guest, value: Any) -> None:
    # Names are looked for where they say: another schema would change nothing, while its client thought that it did.
    if value not in (None, MAIN):
        raise _UnfitError


def _timeout(guest: Guest) -> float:
    own = guest.session.settings.timeout_s
    return guest.limits.run_s if own is None else min(own, guest.limits.run_s)


def _set_timeout(guest: Guest, value: Any) -> None:
    try:
        seconds = float(value) if isinstance(value, str) else value
        longer = isinstance(seconds, (int, float)) and seconds > guest.limits.run_s
        guest.session.set("timeout_s", guest.limits.run_s if longer else seconds)
    except (ValueError, ConfigError):
        raise _UnfitError from None


def _set_compression(guest: Guest, value: Any) -> None:
    if value is not None and value not in COMPRESSIONS:
        raise _UnfitError
    guest.compression = COMPRESSIONS[0] if value is None else value


OPTIONS: dict[str, Option] = {
    "catalog": Option(catalog_of, _set_catalog),
    "schema": Option(lambda guest: MAIN, _set_schema),
    "cubeql.timeout": Option(_timeout, _set_timeout),
    "cubeql.compression": Option(lambda guest: guest.compression, _set_compression),
}


def set_options(guest: Guest, body: bytes) -> list[bytes]:
    """Set options, and tell of each that could not be set why; the others are set."""
    wrong: dict[str, Message] = {}
    for name, written in decode("SetSessionOptionsRequest", body).get("session_options", {}).items():
        option = OPTIONS.get(name)
        try:
            if option is None:
                wrong[name] = {"value": _INVALID_NAME}
            else:
                option.set(guest, _value(written))
        except _UnfitError:
            wrong[name] = {"value": _INVALID_VALUE}
    return [encode("SetSessionOptionsResult", {"errors": wrong})]


def get_options(guest: Guest, body: bytes) -> list[bytes]:
    """All options as they are."""
    now = {name: {_FIELDS[type(value)]: value} for name, value in ((n, o.get(guest)) for n, o in OPTIONS.items())}
    return [encode("GetSessionOptionsResult", {"session_options": now})]


def close(guest: Guest, body: bytes) -> list[bytes]:
    """Take all options back. Whoever else shows the same token has the same session, which therefore stays."""
    for option in OPTIONS.values():
        option.set(guest, None)
    return [encode("CloseSessionResult", {"status": _CLOSED})]


_FIELDS = {str: "string_value", bool: "bool_value", int: "int64_value", float: "double_value"}


def _value(written: Message) -> Any:
    """The value of a message that has one of several, or none."""
    if len(written) > 1:
        raise _UnfitError
    for name, value in written.items():
        return value.get("values", []) if name == "string_list_value" else value
    return None
