"""One map, or two of them with the same window: beside each other, under one divider, or their difference."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from cubeql.drawing.colours import Scale
from cubeql.drawing.hexes import difference
from cubeql.grid.cells import centers
from cubeql.sessions import AnySession
from cubeql_tui.map.canvas import MapCanvas
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.side import MapSide
from cubeql_tui.map.sources import LayerSource, Source
from cubeql_tui.map.words import beside, place_text, value_text

Layout = Literal["one", "beside", "swipe", "difference"]

LAYOUTS: tuple[Layout, ...] = ("one", "beside", "swipe", "difference")
_WIDE = 2.2  # columns a line from which on two maps stand beside each other
_STEP = 4  # columns that the divider is moved by a key


class Sides(Vertical):
    """Two sides with linked windows, pointers and chosen cells; the second is seen when two are compared."""

    DEFAULT_CSS = """
    Sides { height: 1fr; }
    Sides #both { height: 1; padding: 0 1; background: $panel; }
    Sides.-one #both { display: none; }
    Sides #pair { height: 1fr; layout: vertical; }
    Sides.-beside.-wide #pair { layout: horizontal; }
    Sides.-one #second { display: none; }
    Sides.-beside.-wide #second { border-left: solid $border; }
    Sides.-swipe #second, Sides.-difference #second { height: auto; }
    Sides.-swipe #second HexMap, Sides.-difference #second HexMap { display: none; }
    Sides.-swipe.-same #second Legend, Sides.-difference #second Legend { display: none; }
    Sides MapSide.-active .head { color: $accent; }
    """
    _SAID: ClassVar[dict[Layout, tuple[str, str]]] = {
        "one": ("", ""),
        "beside": ("left", "right"),
        "swipe": ("left", "right"),
        "difference": ("first", "second"),
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.arranged: Layout = "one"
        self._place: tuple[float, float] | None = None
        self._session: AnySession | None = None
        self.add_class("-one")

    def compose(self) -> ComposeResult:
        """What is said of both, and both."""
        yield Static("", id="both")
        with Container(id="pair"):
            yield MapSide(id="first", map_id="hexmap")
            yield MapSide(id="second", map_id="hexmap2")

    def on_unmount(self) -> None:
        """Let go of the store."""
        if self._session is not None:
            self._session.close()

    @property
    def first(self) -> MapSide:
        """The left or upper side; the only one where nothing is compared."""
        return self.query_one("#first", MapSide)

    @property
    def second(self) -> MapSide:
        """The side that it is compared with."""
        return self.query_one("#second", MapSide)

    @property
    def side(self) -> MapSide:
        """The side that the keys are for."""
        return self.second if self.second.has_class("-active") and self.arranged != "one" else self.first

    @property
    def map(self) -> HexMap:
        """The map that the keys are for: one that is seen."""
        return self.side.map if self.arranged == "beside" else self.first.map

    @property
    def compared(self) -> tuple[MapSide, ...]:
        """The sides that are seen."""
        return (self.first,) if self.arranged == "one" else (self.first, self.second)

    # -------------------------------------------------------------- sources

    def show(self, source: Source, quantity: str | None = None) -> None:
        """Show cells from elsewhere at the side that the keys are for."""
        self.side.show(self._apart(source) if self.side is self.second else source, quantity)

    def _apart(self, source: Source) -> Source:
        """The same for the second side: what one side does not want any more must not stop what the other asked for."""
        if not isinstance(source, LayerSource):
            return source
        if self._session is None:
            self._session = source.session.another()
        return LayerSource(self._session, source.facts)

    # -------------------------------------------------------------- arrangement

    def compare(self, layout: Layout) -> None:
        """Show one side, or both in some way."""
        if self.first.source is None:
            return
        before, self.arranged = self.arranged, layout
        if self._has_keys:
            self.first.map.focus()  # the other may not be seen any more
        for name in LAYOUTS:
            self.set_class(name == layout, f"-{name}")
        if before == "one" and layout != "one":
            self._begin()
        elif layout == "one":
            self._end()
        self.first.map.part(self.second.map.picture if layout == "swipe" else None)
        self._renew()

    def next_layout(self) -> Layout:
        """The one after this, but a difference only of what has one."""
        found = LAYOUTS[(LAYOUTS.index(self.arranged) + 1) % len(LAYOUTS)]
        return "one" if found == "difference" and not self.have_difference else found

    def _begin(self) -> None:
        first, second = self.first, self.second
        assert first.source is not None
        first.badge, second.badge = "◧ ", "◨ "
        first.partner, second.partner = second, first
        if first.map.view is not None:
            second.map.see(first.map.view)
        self.activate(second)
        name = first.quantity.name if first.quantity is not None else None
        second.show_beside(self._apart(first.source), name, first)
        if len(first.times) < 2 and len(first.source.quantities) < 2:
            self.notify("Both sides show the same: F6 and m on another layer puts it at the right.", timeout=6)

    def _end(self) -> None:
        self.first.badge, self.first.partner, self.second.partner = "", None, None
        self.first.instead(None)
        self.activate(self.first)
        self.first.tell()

    def activate(self, side: MapSide) -> None:
        """Let the keys be for a side."""
        for one in (self.first, self.second):
            one.set_class(one is side and self.arranged != "one", "-active")
        if self._has_keys:
            self.map.focus()

    @property
    def _has_keys(self) -> bool:
        return self.screen.focused in (self.first.map, self.second.map)

    def swap_active(self) -> None:
        """Let the keys be for the other side."""
        if self.arranged != "one":
            self.activate(self.first if self.side is self.second else self.second)

    def move_divider(self, steps: int) -> None:
        """Move the divider of the two halves."""
        self.first.map.move_divider(steps * _STEP)

    def on_resize(self, event: events.Resize) -> None:
        """Stand beside each other where there is room, else above each other."""
        self.set_class(event.size.width >= _WIDE * event.size.height, "-wide")

    @on(events.DescendantFocus)
    def _focused(self, event: events.DescendantFocus) -> None:
        if self.arranged == "beside" and isinstance(event.widget, HexMap):
            self.activate(self.first if event.widget is self.first.map else self.second)

    # -------------------------------------------------------------- together

    def _others(self, map: MapCanvas) -> list[MapSide]:
        return [side for side in self.compared if side.map is not map]

    @on(HexMap.Moved)
    def _moved(self, event: HexMap.Moved) -> None:
        view = event.map.view
        for side in self._others(event.map):
            if view is not None:
                width, lines = side.map.size
                seen = self.arranged == "beside" and width > 1 and lines > 0
                side.map.see(view.sized(width, 2 * lines) if seen else view)
                side.settle()
        self._tell_both()

    @on(HexMap.LookedAt)
    def _looked_at(self, event: HexMap.LookedAt) -> None:
        self._place = (event.lon, event.lat) if event.cell else None
        for side in self._others(event.map):
            side.map.point_at(self._place if self.arranged == "beside" else None)
        self._tell_both()

    def choose(self, cell: int | None, besides: tuple[int, ...] = ()) -> None:
        """Mark a cell of the active side, and others beside it, and at the other side the cell at its middle."""
        self.map.choose(cell, besides)
        for side in self._others(self.map):
            side.map.choose(None if cell is None else side.map.cell_of(_middle(cell)))
        self._tell_both()

    @on(MapSide.Painted)
    def _painted(self) -> None:
        if self.arranged != "one":
            self._renew()

    def _renew(self) -> None:
        """One of the two has changed: so has what is drawn of both."""
        first, second = self.first, self.second
        self.set_class(first.quantity == second.quantity, "-same")
        if self.arranged == "swipe":
            first.map.recolour()
        self._subtract() if self.arranged == "difference" and self.have_difference else first.instead(None)
        self._tell_both()

    # -------------------------------------------------------------- difference

    @property
    def have_difference(self) -> bool:
        """Whether both are numbers of the same unit."""
        found = [side.quantity for side in (self.first, self.second)]
        return all(q is not None and not q.classes for q in found) and len({q.unit for q in found if q}) == 1

    def _subtract(self) -> None:
        made = difference(self.first.map.hexes, self.second.map.hexes)
        self.first.instead((made, Scale.of_values(made.values, "balance")))

    def _tell_both(self) -> None:
        if self.arranged == "one":
            return
        place = self._place
        if place is None and self.map.chosen is not None:
            place = _middle(self.map.chosen)
        said = self.query_one("#both", Static)
        room = max(10, said.content_size.width)
        if place is None:
            hint = "point at a cell, or choose one, to read both"
            said.update(beside(Text(hint, "dim"), [Text(_KEYS[self.arranged], "dim"), Text("")], room))
            return
        where = Text(place_text(*place), "dim")
        said.update(beside(self._values_text(place), [where, Text("")], room))

    def _values_text(self, place: tuple[float, float]) -> Text:
        """Both values at a place, and their difference."""
        parts: list[tuple[str, str] | str] = []
        values = []
        for name, side in zip(self._SAID[self.arranged], (self.first, self.second), strict=True):
            value = side.map.hexes.value(side.map.cell_of(place))
            values.append(value)
            said = value_text(side.quantity, value) if side.quantity is not None else ""
            parts += [(f"{name} ", "dim"), (said, "bold"), "   "]
        if self.have_difference and None not in values:
            change = np.float64(values[1]) - np.float64(values[0])
            unit = self.first.quantity.unit if self.first.quantity is not None else None
            said = f"{change:+.4g}" if change else "0"
            parts += [("difference ", "dim"), (said + (f" {unit}" if unit not in (None, "", "1") else ""), "bold")]
        elif self.first.quantity == self.second.quantity and None not in values:
            parts += [("the same" if values[0] == values[1] else "another", "dim")]
        return Text.assemble(*parts)


_KEYS: dict[Layout, str] = {
    "one": "",
    "beside": "o the other side   v swipe",
    "swipe": "[ ] move the divider   o the other side   v difference",
    "difference": "second − first   o the other side   v one map",
}


def _middle(cell: int) -> tuple[float, float]:
    lon, lat = centers(np.array([cell], np.int64))
    return float(lon[0]), float(lat[0])
