"""Names and texts with the quotes they need."""

from __future__ import annotations

import re

from cubeql.lang.tables import tables

_WORD = re.compile(r"[^\W\d]\w*")


def identifier(name: str) -> str:
    """A name, in double quotes where it is reserved or no word."""
    if _WORD.fullmatch(name) and name.upper() not in tables().reserved:
        return name
    return '"' + name.replace('"', '""') + '"'


def quoted(name: str) -> str:
    """A name in double quotes, needed or not."""
    return '"' + name.replace('"', '""') + '"'


def path(parts: tuple[str, ...]) -> str:
    """Names joined by points."""
    return ".".join(identifier(part) for part in parts)


def text(value: str) -> str:
    """A text in single quotes."""
    return "'" + value.replace("'", "''") + "'"
