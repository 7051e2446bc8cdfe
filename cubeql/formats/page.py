"""A result as a table of HTML, for a notebook: its first rows, its types and units, how many rows there are in all."""

from __future__ import annotations

from html import escape

import pyarrow as pa

from cubeql.drawing.escape import visible
from cubeql.formats.shown import Form, form_of
from cubeql.formats.values import classes_of

MOST_ROWS = 50
_LONG = 300
STYLE = """<style>
.cubeql table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.cubeql th, .cubeql td { text-align: left; vertical-align: top; padding: 2px 10px; max-width: 34em;
  white-space: normal; }
.cubeql th { border-bottom: 1px solid rgba(128, 128, 128, 0.6); }
.cubeql tbody tr + tr td { border-top: 1px solid rgba(128, 128, 128, 0.18); }
.cubeql th small { display: block; font-weight: normal; opacity: 0.65; }
.cubeql .number { text-align: right; }
.cubeql .cell { font-family: monospace; }
.cubeql .soft { opacity: 0.45; }
.cubeql .null { opacity: 0.5; font-style: italic; }
.cubeql .note { opacity: 0.7; margin: 4px 0; }
.cubeql .warning { white-space: pre-wrap; border-left: 3px solid #d08700; padding-left: 8px; margin: 4px 0; }
</style>"""


def html_table(table: pa.Table, rows: int | None = None) -> str:
    """The first rows as a table.

    Args:
        table: at least the first of the rows.
        rows: how many there are in all; None where the table has all of them.
    """
    first = table.slice(0, MOST_ROWS).combine_chunks()
    forms = [form_of(f, _whole(first.column(n))) for n, f in enumerate(first.schema)]
    head = "".join(map(_head, first.schema, forms))
    texts = [form.texts(_whole(first.column(n))) for n, form in enumerate(forms)]
    body = "".join(f"<tr>{''.join(map(_value, row, forms, first.schema))}</tr>\n" for row in zip(*texts, strict=True))
    said = f'<p class="note">{_counted(len(first), table.num_rows if rows is None else rows)}</p>'
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n{said}"


def html_lines(table: pa.Table) -> str:
    """The lines of a text, as EXPLAIN gives them."""
    return f"<pre>{escape(chr(10).join(visible(line) for line in table.column(0).to_pylist()))}</pre>"


def in_page(parts: list[str]) -> str:
    """Parts of a page, in its look."""
    return "\n".join([f'<div class="cubeql">{STYLE}', *parts, "</div>"])


def is_lines(schema: pa.Schema) -> bool:
    """Whether rows are the lines of a text."""
    return len(schema) == 1 and (schema.field(0).metadata or {}).get(b"cubeql.type") == b"lines"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _head(field: pa.Field, form: Form) -> str:
    told = (field.metadata or {}).get(b"cubeql.type", b"").decode()
    kind = told or ("text" if pa.types.is_string(field.type) else str(field.type))
    small = " · ".join(part for part in ("class" if classes_of(field) else kind, form.note) if part)
    return f"<th{_look(form, field)}>{escape(form.name)}<small>{escape(visible(small))}</small></th>"


def _look(form: Form, field: pa.Field) -> str:
    is_cell = (field.metadata or {}).get(b"cubeql.type") == b"cell"
    return ' class="number"' if form.counted else ' class="cell"' if is_cell else ""


def _value(text: str | None, form: Form, field: pa.Field) -> str:
    if text is None:
        return '<td class="null">NULL</td>' if not form.counted else '<td class="null number">NULL</td>'
    if len(text) > _LONG:
        return f'<td title="{escape(text[: 4 * _LONG])}">{escape(text[: _LONG - 1])}…</td>'
    at = len(text) - form.soft(text)
    soft = f'<span class="soft">{escape(text[at:])}</span>' if at < len(text) else ""
    return f"<td{_look(form, field)}>{escape(text[:at])}{soft}</td>"


def _counted(shown: int, rows: int) -> str:
    if shown < rows:
        return f"the first {shown} of {rows:,} rows in all"
    return "no rows" if not rows else "1 row" if rows == 1 else f"{rows:,} rows in all"
