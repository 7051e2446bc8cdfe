"""A table for people: widths from the rows, numbers under each other, units in the head, NULL set apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from cubeql.cli.output.columns import Column, Row, laid_out
from cubeql.cli.output.display import cut, pad, width_of, wrapped
from cubeql.cli.output.layout import BOLD, DIM, MISSING, Layout, Written, counted_beyond, painted, rows_notice
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows
from cubeql.formats.shown import Form, form_of

_MEASURED_ROWS = 1_000
FEW_ROWS = 30  # in a table of so many a long text is worth several lines
_MOST_LINES = 200  # of one text


@dataclass(frozen=True, slots=True)
class _Marks:
    """The characters a table is drawn with; corners are left, between, right."""

    line: str
    side: str
    top: tuple[str, str, str]
    middle: tuple[str, str, str]
    bottom: tuple[str, str, str]
    null: str
    cut: str


_BOX = _Marks("─", "│", ("┌", "┬", "┐"), ("├", "┼", "┤"), ("└", "┴", "┘"), "·", "…")
_CORNERS = ("+", "+", "+")
_ASCII = _Marks("-", "|", _CORNERS, _CORNERS, _CORNERS, "NULL", "~")


def write_table(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """Draw the rows; widths are measured on the first thousand, longer texts below push their line out.

    With ``layout.max_rows`` the rows beyond are not drawn; with ``layout.width`` long texts go over several lines
    where there are few rows, else they are cut, and columns that do not fit are left out from the middle. What is left
    out is said.
    """
    if _is_text(rows.schema):
        return _written_plain(rows, sink)
    limit = layout.max_rows
    sample, batches = _sampled(rows, _MEASURED_ROWS if limit is None else limit + 1)
    forms = [form_of(f, sample.column(n).combine_chunks()) for n, f in enumerate(rows.schema)]
    kept = batches if limit is None else iter(sample.slice(0, limit).to_batches())
    stream = (row for batch in kept for row in _texts(batch, forms))
    first = list(islice(stream, _MEASURED_ROWS))
    marks = _BOX if layout.unicode else _ASCII
    wraps = layout.width is not None and len(sample) <= min(FEW_ROWS, limit or FEW_ROWS)
    columns = laid_out(forms, first, marks.null, marks.cut, layout.width, wraps)
    pen = _Pen(columns, marks, layout, wraps)
    sink.write(pen.rule(marks.top) + pen.head() + pen.rule(marks.middle))
    count = 0
    for row in chain(first, stream):
        sink.write(pen.row(row))
        count += 1
    sink.write(pen.rule(marks.bottom))
    beyond, ended = counted_beyond(limit, batches)
    shown = {c.number for c in columns}
    hidden = [form.name for number, form in enumerate(forms) if number not in shown]
    return Written(count, (*rows_notice(count, beyond, ended, layout), *_columns_notice(hidden, layout)))


def _is_text(schema: pa.Schema) -> bool:
    """Whether the rows are the lines of a text, as EXPLAIN gives them: frames would only cut them."""
    return len(schema) == 1 and (schema.field(0).metadata or {}).get(b"cubeql.type") == b"lines"


def _written_plain(rows: Rows, sink: Sink) -> Written:
    count = 0
    for batch in rows.batches:
        for line in batch.column(0).to_pylist():
            sink.write(f"{line}\n")
            count += 1
    return Written(count, ())


def _sampled(rows: Rows, most: int) -> tuple[pa.Table, Iterator[pa.RecordBatch]]:
    """The first rows, and all batches."""
    read, count, batches = list[pa.RecordBatch](), 0, iter(rows.batches)
    while count < most and (batch := next(batches, None)) is not None:
        read.append(batch)
        count += batch.num_rows
    return pa.Table.from_batches(read, rows.schema).slice(0, most), chain(read, batches)


def _texts(batch: pa.RecordBatch, forms: list[Form], portion: int = _MEASURED_ROWS) -> Iterator[Row]:
    """Rows as texts, made a portion at a time: most of a large batch is often not drawn."""
    for start in range(0, batch.num_rows, portion):
        part = batch.slice(start, portion)
        yield from zip(*(form.texts(column) for form, column in zip(forms, part.columns)))


class _Pen:
    """Draws the lines of a table."""

    def __init__(self, columns: list[Column], marks: _Marks, layout: Layout, wraps: bool) -> None:
        self._columns, self._marks, self._layout, self._wraps = columns, marks, layout, wraps
        self._side = self._ink(DIM, marks.side)

    def rule(self, corners: tuple[str, str, str]) -> str:
        """A line between rows."""
        left, between, right = corners
        line = left + between.join(self._marks.line * (c.width + 2) for c in self._columns) + right
        return self._ink(DIM, line) + "\n"

    def head(self) -> str:
        """Names with their units."""
        height = max(len(c.head) for c in self._columns)
        return "".join(self._line([self._title(c, number) for c in self._columns]) for number in range(height))

    def row(self, row: Row) -> str:
        """A row, of as many lines as its longest text takes."""
        places = [self._lines(c, row) for c in self._columns]
        height = max(len(lines) for lines in places)
        return "".join(
            self._line([p[n] if n < len(p) else " " * c.width for c, p in zip(self._columns, places)])
            for n in range(height)
        )

    def _title(self, column: Column, number: int) -> str:
        text = column.head[number] if number < len(column.head) else ""
        name = cut(text, column.width) if column.form is None or number else column.form.name
        note = text[len(name) :] if text.startswith(name) else ""
        space = " " * (column.width - width_of(name + note))
        named = self._ink(DIM if number or column.form is None else BOLD, name) + self._ink(DIM, note)
        return space + named if column.right else named + space

    def _lines(self, column: Column, row: Row) -> list[str]:
        if column.number is None or column.form is None:
            return [self._ink(DIM, self._marks.cut)]
        text = row[column.number]
        if text is None:
            return [self._ink(MISSING, pad(self._marks.null, column.width, column.right))]
        if self._layout.width is None or width_of(text) <= column.width:
            return [self._softened(text, column)]
        if self._wraps and column.form.wraps:
            lines = wrapped(text, column.width)
            if len(lines) <= _MOST_LINES:
                return [pad(line, column.width, False) for line in lines]
        return [pad(cut(text, column.width, self._marks.cut), column.width, column.right)]

    def _softened(self, text: str, column: Column) -> str:
        shown = pad(text, column.width, column.right)
        soft = column.form.soft(text) if column.form and self._layout.colour else 0
        if not soft:
            return shown
        start = shown.index(text) + len(text) - soft
        return f"{shown[:start]}{self._ink(DIM, shown[start : start + soft])}{shown[start + soft :]}"

    def _line(self, places: list[str]) -> str:
        return f"{self._side} " + f" {self._side} ".join(places) + f" {self._side}\n"

    def _ink(self, ink: str, text: str) -> str:
        return painted(ink, text, self._layout.colour)


def _columns_notice(hidden: list[str], layout: Layout) -> Iterator[str]:
    if hidden:
        yield f"columns that do not fit are left out: {', '.join(hidden)} ({layout.all_columns})"
