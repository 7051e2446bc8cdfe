"""What stands where there are no rows: how to begin, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cubeql.errors import CubeQLError, QueryError, render
from cubeql_tui.actions import Action

_EXAMPLE = "Write a statement, e.g.  SELECT * FROM layer LIMIT 100"
_STEPS = (
    ("everywhere.layers", "look at the layers: {layers.preview} shows rows, {layers.map} the map, "
                          "{layers.insert} puts a name into the editor"),
    ("everywhere.editor", "write a statement; what may stand at the cursor is offered while you type"),
    ("everywhere.run", "run the statement under the cursor; {everywhere.cancel} cancels it"),
    ("everywhere.map", "see it on the map, {everywhere.series} over time, {everywhere.table} as rows"),
    ("everywhere.export", "write it to a file; {everywhere.history} finds what was asked before"),
    ("everywhere.help", "all keys; {everywhere.palette} finds an action, a layer or a theme by its name"),
)  # fmt: skip


def first_steps(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    """What to do first, each with its key."""
    keys = {action.id: action.shown_key for action in actions}
    told = re.compile(r"\{([\w.]+)\}")
    return [(keys[name], told.sub(lambda found: keys[found[1]], said)) for name, said in _STEPS]


def first_words(actions: tuple[Action, ...]) -> str:
    """What an empty editor says."""
    keys = {action.id: action.shown_key for action in actions}
    help = f"{keys['everywhere.run']} runs it; {keys['editor.complete']} offers what may stand here."
    return f"{_EXAMPLE}\n{help}"


def welcome_text(actions: tuple[Action, ...], accent: str) -> Group:
    """The first words: what can be done next."""
    grid = Table.grid(padding=(0, 2))
    for key, said in first_steps(actions):
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
