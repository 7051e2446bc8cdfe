"""The widget that draws cells, and turns keys and the pointer into another window, a cell looked at, a cell chosen."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from cubeql.drawing.colours import Rgb, Scale
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.overlay import MARK, Overlay, overlay_of
from cubeql.drawing.raster import Places, line_dots, outline_of
from cubeql.drawing.sketch import place_in
from cubeql.drawing.view import Box, View, cell_km2
from cubeql.grid.cells import cells_at
from cubeql_tui.map.drawing import Palette, strips_of
from cubeql_tui.map.picture import Picture

_WORLD = Box(-180.0, -60.0, 180.0, 80.0)
_ZOOM, _WHEEL = 1.5, 1.25
_FRAME_S = 0.04

Dots = NDArray[np.uint8]


class HexMap(Widget, can_focus=True):
    """Cells in their colours, with coasts and borders."""

    DEFAULT_CSS = "HexMap { height: 1fr; width: 1fr; }"

    class Moved(Message):
        """Another window is seen."""

        def __init__(self, map: HexMap) -> None:
            self.map = map
            super().__init__()

    class LookedAt(Message):
        """The pointer is on another cell; ``cell`` is 0 where it has left the map."""

        def __init__(self, map: HexMap, cell: int, lon: float, lat: float) -> None:
            self.map, self.cell, self.lon, self.lat = map, cell, lon, lat
            super().__init__()

    class Cornered(Message):
        """A corner was put; ``begins`` where a box is drawn by dragging from it."""

        def __init__(self, place: tuple[float, float], begins: bool = False) -> None:
            self.place, self.begins = place, begins
            super().__init__()

    class Chosen(Message):
        """A cell was chosen."""

        def __init__(self, cell: int) -> None:
            self.cell = cell
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.picture = Picture()
        self.chosen: int | None = None
        self.divider = 0.5
        self._instead: Picture | None = None
        self._beside: Picture | None = None
        self._box: Box | None = _WORLD
        self._near: Box | None = None
        self.sketching = False
        self._lines: Sequence[Places] = ()
        self._graticule = False
        self._pointer: tuple[int, int] | None = None
        self._drag: tuple[int, int] | None = None
        self._dragged = self._parting = self._boxing = False
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

    def choose(self, cell: int | None) -> None:
        """Mark a cell."""
        self.chosen = cell
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
        marks = line_dots((*self._lines, *(outline_of(self.chosen) if self.chosen is not None else ())), view)
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
            colours = [c for scale in scales for c in (*scale.colours, ground, accent, ink)]
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

    # -------------------------------------------------------------- looking

    def cell_at(self, x: int, y: int) -> int:
        """The cell of a pixel; 0 beside the earth."""
        view = self.view
        if view is None or not (0 <= x < view.width and 0 <= y < view.height) or not view.shows_longitude()[x]:
            return 0
        return self.cell_of(view.place(x, y))

    def cell_of(self, place: tuple[float, float]) -> int:
        """The cell at a longitude and latitude, of the resolution that is drawn."""
        lon, lat = (np.array([degrees]) for degrees in place)
        return int(cells_at(lon, lat, self.hexes.resolution)[0])

    def seen_cells(self) -> NDArray[np.int64]:
        """The cells of the window, ascending."""
        return np.array([], np.int64) if self.view is None else np.unique(self.picture.ground(self.view).cells)

    def point_at(self, place: tuple[float, float] | None) -> None:
        """Show where somebody points at another map of the same window."""
        at = None
        if place is not None and self.view is not None:
            x, y = self.view.pixel(*place)
            at = (x, y) if 0 <= x < self.view.width and 0 <= y < self.view.height else None
        self._mark_pointer(at)

    def _mark_pointer(self, at: tuple[int, int] | None) -> None:
        for place in (self._pointer, at):
            if place is not None:
                self.refresh(Region(0, place[1] // 2, self.size.width, 1))
        self._pointer = at

    def _point(self, at: tuple[int, int] | None) -> None:
        self._mark_pointer(at)
        if at is None or self.view is None:
            self.post_message(self.LookedAt(self, 0, 0.0, 0.0))
        else:
            self.post_message(self.LookedAt(self, self.cell_at(*at), *self.view.place(*at)))

    def pan(self, right: int, down: int) -> None:
        """Move the window by an eighth."""
        if self.view is not None:
            step = max(2, self.view.height // 8)
            self.go(self.view.panned(right * step, down * step))

    def zoom(self, steps: int) -> None:
        """Come closer, or step back, at the pointer if there is one."""
        if self.view is not None:
            at = (self._pointer[0] + 0.5, self._pointer[1] + 0.5) if self._pointer else (None, None)
            self.go(self.view.zoomed(_ZOOM**-steps, *at))

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
        if cell and self.sketching and self.view is not None:
            self.post_message(self.Cornered(place_in(self.view, x, y)))
        elif cell:
            self.post_message(self.Chosen(cell))

    def move_pointer(self, right: int, down: int) -> None:
        """Point at the next cell, or pixel where cells are smaller; the window follows."""
        view = self.view
        if view is None:
            return
        step = max(1, round((cell_km2(self.hexes.resolution) / view.pixel_km2) ** 0.5))
        x, y = self._pointer or (view.width // 2, view.height // 2)
        x, y = x + right * step, y + down * step
        if not (0 <= x < view.width and 0 <= y < view.height):
            self.pan(right, down)
            eighth = max(2, view.height // 8)
            x, y = x - right * eighth, y - down * eighth
        self._point((min(max(x, 0), view.width - 1), min(max(y, 0), view.height - 1)))

    # -------------------------------------------------------------- pointer

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Look, or drag the map, the divider or a box."""
        if self._boxing:
            self._point((event.x, 2 * event.y))
        elif self._parting:
            self.move_divider(event.x - self._cut)
        elif self._drag is not None and self.view is not None:
            right, down = self._drag[0] - event.x, 2 * (self._drag[1] - event.y)
            if right or down:
                self._dragged = True
                self._drag = (event.x, event.y)
                self.go(self.view.panned(right, down))
        else:
            self._point((event.x, 2 * event.y))

    def on_leave(self) -> None:
        """Nobody looks."""
        self._point(None)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold."""
        if event.shift and self.view is not None:
            self._boxing = True
            self.post_message(self.Cornered(place_in(self.view, event.x, 2 * event.y), begins=True))
            self.capture_mouse()
            return
        self._drag, self._dragged = (event.x, event.y), False
        self._parting = self._beside is not None and abs(event.x - self._cut) <= 1
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go; without a move it was a click."""
        self.release_mouse()
        if self._boxing and self.view is not None:
            self._boxing = False
            self.post_message(self.Cornered(place_in(self.view, event.x, 2 * event.y)))
        if self._drag is not None and not self._dragged and not self._parting:
            self._choose_at(event.x, 2 * event.y)
        self._drag, self._parting = None, False

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Come closer to what is under the pointer."""
        self._wheel(event, 1 / _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Step back from it."""
        self._wheel(event, _WHEEL)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        if self.view is not None:
            self.go(self.view.zoomed(factor, event.x + 0.5, 2 * event.y + 1))
