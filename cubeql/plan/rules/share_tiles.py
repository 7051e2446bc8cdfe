"""Layers that must meet are read only in the tiles that all of them have.

``FROM s2 JOIN dem FILTER elevation > 2000``: no row of ``s2`` is read in tiles that ``dem`` has no row for.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import Cells, Node, TileJoin
from cubeql.plan.nulls import needed_by
from cubeql.plan.walking import rewrite


def share_tiles(plan: Node) -> Node:
    """Mark the joins that drop cells for which the joined layer has no row."""
    return rewrite(plan, _share)


def _share(node: Node) -> Node:
    if not isinstance(node, Cells):
        return node
    needed = {source for c in node.cell_filters for source, _ in needed_by(c)}
    return replace(node, joins=tuple(replace(j, narrows=_narrows(j, needed)) for j in node.joins))


def _narrows(join: TileJoin, needed: set[int]) -> bool:
    """Whether a cell that the joined layer has no row for is dropped, by the join or by a condition on the layer."""
    scan = join.aligned.scan
    return scan.zones is None and (join.kind in ("inner", "semi") or (join.kind == "left" and scan.source in needed))
