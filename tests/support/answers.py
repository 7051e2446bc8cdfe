"""Results as plain values, whoever gave them: compared, printed as a table, read back from one.

Values are Python's own: None, bool, int, float, str, :class:`Cell`, datetime (naive, meaning UTC), timedelta
and tuples for lists. An integer is not a float and a cell is not an integer: a changed type is a difference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

PRINTED_ROWS = 40
Row = tuple[Any, ...]


class Cell(int):
    """An H3 index; prints as 15 hexadecimal digits."""

    def __repr__(self) -> str:
        return f"{int(self):015x}"


class AnyOf(tuple[Any, ...]):
    """Several values, each of them right."""


class AnyOrder(tuple[Any, ...]):
    """A list whose values may stand in any order."""


class Outline(str):
    """Well-known text, whose coordinates may differ in their last digits."""


def numbers_of(text: str) -> list[float]:
    """The numbers in a text, in order."""
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


class About(int):
    """A whole number that may be missed by a tenth, and by one."""


@dataclass(frozen=True)
class Answer:
    """Rows of a query.

    Attributes:
        columns: names; None where the one who answered does not know what the column is called.
        rows: the rows, in order where ``order`` is given.
        order: per row the values it was sorted by; None if the query has no ORDER BY. Rows with equal keys
            are in no particular order.
        exact: per column whether values must be equal to the last bit; empty means none is known to be.
        choice: rows of which any ``len(rows)`` are right (LIMIT without ORDER BY); None otherwise.
    """

    columns: tuple[str | None, ...]
    rows: tuple[Row, ...]
    order: tuple[Row, ...] | None = None
    exact: tuple[bool, ...] = field(default=(), compare=False)
    choice: tuple[Row, ...] | None = None


def differences(right: Answer, found: Answer, tolerance: float = 1e-9) -> list[str]:
    """What is wrong with an answer; empty if it agrees with the right one."""
    if len(right.columns) != len(found.columns):
        return [f"columns: expected {right.columns}, found {found.columns}"]
    wrong = [
        f"column {n + 1}: expected the name {a!r}, found {b!r}"
        for n, (a, b) in enumerate(zip(right.columns, found.columns))
        if a is not None and b is not None and a != b
    ]
    if len(right.rows) != len(found.rows):
        return [*wrong, f"rows: expected {len(right.rows)}, found {len(found.rows)}", *_sample(right, found)]
    near = _Nearness(right.exact or (False,) * len(right.columns), tolerance)
    if right.choice is not None:
        return wrong + _outside(right.choice, found.rows, near)
    for run in _runs(right, near):
        wrong += _unmatched(right.rows[run], found.rows[run], near)
    return wrong


@dataclass(frozen=True)
class _Nearness:
    exact: Sequence[bool]
    tolerance: float

    def values(self, a: Any, b: Any, exact: bool) -> bool:
        if isinstance(a, AnyOf):
            return any(self.values(one, b, exact) for one in a)
        if isinstance(a, Outline):
            return isinstance(b, str) and self._paired(numbers_of(a), numbers_of(b), exact=False)
        if isinstance(a, About):
            return type(b) is int and abs(a - b) <= max(1, a // 10)
        if isinstance(a, AnyOrder):
            return isinstance(b, tuple) and len(a) == len(b) and self._paired(sorted_values(a), sorted_values(b), exact)
        if isinstance(a, tuple) and isinstance(b, tuple):
            return len(a) == len(b) and self._paired(a, b, exact)
        if type(a) is not type(b):
            return False
        if isinstance(a, float):
            if exact or math.isnan(a) or math.isnan(b):
                return bool(a == b)
            return math.isclose(a, b, rel_tol=self.tolerance, abs_tol=1e-12)
        return bool(a == b)

    def _paired(self, a: Sequence[Any], b: Sequence[Any], exact: bool) -> bool:
        return all(self.values(x, y, exact) for x, y in zip(a, b))

    def rows(self, a: Row, b: Row) -> bool:
        return all(self.values(x, y, e) for x, y, e in zip(a, b, self.exact))


def _runs(right: Answer, near: _Nearness) -> list[slice]:
    """Stretches of rows within which the order is free: by equal keys, or by floats too close to tell apart."""
    if right.order is None:
        return [slice(0, len(right.rows))]
    starts = [0]
    for n in range(1, len(right.order)):
        pairs = zip(right.order[n - 1], right.order[n])
        decisive = next(((a, b) for a, b in pairs if a != b), None)
        if decisive is not None and not near.values(*decisive, exact=False):
            starts.append(n)
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], len(right.rows)])]


def _unmatched(right: Sequence[Row], found: Sequence[Row], near: _Nearness) -> list[str]:
    right, found = sorted(right, key=sort_key), sorted(found, key=sort_key)
    if all(near.rows(a, b) for a, b in zip(right, found)):
        return []
    left = list(found)
    missing = []
    for row in right:
        match = next((n for n, other in enumerate(left) if near.rows(row, other)), None)
        if match is None:
            missing.append(row)
        else:
            del left[match]
    return [f"missing row {show(r)}" for r in missing[:5]] + [f"extra row {show(r)}" for r in left[:5]]


def _outside(choice: Sequence[Row], found: Sequence[Row], near: _Nearness) -> list[str]:
    left = list(choice)
    wrong = []
    for row in found:
        match = next((n for n, other in enumerate(left) if near.rows(other, row)), None)
        if match is None:
            wrong.append(f"extra row {show(row)}")
        else:
            del left[match]
    return wrong[:5]


def _sample(right: Answer, found: Answer) -> list[str]:
    near = _Nearness(right.exact or (False,) * len(right.columns), 1e-9)
    return _unmatched(right.rows, found.rows, near) if len(right.rows) * len(found.rows) < 10**6 else []


def sort_key(row: Row) -> tuple[Any, ...]:
    """A total order of rows of mixed values, steady against the last digits of floats."""
    return tuple(_value_key(v) for v in row)


def sorted_values(values: Sequence[Any]) -> list[Any]:
    """Values in the one order that is steady against the last digits of floats."""
    return sorted(values, key=_value_key)


def _value_key(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (9,)
    if isinstance(value, float):
        return (2, float(f"{value:.9g}") if math.isfinite(value) else math.inf)
    if isinstance(value, bool | int):
        return (2, int(value))
    if isinstance(value, datetime | timedelta):
        return (3, str(type(value)), value)
    return (4, str(value))


# ------------------------------------------------------------------ tables


def show(row: Row) -> str:
    """A row on one line."""
    return " | ".join(map(text_of, row))


def text_of(value: Any) -> str:
    """A value as tables print it: its type can be read off its text."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case Cell():
            return repr(value)
        case float():
            text = f"{value:.12g}"
            return text if any(mark in text for mark in ".en") else text + ".0"
        case datetime():
            return value.isoformat().replace("+00:00", "") + "Z"
        case timedelta():
            return f"{value.total_seconds():.12g}s"
        case str():
            return _quoted(value)
        case About():
            return f"about {int(value)}"
        case tuple():
            return _list_text(value)
    return str(value)


