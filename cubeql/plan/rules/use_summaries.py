"""Aggregates over coarse cells, or over no cells at all, come from what is stored of whole groups of cells.

``FROM s2 GROUP BY CELL(4), month(time) SELECT avg(nir)`` needs no array: every tile row has count, sum, least and
greatest value of each band, and those of its cells two and four resolutions up. Tiles that a region holds only in part
are still read as cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cubeql.analyze.bound import GRID, Aggregate, Apply, Bound, Column, Constant, InRegion, InSubquery, Window, walk
from cubeql.catalog import Band
from cubeql.plan.nodes import Cells, Node, Output, Overview, Scan, Statistic, Summaries
from cubeql.plan.walking import rewrite

_NEEDS: dict[str, tuple[Statistic, ...]] = {
    "count": ("count",),
    "sum": ("count", "sum"),
    "avg": ("count", "sum"),
    "mean": ("count", "sum"),
    "min": ("min",),
    "max": ("max",),
}
_BELOW_PARENT = (4, 2)


def use_summaries(plan: Node) -> Node:
    """Read overviews where they hold all that a query of one layer asks for."""
    return rewrite(plan, _from_summaries)


def _from_summaries(node: Node) -> Node:
    if not (isinstance(node, Output) and isinstance(node.input, Cells)) or node.group_by is None:
        return node
    cells = node.input
    driver, scan = cells.driver, cells.driver.scan
    if cells.joins or cells.geometry or driver.is_finer or driver.is_coarser or not _are_regions(cells):
        return node
    if scan.frozen is not None:
        return node
    finest = _finest_cell(node.group_by, scan)
    statistics = _statistics(node, scan)
    if finest is None or statistics is None:
        return node
    resolution = _stored_at(scan, finest)
    if resolution is None or (resolution > scan.tile and _counts_rows(node) and len(scan.layer.bands) > 1):
        return node
    if resolution > scan.tile:
        # An entry of an overview has a row where some band has a value there, be it one the query does not name.
        statistics = (*statistics, *((b.name, "count") for b in scan.layer.bands))
    overview = Overview(resolution, tuple(dict.fromkeys(statistics)))
    return replace(node, input=_summaries(cells, replace(scan, name=f"{scan.name}$summaries", overview=overview)))


def _summaries(cells: Cells, scan: Scan) -> Summaries:
    edges = replace(cells, with_slot=True) if cells.regions else None
    return Summaries(f"{cells.name}$summaries", scan, cells.row_filters, edges)


def _are_regions(cells: Cells) -> bool:
    """Whether cells are tested for nothing but regions that all of them have to lie in."""
    required = {r.region for r in cells.regions if r.required}
    tests = [c for c in cells.cell_filters if not (isinstance(c, InRegion) and not c.negated and c.region in required)]
    return not tests and all(r.required for r in cells.regions)


def _finest_cell(keys: tuple[Bound, ...], scan: Scan) -> int | None:
    """The finest resolution that groups are made by, that of the tiles at least; None where keys read cells."""
    found = [_cell_of(k, scan) for k in keys]
    return None if None in found else max((f for f in found if f is not None), default=scan.tile)


def _cell_of(key: Bound, scan: Scan) -> int | None:
    """The finest ancestor of the cell that a key reads, at least the tile; None where it reads more than that."""
    match key:
        case Apply(args=(Column(source=source), Constant(value=level))) if (
            key.function.name == "cell_to_parent" and source == GRID
        ):
            return max(int(level), scan.tile)
        case Column(source=source, name=name):
            return scan.tile if source == scan.source and scan.layer.band(name) is None else None
        case Constant():
            return scan.tile
        case Apply(args=args):
            return _finest_cell(args, scan)
    return None


def _stored_at(scan: Scan, finest: int) -> int | None:
    """The coarsest resolution of an overview that is fine enough; None where only cells are."""
    own = scan.layer.resolution
    if own == scan.tile or finest <= scan.tile:
        return scan.tile
    stored = (own - n for n in _BELOW_PARENT if own - n > scan.tile)
    return next((resolution for resolution in stored if resolution >= finest), None)


def _asked(node: Output) -> Iterator[Bound]:
    roots = (*(i.expr for i in node.items), *(s.expr for s in node.order_by), node.having, node.qualify)
    for root in roots:
        if root is not None:
            yield from walk(root)


def _counts_rows(node: Output) -> bool:
    return any(isinstance(p, Aggregate) and p.star for p in _asked(node))


def _statistics(node: Output, scan: Scan) -> tuple[tuple[str, Statistic], ...] | None:
    """What the aggregates of a query need of which band; None where one needs cells."""
    found: list[tuple[str, Statistic]] = []
    for part in _asked(node):
        if isinstance(part, (Window, InSubquery)):
            return None
        if not isinstance(part, Aggregate) or part.star:
            if isinstance(part, Aggregate) and part.filter is not None:
                return None
            continue
        band = _plain_band(part, scan)
        if band is None:
            return None
        found += [(band.name, s) for s in _needed(part.function.name, band)]
    return tuple(found)


def _plain_band(call: Aggregate, scan: Scan) -> Band | None:
    """The band that an aggregate of nothing else is taken of; None where there is more to it."""
    if call.function.name not in _NEEDS or call.distinct or call.filter is not None or call.order_by:
        return None
    column = call.args[0] if len(call.args) == 1 else None
    if not isinstance(column, Column) or column.source != scan.source:
        return None
    band = scan.layer.band(column.name)
    # Sums are stored as float64: of 64-bit integers they might not be exact.
    return None if band is None or band.storage == "int64" else band


def _needed(function: str, band: Band) -> tuple[Statistic, ...]:
    needed = _NEEDS[function]
    if band.scale is not None and band.scale < 0 and function in ("min", "max"):
        return ("max",) if function == "min" else ("min",)
    return needed
