"""How often each value comes, and a brush over the values: what is not brushed fades, here and on the map."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.color import Color
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cubeql.drawing.counting import HOWS, Counted, How, bins, bounds, class_counts
from cubeql.drawing.display import short_number
from cubeql.drawing.selection import Choice
from cubeql_tui import bars
from cubeql_tui.actions import Place, bindings
from cubeql_tui.linked import ConditionAsked, ValuesBrushed


class Histogram(Widget, can_focus=True):
    """Bars with a head that sums them up, and reads the bar at the cursor."""

    DEFAULT_CSS = """
    Histogram { height: 1fr; width: 1fr; }
    Histogram > .histogram--head { color: $foreground; text-style: bold; }
    Histogram > .histogram--axis { color: $quiet; }
    Histogram > .histogram--mark { color: $accent; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"histogram--head", "histogram--axis", "histogram--mark"}
    PLACE: ClassVar[Place] = "histogram"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class QuantityAsked(Message):
        """Another column is to be counted."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.counted: Counted | None = None
        self.choice: Choice | None = None
        self.cursor: int | None = None
        self.how: How = "count"
        self._anchor: int | None = None
        self._dragged = False
        self._top = 0
        self._drawn: tuple[tuple[int, int], list[Strip]] | None = None

    def show(self, counted: Counted) -> None:
        """Count other values."""
        self.counted, self.cursor, self._anchor, self._top = counted, None, None, 0
        self.redraw()

    def brush(self, choice: Choice | None) -> None:
        """Let only these values keep their colours."""
        self.choice = choice
        if choice is None:
            self._anchor = None
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, also where only the theme is another."""
        self._drawn = None
        self.refresh()

    @property
    def own_choice(self) -> Choice | None:
        """What is brushed of the values that are counted."""
        own = self.choice is not None and self.counted is not None and self.choice.quantity == self.counted.quantity
        return self.choice if own else None

    # -------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the histogram."""
        size = (self.size.width, self.size.height)
        if self.counted is None or size[0] < 3 * bars.AXIS or size[1] < 5:
            return Strip.blank(size[0])
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._paint(self.counted))
        lines = self._drawn[1]
        return lines[y].adjust_cell_length(size[0]) if y < len(lines) else Strip.blank(size[0])

    def _paint(self, counted: Counted) -> list[Strip]:
        look = bars.Look(*(self.get_component_rich_style(f"histogram--{p}") for p in ("head", "axis", "mark")))
        unit = f" [{counted.unit}]" if counted.unit not in (None, "", "1") else ""
        first = Strip([Segment(f" {counted.title}{unit}  ", look.head), Segment(counted.summary(), look.axis)])
        if not len(counted.known):
            return [first]
        ground = Color.parse(self.app.theme_variables["background"]).rgb
        scale = counted.scale.fading(self.own_choice, ground)
        said = Strip([Segment(f" {self._said(counted)}", look.mark)])
        if counted.classes:
            self._follow_cursor()
            found = bars.by_class(counted, scale, self.size.width, self.cursor, look)
            return [first, said, *found[self._top : self._top + self.size.height - 2]]
        size = (self.size.width - bars.AXIS - 2, self.size.height - 3)
        return [first, said, *bars.by_value(counted.known, scale, size, self.how, self.cursor, look)]

    def _follow_cursor(self) -> None:
        """Classes that do not fit are scrolled to."""
        if self.cursor is not None:
            room = max(1, self.size.height - 2)
            self._top = min(max(self._top, self.cursor - room + 1), self.cursor)

    def _said(self, counted: Counted) -> str:
        """What is brushed, else what is at the cursor."""
        how = f"   ({HOWS[self.how]})" if HOWS[self.how] and not counted.classes else ""
        if self.own_choice is not None:
            return f"{self.own_choice.words}: {counted.share(self.own_choice)}{how}"
        if self.cursor is None or counted.classes:
            return how.strip()
        counts, edges = bins(counted.known, self._columns)
        low, high = (short_number(float(edges[self.cursor + side])) for side in (0, 1))
        return f"{low} … {high}: {int(counts[self.cursor]):,}{how}"

    # -------------------------------------------------------------- the cursor and the brush

    @property
    def _columns(self) -> int:
        return max(1, self.size.width - bars.AXIS - 2)

    def _codes(self) -> list[int]:
        return [code for code, _ in class_counts(self.counted.known)] if self.counted is not None else []

    def _last(self) -> int:
        """The number of the last bar."""
        if self.counted is None or not len(self.counted.known):
            return -1
        return (len(self._codes()) if self.counted.classes else self._columns) - 1

    def _go(self, bar: int) -> None:
        self.cursor = max(0, min(bar, self._last()))
        self.redraw()

    def _span(self, bar: int) -> None:
        """Brush from where it began to a bar."""
        if self.counted is None or self._last() < 0:
            return
        bar = max(0, min(bar, self._last()))
        if self._anchor is None:
            self._anchor = bar if self.cursor is None else self.cursor
        self.cursor = bar
        first, last = sorted((min(self._anchor, self._last()), bar))
        if self.counted.classes:
            self._choose(frozenset(self._codes()[first : last + 1]))
            return
        low, high = bounds(bins(self.counted.known, self._columns)[1], first, last)
        self.post_message(ValuesBrushed(Choice.of_range(self.counted.quantity, self.counted.unit, low, high)))
        self.redraw()

    def _choose(self, codes: frozenset[int]) -> None:
        assert self.counted is not None
        choice = Choice.of_classes(self.counted.quantity, codes, self.counted.classes or {}) if codes else None
        self.post_message(ValuesBrushed(choice))
        self.redraw()

    def action_step(self, bars: int) -> None:
        """Read another bar."""
        if self._last() >= 0:
            self._anchor = None
            self._go(bars - 1 if self.cursor is None and bars > 0 else (self.cursor or 0) + bars)

    def action_brush(self, bars: int) -> None:
        """Brush on to another bar."""
        if self.cursor is None:
            self._go(0 if bars > 0 else self._last())
        self._span((self.cursor or 0) + bars)

    def action_pick(self) -> None:
        """Choose the class at the cursor besides the others, or not any more; of numbers its bar alone."""
        if self.counted is None or self.cursor is None or self._last() < 0:
            return
        if not self.counted.classes:
            self._anchor = None
            self._span(self.cursor)
            return
        code = self._codes()[self.cursor]
        self._choose(frozenset(self.own_choice.codes or () if self.own_choice else ()) ^ {code})

    def action_next_quantity(self) -> None:
        """Count another column."""
        self.post_message(self.QuantityAsked())

    def action_next_how(self) -> None:
        """Draw counts, their logarithms, or how many there are up to each value."""
        hows = list(HOWS)
        self.how = hows[(hows.index(self.how) + 1) % len(hows)]
        self.redraw()

    def action_to_statement(self) -> None:
        """Make the brush a condition of the statement."""
        self.post_message(ConditionAsked())

    # -------------------------------------------------------------- pointer

    def _bar_at(self, event: events.MouseEvent) -> int:
        if self.counted is not None and self.counted.classes:
            return event.y - 2 + self._top
        return event.x - bars.AXIS

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a brush."""
        bar = self._bar_at(event)
        if 0 <= bar <= self._last():
            self.cursor, self._anchor, self._dragged = bar, bar, False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Brush on, or read the bar under the pointer."""
        bar = self._bar_at(event)
        if self.app.mouse_captured is self:
            if bar != self.cursor:
                self._dragged = True
                self._span(bar)
        elif 0 <= bar <= self._last() and bar != self.cursor and self._anchor is None:
            self._go(bar)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """A brush has ended; without a move it was a click."""
        if self.app.mouse_captured is not self:
            return
        self.release_mouse()
        if not self._dragged:
            self._anchor = None
            if self.counted is not None and not self.counted.classes and self.own_choice is not None:
                self.post_message(ValuesBrushed(None))
            else:
                self.action_pick()
