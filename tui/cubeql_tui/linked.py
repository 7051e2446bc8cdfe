"""What is brushed and chosen just now: one record that all views read, so that none shows less without a word."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from cubeql.drawing.selection import Choice, TimeSpan


@dataclass(frozen=True, slots=True)
class Linked:
    """What was brushed.

    Attributes:
        times: a span of time: the map shows its mean, and steps through it alone.
        choice: values: the cells of the others fade.
    """

    times: TimeSpan | None = None
    choice: Choice | None = None

    def __bool__(self) -> bool:
        return self.times is not None or self.choice is not None

    def __str__(self) -> str:
        """In words, for the border."""
        said = [f"time {self.times}" if self.times else "", self.choice.words if self.choice else ""]
        return " · ".join(part for part in said if part)


class TimesBrushed(Message):
    """A span of time was brushed; None takes the brush away."""

    def __init__(self, times: TimeSpan | None) -> None:
        self.times = times
        super().__init__()


class ValuesBrushed(Message):
    """Values were brushed; None takes the brush away."""

    def __init__(self, choice: Choice | None) -> None:
        self.choice = choice
        super().__init__()


class ConditionAsked(Message):
    """What is brushed is to become a condition of the statement."""
