"""What is said above the map: what it shows, what lies under the pointer. Each part gives way where room is short."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from cubeql.drawing.display import instant_text, short_number
from cubeql.drawing.hexes import Hexes
from cubeql.values.cells import format_cell
from cubeql_tui.map.sources import Quantity, Times


def value_text(quantity: Quantity, value: float | None) -> str:
    """A value with its unit, or the name of a class."""
    if value is None:
        return "no data"
    if quantity.classes:
        return quantity.classes.get(int(value), str(int(value)))
    return short_number(value) + (f" {quantity.unit}" if quantity.unit not in (None, "", "1") else "")


def place_text(lon: float, lat: float) -> str:
    """A place as maps write it."""
    return f"{abs(lat):.3f}°{'N' if lat >= 0 else 'S'} {abs(lon):.3f}°{'E' if lon >= 0 else 'W'}"


def time_text(times: Times, at: int) -> str:
    """An instant, and which of all it is."""
    return f" · {instant_text(times[at])} ({at % len(times) + 1} of {len(times)})" if len(times) else ""


def kind_text(quantity: Quantity, hexes: Hexes) -> str:
    """The resolution of what is drawn, and what its values are of those below."""
    if not len(hexes):
        return ""
    kind = "" if hexes.whole else " most frequent" if quantity.classes else " mean"
    return f" · res {hexes.resolution}{kind}"


def readouts(said: str, cell: int, lon: float, lat: float) -> list[Text]:
    """What is under the pointer, the most words first."""
    place = f"  {place_text(lon, lat)}"
    words = (f"{place}  {format_cell(cell)}", place, "")
    return [Text.assemble((said, "bold"), (more, "dim")) for more in words]


def beside(left: Text, choices: Sequence[Text], room: int) -> Text:
    """One line: at its left a text, at its right the first of several that there is room for."""
    right = next((t for t in choices if left.cell_len + t.cell_len + 2 <= room), Text(""))
    return Text.assemble(left, " " * max(0, room - left.cell_len - right.cell_len), right, no_wrap=True)


def is_time(times: Times, time: np.datetime64) -> int | None:
    """Which of the instants one is; None where it is none of them."""
    at = np.flatnonzero(times == time)
    return int(at[0]) if len(at) else None
