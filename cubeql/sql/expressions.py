"""Bound expressions -> SQL expressions, over whatever relation they are asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cubeql.analyze.bound import (
    GRID,
    Aggregate,
    Apply,
    Bound,
    BoundQuery,
    Choice,
    Column,
    Constant,
    Convert,
    Focal,
    FrameBound,
    InRegion,
    InSubquery,
    Key,
    OneOf,
    Parameter,
    RegionRef,
    SortBy,
    Window,
)
from cubeql.analyze.grouping import geometry_of
from cubeql.catalog import Band
from cubeql.errors import InternalError
from cubeql.functions import Function
from cubeql.functions.cells import CELL_TEXT
from cubeql.sql import positions
from cubeql.sql.comparing import stored_comparison
from cubeql.sql.stored import decoded_late
from cubeql.sql.tree import (
    Aggregated,
    Bind,
    Fill,
    Ident,
    Order,
    Query,
    Select,
    Sql,
    Sub,
    Table,
    Value,
    When,
    Windowed,
    Within,
    fill,
)
from cubeql.values.tiles import tile_resolution

RegionTester = Callable[[RegionRef, Sql, int | None], Sql]
"""Tests cells of a resolution against a region; without a resolution it is the query's own cell that is meant."""


_NULLS = {"number": "DOUBLE", "integer": "BIGINT", "text": "VARCHAR", "boolean": "BOOLEAN", "cell": "BIGINT",
          "timestamp": "TIMESTAMP", "interval": "INTERVAL"}  # fmt: skip


@dataclass(slots=True)
class Values:
    """Values that travel beside the SQL text: texts of the statement and its parameters, by bound name."""

    parameters: dict[str, Any]
    bound: dict[str, Any] = field(default_factory=dict)

    def text(self, value: str) -> Bind:
        """A text of the statement as a bound value."""
        for name, known in self.bound.items():
            if name.startswith("t") and known == value:
                return Bind(name)
        name = f"t{len(self.bound)}"
        self.bound[name] = value
        return Bind(name)

    def parameter(self, name: str) -> Bind:
        """A parameter of the statement as a bound value."""
        self.bound[f"p_{name}"] = self.parameters[name]
        return Bind(f"p_{name}")


@dataclass(frozen=True, slots=True)
class Place:
    """The relation that expressions are asked of.

    Attributes:
        values: where constants go.
        column: a source's column in it.
        cell: (tile, digits below it, tile resolution, resolution) where its rows are cells of the query's grid.
        regions: how a region is tested, by region.
        subquery: how a subquery is compiled.
        keys: the GROUP BY keys in it.
        stored: a band's column as it is stored, and its record, where the column is not decoded yet.
        disks: the columns of aggregates around cells.
        aggregate: how an aggregate is put together from partial ones, where the relation holds those.
    """

    values: Values
    column: Callable[[int, str], Sql]
    subquery: Callable[[BoundQuery], Query]
    cell: tuple[Sql, Sql, int, int] | None = None
    regions: RegionTester | None = None
    keys: tuple[Sql, ...] = ()
    stored: Callable[[int, str], tuple[Sql, Band] | None] = lambda source, name: None
    aggregate: Callable[[Aggregate], Sql] | None = None
    disks: Mapping[Bound, Sql] = field(default_factory=dict)


def translate(expr: Bound, place: Place) -> Sql:
    """The SQL of a bound expression."""
    handler = _HANDLERS.get(type(expr))
    if handler is None:
        raise InternalError(f"no SQL for {type(expr).__name__}")
    return handler(expr, place)


def order(entries: tuple[SortBy, ...], place: Place) -> tuple[Order, ...]:
    """ORDER BY entries."""
    return tuple(Order(translate(e.expr, place), e.descending, e.nulls_first) for e in entries)


def _column(expr: Column, place: Place) -> Sql:
    return _grid_cell(place) if expr.source == GRID else place.column(expr.source, expr.name)


def _grid_cell(place: Place, wanted: int | None = None) -> Sql:
    if place.cell is None:
        raise InternalError("this relation has no cells")
    tile, digits, tile_level, level = place.cell
    return positions.with_digits(tile, digits, tile_level, level, wanted)


def _literal(expr: Constant, place: Place) -> Sql:
    if isinstance(expr.value, str) and not expr.trusted:
        return place.values.text(expr.value)
    if isinstance(expr.value, int) and not isinstance(expr.value, bool) and abs(expr.value) < 2**63:
        return fill(f"{expr.value}::BIGINT")
    return Value(expr.value)


