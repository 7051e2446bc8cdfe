"""The widget that draws cells, and turns keys and the pointer into another window, a cell looked at, a cell chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.geometry import Region
from textual.message import Message

from cubeql.drawing.sketch import place_in
from cubeql.drawing.view import cell_km2
from cubeql.grid.cells import cells_at
from cubeql_tui.map.canvas import MapCanvas

_ZOOM, _WHEEL = 1.5, 1.25


class HexMap(MapCanvas):
    """Cells in their colours, with coasts and borders, that can be pointed at, moved and drawn upon."""

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
        """A cell was chosen, perhaps beside that which is chosen."""

        def __init__(self, cell: int, beside: bool = False) -> None:
            self.cell, self.beside = cell, beside
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sketching = False
        self._drag: tuple[int, int] | None = None
        self._dragged = self._parting = self._boxing = False

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

    def choose_here(self, beside: bool = False) -> None:
        """Choose the cell under the pointer, or in the middle; perhaps beside that which is chosen."""
        if self.view is not None:
            at = self._pointer or (self.view.width // 2, self.view.height // 2)
            self._choose_at(*at, beside)

    def _choose_at(self, x: int, y: int, beside: bool) -> None:
        cell = self.cell_at(x, y)
        if cell and self.sketching and self.view is not None:
            self.post_message(self.Cornered(place_in(self.view, x, y)))
        elif cell:
            self.post_message(self.Chosen(cell, beside))

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
            self._choose_at(event.x, 2 * event.y, event.ctrl)
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
