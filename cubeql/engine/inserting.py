"""INSERT INTO layer query: the query's columns matched by name to the layer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Attribute, Band, Dimension, Layer
from cubeql.engine.celltiles import Target
from cubeql.errors import Diagnostic, QueryError, Span, diagnose, nearest
from cubeql.values import units
from cubeql.values.types import Type

_FITS = {
    "integer": ("integer", "null"),
    "number": ("integer", "number", "null"),
    "text": ("text", "null"),
    "boolean": ("boolean", "null"),
    "timestamp": ("timestamp", "null"),
}


@dataclass(slots=True)
class _Matching:
    """Columns of a query matched to a layer; all faults together."""

    layer: Layer
    columns: Sequence[OutputColumn]
    spans: Sequence[Span]
    faults: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def fault(self, code: str, column: OutputColumn | None, hint: str | None = None, **facts: Any) -> None:
        span = self.spans[self.columns.index(column)] if column is not None else self.spans[-1]
        self.faults.append(diagnose(code, span, hint=hint, layer=self.layer.name, **facts))

    def find(self, name: str, needed: bool) -> OutputColumn | None:
        found = next((c for c in self.columns if c.name.casefold() == name.casefold()), None)
        if found is not None:
            self.used.add(found.name)
        elif needed:
            self.fault("insert_missing", None, name=name)
        return found

    def scalar(self, wanted: Attribute | Dimension, needed: bool) -> str | None:
        """The column of an attribute or dimension."""
        column = self.find(wanted.name, needed)
        if column is not None:
            classes = getattr(wanted, "classes", ())
            self.check(column, wanted.type, Type(wanted.type, unit=wanted.unit, classes=classes), needed)
        return None if column is None else column.name

    def band(self, band: Band) -> str | None:
        """The column of a band, None where the query has none."""
        column = self.find(band.name, needed=False)
        if column is None:
            return None
        kind = "integer" if band.is_integer else "number"
        if not (kind == "integer" and column.type.name == "boolean"):
            self.check(column, kind, Type("number", unit=band.unit, classes=band.classes))
        return column.name

    def check(self, column: OutputColumn, kind: str, wanted: Type, key: bool = False) -> None:
        given = column.type
        if given.name not in _FITS[kind] or (key and given.name == "null"):
            self.fault("insert_type", column, name=column.name, wanted=kind, given=str(given))
        elif given.unit is not None and wanted.unit is not None and not units.same(given.unit, wanted.unit):
            known = units.conversion(given.unit, wanted.unit) is not None
            hint = f"write convert({column.name}, {wanted.unit!r})" if known else None
            self.fault("insert_unit", column, hint, name=column.name, given=given.unit, wanted=wanted.unit)
        elif given.classes and wanted.classes and given.classes != wanted.classes:
            self.fault("insert_classes", column, name=column.name)

    def rest(self, known: Sequence[str]) -> None:
        """Note the columns that the layer does not have."""
        for column in self.columns:
            if column.name not in self.used:
                near = nearest(column.name, tuple(known)) or tuple(known)
                self.fault("insert_column", column, name=column.name, suggestion=f"it has {', '.join(near)}")

    def done(self, text: str) -> None:
        if self.faults:
            raise QueryError(self.faults, text)


def match_cells(
    layer: Layer, columns: Sequence[OutputColumn], spans: Sequence[Span], text: str, replaces: bool
) -> Target:
    """Which column of a query is what of a grid layer.

    Args:
        layer: the layer.
        columns: of the query.
        spans: the place of each column, then that of the statement.
        text: the statement, for errors.
        replaces: whether rows take the place of those that are there.

    Raises:
        QueryError: with all columns that are missing, too many, or of another type or unit.
    """
    m = _Matching(layer, columns, spans)
    cells = [c for c in columns if c.type.name == "cell"]
    cell = m.find(cells[0].name if len(cells) == 1 else "cell", needed=True)
    if cell is not None and cell.type.name != "cell":
        m.fault("insert_type", cell, name=cell.name, wanted="cell", given=str(cell.type))
    elif cell is not None and cell.type.resolution != layer.resolution:
        given = "unknown" if cell.type.resolution is None else cell.type.resolution
        m.fault("insert_resolution", cell, given=given, wanted=layer.resolution)
    time = m.scalar(Attribute("time", "timestamp"), needed=True) if layer.time is not None else None
    dimensions = tuple(m.scalar(d, needed=True) or "" for d in layer.dimensions)
    bands = tuple(m.band(b) for b in layer.bands)
    timed = ("time",) if layer.time is not None else ()
    m.rest(("cell", *timed, *(d.name for d in layer.dimensions), *(b.name for b in layer.bands)))
    if not any(bands) and not m.faults:
        m.fault("insert_missing", None, name=layer.bands[0].name)
    m.done(text)
    assert cell is not None
    return Target(layer, cell.name, time, dimensions, bands, replaces)


def match_points(
    layer: Layer, columns: Sequence[OutputColumn], spans: Sequence[Span], text: str
) -> dict[str, str | None]:
    """The query's column of each column that a layer of points is given; None where it has none.

    Raises:
        QueryError: as :func:`match_cells`.
    """
    m = _Matching(layer, columns, spans)
    place = [Attribute(n, "number", "degree") for n in ("lon", "lat")]
    keys = [*([Attribute("time", "timestamp")] if layer.time is not None else []), *place]
    found = {a.name: m.scalar(a, needed=True) for a in keys}
    found |= {a.name: m.scalar(a, needed=False) for a in layer.attributes}
    m.rest(tuple(found))
    m.done(text)
    return found
