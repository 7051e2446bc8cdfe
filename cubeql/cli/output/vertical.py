"""One column a line, for rows too wide for a table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from cubeql.cli.output.display import width_of, wrapped
from cubeql.cli.output.layout import BOLD, DIM, MISSING, Layout, Written, counted_beyond, painted, rows_notice
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows
from cubeql.formats.shown import Form, form_of

_NARROWEST = 20


def write_vertical(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """A block a row: a line with its number, then name and value of each column, long values over several lines."""
    null, line = ("·", "─") if layout.unicode else ("NULL", "-")
    count, batches = 0, iter(rows.batches)
    for batch in batches:
        shown = batch if layout.max_rows is None else batch.slice(0, layout.max_rows - count)
        forms = [form_of(f, c, aligned=False) for f, c in zip(rows.schema, shown.columns)]
        for row in zip(*(f.texts(c) for f, c in zip(forms, shown.columns))):
            count += 1
            sink.write(painted(DIM, f"{line * 3} row {count} {line * 3}", layout.colour) + "\n")
            sink.write("".join(_lines(forms, row, null, layout)))
        if shown.num_rows < batch.num_rows:
            beyond, ended = counted_beyond(shown.num_rows, chain([batch], batches))
            return Written(count, tuple(rows_notice(count, beyond, ended, layout)))
    return Written(count)


def _lines(forms: list[Form], row: tuple[str | None, ...], null: str, layout: Layout) -> Iterator[str]:
    head = max((width_of(f.heading) for f in forms), default=0)
    room = None if layout.width is None else max(_NARROWEST, layout.width - head - 2)
    for form, value in zip(forms, row):
        title = painted(BOLD, form.name, layout.colour) + painted(DIM, form.heading[len(form.name) :], layout.colour)
        space = " " * (head - width_of(form.heading) + 2)
        yield title + space + f"\n{' ' * (head + 2)}".join(_value(form, value, null, room, layout.colour)) + "\n"


def _value(form: Form, value: str | None, null: str, room: int | None, colour: bool) -> list[str]:
    if value is None:
        return [painted(MISSING, null, colour)]
    if room is not None and form.wraps and width_of(value) > room:
        return wrapped(value, room)
    soft = len(value) - form.soft(value)
    return [value[:soft] + painted(DIM, value[soft:], colour)]
