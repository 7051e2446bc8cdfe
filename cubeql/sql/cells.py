"""Layers that meet tile by tile, taken apart into one row a cell.

In the relation of cells a column of a source is called ``alias.column``; beside them stand ``tile``, ``slot``,
``alias$match`` (whether a joined layer has a row there), regions by name, and ``area``, ``lon``, ``lat``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cubeql.analyze.bound import Bound, BoundQuery, RegionRef
from cubeql.catalog import Band
from cubeql.plan.nodes import Aligned, Cells, TileJoin
from cubeql.sql import positions
from cubeql.sql.aligned import Shape, align, keys_of, spread
from cubeql.sql.existence import is_proven
from cubeql.sql.expressions import Place, RegionTester, Values, translate
from cubeql.sql.known import Known
from cubeql.sql.matching import candidates, same_clock
from cubeql.sql.stored import decoded
from cubeql.sql.tree import (
    Aggregated,
    Fill,
    Ident,
    Joined,
    Named,
    Order,
    Query,
    Relation,
    Select,
    Sql,
    Sub,
    Table,
    Value,
    When,
    Windowed,
    fill,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled relation: what stands in WITH, in FROM and in WHERE, and how expressions are asked of it."""

    ctes: tuple[Named, ...]
    source: Relation
    where: tuple[Sql, ...]
    place: Place
    columns: tuple[str, ...] = ()


def match_name(join: TileJoin) -> str:
    """The column that tells whether a joined layer has a row at a cell."""
    return f"{join.aligned.scan.alias}$match"


def rank_name(join: TileJoin) -> str:
    """The column that numbers the candidates of a ranked join, best first."""
    return f"{join.aligned.scan.alias}$rank"


