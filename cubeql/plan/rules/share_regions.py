"""A layer that meets a subquery by cell is read only where the subquery's cells can be.

``WITH w AS (FROM climate FILTER cell WITHIN …) FROM w JOIN dem``: no cell of ``dem`` outside the region meets anything,
so that its scan is given the region, too. It prunes tiles and tests nothing: the join decides.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import GRID, Bound, Column, Key, RegionRef
from cubeql.plan.nodes import CellJoin, Cells, Filtered, Node, Output, Rows
from cubeql.plan.walking import rewrite


def share_regions(plan: Node) -> Node:
    """Give the region of the left side of every join of cells to the layer on its right."""
    return rewrite(plan, _share)


def _share(node: Node) -> Node:
    if not (isinstance(node, CellJoin) and isinstance(node.right, Cells)):
        return node
    region = _region_of(node.left)
    cells = node.right
    if region is None or cells.driver.scan.region is not None or cells.driver.is_coarser:
        return node
    scan = replace(cells.driver.scan, region=region)
    return replace(node, right=replace(cells, driver=replace(cells.driver, scan=scan)))


def _region_of(node: Node) -> RegionRef | None:
    """A region that all cells of a relation lie in."""
    match node:
        case Cells(regions=regions):
            return next((r.region for r in regions if r.required), None)
        case Filtered(input=source):
            return _region_of(source)
        case CellJoin(left=left):
            return _region_of(left)
        case Rows(query=Output() as output):
            return _region_of(output.input) if _passes_cells(output) else None
    return None


def _passes_cells(output: Output) -> bool:
    """Whether the cell of a subquery is its input's own, not an ancestor of it."""
    for item in output.items:
        expr: Bound = item.expr
        if item.name == "cell" and isinstance(expr, Key) and output.group_by is not None:
            expr = output.group_by[expr.index]
        if item.name == "cell":
            is_rows_cell = isinstance(output.input, Rows) and isinstance(expr, Column) and expr.name == "cell"
            return isinstance(expr, Column) and (expr.source == GRID or is_rows_cell)
    return False
