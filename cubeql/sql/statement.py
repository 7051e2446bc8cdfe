"""A whole plan -> one SQL statement, and what the engine must provide for it: scans, masks, geometry, settled ranks."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from cubeql.analyze.bound import Bound, BoundQuery, Column, RegionRef
from cubeql.plan.alike import Alike
from cubeql.plan.nodes import (
    CellJoin,
    CellList,
    Cells,
    Combined,
    Filtered,
    HeldByZones,
    HeldCells,
    Node,
    Output,
    Rows,
    RowScan,
    Scan,
    Summaries,
)
from cubeql.plan.shipped import Shipped
from cubeql.plan.summarising import aggregates, keys_read
from cubeql.plan.walking import walk
from cubeql.sql.alike import NUMBER, counted, numbered, scan_of, values_asked
from cubeql.sql.celljoin import join_cells
from cubeql.sql.cells import CellsBuilder, Part
from cubeql.sql.classes import classes
from cubeql.sql.existence import is_unasked
from cubeql.sql.expressions import Place, Values, cells_of_region, order, translate
from cubeql.sql.focal import has_window, with_disks
from cubeql.sql.held import held_cells
from cubeql.sql.known import NOTHING, Known
from cubeql.sql.sampling import chance_of, is_taken, number_of
from cubeql.sql.summaries import SummariesBuilder
from cubeql.sql.tiles import tiles_name
from cubeql.sql.tree import ALL_ROWS, Compound, Ident, Joined, Query, Relation, Select, Sql, Sub, Table, Within, fill
from cubeql.sql.zonejoin import join_zones
from cubeql.sql.zones import choice, late_key, lookup
from cubeql.values.tiles import tile_resolution


@dataclass(frozen=True, slots=True)
class RegionNeed:
    """A relation ``name(tile BIGINT, mask BOOLEAN[])`` of a region; a NULL mask means every cell of the tile.

    ``cells`` is the node whose tiles limit it; None where the whole region is needed. Where ``points`` is not None, the
    relation is ``name(cell BIGINT)``: those cells of its rows that lie in the region.
    """

    name: str
    region: RegionRef
    resolution: int
    tile: int
    cells: Cells | None
    points: RowScan | None = None


@dataclass(frozen=True, slots=True)
class FewAsked:
    """A key of a layer, ``scan``, that is asked by number if ``query`` finds few values of it, and if there are many
    more rows in ``driver`` than in the layer."""

    scan: Scan
    band: str
    driver: Scan
    query: Query


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled plan: its SQL tree and what it needs."""

    query: Query
    values: Values
    scans: tuple[Scan | RowScan, ...]
    regions: tuple[RegionNeed, ...]
    cells: tuple[Cells, ...]
    summaries: tuple[Summaries, ...]
    held: tuple[HeldCells, ...]
    ranks: tuple[tuple[str, Query], ...]
    choices: tuple[tuple[str, Query], ...] = ()
    cell_lists: tuple[CellList, ...] = ()
    zones: tuple[HeldByZones, ...] = ()
    shipped: tuple[Shipped, ...] = ()
    few: tuple[FewAsked, ...] = ()


