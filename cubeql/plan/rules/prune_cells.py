"""Cells that are named are a region of these cells.

``cell = '891e2040193ffff'``, ``cell IN (…)`` and the same of ``CELL(n)`` leave out tiles, and take values by their
slots, as ``cell WITHIN CELL '…'`` does.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import GRID, Apply, Bound, Column, Constant, InRegion, OneOf, RegionRef
from cubeql.plan.asking import with_regions
from cubeql.plan.nodes import Cells, Node
from cubeql.plan.walking import rewrite
from cubeql.values.types import BOOLEAN


def prune_cells(plan: Node) -> Node:
    """Test the cells that conditions name as regions."""
    return rewrite(plan, _prune)


def _prune(node: Node) -> Node:
    if not isinstance(node, Cells) or node.driver.scan.source != 0:
        return node
    tests = tuple(_as_region(c) for c in node.cell_filters)
    if tests == node.cell_filters:
        return node
    return with_regions(replace(node, cell_filters=tests), tests)


def _as_region(condition: Bound) -> Bound:
    """A condition that names cells, as a region of them; any other as it is."""
    match condition:
        case Apply(args=(Constant() as one, operand)) | Apply(args=(operand, Constant() as one)) if (
            condition.function.name == "="
        ):
            items: tuple[Bound, ...] = (one,)
        case OneOf(operand=operand, items=items, negated=False):
            pass
        case _:
            return condition
    cell = operand.args[0] if isinstance(operand, Apply) and operand.function.name == "cell_to_parent" else operand
    level = operand.type.resolution
    named = [i.value for i in items if isinstance(i, Constant) and i.type.resolution == level]
    if level is None or not named or len(named) < len(items) or not isinstance(cell, Column) or cell.source != GRID:
        return condition
    region = RegionRef("cell", tuple(dict.fromkeys(named)), span=condition.span)
    return InRegion(BOOLEAN, cell, region, span=condition.span)
