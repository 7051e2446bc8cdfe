"""The syntax tree: what was written, nothing about what it means.

Every node is frozen and carries its :class:`~cubeql.errors.Span`, which never counts in equality, so
that two texts that mean the same tree compare equal. Children are tuples.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from cubeql.errors import Span
from cubeql.values.slotted import dataclass

NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Root of all nodes."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


# ------------------------------------------------------------------ expressions


@dataclass(frozen=True, slots=True)
class Expr(Node):
    """Root of expressions."""


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A possibly qualified name, unquoted: ``ndvi`` is ``("ndvi",)``, ``s2.time`` is ``("s2", "time")``."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Star(Expr):
    """``*`` or ``s2.*``."""

    qualifier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A number as written: int, or float where a point or an exponent was written."""

    value: int | float


@dataclass(frozen=True, slots=True)
class String(Expr):
    """A quoted text, quotes removed."""

    value: str


@dataclass(frozen=True, slots=True)
class Boolean(Expr):
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(Expr):
    """NULL."""


@dataclass(frozen=True, slots=True)
class TypedString(Expr):
    """``TIMESTAMP '…'``, ``DATE '…'`` or ``INTERVAL '…'``."""

    kind: Literal["timestamp", "date", "interval"]
    value: str


@dataclass(frozen=True, slots=True)
class Parameter(Expr):
    """``$name`` or ``?`` (then the name is its number counted from 1, as text)."""

    name: str
    positional: bool = False


