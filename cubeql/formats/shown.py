"""Arrow columns as people read them: few digits, days where every time is midnight, names before codes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cubeql.drawing.escape import visible
from cubeql.formats.values import classes_of, exact_texts, is_cell, is_geometry, is_number, json_values, unit_of

_LIST_ITEMS = 4
_SHORT = 8
_DIGITS = 6
_LEAST_DIGITS = 100  # of its last place a value that is not exact must have: three digits
_MIDNIGHT = "T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Form:
    """How a column is read.

    Attributes:
        name: of the column.
        note: what stands beside the name in the head: the unit, or UTC where times have a clock; None for neither.
        texts: the texts of values, None where NULL.
        soft: how many characters at the end of a text may be quiet, because they say little: the common end of cells,
            zeros that only bring numbers to one length, the code behind the name of a class.
        counted: the values are numbers, and stand to the right.
        wraps: long texts are prose, which may go over several lines.
    """

    name: str
    note: str | None
    texts: Callable[[pa.Array], list[str | None]]
    soft: Callable[[str], int]
    counted: bool = False
    wraps: bool = False

    @property
    def heading(self) -> str:
        """The name with its note: ``t2m [degC]``."""
        return self.name if self.note is None else f"{self.name} [{self.note}]"


def form_of(field: pa.Field, sample: pa.Array, aligned: bool = True) -> Form:
    """How a column is read, by the first of its values; later ones that are unlike them are still told rightly.

    Args:
        field: of the column.
        sample: its first values.
        aligned: numbers have as many decimals as the others, where none loses by it.
    """
    name, unit = visible(field.name), unit_of(field)
    note = None if unit is None else visible(unit)
    if classes_of(field):
        names = classes_of(field)
        return Form(name, note, lambda c: _class_texts(c, field, names), _code, wraps=True)
    if is_cell(field):
        tail = _common_tail(sample, field)
        return Form(name, note, lambda c: _plain(c, field), lambda _: tail)
    if pa.types.is_timestamp(field.type):
        days = all(t.endswith(_MIDNIGHT) for t in _known_texts(sample, field))
        return Form(name, None if days else "UTC", lambda c: _instants(c, field, days), _nothing)
    if pa.types.is_floating(field.type):
        decimals = _decimals(_known_texts(sample, field)) if aligned else None
        return Form(name, note, lambda c: _numbers(c, field, decimals), _zeros, counted=True)
    if pa.types.is_nested(field.type):
        return Form(name, note, lambda c: _nested(c, field), _nothing, wraps=True)
    prose = not (is_number(field) or is_geometry(field) or pa.types.is_binary(field.type))
    return Form(name, note, lambda c: _plain(c, field), _nothing, is_number(field), prose)


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


def _nothing(text: str) -> int:
    return 0


def _code(text: str) -> int:
    at = text.rfind(" (")
    return len(text) - at if at > 0 else 0


def _zeros(text: str) -> int:
    return len(text) - len(text.rstrip("0").rstrip(".")) if "." in text and "e" not in text else 0


def _plain(column: pa.Array, field: pa.Field) -> list[str | None]:
    return [None if t is None else visible(t) for t in exact_texts(column, field).to_pylist()]


def _class_texts(column: pa.Array, field: pa.Field, names: dict[str, str]) -> list[str | None]:
    codes = exact_texts(column, field).to_pylist()
    return [None if c is None else visible(f"{names[c]} ({c})" if c in names else c) for c in codes]


def _common_tail(sample: pa.Array, field: pa.Field) -> int:
    """How many digits f all cells end with: those below their resolution."""
    return min((len(t) - len(t.rstrip("f")) for t in _known_texts(sample, field)), default=0)


def _known_texts(column: pa.Array, field: pa.Field) -> list[str]:
    return [t for t in exact_texts(column, field).to_pylist() if t is not None]


def _instants(column: pa.Array, field: pa.Field, days: bool) -> list[str | None]:
    return [None if t is None else _instant(t, days) for t in exact_texts(column, field).to_pylist()]


def _instant(exact: str, days: bool) -> str:
    """A day, or day and clock with seconds only where there are some."""
    if days and exact.endswith(_MIDNIGHT):
        return exact.removesuffix(_MIDNIGHT)
    day, _, clock = exact.removesuffix("Z").rpartition("T")
    return f"{day} {clock.removesuffix(':00')}{'Z' if days else ''}"


def _decimals(exact: list[str]) -> int | None:
    """With how many decimals all values can be told; None where some would lose digits that matter, or none has any."""
    shorts = [short_number(t) for t in exact if t.lstrip("-")[:1].isdigit()]
    if not shorts or any("e" in t for t in shorts):
        return None
    most = max(len(t.partition(".")[2]) for t in shorts)
    whole = max(len(t.partition(".")[0].lstrip("-")) for t in shorts)
    decimals = min(most, max(0, _DIGITS - whole))
    return decimals if decimals and all(_fits(t, decimals) for t in shorts) else None


def _fits(short: str, decimals: int) -> bool:
    return len(short.partition(".")[2]) <= decimals or abs(float(short)) >= _LEAST_DIGITS * 10.0**-decimals


def _numbers(column: pa.Array, field: pa.Field, decimals: int | None) -> list[str | None]:
    return [None if t is None else _number(t, decimals) for t in exact_texts(column, field).to_pylist()]


def _number(exact: str, decimals: int | None) -> str:
    short = short_number(exact)
    if decimals is None or "e" in short or not short.lstrip("-")[0].isdigit() or not _fits(short, decimals):
        return short
    return f"{float(exact):.{decimals}f}"


def _nested(column: pa.Array, field: pa.Field) -> list[str | None]:
    return [None if v is None else visible(_short_value(v)) for v in json_values(column, field)]


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
