"""Layers at the left; editor, results and status at the right; and what one of them asks of another."""

from __future__ import annotations

from rich.console import RenderableType
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from cubeql.session import Session
from cubeql_tui.about import AboutPage
from cubeql_tui.editor import QueryEditor
from cubeql_tui.layers import LayersPane
from cubeql_tui.popup import Popup
from cubeql_tui.results import Results
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.status import StatusLine
from cubeql_tui.tree import LayerTree
from cubeql_tui.welcome import Welcome


class Desk(Horizontal):
    """All that is seen of the screen but its last line.

    Args:
        asides: the session for what the screen asks by itself.
        popup: where completions are offered.
        first_words: what an empty editor says.
        steps: what to do first.
    """

    def __init__(
        self, asides: Session, popup: Popup, first_words: str, steps: RenderableType, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._asides, self._popup, self._first_words, self._steps = asides, popup, first_words, steps

    def compose(self) -> ComposeResult:
        """All of it."""
        yield LayersPane(self._asides, id="layers")
        with Vertical(id="work"):
            yield QueryEditor(self._popup, self._first_words, id="editor")
            yield Results(self._asides, self._steps, id="results")
            yield StatusLine(id="status")

    @property
    def editor(self) -> QueryEditor:
        """Where statements are written."""
        return self.query_one(QueryEditor)

    def know(self, snapshot: Snapshot) -> None:
        """The store holds this now."""
        self.query_one(LayersPane).show(snapshot)
        self.editor.know(snapshot)
        self.query_one(Welcome).know(snapshot.facts)

    def add_statement(self, text: str | None) -> None:
        """Put a statement into the editor below what stands there."""
        if text is not None:
            self.editor.add(text)
            self.editor.focus()

    @on(LayerTree.InsertAsked)
    def _insert(self, event: LayerTree.InsertAsked) -> None:
        self.editor.insert(event.name)
        self.editor.focus()

    @on(LayerTree.AboutAsked)
    def _about_asked(self, event: LayerTree.AboutAsked) -> None:
        self.app.push_screen(AboutPage(event.leaf, self.query_one(LayersPane).looker), self.add_statement)

    @on(LayerTree.MapAsked)
    def _map_asked(self, event: LayerTree.MapAsked) -> None:
        self.query_one(Results).show_layer(event.leaf)

    @on(QueryEditor.ExamplesAsked)
    def _examples_asked(self) -> None:
        welcome = self.query_one(Welcome)
        if welcome.offers:
            welcome.enter()

    @on(Welcome.Chosen)
    async def _begun(self, event: Welcome.Chosen) -> None:
        self.add_statement(event.example.text)
        self.query_one(Results).open(event.example.view, focus=False)
        await self.run_action("app.run")
