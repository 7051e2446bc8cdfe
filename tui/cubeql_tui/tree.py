"""The tree of what a store holds: layers by collection with their bands, views, sets of cells, and what is damaged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input, Tree
from textual.widgets.tree import TreeNode

from cubeql_tui import asking
from cubeql_tui.actions import Place, bindings
from cubeql_tui.finding import Fact, Known, Match, around, match
from cubeql_tui.snapshot import Damaged, LayerFacts, Snapshot, cell_text

DAMAGED = "damaged"
_TO_DO = "The others are whole. `cubeql doctor` looks closer; DROP LAYER removes it."
_ROOM = 31  # characters of a line while the tree has no size yet


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a line of the tree stands for: a layer, or one of its bands or attributes."""

    facts: LayerFacts
    band: str | None = None

    @property
    def name(self) -> str:
        """The name that a statement knows it by."""
        return self.band or self.facts.record.name

    def known(self) -> list[Fact]:
        """What it is found by."""
        return self.facts.facts(self.band)

    def lines(self) -> list[tuple[str, str]]:
        """What is to be said of it, as (heading, text)."""
        return self.facts.lines(self.band)


@dataclass(frozen=True, slots=True)
class Kept:
    """A line for what is kept under a name and is no layer: a view, a set of cells, a layer that cannot be read."""

    name: str
    kind: str
    about: str

    def known(self) -> list[Fact]:
        """What it is found by."""
        return [Known(0, "name", self.name), Known(4, "kind", self.kind), Known(7, "is", self.about)]

    def lines(self) -> list[tuple[str, str]]:
        """What is to be said of it, as (heading, text)."""
        return [(self.kind, self.about), *([("", _TO_DO)] if self.kind == DAMAGED else [])]


Line = Leaf | Kept


@dataclass(frozen=True, slots=True)
class Branch:
    """A layer, a view or a set of cells in the tree, with the lines below it; a better match comes first."""

    match: Match
    line: Line
    leaves: tuple[tuple[Leaf, Match | None], ...] = ()
    found_below: bool = False


def branches(snapshot: Snapshot, words: Sequence[str]) -> list[Branch]:
    """What answers to words in small letters, the best match first; without words all, as the store has it."""
    found = [_branch(facts, words) for facts in snapshot.facts]
    for kept in kept_in(snapshot):
        matched = match(words, kept.known())
        found.append(None if matched is None else Branch(matched, kept))
    there = [branch for branch in found if branch is not None]
    return sorted(there, key=lambda branch: branch.match) if words else there


def _branch(facts: LayerFacts, words: Sequence[str]) -> Branch | None:
    layer = match(words, Leaf(facts).known())
    leaves = [(leaf, match(words, leaf.known())) for leaf in (Leaf(facts, name) for name, _ in facts.columns)]
    own = [m for leaf, m in leaves if m is not None and _of_its_own(leaf, words)]
    if layer is None and not own:
        return None
    below = bool(words) and bool(own)
    shown = tuple((leaf, m if below else None) for leaf, m in leaves if layer is not None or m is not None)
    return Branch(min(m for m in (layer, *own) if m is not None), Leaf(facts), shown, below)


def _of_its_own(leaf: Leaf, words: Sequence[str]) -> bool:
    """Whether a word is in something that is known of a band, and not only in the name of its layer."""
    own = [fact for fact in leaf.known() if fact.rank != 1 or not isinstance(fact, Known) or fact.heading != "layer"]
    return any(fact.holds(word) for fact in own for word in words)


def kept_in(snapshot: Snapshot) -> list[Kept]:
    """The views and sets of cells of a store, and what of it cannot be read."""
    found = [Kept(name, "view", " ".join((snapshot.view(name) or "").split())) for name in snapshot.view_names()]
    for name in snapshot.cell_set_names():
        cells = snapshot.cell_set(name)
        if cells is not None:
            about = f"{cells.count:,} cells of resolution {cells.resolution}, {cell_text(cells.resolution)}"
            found.append(Kept(name, "cell set", about))
    broken = {damaged.name for damaged in snapshot.damaged}
    found = [kept for kept in found if kept.name not in broken]
    return found + [_damaged(damaged) for damaged in snapshot.damaged]


def _damaged(damaged: Damaged) -> Kept:
    return Kept(damaged.name, DAMAGED, damaged.reason)