@dataclass(frozen=True, slots=True)
class Unary(Expr):
    """``-x``, ``+x`` or ``NOT x``."""

    operator: Literal["-", "+", "not"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """``left operator right``; operator lower case: ``+ - * / // % ^ || = <> < <= > >= and or``
    and ``is distinct from``, ``is not distinct from``."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Between(Expr):
    """``operand [NOT] BETWEEN low AND high``."""

    operand: Expr
    low: Expr
    high: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InList(Expr):
    """``operand [NOT] IN (a, b, …)``."""

    operand: Expr
    items: tuple[Expr, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InQuery(Expr):
    """``operand [NOT] IN (query)``."""

    operand: Expr
    query: Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like(Expr):
    """``operand [NOT] LIKE|ILIKE pattern``."""

    operand: Expr
    pattern: Expr
    negated: bool = False
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Expr):
    """``operand IS [NOT] NULL``."""

    operand: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """``CASE [subject] WHEN a THEN b … [ELSE c] END``."""

    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None = None
    subject: Expr | None = None


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """``CAST(operand AS type)`` or ``operand::type``; the type's name in lower case."""

    operand: Expr
    type_name: str


@dataclass(frozen=True, slots=True)
class ListOf(Expr):
    """``[a, b, …]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """``expr [ASC|DESC] [NULLS FIRST|LAST]``."""

    expr: Expr
    descending: bool = False
    nulls: Literal["first", "last"] | None = None


@dataclass(frozen=True, slots=True)
class Frame(Node):
    """A window frame: ``ROWS`` or ``RANGE``, from ``start`` to ``end``.

    A bound is ``("unbounded", None)``, ``("current", None)`` or (``"preceding"|"following"``, expr);
    an unbounded bound means preceding at the start and following at the end.
    """

    unit: Literal["rows", "range"]
    start: tuple[str, Expr | None]
    end: tuple[str, Expr | None]


@dataclass(frozen=True, slots=True)
class Over(Node):
    """``OVER (PARTITION BY … ORDER BY … frame)`` or ``OVER TIME [frame]`` (then ``time`` is True)."""

    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[SortKey, ...] = ()
    frame: Frame | None = None
    time: bool = False


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """``name([DISTINCT] args [ORDER BY …]) [FILTER (WHERE …)] [OVER …]``; name in lower case.

    ``count(*)`` has one :class:`Star` argument. ``CELL(n)`` is the call ``cell``. ``by`` is the word
    after ``BY`` in ``anomaly(x, '1991/2020', BY month)``.
    """

    name: str
    args: tuple[Expr, ...] = ()
    distinct: bool = False
    order_by: tuple[SortKey, ...] = ()
    filter: Expr | None = None
    over: Over | None = None
    by: str | None = None
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Region(Node):
    """A region by its kind and arguments.

    Kinds: ``bbox`` (west, south, east, north), ``polygon`` (WKT), ``geojson`` (text), ``file`` (path),
    ``cell`` (hex text), ``disk`` (hex text, k), ``circle`` (lon, lat, radius text), ``point`` (lon, lat),
    ``zone`` (layer as Name, column as Name, value), ``cells`` (name as Name), ``parameter`` (one Parameter:
    a bound geometry). A text may be a Parameter wherever a text is asked for.
    """

    kind: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Within(Expr):
    """``operand [NOT] WITHIN region``."""

    operand: Expr
    region: Region
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TimeTest(Expr):
    """``operand [NOT] DURING 'a/b'``, ``IN 'a'``, ``BEFORE 'a'``, ``AFTER 'a'``; ``IN`` keeps its spelling.

    The value of DURING and IN is a String or a Parameter (``x IN $list`` comes as this too, and the
    operand's type tells what it means); that of BEFORE and AFTER is any expression.
    """

    operand: Expr
    how: Literal["during", "in", "before", "after"]
    value: Expr
    negated: bool = False


# ------------------------------------------------------------------ queries


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """``expr [AS name]``."""

    expr: Expr
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Source(Node):
    """Root of what FROM and JOIN may name."""


@dataclass(frozen=True, slots=True)
class LayerSource(Source):
    """``layer [AT 'time'] [VERSION n | VERSION AT 'timestamp'] [AS alias]``."""

    name: tuple[str, ...]
    at: Expr | None = None
    version: Expr | None = None
    version_at: Expr | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class QuerySource(Source):
    """``(query) [AS alias]``."""

    query: Query
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class TimeMatch(Node):
    """What follows ``ON TIME``.

    Attributes:
        kind: ``equal same as_of next nearest preceding following around during any``.
        unit: of ``same``: ``hour day dekad week month season year``.
        count: of ``nearest``.
        interval: the window of preceding/following/around, or the WITHIN of as_of/next/nearest.
        valid: VALID was written.
    """

    kind: str
    unit: str | None = None
    count: Expr | None = None
    interval: Expr | None = None
    valid: bool = False


@dataclass(frozen=True, slots=True)
class Using(Node):
    """``USING method`` (band is None) or one entry of ``USING (band method, …)``."""

    method: str
    band: str | None = None


@dataclass(frozen=True, slots=True)
class Join(Node):
    """One JOIN clause."""

    source: Source
    kind: Literal["inner", "left", "semi", "anti"] = "inner"
    time: TimeMatch | None = None
    on: Expr | None = None
    using: tuple[Using, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupKey(Node):
    """``expr [AS name]`` in GROUP BY."""

    expr: Expr
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Cte(Node):
    """``name AS (query)`` of a WITH clause."""

    name: str
    query: Query


@dataclass(frozen=True, slots=True)
class Query(Node):
    """Root of queries: :class:`Select` or :class:`SetOperation`."""


@dataclass(frozen=True, slots=True)
class Select(Query):
    """One SELECT in either clause order; several FILTER clauses stand as written, one entry each."""

    items: tuple[SelectItem, ...]
    source: Source | None = None
    distinct: bool = False
    resolution: Expr | None = None
    joins: tuple[Join, ...] = ()
    filters: tuple[Expr, ...] = ()
    group_by: tuple[GroupKey, ...] = ()
    having: Expr | None = None
    qualify: Expr | None = None
    order_by: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    sample: Expr | None = None
    ctes: tuple[Cte, ...] = ()


@dataclass(frozen=True, slots=True)
class SetOperation(Query):
    """``left UNION ALL|EXCEPT|INTERSECT right``; ORDER BY, LIMIT and OFFSET apply to the whole."""

    operator: Literal["union all", "except", "intersect"]
    left: Query
    right: Query
    order_by: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()


# ------------------------------------------------------------------ statements


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """Root of statements."""


@dataclass(frozen=True, slots=True)
class QueryStatement(Statement):
    """A query by itself."""

    query: Query


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    """``EXPLAIN [ANALYZE] query``."""

    query: Query
    analyze: bool = False


@dataclass(frozen=True, slots=True)
class Show(Statement):
    """``SHOW what [name] [LIKE 'pattern']``.

    ``what`` is ``layers functions cells views grants settings attached`` or, with a name, ``bands times versions``.
    """

    what: str
    name: tuple[str, ...] = ()
    like: str | None = None


@dataclass(frozen=True, slots=True)
class Describe(Statement):
    """``DESCRIBE layer`` or ``DESCRIBE query``."""

    name: tuple[str, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Option(Node):
    """``name value`` or ``name = value`` inside WITH (…) or SET (…)."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Create(Statement):
    """``CREATE [OR REPLACE] LAYER|VIEW|CELLS name [WITH (…)] AS query``."""

    kind: Literal["layer", "view", "cells"]
    name: tuple[str, ...]
    query: Query
    replace: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateRaster(Statement):
    """``CREATE [OR REPLACE] VIEW name AS RASTER 'path' [WITH (…)]``; ``path`` may be a list of paths."""

    name: tuple[str, ...]
    path: Expr
    replace: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Insert(Statement):
    """``INSERT [OR REPLACE] INTO layer query``."""

    name: tuple[str, ...]
    query: Query
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Drop(Statement):
    """``DROP LAYER|VIEW|CELLS [IF EXISTS] name``."""

    kind: Literal["layer", "view", "cells"]
    name: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Alter(Statement):
    """``ALTER LAYER name RENAME TO new`` or ``ALTER LAYER name [ALTER BAND|ATTRIBUTE column] SET (…)``."""

    name: tuple[str, ...]
    rename_to: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    column: str | None = None
    column_kind: Literal["band", "attribute"] = "band"


@dataclass(frozen=True, slots=True)
class Rollback(Statement):
    """``ALTER LAYER name ROLLBACK TO VERSION n`` or ``… TO VERSION AT 'timestamp'``: one of both is there."""

    name: tuple[str, ...]
    version: Expr | None = None
    version_at: Expr | None = None


@dataclass(frozen=True, slots=True)
class Copy(Statement):
    """``COPY (query) TO 'path' [WITH (…)]``."""

    query: Query
    path: Expr
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant(Statement):
    """``GRANT|REVOKE READ|WRITE ON layer TO|FROM name``."""

    right: Literal["read", "write"]
    name: tuple[str, ...]
    grantee: str
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """``SET name = value``."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Attach(Statement):
    """``ATTACH 'flight://host:port' AS name [WITH (…)]``."""

    address: Expr
    name: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Detach(Statement):
    """``DETACH name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Script(Node):
    """Several statements, in order."""

    statements: tuple[Statement, ...]
