"""The widget that draws cells, and turns keys and the pointer into another window, a cell looked at, a cell chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.colours import Rgb, Scale
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.lines import dots
from cubeql.drawing.raster import Ground, ground_of, indexes_at, outline_dots
from cubeql.drawing.view import Box, View
from cubeql_tui.map.drawing import BORDER, COAST, MARK, Palette, line_of

_WORLD = Box(-180.0, -60.0, 180.0, 80.0)
_ZOOM, _WHEEL = 1.5, 1.25
_BORDERS_BELOW = 1.2  # degrees a pixel: on a smaller map borders bury what they bound

Dots = NDArray[np.uint8]


class HexMap(Widget, can_focus=True):
    """Cells in their colours, with coasts and borders."""

    DEFAULT_CSS = "HexMap { height: 1fr; width: 1fr; }"

    class Moved(Message):
        """Another window is seen."""

    class LookedAt(Message):
        """The pointer is on another cell; ``cell`` is 0 where it has left the map."""

        def __init__(self, cell: int, lon: float, lat: float) -> None:
            self.cell, self.lon, self.lat = cell, lon, lat
            super().__init__()

    class Chosen(Message):
        """A cell was chosen."""

        def __init__(self, cell: int) -> None:
            self.cell = cell
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.hexes = Hexes(0, np.array([], np.int64), np.array([]))
        self.scale = Scale.of_values(np.array([]), "grey")
        self.chosen: int | None = None
        self._box: Box | None = _WORLD
        self._pointer: tuple[int, int] | None = None
        self._drag: tuple[int, int] | None = None
        self._dragged = False
        self._ground: Ground | None = None
        self._pixels: NDArray[np.int16] | None = None
        self._overlay: tuple[View, Dots, Dots] | None = None
        self._ink: Palette | None = None

    # -------------------------------------------------------------- what is shown

    def show(self, hexes: Hexes, scale: Scale) -> None:
        """Draw other cells, or the same in other colours."""
        self.hexes, self.scale = hexes, scale
        self._pixels = self._ink = None
        self.refresh()

    def fit(self, box: Box | None) -> None:
        """See a region as large as it can be; None sees the earth."""
        self._box = box or _WORLD
        self._fit()

    def _fit(self) -> None:
        if self.size.width > 1 and self.size.height > 0 and self._box is not None:
            self._go(View.fitting(self._box, self.size.width, 2 * self.size.height))

    def choose(self, cell: int | None) -> None:
        """Mark a cell."""
        self.chosen = cell
        self.refresh()

    def recolour(self) -> None:
        """Follow the theme."""
        self._pixels = self._ink = None
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the middle, unless all of it was seen."""
        if self.view is None:
            self._fit()
        elif self.size.width > 1:
            self._go(self.view.sized(self.size.width, 2 * self.size.height))

    def _go(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self._pixels = None
            self.refresh()
            self.post_message(self.Moved())

    # -------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the map."""
        if self.view is None or 2 * y + 1 >= self.view.height or self.view.width != self.size.width:
            return Strip.blank(self.size.width, self.rich_style)
        pixels, ink = self._drawn(self.view)
        top, bottom = pixels[2 * y], pixels[2 * y + 1]
        if self._pointer is not None and self._pointer[1] // 2 == y and self._pointer[0] < len(top):
            top, bottom = top.copy(), bottom.copy()
            (top, bottom)[self._pointer[1] % 2][self._pointer[0]] = self.scale.nothing + 1
        lines, kinds = self._lines(self.view, y)
        return line_of(top, bottom, lines, kinds, ink)

    def _drawn(self, view: View) -> tuple[NDArray[np.int16], Palette]:
        if self._pixels is None:
            self._ground = ground_of(view, self.hexes.resolution, self._ground)
            colours = self.scale.indexes(self.hexes.values)
            self._pixels = indexes_at(self._ground, self.hexes.cells, colours, self.scale.nothing)
        if self._ink is None:
            ground, accent = (self._rgb(name) for name in ("background", "accent"))
            self._ink = Palette((*self.scale.colours, ground, accent), accent, self.app.current_theme.dark)
        return self._pixels, self._ink

    def _rgb(self, name: str) -> Rgb:
        return Color.parse(self.app.theme_variables[name]).rgb

    def _lines(self, view: View, y: int) -> tuple[Dots, Dots]:
        if self._overlay is None or self._overlay[0] != view or self._marked != self.chosen:
            coast, border = dots(view)
            mark = outline_dots(self.chosen, view) if self.chosen is not None else np.zeros_like(coast)
            border = border if view.scale < _BORDERS_BELOW else np.zeros_like(border)
            kinds = np.where(mark > 0, MARK, np.where(coast > 0, COAST, BORDER)).astype(np.uint8)
            shown = np.where(mark > 0, mark, np.where(coast > 0, coast | border, border))
            self._overlay, self._marked = (view, shown, kinds), self.chosen
        return self._overlay[1][y], self._overlay[2][y]

    _marked: int | None = None

    # -------------------------------------------------------------- looking

    def cell_at(self, x: int, y: int) -> int:
        """The cell of a pixel; 0 beside the earth."""
        if self.view is None:
            return 0
        self._drawn(self.view)
        assert self._ground is not None
        if not (0 <= x < self.view.width and 0 <= y < self.view.height):
            return 0
        return int(self._ground.cells[y, x])

    def seen_cells(self) -> NDArray[np.int64]:
        """The cells of the window, ascending."""
        if self.view is None:
            return np.array([], np.int64)
        self._drawn(self.view)
        assert self._ground is not None
        return np.unique(self._ground.cells)

    def _point(self, at: tuple[int, int] | None) -> None:
        for place in (self._pointer, at):
            if place is not None:
                self.refresh(Region(0, place[1] // 2, self.size.width, 1))
        self._pointer = at
        if at is None or self.view is None:
            self.post_message(self.LookedAt(0, 0.0, 0.0))
        else:
            self.post_message(self.LookedAt(self.cell_at(*at), *self.view.place(*at)))

    def pan(self, right: int, down: int) -> None:
        """Move the window by an eighth."""
        if self.view is not None:
            step = max(2, self.view.height // 8)
            self._go(self.view.panned(right * step, down * step))

    def zoom(self, steps: int) -> None:
        """Come closer, or step back, at the pointer if there is one."""
        if self.view is not None:
            at = (self._pointer[0] + 0.5, self._pointer[1] + 0.5) if self._pointer else (None, None)
            self._go(self.view.zoomed(_ZOOM**-steps, *at))

    def fit_all(self) -> None:
        """See all of it."""
        self._fit()

    def choose_here(self) -> None:
        """Choose the cell under the pointer, or in the middle."""
        if self.view is not None:
            at = self._pointer or (self.view.width // 2, self.view.height // 2)
            self._choose_at(*at)

    def _choose_at(self, x: int, y: int) -> None:
        cell = self.cell_at(x, y)
        if cell:
            self.post_message(self.Chosen(cell))

    # -------------------------------------------------------------- pointer

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Look, or drag."""
        if self._drag is not None and self.view is not None:
            right, down = self._drag[0] - event.x, 2 * (self._drag[1] - event.y)
            if right or down:
                self._dragged = True
                self._drag = (event.x, event.y)
                self._go(self.view.panned(right, down))
        else:
            self._point((event.x, 2 * event.y))

    def on_leave(self) -> None:
        """Nobody looks."""
        self._point(None)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold."""
        self._drag, self._dragged = (event.x, event.y), False
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go; without a move it was a click."""
        self.release_mouse()
        if self._drag is not None and not self._dragged:
            self._choose_at(event.x, 2 * event.y)
        self._drag = None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Come closer to what is under the pointer."""
        self._wheel(event, 1 / _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Step back from it."""
        self._wheel(event, _WHEEL)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        if self.view is not None:
            self._go(self.view.zoomed(factor, event.x + 0.5, 2 * event.y + 1))
