"""The last line: what can be done here, the keys of the focused place first. A click does it, too."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App
from textual.widget import Widget
from textual.widgets import Static

from cubeql_tui.actions import PLACES, Action, Place, actions_of


class KeysLine(Static):
    """Keys with their labels, as many as fit."""

    DEFAULT_CSS = "KeysLine { dock: bottom; height: 1; padding: 0 1; background: $background; }"

    def __init__(self, actions: tuple[Action, ...], *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._actions = actions
        self._at: Place | None = None
        self._ends: list[tuple[int, Action, Widget | None]] = []

    def on_mount(self) -> None:
        """Follow the focus."""
        self.watch(self.screen, "focused", self._tell)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._tell(self.screen.focused))

    def on_resize(self) -> None:
        """More may fit."""
        self._tell(self.screen.focused)

    def _tell(self, focused: Widget | None) -> None:
        colours = self.app.theme_variables
        owner, place = place_of(focused)
        shown = [(a, owner) for a in actions_of(place, self._actions) if a.footer] if place else []
        shown += [(a, None) for a in actions_of("everywhere", self._actions) if a.footer]
        text = Text(no_wrap=True)
        self._ends = []
        for action, widget in shown:
            more = Text.assemble((action.shown_key, f"bold {colours['accent']}"), f" {action.label}  ")
            if text.cell_len + more.cell_len > self.size.width + 1:
                break
            text.append_text(more)
            self._ends.append((text.cell_len, action, widget))
        text.stylize_before(Style(color=colours["footer-description-foreground"]))
        self.update(text)

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked on."""
        found = next(((a, w) for end, a, w in self._ends if event.x - 1 < end), None)
        if found is not None:
            await self.app.run_action(found[0].name, found[1] or self.app)


def place_of(widget: Widget | None) -> tuple[Widget | None, Place | None]:
    """The widget whose keys work while one is focused, and its place, which it names as ``PLACE``."""
    for above in widget.ancestors_with_self if widget is not None else ():
        place = getattr(above, "PLACE", None)
        if place in PLACES and isinstance(above, Widget):
            return above, place
    return None, None


def owner_of(app: App[None], place: Place) -> Widget | App[None]:
    """The widget whose keys work at a place; of everywhere the application."""
    return next((w for w in app.query(Widget) if getattr(w, "PLACE", None) == place), app)
