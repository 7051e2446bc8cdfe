"""A Markdown table, to be pasted."""

from __future__ import annotations

from itertools import chain

from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows
from cubeql.formats.shown import form_of


def write_markdown(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """A pipe table; NULL is an empty cell."""
    batches = iter(rows.batches)
    first = next(batches, None)
    empty = rows.schema.empty_table()
    columns = [c.combine_chunks() for c in empty.columns] if first is None else first.columns
    forms = [form_of(f, c, aligned=False) for f, c in zip(rows.schema, columns)]
    sink.write(_line([form.heading for form in forms]))
    sink.write(_line(["---:" if form.counted else "---" for form in forms]))
    count = 0
    for batch in () if first is None else chain([first], batches):
        texts = [form.texts(column) for form, column in zip(forms, batch.columns)]
        sink.write("".join(_line(list(row)) for row in zip(*texts)))
        count += batch.num_rows
    return Written(count)


def _line(places: list[str | None] | list[str]) -> str:
    return "| " + " | ".join((p or "").replace("\\", "\\\\").replace("|", "\\|") for p in places) + " |\n"
