"""The palette: every action, layer, recent statement and theme, found by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from cubeql_tui import asking
from cubeql_tui.actions import PLACES
from cubeql_tui.editor import QueryEditor
from cubeql_tui.footer import place_of
from cubeql_tui.tree import Leaf

if TYPE_CHECKING:
    from cubeql_tui.app import CubeQL

_RECENT = 30
Command = tuple[str, str, Callable[[], Any]]
"""Its name, what it does, how."""


class Palette(Provider):
    """What the palette offers; without words the actions of the place that has the focus, then those of everywhere."""

    @property
    def _app(self) -> CubeQL:
        return cast("CubeQL", self.app)

    async def discover(self) -> Hits:
        """What is offered before anything was typed."""
        for name, said, do in (*self._actions(), *self._themes(), *self._layers()):
            yield DiscoveryHit(Content(name), do, text=name, help=_plain(said))

    async def search(self, query: str) -> Hits:
        """What answers to the words."""
        matcher = self.matcher(query)
        for name, said, do in (*self._actions(), *self._layers(), *self._themes(), *self._statements()):
            if (match := matcher.match(name)) > 0:
                better = 2 * (name.casefold() == query.casefold()) + name.casefold().startswith(query.casefold())
                yield Hit(match + better, _marked(name, matcher), do, text=name, help=_plain(said))

    def _actions(self) -> Iterator[Command]:
        _, here = place_of(self.focused)
        order = sorted(self._app.actions, key=lambda a: (a.place != here, a.place != "everywhere"))
        for action in order:
            if action.name != "command_palette":
                where = "" if action.place == "everywhere" else f"{PLACES[action.place]}: "
                keys = f"  ({action.shown_key})"
                yield f"{where}{action.label}", f"{action.help}{keys}", partial(self._app.do, action)

    def _layers(self) -> Iterator[Command]:
        editor = self._app.query_one(QueryEditor)
        for facts in editor.snapshot.facts:
            name = facts.record.name
            about = facts.record.title or ""
            if facts.record.kind == "grid":
                yield f"Map of {name}", about, partial(self._app.results.show_layer, Leaf(facts))
            yield f"Rows of {name}", about, partial(self._app.ask, asking.preview(name))

    def _themes(self) -> Iterator[Command]:
        for name in self._app.available_themes:
            now = "the theme now" if name == self._app.theme else "change the colours"
            yield f"Theme: {name}", now, partial(setattr, self._app, "theme", name)

    def _statements(self) -> Iterator[Command]:
        for asked in self._app.history.find("")[:_RECENT]:
            yield f"Ask again: {' '.join(asked.text.split())}", asked.when, partial(self._app.take_up, asked.text)


def _plain(said: str) -> Any:
    """Help that is no markup. Trap: Textual reads a ``str`` as markup and takes a Content, which its type conceals."""
    return Content(said)


def _marked(name: str, matcher: Matcher) -> Content:
    """A name with what answers to the words marked; Textual's own ``highlight`` reads the name as markup."""
    _, places = matcher.fuzzy_search.match(matcher.query, name)
    shown = Content(name)
    for at in places:
        if not name[at].isspace():
            shown = shown.stylize(matcher.match_style, at, at + 1)
    return shown
