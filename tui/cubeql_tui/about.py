"""The page that tells all that is known of a layer, shows it, and offers statements to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cubeql.catalog import Attribute, Band
from cubeql.drawing.colours import Scale, knows_ramp, ramp_of
from cubeql.drawing.display import bytes_text, short_number
from cubeql.errors import CubeQLError, QueryCancelled
from cubeql_tui import examples
from cubeql_tui.examples import Example
from cubeql_tui.looking import Details, GoneOnError, Looker, Picture, Spread
from cubeql_tui.map.sources import Quantity
from cubeql_tui.thumbnail import Thumbnail, picture_text
from cubeql_tui.tree import Leaf

Facts = list[tuple[str, str]]

_VERSIONS = 8
_CLASSES = 40
_NOTHING = np.array([])
_ALREADY = ("title", "description")  # told above the others


class AboutPage(ModalScreen[str | None]):
    """All of a layer; it is left with the statement that was chosen, if any.

    Args:
        leaf: the layer, or the band that is drawn of it.
        looker: asks.
    """

    DEFAULT_CSS = """
    AboutPage { align: center middle; background: $background 60%; }
    AboutPage > Horizontal { width: 96%; max-width: 170; height: 94%; border: round $primary; background: $background;
                             border-title-color: $primary; border-subtitle-color: $quiet; padding: 0 1; }
    AboutPage #told { width: 1fr; height: 1fr; padding: 1 1 0 0; scrollbar-size: 1 1; }
    AboutPage #told Static { width: 1fr; height: auto; }
    AboutPage #beside { width: 42%; max-width: 70; height: 1fr; border-left: solid $border; padding: 1 0 0 1; }
    AboutPage Thumbnail { height: 40%; }
    AboutPage #meaning { height: auto; margin-bottom: 1; }
    AboutPage .heading { height: 1; color: $quiet; }
    AboutPage OptionList, AboutPage OptionList:focus { height: auto; max-height: 60%; border: none; padding: 0;
                           background: $background; background-tint: transparent; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d,f6", "dismiss", "Close"),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]

    class Came(Message):
        """More is known; what is None is not known yet."""

        def __init__(
            self, details: Details, spread: Spread | None, picture: Picture | None, found: list[Example]
        ) -> None:
            self.details, self.spread, self.picture, self.found = details, spread, picture, found
            super().__init__()

    class Failed(Message):
        """It cannot be read."""

        def __init__(self, error: CubeQLError) -> None:
            self.error = error
            super().__init__()

    def __init__(self, leaf: Leaf, looker: Looker) -> None:
        super().__init__()
        self.leaf, self.looker = leaf, looker
        self.found: list[Example] = []

    def compose(self) -> ComposeResult:
        """What is told at the left, what is seen and what can be asked at the right."""
        with Horizontal() as box:
            box.border_title = Text(self.leaf.facts.record.name)
            box.border_subtitle = "Enter puts an example into the editor · PgDn reads on · Esc closes"
            with VerticalScroll(id="told", can_focus=False):
                yield Static(_told(self.leaf, None, None), id="words")
            with Vertical(id="beside"):
                yield Thumbnail()
                yield Static("", id="meaning")
                yield Static("Examples", classes="heading")
                yield OptionList()

    def on_mount(self) -> None:
        """Ask for what takes time."""
        self.query_one(OptionList).focus()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        place = self.query_one(Thumbnail).size
        self._look((place.width, 2 * place.height), self.looker.begin())

    @work(thread=True, group="about")
    def _look(self, size: tuple[int, int], ticket: int) -> None:
        facts = self.leaf.facts
        try:
            details = self.looker.details(facts, ticket)
            found = examples.of_layer(facts, None)
            self.post_message(self.Came(details, None, None, found))
            picture = self.looker.picture(facts, self.leaf.band, size, ticket)
            self.post_message(self.Came(details, None, picture, found))
            spread = self.looker.spread(facts, ticket)
            self.post_message(self.Came(details, spread, picture, found))
            found = examples.of_layer(facts, self.looker.sight(facts, ticket))
            self.post_message(self.Came(details, spread, picture, found))
        except (GoneOnError, QueryCancelled):
            return
        except CubeQLError as error:
            self.post_message(self.Failed(error))

    @on(Came)
    def _came(self, event: Came) -> None:
        self.query_one("#words", Static).update(_told(self.leaf, event.details, event.spread))
        thumbnail = self.query_one(Thumbnail)
        if event.picture is not None:
            thumbnail.show(event.picture)
            self.query_one("#meaning", Static).update(picture_text(event.picture, max(20, thumbnail.size.width)))
        offered = self.query_one(OptionList)
        if event.found != self.found:
            self.found = event.found
            offered.clear_options()
            offered.add_options([Option(_offer(example)) for example in event.found])
            offered.highlighted = 0 if event.found else None

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self.query_one("#meaning", Static).update(Text(str(event.error), "red"))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self.found[event.option_index].text)

    def action_page(self, pages: int) -> None:
        """Read on, or back."""
        told = self.query_one("#told", VerticalScroll)
        told.scroll_page_down() if pages > 0 else told.scroll_page_up()


def _offer(example: Example) -> Text:
    return Text.assemble((example.why, "bold"), "\n", (" ".join(example.text.split()), "dim"))