class CellsBuilder:
    """Builds the SQL of one :class:`Cells` node.

    Args:
        node: the node.
        values: where constants go.
        subquery: compiles ``IN (query)``.
        known: what the engine has found out about the tile rows.
        listed_region: tests other cells than the grid's against a region.
        unasked: whether cells that have no row in the driver change nothing.
    """

    def __init__(
        self,
        node: Cells,
        values: Values,
        subquery: Callable[[BoundQuery], Query],
        known: Known,
        listed_region: RegionTester,
        unasked: bool = False,
    ) -> None:
        self.unasked = unasked
        self.listed_region = listed_region
        self.node = node
        self.values = values
        self.subquery = subquery
        self.driver = node.driver
        self.known = known
        self.ctes: list[Named] = []
        self.tiles = self._tiles()
        self.shape = align(self.driver, self.tiles)
        self.shapes = [align(j.aligned, Table(f"{node.name}$tiles", "tiles")) for j in node.joins]

    def build(self) -> Part:
        """The relation of cells with all conditions of the node."""
        if any(j.aligned.is_coarser for j in self.node.joins):
            self.ctes.append(Named(f"{self.node.name}$tiles", self._tile_list(), materialized=True))
        self.ctes = [*self.shape.ctes, *self.ctes]
        for join, shape in zip(self.node.joins, self.shapes, strict=True):
            self.ctes += shape.ctes
            if join.is_ranked:
                self.ctes.append(Named(self._match_name(join), self._candidates(join, shape), materialized=True))
        name = self.node.name
        self.ctes.append(Named(name, self._taken_apart()))
        self.ctes.append(Named(f"{name}$met", self._met()))
        source, where = f"{name}$met", []
        if self._picking():
            self.ctes.append(Named(f"{name}$picked", self._picked()))
            source = f"{name}$picked"
        where += self._matched()
        if any(self._is_sifted(j) for j in self.node.joins):
            self.ctes.append(Named(f"{name}$kept", self._kept(source)))
            source = f"{name}$kept"
        place = self.place()
        where += [translate(f, place) for f in self.node.cell_filters]
        return Part(tuple(self.ctes), Table(source), tuple(where), place, self.columns())

    # -------------------------------------------------------------- tiles

    def _tiles(self) -> Relation:
        """The query's tiles, for a driver that is coarser than the grid."""
        required = next((r for r in self.node.regions if r.required), None)
        if required is not None:
            return Table(required.name, "tiles")
        scan = self.driver.scan
        count = 7 ** max(self.driver.tile - scan.tile, 0)
        number = fill(f"unnest(range({count}))")
        own = Select(((Ident("tile"), "above"),), Table(scan.name), distinct=True)
        every = Select(((Ident("above"), None), (number, "number")), Sub(own, "stored"))
        tile = positions.child(Ident("above"), Ident("number"), scan.tile, self.driver.tile)
        live = fill(
            "NOT {0}",
            positions.is_dead(Ident("above"), Ident("number"), scan.tile, self.driver.tile - scan.tile),
        )
        return Sub(Select(((tile, "tile"),), Sub(every, "every"), where=(live,)), "tiles")

    def _tile_list(self) -> Query:
        scan = self.driver.scan
        required = tuple(
            fill("{0} IN (SELECT tile FROM {1})", Ident("tile"), Ident(r.name)) for r in self.node.regions if r.required
        )
        if self.driver.is_coarser:
            return Select(((Ident("tile"), None),), self.tiles, where=required, distinct=True)
        tile = positions.parent(Ident("tile"), scan.tile, self.driver.tile)
        inner = Select(((tile, "tile"),), Table(scan.name), distinct=True)
        return Select(((Ident("tile"), None),), Sub(inner, "stored"), where=required)

    # -------------------------------------------------------------- tile rows meet

    def _match_name(self, join: TileJoin) -> str:
        return f"{join.aligned.scan.name}$candidates"

    def _candidates(self, join: TileJoin, shape: Shape) -> Query:
        scalars = self.shape.scalars
        assert isinstance(scalars, Select)
        keys = tuple(i for i in scalars.items if i[1] != "complete")
        rows = replace(scalars, items=keys, distinct=True)
        on_rows = tuple(
            translate(c, self._row_place("driver", {join.aligned.scan.source: "joined"})) for c in join.on_rows
        )
        return candidates(join, self.driver, rows, shape, on_rows)

    def _row_place(self, driver: str, others: dict[int, str]) -> Place:
        """Scalars of tile rows: the driver's, and those of joined layers by their relation."""
        aliases = {j.aligned.scan.source: j.aligned.scan.alias for j in self.node.joins} | {
            self.driver.scan.source: self.driver.scan.alias
        }

        def column(source: int, name: str) -> Sql:
            relation = driver if source == self.driver.scan.source else others.get(source, aliases[source])
            return Ident(f"{aliases[source]}.{name}", relation)

        return Place(self.values, column, self.subquery)

    def _joined(self) -> Relation:
        alias = self.driver.scan.alias
        source: Relation = Table(self.shape.name, alias)
        for region in self.node.regions:
            same = fill("{0} = {1}", Ident("tile", region.name), Ident("tile", alias))
            source = Joined(source, Table(region.name), "inner" if region.required else "left", (same,))
        if self.node.geometry:
            name = f"{self.node.name}$geometry"
            same = fill("{0} = {1}", Ident("tile", name), Ident("tile", alias))
            source = Joined(source, Table(name), "left", (same,))
        for join, shape in zip(self.node.joins, self.shapes, strict=True):
            source = self._join(source, join, shape)
        return source

    def _join(self, source: Relation, join: TileJoin, shape: Shape) -> Relation:
        kind: Literal["inner", "left"] = "inner" if join.kind in ("inner", "semi") else "left"
        driver, alias = self.driver.scan.alias, join.aligned.scan.alias
        same = fill("{0} = {1}", Ident("tile", alias), Ident("tile", driver))
        if not join.is_ranked:
            clock = self._clock(join)
            times = (Ident(f"{clock}.time", clock), Ident(f"{alias}.time", alias))
            on_rows = tuple(translate(c, self._row_place(driver, {})) for c in join.on_rows)
            return Joined(source, Table(shape.name, alias), kind, (same, *same_clock(join, *times), *on_rows))
        found = f"{alias}$candidates"
        own = tuple(f"{driver}.{k}" for k in keys_of(self.driver))
        first = (fill("{0} = {1}", Ident("tile", found), Ident("tile", driver)),
                 *(fill("{0} = {1}", Ident(n, found), Ident(n, driver)) for n in own))  # fmt: skip
        source = Joined(source, Table(self._match_name(join), found), kind, first)
        other = tuple(f"{alias}.{k}" for k in keys_of(join.aligned))
        second = (fill("{0} = {1}", Ident("tile", alias), Ident("tile", found)),
                  *(fill("{0} = {1}", Ident(n, alias), Ident(n, found)) for n in other))  # fmt: skip
        return Joined(source, Table(shape.name, alias), kind, second)

    def _clock(self, join: TileJoin) -> str:
        """Alias of the source whose time the join is matched with."""
        number = join.match.clock if join.match is not None else 0
        found = next((j for j in self.node.joins if j.aligned.scan.source == number), None)
        return found.aligned.scan.alias if found is not None else self.driver.scan.alias

    # -------------------------------------------------------------- tiles are taken apart

    def _taken_apart(self) -> Query:
        alias = self.driver.scan.alias
        items: list[tuple[Sql, str]] = [(Ident("tile", alias), "tile")]
        for aligned, shape in self._layers():
            items += self._columns_of(aligned, shape)
        for join in self.node.joins:
            if join.is_ranked:
                items.append(
                    (
                        Ident("rank", f"{join.aligned.scan.alias}$candidates"),
                        rank_name(join),
                    )
                )
        for region in self.node.regions:
            items.append((fill("unnest({0})", Ident("mask", region.name)), region.name))
            if not region.required:
                items.append((fill("{0} IS NOT NULL", Ident("tile", region.name)), f"{region.name}.covers"))
        items += [(fill("unnest({0})", Ident(g, f"{self.node.name}$geometry")), g) for g in self.node.geometry]
        if self._needs_slot():
            items.append((self._slot(), "slot"))
        rows = tuple(translate(f, self._row_place(alias, {})) for f in self.node.row_filters)
        return Select(tuple(items), self._joined(), where=rows)

    def _slot(self) -> Sql:
        count = 7 ** (self.driver.resolution - self.driver.tile)
        return fill(f"unnest(range({count}))")

    def _needs_slot(self) -> bool:
        return self.node.with_slot or self._picking() or self.driver.is_coarser or any(
            self._is_sifted(j) for j in self.node.joins
        ) or not self.shape.arrays  # fmt: skip

    def _layers(self) -> list[tuple[Aligned, Shape]]:
        return [
            (self.driver, self.shape),
            *((j.aligned, s) for j, s in zip(self.node.joins, self.shapes, strict=True)),
        ]

    def _columns_of(self, aligned: Aligned, shape: Shape) -> list[tuple[Sql, str]]:
        scan = aligned.scan
        items: list[tuple[Sql, str]] = []
        for key in keys_of(aligned):
            name = f"{scan.alias}.{key}"
            items.append((Ident(name, scan.alias), name))
        for band in scan.bands:
            name = f"{scan.alias}.{band}"
            value: Sql = Ident(name, scan.alias)
            if name in shape.arrays:
                value = fill("unnest({0})", spread(value, shape.repeats))
            items.append((value, name))
        if self._reads_valid(aligned):
            name = f"{scan.alias}.valid"
            value = Ident(name, scan.alias)
            if name in shape.arrays:
                value = fill("unnest({0})", spread(value, shape.repeats))
            items.append((value, name))
        return items

    # -------------------------------------------------------------- which joined rows count

    def _exists(self, aligned: Aligned) -> Sql:
        """Whether a layer has a row at a cell."""
        scan = aligned.scan
        band = self.known.witness.get(scan.name, scan.bands[0])
        witness = fill("{0} IS NOT NULL", Ident(f"{scan.alias}.{band}"))
        if self._reads_valid(aligned):
            return fill("coalesce({0}, {1})", Ident(f"{scan.alias}.valid"), witness)
        return witness

    def _met(self) -> Query:
        """Cells where the driver has a row, with ``alias$match`` of every joined layer."""
        matches: list[tuple[Sql, str]] = []
        where = [] if self.unasked else self._proof(self.driver, ())
        for join in self.node.joins:
            place = self._place_of(join)
            conditions = tuple(translate(c, place) for c in join.on_cells)
            if self._is_direct(join):
                where += (*self._proof(join.aligned, join.on_cells), *conditions)
                continue
            tests = (self._exists(join.aligned), *conditions, *self._clock_there(join))
            text = " AND ".join(f"{{{i}}}" for i in range(len(tests)))
            matches.append((fill(f"coalesce({text}, FALSE)", *tests), match_name(join)))
        where += [fill("{0} IS DISTINCT FROM FALSE", Ident(r.name)) for r in self.node.regions if r.required]
        if self.driver.is_coarser:
            depth = self.driver.resolution - self.driver.tile
            where.append(fill("NOT {0}", positions.is_dead(Ident("tile"), Ident("slot"), self.driver.tile, depth)))
        return Select(tuple(matches), Table(self.node.name), where=tuple(where), star=True)

    def _clock_there(self, join: TileJoin) -> list[Sql]:
        """Where the clock is a left-joined layer's, it stands only where that layer matches."""
        clock = join.match.clock if join.match is not None else 0
        return [Ident(match_name(j)) for j in self.node.joins if j.aligned.scan.source == clock and j.kind == "left"]

    def _proof(self, aligned: Aligned, conditions: tuple[Bound, ...]) -> list[Sql]:
        """The test that a layer has a row, unless it is known to, or conditions that are tested anyway prove it."""
        return [self._exists(aligned)] if self._is_tested(aligned, conditions) else []

    def _is_tested(self, aligned: Aligned, conditions: tuple[Bound, ...]) -> bool:
        if aligned.scan.name in self.known.whole and not (aligned.is_finer or aligned.is_coarser):
            return False
        tested = conditions if self._chooses() else (*conditions, *self.node.cell_filters)
        return not is_proven(aligned, tested)

    def _reads_valid(self, aligned: Aligned) -> bool:
        """Whether the layer's rows are told by their flags: no band tells them, and they are asked for."""
        several = aligned.is_finer or len(aligned.scan.layer.bands) > 1
        if not several or (aligned.scan.name in self.known.witness and not aligned.is_finer):
            return False
        join = next((j for j in self.node.joins if j.aligned is aligned), None)
        if join is None:
            return not self.unasked and self._is_tested(aligned, ())
        return not self._is_direct(join) or self._is_tested(aligned, join.on_cells)

    def _chooses(self) -> bool:
        """Whether some joined rows are chosen among several, after which conditions are tested."""
        return any(self._is_picked(j) or self._is_sifted(j) for j in self.node.joins)

    def _is_direct(self, join: TileJoin) -> bool:
        """Whether cells that a joined layer has no row for can be dropped at once."""
        return not self._chooses() and all(j.kind in ("inner", "semi") for j in self.node.joins)

    def _is_open(self, join: TileJoin) -> bool:
        """Whether a tile row of the driver may meet several rows of the joined layer."""
        if join.is_ranked:
            several = join.most > 1 or bool(join.aligned.scan.layer.dimensions)
            return several or join.aligned.scan.name not in self.known.settled
        return not join.is_single

    def _is_picked(self, join: TileJoin) -> bool:
        best = join.is_ranked and join.most == 1
        return self._is_open(join) and (best or join.kind in ("semi", "anti"))

    def _picking(self) -> bool:
        return any(self._is_picked(j) for j in self.node.joins)

    def _is_sifted(self, join: TileJoin) -> bool:
        """Whether of several joined rows at a cell some are kept, or one where none matches."""
        return bool(self._own_keys(join)) and (join.kind == "left" or (join.is_ranked and not self._is_picked(join)))

    def _own_keys(self, join: TileJoin) -> list[str]:
        """Keys of the joined rows that stay several at a cell; none where one row is left there."""
        alias, layer = join.aligned.scan.alias, join.aligned.scan.layer
        if not self._is_open(join) or join.kind in ("semi", "anti"):
            return []
        if self._is_picked(join):
            return [f"{alias}.{d.name}" for d in layer.dimensions]
        return [f"{alias}.{k}" for k in keys_of(join.aligned)]

    def _row_keys(self) -> list[str]:
        alias = self.driver.scan.alias
        return ["tile", "slot", *(f"{alias}.{k}" for k in keys_of(self.driver))]

    def _multiplied_keys(self) -> list[str]:
        return [k for j in self.node.joins for k in self._own_keys(j)]

    def _picked(self) -> Query:
        """The best candidate at each cell: one row a cell and row of the driver."""
        keys = [*self._row_keys(), *self._multiplied_keys()]
        items: list[tuple[Sql, str | None]] = [(Ident(k), None) for k in keys]
        picked = {j.aligned.scan.alias: j for j in self.node.joins if self._is_picked(j)}
        for name in self.columns(raw=True):
            if name in keys:
                continue
            join = picked.get(self._alias_of(name))
            items.append((self._pick(name, join), name))
        return Select(tuple(items), Table(f"{self.node.name}$met"), group_by=tuple(Ident(k) for k in keys))

    def _alias_of(self, name: str) -> str:
        aliases = (j.aligned.scan.alias for j in self.node.joins)
        return next((a for a in aliases if name.startswith((f"{a}.", f"{a}$m"))), "")

    def _pick(self, name: str, join: TileJoin | None) -> Sql:
        if join is None:
            return fill("any_value({0})", Ident(name))
        match = Ident(match_name(join))
        if name == match_name(join):
            return fill("bool_or({0})", match)
        if not join.is_ranked:
            return fill("any_value({0})", Ident(name))
        return Aggregated("arg_min_null({0}, {1})", (Ident(name), Ident(rank_name(join))), filter=match)

    def _matched(self) -> list[Sql]:
        tests: list[Sql] = []
        for join in self.node.joins:
            match = Ident(match_name(join))
            if self._is_direct(join):
                continue
            if join.kind in ("inner", "semi"):
                tests.append(match)
            elif join.kind == "anti":
                tests.append(fill("NOT {0}", match))
        return tests

    def _kept(self, source: str) -> Query:
        """Of rows that joins multiply: the nearest so many that match, and for LEFT one row where none does.

        The source holds every combination of tile rows; a join is judged among rows that agree in all joins before it,
        where an unmatched one is NULL. What is then left twice differs only in rows that nothing matches.
        """
        tests: list[Sql] = []
        known: list[Sql] = [Ident(k) for k in self._row_keys()]
        for join in self.node.joins:
            if self._is_sifted(join):
                tests.append(self._sifted(join, tuple(known)))
            match = Ident(match_name(join))
            keys = [Ident(k) for k in self._own_keys(join)]
            known += [When(((match, k),)) for k in keys] if join.kind == "left" else keys
        if any(j.kind == "left" and self._is_sifted(j) for j in self.node.joins):
            tests.append(fill("{0} = 1", Windowed(fill("row_number()"), tuple(known))))
        text = " AND ".join(f"{{{i}}}" for i in range(len(tests)))
        return Select((), Table(source), qualify=Fill(text, tuple(tests)))

    def _sifted(self, join: TileJoin, known: tuple[Sql, ...]) -> Sql:
        match = Ident(match_name(join))
        kept: Sql = match
        if join.is_ranked and not self._is_picked(join):
            scan = join.aligned.scan
            series = (*known, *(Ident(f"{scan.alias}.{d.name}") for d in scan.layer.dimensions))
            best = (Order(match, descending=True), Order(Ident(rank_name(join))))
            kept = fill(f"({{0}} AND {{1}} <= {join.most})", match, Windowed(fill("dense_rank()"), series, best))
        if join.kind != "left":
            return kept
        return fill("({0} OR NOT {1})", kept, Windowed(fill("bool_or({0})", match), known))

    # -------------------------------------------------------------- how expressions see it

    def columns(self, raw: bool = False) -> tuple[str, ...]:
        """Names of the relation's columns; ``raw`` includes those that only this node reads."""
        names: list[str] = ["tile"] + (["slot"] if self._needs_slot() else [])
        for aligned, shape in self._layers():
            names += [n for _, n in self._columns_of(aligned, shape)]
        names += [match_name(j) for j in self.node.joins if not self._is_direct(j)]
        if raw:
            counted = (j for j in self.node.joins if self._is_sifted(j) and j.is_ranked)
            names += [rank_name(j) for j in counted]
        for region in self.node.regions:
            names += [region.name] + ([] if region.required else [f"{region.name}.covers"])
        return (*names, *self.node.geometry)

    def _column(self, source: int, name: str, own: int | None = None) -> Sql:
        """A source's column; NULL where it is left-joined and nothing matches; ``own`` is read as it is."""
        value = self._value(source, name, own)
        band = self._raw_band(source, name)
        return value if band is None else decoded(value, band)

    def _stored(self, source: int, name: str) -> tuple[Sql, Band] | None:
        """A band's column as it is stored, where it still is."""
        band = self._raw_band(source, name)
        return None if band is None else (self._value(source, name), band)

    def _raw_band(self, source: int, name: str) -> Band | None:
        for aligned, shape in self._layers():
            if aligned.scan.source == source and f"{aligned.scan.alias}.{name}" in shape.raw:
                return aligned.scan.layer.band(name)
        return None

    def _value(self, source: int, name: str, own: int | None = None) -> Sql:
        aligned = next(a for a, _ in self._layers() if a.scan.source == source)
        value = Ident(f"{aligned.scan.alias}.{name}")
        join = next((j for j in self.node.joins if j.aligned is aligned), None)
        if source == own or join is None or join.kind != "left":
            return value
        return When(((Ident(match_name(join)), value),))

    def _place_of(self, join: TileJoin) -> Place:
        """How conditions of a join are asked, before it is known whether it matches."""
        return replace(self.place(), column=lambda s, n: self._column(s, n, join.aligned.scan.source))

    def place(self) -> Place:
        """How expressions are asked of the relation of cells."""
        cell = (Ident("tile"), Ident("slot"), self.driver.tile, self.driver.resolution)
        return Place(self.values, self._column, self.subquery, cell, self._region, stored=self._stored)

    def _region(self, region: RegionRef, operand: Sql, resolution: int | None) -> Sql:
        if resolution is not None:
            return self.listed_region(region, operand, resolution)
        test = next(r for r in self.node.regions if r.region == region)
        if test.required:
            return Value(True)
        return fill("coalesce({0}, {1})", Ident(test.name), Ident(f"{test.name}.covers"))
