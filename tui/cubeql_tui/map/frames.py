"""What was answered is kept for a while: a time that is shown again, or was fetched ahead, is there at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from cubeql.drawing.hexes import Hexes
from cubeql.drawing.view import Box
from cubeql_tui.asking import When
from cubeql_tui.map.sources import Quantity, Source

MOST_CELLS = 4_000_000
"""That are kept, of all frames together: 64 MB."""


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


class Frames:
    """Answers, the oldest forgotten first.

    Args:
        most_cells: that are kept.
    """

    def __init__(self, most_cells: int = MOST_CELLS) -> None:
        self._most = most_cells
        self._kept: OrderedDict[tuple[str, When], tuple[Question, Hexes]] = OrderedDict()

    def keep(self, question: Question, hexes: Hexes) -> None:
        """Know an answer; one to the same of another window is forgotten."""
        key = (question.quantity.name, question.time)
        self._kept[key] = question, hexes
        self._kept.move_to_end(key)
        while sum(len(h) for _, h in self._kept.values()) > self._most and len(self._kept) > 1:
            self._kept.popitem(last=False)

    def find(self, question: Question) -> tuple[Question, Hexes] | None:
        """What answers a question; None where nothing does."""
        found = self._kept.get((question.quantity.name, question.time))
        return found if found is not None and found[0].answers(question) else None

    def times(self, question: Question) -> list[When]:
        """The times that the same is known at."""
        return [time for _, time in self._kept if self.find(replace(question, time=time)) is not None]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
