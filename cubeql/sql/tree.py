"""A small SQL tree: only what plans need, nothing of any engine's dialect but the templates of function rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Literal

from cubeql.values.slotted import dataclass

ALL_ROWS = (1 << 62) - 1
"""A LIMIT that cuts nothing off; the engine moves no condition past it."""


@dataclass(frozen=True, slots=True)
class Sql:
    """Root of SQL expressions."""


@dataclass(frozen=True, slots=True)
class Ident(Sql):
    """A quoted name, maybe qualified."""

    name: str
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Value(Sql):
    """A constant: None, bool, int, float, datetime64[us], Duration, or a trusted text."""

    value: Any


@dataclass(frozen=True, slots=True)
class Bind(Sql):
    """A bound value by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Fill(Sql):
    """A template whose ``{0}``, ``{1}`` … and ``{args}`` are filled with printed arguments."""

    template: str
    args: tuple[Sql, ...] = ()


@dataclass(frozen=True, slots=True)
class When(Sql):
    """CASE WHEN … THEN … ELSE … END."""

    whens: tuple[tuple[Sql, Sql], ...]
    otherwise: Sql | None = None


@dataclass(frozen=True, slots=True)
class Within(Sql):
    """``operand [NOT] IN (items)`` or ``IN (query)``."""

    operand: Sql
    items: tuple[Sql, ...] | Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One ORDER BY entry."""

    expr: Sql
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Aggregated(Sql):
    """An aggregate call; ``{distinct}`` and ``{order}`` of its template are filled too."""

    template: str
    args: tuple[Sql, ...]
    distinct: bool = False
    filter: Sql | None = None
    order_by: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Windowed(Sql):
    """``call OVER (…)``; a frame is its unit and two (kind, distance) bounds."""

    call: Sql
    partition_by: tuple[Sql, ...] = ()
    order_by: tuple[Order, ...] = ()
    frame: tuple[str, tuple[str, Sql | None], tuple[str, Sql | None]] | None = None


# ------------------------------------------------------------------ relations


@dataclass(frozen=True, slots=True)
class Relation:
    """Root of what FROM may name."""


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """A named relation, maybe under another name."""

    name: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Sub(Relation):
    """A query in FROM."""

    query: Query
    alias: str


@dataclass(frozen=True, slots=True)
class Joined(Relation):
    """Two relations that meet; without a condition it is a cross join."""

    left: Relation
    right: Relation
    kind: Literal["inner", "left", "semi", "anti", "cross"]
    on: tuple[Sql, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Root of queries."""


@dataclass(frozen=True, slots=True)
class Named:
    """One entry of WITH; ``materialized`` None leaves the choice to the engine."""

    name: str
    query: Query
    materialized: bool | None = False


@dataclass(frozen=True, slots=True)
class Select(Query):
    """A SELECT; items are (expression, name) pairs, a None name prints none; no items mean ``*``."""

    items: tuple[tuple[Sql, str | None], ...]
    source: Relation | None = None
    where: tuple[Sql, ...] = ()
    group_by: tuple[Sql, ...] = ()
    having: Sql | None = None
    qualify: Sql | None = None
    distinct: bool = False
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    ctes: tuple[Named, ...] = ()
    star: bool = False


@dataclass(frozen=True, slots=True)
class Compound(Query):
    """Two queries combined."""

    operator: str
    left: Query
    right: Query
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None


def parts(part: object) -> Iterator[object]:
    """A part of a tree and all that it is made of."""
    yield part
    if isinstance(part, tuple):
        for item in part:
            yield from parts(item)
    elif isinstance(part, (Sql, Relation, Query, Named, Order)):
        for f in fields(part):
            yield from parts(getattr(part, f.name))


def bind_names(part: object) -> Iterator[str]:
    """Names of the bound values that a query or expression needs."""
    return (inner.name for inner in parts(part) if isinstance(inner, Bind))


def bound_values(query: Query, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those of the values that a query needs; the engine refuses others."""
    return {name: values[name] for name in bind_names(query)} or None


def fill(template: str, *args: Sql) -> Fill:
    """A template with its arguments."""
    return Fill(template, args)
