"""What stands where results will be: how to begin, and statements made of the layers that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import combinations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cubeql.errors import CubeQLError
from cubeql.sessions import AnySession
from cubeql_tui import examples
from cubeql_tui.examples import Example
from cubeql_tui.looking import GoneOnError, Looker
from cubeql_tui.snapshot import LayerFacts

Steps = Callable[[str], RenderableType]
"""Words to begin with, their keys in a colour."""

_AFTER_S = 0.3  # the screen stands first
_PATIENCE_S = 3.0  # an example that takes longer is none
_TRIES = 6
_FILL = (
    ("cubeql ingest scene.tif --layer name", "brings rasters in; also points and polygons"),
    ("cubeql demo", "builds a store to try"),
    ("CREATE VIEW scene AS RASTER 'scene.tif'", "reads a raster where it lies: it can be asked here"),
)


class Welcome(VerticalScroll, can_focus=False):
    """The first steps and examples; one of these is chosen and runs.

    Args:
        steps: what to do first, with its keys in a colour.
        asides: lends its store to the search for examples.
    """

    DEFAULT_CSS = """
    Welcome { height: 1fr; padding: 1 2; scrollbar-size: 1 1; }
    Welcome Static { height: auto; width: 1fr; }
    Welcome #to-begin { display: none; margin-top: 1; text-style: bold; }
    Welcome OptionList, Welcome OptionList:focus { height: auto; border: none; padding: 0; background: $background;
                                                   background-tint: transparent; display: none; }
    Welcome.-found #to-begin, Welcome.-found OptionList { display: block; }
    """

    class Found(Message):
        """A statement that gives rows."""

        def __init__(self, example: Example) -> None:
            self.example = example
            super().__init__()

    class Chosen(Message):
        """An example is to be run."""

        def __init__(self, example: Example) -> None:
            self.example = example
            super().__init__()

    def __init__(self, steps: Steps, asides: AnySession, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.examples: list[Example] = []
        self._steps, self._asides = steps, asides
        self._looker: Looker | None = None
        self._due: Timer | None = None
        self._empty = False

    def compose(self) -> ComposeResult:
        """The steps, and the examples below."""
        yield Static(self._steps(self.app.theme_variables["accent"]), id="steps")
        yield Static("Or begin with one of these: ↓ goes there, Enter runs it.", id="to-begin")
        yield OptionList()

    def on_unmount(self) -> None:
        """Nobody waits for examples."""
        if self._looker is not None:
            self._looker.close()

    def know(self, layers: Sequence[LayerFacts]) -> None:
        """These layers are there."""
        self._empty = not layers
        self.recolour()
        if layers and self.display and self._due is None:
            self._due = self.set_timer(_AFTER_S, lambda: self._look(tuple(layers)))

    def recolour(self) -> None:
        """Follow the theme."""
        words = empty_text if self._empty else self._steps
        self.query_one("#steps", Static).update(words(self.app.theme_variables["accent"]))

    @property
    def offers(self) -> bool:
        """Whether there is an example to go to."""
        return bool(self.display and self.examples)

    def enter(self) -> None:
        """Go to the examples."""
        self.query_one(OptionList).focus()

    @work(thread=True, group="examples")
    def _look(self, layers: tuple[LayerFacts, ...]) -> None:
        self._looker = Looker(self._asides)
        with suppress(GoneOnError, CubeQLError):
            for example in beginnings(layers, self._looker):
                self.post_message(self.Found(example))

    @on(Found)
    def _found(self, event: Found) -> None:
        self.examples.append(event.example)
        shown = self.query_one(OptionList)
        shown.add_option(Option(_offer(event.example)))
        self.add_class("-found")
        if shown.highlighted is None:
            shown.highlighted = 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self.examples[event.option_index]))


def beginnings(layers: Sequence[LayerFacts], looker: Looker) -> Iterator[Example]:
    """One example of a map, one of a join, one of values over time: those of the first layers that give rows.

    Raises:
        CubeQLError: the store cannot be read.
        GoneOnError: nobody waits any more.
    """
    ticket = looker.begin()
    grids = [facts for facts in layers if facts.record.kind == "grid" and facts.rows]
    grids.sort(key=lambda facts: (facts.record.time is not None, facts.record.resolution))
    for kind in (_maps(grids), _joins(layers, looker, ticket), _series(grids, looker, ticket)):
        for tried, example in enumerate(kind):
            if looker.answers(example.text, ticket, _PATIENCE_S):
                yield example
                break
            if tried >= _TRIES:
                break


def _maps(grids: Sequence[LayerFacts]) -> Iterator[Example]:
    yield from (examples.on_the_map(facts, None) for facts in grids)


def _joins(layers: Sequence[LayerFacts], looker: Looker, ticket: int) -> Iterator[Example]:
    """Layers of close resolutions first: the values of one cell are then about the same place."""
    there = [facts for facts in layers if facts.rows and facts.record.kind != "zones"]
    pairs = sorted(combinations(there, 2), key=lambda pair: abs(pair[0].record.resolution - pair[1].record.resolution))
    for one, other in pairs:
        finer = max(one, other, key=lambda facts: facts.record.resolution)
        sight = looker.sight(finer, ticket)
        example = examples.joined(one, other, sight) if sight is not None else None
        if example is not None:
            yield example


def _series(grids: Sequence[LayerFacts], looker: Looker, ticket: int) -> Iterator[Example]:
    for facts in grids:
        sight = looker.sight(facts, ticket) if facts.record.time is not None else None
        if sight is not None and sight.times > 1:
            yield examples.over_time(facts, sight)


def _offer(example: Example) -> Text:
    """What an example is good for, and its statement below."""
    return Text.assemble((example.why, "bold"), "\n", ("  " + " ".join(example.text.split()), "dim"))


def empty_text(accent: str) -> Group:
    """How a store without layers is filled."""
    grid = Table.grid(padding=(0, 2))
    for written, said in _FILL:
        grid.add_row(Text(written, f"bold {accent}"), Text(said))
    after = Text("\nThe list of layers is read anew by ^r, and after each statement that changes the store.", "dim")
    return Group(Text("This store has no layers yet.\n", "bold"), grid, after)
