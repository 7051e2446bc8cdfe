"""What a query asks of its sources: expressions of a SELECT and of all that stands below it, and sources that read only
what these name.

A rule that moves expressions from one query to another gives the result of :func:`refitted`: bands that nothing names
any more are not read, and regions and geometry that came along are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from cubeql.analyze.bound import GRID, Bound, Column, InRegion, RegionRef, walk
from cubeql.analyze.grouping import geometry_of, uses_grid_cell
from cubeql.plan.nodes import Aligned, CellJoin, Cells, Filtered, HeldCells, Node, Output, Over, RegionTest, RowScan


def of_select(output: Output) -> Iterator[Bound]:
    """The expressions of a SELECT itself."""
    yield from output.group_by or ()
    yield from (i.expr for i in output.items)
    yield from (e for e in (output.having, output.qualify) if e is not None)
    yield from (s.expr for s in output.order_by)


def of_sources(node: Node) -> Iterator[Bound]:
    """The expressions of what a SELECT reads, those of subqueries not."""
    match node:
        case Filtered():
            yield from node.conditions
            yield from of_sources(node.input)
        case CellJoin():
            yield from (*node.on, *_of_window(node.over))
            yield from of_sources(node.left)
            yield from of_sources(node.right)
        case Cells():
            yield from (*node.row_filters, *node.cell_filters)
            for join in node.joins:
                yield from (*join.on_rows, *join.on_cells, *_of_window(join.over))


def _of_window(over: Over | None) -> tuple[Bound, ...]:
    return (*over.on_rows, *over.on_cells) if over is not None else ()


def columns_read(output: Output) -> set[tuple[int, str]]:
    """(source, name) of every column that a query names."""
    parts = (p for e in (*of_select(output), *of_sources(output.input)) for p in walk(e))
    return {(p.source, p.name) for p in parts if isinstance(p, Column)}


def refitted(output: Output) -> Output:
    """The query with its sources made to give what is asked of them, and no more."""
    asked = (*of_select(output), *of_sources(output.input))
    source = _fitted(output.input, asked, columns_read(output))
    return replace(output, input=_without_slot(source, asked) if output.sample is None else source)


def _without_slot(node: Node, asked: tuple[Bound, ...]) -> Node:
    """Cells that meet nothing else by their index, without their place in the tile where nobody asks for it."""
    if isinstance(node, Filtered):
        return replace(node, input=_without_slot(node.input, asked))
    return replace(node, with_slot=any(uses_grid_cell(e) for e in asked)) if isinstance(node, Cells) else node


def _fitted(node: Node, asked: tuple[Bound, ...], read: set[tuple[int, str]]) -> Node:
    match node:
        case Filtered():
            return replace(node, input=_fitted(node.input, asked, read))
        case CellJoin():
            return replace(node, left=_fitted(node.left, asked, read), right=_fitted(node.right, asked, read))
        case Cells():
            return _cells(node, asked, read)
        case HeldCells(scan=scan):
            return replace(node, scan=replace(scan, bands=_bands(scan.source, scan.bands, read)))
        case RowScan(grids=()):
            columns = tuple(c for c in node.columns if (node.source, c) in read)
            return replace(node, columns=columns or node.columns[:1])
    return node


def _cells(node: Cells, asked: tuple[Bound, ...], read: set[tuple[int, str]]) -> Cells:
    driver = _aligned(node.driver, read)
    joins = (replace(j, aligned=_aligned(j.aligned, read), over=_over(j.over, j.aligned, read)) for j in node.joins)
    node = replace(node, driver=driver, joins=tuple(joins))
    if driver.scan.source != 0:
        return node
    geometry = {g for e in asked for p in walk(e) if (g := geometry_of(p)) is not None}
    wanted = _regions(asked)
    kept = tuple(r for r in node.regions if r.region in wanted)
    fresh = tuple(r for r in wanted if r not in {k.region for k in kept})
    return _named(replace(node, geometry=tuple(sorted(geometry))), kept, fresh)


def tested(node: Node, conditions: tuple[Bound, ...]) -> Filtered:
    """A relation with further conditions tested, its own cells against the regions that they name."""
    if isinstance(node, Filtered):
        return Filtered(with_regions(node.input, conditions), (*node.conditions, *conditions))
    return Filtered(with_regions(node, conditions), conditions)


def with_regions(node: Node, conditions: tuple[Bound, ...]) -> Node:
    """A relation, its own cells tested against the regions that conditions name."""
    match node:
        case Cells() if node.driver.scan.source == 0:
            known = {r.region for r in node.regions}
            return _named(node, node.regions, tuple(r for r in _regions(conditions) if r not in known))
        case CellJoin():
            return replace(node, left=with_regions(node.left, conditions))
    return node


def _regions(asked: tuple[Bound, ...]) -> dict[RegionRef, None]:
    """The regions that expressions ask of the grid's own cell."""
    tests = (p for e in asked for p in walk(e) if isinstance(p, InRegion))
    return {t.region: None for t in tests if isinstance(t.operand, Column) and t.operand.source == GRID}


def _named(node: Cells, kept: tuple[RegionTest, ...], fresh: tuple[RegionRef, ...]) -> Cells:
    """The cells with tests of fresh regions beside those that are kept."""
    taken = {r.name for r in kept}
    names = (n for n in (f"{node.name}$region{k}" for k in count()) if n not in taken)
    return replace(node, regions=(*kept, *(RegionTest(n, r) for n, r in zip(names, fresh, strict=False))))


def _aligned(aligned: Aligned, read: set[tuple[int, str]]) -> Aligned:
    scan = aligned.scan
    if scan.zones is not None:
        return aligned
    bands = _bands(scan.source, scan.bands, read)
    methods = tuple((b, m) for b, m in aligned.methods if b in bands)
    return replace(aligned, scan=replace(scan, bands=bands), methods=methods)


def _bands(source: int, bands: tuple[str, ...], read: set[tuple[int, str]]) -> tuple[str, ...]:
    """Those of the bands that are read; one at least, which tells with the flags where there is a row."""
    return tuple(b for b in bands if (source, b) in read) or bands[:1]


def _over(over: Over | None, aligned: Aligned, read: set[tuple[int, str]]) -> Over | None:
    if over is None:
        return None
    bands = _bands(aligned.scan.source, aligned.scan.bands, read)
    methods = tuple((b, m) for b, m in over.methods if b in bands)
    return replace(over, methods=methods, whole=frozenset(b for b in over.whole if b in bands))
