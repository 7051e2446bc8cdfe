"""All of it together: what is asked for here and there becomes a statement, a page, another view."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

import cubeql
from cubeql.drawing.display import columns_of, whole_texts
from cubeql.errors import CubeQLError, Diagnostic, QueryCancelled, QueryError, Span
from cubeql.history import History
from cubeql_tui import narrowing
from cubeql_tui.actions import Action, bindings
from cubeql_tui.desk import Desk
from cubeql_tui.drafts import Draft
from cubeql_tui.editor import QueryEditor
from cubeql_tui.ending import Ending
from cubeql_tui.export import ExportPage
from cubeql_tui.files import working_folder
from cubeql_tui.footer import KeysLine, owner_of, place_of
from cubeql_tui.help import HelpPage
from cubeql_tui.history import HistoryPage, asked
from cubeql_tui.layers import LayersPane
from cubeql_tui.made import NarrowAsked
from cubeql_tui.pages import row_page
from cubeql_tui.palette import Palette
from cubeql_tui.parameters import with_values
from cubeql_tui.plan import PlanView
from cubeql_tui.popup import Popup
from cubeql_tui.preferring import Preferred
from cubeql_tui.results import VIEWS, Results
from cubeql_tui.running import Run, State
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.status import StatusLine
from cubeql_tui.table import ResultTable
from cubeql_tui.themes import take_themes
from cubeql_tui.tree import LayerTree
from cubeql_tui.words import first_words, welcome_text

_SWITCH_S = 0.0005  # a frame gives the interpreter away many times; each time a thread at work may keep it so long
_BEAT_S = 0.1


class CubeQL(Ending):
    """The screen on a store.

    Args:
        store: its address; None for the default store.
        history: file of the statements that were run; None keeps them in memory.
        preferred: how it begins.

    Raises:
        StoreError: the store cannot be opened.
    """

    TITLE = "CubeQL"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("everywhere")]
    COMMANDS = {Palette}  # noqa: RUF012 (Textual's own type)

    class Changed(Message):
        """A statement has gone on: rows have come, or it has ended."""

        def __init__(self, run: Run) -> None:
            self.run = run
            super().__init__()

    class Read(Message):
        """The store was read anew."""

        def __init__(self, snapshot: Snapshot) -> None:
            self.snapshot = snapshot
            super().__init__()

    def __init__(
        self,
        store: str | None = None,
        history: Path | None = None,
        preferred: Preferred = Preferred(),  # noqa: B008
    ) -> None:
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (96, "-wide"), (140, "-roomy")]
        self.VERTICAL_BREAKPOINTS = [(0, "-lowest"), (28, "-low"), (36, "-high")]
        self.session = cubeql.connect(store)
        self.asides = cubeql.connect(store)  # what the screen asks by itself: a cancel must not meet a statement
        self._store = store
        self.history = History(history)
        self._drafts = history.parent / "drafts" if history is not None else None
        self.run_now: Run | None = None
        self._settled: Run | None = None
        self._told: tuple[Run, State] | None = None
        self._place = Span(0, 0)
        self._given: dict[str, str] = {}  # texts of parameters, by name
        self.preferred = preferred
        super().__init__()
        take_themes(self, preferred.theme)

    def compose(self) -> ComposeResult:
        """Layers at the left; editor, results and status at the right."""
        popup = Popup(id="popup")
        steps = partial(welcome_text, self.actions)
        kept = None if self.is_web else self._drafts  # a page has many readers
        draft = Draft(kept, str(self.session.store.address))
        yield Desk(self.asides, popup, first_words(self.actions), steps, draft, id="whole")
        yield popup
        yield KeysLine(self.actions, id="keys")

    def on_mount(self) -> None:
        """Read the store, and let the editor have the keys."""
        sys.setswitchinterval(_SWITCH_S)
        address = str(self.session.store.address)
        if self.is_web:
            address = address.rstrip("/").rpartition("/")[2]  # the page tells nothing of the machine
        self.query_one(LayersPane).border_subtitle = Text(address if len(address) < 30 else "…" + address[-28:])
        self.hear()
        self.query_one(QueryEditor).focus()
        self.query_one(PlanView).session = self.session
        self.set_interval(_BEAT_S, self._beat)
        self.theme_changed_signal.subscribe(self, lambda _: self._recolour())
        self.set_keymap(self.preferred.keymap)
        self.watch(self.screen, "focused", self._focus_moved)
        for fault in self.preferred.faults:
            self.notify(fault, title="Preferences", severity="warning", timeout=20, markup=False)
        self.action_refresh_layers()

    def _recolour(self) -> None:
        self.preferred.remember(self.theme)
        self.query_one(QueryEditor).recolour()
        self.query_one(LayersPane).recolour()
        self.results.recolour()

    def _focus_moved(self, focused: Widget | None) -> None:
        """Close the drawer of a narrow screen behind who leaves it."""
        if focused is not None and self.query_one(LayersPane) not in focused.ancestors_with_self:
            self.remove_class("-layers")

    def on_unmount(self) -> None:
        """Let go of the store; threads that still read from it end then."""
        if self.run_now is not None:
            self.run_now.cancel()
        self.session.close()
        self.asides.close()

    # -------------------------------------------------------------- statements

    def action_run(self) -> None:
        """Run the statement under the cursor, once the editor has taken all that was typed before."""
        self.query_one(QueryEditor).call_later(self._run_statement)

    def _run_statement(self) -> None:
        text, place = self.query_one(QueryEditor).statement
        if not text:
            self.notify("There is no statement at the cursor.", severity="warning")
            return
        with_values(self, text, self._given, lambda values: self.ask(text, place, values))

    def ask(self, text: str, place: Span | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Run a statement; one that is still at work is cancelled.

        Args:
            text: the statement.
            place: where it stands in the editor, so that its faults can be marked there.
            values: of its parameters.
        """
        if self.run_now is not None and self.run_now.at_work:
            self.run_now.cancel()
        self._place = place or Span(0, 0)
        self.run_now = Run(self.session, text, values=values)
        self._work(self.run_now)
        self._beat()

    @work(thread=True, group="statement")
    def _work(self, run: Run) -> None:
        def tell() -> None:
            self.post_message(self.Changed(run))

        run.work(tell)

    @on(Changed)
    def _changed(self, event: Changed) -> None:
        run = event.run
        if run is not self.run_now:
            return
        self.results.take(run)
        if not run.at_work and run is not self._settled:  # what was said before its end may be heard after it
            self._ended(run)
            self._settled = run
        self._beat()

    def _ended(self, run: Run) -> None:
        self.history.add(asked(run))
        self.results.settle(run)
        if run.state == "failed" and run.error is not None:
            self.results.say(run.error)
            self.query_one(QueryEditor).show_faults(_placed(run.error, self._place))
        elif run.message is not None:
            if self.results.current in ("scroll", "welcome"):
                self.results.say(Text(run.message))
            self.action_refresh_layers()
        elif run.rows is None:
            self.results.say(Text("Cancelled before rows came.", "dim"))

    def _beat(self) -> None:
        """Keep the clock going, and tell a statement to stop until it has heard."""
        run = self.run_now
        if run is None:
            return
        if run.cancelling:
            run.cancel()
        state = run.state  # which its thread may change while a line is drawn
        if state == "running" or (run, state) != self._told:  # else no clock goes, and no line is drawn anew
            for line in self.query(StatusLine):  # none while the screen closes
                line.tell(run)
            self._told = run, state

    def action_cancel(self) -> None:
        """Take a brush away, else stop the statement that runs."""
        if self.query_one(PlanView).stop() or self.results.unbrush():
            return
        if self.run_now is not None and self.run_now.at_work:
            self.run_now.cancel()
            self._beat()

    @on(QueryEditor.CancelAsked)
    def _cancel_asked(self) -> None:
        self.action_cancel()

    @on(ResultTable.NearEnd)
    def _near_end(self) -> None:
        if self.run_now is not None:
            self.run_now.more()

    # -------------------------------------------------------------- layers

    def action_refresh_layers(self) -> None:
        """Read the list of layers anew."""
        self._read_store()

    @work(thread=True, exclusive=True, group="store")
    def _read_store(self) -> None:
        try:
            self.post_message(self.Read(Snapshot.of(self.asides)))
        except QueryCancelled:  # the map has changed its mind meanwhile; this was not meant
            self.call_from_thread(self._read_store)
        except CubeQLError as error:
            self.call_from_thread(self.notify, str(error), title="The store", severity="error", markup=False)

    @on(Read)
    def _read(self, event: Read) -> None:
        self.query_one(Desk).know(event.snapshot)

    @on(LayerTree.PreviewAsked)
    def _preview(self, event: LayerTree.PreviewAsked) -> None:
        self.ask(event.statement)
        self._leave_drawer()

    def _leave_drawer(self) -> None:
        """On a narrow screen, uncover what was asked for."""
        if self.screen.has_class("-narrow"):
            view = VIEWS.get(self.results.current or "")
            self.query_one(f"#{view.takes_keys if view else 'editor'}").focus()

    # -------------------------------------------------------------- going about

    @property
    def results(self) -> Results:
        """All views."""
        return self.query_one(Results)

    def action_show_table(self) -> None:
        """See the rows."""
        self.results.open("table")

    def action_show_map(self) -> None:
        """See the cells."""
        self.results.show_map(self.query_one(LayerTree).leaf)

    def action_show_series(self) -> None:
        """See values over time."""
        self.results.show_series()

    def action_show_histogram(self) -> None:
        """Count values."""
        self.results.show_histogram()

    def action_show_plan(self) -> None:
        """See how the statement under the cursor would run."""
        editor = self.query_one(QueryEditor)
        editor.call_later(lambda: self._plan(editor.statement[0]))

    def _plan(self, text: str) -> None:
        with_values(self, text, self._given, lambda values: self.results.show_plan(text, values))

    def action_export(self) -> None:
        """Write rows, the map, the series or the histogram to a file."""
        subjects = self.results.subjects(self.current_theme.dark)
        if subjects:
            self.push_screen(ExportPage(subjects, working_folder(), self._copying))
        else:
            self.notify("There is nothing to write yet.", severity="warning")

    def _copying(self, path: str) -> Run:
        """What writes the newest result again, to a file; in a session of its own, so that all else goes on."""
        run = self.results.run
        assert run is not None
        return Run(self.session.another(), run.text, values=run.values, file=path)

    @on(NarrowAsked)
    def _narrow_asked(self, event: NarrowAsked) -> None:
        editor = self.query_one(QueryEditor)
        if narrowing.put(editor, event.wanted):
            self.remove_class("-enlarged")
            editor.focus()

    def action_to_editor(self) -> None:
        """Go to the editor."""
        self.remove_class("-enlarged")
        self.query_one(QueryEditor).focus()

    def action_to_layers(self) -> None:
        """Go to the layers; where they are already, put them away."""
        pane = self.query_one(LayersPane)
        inside = self.focused is not None and pane in self.focused.ancestors_with_self
        self.set_class(inside, "-no-layers")
        self.set_class(not inside, "-layers")
        if inside:
            self.query_one(QueryEditor).focus()
        else:
            self.remove_class("-enlarged")
            self.query_one(LayerTree).focus()

    def action_enlarge(self) -> None:
        """Give the results the whole screen, and back."""
        self.toggle_class("-enlarged")
        shown = self.results.current
        if self.has_class("-enlarged") and shown in VIEWS:
            self.results.open(shown)

    def action_help(self) -> None:
        """Show the first steps and all keys."""
        self.push_screen(HelpPage(self.actions, place_of(self.focused)[1], self.theme_variables["accent"]))

    def action_history(self) -> None:
        """Find a statement that was run."""
        self.push_screen(HistoryPage(self.history), self.take_up)

    def take_up(self, text: str | None) -> None:
        """Put a statement into the editor, to be asked again."""
        if text is not None:
            editor = self.query_one(QueryEditor)
            editor.put(text)
            editor.focus()

    @on(ResultTable.RowAsked)
    def _row_asked(self, event: ResultTable.RowAsked) -> None:
        rows = self.query_one(ResultTable).rows
        if rows is None:
            return
        columns = columns_of(rows.schema)
        row = rows.window(event.row, event.row + 1)
        names = [f"{c.name} [{c.unit}]" if c.unit not in (None, "1") else c.name for c in columns]
        self.push_screen(row_page(event.row + 1, names, [whole_texts(row.column(c.number), c)[0] for c in columns]))

    @property
    def actions(self) -> tuple[Action, ...]:
        """The table of actions, with the keys that hold."""
        return self.preferred.actions

    async def do(self, action: Action) -> None:
        """Do what was chosen by its name, where it is done."""
        owner = owner_of(self, action.place)
        view = next((name for name, view in VIEWS.items() if view.takes_keys == owner.id), None)
        if view is not None:
            self.results.open(view)
        elif isinstance(owner, Widget):
            owner.focus()
        await self.run_action(action.name, owner)


def _placed(error: CubeQLError, place: Span) -> tuple[Diagnostic, ...]:
    """The faults of a statement, at their places in the whole text."""
    if not isinstance(error, QueryError):
        return ()
    spans = ((d, d.span) for d in error.diagnostics)
    return tuple(
        replace(d, span=Span(place.start + s.start, place.start + s.end)) if s is not None else d for d, s in spans
    )
