"""Queries: clauses in either order put together to one node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes
from cubeql.lang.tokens import Token

TAIL = ("order_by", "limit", "offset", "sample")
ORDER = ("select", "source", "resolution", "join", "filter", "group_by", "having", "qualify", *TAIL)
WRITTEN = {
    "select": "SELECT",
    "source": "FROM",
    "resolution": "AT RESOLUTION",
    "join": "JOIN",
    "filter": "FILTER",
    "group_by": "GROUP BY",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "order_by": "ORDER BY",
    "limit": "LIMIT",
    "offset": "OFFSET",
    "sample": "SAMPLE",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause on its way into a query: which, its value, its place."""

    kind: str
    value: Any
    span: Span


@dataclass(frozen=True, slots=True)
class Nested:
    """A query in parentheses, with what is written behind them."""

    query: n.Query
    tail: tuple[Clause, ...]
    span: Span


# ------------------------------------------------------------------ clauses


@makes("select_clause")
def select_clause(_: Builder, span: Span, distinct: Token | None, *items: n.SelectItem) -> Clause:
    """``SELECT [DISTINCT] items``."""
    return Clause("select", (distinct is not None, items), span)


@makes("select_item")
def select_item(builder: Builder, span: Span, expr: n.Expr, alias: str | None) -> n.SelectItem:
    """``expr [AS name]``; a star has no name."""
    if alias is not None and isinstance(expr, n.Star):
        builder.report("star_alias", span, alias=alias)
    return n.SelectItem(expr, alias, span=span)


@makes("group_key")
def group_key(_: Builder, span: Span, expr: n.Expr, alias: str | None) -> n.GroupKey:
    """``expr [AS name]``."""
    return n.GroupKey(expr, alias, span=span)


@makes("sort_key")
def sort_key(_: Builder, span: Span, expr: n.Expr, direction: str | None, nulls: str | None) -> n.SortKey:
    """``expr [ASC|DESC] [NULLS FIRST|LAST]``."""
    return n.SortKey(expr, direction == "desc", nulls, span=span)  # type: ignore[arg-type]


@makes("direction", "nulls")
def word(_: Builder, __: Span, token: Token) -> str:
    """``asc``, ``desc``, ``first`` or ``last``."""
    return lower(token)


@makes("from_clause")
def from_clause(_: Builder, span: Span, source: n.Source) -> Clause:
    """``FROM source``."""
    return Clause("source", source, span)


@makes("resolution")
def resolution(_: Builder, span: Span, __: Token, count: n.Expr) -> Clause:
    """``AT RESOLUTION n``."""
    return Clause("resolution", count, span)


@makes("filter")
def filter_clause(_: Builder, span: Span, predicate: n.Expr) -> Clause:
    """``FILTER predicate``."""
    return Clause("filter", predicate, span)


@makes("group_by")
def group_by(_: Builder, span: Span, *keys: n.GroupKey) -> Clause:
    """``GROUP BY keys``."""
    return Clause("group_by", keys, span)


@makes("having")
def having(_: Builder, span: Span, predicate: n.Expr) -> Clause:
    """``HAVING predicate``."""
    return Clause("having", predicate, span)


@makes("qualify")
def qualify(_: Builder, span: Span, predicate: n.Expr) -> Clause:
    """``QUALIFY predicate``."""
    return Clause("qualify", predicate, span)


@makes("order_by")
def order_by(_: Builder, __: Span, *keys: n.SortKey) -> tuple[n.SortKey, ...]:
    """``ORDER BY keys``, of a query, a window or a call."""
    return keys


@makes("order_clause")
def order_clause(_: Builder, span: Span, keys: tuple[n.SortKey, ...]) -> Clause:
    """ORDER BY as a clause of a query."""
    return Clause("order_by", keys, span)


@makes("limit")
def limit(_: Builder, span: Span, count: n.Expr) -> Clause:
    """``LIMIT n``."""
    return Clause("limit", count, span)


@makes("offset")
def offset(_: Builder, span: Span, count: n.Expr) -> Clause:
    """``OFFSET n``."""
    return Clause("offset", count, span)


@makes("sample")
def sample(_: Builder, span: Span, percent: n.Expr) -> Clause:
    """``SAMPLE n PERCENT``."""
    return Clause("sample", percent, span)


# ------------------------------------------------------------------ one SELECT


@makes("select_first")
def select_first(builder: Builder, span: Span, *clauses: Clause | n.Join) -> n.Select:
    """SQL order: every clause after the one it follows in SQL."""
    written = _as_clauses(clauses)
    furthest = written[0]
    for clause in written[1:]:
        if ORDER.index(clause.kind) < ORDER.index(furthest.kind) and clause.kind != "select":
            _report_order(builder, clause, furthest)
        elif clause.kind != "select":
            furthest = clause
    return _select(builder, span, written)


@makes("from_first")
def from_first(builder: Builder, span: Span, *clauses: Clause | n.Join) -> n.Select:
    """FROM first, the joins, then the other clauses in any order."""
    written = _as_clauses(clauses)
    other: Clause | None = None
    for clause in written[1:]:
        if clause.kind == "join" and other is not None:
            _report_order(builder, clause, other)
        elif clause.kind not in ("join", "resolution"):
            other = clause
    if not any(clause.kind == "select" for clause in written):
        builder.report("query_without_select", written[0].span)
    return _select(builder, span, written)


