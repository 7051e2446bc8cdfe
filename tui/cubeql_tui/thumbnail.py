"""A small map that stands still, with what its colours mean below it."""

from __future__ import annotations

from collections import Counter

import numpy as np
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.colours import Rgb
from cubeql.drawing.display import instant_text, short_number
from cubeql.drawing.lines import dots
from cubeql.drawing.overlay import COAST
from cubeql.drawing.raster import ground_of, indexes_at
from cubeql_tui.looking import Picture
from cubeql_tui.map.drawing import Palette, strips_of
from cubeql_tui.map.legend import ramp_text


class Thumbnail(Widget):
    """The cells of a picture; the window is that of the picture."""

    DEFAULT_CSS = "Thumbnail { height: 9; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None
        self._drawn: list[Strip] | None = None

    def show(self, picture: Picture | None) -> None:
        """Draw another picture; None draws nothing."""
        self.picture = picture
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, also where only the theme is another."""
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the map."""
        picture = self.picture
        if picture is None or picture.view.width > self.size.width or 2 * y + 1 >= picture.view.height:
            return Strip.blank(self.size.width, self.rich_style)
        if self._drawn is None:
            self._drawn = self._paint(picture)
        return self._drawn[y].adjust_cell_length(self.size.width, self.rich_style)

    def _paint(self, picture: Picture) -> list[Strip]:
        view, hexes, scale = picture.view, picture.hexes, picture.scale
        ground = ground_of(view, hexes.resolution, None)
        pixels = indexes_at(ground, hexes.cells, scale.indexes(hexes.values), scale.nothing)
        paper, accent = (self._rgb(name) for name in ("background", "accent"))
        ink = Palette((*scale.colours, paper), paper, accent, self.app.current_theme.dark)
        coast = dots(view)[0]
        kinds = np.full_like(coast, COAST)
        return list(strips_of(pixels, coast, kinds, ink))

    def _rgb(self, name: str) -> Rgb:
        return Color.parse(self.app.theme_variables[name]).rgb


def picture_text(picture: Picture, room: int, most_classes: int = 4) -> Text:
    """What the colours of a picture mean: a histogram and its middle, or shares of classes; and what a value is."""
    values = picture.hexes.values[np.isfinite(picture.hexes.values)]
    text = Text(no_wrap=True, overflow="ellipsis")
    if picture.quantity.classes:
        _append_classes(text, picture, room, most_classes)
    elif len(values):
        low, middle, high = (short_number(float(v)) for v in np.percentile(values, [0, 50, 100]))
        text.append_text(ramp_text(picture.scale, values, room))
        text.append("\n")
        said = f"{low} … {high}, median {middle}"
        unit = _unit(picture)
        text.append(said + (unit if len(said) + len(unit) <= room else ""))
    else:
        text.append("no values")
    return text.append(f"\n{_kind(picture)}", "dim")


def _unit(picture: Picture) -> str:
    unit = picture.quantity.unit
    return f" {unit}" if unit not in (None, "", "1") else ""


def _kind(picture: Picture) -> str:
    """What one value of a picture is of."""
    hexes, time = picture.hexes, picture.time
    kind = "" if hexes.whole else "most frequent, " if picture.quantity.classes else "mean, "
    at = f" · {instant_text(time)}" if time is not None else ""
    return f"{picture.quantity.name}{at} · {kind}res {hexes.resolution}"


def _append_classes(text: Text, picture: Picture, room: int, most: int) -> None:
    values = picture.hexes.values[np.isfinite(picture.hexes.values)].astype(int)
    found = Counter(values.tolist()).most_common()
    for code, count in found[:most]:
        name = (picture.quantity.classes or {}).get(code, str(code))
        share = f"{100 * count / len(values):.0f} %"
        wide = max(4, room - 4 - len(share))
        name = name if len(name) <= wide else name[: wide - 1] + "…"
        text.append("■ ", swatch(picture, code))
        text.append(f"{name.ljust(wide)}  ")
        text.append(f"{share}\n", "dim")
    more = len(found) - most
    if more > 0:
        text.append(f"and {more} more\n", "dim")
    text.right_crop(1)


def swatch(picture: Picture, code: int) -> Style:
    """The colour of a class."""
    index = int(picture.scale.indexes(np.array([float(code)]))[0])
    red, green, blue = picture.scale.colours[index] if index < picture.scale.nothing else (128, 128, 128)
    return Style(color=f"#{red:02x}{green:02x}{blue:02x}")
