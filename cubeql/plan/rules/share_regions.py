"""A layer that meets a subquery by cell is read only where the subquery's cells can be.

``WITH w AS (FROM climate FILTER cell WITHIN …) FROM w JOIN dem``: no cell of ``dem`` outside the region meets anything,
so that its scan is given the region, too. It prunes tiles and tests nothing: the join decides.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import GRID, Bound, Column, Key, RegionRef
from cubeql.plan.nodes import CellJoin, CellList, Cells, Filtered, Node, Output, Rows
from cubeql.plan.rules.share_keys import is_of_groups
from cubeql.plan.walking import rewrite


def share_regions(plan: Node) -> Node:
    """Give the region of the left side of every join of cells to the layer on its right."""
    return rewrite(plan, _share)


def _share(node: Node) -> Node:
    if not isinstance(node, CellJoin):
        return node
    region = _region_of(node.left)
    return node if region is None else replace(node, right=_within(node.right, region))


def _within(node: Node, region: RegionRef) -> Node:
    """A joined layer, or a query of one that keeps its cells, read in a region alone."""
    match node:
        case Cells(driver=driver) if driver.scan.region is None and not driver.is_coarser:
            return replace(node, driver=replace(driver, scan=replace(driver.scan, region=region)))
        case Filtered(input=source):
            return replace(node, input=_within(source, region))
        case Rows(query=Output() as output) if is_of_groups(output) and passes_cells(output):
            return replace(node, query=replace(output, input=_within(output.input, region)))
    return node


def _region_of(node: Node) -> RegionRef | None:
    """A region that all cells of a relation lie in."""
    match node:
        case Cells(regions=regions):
            return next((r.region for r in regions if r.required), None)
        case Filtered(input=source):
            return _region_of(source)
        case CellJoin(left=left):
            return _region_of(left)
        case Rows(query=CellList(cells=cells)):
            return RegionRef("cells", (cells.name, cells.resolution))
        case Rows(query=Output() as output):
            return _region_of(output.input) if passes_cells(output) else None
    return None


def passes_cells(output: Output) -> bool:
    """Whether the cell of a subquery is its input's own, not an ancestor of it."""
    for item in output.items:
        expr: Bound = item.expr
        if item.name == "cell" and isinstance(expr, Key) and output.group_by is not None:
            expr = output.group_by[expr.index]
        if item.name == "cell":
            is_rows_cell = isinstance(output.input, Rows) and isinstance(expr, Column) and expr.name == "cell"
            return isinstance(expr, Column) and (expr.source == GRID or is_rows_cell)
    return False