def _as_clauses(clauses: tuple[Clause | n.Join, ...]) -> list[Clause]:
    return [Clause("join", c, c.span) if isinstance(c, n.Join) else c for c in clauses]


def _report_order(builder: Builder, clause: Clause, after: Clause) -> None:
    builder.report("clause_order", clause.span, clause=WRITTEN[clause.kind], after=WRITTEN[after.kind])


def _select(builder: Builder, span: Span, clauses: list[Clause]) -> n.Select:
    fields: dict[str, Any] = {}
    joins: list[n.Join] = []
    filters: list[n.Expr] = []
    for clause in clauses:
        if clause.kind == "join":
            joins.append(clause.value)
        elif clause.kind == "filter":
            filters.append(clause.value)
        elif clause.kind in fields:
            builder.report("clause_twice", clause.span, clause=WRITTEN[clause.kind])
        else:
            fields[clause.kind] = clause.value
    distinct, items = fields.pop("select", (False, ()))
    return n.Select(items, distinct=distinct, joins=tuple(joins), filters=tuple(filters), span=span, **fields)


# ------------------------------------------------------------------ queries of queries


@makes("nested_query")
def nested_query(_: Builder, span: Span, query: n.Query, *tail: Clause) -> Nested:
    """``(query)`` and the ORDER BY, LIMIT, … behind it; what they apply to is known further up."""
    return Nested(query, tail, span)


@makes("set_operator")
def set_operator(_: Builder, __: Span, *words: Token) -> str:
    """``union all`` or ``except``."""
    return " ".join(lower(word) for word in words)


@makes("set_operation")
def set_operation(
    builder: Builder, span: Span, left: n.Query | Nested, operator: str | Token, right: n.Query | Nested
) -> n.SetOperation:
    """Two queries; an ORDER BY, LIMIT or OFFSET behind the last one applies to the whole."""
    if isinstance(operator, Token):
        operator = lower(operator)
    left = _without_tail(builder, left, operator)
    right, tail = _lift_tail(builder, right)
    return n.SetOperation(operator, left, right, **tail, span=span)  # type: ignore[arg-type]


def _without_tail(builder: Builder, operand: n.Query | Nested, operator: str) -> n.Query:
    """The left operand: nothing may be written behind it."""
    if isinstance(operand, Nested):
        for clause in operand.tail:
            builder.report("tail_before_set", clause.span, clause=WRITTEN[clause.kind], operator=operator.upper())
        return operand.query
    for field in TAIL:
        if getattr(operand, field, None):
            builder.report("tail_before_set", operand.span, clause=WRITTEN[field], operator=operator.upper())
    return operand


def _lift_tail(builder: Builder, operand: n.Query | Nested) -> tuple[n.Query, dict[str, Any]]:
    """The right operand bare, and what was written behind it."""
    if isinstance(operand, Nested):
        return operand.query, _tail_fields(builder, operand.tail, sample_allowed=False)
    assert isinstance(operand, n.Select | n.SetOperation)
    if isinstance(operand, n.Select) and operand.sample is not None:
        builder.report("sample_of_set", operand.sample.span)
    tail = {field: getattr(operand, field) for field in TAIL[:3]}
    return replace(operand, order_by=(), limit=None, offset=None), tail


def _tail_fields(builder: Builder, tail: tuple[Clause, ...], sample_allowed: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for clause in tail:
        if clause.kind == "sample" and not sample_allowed:
            builder.report("sample_of_set", clause.span)
        elif clause.kind in fields:
            builder.report("clause_twice", clause.span, clause=WRITTEN[clause.kind])
        else:
            fields[clause.kind] = clause.value
    return fields


@makes("query")
def query(builder: Builder, span: Span, ctes: tuple[n.Cte, ...] | None, body: n.Query | Nested) -> n.Query:
    """The whole of a query, with its WITH."""
    made = _unnest(builder, body) if isinstance(body, Nested) else body
    assert isinstance(made, n.Select | n.SetOperation)
    if not ctes:
        return made
    if made.ctes:
        builder.report("with_twice", made.ctes[0].span)
    return replace(made, ctes=ctes, span=span)


def _unnest(builder: Builder, nested: Nested) -> n.Query:
    """Parentheses around a whole query mean nothing; what is written behind them is put inside."""
    inner = nested.query
    assert isinstance(inner, n.Select | n.SetOperation)
    fields = _tail_fields(builder, nested.tail, sample_allowed=isinstance(inner, n.Select))
    if fields and any(getattr(inner, field, None) for field in TAIL):
        builder.report("tail_after_tail", nested.tail[0].span, clause=WRITTEN[nested.tail[0].kind])
        return inner
    return replace(inner, **fields) if fields else inner


@makes("ctes")
def ctes(builder: Builder, __: Span, *entries: n.Cte) -> tuple[n.Cte, ...]:
    """``WITH a AS (…), b AS (…)``; a name given twice is reported."""
    seen: set[str] = set()
    for entry in entries:
        if entry.name.casefold() in seen:
            builder.report("with_name_twice", entry.span, name=entry.name)
        seen.add(entry.name.casefold())
    return entries


@makes("cte")
def cte(_: Builder, span: Span, name: str, query: n.Query) -> n.Cte:
    """``name AS (query)``."""
    return n.Cte(name, query, span=span)
