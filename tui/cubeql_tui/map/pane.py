"""All of the map: a side, the keys, and the values over time of a chosen cell."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from cubeql.drawing.counting import Counted
from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.drawing.series import MOST_LINES, Series
from cubeql.drawing.sketch import Kind
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql.values.cells import format_cell
from cubeql_tui import asking
from cubeql_tui.actions import Place, bindings
from cubeql_tui.conditions import put_condition
from cubeql_tui.editor import QueryEditor
from cubeql_tui.map.frames import Question
from cubeql_tui.map.goto import GoToPage, found
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.side import MapSide
from cubeql_tui.map.sides import Sides
from cubeql_tui.map.sketching import SketchLine
from cubeql_tui.map.sources import LayerSource, Quantity, Source, Times
from cubeql_tui.map.timeline import TimeLine
from cubeql_tui.plot import SeriesPlot

Cells = tuple[int, ...]


class MapPane(Vertical):
    """A side, and below it the chosen cell over time."""

    DEFAULT_CSS = """
    MapPane { height: 1fr; }
    MapPane #below { height: 34%; min-height: 7; border-top: solid $border; }
    """

    PLACE: ClassVar[Place] = "map"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class SeriesCame(Message):
        """The values over time of the chosen cell are known."""

        def __init__(self, source: Source, cells: Cells, series: Series) -> None:
            self.source, self.cells, self.series = source, cells, series
            super().__init__()

    class SeriesFailed(Message):
        """They cannot be known."""

        def __init__(self, error: CubeQLError) -> None:
            self.error = error
            super().__init__()

    class RowAsked(Message):
        """The row of the chosen cell is to be found in the table."""

        def __init__(self, cell: int) -> None:
            self.cell = cell
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._followed: Cells = ()

    def compose(self) -> ComposeResult:
        """The side and what is below it."""
        sides = Sides(id="sides")
        yield sides
        yield SketchLine(sides, id="sketch")
        yield TimeLine(id="timeline")
        plot = SeriesPlot(id="below")
        plot.display = False
        yield plot

    # -------------------------------------------------------------- what is shown

    @property
    def sides(self) -> Sides:
        """All sides."""
        return self.query_one(Sides)

    @property
    def side(self) -> MapSide:
        """The side that the keys are for."""
        return self.sides.side

    @property
    def sketch(self) -> SketchLine:
        """What is drawn on it."""
        return self.query_one(SketchLine)

    @property
    def map(self) -> HexMap:
        """The map that the keys are for."""
        return self.sides.map

    @property
    def source(self) -> Source | None:
        """Where its cells come from."""
        return self.side.source

    @property
    def quantity(self) -> Quantity | None:
        """What is shown of the source."""
        return self.side.quantity

    @property
    def times(self) -> Times:
        """The instants of the source."""
        return self.side.times

    @property
    def time(self) -> np.datetime64 | None:
        """The instant that is shown."""
        return self.side.time

    @property
    def asked(self) -> Question | None:
        """What was asked for last."""
        return self.side.asked

    def show(self, source: Source, quantity: str | None = None) -> None:
        """Show cells from elsewhere."""
        self._choose(None)
        self.sides.show(source, quantity)

    def show_time(self, time: np.datetime64) -> bool:
        """Show an instant; False where the source has none such."""
        return self.side.show_time(time)

    def narrow(self, span: TimeSpan | None) -> None:
        """Show the mean over a span of time and step through it alone; None goes back to all times."""
        self.side.narrow(span)

    def fade(self, choice: Choice | None) -> None:
        """Let only these values keep their colours; None gives all theirs back."""
        for side in self.sides.compared:
            side.fade(choice)

    def counted(self) -> Counted | None:
        """The values in the window, to be counted; None where nothing is shown."""
        side, quantity = self.side, self.quantity
        seen = side.seen()
        if quantity is None or side.source is None or side.scale is None or not seen.any():
            return None
        title, hexes = f"{side.source.title} · {quantity.name} in the window", side.map.hexes
        values, cells = hexes.values[seen], hexes.cells[seen]
        return Counted(title, quantity.unit, values, side.scale, quantity.classes, quantity.name, cells)

    def recolour(self) -> None:
        """Follow the theme."""
        for one in self.query(MapSide):
            one.recolour()

    # -------------------------------------------------------------- keys

    def action_pan(self, right: int, down: int) -> None:
        """Move the window; while a region is drawn, the pointer."""
        if self.sketch.open:
            self.map.move_pointer(right, down)
        else:
            self.map.pan(right, down)

    def action_graticule(self) -> None:
        """Draw meridians and parallels, or do not."""
        for side in (self.sides.first, self.sides.second):
            side.map.toggle_graticule()

    def action_ask_place(self) -> None:
        """Ask where to go."""
        self.app.push_screen(GoToPage(), self._go_to)

    def _go_to(self, text: str | None) -> None:
        place = found(text) if text is not None else None
        if isinstance(place, int):
            self.go_to(place)
        elif place is not None:
            self.map.center(place)

    def action_move_pointer(self, right: int, down: int) -> None:
        """Point at the next cell."""
        self.map.move_pointer(right, down)

    def action_zoom(self, steps: int) -> None:
        """Come closer, or step back."""
        self.map.zoom(steps)

    def action_fit(self) -> None:
        """See all of it."""
        self.map.fit_all()

    def action_choose(self) -> None:
        """Choose the cell under the pointer, or in the middle."""
        self.map.choose_here()

    def action_choose_beside(self) -> None:
        """Add the line of the cell under the pointer to that of the chosen one, or take it away."""
        self.map.choose_here(beside=True)

    def action_step_quantity(self, steps: int) -> None:
        """Show another band or column."""
        if self.side.step_quantity(steps):
            self._compare(self._followed)

    def action_step_time(self, steps: int) -> None:
        """Show another instant."""
        if self.side.step_time(steps):
            self.query_one(SeriesPlot).mark(self.time)

    def action_step_ramp(self) -> None:
        """Other colours."""
        self.side.step_ramp()

    def action_stretch(self) -> None:
        """Spread the colours over the values that are seen."""
        self.side.stretch()

    def action_sketch(self, kind: Kind) -> None:
        """Draw a region."""
        self.sketch.begin(kind)
        self._mind_sketch()

    def action_take_back(self) -> None:
        """Take the last corner back."""
        self.sketch.back()
        self._mind_sketch()

    def on_key(self, event: events.Key) -> None:
        """Escape removes what was drawn, before it means anything else."""
        if event.key == "escape" and self.sketch.drop():
            event.stop()
            self._mind_sketch()

    def _mind_sketch(self) -> None:
        """Let clicks put corners as long as corners are missing."""
        for side in self.sides.compared:
            side.map.sketching = self.sketch.open

    @on(HexMap.Cornered)
    def _cornered(self, event: HexMap.Cornered) -> None:
        if event.begins:
            self.sketch.begin("box")
        self.sketch.corner(event.place)
        self._mind_sketch()

    @on(HexMap.LookedAt)
    def _looked_at(self, event: HexMap.LookedAt) -> None:
        self.sketch.point((event.lon, event.lat) if event.cell else None)

    def action_filter_by_region(self) -> None:
        """Put the region that was drawn into the statement in the editor."""
        sketch = self.sketch.sketch
        if sketch is None or not sketch.closed:
            self.notify("Draw a box with x or a polygon with p first.", timeout=4)
            return
        editor = self.app.query_one(QueryEditor)
        source, quantity = self.source, self.quantity
        if not editor.text.strip() and isinstance(source, LayerSource) and quantity is not None:
            editor.put(asking.band_of_layer(source.title, quantity.name))
        if put_condition(editor, sketch.condition()) is not None:
            self.notify("The region is in the FILTER of the statement; F5 runs it.", timeout=4)

    def action_play(self) -> None:
        """Show one time after the other, or stop."""
        self.query_one(TimeLine).toggle()

    def action_change_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self.query_one(TimeLine).change_speed(steps)

    @on(MapSide.Painted)
    def _painted(self) -> None:
        self.query_one(TimeLine).tell(self.side)

    @on(TimeLine.TimeChosen)
    def _time_wanted(self, event: TimeLine.TimeChosen) -> None:
        self.show_time(event.instant)

    def action_compare(self) -> None:
        """See two maps: beside each other, under one divider, their difference, and one again."""
        self.sides.compare(self.sides.next_layout())
        self._painted()

    def action_other_side(self) -> None:
        """Let the keys be for the other of two maps."""
        self.sides.swap_active()
        self._painted()

    def action_move_divider(self, steps: int) -> None:
        """Move the divider between two maps."""
        self.sides.move_divider(steps)

    # -------------------------------------------------------------- the chosen cell

    def go_to(self, cell: int) -> None:
        """Choose a cell and see it from near."""
        self.side.go_to(cell)
        self._choose(cell)

    def action_to_row(self) -> None:
        """Find the chosen cell in the table."""
        if self.map.chosen is not None:
            self.post_message(self.RowAsked(self.map.chosen))
        else:
            self.notify("Choose a cell first: a click, or Enter.", timeout=4)

    @on(HexMap.Chosen)
    def _chosen(self, event: HexMap.Chosen) -> None:
        if not event.beside or not self._followed or event.cell == self._followed[0]:
            self._choose(None if event.cell == self.map.chosen else event.cell)
        elif event.cell in self._followed:
            self._compare(tuple(cell for cell in self._followed if cell != event.cell))
        elif len(self._followed) < MOST_LINES:
            self._compare((*self._followed, event.cell))

    def _choose(self, cell: int | None) -> None:
        """Mark a cell and show its values over time below the map; None takes both away."""
        self.query_one(SeriesPlot).display = False
        self._compare(() if cell is None else (cell,))

    def _compare(self, cells: Cells) -> None:
        """Mark cells, the first of them chosen, and follow all of them over time."""
        self._followed = cells
        self.sides.choose(cells[0] if cells else None, cells[1:])
        if cells and self.source is not None and self.quantity is not None and len(self.times):
            self._follow(self.source, self.quantity, cells)

    @work(thread=True, group="map")
    def _follow(self, source: Source, quantity: Quantity, cells: Cells) -> None:
        try:
            lines = [source.series(quantity, cell) for cell in cells]
        except QueryCancelled:
            if cells == self._followed and source is self.source:  # the cancel was meant for a window
                self.app.call_from_thread(self._follow, source, quantity, cells)
            return
        except CubeQLError as error:
            self.post_message(self.SeriesFailed(error))
            return
        title = f"{source.title} · {quantity.name}"
        if len(cells) == 1:
            title = f"{title} · {format_cell(cells[0])}"
        else:
            lines = [replace(line, name=format_cell(cell)) for cell, line in zip(cells, lines, strict=True)]
        self.post_message(self.SeriesCame(source, cells, Series(title, quantity.unit, tuple(lines))))

    @on(SeriesCame)
    def _series_came(self, event: SeriesCame) -> None:
        if event.cells == self._followed and event.source is self.source:
            plot = self.query_one(SeriesPlot)
            plot.display = True
            plot.show(event.series, self.time)

    @on(SeriesFailed)
    def _series_failed(self, event: SeriesFailed) -> None:
        self.notify(str(event.error).splitlines()[0], title="Over time", severity="error", markup=False)

    @on(SeriesPlot.TimeChosen)
    def _time_chosen(self, event: SeriesPlot.TimeChosen) -> None:
        event.stop()
        self.show_time(event.instant)
