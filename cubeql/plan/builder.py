"""Bound tree -> plan, without any optimisation: every condition is tested where all columns stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from cubeql.analyze import shipped
from cubeql.analyze.bound import (
    GRID,
    Apply,
    Bound,
    BoundJoin,
    BoundQuery,
    BoundSelect,
    BoundSetOperation,
    Column,
    InRegion,
    LayerRef,
    QueryRef,
    StoredCells,
    TableRef,
    ZonesRef,
    walk,
)
from cubeql.analyze.grouping import geometry_of, uses_grid_cell
from cubeql.analyze.scope import source_columns
from cubeql.analyze.views import ClosedView
from cubeql.catalog import Layer
from cubeql.functions.registry import operator
from cubeql.plan.closed import Closed
from cubeql.plan.nodes import (
    Aligned,
    CellJoin,
    CellList,
    Cells,
    Combined,
    Filtered,
    HeldByZones,
    HeldCells,
    Node,
    Output,
    Over,
    RegionTest,
    Rows,
    RowScan,
    Scan,
    TileJoin,
)
from cubeql.plan.points import points_of, row_scan
from cubeql.plan.shipped import Shipped
from cubeql.plan.walking import rewrite
from cubeql.plan.walking import walk as nodes_in
from cubeql.plan.zones import zones_scan
from cubeql.values.tiles import tile_resolution
from cubeql.values.types import BOOLEAN

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


class Builder:
    """Builds plans of one statement; names of scans and regions are unique in it, and begin with ``prefix``."""

    def __init__(self, prefix: str = "") -> None:
        self._numbers = (f"{prefix}{n}" for n in count())

    def build(self, query: BoundQuery) -> Node:
        """The plan of a query."""
        if isinstance(query, BoundSetOperation):
            left, right = self.build(query.left), self.build(query.right)
            return Combined(query.operator, left, right, query.columns, query.order_by, query.limit, query.offset)
        if isinstance(query, StoredCells):
            return CellList(f"stored${next(self._numbers)}", query.cells)
        if isinstance(query, ClosedView):
            return Closed(query.name, query.columns)
        if isinstance(query, shipped.Shipped):
            name = f"shipped${next(self._numbers)}"
            return Shipped(name, query.server, query.text, query.columns, query.layers)
        assert isinstance(query, BoundSelect)
        return self._select(query)

    def _select(self, query: BoundSelect) -> Node:
        source = self._sources(query)
        if query.filters:
            source = Filtered(source, query.filters)
        return Output(
            source, query.columns, query.items, query.group_by, query.having, query.qualify, query.distinct,
            query.order_by, query.limit, query.offset, query.sample,
        )  # fmt: skip

    def _regions(self, query: BoundSelect) -> tuple[RegionTest, ...]:
        """The regions that the query's own cell is tested against anywhere, those of FILTER first."""
        tests = (e for x in expressions(query) for e in walk(x) if isinstance(e, InRegion))
        found = {e.region: None for e in tests if isinstance(e.operand, Column) and e.operand.source == GRID}
        return tuple(RegionTest(f"region${next(self._numbers)}", region) for region in found)

    def _sources(self, query: BoundSelect) -> Node:
        driver = query.sources[0]
        by_tile = self._by_tile(query)
        if isinstance(driver, LayerRef):
            source: Node = self._cells(query, 0, by_tile)
        elif isinstance(driver, TableRef):
            source = self._row_scan(query, 0)
        else:
            source = self._rows(driver, 0)
        for join in query.joins:
            if join not in by_tile:
                node = self._joined(query, join, source)
                on = (*join.on, *_valid(query, join))
                over = _over(query, join)
                source = CellJoin(source, node, join.source, join.kind, join.match, on, over)
        return source

    def _by_tile(self, query: BoundSelect) -> list[BoundJoin]:
        """The joins of layers that meet by tile: all but those that need a subquery, what was joined by cell, a joined
        layer's clock to rank by, or a row that is chosen among several."""
        found: list[BoundJoin] = []
        known = {0, GRID} if isinstance(query.sources[0], LayerRef) else set()
        chosen: set[int] = set()
        for join in query.joins:
            ranked = join.match is not None and join.match.is_ranked
            windowed = join.match is not None and join.match.is_windowed
            clock = join.match.clock if join.match is not None else 0
            is_layer = isinstance(query.sources[join.source], (LayerRef, ZonesRef)) and not (ranked and clock)
            read = _sources_of(join.on)
            alone = not windowed or read <= {join.source}
            if is_layer and alone and {0, clock, *read} <= known | {join.source} and not read & chosen:
                found.append(join)
                known.add(join.source)
                chosen |= {join.source} if ranked or windowed else set()
        return found

    def _rows(self, source: BoundQuery | object, number: int) -> Node:
        assert isinstance(source, QueryRef)
        alias = _plain_alias(source.alias, number)
        query = self.build(source.query)
        if source.is_sealed:
            query = rewrite(query, _sealed)
        sealed = source.is_sealed or any(isinstance(node, Rows) and node.is_sealed for node in nodes_in(query))
        return Rows(number, alias, source.alias, query, source.query.columns, sealed)

    def _joined(self, query: BoundSelect, join: BoundJoin, left: Node) -> Node:
        """What is joined cell by cell: a query, points, the cells of a layer that hold points, or all of its cells."""
        right = query.sources[join.source]
        if isinstance(right, QueryRef):
            return self._rows(right, join.source)
        if isinstance(right, TableRef):
            return self._row_scan(query, join.source)
        if isinstance(right, ZonesRef):
            return HeldByZones(self._zones(query, join.source, right))
        points = points_of(left)
        if points is not None:
            match = join.match if join.match is not None and join.match.clock == points.source else None
            assert isinstance(right, LayerRef)
            return HeldCells(self._scan(query, join.source, right), points.name, match)
        return self._cells(query, join.source, [])

    def _row_scan(self, query: BoundSelect, number: int) -> RowScan:
        source = query.sources[number]
        assert isinstance(source, TableRef)
        alias = _plain_alias(source.alias, number)
        return row_scan(query, source, number, alias, f"{alias}${next(self._numbers)}", used(query, number))

    def _cells(self, query: BoundSelect, number: int, joins: list[BoundJoin]) -> Cells:
        resolution = _level(query, number)
        exprs = list(expressions(query))
        with_slot = any(uses_grid_cell(e) for e in exprs) or len(joins) < len(query.joins) or number > 0
        with_slot = with_slot or query.sample is not None
        return Cells(
            name=f"cells${next(self._numbers)}",
            driver=self._aligned(query, number, resolution),
            joins=tuple(self._tile_join(query, j, resolution) for j in joins),
            regions=self._regions(query) if number == 0 else (),
            geometry=tuple(sorted(_geometry(exprs))) if number == 0 else (),
            with_slot=with_slot,
        )

    def _tile_join(self, query: BoundSelect, join: BoundJoin, resolution: int) -> TileJoin:
        aligned = self._aligned(query, join.source, resolution)
        over = _over(query, join)
        if over is not None:
            return TileJoin(aligned, join.kind, join.match, over=over)
        on_rows = tuple(c for c in join.on if _is_scalar(c, query) and _stands_early(c, query, join))
        on_cells = tuple(c for c in join.on if c not in on_rows)
        on_cells += _valid(query, join)
        return TileJoin(aligned, join.kind, join.match, on_rows, on_cells)

    def _aligned(self, query: BoundSelect, number: int, resolution: int) -> Aligned:
        source = query.sources[number]
        tile = tile_resolution(resolution)
        if isinstance(source, ZonesRef):
            return Aligned(self._zones(query, number, source), resolution, tile)
        assert isinstance(source, LayerRef)
        scan = self._scan(query, number, source)
        return Aligned(scan, resolution, tile, tuple((b, m) for b, m in source.methods if b in scan.bands))

    def _zones(self, query: BoundSelect, number: int, source: ZonesRef) -> Scan:
        alias = _plain_alias(source.alias, number)
        name = f"{alias}${next(self._numbers)}"
        return zones_scan(source, number, query.resolution or 0, alias, name, used(query, number))

    def _scan(self, query: BoundSelect, number: int, source: LayerRef) -> Scan:
        layer, alias = source.layer, _plain_alias(source.alias, number)
        bands = _read(query, number, layer) or (layer.bands[0].name,)
        name = f"{alias}${next(self._numbers)}"
        ends = any(j.source == number and _needs_ends(j) for j in query.joins)
        return Scan(
            name, number, alias, source.alias, layer, source.version, bands, frozen=source.frozen, with_ends=ends
        )  # fmt: skip


