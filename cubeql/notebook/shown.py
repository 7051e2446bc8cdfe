"""What a notebook shows of a result: a table, where it is from, a map, a plot; each as text, too, for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pyarrow as pa

from cubeql.cli.output.layout import Layout
from cubeql.cli.output.map import map_lines
from cubeql.cli.output.plot import lines_of, plotted
from cubeql.cli.output.sink import Sink
from cubeql.cli.output.table import write_table
from cubeql.drawing.ansi import Canvas
from cubeql.drawing.chart import svg_of_counts, svg_of_series
from cubeql.drawing.escape import visible
from cubeql.drawing.image import png
from cubeql.drawing.mapped import mapped
from cubeql.drawing.series import Series
from cubeql.drawing.sheet import picture_of
from cubeql.engine.result import Result
from cubeql.errors.render import render
from cubeql.formats.page import MOST_ROWS, html_lines, html_table, in_page, is_lines
from cubeql.formats.rows import Rows

Bundle = dict[str, Any]
"""MIME type to data, as notebooks keep it."""

_MAP = (880, 560)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a result.

    Attributes:
        table: all rows, or the first of them.
        rows: how many there are.
    """

    table: pa.Table
    rows: int


def read(result: Result, whole: bool) -> Read:
    """Read a result to its end; only where all of it is wanted is all of it kept."""
    if whole:
        table = result.to_arrow()
        return Read(table, table.num_rows)
    first, count = list[pa.RecordBatch](), 0
    for batch in result:
        if count < MOST_ROWS:
            first.append(batch.slice(0, MOST_ROWS - count))
        count += batch.num_rows
    return Read(pa.Table.from_batches(first, result.schema), count)


def shown(result: Result, found: Read) -> Bundle:
    """A result as a table with its warnings and where it is from; what was done, where there are no rows."""
    warnings = [render(w, result.statement) for w in result.warnings]
    said = [f'<div class="warning">{escape(visible(w, lines=True))}</div>' for w in warnings]
    if result.message is not None:
        return {
            "text/plain": "\n".join([*warnings, result.message]),
            "text/html": in_page([*said, f"<p>{escape(visible(result.message))}</p>"]),
        }
    body = html_lines(found.table) if is_lines(result.schema) else html_table(found.table, found.rows)
    page = in_page([*said, body, *_sources(result)])
    return {"text/plain": "\n".join([*warnings, _as_text(found)]), "text/html": page}


def map_of(table: pa.Table, column: str | None, result: Result) -> Bundle:
    """A result as a map.

    Raises:
        CubeQLError: it cannot be mapped; it says what would be right.
    """
    picture = picture_of(mapped(table, column), *_MAP, notes=tuple(_citations(result)))
    lines = map_lines(table, column, Canvas(80, 24))
    return {"image/png": png(picture), "text/plain": "\n".join(lines)}


def plot_of(table: pa.Table, column: str | None) -> Bundle:
    """A result as lines over time, or as bars where there is no time.

    Raises:
        CubeQLError: it cannot be plotted; it says what would be right.
    """
    drawn = plotted(table, column)
    text = "\n".join(lines_of(drawn, Canvas(80, 20)))
    picture = svg_of_series(drawn) if isinstance(drawn, Series) else svg_of_counts(drawn)
    return {"image/svg+xml": picture, "text/plain": text}


def _as_text(found: Read) -> str:
    target = io.BytesIO()
    rows = Rows(found.table.schema, iter(found.table.slice(0, MOST_ROWS).to_batches()))
    write_table(rows, Sink(target), Layout())
    more = f"the first {MOST_ROWS} of {found.rows:,} rows in all\n" if found.rows > MOST_ROWS else ""
    return target.getvalue().decode() + more


def _layers(result: Result) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from (result.provenance().get("layers") or {}).items()


def _sources(result: Result) -> list[str]:
    """Who is to be cited, folded away."""
    items = []
    for name, facts in _layers(result):
        parts = [facts.get("title"), facts.get("citation"), facts.get("licence")]
        told = ". ".join(str(part).rstrip(".") for part in parts if part)
        items.append(f"<li><b>{escape(name)}</b> (version {facts.get('version')}) {escape(visible(told))}</li>")
    if not items:
        return []
    names = ", ".join(name for name, _ in _layers(result))
    return [f'<details class="note"><summary>from {escape(names)}</summary><ul>{"".join(items)}</ul></details>']


def _citations(result: Result) -> Iterator[str]:
    for name, facts in _layers(result):
        if facts.get("citation") or facts.get("title"):
            yield f"{name}: {facts.get('citation') or facts.get('title')}"
