"""Values as people read them: short, on one line, never markup."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from cubeql.drawing.looks import Look

NULL = "NULL"
_MOST = 60


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column of a result.

    Attributes:
        name: its name.
        number: its place among the columns.
        kind: the type CubeQL gives it: ``cell``, ``timestamp``, ``number``, ``integer``, ``text``, …
        unit: its unit; None where it has none.
        classes: names of class codes.
        look: how its makers want it seen.
    """

    name: str
    number: int
    kind: str
    unit: str | None = None
    classes: dict[int, str] | None = None
    look: Look = field(default=Look(), compare=False)

    @property
    def is_number(self) -> bool:
        """Whether values stand in a row of numbers, ending at the same place."""
        return self.kind in ("number", "integer") and not self.classes

    @property
    def note(self) -> str:
        """What stands beside the name: the unit, else the type."""
        return self.unit if self.unit not in (None, "", "1") else "class" if self.classes else self.kind


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns of a result."""
    return tuple(_column(told, number) for number, told in enumerate(schema))


def _column(told: pa.Field, number: int) -> Column:
    facts = {key.decode(): value.decode() for key, value in (told.metadata or {}).items()}
    pairs = (pair.split("=", 1) for pair in facts.get("cubeql.classes", "").split("|") if "=" in pair)
    look = Look.of_field(told)
    classes = look.classes({int(code): name for code, name in pairs})
    return Column(told.name, number, facts.get("cubeql.type") or _kind(told.type), facts.get("unit"), classes, look)


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return "text" if pa.types.is_string(kind) else str(kind)


def texts(values: pa.Array | pa.ChunkedArray, column: Column) -> list[str]:
    """Each value on one line, cut where it is long; NULL where there is none."""
    return [shorten(text) for text in whole_texts(values, column)]


def whole_texts(values: pa.Array | pa.ChunkedArray, column: Column) -> list[str]:
    """Each value on one line, however long."""
    return [text_of(value, column) for value in _plain(values)]


def _plain(values: pa.Array | pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(values.type):  # as arrays know them: years that Python's dates do not reach, too
        return [None if np.isnat(v) else v for v in values.to_numpy()]
    return list(values.to_pylist())


def text_of(value: Any, column: Column) -> str:
    """One value, whole, on one line."""
    if value is None:
        return NULL
    if column.kind == "cell" and isinstance(value, int):
        return f"{value:015x}"
    if column.classes and isinstance(value, int):
        name = column.classes.get(value)
        return f"{value}" if name in (None, str(value)) else f"{name} ({value})"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, np.datetime64):
        return instant_text(value)
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else "·" for c in str(value))


def number_text(value: float) -> str:
    """A number with the digits that matter to an eye: six."""
    return f"{value:,.0f}".replace(",", " ") if 1e6 <= abs(value) < 1e12 else f"{value:.6g}"


def short_number(value: float) -> str:
    """A number to be read in passing: four digits."""
    return number_text(value) if abs(value) >= 1e4 else f"{value:.4g}"


def instant_text(instant: np.datetime64) -> str:
    """An instant of UTC: the day alone at midnight, seconds only where there are some."""
    text = str(instant.astype("datetime64[us]")).replace("T", " ")
    day, _, clock = text.partition(" ")
    clock = clock.rstrip("0").rstrip(".") if "." in clock else clock
    for zeros in (":00", ":00"):
        clock = clock.removesuffix(zeros) if clock.count(":") == 2 or clock == "00:00" else clock
    return f"{day} {clock}" if clock not in ("", "00", "00:00") else day


def shorten(text: str, most: int = _MOST) -> str:
    """A text cut where it is longer than a column may be."""
    return text if len(text) <= most else text[: most - 1] + "…"


def span_text(first: np.datetime64 | None, last: np.datetime64 | None) -> str:
    """The days from one instant to another."""
    if first is None or last is None:
        return ""
    days = [str(t.astype("datetime64[D]")) for t in (first, last)]
    return days[0] if days[0] == days[1] else f"{days[0]} … {days[1]}"


def bytes_text(count: int) -> str:
    """A size in the unit that fits."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def seconds_text(seconds: float) -> str:
    """A time that somebody waited."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
