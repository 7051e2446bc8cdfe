"""What was made of a statement in a thread, on its way to the views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.message import Message

from cubeql.drawing.counting import Counted
from cubeql.drawing.series import Series
from cubeql.errors import CubeQLError
from cubeql.sessions import Explanation
from cubeql_tui.narrowing import Narrowing
from cubeql_tui.running import Run


class SeriesMade(Message):
    """The rows of a statement are lines now."""

    def __init__(self, run: Run, made: Series, second: Series | None) -> None:
        self.run, self.made, self.second = run, made, second
        super().__init__()


class CountsMade(Message):
    """Values of a statement are ready to be counted."""

    def __init__(self, run: Run, counted: Counted) -> None:
        self.run, self.counted = run, counted
        super().__init__()


class PlanMade(Message):
    """A statement was explained, or cannot be."""

    def __init__(self, text: str, values: Mapping[str, Any], found: Explanation | CubeQLError) -> None:
        self.text, self.values, self.found = text, values, found
        super().__init__()


class NarrowAsked(Message):
    """What is brushed is to become a part of the statement it was brushed of."""

    def __init__(self, wanted: Narrowing) -> None:
        self.wanted = wanted
        super().__init__()
