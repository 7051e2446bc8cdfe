"""Relations as lists of dictionaries, and how one is brought to a grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from cubeql.catalog.records import Band, Layer
from tests.support.answers import Cell
from tests.support.cube import TinyLayer, step_end
from tests.support.oracle import aggregates, regions
from tests.support.oracle.faults import RefusedError, UncoveredError

Role = Literal["cell", "time", "dimension", "value"]
Record = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: its name.
        role: what part it plays.
        classes: code by class name; None for anything but class codes.
        method: how it is brought to a coarser grid by default.
        exact: whether its values are the same to the last bit however they are computed.
        real: whether its numbers are floats, whole ones too.
        unit: unit of its numbers, None where unknown.
    """

    name: str
    role: Role = "value"
    classes: dict[str, int] | None = field(default=None, compare=False)
    method: str = "mean"
    exact: bool = True
    real: bool = False
    unit: str | None = None


@dataclass(frozen=True)
class Relation:
    """Columns and rows.

    Attributes:
        columns: in order.
        rows: values by column name.
        resolution: of its cells; None without cells or without rows.
        is_layer: whether it is a layer, not the result of a query.
    """

    columns: tuple[Column, ...]
    rows: list[Record]
    resolution: int | None = None
    is_layer: bool = False

    def column(self, name: str) -> Column | None:
        """The column of a name, without regard to case."""
        return next((c for c in self.columns if c.name.casefold() == name.casefold()), None)

    def series(self) -> tuple[Column, ...]:
        """The dimensions that tell series along time apart: where there is a horizon, no time of issue does."""
        found = self.role("dimension")
        if all(c.name != "horizon" for c in found):
            return found
        return tuple(c for c in found if not self.is_instant(c))

    def is_instant(self, column: Column) -> bool:
        """Whether a column holds instants."""
        return any(isinstance(row[column.name], datetime) for row in self.rows)

    def role(self, role: Role) -> tuple[Column, ...]:
        """The columns that play a role."""
        return tuple(c for c in self.columns if c.role == role)


def of_cells(resolution: int, cells: list[int]) -> Relation:
    """A stored set of cells: rows of one column."""
    return Relation((Column("cell", "cell"),), [{"cell": Cell(c)} for c in sorted(set(cells))], resolution)


def of_layer(layer: TinyLayer, at: datetime | None = None) -> Relation:
    """The rows of a layer, decoded; frozen at an instant if one is given."""
    record = layer.record
    rows = []
    for (cell, time, dims), stored in layer.values.items():
        row: Record = {"cell": Cell(cell)}
        if record.time is not None:
            row |= {"time": time, " end": step_end(time, record)}
        row |= {d.name: value for d, value in zip(record.dimensions, dims)}
        row |= {band.name: decode(band, stored.get(band.name)) for band in record.bands}
        rows.append(row)
    columns = [Column("cell", "cell")]
    if record.time is not None and at is None:
        columns.append(Column("time", "time"))
    columns += [Column(d.name, "dimension", real=d.type == "number") for d in record.dimensions]
    columns += [_band_column(b) for b in record.bands]
    kept = rows if at is None else _frozen(record, rows, at)
    return Relation(tuple(columns), kept, record.resolution, is_layer=True)


def _band_column(band: Band) -> Column:
    classes = {name: code for code, name in band.classes} if band.kind == "categorical" else None
    return Column(band.name, "value", classes, band.method, real=not band.is_integer, unit=band.unit)


def decode(band: Band, stored: int | float | None) -> int | float | None:
    """The value a stored number means."""
    if stored is None:
        return None
    if band.is_integer:
        return int(stored)
    return stored * (1.0 if band.scale is None else band.scale) + (band.offset or 0.0)


def _frozen(record: Layer, rows: Iterable[Record], at: datetime) -> list[Record]:
    """Per cell and dimension values, of each band the latest valid value at or before an instant."""
    keys = ["cell", *(d.name for d in record.dimensions)]
    latest: dict[tuple[Any, ...], Record] = {}
    for row in sorted(rows, key=lambda r: r["time"]):
        if row["time"] <= at:
            kept = latest.setdefault(tuple(row[k] for k in keys), {})
            kept |= {k: v for k, v in row.items() if v is not None or k not in kept}
    return [{k: v for k, v in row.items() if k not in ("time", " end")} for row in latest.values()]


