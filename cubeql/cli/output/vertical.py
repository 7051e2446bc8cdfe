"""One column a line, for rows too wide for a table."""

from __future__ import annotations

from collections.abc import Iterator

from cubeql.cli.output.display import display_texts, heading, pad, width_of
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows


def write_vertical(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """A block a row: a line with its number, then name and value of each column."""
    titles = [heading(f) for f in rows.schema]
    room = max((width_of(t) for t in titles), default=0)
    null, line = ("·", "─") if layout.unicode else ("NULL", "-")
    count = 0
    for row in _rows(rows):
        if count == layout.max_rows:
            return Written(count, (f"the first {count} rows are shown; there are more (--max-rows 0 shows all)",))
        count += 1
        sink.write(f"{line * 3} row {count} {line * 3}\n")
        sink.write("".join(f"{pad(t, room, False)}  {null if v is None else v}\n" for t, v in zip(titles, row)))
    return Written(count)


def _rows(rows: Rows) -> Iterator[tuple[str | None, ...]]:
    for batch in rows.batches:
        yield from zip(*(display_texts(c, f) for c, f in zip(batch.columns, rows.schema)))
