"""Tile rows none of whose cells can fulfil a condition are not read: their least and greatest values and classes tell.

``FILTER ndvi > 0.6`` keeps a row of the driving layer only where its greatest value is above 0.6. Of a joined layer a
row may be left out only where that changes nothing: not where the nearest of several is taken before the condition is
tested, and not where a cell that nothing matches is kept. What ON says is tested before, in every kind of join.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cubeql.analyze.bound import Bound
from cubeql.plan.nodes import Aligned, CellJoin, Cells, Filtered, HeldCells, Node, Scan, Summaries, TileJoin
from cubeql.plan.nulls import needed_by
from cubeql.plan.tiletests import tile_test
from cubeql.plan.walking import rewrite

Conditions = tuple[Bound, ...]


def prune_values(plan: Node) -> Node:
    """Let scans know what the values of their tile rows must be able to fulfil."""
    return rewrite(plan, _prune)


def _prune(node: Node) -> Node:
    match node:
        case Cells():
            return _meeting(node)
        case Filtered(input=CellJoin() as join):
            return replace(node, input=_below(join, node.conditions))
        case CellJoin():
            return _below(node, ())
        case Summaries(scan=scan, conditions=conditions):
            return replace(node, scan=_tested(scan, conditions))
    return node


def _meeting(cells: Cells) -> Cells:
    surely = (*cells.cell_filters, *(c for j in cells.joins if _decides(j) for c in j.on_cells))
    joins = tuple(_joined(j, surely, cells.cell_filters) for j in cells.joins)
    return replace(cells, driver=_with(cells.driver, surely), joins=joins)


def _decides(join: TileJoin) -> bool:
    """Whether every row of the query fulfils what ON says."""
    return join.kind in ("inner", "semi") and join.over is None


def _joined(join: TileJoin, surely: Conditions, filters: Conditions) -> TileJoin:
    """A join whose rows are left out by what ON says of them and, where each meets the driver by itself, by what every
    row of the query fulfils; where the best row is chosen first, that tells which tiles matter."""
    own = join.over.on_cells if join.over is not None else join.on_cells
    wanted: Conditions = ()
    if join.over is None and join.kind == "inner":
        own, wanted = (own, surely) if join.is_ranked else ((*own, *surely), ())
    elif join.over is None and join.kind == "left" and not join.is_ranked:
        own = (*own, *(c for c in filters if _needs(c, join.aligned.scan.source)))
    return replace(join, aligned=_with(join.aligned, own, wanted))


def _needs(condition: Bound, joined: int) -> bool:
    """Whether a condition holds for no cell that a joined source has no row for."""
    return any(source == joined for source, _ in needed_by(condition))


def _below(join: CellJoin, conditions: Conditions) -> CellJoin:
    """A join by cell, its right side left out by what ON says of it, and by conditions on rows that meet one by one."""
    own = join.over.on_cells if join.over is not None else join.on
    one_by_one = join.over is None and not (join.match is not None and join.match.is_ranked)
    if join.kind in ("inner", "left") and one_by_one:
        own = (*own, *(c for c in conditions if join.kind == "inner" or _needs(c, join.source)))
    return replace(join, right=_right(join.right, own))


def _right(node: Node, conditions: Conditions) -> Node:
    match node:
        case Cells(joins=()):
            return replace(node, driver=_with(node.driver, conditions))
        case HeldCells(scan=scan):
            return replace(node, scan=_tested(scan, conditions))
    return node


def _with(aligned: Aligned, values: Conditions, wanted: Conditions = ()) -> Aligned:
    if aligned.is_finer:  # its cells are brought together before they are tested
        return aligned
    return replace(aligned, scan=_tested(aligned.scan, values, wanted))


def _tested(scan: Scan, values: Conditions, wanted: Conditions = ()) -> Scan:
    if scan.zones is not None or scan.frozen is not None:
        return scan
    return replace(scan, values=_known(scan, (*scan.values, *values)), wanted=_known(scan, (*scan.wanted, *wanted)))


def _known(scan: Scan, conditions: Iterable[Bound]) -> Conditions:
    """Those conditions that tell something of the scan's tile rows, each once."""
    return tuple(c for c in dict.fromkeys(conditions) if tile_test(c, scan, None) is not None)
