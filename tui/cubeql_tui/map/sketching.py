"""A region drawn on the map, and the line that says what it is and what to do next."""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.message import Message
from textual.widgets import Static

from cubeql.drawing.sketch import Kind, Place, Sketch
from cubeql.drawing.view import cell_km2
from cubeql_tui.map.sides import Sides

_NEXT: dict[Kind, tuple[str, str]] = {
    "box": ("a corner", "the opposite corner"),
    "polygon": ("the first corner", "the next corner, twice the last one"),
}


class SketchLine(Static):
    """One line while something is drawn, and as long as it is there.

    Args:
        sides: above whose maps it is drawn.
    """

    DEFAULT_CSS = "SketchLine { height: 1; padding: 0 1; background: $panel; display: none; }"

    class Counted(Message):
        """It is known how many cells a region holds."""

        def __init__(self, sketch: Sketch, resolution: int, cells: int | None) -> None:
            self.sketch, self.resolution, self.cells = sketch, resolution, cells
            super().__init__()

    def __init__(self, sides: Sides, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.sketch: Sketch | None = None
        self._sides = sides
        self._pointer: Place | None = None

    @property
    def open(self) -> bool:
        """Whether corners are still to come."""
        return self.sketch is not None and not self.sketch.closed

    def begin(self, kind: Kind) -> None:
        """Draw another region."""
        self.sketch = Sketch(kind)
        self._show()

    def corner(self, place: Place) -> None:
        """Put a corner; the same again, or the first of a polygon, finishes it."""
        sketch = self.sketch
        if sketch is None or sketch.closed:
            return
        grown = sketch.with_corner(place)
        ends = (sketch.corners[0], sketch.corners[-1]) if len(sketch.corners) > 1 else ()
        if sketch.kind == "polygon" and grown.corners[-1] in ends:
            grown = sketch.finished()
        fault = grown.fault() if grown.closed else None
        if fault is not None:
            self.notify(f"This is no region: {fault}.", severity="warning", timeout=4)
            return
        self.sketch = grown
        self._show()
        if grown.closed and (source := self._sides.side.source) is not None:
            self._count(grown, source.finest)

    def back(self) -> bool:
        """Take the last corner back; False where there is nothing to take back."""
        if self.sketch is None:
            return False
        self.sketch = self.sketch.back() if self.sketch.corners else None
        self._show()
        return True

    def drop(self) -> bool:
        """Draw no region any more; False where there is none."""
        there = self.sketch is not None
        self.sketch = None
        self._show()
        return there

    def point(self, place: Place | None) -> None:
        """Draw the edge to the pointer."""
        self._pointer = place
        if self.open:
            self._draw()

    def _show(self) -> None:
        self.display = self.sketch is not None
        self._draw()
        if self.sketch is not None:
            self.update(self._words(self.sketch))

    def _draw(self) -> None:
        lines = () if self.sketch is None else self.sketch.lines(self._pointer)
        for side in self._sides.compared:
            side.map.draw(lines)

    def _words(self, sketch: Sketch, cells: str = "") -> Text:
        if not sketch.closed:
            said = _NEXT[sketch.kind][min(len(sketch.corners), 1)]
            keys = "Enter or a click   ⌫ takes back   Esc gives up"
            return Text.assemble((f"{sketch.kind}: {said}", "bold"), (f"   {keys}", "dim"), no_wrap=True)
        area = f"{sketch.km2():,.0f} km²" if sketch.km2() >= 10 else f"{sketch.km2():.4g} km²"
        keys = "   r puts it into the statement   ⌫ opens it   Esc removes it"
        return Text.assemble((f"{sketch.kind} of {area}{cells}", "bold"), (keys, "dim"), no_wrap=True)

    @work(thread=True, exclusive=True, group="sketch")
    def _count(self, sketch: Sketch, resolution: int) -> None:
        self.post_message(self.Counted(sketch, resolution, sketch.count(resolution)))

    @on(Counted)
    def _counted(self, event: Counted) -> None:
        if event.sketch is self.sketch:
            about = f"about {event.sketch.km2() / cell_km2(event.resolution):,.0f}"
            number = about if event.cells is None else f"{event.cells:,}"
            self.update(self._words(event.sketch, f" · {number} cells of resolution {event.resolution}"))
