"""What is said above the map: what it shows, what lies under the pointer. Each part gives way where room is short."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from cubeql.drawing.display import short_number
from cubeql.drawing.hexes import Hexes
from cubeql.values.cells import format_cell
from cubeql_tui.map.sources import Quantity


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
