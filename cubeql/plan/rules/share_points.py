"""A grid that is joined to points is read only in the tiles that hold some of them."""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import CellJoin, Cells, Filtered, Node, RowScan
from cubeql.plan.walking import rewrite


def share_points(plan: Node) -> Node:
    """Let the cells that an inner or semi join meets points with know these points."""
    return rewrite(plan, _share)


def _share(node: Node) -> Node:
    if isinstance(node, CellJoin) and node.kind in ("inner", "semi") and isinstance(node.right, RowScan):
        return replace(node, left=_with(node.left, node.right.name))
    return node


def _with(node: Node, points: str) -> Node:
    match node:
        case Cells():
            return replace(node, points=(*node.points, points))
        case Filtered(input=source):
            return replace(node, input=_with(source, points))
        case CellJoin(left=left):
            return replace(node, left=_with(left, points))
    return node