def _needs_ends(join: BoundJoin) -> bool:
    """Whether a join asks each row where its step ends, as no length of a step is known."""
    return join.match is not None and join.match.kind == "during" and join.match.window is None


def _level(query: BoundSelect, number: int) -> int:
    """Resolution at which a layer gives its cells.

    It is the query's, or its own where it is coarser and meets cell by cell: spread, it would hold all its ground.
    """
    assert query.resolution is not None
    source = query.sources[number]
    if number == 0 or not isinstance(source, LayerRef):
        return query.resolution
    return min(query.resolution, source.layer.resolution)


def used(query: BoundSelect, number: int) -> set[str]:
    """Columns of a source that the query names."""
    return {e.name for x in expressions(query) for e in walk(x) if isinstance(e, Column) and e.source == number}


def _read(query: BoundSelect, number: int, layer: Layer) -> tuple[str, ...]:
    """Bands of a source that the query names."""
    named = used(query, number)
    return tuple(b.name for b in layer.bands if b.name in named)


def _valid(query: BoundSelect, join: BoundJoin) -> tuple[Bound, ...]:
    """The conditions that VALID adds: no joined column that the query names is NULL."""
    if join.match is None or not join.match.valid:
        return ()
    read = used(query, join.source)
    columns = source_columns(query.sources[join.source]).items()
    named = [Column(kind, join.source, name) for name, kind in columns if name in read and name not in ("cell", "time")]
    return tuple(Apply(BOOLEAN, operator("is not null"), (column,)) for column in named)


