"""The widget that draws cells of a window: what it shows, and when it is drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.color import Color
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from cubeql.drawing.colours import Rgb, Scale
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.overlay import MARK, Overlay, overlay_of
from cubeql.drawing.raster import Places, line_dots, outline_of
from cubeql.drawing.view import Box, View
from cubeql_tui.map.drawing import Palette, strips_of
from cubeql_tui.map.picture import Picture

_WORLD = Box(-180.0, -60.0, 180.0, 80.0)
_FRAME_S = 0.04
_POINTER: Rgb = (255, 60, 200)  # in no ramp

Dots = NDArray[np.uint8]


class MapCanvas(Widget, can_focus=True):
    """Cells in their colours, with coasts and borders."""

    DEFAULT_CSS = "MapCanvas { height: 1fr; width: 1fr; }"

    class Moved(Message):
        """Another window is seen."""

        def __init__(self, map: MapCanvas) -> None:
            self.map = map
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.picture = Picture()
        self.chosen: int | None = None
        self._besides: tuple[int, ...] = ()
        self.divider = 0.5
        self._instead: Picture | None = None
        self._beside: Picture | None = None
        self._box: Box | None = _WORLD
        self._near: Box | None = None
        self._lines: Sequence[Places] = ()
        self._graticule = False
        self._pointer: tuple[int, int] | None = None
        self._overlay: Overlay | None = None
        self._frame: tuple[NDArray[np.int16], Dots, Dots] | None = None
        self._strips: list[Strip] | None = None
        self._ink: Palette | None = None
        self._drawn_at = 0.0
        self._waking: Timer | None = None

    # -------------------------------------------------------------- what is shown

    @property
    def hexes(self) -> Hexes:
        """The cells that are drawn."""
        return self.picture.hexes

    @property
    def scale(self) -> Scale:
        """Their colours."""
        return self.picture.scale

    def show(self, hexes: Hexes, scale: Scale) -> None:
        """Draw other cells, or the same in other colours."""
        self.picture.show(hexes, scale)
        self._ink = None
        self.redraw()

    def instead(self, shown: tuple[Hexes, Scale] | None) -> None:
        """Draw other cells in the place of its own; None draws its own again."""
        self._instead = None
        if shown is not None:
            self._instead = Picture()
            self._instead.show(*shown)
        self.recolour()

    def part(self, beside: Picture | None) -> None:
        """Draw another picture at the right of a divider; None draws one alone."""
        self._beside = beside
        self.recolour()

    def move_divider(self, columns: int) -> None:
        """Move the divider, where there is one."""
        if self._beside is not None and self.size.width > 2:
            self.divider = min(max(self.divider + columns / self.size.width, 0.0), 1.0)
            self.redraw()

    @property
    def _cut(self) -> int:
        """The column of the divider."""
        return round(self.divider * (self.size.width - 1))

    def know(self, box: Box | None) -> None:
        """The region that all of it is; None is the earth."""
        self._box = box or _WORLD

    def fit(self, box: Box | None) -> None:
        """See a region as large as it can be; None sees the earth."""
        self.know(box)
        self._fit()

    def _fit(self) -> None:
        if self.size.width > 1 and self.size.height > 0 and self._box is not None:
            self.go(View.fitting(self._box, self.size.width, 2 * self.size.height))

    def approach(self, box: Box) -> None:
        """See a region now, or as soon as there is room; all of it stays what is fitted into the window."""
        self._near = box
        if self.size.width > 1 and self.size.height > 0:
            self.go(View.fitting(box, self.size.width, 2 * self.size.height))

    def center(self, place: tuple[float, float]) -> None:
        """Have a longitude and latitude in the middle."""
        if self.view is not None:
            x, y = self.view.pixel(*place)
            self.go(self.view.panned(x - self.view.width // 2, y - self.view.height // 2))

    def choose(self, cell: int | None, besides: tuple[int, ...] = ()) -> None:
        """Mark a cell, and others that are compared with it."""
        self.chosen, self._besides = cell, besides
        self.redraw()

    def draw(self, lines: Sequence[Places]) -> None:
        """Draw lines above the map: longitudes and latitudes of each."""
        self._lines = lines
        self.redraw()

    def toggle_graticule(self) -> None:
        """Draw meridians and parallels, or do not."""
        self._graticule, self._overlay = not self._graticule, None
        self.redraw()

    def recolour(self) -> None:
        """Follow the theme."""
        self._ink = None
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the middle, unless all of it was seen."""
        if self.view is None:
            self._fit()
            if self._near is not None:
                self.approach(self._near)
        elif self.size.width > 1:
            self.go(self.view.sized(self.size.width, 2 * self.size.height))

    def see(self, view: View) -> None:
        """See through a window, without telling anybody."""
        if view != self.view:
            self.view = view
            self.redraw()

    def go(self, view: View) -> None:
        """See through a window."""
        if view != self.view:
            self.see(view)
            self.post_message(self.Moved(self))

    # -------------------------------------------------------------- drawing

    def redraw(self) -> None:
        """Draw anew: at once, or when the last frame has been seen for as long as an eye needs."""
        wait = self._drawn_at + _FRAME_S - monotonic()
        if wait <= 0:
            self._draw()
        elif self._waking is None:
            self._waking = self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        if self._waking is not None:
            self._waking.stop()
            self._waking = None
        self._drawn_at = monotonic()
        self._strips = None
        self.refresh()

    def forget(self) -> None:
        """Let go of all that was computed of the window."""
        self.picture.forget()
        self._overlay = self._strips = None

    def render_line(self, y: int) -> Strip:
        """One line of the map."""
        if self.view is None or 2 * y + 1 >= self.view.height or self.view.width != self.size.width:
            return Strip.blank(self.size.width, self.rich_style)
        if self._strips is None:
            self._frame = self._framed(self.view)
            self._strips = list(strips_of(*self._frame, self._palette()))
        if self._pointer is not None and self._pointer[1] // 2 == y and self._pointer[0] < self.view.width:
            return self._pointed(y, self._pointer)
        return self._strips[y]

    def _framed(self, view: View) -> tuple[NDArray[np.int16], Dots, Dots]:
        """Colours of pixels, dots and kinds of lines of all characters."""
        dots, kinds = self._lines_over(view)
        chosen = (() if self.chosen is None else (self.chosen,)) + self._besides
        marks = line_dots((*self._lines, *(line for cell in chosen for line in outline_of(cell))), view)
        if marks.any():
            dots, kinds = np.where(marks > 0, marks, dots), np.where(marks > 0, MARK, kinds).astype(np.uint8)
        return self._pixels(view), dots, kinds

    def _pixels(self, view: View) -> NDArray[np.int16]:
        """The colours: of what is at the right of a divider they come behind those of the left."""
        left = self._instead or self.picture
        pixels = left.pixels(view)
        if self._beside is None:
            return pixels
        behind = self._beside.pixels(view) + np.int16(len(left.scale.colours) + 3)
        pixels = np.where(np.arange(view.width) < self._cut, pixels, behind)
        pixels[:, self._cut] = left.scale.nothing + 2
        return pixels

    def _pointed(self, y: int, pointer: tuple[int, int]) -> Strip:
        """A line with the place under the pointer."""
        assert self._frame is not None
        pixels, dots, kinds = self._frame
        pair = pixels[2 * y : 2 * y + 2].copy()
        pair[pointer[1] % 2, pointer[0]] = (self._instead or self.picture).scale.nothing + 1
        return next(strips_of(pair, dots[y : y + 1], kinds[y : y + 1], self._palette()))

    def _palette(self) -> Palette:
        if self._ink is None:
            ground, accent, ink = (self._rgb(name) for name in ("background", "accent", "foreground"))
            scales = [p.scale for p in (self._instead or self.picture, self._beside) if p is not None]
            colours = [c for scale in scales for c in (*scale.colours, ground, _POINTER, ink)]
            self._ink = Palette(colours, ground, accent, self.app.current_theme.dark)
        return self._ink

    def _rgb(self, name: str) -> Rgb:
        return Color.parse(self.app.theme_variables[name]).rgb

    def _lines_over(self, view: View) -> tuple[Dots, Dots]:
        found = self._overlay.at(view) if self._overlay is not None else None
        if found is None:
            self._overlay = overlay_of(view, self._graticule)
            found = self._overlay.at(view)
            assert found is not None
        return found
