"""Messages as bytes: Protocol Buffers' wire format, as far as Flight SQL needs it.

Fields that are not known are passed over, so that newer clients stay readable. Whatever the bytes are, they are read or
refused with a :class:`WireError`; nothing is made that is larger than they.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from cubeql.errors import CubeQLError
from cubeql.flight.messages import MESSAGES, Field

_PREFIX = "type.googleapis.com/arrow.flight.protocol.sql."
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_NUMBERS = ("int", "uint", "bool")
_FIXED = {"double": "<d", "sfixed64": "<q"}
Message = dict[str, Any]


class WireError(CubeQLError):
    """Bytes that are no message."""


def pack(name: str, /, **values: Any) -> bytes:
    """A message wrapped in an ``Any`` that says what it is, as commands and tickets are."""
    return encode("Any", {"type_url": _PREFIX + name, "value": encode(name, values)})


def unpack(data: bytes) -> tuple[str, Message]:
    """The name and content of a message wrapped in an ``Any``.

    Raises:
        WireError: it is none, or of a kind that is not known.
    """
    wrapped = decode("Any", data)
    url = wrapped.get("type_url", "")
    name = url.removeprefix(_PREFIX)
    if name == url or name not in MESSAGES:
        raise WireError(f"{url[:80]!r} is no Flight SQL message that is known here")
    return name, decode(name, wrapped.get("value", b""))


# -------------------------------------------------------------- bytes in


def decode(name: str, data: bytes) -> Message:
    """The fields of a message that are there.

    Raises:
        WireError: the bytes are no such message.
    """
    return _decoded(MESSAGES[name], memoryview(data), name)


def _decoded(fields: tuple[Field, ...], data: memoryview, name: str) -> Message:
    known = {f.number: f for f in fields}
    found: Message = {}
    for number, kind, raw in _parts(data):
        field = known.get(number)
        if field is None:
            continue
        if field.mapped:
            entry = _entry(field, _bytes(kind, raw, name))
            found.setdefault(field.name, {})[entry[0]] = entry[1]
            continue
        values = list(_values(field, kind, raw, name))
        if field.many:
            found.setdefault(field.name, []).extend(values)
        elif values:
            found[field.name] = values[-1]
    return found


def _entry(field: Field, data: memoryview) -> tuple[str, Any]:
    entry = _decoded((Field(1, "key", "text"), Field(2, "value", field.kind)), data, field.name)
    return entry.get("key", ""), entry.get("value", {} if field.kind in MESSAGES else "")


def _parts(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Number, wire kind and raw value of each field."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise WireError("a field has the number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, kind, value
            continue
        if kind not in (_EIGHT, _FOUR, _BYTES):
            raise WireError(f"a field has the unknown wire type {kind}")
        size, at = _varint(data, at) if kind == _BYTES else (8 if kind == _EIGHT else 4, at)
        if size > len(data) - at:
            raise WireError("a message ends within a field")
        yield number, kind, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    found = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return found & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise WireError("a message ends within a number")


def _values(field: Field, kind: int, raw: int | memoryview, name: str) -> Iterator[Any]:
    if field.kind in _NUMBERS:
        yield from (_number(field, value) for value in _numbers(kind, raw, f"{name}.{field.name}"))
    elif field.kind in _FIXED:
        if kind != _EIGHT or isinstance(raw, int):
            raise WireError(f"{name}.{field.name} has the wire type {kind}")
        yield struct.unpack(_FIXED[field.kind], raw)[0]
    elif field.kind in MESSAGES:
        yield _decoded(MESSAGES[field.kind], _bytes(kind, raw, f"{name}.{field.name}"), field.kind)
    else:
        content = bytes(_bytes(kind, raw, f"{name}.{field.name}"))
        yield _text(content, f"{name}.{field.name}") if field.kind == "text" else content


def _numbers(kind: int, raw: int | memoryview, place: str) -> Iterator[int]:
    if kind == _VARINT and isinstance(raw, int):
        yield raw
        return
    packed, at = _bytes(kind, raw, place), 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _number(field: Field, value: int) -> int | bool:
    if field.kind == "bool":
        return bool(value)
    return value - (1 << 64) if field.kind == "int" and value >> 63 else value


def _bytes(kind: int, raw: int | memoryview, place: str) -> memoryview:
    if kind != _BYTES or isinstance(raw, int):
        raise WireError(f"{place} has the wire type {kind}")
    return raw


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise WireError(f"{place} is no UTF-8 text") from None


# -------------------------------------------------------------- bytes out


def encode(name: str, values: Mapping[str, Any]) -> bytes:
    """A message as bytes; a field that is None is left out."""
    known = {f.name: f for f in MESSAGES[name]}
    return b"".join(_encoded(known[n], value) for n, value in values.items() if value is not None)


def _encoded(field: Field, value: Any) -> bytes:
    if field.mapped:
        return b"".join(_sized(field.number, _pair(field.kind, k, v)) for k, v in value.items())
    return b"".join(_one(field.number, field.kind, v) for v in (value if field.many else (value,)))


def _pair(kind: str, key: str, value: Any) -> bytes:
    return _one(1, "text", key) + _one(2, kind, value)


def _one(number: int, kind: str, value: Any) -> bytes:
    if kind in _NUMBERS:
        return _wide(number << 3 | _VARINT) + _wide(int(value))
    if kind in _FIXED:
        return _wide(number << 3 | _EIGHT) + struct.pack(_FIXED[kind], value)
    if kind in MESSAGES:
        return _sized(number, encode(kind, value))
    return _sized(number, value.encode() if kind == "text" else bytes(value))


def _sized(number: int, content: bytes) -> bytes:
    return _wide(number << 3 | _BYTES) + _wide(len(content)) + content


def _wide(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
