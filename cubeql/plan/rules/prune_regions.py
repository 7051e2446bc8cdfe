"""A region that every cell must lie in drops whole tiles before anything else of them is read."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import GRID, Bound, Column, InRegion, RegionRef
from cubeql.plan.nodes import Aligned, Cells, Filtered, Node, RegionTest, RowScan
from cubeql.plan.walking import rewrite


def prune_regions(plan: Node) -> Node:
    """Mark the regions that conjunctions require, and let scans know the first of them."""
    return rewrite(plan, _prune)


def _prune(node: Node) -> Node:
    if isinstance(node, Filtered) and isinstance(node.input, RowScan):
        return _points(node, node.input)
    if not isinstance(node, Cells):
        return node
    wanted = {c.region for c in node.cell_filters if isinstance(c, InRegion) and _is_required(c)}
    if not wanted:
        return node
    regions = tuple(replace(r, required=r.region in wanted) for r in node.regions)
    first = next(r.region for r in regions if r.required)
    return replace(
        node,
        regions=_required_first(regions),
        driver=_within(node.driver, first),
        joins=tuple(replace(j, aligned=_within(j.aligned, first)) for j in node.joins),
    )


def _points(node: Filtered, scan: RowScan) -> Filtered:
    """Points far from the first region that all have to lie in are not read."""
    found = (c for c in node.conditions if isinstance(c, InRegion) and not c.negated and _is_cell_of(c.operand, scan))
    first = next(found, None)
    return node if first is None else replace(node, input=replace(scan, region=first.region))


def _is_cell_of(operand: Bound, scan: RowScan) -> bool:
    return isinstance(operand, Column) and (operand.source, operand.name) == (scan.source, "cell")


def _required_first(regions: tuple[RegionTest, ...]) -> tuple[RegionTest, ...]:
    return tuple(sorted(regions, key=lambda r: not r.required))


def _is_required(test: InRegion) -> bool:
    return not test.negated and isinstance(test.operand, Column) and test.operand.source == GRID


def _within(aligned: Aligned, region: RegionRef) -> Aligned:
    return replace(aligned, scan=replace(aligned.scan, region=region))
