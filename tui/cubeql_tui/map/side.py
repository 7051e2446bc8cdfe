"""One map of one source: it knows what is seen and asks for what that needs."""

from __future__ import annotations

from dataclasses import replace

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

from cubeql.drawing.colours import RAMPS, Scale, ramp_of
from cubeql.drawing.hexes import Hexes, near
from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.drawing.view import Box, Floats, cell_degrees
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql_tui.map.clock import Clock
from cubeql_tui.map.frames import Frames, Question
from cubeql_tui.map.hexmap import HexMap
from cubeql_tui.map.legend import Legend
from cubeql_tui.map.sources import LayerSource, Quantity, Source, Times
from cubeql_tui.map.words import beside, kind_text, readouts, value_text

_SETTLE_S = 0.06
_MARGIN = 0.25  # of the window on each side: a short way can be panned without a question


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

    class Painted(Message):
        """Other cells are shown, or the same in other colours."""

    def __init__(self, *, id: str | None = None, map_id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: Source | None = None
        self.clock = Clock()
        self.span: TimeSpan | None = None
        self.choice: Choice | None = None
        self.asked: Question | None = None
        self._is_open = False
        self.waiting = False
        self.scale: Scale | None = None
        self._map_id = map_id
        self._goal: int | None = None
        self._quantity = 0
        self._ramp: str | None = None
        self._settling: Timer | None = None
        self._looked: tuple[int, float, float] = (0, 0.0, 0.0)
        self.badge = ""
        self.partner: MapSide | None = None
        self.frames = Frames()
        self._instead: tuple[Hexes, Scale] | None = None
        self._first_time: np.datetime64 | None = None

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
        self._is_open = False
        self._ramp = self._first_time = self._goal = None
        self.frames.clear()
        self.map.show(Hexes(0, np.array([], np.int64), np.array([])), Scale.of_values(np.array([]), "grey"))
        self.tell()
        self._stop_asking()
        self._open(source)

    def show_beside(self, source: Source, quantity: str | None, other: MapSide) -> None:
        """Show what another side shows, at the time before its: two maps of the same are no comparison."""
        self.show(source, quantity)
        times = other.times
        if other.time is not None and len(times) > 1:
            self._first_time = times[int(np.flatnonzero(times == other.time)[0]) - 1]
        elif len(source.quantities) > 1:
            self._quantity = (self._quantity + 1) % len(source.quantities)

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
            self._is_open = True
            self.clock = Clock.of(event.times)
            self.clock.narrow(self.span)
            if self._first_time is not None:
                self.clock.turn_to(self._first_time)
            self.map.know(event.extent)
            if self.partner is None:
                self.map.fit_all()
            if self._goal is not None:
                self.map.approach(near(self._goal))
            self.ask()

    @on(HexMap.Moved)
    def settle(self) -> None:
        """Another window is seen: ask for it when it stays."""
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
        known = self.asked if self.waiting or self.scale is not None else None  # colours need all values anew
        if question is None or (known is not None and known.answers(question)):
            return
        if self.waiting:
            self._stop_asking()
        if (found := self.frames.find(question)) is not None:
            self.asked = found[0]
            self._take(*found)
            return
        self.asked, self.waiting = question, True
        self.tell()
        self._answer(question)

    def question(self) -> Question | None:
        """What it needs now; None where it has nothing to show."""
        view = self.map.view
        if not self._is_open or self.source is None or self.quantity is None or view is None:
            return None  # what is not open yet may take long to say how fine it is
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
        if event.question.source is self.source:
            self.frames.keep(event.question, event.hexes)
        if event.question is self.asked:
            self._take(event.question, event.hexes)

    def _take(self, question: Question, hexes: Hexes) -> None:
        """Draw an answer."""
        self.waiting = False
        if self.scale is not None:
            self.paint(self.scale, hexes)
            return
        quantity, partner = question.quantity, self._like()
        values = hexes.values if partner is None else np.concatenate((hexes.values, partner.map.hexes.values))
        scale = Scale.of(quantity, values)
        if self._ramp is not None and not quantity.classes:
            scale = scale.in_ramp(self._ramp)
        self.paint(scale, hexes)
        if partner is not None:
            partner.paint(scale)

    def _like(self) -> MapSide | None:
        """The other side, where it shows the same quantity: then both have the same colours."""
        other = self.partner
        return other if other is not None and other.scale is not None and other.quantity == self.quantity else None

    # -------------------------------------------------------------- other times

    def kept_times(self) -> Times:
        """The instants that can be shown at once."""
        question = self.question()
        found = [] if question is None else self.frames.times(question)
        return np.array([t for t in found if isinstance(t, np.datetime64)], "datetime64[us]")

    def ahead(self, count: int) -> list[Question]:
        """What the times that come next need and is not known."""
        question, times = self.question(), self.times
        if question is None or self.clock.time is None:
            return []
        now = int(np.flatnonzero(times == self.clock.time)[0])
        following = [times[(now + 1 + step) % len(times)] for step in range(min(count, len(times) - 1))]
        wanted = [replace(question, time=time) for time in following]
        return [q for q in wanted if self.frames.find(q) is None]

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.source is self.source:
            self.waiting = False
            self.query_one(".head", Static).update(Text(str(event.error).splitlines()[0], "bold red"))

    # -------------------------------------------------------------- words

    @on(HexMap.LookedAt)
    def _looked_at(self, event: HexMap.LookedAt) -> None:
        self._looked = (event.cell, event.lon, event.lat)
        self._tell_head()

    def go_to(self, cell: int) -> None:
        """See a cell from near, as soon as the source is open."""
        self._goal = cell
        self.map.approach(near(cell))

    def tell(self) -> None:
        """Say what is shown and what its colours mean."""
        self._tell_head()
        quantity, shown = self.quantity, self._instead or (self.map.hexes, self.scale)
        if quantity is not None and shown[1] is not None:
            values, classes = shown[0].values, None if self._instead else quantity.classes
            self.query_one(Legend).tell(shown[1], values, classes, quantity.unit, self.map.view)

    def _tell_head(self) -> None:
        quantity, hexes = self.quantity, self.map.hexes
        if quantity is None or self.source is None:
            return
        left = Text.assemble(
            self.badge,
            (self.source.title, "bold"),
            f" · {quantity.title}",
            (f" · {self.clock.words()}" if self.clock.when is not None else "", "dim"),
            (kind_text(quantity, hexes), "dim"),
            ("  asking …" if self.waiting else "", "italic dim"),
        )
        cell, lon, lat = self._looked
        said = cell and self.partner is None
        found = readouts(value_text(quantity, hexes.value(cell)), cell, lon, lat) if said else []
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
        if found := self.clock.turn_to(time):
            self.ask()
        return found

    def narrow(self, span: TimeSpan | None) -> None:
        """Show the mean over a span of time and step through it alone; None goes back to all times."""
        if self.span != span:
            before, self.span = self.clock.span, span
            self.clock.narrow(span)  # below: a mean of summers has no place in the colours of a winter
            self.scale = self.scale if self.clock.span == before else None
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
            now = names.index(self.scale.named) if self.scale.named in names else 0
            self._ramp = names[(now + 1) % len(names)]
            self._paint_both(self.scale.in_ramp(self._ramp))

    def stretch(self) -> None:
        """Spread the colours over the values that are seen, here and at a side that shows the same."""
        quantity, other = self.quantity, self._like()
        seen = np.concatenate([side.seen_values() for side in (self, other) if side is not None])
        if quantity is not None and quantity.classes is None and len(seen) and self.scale is not None:
            self._paint_both(Scale.of_values(seen, self.scale.named))

    def _paint_both(self, scale: Scale) -> None:
        other = self._like()
        self.paint(scale)
        if other is not None:
            other.paint(scale)

    def instead(self, shown: tuple[Hexes, Scale] | None) -> None:
        """Draw other cells in the place of those of the source; None draws these again."""
        if shown is not None or self._instead is not None:
            self._instead = shown
            self.map.instead(shown)
            self.tell()

    def paint(self, scale: Scale, hexes: Hexes | None = None) -> None:
        """Show other cells, or the same in other colours."""
        self.scale = scale
        chosen = self.choice is not None and self.quantity is not None and self.choice.quantity == self.quantity.name
        ground = Color.parse(self.app.theme_variables["background"]).rgb
        faded = scale.fading(self.choice if chosen else None, ground)
        self.map.show(self.map.hexes if hexes is None else hexes, faded)
        self.tell()
        self.post_message(self.Painted())

    def recolour(self) -> None:
        """Follow the theme."""
        if self.scale is not None:
            self.paint(self.scale)
        self.map.recolour()

    def seen_values(self) -> Floats:
        """The values of the cells in the window."""
        return self.map.hexes.values[self.seen()]

    def seen(self) -> NDArray[np.bool_]:
        """Which of the cells are in the window."""
        return np.isin(self.map.hexes.cells, self.map.seen_cells())
