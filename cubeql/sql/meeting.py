"""Layers that meet, as relations of cells: which columns they have, and which joined rows count.

In the relation of cells a column of a source is called ``alias.column``; beside them stand ``tile``, ``digits``,
``alias$match`` (whether a joined layer has a row there), regions by name, and ``area``, ``lon``, ``lat``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from cubeql.analyze.bound import Bound, BoundQuery, Column, RegionRef, walk
from cubeql.catalog import Band
from cubeql.plan.failing import is_sure
from cubeql.plan.nodes import Aligned, Cells, RegionTest, TileJoin
from cubeql.sql.aligned import Shape, align, keys_of, spread
from cubeql.sql.existence import is_proven
from cubeql.sql.expressions import Place, RegionTester, Values
from cubeql.sql.known import Known
from cubeql.sql.positions import listed_slots
from cubeql.sql.stored import decoded
from cubeql.sql.tiles import driver_tiles, tiles_name
from cubeql.sql.tree import Ident, Query, Sql, Table, Value, When, fill
from cubeql.sql.windowed import tells_rows
from cubeql.sql.zones import lookup

_MOST_ABREAST = 16  # each candidate is read, joined and taken apart by itself


def match_name(join: TileJoin) -> str:
    """The column that tells whether a joined layer has a row at a cell."""
    return f"{join.aligned.scan.alias}$match"


def rank_name(join: TileJoin) -> str:
    """The column that numbers the candidates of a ranked join, best first."""
    return f"{join.aligned.scan.alias}$rank"


class MeetingCells:
    """What is known of one :class:`Cells` node while its SQL is built.

    Args:
        node: the node.
        values: where constants go.
        subquery: compiles ``IN (query)``.
        known: what the engine has found out about the tile rows.
        listed_region: tests other cells than the grid's against a region.
        unasked: whether cells that have no row in the driver change nothing.
        alike: columns that cells are grouped by, so that where one is NULL can be told of the groups.
    """

    def __init__(
        self,
        node: Cells,
        values: Values,
        subquery: Callable[[BoundQuery], Query],
        known: Known,
        listed_region: RegionTester,
        unasked: bool = False,
        alike: AbstractSet[tuple[int, str]] = frozenset(),
    ) -> None:
        self.unasked = unasked
        self.alike = alike
        self.later: list[Sql] = []
        self.listed_region = listed_region
        self.node = node
        self.values = values
        self.subquery = subquery
        self.driver = node.driver
        self.known = known
        self.shape = align(self.driver, driver_tiles(node))
        self.shapes = [align(j.aligned, Table(tiles_name(node), "tiles")) for j in node.joins]

    def _needs_digits(self) -> bool:
        return self.node.with_slot or self._picking() or self.driver.is_coarser or any(
            self._is_sifted(j) for j in self.node.joins
        ) or not self.shape.arrays  # fmt: skip

    def _layers(self) -> list[tuple[Aligned, Shape]]:
        return [
            (self.driver, self.shape),
            *((j.aligned, s) for j, s in zip(self.node.joins, self.shapes, strict=True)),
        ]

    def _columns_of(self, aligned: Aligned, shape: Shape, end: str = "") -> list[tuple[Sql, str]]:
        """A layer's columns at each cell, or those of a candidate, which ``end`` tells from the others."""
        scan = aligned.scan
        items: list[tuple[Sql, str]] = []
        for column in (*keys_of(aligned), *scan.bands, *(("valid",) if self._reads_valid(aligned) else ())):
            name = f"{scan.alias}.{column}"
            value: Sql = Ident(name, f"{scan.alias}{end}")
            if name in shape.arrays:
                value = self._opened(value, shape.repeats)
            items.append((value, f"{name}{end}"))
        return items

    def _slots(self) -> Sql | None:
        """The slots of a tile that are wanted, where they are listed; a tile without any gives no row."""
        found = next((r.name for r in self.node.regions if self._is_listed(r)), None)
        return None if found is None else listed_slots(Ident("tile", self.driver.scan.alias), self.known.listed[found])

    def _is_listed(self, region: RegionTest) -> bool:
        return region.name in self.known.listed

    def _opened(self, values: Sql, repeats: int = 1) -> Sql:
        """A row a cell that is wanted of an array, whose elements each stand for so many cells."""
        slots = self._slots()
        if slots is None:
            return fill("unnest({0})", spread(values, repeats))
        if repeats > 1:
            slots = fill(f"list_transform({{0}}, lambda slot: (slot - 1) // {repeats} + 1)", slots)
        return fill("unnest(list_select({0}, {1}))", values, slots)

    def _exists(self, aligned: Aligned, end: str = "") -> Sql:
        """Whether a layer, or a candidate of it, has a row at a cell."""
        scan = aligned.scan
        band = self.known.witness.get(scan.name, scan.bands[0])
        witness = fill("{0} IS NOT NULL", Ident(f"{scan.alias}.{band}{end}"))
        if self._reads_valid(aligned):
            return fill("coalesce({0}, {1})", Ident(f"{scan.alias}.valid{end}"), witness)
        return witness

    def _clock_there(self, join: TileJoin) -> list[Sql]:
        """Where the clock is a left-joined layer's, it stands only where that layer matches."""
        clock = join.match.clock if join.match is not None else 0
        return [Ident(match_name(j)) for j in self.node.joins if j.aligned.scan.source == clock and j.kind == "left"]

    def _proof(self, aligned: Aligned, conditions: tuple[Bound, ...]) -> list[Sql]:
        """The test that a layer has a row, unless it is known to, or conditions that are tested anyway prove it."""
        if not self._is_tested(aligned, conditions):
            return []
        if self._is_told_by_groups(aligned):
            self.later.append(self._exists(aligned))
            return []
        return [self._exists(aligned)]

    def _is_told_by_groups(self, aligned: Aligned) -> bool:
        """Whether cells without a row can be left to whoever groups them: no condition on these can fail."""
        scan = aligned.scan
        witness = scan.source, self.known.witness.get(scan.name, scan.bands[0])
        if witness not in self.alike or self._reads_valid(aligned) or self._chooses():
            return False
        return all(is_sure(c) for c in (*self.node.cell_filters, *(c for j in self.node.joins for c in j.on_cells)))

    def _is_tested(self, aligned: Aligned, conditions: tuple[Bound, ...]) -> bool:
        if self._is_windowed(aligned) and not self._tells_rows(aligned):
            return True
        derived = aligned.is_finer or aligned.is_coarser or self._is_windowed(aligned)
        if aligned.scan.name in self.known.whole and not derived:
            return False
        tested = conditions if self._chooses() else (*conditions, *self.node.cell_filters)
        return not is_proven(aligned, tested)

    def _is_windowed(self, aligned: Aligned) -> bool:
        return any(j.aligned is aligned and j.over is not None for j in self.node.joins)

    def _tells_rows(self, aligned: Aligned) -> bool:
        return any(j.aligned is aligned and tells_rows(j) for j in self.node.joins)

    def _reads_valid(self, aligned: Aligned) -> bool:
        """Whether the layer's rows are told by their flags: no band tells them, and they are asked for."""
        if self._is_windowed(aligned):
            return not self._tells_rows(aligned)
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
            return several or not self._is_settled(join)
        return not join.is_single and not self._is_settled(join)

    def _is_settled(self, join: TileJoin) -> bool:
        """Whether tile rows tell that at most one row of the joined layer can be taken at a cell."""
        return self.known.at_most.get(join.aligned.scan.name, 2) <= 1

    def _is_picked(self, join: TileJoin) -> bool:
        best = join.is_ranked and join.most == 1
        return self._is_open(join) and (best or join.kind in ("semi", "anti"))

    def _picking(self) -> bool:
        """Whether the rows of a cell are grouped, to take the best of them."""
        return any(self._is_picked(j) for j in self.node.joins) and not self._are_abreast()

    def _are_abreast(self) -> bool:
        """Whether few candidates are to be picked from, so that they lie side by side at each cell, in columns."""
        picked = [j for j in self.node.joins if self._is_picked(j)]
        others = {j.aligned.scan.source for j in picked}
        return bool(picked) and all(self._can_be_abreast(j, others) for j in picked)

    def _can_be_abreast(self, join: TileJoin, others: AbstractSet[int]) -> bool:
        scan = join.aligned.scan
        reads = {p.source for c in join.on_cells for p in walk(c) if isinstance(p, Column)}
        single = join.is_ranked and join.most == 1 and not scan.layer.dimensions
        few = self.known.at_most.get(scan.name, _MOST_ABREAST + 1) <= _MOST_ABREAST
        return single and few and not reads & (others - {scan.source})

    def _abreast(self, join: TileJoin) -> tuple[str, ...]:
        """What the columns of each candidate that lies beside the others end with, best first."""
        if not self._is_picked(join) or not self._are_abreast():
            return ()
        return tuple(f"@{n + 1}" for n in range(self.known.at_most[join.aligned.scan.name]))

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
        return ["tile", "digits", *(f"{alias}.{k}" for k in keys_of(self.driver))]

    def _multiplied_keys(self) -> list[str]:
        return [k for j in self.node.joins for k in self._own_keys(j)]

    def columns(self, raw: bool = False) -> tuple[str, ...]:
        """Names of the relation's columns; ``raw`` includes those that only this node reads."""
        names: list[str] = ["tile"] + (["digits"] if self._needs_digits() else [])
        for aligned, shape in self._layers():
            names += [n for _, n in self._columns_of(aligned, shape)]
        scans = (j.aligned.scan for j in self.node.joins)
        names += [f"{s.alias}.{a}" for s in scans if s.zones is not None for a in s.zones.attributes]
        names += [match_name(j) for j in self.node.joins if not self._is_direct(j)]
        if raw:
            counted = (j for j in self.node.joins if self._is_sifted(j) and j.is_ranked)
            names += [rank_name(j) for j in counted]
        for region in self.node.regions:
            names += [] if self._is_listed(region) else [region.name]
            names += [] if region.required else [f"{region.name}.covers"]
        return (*names, *self.node.geometry)

    def _column(self, source: int, name: str, own: int | None = None, end: str = "") -> Sql:
        """A source's column; NULL where it is left-joined and nothing matches; ``own`` is read as it is, of the
        candidate that ``end`` tells."""
        value = self._value(source, name, own, end)
        band = self._raw_band(source, name)
        return value if band is None else decoded(value, band)

    def _stored(self, source: int, name: str, own: int | None = None, end: str = "") -> tuple[Sql, Band] | None:
        """A band's column as it is stored, where it still is."""
        band = self._raw_band(source, name)
        return None if band is None else (self._value(source, name, own, end), band)

    def _raw_band(self, source: int, name: str) -> Band | None:
        for aligned, shape in self._layers():
            if aligned.scan.source == source and f"{aligned.scan.alias}.{name}" in shape.raw:
                return aligned.scan.layer.band(name)
        return None

    def _value(self, source: int, name: str, own: int | None = None, end: str = "") -> Sql:
        aligned = next(a for a, _ in self._layers() if a.scan.source == source)
        value: Sql = Ident(f"{aligned.scan.alias}.{name}{end if source == own else ''}")
        zones = aligned.scan.zones
        if zones is not None and name in zones.late:
            value = lookup(aligned.scan, name, Ident(f"{aligned.scan.alias}.zone"))
        join = next((j for j in self.node.joins if j.aligned is aligned), None)
        if source == own or join is None or join.kind != "left":
            return value
        return When(((Ident(match_name(join)), value),))

    def _place_of(self, join: TileJoin, end: str = "") -> Place:
        """How conditions of a join are asked, before it is known whether it matches."""
        own = join.aligned.scan.source
        return replace(
            self.place(),
            column=lambda s, n: self._column(s, n, own, end),
            stored=lambda s, n: self._stored(s, n, own, end),
        )

    def place(self) -> Place:
        """How expressions are asked of the relation of cells."""
        cell = (Ident("tile"), Ident("digits"), self.driver.tile, self.driver.resolution)
        return Place(self.values, self._column, self.subquery, cell, self._region, stored=self._stored)

    def _region(self, region: RegionRef, operand: Sql, resolution: int | None) -> Sql:
        if resolution is not None:
            return self.listed_region(region, operand, resolution)
        test = next(r for r in self.node.regions if r.region == region)
        if test.required:
            return Value(True)
        return fill("coalesce({0}, {1})", Ident(test.name), Ident(f"{test.name}.covers"))
