"""A result as a small map on the terminal."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cubeql.cli.output.display import cut, width_of
from cubeql.drawing import lines
from cubeql.drawing.ansi import Canvas, coloured, inked, letter_of, painted
from cubeql.drawing.display import short_number
from cubeql.drawing.escape import visible
from cubeql.drawing.mapped import Mapped, Seen, mapped
from cubeql.drawing.view import View

_BOLD, _DIM = "1", "2"
_SMALLEST = (16, 8)  # characters, lines
_BAR = 24
_BORDERS_BELOW = 0.6  # degrees a pixel: from further away they only darken the map


def map_lines(table: pa.Table, column: str | None, canvas: Canvas) -> list[str]:
    """A title, the map, and a line that says what the colours mean.

    Args:
        table: the result.
        column: what cells are coloured by; None takes the first number or class.
        canvas: what is drawn on; the map takes as much of it as its shape needs.

    Raises:
        CubeQLError: the result has no cell, no number, no such column or no rows.
    """
    shown = mapped(table, column)
    seen = shown.seen_in(_view(shown, canvas))
    title = " · ".join((shown.title, *seen.notes))
    coasts, borders = lines.dots(seen.view)
    if seen.view.scale > _BORDERS_BELOW:
        borders = np.zeros_like(borders)
    body = painted(seen.indexes, shown.scale.colours, (coasts, borders), canvas, bool(shown.column.classes))
    return [inked(cut(visible(title), canvas.width), _BOLD, canvas), *body, _legend(shown, seen, canvas)]


def _view(shown: Mapped, canvas: Canvas) -> View:
    """The window that the canvas has room for below the title and above the legend."""
    width, height = max(canvas.width, _SMALLEST[0]), 2 * max(canvas.height - 2, _SMALLEST[1])
    return shown.window(width, height, (_SMALLEST[0], 2 * _SMALLEST[1]))


def _legend(shown: Mapped, seen: Seen, canvas: Canvas) -> str:
    return _class_legend(shown, canvas) if shown.column.classes else _ramp_legend(shown, seen, canvas)


def _ramp_legend(shown: Mapped, seen: Seen, canvas: Canvas) -> str:
    """The ramp between its ends."""
    scale, values = shown.scale, seen.hexes.values
    low = ("≤ " if canvas.unicode and (values < scale.low).any() else "") + short_number(scale.low)
    high = ("≥ " if canvas.unicode and (values > scale.high).any() else "") + short_number(scale.high)
    if canvas.depth == "none":
        bar = canvas.shades
    else:
        steps = [scale.colours[n * (len(scale.colours) - 1) // (_BAR - 1)] for n in range(_BAR)]
        bar = "".join(coloured(" ", None, colour, canvas.depth) for colour in steps)
    unit = f" {visible(shown.unit)}" if shown.unit else ""
    cells = f"{len(seen.hexes):,} cells"
    return f"{low} {bar} {high}{unit}   {inked(cells, _DIM, canvas)}"


def _class_legend(shown: Mapped, canvas: Canvas) -> str:
    """The classes that are there, the most frequent first, as many as there is room for."""
    codes, found, used = shown.scale.codes or (), list[str](), 0
    present = shown.classes_by_number()
    for number, (code, name) in enumerate(present):
        at = codes.index(code) if code in codes else None
        rest = f"and {len(present) - number} more"
        room = canvas.width - used - (width_of(rest) + 3 if number < len(present) - 1 else 0)
        name = visible(name)
        if width_of(name) + 2 > room:
            return "   ".join([*found, inked(rest, _DIM, canvas)])
        colour = None if at is None else shown.scale.colours[at]
        chip = "■" if canvas.unicode else "#"
        mark = ("?" if at is None else letter_of(at)) if canvas.depth == "none" else chip
        found.append(f"{coloured(mark, colour, None, canvas.depth)} {name}")
        used += width_of(name) + 5
    return "   ".join(found)
