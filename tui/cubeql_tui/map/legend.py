"""What the colours mean: the values that are seen, as a histogram in the very colours of the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from cubeql.drawing.colours import Rgb, Scale
from cubeql.drawing.view import Floats, View

_BAR_MOST, _BAR_FROM = 14, 60  # columns of the bar, and of the line that has room for it
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Legend(Static):
    """One line: numbers as a histogram between their ends, classes by name, the frequent first."""

    DEFAULT_CSS = "Legend { height: 1; padding: 0 1; color: $foreground 75%; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._told: tuple[Scale, Floats, Mapping[int, str] | None, str | None, View | None] | None = None

    def on_resize(self) -> None:
        """There is other room, or room at last: what is not seen has none."""
        if self._told is not None:
            self.tell(*self._told)

    def tell(
        self,
        scale: Scale,
        values: Floats,
        classes: Mapping[int, str] | None,
        unit: str | None = None,
        view: View | None = None,
    ) -> None:
        """Say what the colours of these values mean, and how large the window is."""
        self._told = (scale, values, classes, unit, view)
        known = values[np.isfinite(values)]
        room = max(20, self.size.width - 2)
        bar = bar_text(view) if view is not None and room >= _BAR_FROM else Text()
        left = max(20, room - bar.cell_len)
        told = class_text(scale, known, classes, left) if classes else ramp_text(scale, known, left, unit)
        self.update(Text.assemble(told, " " * max(0, room - told.cell_len - bar.cell_len), bar, no_wrap=True))


def bar_text(view: View) -> Text:
    """A length on the map: a pixel is as wide as a character."""
    pixels, km = view.bar(_BAR_MOST)
    said = f"{km:,.0f} km" if km >= 1 else f"{km * 1000:,.0f} m"
    return Text.assemble("  ├", "─" * max(0, pixels - 2), "┤ ", said)


def ramp_text(scale: Scale, values: Floats, room: int, unit: str | None = None) -> Text:
    """The ramp from its lowest to its highest value; the height says how many values have a colour."""
    low, high = f"{scale.low:.4g}", f"{scale.high:.4g}"
    beyond = len(values) and bool((values < scale.low).any()), len(values) and bool((values > scale.high).any())
    low, high = ("≤ " if beyond[0] else "") + low, ("≥ " if beyond[1] else "") + high
    high += f" {unit}" if unit not in (None, "", "1") else ""
    width = max(8, min(room - len(low) - len(high) - 2, 64))
    shades = scale.indexes(values)
    at = np.minimum(shades[shades < len(scale.colours)].astype(int) * width // len(scale.colours), width - 1)
    counts = np.bincount(at, minlength=width)[:width]
    heights = np.ceil(np.sqrt(counts / max(1, counts.max())) * 8).astype(int)
    text = Text(f"{low} ", no_wrap=True)
    for place, height in enumerate(heights.tolist()):
        colour = scale.colours[place * (len(scale.colours) - 1) // max(1, width - 1)]
        text.append(_EIGHTHS[height], _painted(colour, height))
    return text.append(f" {high}")


def _painted(colour: Rgb, height: int) -> Style:
    """Bars stand on a ground of their own colour, darkened, so that the ramp is seen where no value is."""
    red, green, blue = (c * 3 // 10 for c in colour)
    return Style(color=Color.from_rgb(*colour), bgcolor=Color.from_rgb(red, green, blue))


def class_text(scale: Scale, values: Floats, classes: Mapping[int, str], room: int) -> Text:
    """The classes that are seen, the frequent first, as many as there is room for."""
    text = Text(no_wrap=True)
    seen = Counter(values.astype(int).tolist()).most_common()
    for number, (code, _) in enumerate(seen):
        name = classes.get(code, str(code))
        colour = scale.colours[scale.codes.index(code)] if scale.codes and code in scale.codes else (128, 128, 128)
        chip = Text.assemble(("■ ", Style(color=Color.from_rgb(*colour))), name, "   ")
        rest = f"and {len(seen) - number} more"
        if text.cell_len + chip.cell_len + (len(rest) if number < len(seen) - 1 else -3) > room:
            return text.append(rest, "dim")
        text.append_text(chip)
    return text
