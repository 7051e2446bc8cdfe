"""What stands where there are no rows: how to begin, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cubeql.errors import CubeQLError, QueryError, render

_BEGIN = (
    ("F6", "look at the layers: p shows rows, i puts a name into the editor"),
    ("F2", "write a statement; what may stand at the cursor is offered while you type"),
    ("F5", "run the statement under the cursor, also ^j; Esc cancels it"),
    ("F8", "find what was asked before"),
    ("F1", "all keys; ^p finds an action by its name"),
)


def welcome_text(accent: str) -> Group:
    """The first words: what can be done next."""
    grid = Table.grid(padding=(0, 2))
    for key, said in _BEGIN:
        grid.add_row(Text(key, f"bold {accent}"), Text(said))
    return Group(Text("Layers of the earth on one grid of hexagons. Ask.\n", "bold"), grid)


def fault_text(error: CubeQLError, colours: Mapping[str, str]) -> Text:
    """What is wrong, and what would be right; the place is marked in the editor."""
    text = Text()
    if not isinstance(error, QueryError):
        return text.append(str(error), colours["error"])
    for diagnostic in error.diagnostics:
        drawn = render(diagnostic).splitlines() or [diagnostic.message]
        colour = colours["warning"] if diagnostic.severity == "warning" else colours["error"]
        text.append(f"{drawn[0]}\n", f"bold {colour}")
        for line in drawn[1:]:
            text.append(f"{line}\n", colours["primary"] if line.lstrip().startswith("hint") else "")
        text.append("\n")
    return text