def _over(query: BoundSelect, join: BoundJoin) -> Over | None:
    """How the rows of a window of time become one, where the join is of windows: the columns that the query names."""
    source = query.sources[join.source]
    if source.over is None:
        return None
    used = {e.name for x in expressions(query) for e in walk(x) if isinstance(e, Column) and e.source == join.source}
    columns = source_columns(replace(source, over=None))
    if isinstance(source, LayerRef):
        used = set(_read(query, join.source, source.layer) or (source.layer.bands[0].name,))
    methods = tuple((n, m) for n, m in source.over if n in used)
    on_rows = tuple(c for c in join.on if _is_scalar(c, query))
    on_cells = tuple(c for c in join.on if c not in on_rows)
    return Over(methods, frozenset(n for n, _ in methods if columns[n].name == "integer"), on_rows, on_cells)


def _sealed(node: Node) -> Node:
    return replace(node, is_sealed=True) if isinstance(node, Rows) else node


def _plain_alias(alias: str, number: int) -> str:
    """The alias where it is a plain word, else one that no source can be given: points, quotes and capitals in it would
    let names of different sources meet."""
    return alias.lower() if _PLAIN.fullmatch(alias.lower()) else f"source${number}"


def expressions(query: BoundSelect) -> Iterator[Bound]:
    """All expressions of a query."""
    yield from query.filters
    yield from query.group_by or ()
    yield from (i.expr for i in query.items)
    yield from (e for e in (query.having, query.qualify) if e is not None)
    yield from (s.expr for s in query.order_by)
    for join in query.joins:
        yield from join.on


def _sources_of(exprs: Iterable[Bound]) -> set[int]:
    return {e.source for x in exprs for e in walk(x) if isinstance(e, Column)}


def _geometry(exprs: list[Bound]) -> set[str]:
    found = (geometry_of(e) for x in exprs for e in walk(x))
    return {name for name in found if name is not None}


def _stands_early(expr: Bound, query: BoundSelect, join: BoundJoin) -> bool:
    """Whether a condition can be tested before it is known which cells match: it reads no layer that may be unmatched
    there, and beside a ranked join the driver alone."""
    ranked = join.match is not None and join.match.is_ranked
    surely = {j.source for j in query.joins if j.kind == "inner" and not ranked} | {0, join.source}
    return _sources_of((expr,)) <= surely


def _is_scalar(expr: Bound, query: BoundSelect) -> bool:
    """Whether a condition reads only scalars of tile rows (time and dimensions)."""
    for part in walk(expr):
        if isinstance(part, InRegion):
            return False
        if isinstance(part, Column):
            source = query.sources[part.source] if part.source >= 0 else None
            if not isinstance(source, LayerRef) or source.layer.band(part.name) is not None:
                return False
    return True