def _told(leaf: Leaf, details: Details | None, spread: Spread | None) -> RenderableType:
    record = leaf.facts.record
    parts: list[RenderableType] = [Text(record.title or record.name, "bold")]
    if record.description:
        parts.append(Text(record.description))
    parts += [Text(""), _grid(_shape(leaf, details)), Text(""), _columns(leaf, spread)]
    parts += _all_classes(leaf, spread)
    if details is not None:
        parts += [Text(""), _grid(_story(details)), Text(""), _grid(_versions(details))]
    return Group(*parts)


def _shape(leaf: Leaf, details: Details | None) -> Facts:
    """Where, when, how large."""
    facts = leaf.facts
    told = [(heading, text) for heading, text in facts.lines() if heading not in ("", "size", "licence", "made by")]
    told += details.lines() if details is not None else []
    told.append(("size", f"{bytes_text(facts.bytes)}, {facts.rows:,} {'tiles' if facts.record.bands else 'rows'}"))
    return told


def _story(details: Details) -> Facts:
    """How it came about, and what lies in the store."""
    stored = [(name, text) for name, text in details.of("store") if name in ("files", "overviews")]
    return [(name, text) for name, text in details.of("layer") if name not in _ALREADY] + stored


def _grid(facts: Facts) -> Table:
    """A fact a line."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for heading, text in facts:
        grid.add_row(Text(heading), Text(text))
    return grid


def _columns(leaf: Leaf, spread: Spread | None) -> Table:
    """The bands or attributes: unit, range, what they are and how they are drawn."""
    record = leaf.facts.record
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("band" if record.bands else "attribute", "unit", "values", "is"):
        table.add_column(heading, no_wrap=heading != "is", overflow="fold")
    columns: tuple[Band | Attribute, ...] = (*record.bands, *record.attributes)
    for column in columns:
        ends = spread.ranges.get(column.name) if spread is not None else None
        values = f"{len(column.classes)} classes" if column.classes else _range_text(ends)
        table.add_row(Text(column.name, "bold"), Text(column.unit or ""), Text(values), _what(column))
    return table


def _range_text(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{short_number(ends[0])} … {short_number(ends[1])}"


def _what(column: Band | Attribute) -> Text:
    said = [column.long_name or ""]
    if column.standard_name and column.standard_name != column.long_name:
        said.append(column.standard_name)
    if isinstance(column, Attribute):
        said.append("" if column.long_name else column.type)
    text = Text("; ".join(part for part in said if part))
    if isinstance(column, Band):
        if column.valid_range is not None:
            text.append("{}valid {:g} to {:g}".format("; " if text else "", *column.valid_range))
        if not column.classes:
            text.append_text(_ramp_text(column, bool(text)))
    return text


def _ramp_text(band: Band, more: bool) -> Text:
    """The ramp it is drawn on, in its colours."""
    quantity = Quantity.of_band(band)
    text = Text("; " if more else "")
    colours = Scale.of(quantity, _NOTHING).colours
    for at in range(0, len(colours), 8):
        red, green, blue = colours[at]
        text.append("█", Style(color=f"#{red:02x}{green:02x}{blue:02x}"))
    ends = f" {band.display_range[0]:g} to {band.display_range[1]:g}" if band.display_range else ""
    unknown = f" ({band.ramp} is not known here)" if band.ramp and not knows_ramp(band.ramp) else ""
    return text.append(f" {ramp_of(quantity)}{ends}{unknown}", "dim")


def _all_classes(leaf: Leaf, spread: Spread | None) -> Iterator[RenderableType]:
    record = leaf.facts.record
    columns: tuple[Band | Attribute, ...] = (*record.bands, *record.attributes)
    for column in columns:
        if column.classes:
            yield Text("")
            yield _classes(column, spread.shares.get(column.name, ()) if spread is not None else ())


def _classes(column: Band | Attribute, shares: tuple[tuple[int, int], ...]) -> Table:
    """The classes with their colours, the frequent first, those that do not occur last."""
    if isinstance(column, Band):
        quantity = Quantity.of_band(column)
    else:
        quantity = Quantity(column.name, None, dict(column.classes))
    scale = Scale.of(quantity, _NOTHING)
    colours = dict(zip(scale.codes or (), scale.colours))
    counts, total = dict(shares), sum(count for _, count in shares)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", width=1)
    table.add_column("code", justify="right")
    table.add_column(f"class of {column.name}", overflow="fold")
    table.add_column("share", justify="right", no_wrap=True)
    names = sorted((quantity.classes or {}).items(), key=lambda pair: (-counts.get(pair[0], 0), pair[0]))
    for code, name in names[:_CLASSES]:
        red, green, blue = colours[code]
        share = "" if not shares else f"{100 * counts[code] / total:.1f} %" if counts.get(code) else "none"
        swatch = Text("█", Style(color=f"#{red:02x}{green:02x}{blue:02x}"))
        table.add_row(swatch, str(code), Text(name), Text(share, "dim"))
    if len(names) > _CLASSES:
        table.add_row("", "", Text(f"and {len(names) - _CLASSES} more", "dim"), "")
    return table


def _versions(details: Details) -> Facts:
    found = [(f"version {v.number}", f"{str(v.time)[:16].replace('T', ' ')}  {v.what}") for v in details.versions]
    more = len(found) - _VERSIONS
    return [*found[:_VERSIONS], *([("", f"and {more} before them")] if more > 0 else [])]
