"""The bound tree: what a statement means. Names are resolved, every expression has its type.

Expressions know nothing of SQL; sources are numbered, 0 drives the query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, fields, replace
from typing import Any, Literal

from cubeql.catalog import CellSet, Layer
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.values.containment import Containment
from cubeql.values.slotted import dataclass
from cubeql.values.types import Type

GRID = -1  # source number of the query's own cell


@dataclass(frozen=True, slots=True)
class Bound:
    """Root of bound expressions."""

    type: Type
    span: Span = field(default=Span(0, 0), compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Column(Bound):
    """A column of a source; ``cell`` of the grid has the source :data:`GRID`."""

    source: int
    name: str


@dataclass(frozen=True, slots=True)
class Constant(Bound):
    """A constant: int, float, str, bool, None, numpy datetime64[us] or a Duration.

    ``trusted`` marks a text that analysis chose from a list of its own, so that it may stand in SQL as it is.
    """

    value: Any
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter(Bound):
    """A value given beside the text."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply(Bound):
    """A scalar function or operator on arguments."""

    function: Function
    args: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Choice(Bound):
    """CASE: (condition, value) pairs and the value otherwise."""

    whens: tuple[tuple[Bound, Bound], ...]
    otherwise: Bound | None


@dataclass(frozen=True, slots=True)
class Convert(Bound):
    """CAST to the node's type; ``sql_type`` is the target in SQL."""

    operand: Bound
    sql_type: str


