"""Layers that must meet are read only in the tiles that all of them have.

``FROM s2 JOIN dem FILTER elevation > 2000``: no row of ``s2`` is read in tiles that ``dem`` has no row for. Where rows
meet cell by cell, the right side is read in the tiles of the left.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import CellJoin, Cells, Filtered, Node, Output, Rows, TileJoin
from cubeql.plan.nulls import needed_by
from cubeql.plan.rules.share_keys import is_of_groups
from cubeql.plan.rules.share_regions import passes_cells
from cubeql.plan.walking import rewrite


def share_tiles(plan: Node) -> Node:
    """Mark the joins that drop cells for which the joined layer has no row, and cells that meet cells of others."""
    return rewrite(plan, _share)


def _share(node: Node) -> Node:
    match node:
        case Cells(joins=joins, cell_filters=conditions):
            needed = {source for c in conditions for source, _ in needed_by(c)}
            return replace(node, joins=tuple(replace(j, narrows=_narrows(j, needed)) for j in joins))
        case CellJoin(left=left, right=right):
            met = _cells_of(left)
            return node if met is None else replace(node, right=_meeting(right, met))
    return node


def _narrows(join: TileJoin, needed: set[int]) -> bool:
    """Whether a cell that the joined layer has no row for is dropped, by the join or by a condition on the layer."""
    scan = join.aligned.scan
    return scan.zones is None and (join.kind in ("inner", "semi") or (join.kind == "left" and scan.source in needed))


def _cells_of(node: Node) -> Cells | None:
    """The cells that all rows of a relation are of."""
    match node:
        case Cells():
            return node
        case Filtered(input=source):
            return _cells_of(source)
        case CellJoin(left=left):
            return _cells_of(left)
        case Rows(query=Output() as output) if passes_cells(output):
            return _cells_of(output.input)
    return None


def _meeting(node: Node, met: Cells) -> Node:
    """A joined layer, or a query of one that keeps its cells, read where it can meet others."""
    match node:
        case Cells() if node.resolution <= met.resolution and node.met is None:
            return replace(node, met=met.name)
        case Filtered(input=source):
            return replace(node, input=_meeting(source, met))
        case Rows(query=Output() as output) if is_of_groups(output) and passes_cells(output):
            return replace(node, query=replace(output, input=_meeting(output.input, met)))
    return node
