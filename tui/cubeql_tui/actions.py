"""Every action of the screen, a row each: its keys, its words, where it works.

Bindings, the footer, the command palette and the help page are made of this table, so that none of them can name a key
that does nothing. An action of a place is the method ``action_<name>`` of that place's widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding
from textual.keys import format_key

Place = Literal["everywhere", "editor", "layers", "table", "map", "series", "histogram", "plan"]

PLACES: dict[Place, str] = {
    "everywhere": "Everywhere",
    "editor": "In the editor",
    "layers": "In the list of layers",
    "table": "In the table",
    "map": "On the map",
    "series": "In the series",
    "histogram": "In the histogram",
    "plan": "In the plan",
}
"""Headings of the help page, in its order."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    Attributes:
        place: where its keys work.
        name: of the method, ``action_<name>``; may carry arguments as Textual writes them.
        keys: Textual's names, with commas between; the first is the one shown.
        label: one or two words, for the footer.
        help: one line.
        footer: whether the footer shows it.
        shown: how the key is written for people, where Textual would write it otherwise.
        priority: whether its keys work before those of the focused widget.
    """

    place: Place
    name: str
    keys: str
    label: str
    help: str
    footer: bool = False
    shown: str | None = None
    priority: bool = False

    @property
    def id(self) -> str:
        """What preferences call it: its place and its label, as ``map.closer``."""
        return f"{self.place}.{self.label.lower().replace(' ', '_')}"

    @property
    def binding(self) -> Binding:
        """As Textual takes it."""
        return Binding(self.keys, self.name, self.label, show=self.footer, priority=self.priority, id=self.id)

    @property
    def shown_key(self) -> str:
        """Its first key, for people."""
        return self.shown or _spoken(self.keys.split(",")[0])

    @property
    def all_keys(self) -> tuple[str, ...]:
        """All its keys, for people."""
        others = self.keys.split(",")[1:]
        return (self.shown_key, *(_spoken(key) for key in others))


_WORDS = {"escape": "Esc", "backspace": "⌫", "less_than_sign": "<", "greater_than_sign": ">",
          "left_square_bracket": "[", "right_square_bracket": "]",
           "enter": "Enter", "space": "Space", "tab": "Tab", "slash": "/", "plus": "+", "minus": "-",
          "equals_sign": "=", "comma": ",", "full_stop": ".", "left": "←", "right": "→", "up": "↑", "down": "↓",
          "home": "Home", "end": "End", "pageup": "PgUp", "pagedown": "PgDn"}  # fmt: skip


def _spoken(key: str) -> str:
    """A key as a keyboard writes it: ``ctrl+p`` is ``^p``, ``f5`` is ``F5``."""
    if key.startswith("shift+"):
        return "⇧" + _spoken(key[6:])
    if key.startswith("ctrl+"):
        return "^" + _spoken(key[5:])
    modifier, plus, key = key.rpartition("+")
    named = key.upper() if key[0] == "f" and key[1:].isdigit() else format_key(key)
    return f"{modifier}{plus}{_WORDS.get(key, named)}"


ACTIONS: tuple[Action, ...] = (
    Action("everywhere", "run", "f5,ctrl+j,ctrl+enter", "Run",
           "run what is selected, else the statement under the cursor",
           footer=True, priority=True),
    Action("everywhere", "cancel", "escape", "Cancel",
           "take a brush away, else stop the statement; its rows stay"),
    Action("everywhere", "help", "f1", "Help", "first steps, and all keys", footer=True, priority=True),
    Action("everywhere", "command_palette", "ctrl+p", "Palette", "find an action, layer or theme by its name",
           footer=True, priority=True),
    Action("everywhere", "to_layers", "f6", "Layers", "go to the layers, opening their list; once more closes it",
           footer=True, priority=True),
    Action("everywhere", "show_table", "f3", "Table", "see the rows", footer=True, priority=True),
    Action("everywhere", "show_map", "f4", "Map", "see the cells: of the result, else of the layer under the cursor",
           footer=True, priority=True),
    Action("everywhere", "show_series", "f7", "Series", "see values over time: of the result, else of the chosen cell",
           footer=True, priority=True),
    Action("everywhere", "to_editor", "f2,ctrl+o", "Editor", "go to the editor", footer=True, priority=True),
    Action("everywhere", "show_histogram", "ctrl+g", "Histogram", "count the values of the map or the result",
           priority=True),
    Action("everywhere", "history", "f8", "History", "statements that were run, to find and to ask again",
           footer=True, priority=True),
    Action("everywhere", "show_plan", "f9", "Plan", "see how the statement at the cursor would run",
           footer=True, priority=True),
    Action("everywhere", "export", "ctrl+e", "Export", "write rows, map, series or histogram to a file",
           footer=True, priority=True),
    Action("everywhere", "enlarge", "f10", "Enlarge", "give the results the whole screen, and back", priority=True),
    Action("everywhere", "refresh_layers", "ctrl+r", "Refresh", "read the list of layers anew", priority=True),
    Action("everywhere", "quit", "ctrl+q", "Quit", "leave", footer=True, priority=True),
    Action("editor", "complete", "ctrl+space,ctrl+@", "Complete", "offer what may stand at the cursor"),
    Action("editor", "format_text", "ctrl+l", "Format", "put the text into its one form"),
    Action("editor", "toggle_comment", "ctrl+underscore,ctrl+slash", "Comment", "make the line, or what is selected, "
           "a comment, or no longer", shown="^/"),
    Action("editor", "find", "ctrl+f", "Find", "find words in the text"),
    Action("editor", "open", "alt+o", "Open", "read statements from a file", priority=True),
    Action("editor", "save", "ctrl+s", "Save", "write the statements to a file"),
    Action("editor", "edit_outside", "alt+e", "Own editor", "edit the text with $VISUAL or $EDITOR", priority=True),
    Action("layers", "search", "slash", "Search", "search by name, title, keyword, unit, class or year; Esc ends it",
           footer=True),
    Action("layers", "about", "enter,d", "About", "all that is known of the layer, and examples", footer=True),
    Action("layers", "unfold(True)", "right,l", "Open", "show the bands; Space opens and closes"),
    Action("layers", "unfold(False)", "left,h", "Close", "put the bands away"),
    Action("layers", "insert", "i", "Insert", "put the name into the editor", footer=True),
    Action("layers", "map", "m", "Map", "see the layer or band on the map", footer=True),
    Action("layers", "preview", "p", "Preview", "ask for rows of the layer or view", footer=True),
    Action("table", "move(-1, 0)", "up,k", "Up", "a row up"),
    Action("table", "move(1, 0)", "down,j", "Down", "a row down"),
    Action("table", "move(0, -1)", "left,h", "Left", "a column to the left"),
    Action("table", "move(0, 1)", "right,l", "Right", "a column to the right"),
    Action("table", "page(-1)", "pageup", "Page up", "a page up"),
    Action("table", "page(1)", "pagedown", "Page down", "a page down"),
    Action("table", "first", "home,g", "First row", "to the first row"),
    Action("table", "last", "end,G", "Last row", "to the last row that has come"),
    Action("table", "copy_value", "y", "Copy", "copy the value under the cursor", footer=True),
    Action("table", "show_row", "enter", "Row", "the whole row, a column a line", footer=True),
    Action("table", "sort", "o", "Order", "sort by the column: up, down, as it came; a click on the head", footer=True),
    Action("table", "find", "slash", "Find", "see only rows that have some words", footer=True),
    Action("table", "facts", "i", "Column", "what there is to say of the column", footer=True),
    Action("table", "to_map", "m", "Map", "the cell of the row on the map", footer=True),
    Action("table", "copy_row", "Y", "Copy row", "copy the row as CSV"),
    Action("table", "copy_column", "C", "Copy column", "copy the column as CSV"),
    Action("table", "copy_table", "M", "Copy table", "copy the first rows as a table of Markdown"),
    Action("table", "widen(4)", "plus,equals_sign", "Wider", "make the column wider"),
    Action("table", "widen(-4)", "minus", "Narrower", "make the column narrower"),
    Action("table", "hide", "x", "Hide", "hide the column"),
    Action("table", "all_columns", "X", "All columns", "show all columns again"),
    Action("map", "pan(-1, 0)", "left,h", "West", "go west; the pointer drags, too"),
    Action("map", "pan(1, 0)", "right,l", "East", "go east"),
    Action("map", "pan(0, -1)", "up,k", "North", "go north"),
    Action("map", "pan(0, 1)", "down,j", "South", "go south"),
    Action("map", "zoom(1)", "plus,equals_sign", "Closer", "come closer, also with the wheel", footer=True),
    Action("map", "zoom(-1)", "minus", "Farther", "step back", footer=True),
    Action("map", "fit", "f", "Fit", "see all of it", footer=True),
    Action("map", "choose", "enter", "Choose", "choose the cell at the pointer; see it over time"),
    Action("map", "choose_beside", "a", "Beside", "add a cell to the series; a click with Ctrl does it"),
    Action("map", "to_row", "t", "Row", "the row of the chosen cell in the table"),
    Action("map", "step_quantity(1)", "b", "Band", "show the next band or column", footer=True),
    Action("map", "step_time(1)", "full_stop", "Later", "show the next time", footer=True),
    Action("map", "step_time(-1)", "comma", "Earlier", "show the time before", footer=True),
    Action("map", "step_ramp", "c", "Colours", "other colours", footer=True),
    Action("map", "stretch", "s", "Stretch", "spread the colours over the values that are seen", footer=True),
    Action("map", "ask_place", "g", "Go to", "go to a longitude and latitude, or to a cell"),
    Action("map", "graticule", "n", "Graticule", "draw meridians and parallels, or do not"),
    Action("map", "sketch('box')", "x", "Box", "draw a box by two corners; dragging with Shift does it, too",
           footer=True),
    Action("map", "sketch('polygon')", "p", "Polygon", "draw a polygon, a corner with each Enter or click"),
    Action("map", "take_back", "backspace", "Take back", "take the last corner back; Esc removes all of it"),
    Action("map", "filter_by_region", "r", "Region", "put what was drawn into the FILTER of the statement"),
    Action("map", "move_pointer(-1, 0)", "shift+left,H", "Pointer west", "point at the next cell"),
    Action("map", "move_pointer(1, 0)", "shift+right,L", "Pointer east", "point at the next cell"),
    Action("map", "move_pointer(0, -1)", "shift+up,K", "Pointer north", "point at the next cell"),
    Action("map", "move_pointer(0, 1)", "shift+down,J", "Pointer south", "point at the next cell"),
    Action("map", "play", "space", "Play", "show one time after the other, round and round; once more stops",
           footer=True),
    Action("map", "change_speed(-1)", "less_than_sign", "Slower", "play slower"),
    Action("map", "change_speed(1)", "greater_than_sign", "Faster", "play faster"),
    Action("map", "compare", "v", "Compare", "two maps: beside each other, under a divider, their difference",
           footer=True),
    Action("map", "other_side", "o", "Other side", "of two maps: let the keys be for the other"),
    Action("map", "move_divider(-1)", "left_square_bracket", "Divider left", "move the divider of two maps"),
    Action("map", "move_divider(1)", "right_square_bracket", "Divider right",
           "move it to the right; the pointer drags it, too"),
    Action("series", "step(-1)", "left,h", "Earlier", "read the time before", footer=True),
    Action("series", "step(1)", "right,l", "Later", "read the next time", footer=True),
    Action("series", "choose", "enter", "On the map", "see that time on the map; a click does it, too", footer=True),
    Action("series", "brush(-1)", "shift+left,H", "Brush back", "brush a span of time; the pointer drags, too"),
    Action("series", "brush(1)", "shift+right,L", "Brush", "brush on: the map shows the mean of what is brushed",
           footer=True),
    Action("series", "to_statement", "w", "To query", "make the brush a condition of the statement", footer=True),
    Action("series", "next_quantity", "b", "Column", "draw the next column of the result", footer=True),
    Action("series", "beside", "a", "Beside", "draw another column on an axis of its own at the right", footer=True),
    Action("series", "zoom(1)", "plus,equals_sign", "Closer", "see less time, also with the wheel"),
    Action("series", "zoom(-1)", "minus", "Farther", "see more"),
    Action("series", "pan(-1)", "pageup", "Back", "half a window earlier"),
    Action("series", "pan(1)", "pagedown", "Onward", "half a window later"),
    Action("series", "fit", "f", "Fit", "see all times"),
    Action("histogram", "next_quantity", "b", "Column", "count the next column of the result", footer=True),
    Action("histogram", "step(-1)", "left,up,h,k", "Before", "read the bar before"),
    Action("histogram", "step(1)", "right,down,l,j", "Next", "read the next bar"),
    Action("histogram", "brush(-1)", "shift+left,shift+up,H,K", "Brush back",
           "brush values: cells of others fade; the pointer drags, too"),
    Action("histogram", "brush(1)", "shift+right,shift+down,L,J", "Brush", "brush on to the next bar", footer=True),
    Action("histogram", "pick", "enter,space", "Pick", "brush the bar at the cursor; of classes each one more",
           footer=True),
    Action("histogram", "to_statement", "w", "To query", "make the brush a condition of the statement", footer=True),
    Action("histogram", "next_how", "o", "Heights", "counts, their logarithms, or how many there are up to a value"),
    Action("plan", "measure", "a", "Measure", "run it and tell what each step took; Esc cancels", footer=True),
    Action("plan", "scroll(1)", "down,j", "Down", "scroll down"),
    Action("plan", "scroll(-1)", "up,k", "Up", "scroll up"),
    Action("plan", "scroll(10)", "pagedown", "Page down", "scroll a page down"),
    Action("plan", "scroll(-10)", "pageup", "Page up", "scroll a page up"),
)  # fmt: skip


def actions_of(place: Place, table: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """The actions of a place, in the order of the table."""
    return tuple(action for action in table if action.place == place)


def bindings(place: Place) -> list[Binding]:
    """What a widget of this place takes for its ``BINDINGS``."""
    return [action.binding for action in actions_of(place)]
