"""What a person prefers of the screen: the file of preferences, and what was chosen last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cubeql import preferences
from cubeql.errors import ConfigError, nearest
from cubeql_tui.actions import ACTIONS, Action
from cubeql_tui.keymap import rebound
from cubeql_tui.themes import THEMES

_KNOWN = {theme.name for theme in THEMES}


@dataclass(frozen=True, slots=True)
class Preferred:
    """How the screen begins.

    Attributes:
        theme: its colours.
        actions: the table of actions with the keys that hold.
        mouse: whether the screen takes the mouse.
        faults: what the preferences say that cannot be, in words.
        memory: the file that keeps the theme that is chosen; None keeps nothing.
    """

    theme: str = THEMES[0].name
    actions: tuple[Action, ...] = ACTIONS
    mouse: bool = True
    faults: tuple[str, ...] = ()
    memory: Path | None = None

    @property
    def keymap(self) -> dict[str, str]:
        """The actions whose keys are others than usual, as Textual takes them."""
        usual = {action.id: action.keys for action in ACTIONS}
        return {a.id: a.keys for a in self.actions if a.keys != usual[a.id]}

    def remember(self, theme: str) -> None:
        """Keep the theme that was chosen; where that cannot be, it holds for this time."""
        if self.memory is not None and _recall(self.memory) != theme:
            with suppress(OSError):
                self.memory.parent.mkdir(parents=True, exist_ok=True)
                self.memory.write_text(json.dumps({"theme": theme}) + "\n", "utf-8")


def preferred(file: Path | None = None, memory: Path | None = None) -> Preferred:
    """Read the preferences; what cannot be is said when the screen stands.

    Args:
        file: None reads the file of this person.
        memory: what the screen keeps by itself.
    """
    memory = memory or preferences.state_folder() / "screen.json"
    try:
        read = preferences.read(file)
    except ConfigError as error:
        return Preferred(theme=_recall(memory) or THEMES[0].name, faults=(str(error),), memory=memory)
    actions, faults = rebound(read.screen.keys)
    theme = read.screen.theme
    if theme is not None and theme not in _KNOWN:
        near = nearest(theme, _KNOWN, 1)
        faults.append(f"there is no theme {theme!r}; " + (f"did you mean {near[0]!r}?" if near else
                      f"it is one of {', '.join(sorted(_KNOWN))}"))  # fmt: skip
        theme = None
    told = tuple(f"{read.file}: {fault}" for fault in faults)
    return Preferred(theme or _recall(memory) or THEMES[0].name, actions, read.screen.mouse, told, memory)


def _recall(memory: Path) -> str | None:
    """The theme chosen last, None where there is none or the file is broken."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        kept: Any = json.loads(memory.read_text("utf-8"))
        theme = kept.get("theme") if isinstance(kept, Mapping) else None
        return theme if theme in _KNOWN else None
    return None
