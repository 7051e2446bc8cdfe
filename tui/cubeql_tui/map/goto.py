"""A place by its name: coordinates in either order of writing, or a cell."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cubeql.values.cells import parse_cell

Place = tuple[float, float]

_NUMBER = r"([-+]?\d+(?:\.\d+)?)"
_PLAIN = re.compile(rf"{_NUMBER}\s*[,;\s]\s*{_NUMBER}")
_MAPS = re.compile(rf"{_NUMBER}\s*°?\s*([NS])[,;\s]*{_NUMBER}\s*°?\s*([EW])", re.IGNORECASE)


def found(text: str) -> int | Place:
    """A cell, or a longitude and latitude: ``11.58, 48.14``, ``48.14°N 11.58°E`` or ``851f8d47fffffff``.

    Raises:
        ValueError: it is neither; the message says what would be right.
    """
    text = text.strip()
    if match := _MAPS.fullmatch(text):
        lat, south, lon, west = match.groups()
        place = (float(lon) * (-1 if west in "Ww" else 1), float(lat) * (-1 if south in "Ss" else 1))
    elif match := _PLAIN.fullmatch(text):
        place = (float(match[1]), float(match[2]))
    elif re.fullmatch(r"(0x)?[0-9a-f]{15,16}", text, re.IGNORECASE):
        return parse_cell(text)
    else:
        raise ValueError("write longitude, latitude (11.58, 48.14), or as a map (48.14°N 11.58°E), or a cell")
    if abs(place[1]) > 90.0 or not -180.0 <= place[0] <= 360.0:
        raise ValueError("longitude comes first, -180 to 360, then latitude, -90 to 90")
    return place


class GoToPage(ModalScreen[str | None]):
    """Asks for a place."""

    DEFAULT_CSS = """
    GoToPage { align: center middle; background: $background 60%; }
    GoToPage > Vertical { width: 60; max-width: 94%; height: auto; border: round $primary; background: $surface;
                          border-title-color: $primary; border-subtitle-color: $quiet; padding: 1 2; }
    GoToPage Input { border: none; height: 1; margin: 0 0 1 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """The field, and what it understands."""
        with Vertical() as box:
            box.border_title = "Go to"
            box.border_subtitle = "Enter goes there, Esc closes"
            yield Input(placeholder="11.58, 48.14", compact=True)
            yield Static(Text("lon, lat  ·  48.14°N 11.58°E  ·  851f8d47fffffff", "dim"), id="understood")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            found(event.value)
        except ValueError as error:
            self.query_one("#understood", Static).update(Text(str(error)))
        else:
            self.dismiss(event.value)
