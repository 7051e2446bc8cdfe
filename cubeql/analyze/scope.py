"""Which names a query sees, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cubeql.analyze.bound import GRID, Bound, BoundSource, Column, LayerRef, QueryRef, TableRef, ZonesRef
from cubeql.analyze.context import Context
from cubeql.catalog import Attribute, Band, Layer
from cubeql.errors import Span
from cubeql.values.types import BOOLEAN, CELL, INTEGER, NUMBER, TEXT, TIMESTAMP, Type

if TYPE_CHECKING:
    from cubeql.analyze.baselines import Baseline

_DIMENSIONS = {"integer": INTEGER, "number": NUMBER, "text": TEXT, "timestamp": TIMESTAMP}


def band_type(band: Band) -> Type:
    """The type of a band's decoded values."""
    return Type(
        "integer" if band.is_integer else "number",
        unit=band.unit,
        classes=band.classes,
        categorical=band.kind == "categorical",
    )


def source_columns(source: BoundSource) -> dict[str, Type]:
    """Columns of a source by name, in order; the cell of a layer is not among them, it is the query's."""
    columns = _row_columns(source)
    if source.over is None:
        return columns
    methods = dict(source.over)
    lost = {"time"} | ({"cell"} if isinstance(source, TableRef) else set())
    return {n: regridded(t, methods.get(n)) for n, t in columns.items() if n not in lost}


def _row_columns(source: BoundSource) -> dict[str, Type]:
    """Columns of a source before its rows are brought together over windows of time."""
    if isinstance(source, QueryRef):
        return {c.name: c.type for c in source.query.columns}
    if isinstance(source, TableRef):
        return table_columns(source.layer)
    if isinstance(source, ZonesRef):
        fraction = {"fraction": NUMBER} if source.containment == "area" else {}
        # A polygon beside each of its cells would be of no use, and large.
        return {n: t for n, t in table_columns(source.layer).items() if n != "geometry"} | fraction
    assert isinstance(source, LayerRef)
    layer = source.layer
    columns: dict[str, Type] = {}
    if layer.time is not None:
        columns["time"] = TIMESTAMP
    columns |= {d.name: Type(_DIMENSIONS[d.type].name, unit=d.unit) for d in layer.dimensions}
    methods = dict(source.methods)
    return columns | {b.name: regridded(band_type(b), methods.get(b.name)) for b in layer.bands}


def table_columns(layer: Layer) -> dict[str, Type]:
    """Columns of a layer of points (``cell``, ``time``, ``lon``, ``lat``) or zones (``zone``, ``geometry``), and its
    attributes between."""
    attributes = {a.name: attribute_type(a) for a in layer.attributes}
    time = {"time": TIMESTAMP} if layer.time is not None else {}
    if layer.kind == "zones":
        return {"zone": INTEGER, **time, **attributes, "geometry": Type("geometry")}
    place = {n: Type("number", unit="degree") for n in ("lon", "lat")}
    return {"cell": Type("cell", resolution=layer.resolution), **time, **place, **attributes}


def attribute_type(attribute: Attribute) -> Type:
    """The type of an attribute's values."""
    return Type(
        attribute.type, unit=attribute.unit, classes=attribute.classes, categorical=bool(attribute.classes)
    )


def regridded(kind: Type, method: str | None) -> Type:
    """The type of a band's values after a method has brought it to a coarser grid."""
    if method in ("mean", "area_mean", "median", "stddev"):
        return Type("number", unit=kind.unit)
    if method == "count":
        return INTEGER
    return BOOLEAN if method in ("any", "all") else kind


def cell_column(source: BoundSource) -> str | None:
    """Name of a subquery's cell column, None where it has none or is a layer."""
    if isinstance(source, LayerRef):
        return None
    columns = source_columns(source)
    if "cell" in columns and columns["cell"].name == "cell":
        return "cell"
    return next((n for n, t in columns.items() if t.name == "cell"), None)


