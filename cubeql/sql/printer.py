"""SQL tree -> SQL text. Identifiers are quoted here and nowhere else; texts of users never reach it but by name."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from cubeql.sql import tree
from cubeql.values.times import Duration

_INDENT = "  "


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def print_query(query: tree.Query, depth: int = 0) -> str:
    """The text of a query, its lines indented by ``depth`` steps."""
    match query:
        case tree.Select():
            return _select(query, depth)
        case tree.Compound():
            return _compound(query, depth)
    raise AssertionError(f"no query: {query}")


def _pad(depth: int) -> str:
    return "\n" + _INDENT * depth


def _compound(query: tree.Compound, depth: int) -> str:
    sides = [f"({print_query(q, depth + 1)})" for q in (query.left, query.right)]
    text = f"{_pad(depth)}{query.operator.upper()}{_pad(depth)}".join(sides)
    return text + _tail(query.order_by, query.limit, query.offset, depth)


def _select(query: tree.Select, depth: int) -> str:
    pad = _pad(depth)
    text = _with(query.ctes, depth)
    items = ["*"] if query.star or not query.items else []
    items += [_item(e, n) for e, n in query.items]
    text += f"SELECT {'DISTINCT ' if query.distinct else ''}{_wrapped(items, depth)}"
    if query.source is not None:
        text += f"{pad}FROM {_relation(query.source, depth)}"
    if query.where:
        text += f"{pad}WHERE {conjunction(query.where)}"
    if query.group_by:
        text += f"{pad}GROUP BY {', '.join(print_expr(e) for e in query.group_by)}"
    if query.having is not None:
        text += f"{pad}HAVING {print_expr(query.having)}"
    if query.qualify is not None:
        text += f"{pad}QUALIFY {print_expr(query.qualify)}"
    return text + _tail(query.order_by, query.limit, query.offset, depth)


def _with(ctes: tuple[tree.Named, ...], depth: int) -> str:
    if not ctes:
        return ""
    parts = []
    for cte in ctes:
        how = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}[cte.materialized]
        body = print_query(cte.query, depth + 1)
        parts.append(f"{quote(cte.name)} AS {how}({_pad(depth + 1)}{body})")
    return f"WITH {f',{_pad(depth)}'.join(parts)}{_pad(depth)}"


def _item(expr: tree.Sql, name: str | None) -> str:
    text = print_expr(expr)
    return text if name is None or text == quote(name) else f"{text} AS {quote(name)}"


def _wrapped(items: list[str], depth: int) -> str:
    line = ", ".join(items)
    if len(line) + len(_INDENT) * depth <= 100:
        return line
    return f",{_pad(depth + 1)}".join(items)


def _tail(order: tuple[tree.Order, ...], limit: int | None, offset: int | None, depth: int) -> str:
    text = f"{_pad(depth)}ORDER BY {_order(order)}" if order else ""
    text += f"{_pad(depth)}LIMIT {limit}" if limit is not None else ""
    return text + (f"{_pad(depth)}OFFSET {offset}" if offset is not None else "")


def _order(entries: Iterable[tree.Order]) -> str:
    return ", ".join(
        f"{print_expr(o.expr)}{' DESC' if o.descending else ''} NULLS {'FIRST' if o.nulls_first else 'LAST'}"
        for o in entries
    )


def _relation(relation: tree.Relation, depth: int) -> str:
    match relation:
        case tree.Table(name=name, alias=alias):
            return quote(name) if alias in (None, name) else f"{quote(name)} AS {quote(alias or name)}"
        case tree.Sub(query=query, alias=alias):
            return f"({_pad(depth + 1)}{print_query(query, depth + 1)}{_pad(depth)}) AS {quote(alias)}"
        case tree.Joined():
            return _joined(relation, depth)
    raise AssertionError(f"no relation: {relation}")


def _joined(join: tree.Joined, depth: int) -> str:
    words = {
        "inner": "JOIN",
        "left": "LEFT JOIN",
        "semi": "SEMI JOIN",
        "anti": "ANTI JOIN",
        "cross": "CROSS JOIN",
    }
    kind = "cross" if join.kind == "inner" and not join.on else join.kind
    text = f"{_relation(join.left, depth)}{_pad(depth)}{words[kind]} {_relation(join.right, depth)}"
    if kind == "cross":
        return text
    return f"{text} ON {conjunction(join.on) or 'true'}"


def conjunction(exprs: Iterable[tree.Sql]) -> str:
    """Conditions joined by AND."""
    return " AND ".join(print_expr(e) for e in exprs)


# ------------------------------------------------------------------ expressions


def print_expr(expr: tree.Sql) -> str:
    """The text of an expression."""
    match expr:
        case tree.Ident(name=name, relation=relation):
            return quote(name) if relation is None else f"{quote(relation)}.{quote(name)}"
        case tree.Value(value=value):
            return literal(value)
        case tree.Bind(name=name):
            return f"${name}"
        case tree.Fill(template=template, args=args):
            return _filled(template, args)
        case tree.When(whens=whens, otherwise=otherwise):
            return _case(whens, otherwise)
        case tree.Within():
            return _within(expr)
        case tree.Aggregated():
            return _aggregated(expr)
        case tree.Windowed():
            return _windowed(expr)
    raise AssertionError(f"no expression: {expr}")


def _filled(template: str, args: tuple[tree.Sql, ...], **words: str) -> str:
    printed = [print_expr(a) for a in args]
    return template.format(*printed, args=", ".join(printed), **words)


def _case(whens: tuple[tuple[tree.Sql, tree.Sql], ...], otherwise: tree.Sql | None) -> str:
    parts = [f"WHEN {print_expr(c)} THEN {print_expr(v)}" for c, v in whens]
    tail = f" ELSE {print_expr(otherwise)}" if otherwise is not None else ""
    return f"(CASE {' '.join(parts)}{tail} END)"


def _within(expr: tree.Within) -> str:
    inside = (
        print_query(expr.items, 1) if isinstance(expr.items, tree.Query) else ", ".join(map(print_expr, expr.items))
    )
    return f"({print_expr(expr.operand)} {'NOT ' if expr.negated else ''}IN ({inside}))"


def _aggregated(expr: tree.Aggregated) -> str:
    order = f" ORDER BY {_order(expr.order_by)}" if expr.order_by else ""
    text = _filled(expr.template, expr.args, distinct="DISTINCT " if expr.distinct else "", order=order)
    return text if expr.filter is None else f"{text} FILTER (WHERE {print_expr(expr.filter)})"


def _windowed(expr: tree.Windowed) -> str:
    parts = []
    if expr.partition_by:
        parts.append("PARTITION BY " + ", ".join(map(print_expr, expr.partition_by)))
    if expr.order_by:
        parts.append("ORDER BY " + _order(expr.order_by))
    if expr.frame is not None:
        unit, start, end = expr.frame
        parts.append(f"{unit.upper()} BETWEEN {_bound(start, 'PRECEDING')} AND {_bound(end, 'FOLLOWING')}")
    return f"{print_expr(expr.call)} OVER ({' '.join(parts)})"


def _bound(bound: tuple[str, tree.Sql | None], side: str) -> str:
    kind, distance = bound
    if kind == "current":
        return "CURRENT ROW"
    if kind == "unbounded":
        return f"UNBOUNDED {side}"
    return f"{print_expr(distance) if distance is not None else 'UNBOUNDED'} {kind.upper()}"


def _number(value: float) -> str:
    """A number to its last bit; without an exponent the engine would read it as a decimal of few digits first."""
    if not math.isfinite(value):
        return f"'{value}'::DOUBLE"
    text = repr(value)
    return f"{text if 'e' in text else text + 'e0'}::DOUBLE"


def literal(value: Any) -> str:
    """A constant in SQL. Texts must be the compiler's own; those of users are bound."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | np.integer():
            return str(int(value))
        case float() | np.floating():
            return _number(float(value))
        case np.datetime64():
            return f"TIMESTAMP '{str(value.astype('datetime64[us]')).replace('T', ' ')}'"
        case Duration():
            return f"(to_months({value.months}) + to_microseconds({value.microseconds}))"
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise AssertionError(f"no constant: {value!r}")
