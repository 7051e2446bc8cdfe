"""Geometries within geometries within geometries: refused before they are read.

What reads them calls itself for each level, and no error catches the end of its stack: the process would be gone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from typing import Any

DEEPEST = 64
_BRACKETS = re.compile(r"[()]")
_LEAST = 5 * DEEPEST
_ORDERS = {b"\0": ">", b"\1": "<"}
_POINT, _POLYGON, _LAST = 1, 3, 12
_LINES = (2, 8)  # of straight pieces, of arcs


def check_wkt(text: str) -> None:
    """Refuse (ValueError) a text whose brackets nest too deep."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] == "(" else -1
        _check(depth)


def check_geojson(value: Any) -> None:
    """Refuse (ValueError) a geometry whose collections nest too deep."""
    level, depth = [value], 0
    while level:
        depth += 1
        _check(depth)
        inner = (v.get("geometries") for v in level if isinstance(v, Mapping))
        level = [g for several in inner if isinstance(several, list) for g in several]


def check_wkb(content: bytes) -> None:
    """Refuse (ValueError) a geometry whose parts nest too deep, or that is none: who cannot follow it cannot tell."""
    if len(content) < _LEAST:
        return
    try:
        _walk(content)
    except (struct.error, IndexError):
        raise ValueError("it is cut off, or no WKB") from None


def check_all(several: Iterable[object]) -> None:
    """Refuse (ValueError) where any of many geometries nests too deep."""
    for content in several:
        if isinstance(content, bytes):
            check_wkb(content)


def _walk(content: bytes) -> None:
    at, left = 0, [1]
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        order = _ORDERS[content[at : at + 1]] if content[at : at + 1] in _ORDERS else _none()
        (written,) = struct.unpack_from(f"{order}I", content, at + 1)
        kind, size = _kind(written)
        at += 9 if written & 0x2000_0000 else 5
        if kind == _POINT:
            at += size
            continue
        (count,) = struct.unpack_from(f"{order}I", content, at)
        at += 4
        if kind in _LINES:
            at += count * size
        elif kind == _POLYGON:
            for _ in range(count):
                (corners,) = struct.unpack_from(f"{order}I", content, at)
                at += 4 + corners * size
        else:
            left.append(count)
            _check(len(left))


def _kind(written: int) -> tuple[int, int]:
    """What a geometry is, and the bytes of one of its points; Z and M are flags or thousands."""
    thousands, kind = divmod(written & 0xFFFF, 1000)
    has_z, has_m = bool(written >> 31) or thousands in (1, 3), bool(written >> 30 & 1) or thousands in (2, 3)
    return (kind if 0 < kind <= _LAST else _none()), 8 * (2 + has_z + has_m)


def _none() -> Any:
    raise ValueError("it is no WKB")


def _check(depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"its parts are nested deeper than {DEEPEST} levels")