class LayerTree(Tree[Line]):
    """Layers by collection, with their bands; then views and sets of cells. While words are sought, the best first."""

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

    class AboutAsked(Message):
        """All that is known of a layer is to be seen."""

        def __init__(self, leaf: Leaf) -> None:
            self.leaf = leaf
            super().__init__()

    def fill(self, snapshot: Snapshot, sought: str = "") -> None:
        """Show what answers to what is sought; what was open and under the cursor stays so where it is still there."""
        opened, at = {_key(node.data) for node in self._all_nodes() if node.is_expanded}, _key(self.line)
        self.clear()
        words = sought.casefold().split()
        groups: dict[str, TreeNode[Line]] = {}
        for branch in branches(snapshot, words):
            above = self.root if words else self._group(branch.line, groups)
            self._add(above, branch, words, opened)
        self.root.expand()
        self.cursor_line = 0
        if not words and at is not None:
            self.move_cursor(next((node for node in self._all_nodes() if _key(node.data) == at), None))

    def _all_nodes(self) -> Iterable[TreeNode[Line]]:
        waiting = list(self.root.children)
        while waiting:
            node = waiting.pop(0)
            yield node
            waiting += node.children

    def _group(self, line: Line, groups: dict[str, TreeNode[Line]]) -> TreeNode[Line]:
        """The node of a collection, or of views and such."""
        heading = f"{line.kind}s" if isinstance(line, Kept) else line.facts.record.name.rpartition(".")[0]
        if isinstance(line, Kept) and line.kind == DAMAGED:
            heading = DAMAGED
        if not heading:
            return self.root
        if heading not in groups:
            groups[heading] = self.root.add(Text(heading, "italic"), expand=True)
        return groups[heading]

    def _add(
        self, above: TreeNode[Line], branch: Branch, words: Sequence[str], opened: set[tuple[str, str] | None]
    ) -> None:
        line, depth = branch.line, 0 if above is self.root else 1
        room = (self.size.width or _ROOM) - 2 * depth - 3
        if isinstance(line, Kept):
            above.add_leaf(self._found(_kept_label(line), words, branch.match, room), line)
            return
        whole = bool(words) or not depth
        name = line.name if whole else line.name.rpartition(".")[2]
        label = _layer_label(name, line.facts, 0 if branch.match.heading and not branch.found_below else room)
        own = Match(0, 0) if branch.found_below else branch.match
        expand = branch.found_below or (not words and _key(line) in opened)
        node = above.add(self._found(label, words, own, room), line, expand=expand)
        besides = dict(line.facts.columns)
        for leaf, matched in branch.leaves:
            label = Text.assemble(leaf.name, ("  " + besides[leaf.name], "dim"))
            node.add_leaf(self._found(label, words, matched, room - 2), leaf)

    def _found(self, label: Text, words: Sequence[str], matched: Match | None, room: int) -> Text:
        """A label with what was sought marked, and why it was found where its name does not tell."""
        if not words or matched is None:
            return label
        if matched.heading and not all(word in label.plain.casefold() for word in words):
            label = label[: len(label.plain.split("  ")[0])]
            label.append(f"  {matched.heading} ", "dim italic")
            label.append(around(matched.text, words, max(8, room - label.cell_len)), "dim")
        label.highlight_words(words, f"{self.app.theme_variables['accent']} not dim", case_sensitive=False)
        return label

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

    def action_about(self) -> None:
        """See all that is known of the layer under the cursor; a heading opens and closes."""
        if self.leaf is not None:
            self.post_message(self.AboutAsked(self.leaf))
        elif self.line is None and self.cursor_node is not None:
            self.cursor_node.toggle()

    def action_unfold(self, open: bool) -> None:
        """Show what is below the line under the cursor, or go up and put it away."""
        node = self.cursor_node
        if node is None:
            return
        if open:
            node.expand()
        elif node.is_expanded and node.children:
            node.collapse()
        elif node.parent is not None and not node.parent.is_root:
            self.move_cursor(node.parent)

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


def _key(line: Line | None) -> tuple[str, str] | None:
    """What a line is known by when the store was read anew."""
    if line is None:
        return None
    return (line.name, "") if isinstance(line, Kept) else (line.facts.record.name, line.band or "")


def _kept_label(kept: Kept) -> Text:
    """A view, a set of cells, or what is damaged."""
    style = "bold red" if kept.kind == DAMAGED else "bold"
    return Text.assemble((kept.name, style), (f"  {kept.kind}", "dim"))


def _layer_label(name: str, facts: LayerFacts, room: int) -> Text:
    """The name, and as much of resolution, size of the cells and years as there is room for."""
    record, grid = facts.record, facts.record.kind == "grid"
    said = [f"res {record.resolution}" if grid else record.kind]
    if grid:
        said.append(cell_text(record.resolution))
    if facts.first is not None and facts.last is not None:
        said.append(_years(str(facts.first)[:4], str(facts.last)[:4]))
    while len(said) > 1 and len(name) + 2 + len(" · ".join(said)) > room:
        said.pop()
    return Text.assemble((name, "bold"), ("  " + " · ".join(said), "dim"))


def _years(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last[2:] if first[:2] == last[:2] else last}"
