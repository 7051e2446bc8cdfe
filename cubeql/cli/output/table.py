"""A table for people: widths from the rows, numbers to the right, units in the head, NULL set apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import pyarrow as pa

from cubeql.cli.output.display import cut, display_texts, heading, is_counted, pad, width_of
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows

_MEASURED_ROWS = 1_000
_SHORTEST_CUT = 20
_DIM, _BOLD, _RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"
Row = Sequence[str | None]


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


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as drawn; ``number`` is None for the one that stands for columns left out."""

    number: int | None
    title: str
    width: int
    right: bool = False


def write_table(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """Draw the rows; widths are measured on the first thousand, longer texts below push their line out.

    With ``layout.max_rows`` the rows beyond are not read; with ``layout.width`` long texts are cut, and
    columns that do not fit are left out from the middle. What is left out is said.
    """
    if _is_text(rows.schema):
        return _written_plain(rows, sink)
    stream = _texts(rows)
    limit = layout.max_rows
    first = list(islice(stream, _MEASURED_ROWS if limit is None else limit + 1))
    has_more = limit is not None and len(first) > limit
    rest: Iterator[Row] = stream if limit is None else iter(())
    marks = _BOX if layout.unicode else _ASCII
    columns = _fitting(_measured(rows.schema, first, layout, marks), layout.width, marks)
    sink.write(_rule(columns, marks.line, marks.top))
    sink.write(_line(columns, [_title(c, layout) for c in columns], marks))
    sink.write(_rule(columns, marks.line, marks.middle))
    count = 0
    for row in chain(first[:limit], rest):
        sink.write(_line(columns, [_value(c, row, marks, layout) for c in columns], marks))
        count += 1
    sink.write(_rule(columns, marks.line, marks.bottom))
    hidden = len(rows.schema) - sum(c.number is not None for c in columns)
    return Written(count, tuple(_notices(count, has_more, hidden)))


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


def _texts(rows: Rows) -> Iterator[Row]:
    for batch in rows.batches:
        columns = [display_texts(c, f) for c, f in zip(batch.columns, rows.schema)]
        yield from zip(*columns)


def _measured(schema: pa.Schema, first: list[Row], layout: Layout, marks: _Marks) -> list[_Column]:
    columns = []
    for number, field in enumerate(schema):
        title = heading(field)
        width = max([width_of(title), *(width_of(row[number] or marks.null) for row in first)])
        columns.append(_Column(number, title, width, is_counted(field)))
    return columns if layout.width is None or len(columns) == 1 else _narrowed(columns, layout.width)


def _narrowed(columns: list[_Column], room: int) -> list[_Column]:
    """Take what is too much from the widest texts, evenly, as long as they stay readable."""
    widths = [c.width for c in columns]
    while (excess := _drawn_width(columns) - sum(c.width for c in columns) + sum(widths) - room) > 0:
        texts = sorted(
            (i for i, c in enumerate(columns) if not c.right and widths[i] > _SHORTEST_CUT),
            key=widths.__getitem__,
        )
        if not texts:
            break
        next_widest = widths[texts[-2]] if len(texts) > 1 else _SHORTEST_CUT
        widths[texts[-1]] -= min(excess, max(1, widths[texts[-1]] - next_widest))
    return [replace(c, width=w) for c, w in zip(columns, widths)]


def _fitting(columns: list[_Column], room: int | None, marks: _Marks) -> list[_Column]:
    """Columns from both ends towards the middle, as many as there is room for; at least the first."""
    if room is None or len(columns) == 1 or _drawn_width(columns) <= room:
        return columns
    left, right = columns[:1], list[_Column]()
    gap = _Column(None, marks.cut, 1)
    waiting = columns[1:]
    while waiting:
        from_left = len(left) <= len(right)
        candidate = waiting.pop(0 if from_left else -1)
        if _drawn_width([*left, gap, *right, candidate]) > room:
            break
        left, right = ([*left, candidate], right) if from_left else (left, [candidate, *right])
    return [*left, gap, *right]


def _drawn_width(columns: list[_Column]) -> int:
    return sum(c.width + 3 for c in columns) + 1


def _rule(columns: list[_Column], line: str, corners: tuple[str, str, str]) -> str:
    left, between, right = corners
    return left + between.join(line * (c.width + 2) for c in columns) + right + "\n"


def _line(columns: list[_Column], places: list[str], marks: _Marks) -> str:
    return f"{marks.side} " + f" {marks.side} ".join(places) + f" {marks.side}\n"


def _title(column: _Column, layout: Layout) -> str:
    text = pad(cut(column.title, column.width), column.width, column.right)
    return f"{_BOLD}{text}{_RESET}" if layout.colour else text


def _value(column: _Column, row: Row, marks: _Marks, layout: Layout) -> str:
    text = marks.cut if column.number is None else row[column.number]
    shown = marks.null if text is None else text
    if column.width < width_of(shown) and layout.width is not None:
        shown = cut(shown, column.width, marks.cut)
    shown = pad(shown, column.width, column.right)
    return f"{_DIM}{shown}{_RESET}" if text is None and layout.colour else shown


def _notices(count: int, has_more: bool, hidden: int) -> Iterator[str]:
    if has_more:
        yield f"the first {count} rows are shown; there are more (--max-rows 0 shows all)"
    if hidden:
        yield f"columns that do not fit are left out: {hidden} (--format vertical shows all)"
