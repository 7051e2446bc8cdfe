"""The bars of a histogram as lines of characters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cubeql.drawing.colours import Scale
from cubeql.drawing.counting import Counted, How, bins, class_counts, heights
from cubeql.drawing.plotting import number_ticks

Floats = NDArray[np.float64]

AXIS = 11  # characters for the counts at the left
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LENGTHS = " ▏▎▍▌▋▊▉█"
_NAME = 34  # most of the name of a class
_UNKNOWN = (128, 128, 128)


class Look(NamedTuple):
    """Styles of the words, the axes, and the bar at the cursor."""

    head: Style
    axis: Style
    mark: Style


def by_value(
    values: Floats, scale: Scale, size: tuple[int, int], how: How, cursor: int | None, look: Look
) -> list[Strip]:
    """Standing bars and the axis of values below them.

    Args:
        values: all known.
        scale: their colours.
        size: characters for the bars, across and down.
        how: what their height is.
        cursor: number of the bar that is read.
        look: of all else.
    """
    columns, rows = size
    counts, edges = bins(values, columns)
    shades = scale.indexes((edges[:-1] + edges[1:]) / 2)
    inks = [Style(color=Color.from_rgb(*scale.colours[s])) for s in shades.tolist()]
    if cursor is not None and cursor < columns:
        inks[cursor] = look.mark
    eighths = np.where(counts > 0, np.maximum(np.ceil(heights(counts, how) * rows * 8), 1), 0)
    eighths = np.ceil(heights(counts, how) * rows * 8) if how == "cumulative" else eighths
    top = f"{counts.sum() if how == 'cumulative' else counts.max():,}"
    lines = []
    for row in range(rows):
        levels = np.clip(eighths - (rows - 1 - row) * 8, 0, 8).astype(int).tolist()
        label = top if row == 0 else "0" if row == rows - 1 else ""
        segments = [Segment(f"{label:>{AXIS - 2}} ", look.axis), Segment("┤" if label else "│", look.axis)]
        segments += [Segment(_EIGHTHS[level], ink) for level, ink in zip(levels, inks, strict=True)]
        lines.append(Strip(segments).simplify())
    return [*lines, _axis(edges, columns, look.axis)]


def _axis(edges: Floats, columns: int, style: Style) -> Strip:
    text = [" "] * (columns + AXIS + 2)
    low, high = float(edges[0]), float(edges[-1])
    behind = 0
    for tick in number_ticks(low, high, max(1, columns // 12)):
        word = f"{tick:.6g}"
        at = AXIS + int((tick - low) / (high - low) * (columns - 1)) - len(word) // 2
        at = max(0, min(at, len(text) - len(word)))
        if at >= behind:
            text[at : at + len(word)] = word
            behind = at + len(word) + 1
    return Strip([Segment("".join(text), style)])


def by_class(counted: Counted, scale: Scale, width: int, cursor: int | None, look: Look) -> list[Strip]:
    """Lying bars, each with the name of its class and its share."""
    found = class_counts(counted.known)
    names = counted.classes or {}
    total, most = sum(count for _, count in found), found[0][1]
    wide = min(_NAME, width // 3, max(len(names.get(code, str(code))) for code, _ in found))
    room = max(4, width - wide - 24)
    lines = []
    for number, (code, count) in enumerate(found):
        name = names.get(code, str(code))
        name = name if len(name) <= wide else name[: wide - 1] + "…"
        index = int(scale.indexes(np.array([float(code)]))[0])
        ink = Style(color=Color.from_rgb(*(scale.colours[index] if index < scale.nothing else _UNKNOWN)))
        whole, part = divmod(max(1, round(count / most * room * 8)), 8)
        bar = "█" * whole + _LENGTHS[part].strip()
        said = f" {100 * count / total:.1f} %  {count:,}"
        here = number == cursor
        out = scale.choice is not None and code not in (scale.choice.codes or ())
        style = look.mark if here else look.axis if out else Style()
        sign = "›" if here else " "
        lines.append(Strip([Segment(f"{sign}{name:>{wide}} ", style), Segment(bar, ink), Segment(said, look.axis)]))
    return lines
