"""A region that every cell must lie in drops whole tiles before anything else of them is read."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import GRID, Column, InRegion, RegionRef
from cubeql.plan.nodes import Aligned, Cells, Node, RegionTest
from cubeql.plan.walking import rewrite


def prune_regions(plan: Node) -> Node:
    """Mark the regions that conjunctions require, and let scans know the first of them."""
    return rewrite(plan, _prune)


def _prune(node: Node) -> Node:
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


def _required_first(regions: tuple[RegionTest, ...]) -> tuple[RegionTest, ...]:
    return tuple(sorted(regions, key=lambda r: not r.required))


def _is_required(test: InRegion) -> bool:
    return not test.negated and isinstance(test.operand, Column) and test.operand.source == GRID


def _within(aligned: Aligned, region: RegionRef) -> Aligned:
    return replace(aligned, scan=replace(aligned.scan, region=region))
