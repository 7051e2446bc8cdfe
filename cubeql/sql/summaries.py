"""Aggregates from what is stored of groups of cells: partial aggregates side by side, put together by group.

The relation has a row an entry of an overview: ``tile``, ``digits`` (of the coarser cell), ``alias.time`` and
dimensions, ``rows`` (how many cells have a row), and ``band$count``, ``band$sum``, ``band$min``, ``band$max`` in stored
values. Cells at the edge of a region are aggregated to rows of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cubeql.analyze.bound import Aggregate, BoundQuery
from cubeql.catalog import Band
from cubeql.errors import InternalError
from cubeql.plan.linear import Line, line_of
from cubeql.plan.nodes import Overview, Statistic, Summaries
from cubeql.plan.summarising import flag_name, stored_end, with_flags
from cubeql.sql import positions
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, Values, translate
from cubeql.sql.stored import decoded
from cubeql.sql.tree import Aggregated, Compound, Ident, Named, Query, Select, Sql, Sub, Table, Value, fill
from cubeql.sql.weighted import weighted


class SummariesBuilder:
    """Builds the SQL of one :class:`~cubeql.plan.nodes.Summaries` node.

    ``edges`` is the relation of its cells, ``read`` the keys that the query reads; ``is_empty`` tells that there is
    nothing but these cells.
    """

    def __init__(
        self, node: Summaries, values: Values, subquery: Callable[[BoundQuery], Query], edges: Part | None,
        read: frozenset[str], is_empty: bool = False,
    ) -> None:  # fmt: skip
        assert node.scan.overview is not None
        self.node = node
        self.scan = node.scan
        self.overview: Overview = node.scan.overview
        self.values = values
        self.subquery = subquery
        self.edges = edges
        self.is_empty = is_empty
        self.read = read

    def build(self) -> Part:
        """The relation of partial aggregates, and how aggregates are asked of it."""
        query: Query = self._stored()
        ctes: tuple[Named, ...] = ()
        if self.edges is not None:
            ctes = self.edges.ctes
            at_edges = self._at_edges(self.edges)
            query = at_edges if self.is_empty else Compound("union all", query, at_edges)
        return Part(ctes, Sub(query, self.node.name), (), self.place())

    def place(self) -> Place:
        """Keys and aggregates of the relation."""
        cell = (Ident("tile"), Ident("digits"), self.scan.tile, self.overview.resolution)
        return Place(self.values, self._column, self.subquery, cell, aggregate=self._aggregate)

    @property
    def _is_whole(self) -> bool:
        return self.overview.resolution == self.scan.tile

    def _column(self, source: int, name: str) -> Sql:
        return Ident(f"{self.scan.alias}.{name}")

    def _keys(self) -> tuple[str, ...]:
        layer = self.scan.layer
        return (*(("time",) if layer.time is not None else ()), *(d.name for d in layer.dimensions))

    def _flags(self) -> list[str]:
        return [flag_name(n) for n in range(len(self.node.flags))]

    def _asked(self) -> list[tuple[str, Statistic]]:
        """What the query asks for; counts of other bands only tell which entries have a row."""
        return [(band, statistic) for band, statistic in self.overview.statistics if band in self.scan.bands]

    def _band(self, name: str) -> Band:
        band = self.scan.layer.band(name)
        assert band is not None
        return band

    # -------------------------------------------------------------- partial aggregates

    def _stored(self) -> Query:
        """Of the stored overview; an entry of a group of cells without any row is none."""
        items: list[tuple[Sql, str]] = [(Ident("tile"), "tile")]
        items += [(Ident(k), f"{self.scan.alias}.{k}") for k in self._keys()]
        if not self._is_whole:
            digits = positions.digits_of_slots(self.scan.tile, self.overview.resolution)
            items.append((fill("unnest({0})", digits), "digits"))
        else:
            items.append((Value(0), "digits"))
        for band, statistic in self.overview.statistics:
            name = f"{band}${statistic}"
            value: Sql = Ident(name) if self._is_whole else fill("unnest({0})", Ident(name))
            items.append((value, name))
        items += [(Ident(f), f) for f in self._flags()]
        place = Place(self.values, lambda _, name: Ident(name), self.subquery)
        where = tuple(translate(f, place) for f in self.node.row_filters)
        if self._is_whole:
            items.append((Ident("footprint__count"), "rows"))
            return self._typed(Select(tuple(items), Table(self.scan.name), where=where))
        entries = Select(tuple(items), Table(self.scan.name), where=where)
        return self._typed(entries, tuple(self.scan.layer.bands))

    def _typed(self, entries: Select, bands: tuple[Band, ...] = ()) -> Query:
        """Sums of integers as integers; ``bands`` tell which entries have a row at all."""
        counts = [Ident(f"{b.name}$count") for b in bands]
        rows: Sql = Ident("rows") if not counts else counts[0]
        items: list[tuple[Sql, str]] = [(Ident("tile"), "tile"), (Ident("digits"), "digits"), (rows, "rows")]
        items += [(Ident(f"{self.scan.alias}.{k}"), f"{self.scan.alias}.{k}") for k in self._keys()]
        items += [(Ident(f), f"{self.scan.alias}.{f}") for f in self._flags()]
        for band, statistic in self._asked():
            value: Sql = Ident(f"{band}${statistic}")
            if bands and statistic != "count":
                value = fill("CASE WHEN {0} > 0 THEN {1} END", Ident(f"{band}$count"), value)
            if statistic == "sum" and self._band(band).storage.startswith("int"):
                value = fill("{0}::HUGEINT", value)
            items.append((value, f"{band}${statistic}"))
        some = " OR ".join(f"{{{n}}} > 0" for n in range(len(counts)))
        where = (fill(f"({some})", *counts),) if counts else ()
        return Select(tuple(items), Sub(entries, "entries"), where=where)

    def _at_edges(self, edges: Part) -> Query:
        """One row for each combination of what the query reads of keys: the others are NULL."""
        of_cells = "cell" in self.read
        keys: list[tuple[Sql, str]] = [(Ident("tile") if of_cells else Value(None), "tile")]
        whole = self._is_whole or not of_cells
        above = Value(0) if whole else positions.digits_above(Ident("digits"), self.overview.resolution)
        keys.append((above, "digits"))
        own: list[tuple[Sql, str]] = []
        for key in self._keys():
            name = f"{self.scan.alias}.{key}"
            own.append((Ident(name) if key in self.read else Value(None), name))
        for name, condition in zip(self._flags(), self.node.flags, strict=True):
            own.append((fill("coalesce({0}, FALSE)", translate(condition, edges.place)), f"{self.scan.alias}.{name}"))
        values: list[tuple[Sql, str]] = []
        for band, statistic in self._asked():
            found = edges.place.stored(self.scan.source, band)
            if found is None:
                raise InternalError(f"{band} is not read at the edge of a region")
            values.append((fill(f"{statistic}({{0}})", found[0]), f"{band}${statistic}"))
        rows = (fill("count(*)"), "rows")
        group = tuple(expr for expr, _ in (*keys, *own) if not isinstance(expr, Value))
        return Select((*keys, rows, *own, *values), edges.source, where=edges.where, group_by=group)

    # -------------------------------------------------------------- aggregates

    def _aggregate(self, call: Aggregate) -> Sql:
        call = with_flags(call, self.node)
        line = line_of(call.args[0], self.scan) if call.args else None
        if line is None:
            return weighted(call, self.place())
        place = replace(self.place(), aggregate=None)
        condition = translate(call.filter, place) if call.filter is not None else None
        return _Finished(call, line, place, condition).value()


@dataclass(frozen=True, slots=True)
class _Finished:
    """An aggregate of a line over one band, of the totals of the band itself."""

    call: Aggregate
    line: Line
    place: Place
    condition: Sql | None

    def value(self) -> Sql:
        """What the aggregate is."""
        match self.call.function.name:
            case "count":
                return fill("coalesce({0}, 0)::BIGINT", self._total("count"))
            case "sum":
                return self._sum()
            case "avg" | "mean":
                return self._of(self._mean())
            case name:
                end = stored_end(name == "max", self.line)
                return self._of(decoded(self._total(end, end), self.line.band))

    def _total(self, statistic: Statistic, function: str = "sum") -> Sql:
        return Aggregated(f"{function}({{0}})", (Ident(f"{self.line.band.name}${statistic}"),), filter=self.condition)

    def _of(self, value: Sql) -> Sql:
        """The line of a value of the band, computed as that of each cell would be."""
        return translate(self.call.args[0], replace(self.place, column=lambda source, name: value))

    def _mean(self) -> Sql:
        band = self.line.band
        mean = fill("({0}::DOUBLE / nullif({1}, 0))", self._total("sum"), self._total("count"))
        return decoded(mean, band) if not band.is_integer else mean

    def _sum(self) -> Sql:
        band, line = self.line.band, self.line
        total, count = self._total("sum"), self._total("count")
        if line.is_whole:
            parts = total, Value(line.factor), count, Value(line.shift)
            return fill("({0} * {1} + {2} * {3})::BIGINT", *parts) if not line.is_plain else fill("{0}::BIGINT", total)
        if line.is_plain and band.scale is None and band.offset is None:
            return fill("{0}::DOUBLE", total)
        if not line.is_plain:
            return fill("({0} * nullif({1}, 0))", self._of(self._mean()), count)
        scale, offset = band.scale if band.scale is not None else 1.0, band.offset or 0.0
        return fill("({0}::DOUBLE * {1} + {2} * {3})", total, Value(float(scale)), count, Value(float(offset)))