class StatementBuilder:
    """Builds the SQL of one statement."""

    def __init__(self, values: Values, plan_of: Callable[[BoundQuery], Node], known: Known = NOTHING) -> None:
        self.values = values
        self.plan_of = plan_of
        self.known = known
        self.extra: list[Node] = []
        self.regions: list[RegionNeed] = []
        self.listed: dict[RegionRef, int] = {}
        self.ranks: list[tuple[str, Query]] = []
        self.choices: list[tuple[str, Query]] = []
        self.few: list[FewAsked] = []

    def build(self, plan: Node) -> Statement:
        """The statement of a plan."""
        query = self.query(plan)
        nodes = [n for p in (plan, *self.extra) for n in walk(p)]
        summaries = tuple(n for n in nodes if isinstance(n, Summaries))
        held = tuple(n for n in nodes if isinstance(n, HeldCells))
        edges = [s.edges for s in summaries]
        cells = tuple(n for n in nodes if isinstance(n, Cells) and n not in edges)
        scans = tuple(n for n in nodes if isinstance(n, (Scan, RowScan)))
        lists = tuple(n for n in nodes if isinstance(n, CellList))
        return Statement(
            query, self.values, scans, tuple(self.regions), cells, summaries, held,
            tuple(self.ranks), tuple(self.choices), lists, tuple(n for n in nodes if isinstance(n, HeldByZones)),
            tuple(n for n in nodes if isinstance(n, Shipped)), tuple(self.few),
        )  # fmt: skip

    def query(self, node: Node) -> Query:
        """The SQL query of an Output, Combined, CellList or Shipped node."""
        if isinstance(node, Combined):
            return self._combined(node)
        if isinstance(node, CellList):
            return Select(((Ident("cell"), "cell"),), Table(node.name))
        if isinstance(node, Shipped):
            return Select(tuple((Ident(c.name), c.name) for c in node.columns), Table(node.name))
        assert isinstance(node, Output)
        return self._output(node)

    def _subquery(self, query: BoundQuery) -> Query:
        plan = self.plan_of(query)
        self.extra.append(plan)
        return self.query(plan)

    def _combined(self, node: Combined) -> Query:
        place = Place(self.values, lambda _, name: Ident(name), self._subquery, regions=self._listed_region)
        return Compound(
            node.operator,
            self.query(node.left),
            self.query(node.right),
            order(node.order_by, place),
            node.limit,
            node.offset,
        )

    # -------------------------------------------------------------- SELECT

    def _output(self, node: Output) -> Query:
        part = self._input(node)
        if node.group_by is None:
            return self._plain(node, with_disks(node, part))
        keys, named = _keys(node, node.group_by, part)
        inner = Select(keys, part.source, where=part.where, star=True)
        if part.merged:
            once = (*(n for _, n in keys), *part.merged)
            rows = (fill("sum({0})::BIGINT", Ident("rows")), "rows")
            group = tuple(Ident(n) for n in once)
            inner = Select((*((g, None) for g in group), rows), Sub(inner, "each"), group_by=group)
        place = replace(part.place, keys=named)
        grouped = Part(part.ctes, Sub(inner, "keyed"), (), place)
        return self._plain(node, grouped, tuple(Ident(n) for _, n in keys))

    def _input(self, node: Output) -> Part:
        if isinstance(node.input, Cells):
            return self._cells(node.input, is_unasked(node))
        if isinstance(node.input, Alike):
            return self._alike(node.input)
        if isinstance(node.input, Summaries):
            return self._summaries(node.input, node)
        return self.part(node.input)

    def _alike(self, node: Alike) -> Part:
        """Cells that are counted once where they are alike, or every cell where too little is known of them."""
        place = Place(self.values, lambda _, name: Ident(name), self._subquery)
        cells, made, values = node.cells, [], {}
        for classed in node.classed:
            scan = scan_of(classed, cells)
            if scan.name not in self.known.values:
                self.few.append(FewAsked(scan, classed.band, cells.driver.scan, values_asked(classed, scan, place)))
                return self._cells(node.cells)
            values[classed.source] = self.known.values[scan.name]
            cte, cells = numbered(classed, cells, values[classed.source], place)
            made.append(cte)
        grouped = (*node.bands, *((c.source, NUMBER) for c in node.classed))
        part = self._cells(cells, alike=frozenset(grouped))
        return counted(node, replace(part, ctes=(*made, *part.ctes)), values)

    def _summaries(self, node: Summaries, over: Output) -> Part:
        edges = self._cells(node.edges) if node.edges is not None else None
        assert node.scan.overview is not None
        if node.scan.overview.classes is not None:
            merged = any(a.function.name == "mode" for a in aggregates(over))
            return classes(node, self.values, self._subquery, edges, merged)
        read, is_empty = keys_read(over, node.scan), node.scan.name in self.known.empty
        return SummariesBuilder(node, self.values, self._subquery, edges, read, is_empty).build()

    def _plain(self, node: Output, part: Part, group_by: tuple[Sql, ...] = ()) -> Select:
        """The SELECT, its columns under names of its own until the end: HAVING and ORDER BY must not mistake a result
        column for a source's of the same name."""
        place = part.place
        items = tuple((translate(i.expr, place), f"out{n}") for n, i in enumerate(node.items))
        entries = order(node.order_by, place)
        known = dict(items)
        sorts = tuple((o.expr, known.get(o.expr, f"sort{n}")) for n, o in enumerate(entries))
        extra = tuple(s for s in sorts if s[1].startswith("sort"))
        chance: Sql = Ident("chance")
        if node.distinct:
            chance = number_of(tuple(Ident(n) for _, n in items))
        elif node.sample is not None:
            extra += ((chance_of(part, group_by), "chance"),)
        qualify = (translate(node.qualify, place),) if node.qualify is not None else ()
        windowed = has_window(node)
        inner = Select(
            items + extra,
            part.source,
            where=part.where if windowed else part.where + qualify,
            group_by=group_by,
            having=translate(node.having, place) if node.having is not None else None,
            qualify=next(iter(qualify), None) if windowed else None,
            distinct=node.distinct,
        )
        return Select(
            tuple((Ident(f"out{n}"), i.name) for n, i in enumerate(node.items)),
            Sub(inner, "result"),
            where=(is_taken(chance, node.sample),) if node.sample is not None else (),
            order_by=tuple(replace(o, expr=Ident(name)) for o, (_, name) in zip(entries, sorts, strict=True)),
            limit=node.limit,
            offset=node.offset,
            ctes=part.ctes,
        )

    # -------------------------------------------------------------- sources

    def part(self, node: Node) -> Part:
        """The compiled relation of a source node."""
        match node:
            case Cells():
                return self._cells(node)
            case Filtered():
                return self._filtered(node)
            case Rows():
                return self._rows(node)
            case RowScan():
                return self._row_scan(node)
            case HeldCells():
                return held_cells(node, self.values, self._subquery)
            case CellJoin(right=HeldByZones()):
                return join_zones(node, self.part(node.left))
            case CellJoin():
                return join_cells(node, self.part(node.left), self.part(node.right))
        raise AssertionError(f"no source: {node}")

    def _cells(self, node: Cells, unasked: bool = False, alike: AbstractSet[tuple[int, str]] = frozenset()) -> Part:
        builder = CellsBuilder(node, self.values, self._subquery, self.known, self._listed_region, unasked, alike)
        self.regions += [
            RegionNeed(r.name, r.region, node.resolution, node.tile, node) for r in node.regions
        ]  # fmt: skip
        part = builder.build()
        for join in node.joins:
            scan = join.aligned.scan
            if join.is_ranked:
                self.ranks.append((scan.name, _last_rank(part, tiles_name(node), scan.name)))
            chosen = choice(scan, part.place)
            if chosen is not None:
                self.choices.append((scan.name, chosen))
        return part

    def _rows(self, node: Rows) -> Part:
        query = self.query(node.query)
        items = tuple((Ident(c.name), f"{node.alias}.{c.name}") for c in node.columns)
        # Past a LIMIT the engine moves no condition; what may fail must not be tested on rows that a view leaves out.
        named = Select(items, Sub(query, "query"), limit=ALL_ROWS if node.is_sealed else None)
        place = Place(
            self.values,
            lambda _, name: Ident(f"{node.alias}.{name}"),
            self._subquery,
            None,
            self._listed_region,
        )
        return Part((), Sub(named, node.alias), (), place, tuple(n for _, n in items))

    def _row_scan(self, node: RowScan) -> Part:
        items = [(Ident(c, "points"), f"{node.alias}.{c}") for c in node.columns]
        source: Relation = Table(node.name, "points")
        grids = tuple(r for r in node.grids if r != node.layer.resolution)
        if grids:
            same = tuple(fill("{0} = {1}", Ident(c, "points"), Ident(c, "places")) for c in ("lon", "lat"))
            source = Joined(source, Table(f"{node.name}$places", "places"), "inner", same)
            items += [(Ident(str(r), "places"), node.cell_at(r)) for r in grids]

        def column(_: int, name: str) -> Sql:
            return Ident(f"{node.alias}.{name}")

        def region(region: RegionRef, operand: Sql, resolution: int | None) -> Sql:
            if operand != column(node.source, "cell"):
                return self._listed_region(region, operand, resolution)
            # A region has far too many cells of this resolution to list them: the points' own are asked instead.
            number = self.listed.setdefault(region, len(self.listed))
            need = RegionNeed(f"{node.name}$region{number}", region, node.layer.resolution, 0, None, node)
            if need not in self.regions:
                self.regions.append(need)
            return Within(operand, Select(((Ident("cell"), None),), Table(need.name)))

        place = Place(self.values, column, self._subquery, None, region)
        return Part((), Sub(Select(tuple(items), source), node.alias), (), place, tuple(n for _, n in items))

    def _filtered(self, node: Filtered) -> Part:
        part = self.part(node.input)
        where = tuple(translate(c, part.place) for c in node.conditions)
        return replace(part, where=part.where + where)

    def _listed_region(self, region: RegionRef, operand: Sql, resolution: int | None) -> Sql:
        """A test of cells that are plain values: membership in the region's cells."""
        assert resolution is not None
        number = self.listed.setdefault(region, len(self.listed))
        need = RegionNeed(f"listed${number}${resolution}", region, resolution, tile_resolution(resolution), None)
        if need not in self.regions:
            self.regions.append(need)
        return Within(operand, cells_of_region(need.name, resolution))


