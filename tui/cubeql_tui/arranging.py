"""Rows in another order, some of them, and what there is to say of a column. Arrow does it, of the rows that were
fetched; none of it knows the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cubeql.drawing.display import Column, columns_of, number_text, text_of
from cubeql.values.cells import descendant_range, format_cell, parse_cell, resolution_of
from cubeql_tui.rows import Rows

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wish:
    """How the rows are to be seen.

    Attributes:
        column: number of the one they are sorted by; None for the order they came in.
        descending: the greatest first.
        words: what a row must have in one of its columns; empty for all rows.
    """

    column: int | None = None
    descending: bool = False
    words: str = ""

    def __bool__(self) -> bool:
        return self.column is not None or bool(self.words)

    def turned(self, column: int) -> Wish:
        """Sorted by a column: first the least, then the greatest, then as the rows came."""
        if self.column != column:
            return replace(self, column=column, descending=False)
        return replace(self, descending=True) if not self.descending else replace(self, column=None, descending=False)


class Arranged:
    """Rows seen through a list of their places; it looks like :class:`Rows`."""

    def __init__(self, rows: Rows, places: Places) -> None:
        self.rows, self.places, self.schema = rows, places, rows.schema

    def __len__(self) -> int:
        return len(self.places)

    def number(self, row: int) -> int:
        """Which of the rows that came one is, from 0."""
        return int(self.places[row])

    def window(self, start: int, stop: int) -> pa.Table:
        """The rows from ``start`` to before ``stop``."""
        return self.rows.at(self.places[max(0, start) : max(0, stop)])


def can_sort(kind: pa.DataType) -> bool:
    """Whether values of a type have an order."""
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind))


def arranged(rows: Rows, wish: Wish) -> tuple[Arranged, int]:
    """The rows as wished, and how many rows there were to choose from. Equal ones stay in the order they came;
    missing values are last."""
    table = rows.table()
    places = np.arange(len(table)) if not wish.words else np.flatnonzero(_has(table, wish.words))
    if wish.column is not None:
        column = table.column(wish.column)
        if wish.words:
            column = column.take(pa.array(places))
        order = "descending" if wish.descending else "ascending"
        places = places[pc.sort_indices(pa.table({"": column}), sort_keys=[("", order)]).to_numpy()]
    return Arranged(rows, places), len(table)


def _has(table: pa.Table, words: str) -> NDArray[np.bool_]:
    """Which rows have the words in one of their columns."""
    found = np.zeros(len(table), bool)
    for column in columns_of(table.schema):
        matches = _matches(table.column(column.number), column, words.strip())
        if matches is not None:
            found |= pc.fill_null(matches, False).to_numpy()
    return found


def _matches(values: pa.ChunkedArray, column: Column, words: str) -> pa.ChunkedArray | None:
    """Which values have the words in what is written of them; None where none can."""
    if column.kind == "cell":
        return _of_cell(values, words)
    if column.classes:
        codes = [code for code, name in column.classes.items() if words.casefold() in name.casefold()]
        return pc.is_in(values, pa.array(codes, values.type)) if codes else None
    if pa.types.is_timestamp(values.type):
        return pc.match_substring(pc.strftime(values, "%Y-%m-%d %H:%M:%S"), words)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return pc.match_substring(values, words, ignore_case=True)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_boolean(values.type):
        return pc.starts_with(values.cast(pa.string()), words)
    return None


def _of_cell(values: pa.ChunkedArray, words: str) -> pa.ChunkedArray | None:
    """A cell, or those below a coarser one."""
    try:
        wanted = parse_cell(words)
    except ValueError:
        return None
    first = next((cell for cell in values.drop_null()[:1].to_pylist()), wanted)
    ends = descendant_range(wanted, max(int(resolution_of(first)), int(resolution_of(wanted))))
    low, high = (pa.scalar(end, values.type) for end in ends)
    return pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))


def first_row(rows: Rows, cell: int) -> int | None:
    """The number of the first row of a cell or of one below it; None where there is none."""
    table = rows.table()
    column = next((c for c in columns_of(table.schema) if c.kind == "cell"), None)
    found = None if column is None else _of_cell(table.column(column.number), format_cell(cell))
    at = -1 if found is None else pc.index(found, True).as_py()
    return None if at < 0 else int(at)


def facts(rows: Rows, column: Column) -> list[tuple[str, str]]:
    """What there is to say of a column, heading and text."""
    values = rows.table().column(column.number)
    kind = "class" if column.classes else column.kind
    unit = "" if column.unit in (None, "", "1") else f" {column.unit}"
    found = [("type", kind), ("unit", unit.strip()), ("values", f"{len(values) - values.null_count:,}"),
             ("NULL", f"{values.null_count:,}")]  # fmt: skip
    if can_sort(values.type):
        found += _of_ordered(values, column, unit)
    return [(heading, text) for heading, text in found if text]


def _of_ordered(values: pa.ChunkedArray, column: Column, unit: str) -> list[tuple[str, str]]:
    found = [("distinct", f"{pc.count_distinct(values).as_py():,}")]
    if len(values) > values.null_count and not pa.types.is_boolean(values.type):
        ends = pc.min_max(values)
        found += [(name, _text(ends[key], column) + unit) for name, key in (("least", "min"), ("greatest", "max"))]
    if column.is_number and len(values) > values.null_count:
        doubles = values.cast(pa.float64())
        middle = pc.quantile(doubles, 0.5)[0].as_py()
        said = {"mean": pc.mean(doubles).as_py(), "median": middle, "deviation": pc.stddev(doubles).as_py()}
        found += [(name, number_text(value) + unit) for name, value in said.items()]
    return found


def _text(value: pa.Scalar, column: Column) -> str:
    plain = np.datetime64(value.value, value.type.unit) if pa.types.is_timestamp(value.type) else value.as_py()
    return text_of(plain, column)


def as_csv(table: pa.Table) -> str:
    """Rows with their head, as CSV: cells and classes as they are read."""
    return _joined(table, ",", lambda text: f'"{text.replace(chr(34), chr(34) * 2)}"' if _needs(text) else text)


def as_markdown(table: pa.Table) -> str:
    """Rows with their head, as a table of Markdown."""
    lines = _joined(table, " | ", lambda text: text.replace("|", "\\|")).splitlines()
    rule = " | ".join("---:" if c.is_number else "---" for c in columns_of(table.schema))
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _needs(text: str) -> bool:
    return any(sign in text for sign in ',"\n\r')


def _joined(table: pa.Table, between: str, quoted: Callable[[str], str]) -> str:
    columns = columns_of(table.schema)
    whole = [[quoted(_plain(v, c)) for v in _values(table.column(c.number))] for c in columns]
    head = between.join(quoted(column.name) for column in columns)
    return "\n".join([head, *(between.join(row) for row in zip(*whole, strict=True))])


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        return [None if np.isnat(v) else v for v in column.to_numpy()]
    return list(column.to_pylist())


def _plain(value: Any, column: Column) -> str:
    """A value for a program: all digits, the name of a class alone, nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if column.classes and isinstance(value, int):
        return column.classes.get(value, str(value))
    return text_of(value, column)