def _parameter(expr: Parameter, place: Place) -> Sql:
    types = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN"}
    bound = place.values.parameter(expr.name)
    kind = types.get(expr.type.name)
    return fill(f"{{0}}::{kind}", bound) if kind else bound


def _apply(expr: Apply, place: Place) -> Sql:
    name = expr.function.name
    compared = stored_comparison(expr, place.stored)
    if compared is not None:
        return compared
    array = geometry_of(expr)
    if array is not None and place.cell is not None:
        return Ident(array)
    if name == "cell_to_parent":
        return _ancestor(expr, place)
    if name == "cell_place":
        return _place_below(expr, place)
    if name == "cell_to_center_child":
        return _center_child(expr, place)
    return Fill(expr.function.template(len(expr.args)), _arguments(expr.function, expr.args, place))


def _arguments(function: Function, args: tuple[Bound, ...], place: Place) -> tuple[Sql, ...]:
    """The arguments of a call; a bare NULL is given the type that the function asks for, so that one is chosen."""
    made = []
    for number, arg in enumerate(args):
        wanted = _NULLS.get(function.params[min(number, len(function.params) - 1)]) if function.params else None
        value = _as_text(translate(arg, place), arg, function, wanted)
        is_null = isinstance(arg, Constant) and arg.value is None
        made.append(fill(f"{{0}}::{wanted}", value) if is_null and wanted else value)
    return tuple(made)


def _as_text(value: Sql, arg: Bound, function: Function, wanted: str | None) -> Sql:
    """A cell among texts is its 15 digits."""
    among_texts = wanted == "VARCHAR" or function.name == "||"
    return fill(CELL_TEXT, value) if among_texts and arg.type.name == "cell" else value


def _ancestor(expr: Apply, place: Place) -> Sql:
    cell, level = expr.args
    assert isinstance(level, Constant)
    if isinstance(cell, Column) and cell.source == GRID:
        return _grid_cell(place, level.value)
    own = cell.type.resolution
    inner = translate(cell, place)
    if own is not None:
        return positions.parent(inner, own, level.value)
    # A cell coarser than the level has no ancestor there: what the bits would make is no cell.
    ancestor = positions.parent(inner, 15, level.value)
    return fill(f"CASE WHEN (({{0}} >> 52) & 15) >= {level.value} THEN {{1}} END", inner, ancestor)


def _place_below(expr: Apply, place: Place) -> Sql:
    """The number of a cell among the descendants of its ancestor."""
    cell, level = expr.args
    own = cell.type.resolution
    assert isinstance(level, Constant) and own is not None
    return fill("({0})::BIGINT", positions.slot(translate(cell, place), own, level.value))


def _center_child(expr: Apply, place: Place) -> Sql:
    cell, level = expr.args
    assert isinstance(level, Constant) and cell.type.resolution is not None
    return positions.center_child(translate(cell, place), cell.type.resolution, level.value)


def _choice(expr: Choice, place: Place) -> Sql:
    whens = tuple((translate(c, place), translate(v, place)) for c, v in expr.whens)
    return When(whens, translate(expr.otherwise, place) if expr.otherwise is not None else None)


def _convert(expr: Convert, place: Place) -> Sql:
    operand = translate(expr.operand, place)
    if expr.operand.type.name == "cell" and expr.type.name == "text":
        return fill(CELL_TEXT, operand)
    return fill(f"TRY_CAST({{0}} AS {expr.sql_type})", operand)


def _one_of(expr: OneOf, place: Place) -> Sql:
    if not expr.items:
        return Value(expr.negated)
    return Within(translate(expr.operand, place), tuple(translate(i, place) for i in expr.items), expr.negated)


def _in_subquery(expr: InSubquery, place: Place) -> Sql:
    return Within(translate(expr.operand, place), place.subquery(expr.query), expr.negated)


def _in_region(expr: InRegion, place: Place) -> Sql:
    if place.regions is None:
        raise InternalError("this relation tests no regions")
    operand = expr.operand
    resolution = None if isinstance(operand, Column) and operand.source == GRID else operand.type.resolution
    test = place.regions(expr.region, translate(operand, place) if resolution is not None else Value(None), resolution)
    return fill("(NOT {0})", test) if expr.negated else test


