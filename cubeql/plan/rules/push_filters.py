"""Conditions are tested as soon as their columns stand: those of tile rows before tiles are taken apart.

A condition on scalars of the driver (``month(time) = 6``) becomes a row filter: tile rows that fail never reach
the arrays. All other conditions of a query of layers become cell filters of the same node.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import Bound, Column, InRegion, InSubquery, walk
from cubeql.plan.nodes import CellJoin, Cells, Filtered, Node
from cubeql.plan.walking import rewrite


def push_filters(plan: Node) -> Node:
    """Move the conditions of every filter over cells into the cells."""
    return rewrite(plan, _push)


def _push(node: Node) -> Node:
    if not isinstance(node, Filtered):
        return node
    if isinstance(node.input, Cells):
        return _into_cells(node.input, node.conditions)
    if isinstance(node.input, CellJoin):
        return _below_join(node, node.input)
    return node


def _below_join(node: Filtered, join: CellJoin) -> Node:
    """Conditions that do not read the joined side are tested before it is met; every join keeps or drops whole rows."""
    early = tuple(c for c in node.conditions if _reads_only_left(c, join))
    late = tuple(c for c in node.conditions if c not in early)
    if not early:
        return node
    pushed = replace(join, left=_push(Filtered(join.left, early)))
    return Filtered(pushed, late) if late else pushed


def _reads_only_left(condition: Bound, join: CellJoin) -> bool:
    return all(not isinstance(p, Column) or p.source != join.source for p in walk(condition))


def _into_cells(cells: Cells, conditions: tuple[Bound, ...]) -> Cells:
    rows = tuple(c for c in conditions if _reads_driver_rows(c, cells))
    others = tuple(c for c in conditions if c not in rows)
    return replace(
        cells,
        row_filters=cells.row_filters + rows,
        cell_filters=cells.cell_filters + others,
    )


def _reads_driver_rows(condition: Bound, cells: Cells) -> bool:
    layer = cells.driver.scan.layer
    scalars = {"time", *(d.name for d in layer.dimensions)}
    return all(_is_row_level(part, scalars) for part in walk(condition))


def _is_row_level(part: Bound, scalars: set[str]) -> bool:
    if isinstance(part, (InRegion, InSubquery)):
        return False
    return not isinstance(part, Column) or (part.source == 0 and part.name in scalars)