def _keys(
    node: Output, group_by: tuple[Bound, ...], part: Part
) -> tuple[tuple[tuple[Sql, str], ...], tuple[Sql, ...]]:
    """What rows are grouped by, and the value of each key of a group: names of zones are found by their number."""
    cells, place = node.input, part.place
    late = [late_key(k, cells) if isinstance(cells, Cells) else None for k in group_by]
    early = [(i, k) for i, k in enumerate(group_by) if late[i] is None]
    keys = [(part.made[k] if k in part.made else translate(k, place), f"key{i}") for i, k in early]
    named: list[Sql] = [Ident(f"key{i}") for i in range(len(group_by))]
    for i, (key, scan) in enumerate(zip(group_by, late, strict=True)):
        if scan is None or not isinstance(key, Column):
            continue
        number = place.column(scan.source, "zone")
        name = next((n for value, n in keys if value == number), None)
        if name is None:
            name = f"zone{scan.source}"
            keys.append((number, name))
        named[i] = lookup(scan, key.name, Ident(name))
    return tuple(keys), tuple(named)


def _last_rank(part: Part, tiles: str, scan: str) -> Query:
    """A query that tells how many candidates a tile row has at most; it reads no arrays."""
    wanted = f"{scan}$candidates"
    needed = tuple(c for c in part.ctes if c.name in (tiles, wanted))
    return Select(((fill("max({0})", Ident("rank")), "last"),), Table(wanted), ctes=needed)
