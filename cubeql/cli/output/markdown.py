"""A Markdown table, to be pasted."""

from __future__ import annotations

from cubeql.cli.output.display import display_texts, heading, is_counted
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows


def write_markdown(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """A pipe table; NULL is an empty cell."""
    sink.write(_line([heading(f) for f in rows.schema]))
    sink.write(_line(["---:" if is_counted(f) else "---" for f in rows.schema]))
    count = 0
    for batch in rows.batches:
        columns = [display_texts(c, f) for c, f in zip(batch.columns, rows.schema)]
        sink.write("".join(_line(list(row)) for row in zip(*columns)))
        count += batch.num_rows
    return Written(count)


def _line(places: list[str | None] | list[str]) -> str:
    return "| " + " | ".join((p or "").replace("\\", "\\\\").replace("|", "\\|") for p in places) + " |\n"
