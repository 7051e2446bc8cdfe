"""The plan as a list of steps, last step first; each tells its depth and whose scan it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from cubeql.plan.alike import Alike
from cubeql.plan.closed import Closed
from cubeql.plan.nodes import (
    CellJoin,
    CellList,
    Cells,
    Combined,
    Filtered,
    HeldByZones,
    HeldCells,
    Node,
    Output,
    Rows,
    RowScan,
    Scan,
    Summaries,
    TileJoin,
    Zoned,
)
from cubeql.plan.shipped import Shipped
from cubeql.plan.walking import layers_of
from cubeql.plan.words import (
    aligned_words,
    condition_words,
    item_words,
    match_words,
    over_words,
    region_words,
    sort_words,
    words,
    zones_words,
)

Role = Literal["limit", "order", "sample", "distinct", "select", "aggregate", "combine", "filter", "query", "join",
               "cells", "summaries", "scan", "told"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A step of a plan.

    Attributes:
        words: what is done.
        role: which kind of work it is; ``told`` is a remark on the step above it.
        node: the part of the plan it stands for.
        depth: how deep it stands below the last step.
        scan: name of the scan that it reads.
    """

    words: str
    role: Role
    node: Node
    depth: int = 0
    scan: str | None = None


def outline(node: Node) -> Iterator[Line]:
    """The steps of a plan."""
    match node:
        case Output():
            yield from _output(node)
            yield from _below(node.input)
        case CellList() | RowScan() | HeldCells() | HeldByZones() | Shipped():
            yield _leaf(node)
        case Closed():
            yield Line(f"view {node.view} ({', '.join(c.name for c in node.columns)})", "scan", node)
        case Combined():
            yield Line(node.operator.upper(), "combine", node)
            yield from _below(node.left, node.right)
        case Filtered():
            yield Line(f"filter {condition_words(node.conditions)}", "filter", node)
            yield from _below(node.input)
        case Rows():
            yield Line(f"subquery {node.written}", "query", node)
            yield from _below(node.query)
        case CellJoin():
            said = f"{node.kind} join by cell, {match_words(node.match)}{over_words(node.over)}"
            yield Line(said, "join", node)
            yield from _below(node.left, node.right)
        case Cells() | Alike() | Summaries():
            yield from _OF_TILES[type(node)](node)


def plan_lines(node: Node, note: Callable[[str], str] = lambda scan: "") -> Iterator[str]:
    """The plan tree, one line a step; ``note`` adds what is known of a scan by its name."""
    for line in outline(node):
        yield f"{'  ' * line.depth}{line.words}{note(line.scan) if line.scan is not None else ''}"


def _below(*nodes: Node, by: int = 1) -> Iterator[Line]:
    for node in nodes:
        for line in outline(node):
            yield replace(line, depth=line.depth + by)


def _output(output: Output) -> Iterator[Line]:
    if output.limit is not None or output.offset is not None:
        limit = output.limit if output.limit is not None else "none"
        yield Line(f"limit {limit}, offset {output.offset or 0}", "limit", output)
    if output.order_by:
        yield Line(f"order by {', '.join(sort_words(s, output) for s in output.order_by)}", "order", output)
    if output.sample is not None:
        yield Line(f"sample {output.sample:g} percent", "sample", output)
    if output.distinct:
        yield Line("distinct", "distinct", output)
    columns = ", ".join(item_words(i.name, words(i.expr, output)) for i in output.items)
    if output.group_by is None:
        yield Line(f"select {columns}", "select", output)
        return
    keys = ", ".join(words(k) for k in output.group_by) or "nothing"
    having = f" having {words(output.having, output)}" if output.having is not None else ""
    yield Line(f"aggregate {columns} by {keys}{having}", "aggregate", output)


