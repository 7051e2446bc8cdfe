"""How often each value comes: bars in the colours of the map; classes by name."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.counting import Counted, bins, class_counts
from cubeql.drawing.plotting import number_ticks
from cubeql_tui.actions import Place, bindings

Floats = NDArray[np.float64]

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LENGTHS = " ▏▎▍▌▋▊▉█"
_AXIS = 11  # characters for the counts at the left
_NAME = 34  # most of the name of a class


class Histogram(Widget, can_focus=True):
    """Bars with a head that sums them up."""

    DEFAULT_CSS = """
    Histogram { height: 1fr; width: 1fr; }
    Histogram > .histogram--head { color: $foreground; text-style: bold; }
    Histogram > .histogram--axis { color: $quiet; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"histogram--head", "histogram--axis"}
    PLACE: ClassVar[Place] = "histogram"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class QuantityAsked(Message):
        """Another column is to be counted."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.counted: Counted | None = None
        self._drawn: tuple[tuple[int, int], list[Strip]] | None = None

    def show(self, counted: Counted) -> None:
        """Count other values."""
        self.counted = counted
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, also where only the theme is another."""
        self._drawn = None
        self.refresh()

    def action_next_quantity(self) -> None:
        """Count another column."""
        self.post_message(self.QuantityAsked())

    # -------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the histogram."""
        size = (self.size.width, self.size.height)
        if self.counted is None or size[0] < 3 * _AXIS or size[1] < 5:
            return Strip.blank(size[0])
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._paint(self.counted))
        lines = self._drawn[1]
        return lines[y].adjust_cell_length(size[0]) if y < len(lines) else Strip.blank(size[0])

    def _paint(self, counted: Counted) -> list[Strip]:
        head, axis = (self.get_component_rich_style(f"histogram--{part}") for part in ("head", "axis"))
        unit = f" [{counted.unit}]" if counted.unit not in (None, "", "1") else ""
        title = Strip([Segment(f" {counted.title}{unit}  ", head), Segment(counted.summary(), axis)])
        if not len(counted.known):
            return [title]
        body = self._by_class(counted, axis) if counted.classes else self._bars(counted, axis)
        return [title, Strip.blank(self.size.width), *body]

    def _bars(self, counted: Counted, axis: Style) -> list[Strip]:
        columns, rows = self.size.width - _AXIS - 2, self.size.height - 3
        counts, edges = bins(counted.known, columns)
        shades = counted.scale.indexes((edges[:-1] + edges[1:]) / 2)
        inks = [Style(color=Color.from_rgb(*counted.scale.colours[s])) for s in shades.tolist()]
        eighths = np.ceil(counts / counts.max() * rows * 8).astype(int)
        lines = []
        for row in range(rows):
            levels = np.clip(eighths - (rows - 1 - row) * 8, 0, 8).tolist()
            label = f"{counts.max():,}" if row == 0 else "0" if row == rows - 1 else ""
            segments = [Segment(f"{label:>{_AXIS - 2}} ", axis), Segment("┤" if label else "│", axis)]
            segments += [Segment(_EIGHTHS[level], ink) for level, ink in zip(levels, inks, strict=True)]
            lines.append(Strip(segments).simplify())
        return [*lines, self._values(edges, columns, axis)]

    def _values(self, edges: Floats, columns: int, axis: Style) -> Strip:
        text = [" "] * self.size.width
        low, high = float(edges[0]), float(edges[-1])
        behind = 0
        for tick in number_ticks(low, high, max(1, columns // 12)):
            word = f"{tick:.6g}"
            at = _AXIS + int((tick - low) / (high - low) * (columns - 1)) - len(word) // 2
            at = max(0, min(at, len(text) - len(word)))
            if at >= behind:
                text[at : at + len(word)] = word
                behind = at + len(word) + 1
        return Strip([Segment("".join(text), axis)])

    def _by_class(self, counted: Counted, axis: Style) -> list[Strip]:
        found = class_counts(counted.known)
        names = counted.classes or {}
        total, most = sum(count for _, count in found), found[0][1]
        wide = min(_NAME, self.size.width // 3, max(len(names.get(code, str(code))) for code, _ in found))
        room = max(4, self.size.width - wide - 24)
        lines = []
        for code, count in found:
            name = names.get(code, str(code))
            name = name if len(name) <= wide else name[: wide - 1] + "…"
            index = int(counted.scale.indexes(np.array([float(code)]))[0])
            colour = counted.scale.colours[index] if index < counted.scale.nothing else (128, 128, 128)
            whole, part = divmod(max(1, round(count / most * room * 8)), 8)
            bar = "█" * whole + _LENGTHS[part].strip()
            said = f" {100 * count / total:.1f} %  {count:,}"
            ink = Style(color=Color.from_rgb(*colour))
            lines.append(Strip([Segment(f" {name:>{wide}} "), Segment(bar, ink), Segment(said, axis)]))
        return lines
