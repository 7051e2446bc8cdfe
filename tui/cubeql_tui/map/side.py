"""One map of one source: it knows what is seen and asks for what that needs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from cubeql.drawing.colours import RAMPS, Scale, ramp, ramp_of
from cubeql.drawing.counting import Counted
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.drawing.view import Box, Floats, cell_degrees
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql_tui.asking import When
from cubeql_tui.map.clock import Clock
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.legend import Legend
from cubeql_tui.map.sources import LayerSource, Quantity, Source, Times
from cubeql_tui.map.words import beside, kind_text, readouts, value_text

_SETTLE_S = 0.06
_MARGIN = 0.25  # of the window on each side: a short way can be panned without a question


@dataclass(frozen=True, slots=True)
class Question:
    """What a map needs now: what is ``seen``, and a ``box`` around it."""

    source: Source
    quantity: Quantity
    resolution: int
    seen: Box
    box: Box
    time: When

    def answers(self, other: Question) -> bool:
        """Whether the answer to it has that to another in it."""
        same = (self.source, self.quantity, self.resolution, self.time)
        return same == (other.source, other.quantity, other.resolution, other.time) and self.box.holds(other.seen)


class MapSide(Vertical):
    """A head, the map, its legend."""

    DEFAULT_CSS = """
    MapSide { height: 1fr; width: 1fr; }
    MapSide .head { height: 1; padding: 0 1; }
    """

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

    def __init__(self, *, id: str | None = None, map_id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: Source | None = None
        self.clock = Clock()
        self.span: TimeSpan | None = None
        self.choice: Choice | None = None
        self.asked: Question | None = None
        self.waiting = False
        self.scale: Scale | None = None
        self._map_id = map_id
        self._quantity = 0
        self._ramp: str | None = None
        self._settling: Timer | None = None
        self._looked: tuple[int, float, float] = (0, 0.0, 0.0)

    def compose(self) -> ComposeResult:
        """Head, map, legend."""
        yield Static("", classes="head")
        yield HexMap(id=self._map_id)
        yield Legend()

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
    def times(self) -> Times:
        """The instants that can be stepped through."""
        return self.clock.times

    @property
    def time(self) -> np.datetime64 | None:
        """The instant that is shown, of a span the first."""
        return self.clock.time

    # -------------------------------------------------------------- questions and answers

    def show(self, source: Source, quantity: str | None = None) -> None:
        """Show cells from elsewhere."""
        names = [q.name for q in source.quantities]
        self._quantity = names.index(quantity) if quantity in names else 0
        self.source, self.asked, self.scale, self.waiting = source, None, None, True
        self._ramp = None
        self.map.show(Hexes(0, np.array([], np.int64), np.array([])), Scale.of_values(np.array([]), "grey"))
        self.tell()
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
            self.clock = Clock.of(event.times)
            self.clock.narrow(self.span)
            self.map.fit(event.extent)
            self.ask()

    @on(HexMap.Moved)
    def _moved(self) -> None:
        self.tell()
        self._settle()

    def _settle(self) -> None:
        """Ask when nothing has changed for a moment."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLE_S, self.ask)

    def ask(self) -> None:
        """Ask for what is seen, unless it is there or asked for."""
        question = self.question()
        if question is None or (self.asked is not None and self.asked.answers(question)):
            return
        if self.waiting:
            self._stop_asking()
        self.asked, self.waiting = question, True
        self.tell()
        self._answer(question)

    def question(self) -> Question | None:
        """What it needs now; None where it has nothing to show."""
        view = self.map.view
        if self.source is None or self.quantity is None or view is None:
            return None
        resolution = view.resolution(self.source.finest)
        box = view.box(_MARGIN).grown(2 * cell_degrees(resolution))
        return Question(self.source, self.quantity, resolution, view.box(), box, self.clock.when)

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
        self.waiting = False
        quantity = event.question.quantity
        if self.scale is None:
            self.scale = Scale.of(quantity, event.hexes.values)
            if self._ramp is not None and not quantity.classes:
                self.scale = replace(self.scale, colours=ramp(self._ramp))
        self.paint(self.scale, event.hexes)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.source is self.source:
            self.waiting = False
            self.query_one(".head", Static).update(Text(str(event.error).splitlines()[0], "bold red"))

    def _ramp_of(self, quantity: Quantity) -> str:
        return self._ramp or ramp_of(quantity)

    # -------------------------------------------------------------- words

    @on(HexMap.LookedAt)
    def _looked_at(self, event: HexMap.LookedAt) -> None:
        self._looked = (event.cell, event.lon, event.lat)
        self._tell_head()

    def tell(self) -> None:
        """Say what is shown and what its colours mean."""
        self._tell_head()
        if self.scale is not None and self.quantity is not None:
            self.query_one(Legend).tell(self.scale, self.map.hexes.values, self.quantity.classes)

    def _tell_head(self) -> None:
        quantity, hexes = self.quantity, self.map.hexes
        if quantity is None or self.source is None:
            return
        left = Text.assemble(
            (self.source.title, "bold"),
            f" · {quantity.title}",
            (f" · {self.clock.words()}" if self.clock.when is not None else "", "dim"),
            (kind_text(quantity, hexes), "dim"),
            ("  asking …" if self.waiting else "", "italic dim"),
        )
        cell, lon, lat = self._looked
        found = readouts(value_text(quantity, hexes.value(cell)), cell, lon, lat) if cell else []
        head = self.query_one(".head", Static)
        head.update(beside(left, found, max(10, head.content_size.width)))

    # -------------------------------------------------------------- what is shown

    def step_quantity(self, steps: int) -> bool:
        """Show another band or column; False where there is no other."""
        if self.source is None or len(self.source.quantities) < 2:
            return False
        self._quantity = (self._quantity + steps) % len(self.source.quantities)
        self.scale = None
        self.ask()
        return True

    def step_time(self, steps: int) -> bool:
        """Show another instant; False where there is no other."""
        if len(self.times) < 2:
            return False
        self.clock.step(steps)
        self.ask()
        return True

    def show_time(self, time: np.datetime64) -> bool:
        """Show an instant; False where the source has none such."""
        found = self.clock.turn_to(time)
        if found:
            self.ask()
        return found

    def narrow(self, span: TimeSpan | None) -> None:
        """Show the mean over a span of time and step through it alone; None goes back to all times."""
        if self.span != span:
            self.span = span
            self.clock.narrow(span)
            self._settle()

    def fade(self, choice: Choice | None) -> None:
        """Let only these values keep their colours; None gives all theirs back."""
        self.choice = choice
        if self.scale is not None:
            self.paint(self.scale)

    def step_ramp(self) -> None:
        """Other colours."""
        quantity = self.quantity
        if quantity is not None and quantity.classes is None and self.scale is not None:
            names = list(dict.fromkeys((ramp_of(quantity), *RAMPS)))
            self._ramp = names[(names.index(self._ramp_of(quantity)) + 1) % len(names)]
            self.paint(replace(self.scale, colours=ramp(self._ramp)))

    def stretch(self) -> None:
        """Spread the colours over the values that are seen."""
        quantity, seen = self.quantity, self.seen_values()
        if quantity is not None and quantity.classes is None and len(seen):
            self.paint(Scale.of_values(seen, self._ramp_of(quantity)))

    def paint(self, scale: Scale, hexes: Hexes | None = None) -> None:
        """Show other cells, or the same in other colours."""
        self.scale = scale
        chosen = self.choice is not None and self.quantity is not None and self.choice.quantity == self.quantity.name
        ground = Color.parse(self.app.theme_variables["background"]).rgb
        faded = scale.fading(self.choice if chosen else None, ground)
        self.map.show(self.map.hexes if hexes is None else hexes, faded)
        self.tell()

    def recolour(self) -> None:
        """Follow the theme."""
        if self.scale is not None:
            self.paint(self.scale)
        self.map.recolour()

    def seen_values(self) -> Floats:
        """The values of the cells in the window."""
        return self.map.hexes.values[self._seen()]

    def _seen(self) -> NDArray[np.bool_]:
        return np.isin(self.map.hexes.cells, self.map.seen_cells())

    def counted(self) -> Counted | None:
        """The values in the window, to be counted; None where nothing is shown."""
        quantity, seen = self.quantity, self.seen_values()
        if quantity is None or self.source is None or self.scale is None or not len(seen):
            return None
        title = f"{self.source.title} · {quantity.name} in the window"
        cells = self.map.hexes.cells[self._seen()]
        return Counted(title, quantity.unit, seen, self.scale, quantity.classes, quantity.name, cells)
