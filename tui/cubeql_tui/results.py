"""The results of a statement in all their views; each is made when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import ContentSwitcher

from cubeql.drawing import counting, series
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql.sessions import AnySession
from cubeql_tui import narrowing
from cubeql_tui.arranging import Wish, first_row
from cubeql_tui.exports import ROWS, Subject, of_histogram, of_map, of_series
from cubeql_tui.histogram import Histogram
from cubeql_tui.linked import ConditionAsked, Linked, TimesBrushed, ValuesBrushed
from cubeql_tui.made import CountsMade, NarrowAsked, PlanMade, SeriesMade
from cubeql_tui.map.pane import MapPane
from cubeql_tui.map.sources import LayerSource, RowsSource
from cubeql_tui.narrowing import Narrowing
from cubeql_tui.plan import PlanView
from cubeql_tui.plot import SeriesPlot
from cubeql_tui.rows import Rows
from cubeql_tui.running import Run
from cubeql_tui.said import Said
from cubeql_tui.table import ResultTable
from cubeql_tui.tree import Leaf
from cubeql_tui.welcome import Steps, Welcome
from cubeql_tui.words import fault_text


@dataclass(frozen=True, slots=True)
class View:
    """A way to look: its title, the widget that takes its keys, the action that opens it."""

    title: str
    takes_keys: str
    action: str


VIEWS: dict[str, View] = {
    "table": View("Table", "table", "show_table"),
    "map": View("Map", "hexmap", "show_map"),
    "series": View("Series", "series", "show_series"),
    "histogram": View("Histogram", "histogram", "show_histogram"),
    "plan": View("Plan", "plan", "show_plan"),
}


_FITTING: dict[str, Callable[[Rows], bool]] = {
    "map": RowsSource.can_show,
    "series": lambda rows: series.can_show(rows.schema),
    "histogram": lambda rows: bool(counting.quantities(rows.schema)),
}
"""View to whether it can show rows; one that can stays open when others come."""


class Results(ContentSwitcher):
    """Words, a table, a map, lines over time, a plan: one of them is seen.

    Args:
        asides: the session for what the views ask by themselves.
        welcome: what is said before anything was asked.
    """

    def __init__(self, asides: AnySession, welcome: Steps, *, id: str | None = None) -> None:
        super().__init__(initial="welcome", id=id)
        self.asides = asides
        self.run: Run | None = None
        self._welcome = welcome
        self._mapped: Run | None = None
        self._drawn: Run | None = None
        self._quantity = 0
        self._beside = 0
        self._counted = 0
        self._counting: Run | None = None
        self._again = False  # other columns of the rows that are drawn: the cursor stays
        self.linked = Linked()

    def compose(self) -> ComposeResult:
        """All views."""
        yield Said(id="scroll")
        yield Welcome(self._welcome, self.asides, id="welcome")
        yield ResultTable(id="table")
        yield MapPane(id="map")
        yield SeriesPlot(id="series")
        yield Histogram(id="histogram")
        yield PlanView(id="plan")

    def on_mount(self) -> None:
        """Name the views at the border."""
        self._title()

    # -------------------------------------------------------------- views

    def open(self, view: str, focus: bool = True) -> None:
        """Look this way."""
        self.current = view
        self._title()
        if focus:
            self.query_one(f"#{VIEWS[view].takes_keys}").focus()

    def _title(self) -> None:
        """The views at the border; a click opens one."""
        self.border_title = " · ".join(
            f"[b $foreground]{view.title}[/]" if name == self.current else f"[@click=app.{view.action}]{view.title}[/]"
            for name, view in VIEWS.items()
        )

    def say(self, said: Text | CubeQLError) -> None:
        """Say something where rows would be."""
        self.query_one(Said).say(said)
        self.current = "scroll"
        self._title()

    def recolour(self) -> None:
        """Follow the theme."""
        self.query_one(Welcome).recolour()
        self.query_one(PlanView).recolour()
        self.query_one(Said).recolour()
        self.query_one(MapPane).recolour()
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self.query_one(Histogram).redraw()

    # -------------------------------------------------------------- statements

    def take(self, run: Run) -> None:
        """Rows of a statement have come."""
        table = self.query_one(ResultTable)
        if run.rows is None:
            return
        if table.rows is run.rows:
            table.grew()
            return
        self.run, self._quantity, self._beside, self._counted = run, 0, 0, 0
        self.link(Linked())
        table.show(run.rows)
        fits = _FITTING.get(self.current or "")
        if fits is None or not fits(run.rows):
            self.open("table", focus=False)

    def settle(self, run: Run) -> None:
        """A statement has ended: show all of its rows in the view that is seen."""
        if run is self.run and self.current == "map":
            self._map(run)
        elif run is self.run and self.current == "series":
            self._draw(run)
        elif run is self.run and self.current == "histogram":
            self.show_histogram()

    # -------------------------------------------------------------- map

    def show_map(self, leaf: Leaf | None) -> None:
        """See the cells of the newest result, else what is on the map already, else a layer."""
        pane = self.query_one(MapPane)
        fresh = self.run is not None and self.run is not self._mapped and self._map(self.run)
        if not fresh and pane.source is None and (leaf is None or not self._layer(leaf)):
            return
        self.open("map")

    def show_layer(self, leaf: Leaf) -> None:
        """See a layer on the map."""
        if self._layer(leaf):
            self.link(Linked())
            self._mapped = self.run
            self.open("map")

    def _map(self, run: Run) -> bool:
        if run.rows is None or not RowsSource.can_show(run.rows):
            return False
        self._mapped = run
        self.query_one(MapPane).show(RowsSource(run.rows, run.state == "done"))
        return True

    def _layer(self, leaf: Leaf) -> bool:
        record = leaf.facts.record
        if record.kind != "grid":
            said = f"{record.name} is a layer of {record.kind}: ask for its rows with p."
            self.notify(said, severity="warning", markup=False)
            return False
        self.query_one(MapPane).show(LayerSource(self.asides, leaf.facts), leaf.band)
        return True

    @on(ResultTable.MapAsked)
    def _row_to_map(self, event: ResultTable.MapAsked) -> None:
        """See the cell of a row, from near, and choose it."""
        if self.run is not None and (self.run is self._mapped or self._map(self.run)):
            self.query_one(MapPane).go_to(event.cell)
            self.open("map")
        else:
            self.notify("The map needs a number or a class beside the cell.", severity="warning", timeout=4)

    @on(MapPane.RowAsked)
    def _map_to_row(self, event: MapPane.RowAsked) -> None:
        """Find the first row of a cell, or below it."""
        table = self.query_one(ResultTable)
        row = None if table.rows is None else first_row(table.rows, event.cell)
        if row is None:
            self.notify("The rows of the table have no such cell.", severity="warning", timeout=4)
        else:
            self.open("table")
            table.go_to_row(row)

    # -------------------------------------------------------------- series

    def show_series(self) -> None:
        """See the newest result over time, else the cell that was chosen on the map."""
        below = self.query_one("#below", SeriesPlot)
        if self.run is not None and (self.run is self._drawn or self._draw(self.run)):
            self.open("series")
        elif below.display and below.series is not None:
            self._drawn = None
            self.query_one("#series", SeriesPlot).show(below.series, below.cursor)
            self.open("series")
        else:
            self.notify("Ask for time and a number, or choose a cell on the map of a layer that has times.", timeout=6)

    def _draw(self, run: Run) -> bool:
        if run.rows is None or not series.can_show(run.rows.schema):
            return False
        self._drawn = run
        self._make_series(run, self._quantity, self._beside)
        return True

    @work(thread=True, group="series")
    def _make_series(self, run: Run, quantity: int, beside: int) -> None:
        """``beside`` counts on from the quantity; 0 draws nothing beside it."""
        if run.rows is not None:
            found, table = series.quantities(run.rows.schema), run.rows.table()
            chosen = (quantity, quantity + beside) if beside else (quantity,)
            made = [series.of_table(table, found[n % len(found)]) for n in chosen]
            self.post_message(SeriesMade(run, made[0], made[1] if beside else None))

    @on(SeriesMade)
    def _series_made(self, event: SeriesMade) -> None:
        if event.run is self._drawn:
            plot = self.query_one("#series", SeriesPlot)
            plot.show(event.made, plot.cursor if plot.series is not None and self._again else None, event.second)
            self._again = False

    @on(SeriesPlot.QuantityAsked)
    def _next_quantity(self, event: SeriesPlot.QuantityAsked) -> None:
        if self.current != "series" or self._drawn is None or self._drawn.rows is None:
            return
        count = len(series.quantities(self._drawn.rows.schema))
        if event.beside:
            self._beside = (self._beside + 1) % count
        else:
            self._quantity, self._beside = (self._quantity + 1) % count, 0
        self._again = True
        self._draw(self._drawn)

    @on(SeriesPlot.TimeChosen)
    def _time_chosen(self, event: SeriesPlot.TimeChosen) -> None:
        """See the chosen instant on the map, where the map has it."""
        shown = self.query_one(MapPane).show_time(event.instant)
        if shown or (self._drawn is not None and self._drawn is not self._mapped and self._map(self._drawn)):
            self.open("map")

    # -------------------------------------------------------------- histogram

    def show_histogram(self) -> None:
        """Count the values that the map shows where it is seen, else those of the newest result."""
        pane = self.query_one(MapPane)
        counted = pane.counted() if self.current == "map" or self.run is None else None
        self._counting = None if counted is not None else self.run
        if counted is not None:
            self.query_one(Histogram).show(counted)
            self.open("histogram")
        elif self._count():
            self.open("histogram")
        else:
            self.notify("Ask for numbers or classes, or see a layer on the map first.", timeout=6)

    def _count(self) -> bool:
        """Count a column of the newest result; False where it has none to count."""
        run = self.run
        if run is None or run.rows is None or not counting.quantities(run.rows.schema):
            return False
        self._make_counts(run, self._counted)
        return True

    @work(thread=True, group="counts")
    def _make_counts(self, run: Run, column: int) -> None:
        if run.rows is not None:
            found = counting.quantities(run.rows.schema)
            self.post_message(CountsMade(run, counting.of_table(run.rows.table(), found[column % len(found)])))

    @on(CountsMade)
    def _counts_made(self, event: CountsMade) -> None:
        if event.run is self.run:
            self.query_one(Histogram).show(event.counted)

    @on(Histogram.QuantityAsked)
    def _next_counted(self) -> None:
        self._counted += 1
        self._count()

    # -------------------------------------------------------------- what is brushed

    def link(self, linked: Linked) -> None:
        """Let all views follow what is brushed, and say it at the border."""
        if linked == self.linked:
            return
        self.linked = linked
        self.query_one(MapPane).narrow(linked.times)
        self.query_one(MapPane).fade(linked.choice)
        for plot in self.query(SeriesPlot):
            plot.paint_brush(linked.times)
        self.query_one(Histogram).brush(linked.choice)
        self.border_subtitle = Text(f"brushed: {linked} · Esc takes it away") if linked else None

    @on(TimesBrushed)
    def _times_brushed(self, event: TimesBrushed) -> None:
        event.stop()
        self.link(replace(self.linked, times=event.times))

    @on(ValuesBrushed)
    def _values_brushed(self, event: ValuesBrushed) -> None:
        event.stop()
        self.link(replace(self.linked, choice=event.choice))

    @on(ConditionAsked)
    def _condition_asked(self, event: ConditionAsked) -> None:
        """Of what the view that is seen shows: rows of a statement, or a layer on the map."""
        event.stop()
        run = {"series": self._drawn, "histogram": self._counting}.get(self.current or "")
        wanted = narrowing.of_run(run, self.linked) if run is not None else self._of_map()
        if wanted is not None and wanted.conditions:
            self.post_message(NarrowAsked(wanted))
        else:
            self.notify("Brush some of the values or times first: ⇧→, or drag.", timeout=4)

    def _of_map(self) -> Narrowing | None:
        pane = self.query_one(MapPane)
        of_rows = isinstance(pane.source, RowsSource) and self._mapped is not None
        if of_rows and self._mapped is not None:
            return narrowing.of_run(self._mapped, self.linked)
        return narrowing.of_map(pane.side, self.linked)

    def unbrush(self) -> bool:
        """Take the brush away, else show all rows of the table; False where neither was to be done."""
        table = self.query_one(ResultTable)
        brushed = bool(self.linked)
        self.link(Linked())
        if not brushed and self.current == "table" and table.wish:
            table.seek(Wish())
            return True
        return brushed

    # -------------------------------------------------------------- what can be written

    def subjects(self, dark: bool) -> list[Subject]:
        """What can be written to a file, that which is seen first."""
        plot, counted = self.query_one("#series", SeriesPlot), self.query_one(Histogram).counted
        rows = None if self.run is None else Subject("rows", self.run.text, ROWS)
        made = (
            rows,
            of_map(self.query_one(MapPane).side, dark),
            of_series(plot.series, plot.second),
            of_histogram(counted),
        )
        return sorted((each for each in made if each is not None), key=lambda each: each.name != self.current)

    # -------------------------------------------------------------- plan

    def show_plan(self, text: str, values: Mapping[str, Any] | None = None) -> None:
        """See how a statement would run; nothing of it is read."""
        self._explain(text, dict(values or {}))
        self.open("plan")

    @work(thread=True, group="plan")
    def _explain(self, text: str, values: dict[str, Any]) -> None:
        try:
            made = PlanMade(text, values, self.asides.explain(text, values or None))
        except QueryCancelled:  # the map has changed its mind meanwhile; this was not meant
            self.app.call_from_thread(self._explain, text, values)
            return
        except CubeQLError as error:
            made = PlanMade(text, values, error)
        self.post_message(made)

    @on(PlanMade)
    def _plan_made(self, event: PlanMade) -> None:
        if isinstance(event.found, CubeQLError):
            self.query_one(PlanView).say(fault_text(event.found, self.app.theme_variables))
        else:
            self.query_one(PlanView).show(event.found, event.text, event.values)
