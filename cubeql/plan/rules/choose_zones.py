"""A condition on the attributes of zones alone chooses the zones before any cell is met."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import Bound, Column, InRegion, InSubquery, walk
from cubeql.plan.nodes import Cells, Node, TileJoin
from cubeql.plan.walking import rewrite


def choose_zones(plan: Node) -> Node:
    """Let scans of zones know which zones can matter.

    What ON says of zones alone chooses them in every kind of join; what FILTER says, where a cell without a zone is
    dropped anyway.
    """
    return rewrite(plan, _choose)


def _choose(node: Node) -> Node:
    if not isinstance(node, Cells):
        return node
    joins, filters = [], node.cell_filters
    for join in node.joins:
        if join.aligned.scan.zones is None:
            joins.append(join)
            continue
        chosen = tuple(c for c in join.on_cells if _is_of(c, join))
        if join.kind == "inner":
            told = tuple(c for c in filters if _is_of(c, join))
            filters = tuple(c for c in filters if c not in told)
            chosen += told
        joins.append(_choosing(join, chosen))
    return replace(node, joins=tuple(joins), cell_filters=filters)


def _choosing(join: TileJoin, chosen: tuple[Bound, ...]) -> TileJoin:
    scan = join.aligned.scan
    if not chosen or scan.zones is None:
        return join
    zones = replace(scan.zones, chosen=scan.zones.chosen + chosen)
    aligned = replace(join.aligned, scan=replace(scan, zones=zones))
    return replace(join, aligned=aligned, on_cells=tuple(c for c in join.on_cells if c not in chosen))


def _is_of(condition: Bound, join: TileJoin) -> bool:
    """Whether a condition reads the numbers and attributes of the join's zones, and nothing else."""
    parts = list(walk(condition))
    columns = [p for p in parts if isinstance(p, Column)]
    if not columns or any(isinstance(p, (InRegion, InSubquery)) for p in parts):
        return False
    return all(c.source == join.aligned.scan.source and c.name != "fraction" for c in columns)