def _quoted(text: str) -> str:
    if isinstance(text, Outline):
        text = re.sub(r"\d+\.\d+", lambda n: f"{float(n[0]):.6f}", text)
    return "'" + text.replace("'", "''").replace("|", "¦") + "'"


def _list_text(values: tuple[Any, ...]) -> str:
    free = isinstance(values, AnyOf | AnyOrder)
    inner = ", ".join(map(text_of, sorted_values(values) if free else values))
    if isinstance(values, AnyOf):
        return f"any of {{{inner}}}"
    return f"in any order [{inner}]" if free else f"[{inner}]"


def table(answer: Answer, names: Sequence[str | None] | None = None) -> str:
    """The answer as an aligned table of at most 40 rows, and the count of all rows.

    Where any of several rows would do none is printed.
    """
    rows = answer.rows if answer.order is not None else sorted(answer.rows, key=sort_key)
    names = [a or b or "?" for a, b in zip(answer.columns, names or answer.columns)]
    lines = [names, *([text_of(v) for v in row] for row in ([] if answer.choice else rows[:PRINTED_ROWS]))]
    widths = [max(len(line[n]) for line in lines) for n in range(len(names))]
    printed = [" | ".join(v.ljust(w) for v, w in zip(line, widths)).rstrip() for line in lines]
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})"
    return "\n".join([*printed, count])


def table_differences(golden: str, answer: Answer) -> list[str]:
    """How an answer differs from a printed table; floats may differ in the 11th digit."""
    lines = golden.strip().splitlines()
    names = [n.strip() for n in lines[0].split(" | ")]
    wrong = []
    known = [a or b for a, b in zip(answer.columns, names)]
    if len(answer.columns) != len(names) or known != [n if n != "?" else k for n, k in zip(names, known)]:
        wrong.append(f"columns: expected {names}, found {answer.columns}")
    fresh = table(answer, names).splitlines()
    if lines[-1] != fresh[-1]:
        return [*wrong, f"expected {lines[-1]}, found {fresh[-1]}"]
    if len(lines) > 2 and len(lines) != len(fresh):
        return [*wrong, f"expected {len(lines)} printed lines, found {len(fresh)}"]
    for n, (a, b) in enumerate(zip(lines[1:-1], fresh[1:-1]), 1):
        if not _same_line(a, b):
            wrong.append(f"row {n}: expected {a}, found {b}")
    return wrong[:8]


def _same_line(a: str, b: str) -> bool:
    left, right = a.split(" | "), b.split(" | ")
    return len(left) == len(right) and all(_same_text(x.strip(), y.strip()) for x, y in zip(left, right))


def _same_text(a: str, b: str) -> bool:
    if a == b:
        return True
    if a.startswith("[") and b.startswith("["):
        items = a.strip("[]").split(", "), b.strip("[]").split(", ")
        return len(items[0]) == len(items[1]) and all(_same_text(x, y) for x, y in zip(*items))
    try:
        both = float(a), float(b)
    except ValueError:
        return False
    printed_as_float = all(any(mark in t for mark in ".e") for t in (a, b))
    return printed_as_float and math.isclose(*both, rel_tol=1e-9, abs_tol=1e-12)