@dataclass(frozen=True, slots=True)
class OneOf(Bound):
    """``operand IN (items)``."""

    operand: Bound
    items: tuple[Bound, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InSubquery(Bound):
    """``operand IN (query)``."""

    operand: Bound
    query: BoundQuery
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RegionRef:
    """A region as written: its kind and its constant arguments (numbers, texts, or a bound geometry)."""

    kind: str
    args: tuple[Any, ...]
    span: Span = field(default=Span(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InRegion(Bound):
    """``cell WITHIN region``."""

    operand: Bound
    region: RegionRef
    negated: bool = False


@dataclass(frozen=True, slots=True)
class SortBy:
    """One ORDER BY entry."""

    expr: Bound
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate(Bound):
    """An aggregate call."""

    function: Function
    args: tuple[Bound, ...]
    distinct: bool = False
    filter: Bound | None = None
    order_by: tuple[SortBy, ...] = ()
    star: bool = False


@dataclass(frozen=True, slots=True)
class FrameBound:
    """One end of a window frame: ``unbounded``, ``current``, ``preceding`` or ``following`` with its distance."""

    kind: str
    distance: Bound | None = None


@dataclass(frozen=True, slots=True)
class Window(Bound):
    """A window call: an :class:`Aggregate` or a window function over a partition.

    ``series`` are dimensions that part it further, which OVER TIME brings along and the query does not write.
    """

    call: Bound
    partition_by: tuple[Bound, ...]
    order_by: tuple[SortBy, ...]
    frame: tuple[str, FrameBound, FrameBound] | None = None
    series: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Focal(Window):
    """``disk(agg(x), k)``: an aggregate over the rows at most ``steps`` from a row's cell, within its partition."""

    cell: Bound | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Key(Bound):
    """The value of a GROUP BY key, by its number."""

    index: int


# ------------------------------------------------------------------ queries


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a result; ``origin`` is the layer and band it has values of, ``drawn_as`` also of means of them."""

    name: str
    type: Type
    origin: tuple[str, str] | None = field(default=None, compare=False)
    drawn_as: tuple[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BoundSource:
    """Root of sources; ``over`` is (column, method) of each column where the rows of a window of time become one, which
    has no time."""

    alias: str
    over: tuple[tuple[str, str], ...] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class LayerRef(BoundSource):
    """A layer of the catalog.

    Attributes:
        layer: the layer; without time where it is frozen.
        version: the state of the store that is read; None the current one.
        methods: (band, method) each where the query's grid is coarser.
        frozen: the instant that its data are frozen at, datetime64[us]; None where they are not.
    """

    layer: Layer
    version: int | None = None
    methods: tuple[tuple[str, str], ...] = ()
    frozen: Any = None


@dataclass(frozen=True, slots=True)
class TableRef(BoundSource):
    """A layer of points or zones, whose rows are rows of the query as those of a subquery are."""

    layer: Layer
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ZonesRef(BoundSource):
    """A layer of zones that the query's cells meet: a row for each zone that holds a cell."""

    layer: Layer
    version: int | None = None
    containment: Containment = "center"


@dataclass(frozen=True, slots=True)
class QueryRef(BoundSource):
    """A subquery or a named query; ``is_sealed`` where it is a view that shows rows which its reader may not read."""

    query: BoundQuery
    is_sealed: bool = False


RANKED = ("as_of", "next", "nearest")
WINDOWED = ("preceding", "following", "around")


@dataclass(frozen=True, slots=True)
class Match:
    """How two clocks meet: ``kind`` as in the syntax tree; ``window`` is a Duration or None. For ``during`` ``unit`` is
    what the stamp means and ``window`` the length of a step, None where each row says its end.

    ``clock`` is the source whose time is the query's: the driver, or the first joined layer that has a time. ``count``
    is how many of the nearest rows meet, ``valid`` passes over rows in which a band of the query is NULL.
    """

    kind: str
    unit: str | None = None
    window: Any = None
    clock: int = 0
    count: int = 1
    valid: bool = False

    @property
    def is_ranked(self) -> bool:
        """Whether the best of several candidates are taken."""
        return self.kind in RANKED

    @property
    def is_windowed(self) -> bool:
        """Whether the rows of a window of time become one."""
        return self.kind in WINDOWED


@dataclass(frozen=True, slots=True)
class BoundJoin:
    """One join: the source it brings, how clocks meet (None: any time), and a further conjunction."""

    source: int
    kind: Literal["inner", "left", "semi", "anti"]
    match: Match | None
    on: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One result column."""

    name: str
    expr: Bound


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """Root of bound queries; ``columns`` is the shape of the result."""

    columns: tuple[OutputColumn, ...]


@dataclass(frozen=True, slots=True)
class BoundSelect(BoundQuery):
    """A SELECT. ``group_by`` is None where nothing is aggregated; ``filters`` is a conjunction; ``sample`` is
    how many percent of the rows are taken, None for all."""

    sources: tuple[BoundSource, ...]
    joins: tuple[BoundJoin, ...]
    resolution: int | None
    filters: tuple[Bound, ...]
    group_by: tuple[Bound, ...] | None
    items: tuple[Item, ...]
    having: Bound | None = None
    qualify: Bound | None = None
    distinct: bool = False
    order_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int | None = None
    sample: float | None = None


@dataclass(frozen=True, slots=True)
class BoundSetOperation(BoundQuery):
    """Two queries of one shape combined; ORDER BY names result columns (source 0)."""

    operator: str
    left: BoundQuery
    right: BoundQuery
    order_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class StoredCells(BoundQuery):
    """A stored set of cells as a query: one column, ``cell``."""

    cells: CellSet


# ------------------------------------------------------------------ walking


def children(expr: Bound) -> Iterator[Bound]:
    """The expressions directly inside an expression."""
    for name in _names(expr):
        yield from _bounds(getattr(expr, name))


_NAMES: dict[type, tuple[str, ...]] = {}
"""Names of the fields that can hold expressions, asked once a class: every rule walks them."""


def _names(expr: Bound) -> tuple[str, ...]:
    if type(expr) not in _NAMES:
        _NAMES[type(expr)] = tuple(f.name for f in fields(expr) if f.name not in ("type", "span"))
    return _NAMES[type(expr)]


def _bounds(value: Any) -> Iterator[Bound]:
    if isinstance(value, Bound):
        yield value
    elif isinstance(value, SortBy):
        yield value.expr
    elif isinstance(value, FrameBound):
        yield from _bounds(value.distance)
    elif isinstance(value, tuple):
        for item in value:
            yield from _bounds(item)


def walk(expr: Bound) -> Iterator[Bound]:
    """The expression and all inside it, outermost first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rewrite(expr: Bound, change: Callable[[Bound], Bound | None]) -> Bound:
    """The expression with every part for which ``change`` gives another replaced, outermost first."""
    changed = change(expr)
    return rewrite_inside(expr, change) if changed is None else changed


def rewrite_inside(expr: Bound, change: Callable[[Bound], Bound | None]) -> Bound:
    """The expression with parts inside it replaced, as :func:`rewrite` does, itself kept."""
    values = {name: _rewritten(getattr(expr, name), change) for name in _names(expr)}
    return replace(expr, **values)


def _rewritten(value: Any, change: Callable[[Bound], Bound | None]) -> Any:
    if isinstance(value, Bound):
        return rewrite(value, change)
    if isinstance(value, SortBy):
        return replace(value, expr=rewrite(value.expr, change))
    if isinstance(value, FrameBound):
        return replace(value, distance=_rewritten(value.distance, change))
    if isinstance(value, tuple):
        return tuple(_rewritten(v, change) for v in value)
    return value


def conjuncts(expr: Bound) -> tuple[Bound, ...]:
    """The parts of a condition that AND joins."""
    if isinstance(expr, Apply) and expr.function.name == "and":
        return tuple(c for a in expr.args for c in conjuncts(a))
    return (expr,)
