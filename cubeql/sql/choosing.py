"""Cells that are kept: where layers match, and which of several joined rows a cell takes."""

from __future__ import annotations

from cubeql.plan.nodes import TileJoin
from cubeql.sql import positions
from cubeql.sql.expressions import translate
from cubeql.sql.meeting import MeetingCells, match_name, rank_name
from cubeql.sql.tree import Aggregated, Fill, Ident, Order, Query, Relation, Select, Sql, Table, When, Windowed, fill
from cubeql.sql.zones import with_attributes


class ChosenCells(MeetingCells):
    """Cells met, picked and sifted."""

    def _met(self) -> Query:
        """Cells where the driver has a row, with ``alias$match`` of every joined layer."""
        matches: list[tuple[Sql, str]] = []
        where = [] if self.unasked else self._proof(self.driver, ())
        for join in self.node.joins:
            if self._is_direct(join):
                place = self._place_of(join)
                where += (*self._proof(join.aligned, join.on_cells), *(translate(c, place) for c in join.on_cells))
                continue
            matches += [(self._match(join, end), f"{match_name(join)}{end}") for end in self._abreast(join) or ("",)]
        tested = (r for r in self.node.regions if r.required and not self._is_listed(r))
        where += [fill("{0} IS DISTINCT FROM FALSE", Ident(r.name)) for r in tested]
        if self.driver.is_coarser:
            dead = positions.are_dead(Ident("tile"), Ident("digits"), self.driver.tile, self.driver.resolution)
            where.append(fill("NOT {0}", dead))
        source: Relation = Table(self.node.name)
        for join in self.node.joins:
            source = with_attributes(source, join, "inner" if self._is_direct(join) else "left")
        return Select(tuple(matches), source, where=tuple(where), star=True)

    def _match(self, join: TileJoin, end: str) -> Sql:
        """Whether a joined layer, or a candidate of it, has a row at a cell that may be taken."""
        place = self._place_of(join, end)
        conditions = tuple(translate(c, place) for c in join.on_cells)
        tests = (self._exists(join.aligned, end), *conditions, *self._clock_there(join))
        text = " AND ".join(f"{{{i}}}" for i in range(len(tests)))
        return fill(f"coalesce({text}, FALSE)", *tests)

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

    def _first_abreast(self) -> Query:
        """Of the candidates that lie side by side at a cell, the first that matches."""
        items: list[tuple[Sql, str | None]] = []
        for name in self.columns(raw=True):
            join = next((j for j in self.node.joins if j.aligned.scan.alias == self._alias_of(name)), None)
            ends = self._abreast(join) if join is not None else ()
            items.append((Ident(name) if join is None or not ends else _first(name, join, ends), name))
        return Select(tuple(items), Table(f"{self.node.name}$met"))

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


def _first(name: str, join: TileJoin, ends: tuple[str, ...]) -> Sql:
    """A column of the first candidate that matches, or whether one does."""
    matches = [Ident(f"{match_name(join)}{end}") for end in ends]
    if name == match_name(join):
        return Fill(f"({' OR '.join(f'{{{i}}}' for i in range(len(ends)))})", tuple(matches))
    return When(tuple((match, Ident(f"{name}{end}")) for match, end in zip(matches, ends, strict=True)))
