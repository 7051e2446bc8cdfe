"""Cells that are alike in all that is asked of them are counted once, and what is asked is computed of their values.

``FROM ndvi JOIN dem GROUP BY floor(ndvi / 0.1), elevation // 500 SELECT count(*)`` asks of each cell for a whole
number of 16 bits, and for one of a few classes of a height that is the same at every date. The engine counts such pairs
by their place in a table; quotients, conditions and means are then of some thousand rows. The values of the height are
numbered in the tile rows of their layer, before these meet those of many dates.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.alike import alike_in
from cubeql.plan.nodes import Cells, Node, Output
from cubeql.plan.walking import rewrite


def count_alike(plan: Node) -> Node:
    """Count cells that are alike once, where all that is asked of them has few bits."""
    return rewrite(plan, _counted)


def _counted(node: Node) -> Node:
    if not isinstance(node, Output) or not isinstance(node.input, Cells):
        return node
    found = alike_in(node, node.input)
    return node if found is None else replace(node, input=found)
