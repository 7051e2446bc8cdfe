"""The list of layers: found by a word, looked at, put into the editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static, Tree
from textual.widgets.tree import TreeNode

from cubeql_tui import asking
from cubeql_tui.actions import Place, bindings
from cubeql_tui.snapshot import LayerFacts, Snapshot


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a line of the tree stands for: a layer, or one of its bands or attributes."""

    facts: LayerFacts
    band: str | None = None

    @property
    def name(self) -> str:
        """The name that a statement knows it by."""
        return self.band or self.facts.record.name

    def answers(self, words: list[str]) -> bool:
        """Whether every word is somewhere in what is known of it."""
        known = " ".join([self.facts.record.name, *(text for _, text in self.facts.lines(self.band)), self.band or ""])
        return all(word in known.casefold() for word in words)


@dataclass(frozen=True, slots=True)
class Kept:
    """A line for what is kept under a name and is no layer: a view, a set of cells."""

    name: str
    kind: str
    about: str

    def answers(self, words: list[str]) -> bool:
        """Whether every word is somewhere in what is known of it."""
        known = f"{self.name} {self.kind} {self.about}".casefold()
        return all(word in known for word in words)


Line = Leaf | Kept


class LayerTree(Tree[Line]):
    """Layers by collection, with their bands; then views and sets of cells."""

    PLACE: ClassVar[Place] = "layers"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]
    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "

    class InsertAsked(Message):
        """A name is to be put into the editor."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class MapAsked(Message):
        """A layer or band is to be seen on the map."""

        def __init__(self, leaf: Leaf) -> None:
            self.leaf = leaf
            super().__init__()

    class PreviewAsked(Message):
        """Rows of a layer or view are to be seen."""

        def __init__(self, statement: str) -> None:
            self.statement = statement
            super().__init__()

    def fill(self, snapshot: Snapshot, sought: str = "") -> None:
        """Show the layers that answer to what is sought."""
        self.clear()
        words = sought.casefold().split()
        collections: dict[str, TreeNode[Line]] = {}
        for facts in snapshot.facts:
            leaves = [Leaf(facts, name) for name, _ in facts.columns]
            found = leaves if Leaf(facts).answers(words) else [leaf for leaf in leaves if leaf.answers(words)]
            if found or Leaf(facts).answers(words):
                self._add(facts, found, collections, expand=bool(words))
        for kept in _kept(snapshot):
            if kept.answers(words):
                heading = f"{kept.kind}s"
                above = collections.get(heading) or self.root.add(Text(heading, "italic"), expand=True)
                collections[heading] = above
                above.add_leaf(Text(kept.name, "bold"), kept)
        self.root.expand()

    def _add(self, facts: LayerFacts, leaves: list[Leaf], collections: dict[str, TreeNode[Line]], expand: bool) -> None:
        collection, _, name = facts.record.name.rpartition(".")
        above = self.root
        if collection:
            above = collections.get(collection) or self.root.add(Text(collection, "italic"), expand=True)
            collections[collection] = above
        node = above.add(_layer_label(name, facts), Leaf(facts), expand=expand)
        besides = dict(facts.columns)
        for leaf in leaves:
            node.add_leaf(Text.assemble(leaf.name, ("  " + besides[leaf.name], "dim")), leaf)

    @property
    def line(self) -> Line | None:
        """What the cursor is on."""
        return self.cursor_node.data if self.cursor_node is not None else None

    @property
    def leaf(self) -> Leaf | None:
        """The layer or band that the cursor is on."""
        return self.line if isinstance(self.line, Leaf) else None

    def render_label(self, node: TreeNode[Line], base_style: Style, style: Style) -> Text:
        """A line of the tree; layers that can be opened have an arrow."""
        label = node.label.copy() if isinstance(node.label, Text) else Text(str(node.label))
        label.stylize_before(style)
        arrow = (self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE) if node.allow_expand else ""
        return Text.assemble((arrow, base_style + Style(dim=True)), label)

    def action_search(self) -> None:
        """Go to the words that are sought."""
        self.screen.query_one("#search", Input).focus()

    def action_insert(self) -> None:
        """Put the name under the cursor into the editor."""
        if self.line is not None:
            self.post_message(self.InsertAsked(asking.name(self.line.name)))

    def action_map(self) -> None:
        """See the layer or band under the cursor on the map."""
        if self.leaf is not None:
            self.post_message(self.MapAsked(self.leaf))

    def action_preview(self) -> None:
        """Ask for rows of the layer or view under the cursor."""
        match self.line:
            case Leaf(facts, band):
                columns = band if facts.record.bands else None
                self.post_message(self.PreviewAsked(asking.preview(facts.record.name, columns)))
            case Kept(name, "view"):
                self.post_message(self.PreviewAsked(asking.preview(name)))


class LayersPane(Vertical):
    """The tree with a field to search it above, and what is known of the line under the cursor below."""

    DEFAULT_CSS = """
    LayersPane { width: 34; border: round $border; border-title-color: $quiet; padding: 0 0 0 1;
                 border-subtitle-color: $quiet; }
    LayersPane:focus-within { border: round $primary; border-title-color: $primary; }
    LayersPane Input { border: none; height: 1; padding: 0; background: $background; color: $foreground; }
    LayersPane Input:focus { background: $panel; }
    LayersPane LayerTree { height: 1fr; padding: 0; margin-top: 1; background: $background;
                            background-tint: transparent; scrollbar-size: 1 1; }
    LayersPane LayerTree:focus { background-tint: transparent; }
    LayersPane #facts { height: auto; max-height: 50%; padding: 0 1 0 0; border-top: solid $border; }
    LayersPane .empty { color: $quiet; padding: 1 1; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.snapshot = Snapshot()
        self.border_title = "Layers"

    def compose(self) -> ComposeResult:
        """The field, the tree, the facts."""
        yield Input(placeholder="/ search", id="search", compact=True)
        tree: LayerTree = LayerTree("layers", id="tree")
        tree.show_root = False
        tree.guide_depth = 2
        tree.show_guides = False
        yield tree
        yield Static("", id="none", classes="empty")
        yield Static("", id="facts")

    def show(self, snapshot: Snapshot) -> None:
        """Show what a store holds now."""
        self.snapshot = snapshot
        self._fill()

    def _fill(self) -> None:
        tree, sought = self.query_one(LayerTree), self.query_one(Input).value
        tree.fill(self.snapshot, sought)
        empty = self.query_one("#none", Static)
        empty.display = not tree.root.children
        empty.update(
            f"Nothing here answers to “{sought}”." if sought.strip() else
            "This store has no layers yet. `cubeql ingest` brings rasters in; `cubeql demo` builds a store to try."
        )  # fmt: skip
        if tree.root.children:
            tree.cursor_line = 0
            self._tell(tree.root.children[0].data)
        else:
            self._tell(None)

    @on(Input.Changed, "#search")
    def _sought(self) -> None:
        self._fill()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self.query_one(LayerTree).focus()

    @on(Tree.NodeHighlighted)
    def _highlighted(self, event: Tree.NodeHighlighted[Line]) -> None:
        self._tell(event.node.data)

    def _tell(self, line: Line | None) -> None:
        facts = self.query_one("#facts", Static)
        facts.display = line is not None
        if line is not None:
            facts.update(_facts_text(line))


def _layer_label(name: str, facts: LayerFacts) -> Text:
    record = facts.record
    beside = f"  res {record.resolution}" if record.kind == "grid" else f"  {record.kind}"
    years = "" if facts.first is None or facts.last is None else _years(str(facts.first)[:4], str(facts.last)[:4])
    return Text.assemble((name, "bold"), (beside, "dim"), (f" · {years}" if years else "", "dim"))


def _years(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last[2:] if first[:2] == last[:2] else last}"


def _kept(snapshot: Snapshot) -> list[Kept]:
    """The views and sets of cells of a store."""
    found = [Kept(name, "view", " ".join((snapshot.view(name) or "").split())) for name in snapshot.view_names()]
    for name in snapshot.cell_set_names():
        cells = snapshot.cell_set(name)
        if cells is not None:
            found.append(Kept(name, "cell set", f"{cells.count:,} cells of resolution {cells.resolution}"))
    return found


def _facts_text(line: Line) -> Text:
    text = Text(line.name, "bold", no_wrap=False)
    for heading, said in line.facts.lines(line.band) if isinstance(line, Leaf) else [(line.kind, line.about)]:
        text.append(f"\n{heading} " if heading else "\n", "dim")
        text.append(said if len(said) <= 160 else said[:159] + "…", "not bold")
    return text
