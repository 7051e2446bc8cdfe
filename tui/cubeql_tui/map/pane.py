"""The map with its words around it; it knows what is seen and asks for what that needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from cubeql.drawing.colours import RAMPS, Scale, fitting_ramp
from cubeql.drawing.counting import Counted
from cubeql.drawing.display import instant_text, short_number
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.series import Series
from cubeql.drawing.view import Box, Floats, cell_degrees
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql.values.cells import format_cell
from cubeql_tui.actions import Place, bindings
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.legend import Legend
from cubeql_tui.map.sources import LayerSource, Quantity, Source, Times, first_of
from cubeql_tui.plot import SeriesPlot

_SETTLE_S = 0.06
_MARGIN = 0.25  # of the window on each side: a short way can be panned without a question


@dataclass(frozen=True, slots=True)
class Question:
    """What the map needs now: what is ``seen``, and a ``box`` around it."""

    source: Source
    quantity: Quantity
    resolution: int
    seen: Box
    box: Box
    time: np.datetime64 | None


class MapPane(Vertical):
    """A title, the map, the legend."""

    DEFAULT_CSS = """
    MapPane { height: 1fr; }
    MapPane #about { height: 1; padding: 0 1; }
    MapPane #below { height: 34%; min-height: 7; border-top: solid $border; }
    """

    PLACE: ClassVar[Place] = "map"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class Opened(Message):
        """A source is known well enough to be shown."""

        def __init__(self, source: Source, times: Times, extent: Box | None) -> None:
            self.source, self.times, self.extent = source, times, extent
            super().__init__()

    class Answered(Message):
        """Cells have come."""

        def __init__(self, question: Question, hexes: Hexes) -> None:
            self.question, self.hexes = question, hexes
            super().__init__()

    class Failed(Message):
        """A question has no answer."""

        def __init__(self, source: Source, error: CubeQLError) -> None:
            self.source, self.error = source, error
            super().__init__()

    class SeriesCame(Message):
        """The values over time of the chosen cell are known."""

        def __init__(self, source: Source, cell: int, series: Series) -> None:
            self.source, self.cell, self.series = source, cell, series
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: Source | None = None
        self.times: Times = np.array([], "datetime64[us]")
        self.asked: Question | None = None
        self._quantity = 0
        self._time = -1
        self._ramp: str | None = None
        self._scale: Scale | None = None
        self._waiting = False
        self._settling: Timer | None = None
        self._looked: tuple[int, float, float] = (0, 0.0, 0.0)

    def compose(self) -> ComposeResult:
        """Title, map, legend."""
        yield Static("", id="about")
        yield HexMap(id="hexmap")
        yield Legend(id="legend")
        plot = SeriesPlot(id="below")
        plot.display = False
        yield plot

    @property
    def map(self) -> HexMap:
        """The map itself."""
        return self.query_one(HexMap)

    @property
    def quantity(self) -> Quantity | None:
        """What is shown of the source."""
        if self.source is None or not self.source.quantities:
            return None
        return self.source.quantities[self._quantity % len(self.source.quantities)]

    @property
    def time(self) -> np.datetime64 | None:
        """The instant that is shown."""
        return self.times[self._time] if len(self.times) else None

    # -------------------------------------------------------------- sources and answers

    def show(self, source: Source, quantity: str | None = None) -> None:
        """Show cells from elsewhere."""
        names = [q.name for q in source.quantities]
        self._quantity = names.index(quantity) if quantity in names else 0
        self.source, self.asked, self._scale, self._waiting = source, None, None, True
        self._choose(None)
        self.map.show(Hexes(0, np.array([], np.int64), np.array([])), Scale.of_values(np.array([]), "grey"))
        self._tell()
        self._stop_asking()
        self._open(source)

    def _stop_asking(self) -> None:
        """What was asked for is not wanted any more."""
        if isinstance(self.source, LayerSource):
            self.source.session.cancel()

    @work(thread=True, group="map")
    def _open(self, source: Source) -> None:
        try:
            self.post_message(self.Opened(source, source.times(), source.extent()))
        except QueryCancelled:
            if source is self.source:  # the cancel was meant for a question before this
                self.app.call_from_thread(self._open, source)
        except CubeQLError as error:
            self.post_message(self.Failed(source, error))

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        if event.source is self.source:
            self.times, self._time = event.times, len(event.times) - 1
            assert self.time == first_of(event.times)
            self.map.fit(event.extent)
            self._ask()

    @on(HexMap.Moved)
    def _moved(self) -> None:
        self._tell()
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLE_S, self._ask)

    def _ask(self) -> None:
        """Ask for what is seen, unless it is there or asked for."""
        question = self._question()
        if question is None or (self.asked is not None and _answers(self.asked, question)):
            return
        if self._waiting:
            self._stop_asking()
        self.asked, self._waiting = question, True
        self._tell()
        self._answer(question)

    def _question(self) -> Question | None:
        view = self.map.view
        if self.source is None or self.quantity is None or view is None:
            return None
        resolution = view.resolution(self.source.finest)
        box = view.box(_MARGIN).grown(2 * cell_degrees(resolution))
        return Question(self.source, self.quantity, resolution, view.box(), box, self.time)

    @work(thread=True, group="map")
    def _answer(self, question: Question) -> None:
        if question is not self.asked:
            return
        try:
            hexes = question.source.hexes(question.quantity, question.resolution, question.box, question.time)
            self.post_message(self.Answered(question, hexes))
        except QueryCancelled:
            if question is self.asked:  # the cancel was meant for a question before this
                self.app.call_from_thread(self._answer, question)
        except CubeQLError as error:
            self.post_message(self.Failed(question.source, error))

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        if event.question is not self.asked:
            return
        self._waiting = False
        quantity = event.question.quantity
        if self._scale is None:
            self._scale = (
                Scale.of_classes(quantity.classes)
                if quantity.classes
                else Scale.of_values(event.hexes.values, self._ramp_of(quantity))
            )
        self.map.show(event.hexes, self._scale)
        self._tell()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.source is self.source:
            self._waiting = False
            self.query_one("#about", Static).update(Text(str(event.error).splitlines()[0], "bold red"))

    def _ramp_of(self, quantity: Quantity) -> str:
        return self._ramp or fitting_ramp(quantity.name, quantity.unit)

    # -------------------------------------------------------------- words

    @on(HexMap.LookedAt)
    def _looked_at(self, event: HexMap.LookedAt) -> None:
        self._looked = (event.cell, event.lon, event.lat)
        self._tell_title()

    def _tell(self) -> None:
        self._tell_title()
        if self._scale is not None and self.quantity is not None:
            self.query_one(Legend).tell(self._scale, self.map.hexes.values, self.quantity.classes)

    def _tell_title(self) -> None:
        quantity, hexes = self.quantity, self.map.hexes
        if quantity is None or self.source is None:
            return
        left = Text.assemble((self.source.title, "bold"), " · ", quantity.title)
        if self.time is not None:
            left.append(
                f" · {instant_text(self.time)} ({self._time % len(self.times) + 1} of {len(self.times)})", "dim"
            )
        if len(hexes):
            kind = "" if hexes.whole else " most frequent" if quantity.classes else " mean"
            left.append(f" · res {hexes.resolution}{kind}", "dim")
        if self._waiting:
            left.append("  asking …", "italic dim")
        about = self.query_one("#about", Static)
        room = max(10, about.content_size.width)
        right = next(
            (t for t in self._value_texts(quantity) if left.cell_len + t.cell_len + 2 <= room), Text("")
        )  # fmt: skip
        space = room - left.cell_len - right.cell_len
        about.update(Text.assemble(left, " " * max(0, space), right, no_wrap=True))

    def _value_texts(self, quantity: Quantity) -> list[Text]:
        """What is at the pointer, the most words first."""
        cell, lon, lat = self._looked
        if not cell:
            return []
        value = self.map.hexes.value(cell)
        if value is None:
            said = "no data"
        elif quantity.classes:
            said = quantity.classes.get(int(value), str(int(value)))
        else:
            said = short_number(value) + (f" {quantity.unit}" if quantity.unit not in (None, "", "1") else "")
        place = f"  {abs(lat):.3f}°{'N' if lat >= 0 else 'S'} {abs(lon):.3f}°{'E' if lon >= 0 else 'W'}  "
        words = ("", place.rstrip(), place + format_cell(cell))
        return [Text.assemble((said, "bold"), (more, "dim")) for more in reversed(words)]

    # -------------------------------------------------------------- choosing

    def action_pan(self, right: int, down: int) -> None:
        """Move the window."""
        self.map.pan(right, down)

    def action_zoom(self, steps: int) -> None:
        """Come closer, or step back."""
        self.map.zoom(steps)

    def action_fit(self) -> None:
        """See all of it."""
        self.map.fit_all()

    def action_choose(self) -> None:
        """Choose the cell under the pointer, or in the middle."""
        self.map.choose_here()

    def action_step_quantity(self, steps: int) -> None:
        """Show another band or column."""
        if self.source is not None and len(self.source.quantities) > 1:
            self._quantity = (self._quantity + steps) % len(self.source.quantities)
            self._scale = None
            self._ask()
            self._choose(self.map.chosen)

    def action_step_time(self, steps: int) -> None:
        """Show another instant."""
        if len(self.times) > 1:
            self._time = (self._time + steps) % len(self.times)
            self.query_one(SeriesPlot).mark(self.time)
            self._ask()

    def action_step_ramp(self) -> None:
        """Other colours."""
        quantity = self.quantity
        if quantity is not None and quantity.classes is None and self._scale is not None:
            names = list(RAMPS)
            self._ramp = names[(names.index(self._ramp_of(quantity)) + 1) % len(names)]
            self._paint(Scale.of_values(np.array([self._scale.low, self._scale.high]), self._ramp))

    def action_stretch(self) -> None:
        """Spread the colours over the values that are seen."""
        quantity, seen = self.quantity, self._seen_values()
        if quantity is not None and quantity.classes is None and len(seen):
            self._paint(Scale.of_values(seen, self._ramp_of(quantity)))

    def _seen_values(self) -> Floats:
        """The values of the cells in the window."""
        cells = self.map.seen_cells()
        return self.map.hexes.values[np.isin(self.map.hexes.cells, cells)]

    def counted(self) -> Counted | None:
        """The values in the window, to be counted; None where nothing is shown."""
        quantity, seen = self.quantity, self._seen_values()
        if quantity is None or self.source is None or self._scale is None or not len(seen):
            return None
        title = f"{self.source.title} · {quantity.name} in the window"
        return Counted(title, quantity.unit, seen, self._scale, quantity.classes)

    def _paint(self, scale: Scale) -> None:
        self._scale = scale
        self.map.show(self.map.hexes, scale)
        self._tell()

    @on(HexMap.Chosen)
    def _chosen(self, event: HexMap.Chosen) -> None:
        self._choose(None if event.cell == self.map.chosen else event.cell)

    def _choose(self, cell: int | None) -> None:
        """Mark a cell and show its values over time below the map; None takes both away."""
        self.map.choose(cell)
        self.query_one(SeriesPlot).display = False
        if cell is not None and self.source is not None and self.quantity is not None and len(self.times):
            self._follow(self.source, self.quantity, cell)

    @work(thread=True, group="map")
    def _follow(self, source: Source, quantity: Quantity, cell: int) -> None:
        try:
            line = source.series(quantity, cell)
        except QueryCancelled:
            if cell == self.map.chosen and source is self.source:  # the cancel was meant for a window
                self.app.call_from_thread(self._follow, source, quantity, cell)
            return
        except CubeQLError as error:
            self.post_message(self.Failed(source, error))
            return
        title = f"{source.title} · {quantity.name} · {format_cell(cell)}"
        self.post_message(self.SeriesCame(source, cell, Series(title, quantity.unit, (line,))))

    @on(SeriesCame)
    def _series_came(self, event: SeriesCame) -> None:
        if event.cell == self.map.chosen and event.source is self.source:
            plot = self.query_one(SeriesPlot)
            plot.display = True
            plot.show(event.series, self.time)

    @on(SeriesPlot.TimeChosen)
    def _time_chosen(self, event: SeriesPlot.TimeChosen) -> None:
        event.stop()
        self.show_time(event.instant)

    def show_time(self, time: np.datetime64) -> bool:
        """Show an instant; False where the source has none such."""
        at = np.flatnonzero(self.times == time)
        if len(at):
            self._time = int(at[0])
            self._ask()
        return bool(len(at))


def _answers(asked: Question, question: Question) -> bool:
    """Whether the answer to one question has that to another in it."""
    same = (asked.source, asked.quantity, asked.resolution, asked.time)
    return same == (question.source, question.quantity, question.resolution, question.time) and asked.box.holds(
        question.seen
    )
