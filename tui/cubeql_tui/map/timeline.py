"""All times of the map on one line, the one that is shown among them; and what plays them one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual import events, work
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from cubeql.drawing.display import instant_text
from cubeql.errors import CubeQLError
from cubeql_tui.map.frames import Question
from cubeql_tui.map.side import MapSide
from cubeql_tui.map.sources import Times

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Times a second."""

_AHEAD = 6  # times that are fetched before they are shown


class TimeLine(Static):
    """A line with a place for each time; a click goes there.

    Playing goes on when the time that is shown has come, and not before: what is slow is played slowly, and nothing
    waits in a queue. Behind the last time comes the first.
    """

    DEFAULT_CSS = "TimeLine { height: 1; padding: 0 1; color: $foreground 75%; display: none; }"

    class TimeChosen(Message):
        """A time was clicked."""

        def __init__(self, instant: np.datetime64) -> None:
            self.instant = instant
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.speed = 3
        self._side: MapSide | None = None
        self._timer: Timer | None = None
        self._columns = np.array([], np.int64)
        self._left = 0
        self._fetching = False

    @property
    def playing(self) -> bool:
        """Whether the times are played."""
        return self._timer is not None

    def tell(self, side: MapSide) -> None:
        """Show the times of a side."""
        if side is not self._side:
            self.stop()
        self._side = side
        self.display = len(side.clock.known) > 1
        if self.display:
            self.update(self._line(side))

    def on_resize(self) -> None:
        """Spread the times over the new width."""
        if self._side is not None:
            self.tell(self._side)

    # -------------------------------------------------------------- the line

    def _line(self, side: MapSide) -> Text:
        known = side.clock.known
        first, last = instant_text(known[0]), instant_text(known[-1])
        button = "❚❚" if self.playing else "▶ "
        speed = f"{SPEEDS[self.speed]:g}/s"
        room = max(4, (self.size.width or 40) - 2 - len(button) - len(first) - len(last) - len(speed) - 6)
        self._left, self._columns = len(button) + len(first) + 2, columns_of(known, room)
        text = Text.assemble((button, "bold"), f" {first} ", no_wrap=True)
        now = side.clock.time
        at = int(self._columns[int(np.argmax(known == now))]) if now is not None else -1
        there = side.kept_times()
        within = set(self._columns[np.isin(known, side.times)].tolist())
        kept = set(self._columns[np.isin(known, there)].tolist()) if len(there) else set()
        for column in range(room):
            mark, style = ("●", "bold") if column == at else ("┼", "") if column in within else ("─", "dim")
            text.append(mark, self._accent if column == at or (column in kept and column in within) else style)
        return text.append(f" {last}").append(f"  {speed}", self.app.theme_variables["quiet"])

    @property
    def _accent(self) -> str:
        return self.app.theme_variables["accent"]

    def on_click(self, event: events.Click) -> None:
        """Go to the time nearest to the pointer; the button plays."""
        column = event.x - 1
        if column < 2:
            self.toggle()
        elif self._side is not None and len(self._columns):
            nearest = int(np.argmin(np.abs(self._columns - (column - self._left))))
            self.post_message(self.TimeChosen(self._side.clock.known[nearest]))

    # -------------------------------------------------------------- playing

    def toggle(self) -> None:
        """Play, or stop where it is."""
        if self.playing:
            self.stop()
        elif self._side is not None and len(self._side.times) > 1:
            self._start()
        else:
            self.notify("There is one time only.", timeout=3)

    def _start(self) -> None:
        self._timer = self.set_interval(1 / SPEEDS[self.speed], self.tick)
        self.tick()

    def stop(self) -> None:
        """Stay at the time that is shown."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._side is not None and self.display:
            self.update(self._line(self._side))

    def change_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self.speed = min(max(self.speed + steps, 0), len(SPEEDS) - 1)
        if self.playing:
            self.stop()
            self._start()
        elif self._side is not None:
            self.tell(self._side)

    def tick(self) -> None:
        """Show the next time, if this one has come; fetch those behind it."""
        side = self._side
        if side is None or len(side.times) < 2 or not side.region.area:
            self.stop()
        elif not side.waiting:
            side.step_time(1)
            missing = side.ahead(_AHEAD)
            if missing and not self._fetching:
                self._fetching = True
                self._fetch(side, missing)

    @work(thread=True, group="ahead")
    def _fetch(self, side: MapSide, questions: list[Question]) -> None:
        try:
            for question in questions:
                now = side.question()
                if now is None or not replace(question, time=now.time).answers(now):
                    break  # the window has moved on
                hexes = question.source.hexes(question.quantity, question.resolution, question.box, question.time)
                side.post_message(MapSide.Answered(question, hexes))
        except CubeQLError:  # cancelled, or it will be said when that time is shown
            pass
        finally:
            self._fetching = False


def columns_of(times: Times, room: int) -> NDArray[np.int64]:
    """Where times stand on a line: as far apart as they are, but each at a place of its own where there is room."""
    microseconds = (times - times[0]).astype("timedelta64[us]").astype(np.float64)
    columns = np.round(microseconds / max(microseconds[-1], 1.0) * (room - 1)).astype(np.int64)
    if len(times) <= room and len(np.unique(columns)) < len(times):
        columns = np.round(np.linspace(0, room - 1, len(times))).astype(np.int64)
    return np.asarray(columns)
