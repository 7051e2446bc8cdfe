"""Layers at the left; editor, results and status at the right; and what one of them asks of another."""

from __future__ import annotations

from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from cubeql.sessions import AnySession
from cubeql_tui.about import AboutPage
from cubeql_tui.drafts import Draft
from cubeql_tui.editor import QueryEditor
from cubeql_tui.files import FilePage, FindBar, read_statements, working_folder
from cubeql_tui.layers import LayersPane
from cubeql_tui.popup import Popup
from cubeql_tui.results import Results
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.status import StatusLine
from cubeql_tui.tree import LayerTree
from cubeql_tui.welcome import Steps, Welcome

_PAUSE_S = 0.4  # of typing, after which the text is kept


class Desk(Horizontal):
    """All that is seen of the screen but its last line.

    Args:
        asides: the session for what the screen asks by itself.
        popup: where completions are offered.
        first_words: what an empty editor says.
        steps: what to do first, with its keys in a colour.
        draft: the text that the editor had when the screen was left.
    """

    class Read(Message):
        """A file was read, or one was written and there is nothing to show."""

        def __init__(self, file: Path, text: str | None) -> None:
            self.file, self.text = file, text
            super().__init__()

    def __init__(
        self,
        asides: AnySession,
        popup: Popup,
        first_words: str,
        steps: Steps,
        draft: Draft,
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._asides, self._popup, self._first_words, self._steps = asides, popup, first_words, steps
        self._draft, self._edits = draft, 0
        self._text: str | None = None
        self._settled: Timer | None = None
        self._file: Path | None = None

    def compose(self) -> ComposeResult:
        """All of it."""
        yield LayersPane(self._asides, id="layers")
        with Vertical(id="work"):
            yield QueryEditor(self._popup, self._first_words, id="editor")
            yield FindBar()
            yield Results(self._asides, self._steps, id="results")
            yield StatusLine(id="status")

    def on_mount(self) -> None:
        """Go on where the text was left."""
        text = self._draft.read()
        if text:
            self.editor.load_text(text)
            self.editor.move_cursor(self.editor.document.end)

    def on_unmount(self) -> None:
        """Keep what was typed last; the editor is gone by now."""
        if self._text is not None:
            self._draft.write(self._text, self._edits + 1)

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

    # -------------------------------------------------------------- the text

    @on(TextArea.Changed, "#editor")
    def _typed(self) -> None:
        self._text = self.editor.text
        if self._settled is not None:
            self._settled.stop()
        self._settled = self.set_timer(_PAUSE_S, self._keep_aside)

    def _keep_aside(self) -> None:
        self._edits += 1
        self._write_draft(self._text or "", self._edits)

    @work(thread=True, group="draft")
    def _write_draft(self, text: str, number: int) -> None:
        self._draft.write(text, number)

    @on(QueryEditor.FileAsked)
    def _file_asked(self, event: QueryEditor.FileAsked) -> None:
        if self.app.is_web:  # the files would be those of the machine that serves the page
            self.notify("Files are opened and saved in a terminal only.", severity="warning")
            return
        text = self.editor.text if event.saving else None

        def chosen(file: Path | None) -> None:
            if file is not None:
                self._exchange(file, text)

        self.app.push_screen(FilePage(event.saving, working_folder(), self._file), chosen)

    @work(thread=True, group="file")
    def _exchange(self, file: Path, text: str | None) -> None:
        """Write a text to a file; None reads it."""
        try:
            if text is not None:
                file.write_text(text.rstrip("\n") + "\n", "utf-8")
            self.post_message(self.Read(file, None if text is not None else read_statements(file)))
        except OSError as error:
            self.app.call_from_thread(self.notify, str(error), title="The file", severity="error", markup=False)

    @on(Read)
    def _read(self, event: Read) -> None:
        self._file = event.file
        if event.text is None:
            self.notify(str(event.file), title="Saved", markup=False)
        else:
            self.editor.put(event.text)
        self.editor.focus()

    @on(QueryEditor.FindAsked)
    def _find_asked(self, event: QueryEditor.FindAsked) -> None:
        self.query_one(FindBar).open(event.words)

    @on(FindBar.Sought)
    def _sought(self, event: FindBar.Sought) -> None:
        self.query_one(FindBar).tell(*self.editor.find(event.words, event.step))

    @on(FindBar.Closed)
    def _found(self) -> None:
        self.editor.focus()

    # -------------------------------------------------------------- the layers

    @on(LayerTree.InsertAsked)
    def _insert(self, event: LayerTree.InsertAsked) -> None:
        self.editor.insert(event.name)
        self.editor.focus()

    @on(LayerTree.AboutAsked)
    def _about_asked(self, event: LayerTree.AboutAsked) -> None:
        self.app.push_screen(AboutPage(event.leaf, self.query_one(LayersPane).looker), self.add_statement)

    @on(LayerTree.MapAsked)
    def _map_asked(self, event: LayerTree.MapAsked) -> None:
        results = self.query_one(Results)
        results.show_layer(event.leaf)
        if self.screen.has_class("-narrow") and results.current == "map":
            results.open("map")  # its keys too: the drawer of layers lies over it

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