def _leaf(node: CellList | RowScan | HeldCells | HeldByZones | Shipped) -> Line:
    match node:
        case Shipped(server=server, text=text):
            return Line(f"shipped to {server}: {text}", "scan", node, scan=node.name)
        case CellList(cells=cells):
            return Line(f"cells {cells.name}: {cells.count} of resolution {cells.resolution}", "scan", node)
        case HeldByZones(scan=Scan(zones=Zoned() as zones) as scan):
            return Line(f"{zones_words(scan, zones)}, asked one by one", "scan", node, scan=scan.name)
        case HeldByZones(scan=scan):
            return Line(scan.written, "scan", node)
        case HeldCells(scan=scan):
            said = f"cells of {scan.written} that hold points ({', '.join(scan.bands)})"
            return Line(said, "scan", node, scan=scan.name)
    name = node.written if node.written == node.layer.name else f"{node.layer.name} AS {node.written}"
    within = f", prunes by {region_words(node.region)}" if node.region is not None else ""
    said = f"scan {node.layer.kind} {name} ({', '.join(node.columns)}){within}"
    return Line(said, "scan", node, scan=node.name)


def _cells(node: Cells) -> Iterator[Line]:
    yield Line(f"cells of resolution {node.resolution} from tiles of resolution {node.tile}", "cells", node)
    for said in _told(node):
        yield Line(said, "told", node, 1)
    yield Line(f"scan {aligned_words(node.driver)}", "scan", node, 1, node.driver.scan.name)
    for join in node.joins:
        yield Line(_join(join), "join", node, 1, join.aligned.scan.name)


def _alike(node: Alike) -> Iterator[Line]:
    cells, *rest = _cells(node.cells)
    yield from (cells, Line(_counted(node), "told", node, 1), *rest)


def _counted(node: Alike) -> str:
    layers = {a.scan.source: a.scan.written for a in layers_of(node.cells)}
    asked = [name if len(layers) == 1 else f"{layers[source]}.{name}" for source, name in node.bands]
    asked += [f"{words(c.key)} by number where its values are few" for c in node.classed]
    return f"counted once where alike in {', '.join(asked)}"


def _told(node: Cells) -> Iterator[str]:
    if node.reason:
        yield f"arrays are read: {node.reason}"
    if node.cell_filters:
        yield f"filter cells: {condition_words(node.cell_filters)}"
    if node.row_filters:
        yield f"filter tile rows: {condition_words(node.row_filters)}"
    for region in node.regions:
        yield f"mask {region_words(region.region)}{', prunes tiles' if region.required else ''}"
    if node.geometry:
        yield f"geometry: {', '.join(node.geometry)}"


def _summaries(node: Summaries) -> Iterator[Line]:
    scan = node.scan
    assert scan.overview is not None
    what = "classes" if scan.overview.classes is not None else "summaries"
    kind = f"{what} of tiles" if scan.overview.resolution == scan.tile else "overviews"
    yield Line(f"{kind} of resolution {scan.overview.resolution}", "summaries", node)
    if node.row_filters:
        yield Line(f"filter tile rows: {condition_words(node.row_filters)}", "told", node, 1)
    if node.conditions:
        yield Line(f"filter classes: {condition_words(node.conditions)}", "told", node, 1)
    if node.settled or node.flags:
        said = ", ".join(words(c) for c in (*node.settled, *node.flags))
        yield Line(f"where all cells or none: {said}", "told", node, 1)
    read = ", ".join(dict.fromkeys(band for band, _ in scan.overview.statistics)) or "rows"
    name = scan.written if scan.written == scan.layer.name else f"{scan.layer.name} AS {scan.written}"
    yield Line(f"scan {what} of {name} ({read})", "scan", node, 1, scan.name)
    if node.edges is not None:
        rest = ["at the edge of the region"] if node.edges.regions else []
        rest += ["where some cells do"] if node.settled or node.flags else []
        yield Line(f"{' and '.join(rest)}:", "told", node, 1)
        yield from _below(node.edges, by=2)


def _join(join: TileJoin) -> str:
    on = f" on {condition_words((*join.on_rows, *join.on_cells))}" if join.on_rows or join.on_cells else ""
    match = f"{match_words(join.match)}{over_words(join.over)}"
    return f"{join.kind} join by tile {aligned_words(join.aligned)}, {match}{on}"


_OF_TILES: dict[type[Node], Callable[[Any], Iterator[Line]]] = {Cells: _cells, Alike: _alike, Summaries: _summaries}
