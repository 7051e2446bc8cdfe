"""Layers that meet tile by tile, taken apart into one row a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from cubeql.analyze.bound import Bound
from cubeql.plan.nodes import TileJoin
from cubeql.sql import positions
from cubeql.sql.aligned import Shape, keys_of
from cubeql.sql.choosing import ChosenCells
from cubeql.sql.expressions import Place, translate
from cubeql.sql.matching import candidates, same_clock
from cubeql.sql.meeting import rank_name
from cubeql.sql.tree import Ident, Joined, Named, Query, Relation, Select, Sql, Sub, Table, fill
from cubeql.sql.windowed import instants, windowed


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled relation: what stands in WITH, in FROM and in WHERE, and how expressions are asked of it.

    ``keys`` are columns that no two of its rows share, where such are known. Rows of a group that are alike in
    ``merged`` must become one before they are aggregated, their ``rows`` added. Where a condition in ``later``
    does not hold there is no row; whoever groups by what it reads tests it of the groups. ``made`` are keys of GROUP BY
    that stand in the relation already.
    """

    ctes: tuple[Named, ...]
    source: Relation
    where: tuple[Sql, ...]
    place: Place
    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    later: tuple[Sql, ...] = ()
    made: Mapping[Bound, Sql] = field(default_factory=dict)


class CellsBuilder(ChosenCells):
    """Builds the SQL of one :class:`~cubeql.plan.nodes.Cells` node."""

    def build(self) -> Part:
        """The relation of cells with all conditions of the node."""
        self.shapes = [
            s if j.over is None else self._over_window(j, s) for j, s in zip(self.node.joins, self.shapes, strict=True)
        ]
        ctes = [*self.shape.ctes]
        for join, shape in zip(self.node.joins, self.shapes, strict=True):
            ctes += shape.ctes
            if join.is_ranked:
                ctes.append(Named(self._candidates_name(join), self._candidates(join, shape), materialized=True))
        name = self.node.name
        ctes.append(Named(name, self._taken_apart()))
        ctes.append(Named(f"{name}$met", self._met()))
        source, where = f"{name}$met", []
        if self._picking() or self._are_abreast():
            picked = self._picked() if self._picking() else self._first_abreast()
            ctes.append(Named(f"{name}$picked", picked))
            source = f"{name}$picked"
        where += self._matched()
        if any(self._is_sifted(j) for j in self.node.joins):
            ctes.append(Named(f"{name}$kept", self._kept(source)))
            source = f"{name}$kept"
        place = self.place()
        where += [translate(f, place) for f in self.node.cell_filters]
        keys = (*self._row_keys(), *self._multiplied_keys()) if self._needs_digits() else ()
        return Part(tuple(ctes), Table(source), tuple(where), place, self.columns(), keys, later=tuple(self.later))

    def _over_window(self, join: TileJoin, shape: Shape) -> Shape:
        """A joined layer over windows around the instants of its clock."""
        clock = self._clock(join)
        scalars = next(s.scalars for a, s in self._layers() if a.scan.alias == clock)
        tests: tuple[Sql, ...] = ()
        if clock == self.driver.scan.alias:
            tests = tuple(translate(f, self._row_place(clock, {})) for f in self.node.row_filters)
        return windowed(join, shape, instants(scalars, clock, tests), clock, self.place())

    def _candidates_name(self, join: TileJoin) -> str:
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
            if self._is_listed(region):
                continue
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
            times = (Ident(f"{clock}.time", clock), Ident(f"{alias}.time", alias), Ident(f"{alias}.time_end", alias))
            on_rows = tuple(translate(c, self._row_place(driver, {})) for c in join.on_rows)
            return Joined(source, Table(shape.name, alias), kind, (same, *same_clock(join.match, *times), *on_rows))
        found = f"{alias}$candidates"
        own = tuple(f"{driver}.{k}" for k in keys_of(self.driver))
        ends = self._abreast(join)
        for rank, end in enumerate(ends, 1):
            first = _same(f"{alias}{end}", driver, ("tile", *own))
            source = Joined(
                source, Sub(self._candidate(join, shape, rank), f"{alias}{end}"), "left" if rank > 1 else kind, first
            )
        if ends:
            return source
        source = Joined(source, Table(self._candidates_name(join), found), kind, _same(found, driver, ("tile", *own)))
        return Joined(source, Table(shape.name, alias), kind, _same(alias, found, self._joined_keys(join)))

    def _joined_keys(self, join: TileJoin) -> tuple[str, ...]:
        return ("tile", *(f"{join.aligned.scan.alias}.{k}" for k in keys_of(join.aligned)))

    def _candidate(self, join: TileJoin, shape: Shape, rank: int) -> Query:
        """The tile rows of a joined layer that are the candidate of this rank of a tile row of the driver."""
        found, grid = "found", "grid"
        own = tuple((Ident(n, found), n) for n in (f"{self.driver.scan.alias}.{k}" for k in keys_of(self.driver)))
        names = [n for _, n in self._columns_of(join.aligned, shape)]
        items = ((Ident("tile", found), "tile"), *own, *((Ident(n, grid), n) for n in names))
        source = Joined(Table(shape.name, grid), Table(self._candidates_name(join), found), "inner",
                        _same(found, grid, self._joined_keys(join)))  # fmt: skip
        return Select(items, source, where=(fill(f"{{0}} = {rank}", Ident("rank", found)),))

    def _clock(self, join: TileJoin) -> str:
        """Alias of the source whose time the join is matched with."""
        number = join.match.clock if join.match is not None else 0
        found = next((j for j in self.node.joins if j.aligned.scan.source == number), None)
        return found.aligned.scan.alias if found is not None else self.driver.scan.alias

    def _taken_apart(self) -> Query:
        alias = self.driver.scan.alias
        items: list[tuple[Sql, str]] = [(Ident("tile", alias), "tile")]
        items += self._columns_of(self.driver, self.shape)
        for join, shape in zip(self.node.joins, self.shapes, strict=True):
            ends = self._abreast(join)
            items += [i for end in ends or ("",) for i in self._columns_of(join.aligned, shape, end)]
            if join.is_ranked and not ends:
                items.append((Ident("rank", f"{join.aligned.scan.alias}$candidates"), rank_name(join)))
        for region in self.node.regions:
            if not self._is_listed(region):
                items.append((self._opened(Ident("mask", region.name)), region.name))
            if not region.required:
                items.append((fill("{0} IS NOT NULL", Ident("tile", region.name)), f"{region.name}.covers"))
        items += [(self._opened(Ident(g, f"{self.node.name}$geometry")), g) for g in self.node.geometry]
        if self._needs_digits():
            digits = positions.digits_of_slots(self.driver.tile, self.driver.resolution, self._slots())
            items.append((fill("unnest({0})", digits), "digits"))
        rows = tuple(translate(f, self._row_place(alias, {})) for f in self.node.row_filters)
        return Select(tuple(items), self._joined(), where=rows)


def _same(one: str, other: str, names: tuple[str, ...]) -> tuple[Sql, ...]:
    """Conditions that two relations agree in columns of the same name."""
    return tuple(fill("{0} = {1}", Ident(n, one), Ident(n, other)) for n in names)
