"""A result as lines over time on the terminal, or as bars that say how often each value comes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from cubeql.cli.output.display import cut, pad, width_of
from cubeql.drawing import counting, series
from cubeql.drawing.ansi import Canvas, coloured, inked
from cubeql.drawing.colours import Rgb
from cubeql.drawing.counting import Counted
from cubeql.drawing.display import columns_of, short_number
from cubeql.drawing.dots import HIGH, WIDE
from cubeql.drawing.escape import visible
from cubeql.drawing.mapped import chosen
from cubeql.drawing.plotting import Frame, date_ticks, dots_of, number_ticks
from cubeql.drawing.series import Series
from cubeql.errors import CubeQLError

_BOLD, _DIM = "1", "2"
_INKS = ("36", "33", "32", "35", "31", "34", "1")  # of lines: none is lost on a dark or a light ground
_AXIS = 10
_SMALLEST = (24, 4)  # characters, lines
_EIGHTHS = "▏▎▍▌▋▊▉█"
_NAME = 32


def plot_lines(table: pa.Table, column: str | None, canvas: Canvas) -> list[str]:
    """Lines over time where rows have several times, else a bar a class or a step of values.

    Args:
        table: the result.
        column: what is drawn; None takes the first number, else the first class.
        canvas: what is drawn on.

    Raises:
        CubeQLError: the result has no number, no such column or no value.
    """
    return lines_of(plotted(table, column), canvas)


def lines_of(drawn: Series | Counted, canvas: Canvas) -> list[str]:
    """What is to be plotted as lines of a terminal."""
    return _over_time(drawn, canvas) if isinstance(drawn, Series) else _bars(drawn, canvas)


def plotted(table: pa.Table, column: str | None) -> Series | Counted:
    """What is plotted of a result: a column over time where rows have several times, else how often each value comes.

    Raises:
        CubeQLError: the result has no number, no such column or no value.
    """
    if not len(table):
        raise CubeQLError("there is nothing to plot: the result has no rows")
    columns = counting.quantities(table.schema)
    first = next((c.name for c in columns if c.is_number), None)
    quantity = chosen(table.schema, columns, column if column is not None else first, "a plot")
    if quantity.is_number and _has_times(table):
        drawn = series.of_table(table, quantity)
        if not any(np.isfinite(line.values).any() for line in drawn.lines):
            raise CubeQLError(f"there is nothing to plot: {quantity.name} is NULL at all times")
        return drawn
    counted = counting.of_table(table, quantity)
    if not len(counted.known):
        raise CubeQLError(f"there is nothing to plot: {quantity.name} is NULL in all rows")
    return counted


def _has_times(table: pa.Table) -> bool:
    clock = next((c for c in columns_of(table.schema) if c.kind == "timestamp"), None)
    if clock is None:
        return False
    times = table.column(clock.number).to_numpy().astype("datetime64[us]")
    return len(np.unique(times[~np.isnat(times)])) > 1


# ------------------------------------------------------------------ over time


def _over_time(drawn: Series, canvas: Canvas) -> list[str]:
    frame = _frame(drawn, canvas)
    bits = np.zeros((frame.rows, frame.columns), np.uint8)
    owner = np.full((frame.rows, frame.columns), -1)
    for number, line in reversed(list(enumerate(drawn.lines))):
        dots = dots_of(line, frame)
        bits |= dots
        owner[dots > 0] = number
    ticks = number_ticks(frame.low, frame.high, max(2, frame.rows // 3))
    labels = {round(float(frame.down(np.array([t]))[0]) // HIGH): f"{t:.6g}" for t in ticks}
    body = [_row(labels.get(row, ""), bits[row].tolist(), owner[row].tolist(), canvas) for row in range(frame.rows)]
    return [*_heads(drawn, canvas), *body, inked(_dates(frame), _DIM, canvas)]


def _frame(drawn: Series, canvas: Canvas) -> Frame:
    low, high = drawn.range()
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    columns = max(canvas.width, _SMALLEST[0]) - _AXIS - 1
    rows = max(canvas.height - 1 - len(_heads(drawn, canvas)), _SMALLEST[1])
    times = drawn.times
    return Frame(columns, rows, low - margin, high + margin, times[0], times[-1])


def _row(label: str, bits: list[int], owners: list[int], canvas: Canvas) -> str:
    side = ("┤" if label else "│") if canvas.unicode else "|"
    text = inked(f"{label:>{_AXIS - 1}} {side}", _DIM, canvas)
    start = 0
    while start < len(bits):
        end = start
        while end < len(bits) and owners[end] == owners[start]:
            end += 1
        if owners[start] < 0:
            text += " " * (end - start)
        else:
            marks = "".join(chr(0x2800 + b) if canvas.unicode else "*" for b in bits[start:end])
            text += inked(marks, _INKS[owners[start]], canvas)
        start = end
    return text.rstrip()


def _heads(drawn: Series, canvas: Canvas) -> list[str]:
    """What is drawn, and the names of the lines where there are several."""
    unit = f" [{drawn.unit}]" if drawn.unit not in (None, "", "1") else ""
    title = inked(cut(visible(drawn.title + unit), canvas.width), _BOLD, canvas)
    named = [(cut(visible(line.name), _NAME), ink) for line, ink in zip(drawn.lines, _INKS) if line.name]
    rest = [(f"and {drawn.left_out:,} more", _DIM)] if drawn.left_out else []
    lines, used = [title], canvas.width
    mark = "━ " if canvas.unicode else "- "
    for text, ink in [*((mark + name, ink) for name, ink in named), *rest]:
        if used + width_of(text) + 3 > canvas.width:
            lines.append("")
            used = 0
        lines[-1] += ("   " if used else "") + inked(text, ink, canvas)
        used += width_of(text) + 3
    return lines


def _dates(frame: Frame) -> str:
    text = [" "] * (frame.columns + _AXIS + 1)
    behind = 0
    for time, words in date_ticks(frame.first, frame.last, max(1, frame.columns // 13)):
        at = _AXIS + int(frame.across(np.array([time]))[0]) // WIDE - len(words) // 2
        at = max(_AXIS - 3, min(at, len(text) - len(words)))
        if at >= behind:
            text[at : at + len(words)] = words
            behind = at + len(words) + 1
    return "".join(text).rstrip()


# ------------------------------------------------------------------ how often


def _bars(counted: Counted, canvas: Canvas) -> list[str]:
    """A line a class or a step: name, bar, number."""
    unit = f" [{counted.unit}]" if counted.unit not in (None, "", "1") else ""
    most = max(_SMALLEST[1], canvas.height - 2)
    rows, rest = _class_rows(counted, most) if counted.classes is not None else (_step_rows(counted, most), 0)
    names = max(width_of(name) for name, _, _ in rows)
    highest = max(count for _, count, _ in rows)
    counts = len(f"{highest:,}")
    room = max(8, canvas.width - names - counts - 2)
    lines = [inked(cut(visible(counted.title + unit), canvas.width), _BOLD, canvas)]
    for name, count, colour in rows:
        bar = coloured(_bar(count / highest * room, canvas), colour, None, canvas.depth)
        lines.append(f"{pad(name, names, counted.classes is None)} {bar} {inked(f'{count:,}', _DIM, canvas)}")
    more = f"and {rest} more classes; " if rest else ""
    return [*lines, inked(cut(more + counted.summary(), canvas.width), _DIM, canvas)]


def _bar(length: float, canvas: Canvas) -> str:
    if not canvas.unicode:
        return "#" * max(round(length), 1 if length else 0)
    eighths = max(round(length * 8), 1 if length else 0)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def _class_rows(counted: Counted, most: int) -> tuple[list[tuple[str, int, Rgb | None]], int]:
    found = counting.class_counts(counted.known)
    codes = counted.scale.codes or ()
    rows = []
    for code, count in found[:most]:
        name = cut(visible((counted.classes or {}).get(code, str(code))), _NAME)
        rows.append((name, count, counted.scale.colours[codes.index(code)] if code in codes else None))
    return rows, len(found) - len(rows)


def _step_rows(counted: Counted, most: int) -> list[tuple[str, int, Rgb | None]]:
    values = counted.known
    low, high = float(values.min()), float(values.max())
    ticks = number_ticks(low, high, min(most, 12) - 2)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else (high - low) or abs(low) or 1.0
    first = np.floor(low / step)
    edges = np.arange(first, max(np.ceil(high / step), first + 1) + 1) * step
    counts, _ = np.histogram(values, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    colours = [counted.scale.colours[i] for i in counted.scale.indexes(middles).tolist()]
    names = [f"{short_number(float(low))} to {short_number(float(high))}" for low, high in pairwise(edges)]
    return list(zip(names, counts.tolist(), colours))
