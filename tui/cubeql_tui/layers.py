"""The list of layers: found by a word, looked at, put into the editor."""

from __future__ import annotations

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static, Tree

from cubeql.errors import CubeQLError, QueryCancelled
from cubeql.sessions import AnySession
from cubeql_tui.finding import around
from cubeql_tui.looking import Details, GoneOnError, Looker, Picture
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.thumbnail import Thumbnail, picture_text
from cubeql_tui.tree import DAMAGED, LayerTree, Leaf, Line

_REST_S = 0.15  # a cursor that only passes asks nothing
_PICTURE_LINES = 9
_MOST = 120  # characters of one fact
_MOST_OF = {"licence": 60, DAMAGED: 300}
_LAST = ("size", "licence", "made by")  # what gives way where there is little room
_EMPTY = "This store has no layers yet. `cubeql ingest` brings rasters in; `cubeql demo` builds a store to try."


class LayersPane(Vertical):
    """The tree with a field to search it above; below what is known of the line under the cursor, and how it looks.

    Args:
        asides: lends its store to what is asked while the cursor rests.
    """

    DEFAULT_CSS = """
    LayersPane { width: 34; border: round $border; border-title-color: $quiet; padding: 0 0 0 1;
                 border-subtitle-color: $quiet; }
    LayersPane:focus-within { border: round $primary; border-title-color: $primary; }
    LayersPane Input { border: none; height: 1; padding: 0; background: $background; color: $foreground; }
    LayersPane Input:focus { background: $panel; }
    LayersPane LayerTree { height: 1fr; padding: 0; margin-top: 1; background: $background;
                            background-tint: transparent; scrollbar-size: 1 1; }
    LayersPane LayerTree:focus { background-tint: transparent; }
    LayersPane #about-line { height: auto; max-height: 50%; padding: 0 1 0 0; border-top: solid $border; }
    LayersPane #facts { height: auto; }
    LayersPane Thumbnail, LayersPane #colours { display: none; }
    LayersPane #colours { height: auto; }
    LayersPane .empty { color: $quiet; padding: 1 1; display: none; }
    """

    class Detailed(Message):
        """More is known of a line."""

        def __init__(self, line: Line, details: Details | None, picture: Picture | None) -> None:
            self.line, self.details, self.picture = line, details, picture
            super().__init__()

    def __init__(self, asides: AnySession, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.snapshot = Snapshot()
        self.looker = Looker(asides)
        self.border_title = "Layers"
        self._resting: Timer | None = None
        self._line: Line | None = None

    def compose(self) -> ComposeResult:
        """The field, the tree, the facts, the picture."""
        yield Input(placeholder="/ search", id="search", compact=True)
        tree: LayerTree = LayerTree("layers", id="tree")
        tree.show_root = False
        tree.guide_depth = 2
        tree.show_guides = False
        tree.auto_expand = False
        yield tree
        yield Static("", id="none", classes="empty")
        with Vertical(id="about-line"):
            yield Static("", id="facts")
            yield Thumbnail()
            yield Static("", id="colours")

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.looker.close()

    def recolour(self) -> None:
        """Follow the theme."""
        self._fill()
        self.query_one(Thumbnail).redraw()

    # -------------------------------------------------------------- what there is

    def show(self, snapshot: Snapshot) -> None:
        """Show what a store holds now."""
        self.snapshot = snapshot
        self._fill()

    @property
    def sought(self) -> list[str]:
        """The words that are sought, in small letters."""
        return self.query_one(Input).value.casefold().split()

    def _fill(self) -> None:
        tree = self.query_one(LayerTree)
        tree.fill(self.snapshot, self.query_one(Input).value)
        empty = self.query_one("#none", Static)
        empty.display = not tree.root.children
        sought = self.query_one(Input).value
        empty.update(Text(f"Nothing here answers to “{sought}”." if self.sought else _EMPTY))
        self._tell(tree.line if tree.line is not None or not tree.root.children else tree.root.children[0].data)

    # -------------------------------------------------------------- searching

    @on(Input.Changed, "#search")
    def _sought(self) -> None:
        self._fill()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self.query_one(LayerTree).focus()

    def on_key(self, event: events.Key) -> None:
        """From the field, down goes to what was found, and Escape forgets what was sought."""
        field = self.query_one(Input)
        if not field.has_focus or event.key not in ("down", "escape"):
            return
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            field.value = ""
        self.query_one(LayerTree).focus()

    # -------------------------------------------------------------- the line under the cursor

    @on(Tree.NodeHighlighted)
    def _highlighted(self, event: Tree.NodeHighlighted[Line]) -> None:
        self._tell(event.node.data)

    def _tell(self, line: Line | None) -> None:
        self._line = line
        about = self.query_one("#about-line")
        about.display = line is not None
        about.remove_class("-pictured")
        if line is not None:
            self._say(line, None)
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._rest)

    def _say(self, line: Line, details: Details | None) -> None:
        text = Text(line.name, "bold", no_wrap=False)
        told = [*line.lines(), *(details.lines() if details else ())]
        for heading, said in sorted(told, key=lambda fact: _LAST.index(fact[0]) if fact[0] in _LAST else -1):
            style = "red" if heading == DAMAGED else "dim"
            text.append(f"\n{heading} " if heading else "\n", style)
            text.append(around(said, self.sought, _MOST_OF.get(heading, _MOST)), "not bold")
        if self.sought:
            text.highlight_words(self.sought, self.app.theme_variables["accent"], case_sensitive=False)
        self.query_one("#facts", Static).update(text)

    def _rest(self) -> None:
        """The cursor stays: look closer."""
        if self.screen is not self.app.screen:  # a page lies over it, and looks by itself
            return
        ticket = self.looker.begin()
        if isinstance(self._line, Leaf) and self.display:
            high = self.screen.has_class("-high")
            size = (self.query_one("#about-line").content_size.width, 2 * _PICTURE_LINES if high else 0)
            self._look(self._line, size, ticket)

    @work(thread=True, group="look")
    def _look(self, leaf: Leaf, size: tuple[int, int], ticket: int) -> None:
        try:
            details = self.looker.details(leaf.facts, ticket)
            self.post_message(self.Detailed(leaf, details, None))
            picture = self.looker.picture(leaf.facts, leaf.band, size, ticket)
            self.post_message(self.Detailed(leaf, details, picture))
        except (GoneOnError, QueryCancelled):
            return
        except CubeQLError:  # a statement on the layer tells what is wrong; a look in passing is no place for it
            return

    @on(Detailed)
    def _detailed(self, event: Detailed) -> None:
        if event.line != self._line:
            return
        self._say(event.line, event.details)
        if event.picture is not None:
            self.query_one(Thumbnail).show(event.picture)
            room = max(10, self.query_one("#about-line").content_size.width)
            self.query_one("#colours", Static).update(picture_text(event.picture, room))
            self.query_one("#about-line").add_class("-pictured")