def of_rows(columns: tuple[Column, ...], rows: list[Record]) -> Relation:
    """The relation of a query's result: a column named cell that holds cells is its cell, so with time."""
    placed = tuple(replace(c, role=_role(c, rows)) for c in columns)
    relation = Relation(placed, rows)
    cell = relation.role("cell")
    levels = {regions.resolution(r[cell[0].name]) for r in rows} if cell else set()
    if len(levels) > 1:
        raise RefusedError("cells of several resolutions in one column")
    return replace(relation, resolution=levels.pop() if levels else None)


def _role(column: Column, rows: list[Record]) -> Role:
    values = [r[column.name] for r in rows]
    if column.name.casefold() == "cell" and all(isinstance(v, Cell) for v in values):
        return "cell"
    if column.name.casefold() == "time" and all(isinstance(v, datetime) for v in values):
        return "time"
    return "value"


def to_grid(relation: Relation, resolution: int, methods: dict[str, str]) -> Relation:
    """A relation finer than a grid aggregated to its cells; any other as it is.

    Args:
        relation: has a cell.
        resolution: of the grid.
        methods: method by column name (folded), ``*`` for all; the column's own where neither is there.
    """
    if relation.resolution is None or relation.resolution <= resolution:
        return relation
    keys = [c.name for c in relation.columns if c.role in ("time", "dimension")]
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for row in sorted(relation.rows, key=lambda r: r["cell"]):
        parent = Cell(regions.ancestor(row["cell"], resolution))
        groups.setdefault((parent, *(row[k] for k in keys)), []).append(row)
    values = [replace(c, method=_method(c, methods)) for c in relation.role("value")]
    rows = []
    for (cell, *rest), below in groups.items():
        row = {"cell": cell, **dict(zip(keys, rest)), " end": below[0].get(" end")}
        row |= {c.name: _aggregated(c, below) for c in values}
        rows.append(row)
    made = {c.name: brought(c) for c in values}
    columns = tuple(made.get(c.name, c) for c in relation.columns)
    return replace(relation, columns=columns, rows=rows, resolution=resolution)


def brought(column: Column) -> Column:
    """A column after its method has made one value of several."""
    classes = column.classes if column.method in ("mode", "first", "last", "min", "max") else None
    exact = column.exact and column.method in aggregates.EXACT_METHODS
    real = (column.real and column.method != "count") or column.method in ("mean", "area_mean", "median", "stddev")
    return replace(column, classes=classes, exact=exact, real=real)


def _method(column: Column, methods: dict[str, str]) -> str:
    method = methods.get(column.name.casefold(), methods.get("*", column.method))
    if method not in aggregates.METHODS and method != "area_mean":
        raise UncoveredError(f"USING {method}")
    return method


def _aggregated(column: Column, rows: list[Record]) -> Any:
    if column.classes is not None and column.method in ("mean", "area_mean", "sum", "median"):
        return None
    if column.method == "area_mean":
        pairs = [(r[column.name], regions.area_km2(r["cell"])) for r in rows if r[column.name] is not None]
        return aggregates.weighed(pairs)
    values = [r[column.name] for r in rows if r[column.name] is not None]
    if column.method not in ("mode", "first", "last", "count") and any(isinstance(v, str) for v in values):
        return None
    return aggregates.METHODS[column.method](values)


def spread(relation: Relation, resolution: int) -> Relation:
    """A relation coarser than a grid with each row given to every cell of the grid below its own."""
    if relation.resolution is None or relation.resolution >= resolution:
        return relation
    rows = [
        row | {"cell": Cell(cell)} for row in relation.rows for cell in _children(row["cell"], resolution)
    ]
    return replace(relation, rows=rows, resolution=resolution)


def _children(cell: int, resolution: int) -> list[int]:
    import h3

    return [h3.str_to_int(c) for c in h3.cell_to_children(regions.text_of(cell), resolution)]