def _aggregate(expr: Aggregate, place: Place) -> Sql:
    if place.aggregate is not None:
        return place.aggregate(expr)
    column = expr.args[0] if len(expr.args) == 1 and not expr.distinct else None
    found = place.stored(column.source, column.name) if isinstance(column, Column) else None
    if found is not None:
        value, band = found
        late = decoded_late(expr.function.name, band)
        if late is not None:
            condition = translate(expr.filter, place) if expr.filter is not None else None
            call = Aggregated(expr.function.sql, (value,), False, condition)
            return _finished(expr, fill(late, call))
    return _put_together(expr, _calls(expr, place))


def _calls(expr: Bound, place: Place) -> tuple[Sql, ...]:
    """The engine's calls that make an aggregate or window function, most often one."""
    if not isinstance(expr, Aggregate):
        return (translate(expr, place),)
    if expr.function.name == "histogram":
        return _bins(expr, place)
    return tuple(_bare_aggregate(expr, t, place) for t in expr.function.parts or (expr.function.sql,))


def _put_together(expr: Bound, calls: tuple[Sql, ...]) -> Sql:
    """The value that the engine's calls give."""
    if not isinstance(expr, Aggregate):
        return calls[0]
    if expr.function.name == "histogram":
        return Fill("[{args}]", calls)
    return Fill(expr.function.sql, calls) if expr.function.parts else _finished(expr, calls[0])


def _finished(expr: Aggregate, call: Sql) -> Sql:
    """What an aggregate gives in CubeQL's terms: whole sums fit 64 bits, what is undefined is NULL."""
    if expr.function.name == "sum" and expr.type.name == "integer":
        return fill("({0})::BIGINT", call)
    return fill("nullif({0}, 'NaN'::DOUBLE)", call) if expr.function.may_be_undefined else call


def _bare_aggregate(expr: Aggregate, template: str, place: Place) -> Sql:
    condition = translate(expr.filter, place) if expr.filter is not None else None
    args, by = _arguments(expr.function, expr.args, place), order(expr.order_by, place)
    return Aggregated("count(*)" if expr.star else template, args, expr.distinct, condition, by)


def _bins(expr: Aggregate, place: Place) -> tuple[Sql, ...]:
    """Counts of a histogram, one a bin; bins hold their lower edge, the last one its upper edge, too."""
    condition = (translate(expr.filter, place),) if expr.filter is not None else ()
    value, edges = translate(expr.args[0], place), expr.args[1]
    assert isinstance(edges, Constant)
    counts = []
    for low, high in pairwise(edges.value):
        below = "<=" if high == edges.value[-1] else "<"
        test = fill(f"({{0}} >= {{1}} AND {{0}} {below} {{2}})", value, Value(low), Value(high))
        both = fill(" AND ".join(f"{{{n}}}" for n in range(1 + len(condition))), test, *condition)
        counts.append(Aggregated("count(*)", (), filter=both))
    return tuple(counts)


def _key(expr: Key, place: Place) -> Sql:
    return place.keys[expr.index]


def _window(expr: Window, place: Place) -> Sql:
    call = expr.call
    frame = None
    if expr.frame is not None:
        unit, start, end = expr.frame
        frame = (unit, _end(start, place), _end(end, place))
    partition = tuple(translate(e, place) for e in (*expr.partition_by, *expr.series))
    by = order(expr.order_by, place)
    return _put_together(call, tuple(Windowed(c, partition, by, frame) for c in _calls(call, place)))


def _end(bound: FrameBound, place: Place) -> tuple[str, Sql | None]:
    return bound.kind, translate(bound.distance, place) if bound.distance is not None else None


_HANDLERS: dict[type[Bound], Callable[[Any, Place], Sql]] = {
    Column: _column,
    Constant: _literal,
    Parameter: _parameter,
    Apply: _apply,
    Choice: _choice,
    Convert: _convert,
    OneOf: _one_of,
    InSubquery: _in_subquery,
    InRegion: _in_region,
    Aggregate: _aggregate,
    Key: _key,
    Window: _window,
    Focal: lambda expr, place: place.disks[expr],
}


def cells_of_region(table: str, resolution: int) -> Query:
    """The cells of a region's mask table, one row each."""
    tile = tile_resolution(resolution)
    count = 7 ** (resolution - tile)
    mask = fill(f"unnest(coalesce({{0}}, list_resize([TRUE], {count}, TRUE)))", Ident("mask"))
    digits = fill("unnest({0})", positions.digits_of_slots(tile, resolution))
    inner = Select(((Ident("tile"), None), (mask, "inside"), (digits, "digits")), Table(table))
    return Select(
        ((positions.with_digits(Ident("tile"), Ident("digits"), tile, resolution), "cell"),), Sub(inner, "region"),
        where=(Ident("inside"),),
    )  # fmt: skip