@dataclass(slots=True)
class Scope:
    """The sources of one query and the aliases it has given so far.

    Attributes:
        sources: in order; the first drives the query.
        resolution: of the query's grid; None where the query has no cells.
        aliases: names given by AS, by folded name.
        hidden: sources that only a SEMI or ANTI join tests.
        aliases_first: whether an alias hides a column of its name.
        keys: the GROUP BY keys.
        incomplete: a source is unknown, so that nothing can be said of names that no other source has.
        baselines: sources that calls of ``anomaly`` and ``baseline`` add behind the written ones; no name finds them.
    """

    context: Context
    sources: list[BoundSource] = field(default_factory=list)
    resolution: int | None = None
    aliases: dict[str, Bound] = field(default_factory=dict)
    hidden: dict[int, str] = field(default_factory=dict)
    aliases_first: bool = False
    keys: tuple[Bound, ...] = ()
    incomplete: bool = False
    baselines: list[Baseline] = field(default_factory=list)

    def resolve(self, parts: tuple[str, ...], span: Span, in_aggregate: bool = False) -> Bound | None:
        """What a written name means; notes a fault and gives None where it means nothing.

        Inside an aggregate a name is a column first, since the aggregate reads rows, not groups.
        """
        if len(parts) > 1:
            return self._qualified(parts, span)
        alias = self.aliases.get(parts[0].casefold())
        if alias is not None and self.aliases_first and not in_aggregate:
            return alias
        found = self._unqualified(parts[0], span)
        if found or alias is None:
            return found[0] if len(found) == 1 else self._report(parts[0], found, span)
        return alias

    def grid_cell(self, span: Span) -> Bound | None:
        """The query's cell."""
        if not self.sources:
            return None
        driver = self.sources[0]
        if isinstance(driver, LayerRef):
            return Column(Type("cell", resolution=self.resolution), GRID, "cell", span=span)
        name = cell_column(driver)
        if name is None:
            return None
        return Column(source_columns(driver)[name], 0, name, span=span)

    def time_column(self, span: Span) -> Bound | None:
        """The query's time: the driver's, or the first source's that has one."""
        for number, source in enumerate(self.sources):
            if number not in self.hidden and source_columns(source).get("time", CELL).name == "timestamp":
                return Column(TIMESTAMP, number, "time", span=span)
        return None

    def _unqualified(self, name: str, span: Span) -> list[Bound]:
        folded = name.casefold()
        if folded == "cell":
            cell = self.grid_cell(span)
            if cell is not None:
                return [cell]
        if folded == "time":
            time = self.time_column(span)
            if time is not None:
                return [time]
        found: list[Bound] = []
        for number, source in enumerate(self.sources):
            if number not in self.hidden:
                found += self._in_source(number, source, folded, span)
        return found

    def _in_source(self, number: int, source: BoundSource, folded: str, span: Span) -> list[Bound]:
        columns = source_columns(source)
        return [Column(t, number, n, span=span) for n, t in columns.items() if n.casefold() == folded]

    def _report(self, name: str, found: list[Bound], span: Span) -> Bound | None:
        if found:
            names = [self.sources[c.source].alias for c in found if isinstance(c, Column)]
            listed = " and of ".join(f"'{n}'" for n in names)
            self.context.fault("ambiguous_column", span, name=name, sources=listed, example=f"{names[0]}.{name}")
            return None
        if self.incomplete:
            return None
        hidden = [n for n in self.hidden if self._in_source(n, self.sources[n], name.casefold(), span)]
        if hidden:
            self._hidden_fault(name, hidden[0], span)
        else:
            self.context.unknown("unknown_column", span, name, self.known_names())
        return None

    def _hidden_fault(self, name: str, number: int, span: Span) -> None:
        source, kind = self.sources[number].alias, self.hidden[number].upper()
        self.context.fault("semi_join_column", span, name=name, source=source, kind=kind)

    def known_names(self) -> tuple[str, ...]:
        """All names that may stand unqualified."""
        names = {n for i, s in enumerate(self.sources) if i not in self.hidden for n in source_columns(s)}
        cell = {"cell"} if self.resolution is not None else set()
        return tuple(sorted(names | cell | set(self.aliases)))

    def _qualified(self, parts: tuple[str, ...], span: Span) -> Bound | None:
        *qualifier, name = parts
        number = self.source_number(tuple(qualifier))
        if number is None:
            if self.incomplete:
                return None
            known = [s.alias for s in self.sources]
            self.context.unknown("unknown_source", span, ".".join(qualifier), known, f"{{}}.{name}")
            return None
        if number in self.hidden:
            self._hidden_fault(name, number, span)
            return None
        source = self.sources[number]
        found = self._in_source(number, source, name.casefold(), span)
        if found:
            return found[0]
        if name.casefold() == "cell" and isinstance(source, LayerRef):
            return self.grid_cell(span)
        self.context.unknown(
            "unknown_column_of", span, name, tuple(source_columns(source)), f"{source.alias}.{{}}", source=source.alias
        )
        return None

    def source_number(self, qualifier: tuple[str, ...]) -> int | None:
        """Number of the source a qualifier names, None if there is none."""
        wanted = ".".join(qualifier).casefold()
        for number, source in enumerate(self.sources):
            alias = source.alias.casefold()
            if alias == wanted or alias.rpartition(".")[2] == wanted:
                return number
        return None
