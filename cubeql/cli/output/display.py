"""Arrow columns as short texts for people: few digits, no control characters, long lists cut."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import pyarrow as pa

from cubeql.cli.escape import visible
from cubeql.formats.values import classes_of, exact_texts, is_number, json_values, unit_of

_LIST_ITEMS = 4
_SHORT = 8
_DIGITS = 6


def heading(field: pa.Field) -> str:
    """A column's name with its unit: ``t2m [degC]``."""
    unit = unit_of(field)
    return visible(f"{field.name} [{unit}]" if unit else field.name)


def is_counted(field: pa.Field) -> bool:
    """Whether a column is read as numbers, and so stands to the right."""
    return is_number(field) and not classes_of(field)


def display_texts(column: pa.Array, field: pa.Field) -> list[str | None]:
    """A column as short texts, None where NULL; a class code has its name beside it."""
    names = classes_of(field)
    if names:
        codes = exact_texts(column, field).to_pylist()
        return [None if c is None else visible(f"{c} {names[c]}" if c in names else c) for c in codes]
    if pa.types.is_floating(field.type):
        return [None if t is None else short_number(t) for t in exact_texts(column, field).to_pylist()]
    if pa.types.is_nested(field.type):
        return [None if v is None else visible(_short_value(v)) for v in json_values(column, field)]
    return [None if t is None else visible(t) for t in exact_texts(column, field).to_pylist()]


def short_number(exact: str) -> str:
    """About six significant digits of a number's exact text; whole parts are never cut."""
    if len(exact) <= _SHORT or not exact.lstrip("-")[0].isdigit():
        return exact
    value = float(exact)
    if not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{_DIGITS}g}"
    whole = math.floor(math.log10(abs(value))) + 1
    text = f"{value:.{max(0, _DIGITS - whole)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def width_of(text: str) -> int:
    """Columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def cut(text: str, width: int, mark: str = "…") -> str:
    """The text, shortened to a width with a mark where something is missing."""
    if width_of(text) <= width:
        return text
    room = width - len(mark)
    kept = ""
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return kept + mark


def pad(text: str, width: int, right: bool) -> str:
    """The text filled with spaces to a width."""
    space = " " * max(0, width - width_of(text))
    return space + text if right else text + space


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _short_value(value: Any) -> str:
    if isinstance(value, list):
        items = [_short_value(v) for v in value[:_LIST_ITEMS]]
        more = [f"… {len(value)} in all"] if len(value) > _LIST_ITEMS else []
        return f"[{', '.join(items + more)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_short_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float):
        return short_number(repr(value))
    return "NULL" if value is None else str(value)
