"""What rides beside Flight SQL between CubeQL's own ends, as JSON: faults, warnings and figures of a statement.

Other clients pass it over. Faults come in the ``extra_info`` of an error, which HTTP/2 carries among its trailers: they
are pressed together, and what would be too long is left out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from cubeql import errors
from cubeql.errors import CubeQLError, Diagnostic, QueryError, Span

OWN_CLIENT = "x-cubeql-client"
"""The header by which CubeQL's own client is known; its value is the number of what it understands."""
MOST_BYTES = 48 * 1024
"""So long faults may be for our own client, which takes more in trailers than the 8 KB that are usual."""
_MOST_JSON = 16 * 1024 * 1024
_KINDS: dict[str, type[CubeQLError]] = {
    name: kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type) and issubclass(kind, CubeQLError)
}
_PLAIN = (str, int, float, bool)


# -------------------------------------------------------------- faults


def fault_bytes(fault: CubeQLError, statement: str = "", most: int = MOST_BYTES) -> bytes:
    """A fault as it travels.

    Args:
        fault: what was raised.
        statement: the text that the client sent, if that is known here: the client has it.
        most: how many bytes it may take; facts, the text, and in the end faults beyond the first are left out for that.
    """
    told: dict[str, Any] = {"kind": type(fault).__name__, "message": str(fault)}
    if not isinstance(fault, QueryError):
        told |= {"more": {k: v for k, v in vars(fault).items() if isinstance(v, _PLAIN)}}
        return _shorter([told], most)
    every = [_diagnostic(d) for d in fault.diagnostics]
    plain = [{k: v for k, v in d.items() if k != "facts"} for d in every]
    choices: list[dict[str, Any]] = [{"diagnostics": some} for some in (every, plain, plain[:20], plain[:1])]
    if fault.text != statement:
        choices = [{**choice, "text": fault.text} for choice in choices[:2]] + choices
    for choice in choices:  # the message is made of the diagnostics
        data = _pressed({"kind": told["kind"], **choice})
        if len(data) <= most:
            return data
    return _shorter([told], most)


def fault_of(data: bytes, statement: str = "") -> CubeQLError | None:
    """The fault that a server told; None where the bytes are none.

    Args:
        data: what rode beside the error.
        statement: the text that was sent.
    """
    told = _opened(data)
    if not isinstance(told, dict) or "kind" not in told:
        return None
    kind = _KINDS.get(str(told["kind"]), CubeQLError)
    if "diagnostics" in told and issubclass(kind, QueryError):
        return kind([_diagnostic_of(d) for d in told["diagnostics"]], str(told.get("text", statement)))
    if issubclass(kind, QueryError):
        kind = CubeQLError
    fault = kind.__new__(kind)  # some are made of other things than their message
    Exception.__init__(fault, str(told.get("message", "")))
    for name, value in dict(told.get("more") or {}).items():
        if isinstance(value, _PLAIN) and str(name).isidentifier() and not str(name).startswith("_"):
            setattr(fault, name, value)
    return fault


def _shorter(choices: list[dict[str, Any]], most: int) -> bytes:
    (told,) = choices
    data = _pressed(told)
    while len(data) > most and told["message"]:
        told = {"kind": told["kind"], "message": told["message"][: len(told["message"]) // 2] + "…"}
        if len(told["message"]) < 8:
            break
        data = _pressed(told)
    return data


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    told = {
        "code": found.code,
        "message": found.message,
        "span": None if found.span is None else [found.span.start, found.span.end],
        "hint": found.hint,
        "replacement": found.replacement,
        "severity": None if found.severity == "error" else found.severity,
        "facts": {k: v if isinstance(v, _PLAIN) else str(v) for k, v in found.facts},
    }
    return {k: v for k, v in told.items() if v is not None}


def _diagnostic_of(told: Mapping[str, Any]) -> Diagnostic:
    span = told.get("span")
    return Diagnostic(
        str(told["code"]), str(told["message"]),
        None if span is None else Span(int(span[0]), int(span[1])),
        told.get("hint"), told.get("replacement"),
        "warning" if told.get("severity") == "warning" else "error",
        tuple(sorted(dict(told.get("facts") or {}).items())),
    )  # fmt: skip


def _pressed(told: Any) -> bytes:
    return zlib.compress(json.dumps(told).encode(), 6)


def _opened(data: bytes) -> Any:
    """What :func:`_pressed` was given; None where the bytes are nothing such."""
    try:
        unpacked = zlib.decompressobj().decompress(data, _MOST_JSON)
        return json.loads(unpacked)
    except (zlib.error, ValueError, RecursionError):
        return None


# -------------------------------------------------------------- beside results


def head_bytes(warnings: Iterable[Diagnostic], message: str | None, stats: Mapping[str, Any]) -> bytes:
    """What is known of a statement before its rows: rides in the ``app_metadata`` of its FlightInfo.

    Args:
        warnings: what analysis found that does not stop it.
        message: what was done, by a statement without rows.
        stats: figures that are known already.
    """
    return object_bytes({"warnings": [_diagnostic(w) for w in warnings], "message": message, "stats": dict(stats)})


def head_of(data: bytes) -> tuple[tuple[Diagnostic, ...], str | None, dict[str, Any]]:
    """What :func:`head_bytes` was given; nothing of a server that tells nothing."""
    told = object_of(data)
    warnings = tuple(_diagnostic_of(w) for w in told.get("warnings", ()))
    return warnings, told.get("message"), dict(told.get("stats") or {})


def tail_bytes(stats: Mapping[str, Any], progress: Mapping[str, Any] | None = None) -> bytes:
    """Figures of a statement that has ended, and how far it came: ride in the ``app_metadata`` of its last batch."""
    return object_bytes({"stats": dict(stats), "progress": progress})


def tail_of(data: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What :func:`tail_bytes` was given."""
    told = object_of(data)
    return dict(told.get("stats") or {}), told.get("progress")


# -------------------------------------------------------------- actions


def object_bytes(told: Mapping[str, Any]) -> bytes:
    """Plain values by name, as actions ask and answer."""
    return json.dumps(told, default=str).encode()


def object_of(data: bytes) -> dict[str, Any]:
    """What :func:`object_bytes` was given; nothing of other bytes."""
    try:
        told = json.loads(data) if data else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
