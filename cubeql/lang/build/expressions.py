"""Expressions."""

from __future__ import annotations

import math

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes, unquote
from cubeql.lang.tokens import Token


@makes("ident")
def ident(_: Builder, __: Span, token: Token) -> str:
    """A name's text, unquoted."""
    return unquote(token)


@makes("path")
def path(_: Builder, __: Span, *parts: str) -> tuple[str, ...]:
    """Names joined by points."""
    return parts


@makes("name")
def name(_: Builder, span: Span, parts: tuple[str, ...]) -> n.Name:
    """A column, maybe qualified."""
    return n.Name(parts, span=span)


@makes("star")
def star(_: Builder, span: Span, *parts: str | Token) -> n.Star:
    """``*`` or ``s2.*``; the last part is the star itself."""
    return n.Star(tuple(str(part) for part in parts[:-1]), span=span)


@makes("number")
def number(builder: Builder, span: Span, token: Token) -> n.Number:
    """A number; one that has no finite value is reported."""
    value: int | float
    try:
        value = int(token.text)
    except ValueError:
        value = float(token.text) if not token.text.isdigit() else math.inf
    if isinstance(value, float) and math.isinf(value):
        builder.report("number_too_large", span)
        value = 0
    return n.Number(value, span=span)


@makes("string")
def string(_: Builder, span: Span, token: Token) -> n.String:
    """A text."""
    return n.String(unquote(token), span=span)


@makes("typed_string")
def typed_string(_: Builder, span: Span, kind: Token, text: Token) -> n.TypedString:
    """``INTERVAL '14 days'`` and its like."""
    return n.TypedString(lower(kind), unquote(text), span=span)  # type: ignore[arg-type]


@makes("parameter")
def parameter(builder: Builder, span: Span, token: Token) -> n.Parameter:
    """``$name``, or ``?`` numbered from 1."""
    if token.text != "?":
        return n.Parameter(token.text[1:], span=span)
    builder.parameters += 1
    return n.Parameter(str(builder.parameters), positional=True, span=span)


@makes("true")
def true(_: Builder, span: Span) -> n.Boolean:
    """TRUE."""
    return n.Boolean(True, span=span)


@makes("false")
def false(_: Builder, span: Span) -> n.Boolean:
    """FALSE."""
    return n.Boolean(False, span=span)


@makes("null")
def null(_: Builder, span: Span) -> n.Null:
    """NULL."""
    return n.Null(span=span)


@makes("parenthesised")
def parenthesised(_: Builder, __: Span, inner: n.Expr) -> n.Expr:
    """Parentheses leave no trace in the tree."""
    return inner


@makes("list_of")
def list_of(_: Builder, span: Span, *items: n.Expr | None) -> n.ListOf:
    """``[a, b]``."""
    return n.ListOf(tuple(item for item in items if item is not None), span=span)


@makes("unary")
def unary(_: Builder, span: Span, operator: Token, operand: n.Expr) -> n.Unary:
    """A sign or NOT."""
    return n.Unary(lower(operator), operand, span=span)  # type: ignore[arg-type]


@makes("binary")
def binary(_: Builder, span: Span, left: n.Expr, operator: Token, right: n.Expr) -> n.Binary:
    """Two operands; ``!=`` is ``<>``."""
    written = lower(operator)
    return n.Binary("<>" if written == "!=" else written, left, right, span=span)


@makes("is_null")
def is_null(_: Builder, span: Span, operand: n.Expr, negation: Token | None) -> n.IsNull:
    """``x IS [NOT] NULL``."""
    return n.IsNull(operand, negation is not None, span=span)


@makes("is_truth")
def is_truth(_: Builder, span: Span, operand: n.Expr, negation: Token | None, truth: Token) -> n.Binary:
    """``x IS [NOT] TRUE`` says ``x IS [NOT] NOT DISTINCT FROM TRUE``: never NULL."""
    operator = "is distinct from" if negation else "is not distinct from"
    return n.Binary(operator, operand, n.Boolean(lower(truth) == "true", span=truth.span), span=span)


@makes("is_distinct")
def is_distinct(_: Builder, span: Span, left: n.Expr, negation: Token | None, right: n.Expr) -> n.Binary:
    """``x IS [NOT] DISTINCT FROM y``."""
    return n.Binary("is not distinct from" if negation else "is distinct from", left, right, span=span)


@makes("between")
def between(_: Builder, span: Span, operand: n.Expr, negation: Token | None, low: n.Expr, high: n.Expr) -> n.Between:
    """``x [NOT] BETWEEN a AND b``."""
    return n.Between(operand, low, high, negation is not None, span=span)


@makes("in_list")
def in_list(_: Builder, span: Span, operand: n.Expr, negation: Token | None, *items: n.Expr) -> n.InList:
    """``x [NOT] IN (a, b)``."""
    return n.InList(operand, items, negation is not None, span=span)


@makes("in_query")
def in_query(_: Builder, span: Span, operand: n.Expr, negation: Token | None, query: n.Query) -> n.InQuery:
    """``x [NOT] IN (query)``."""
    return n.InQuery(operand, query, negation is not None, span=span)


@makes("time_test")
def time_test(_: Builder, span: Span, operand: n.Expr, negation: Token | None, how: Token, value: n.Expr) -> n.TimeTest:
    """``x [NOT] DURING|IN|BEFORE|AFTER value``."""
    return n.TimeTest(operand, lower(how), value, negation is not None, span=span)  # type: ignore[arg-type]


@makes("like")
def like(_: Builder, span: Span, operand: n.Expr, negation: Token | None, how: Token, pattern: n.Expr) -> n.Like:
    """``x [NOT] LIKE|ILIKE pattern``."""
    return n.Like(operand, pattern, negation is not None, lower(how) == "ilike", span=span)


@makes("within")
def within(_: Builder, span: Span, operand: n.Expr, negation: Token | None, region: n.Region) -> n.Within:
    """``x [NOT] WITHIN region``."""
    return n.Within(operand, region, negation is not None, span=span)


@makes("cast")
def cast(_: Builder, span: Span, operand: n.Expr, type_name: str) -> n.Cast:
    """``CAST(x AS type)`` or ``x::type``."""
    return n.Cast(operand, type_name, span=span)


@makes("type_name")
def type_name(_: Builder, __: Span, word: str, *sizes: Token | None) -> str:
    """A type's name in lower case, with its sizes as in ``decimal(10, 2)``."""
    written = [size.text for size in sizes if size is not None]
    return f"{word}({', '.join(written)})" if written else word


@makes("type_word")
def type_word(_: Builder, __: Span, token: Token) -> str:
    """A word in lower case."""
    return lower(token)


@makes("case")
def case(_: Builder, span: Span, subject: n.Expr | None, *parts: tuple[n.Expr, n.Expr] | n.Expr | None) -> n.Case:
    """``CASE``: the whens, then what ELSE says (or None)."""
    *whens, otherwise = parts
    return n.Case(tuple(whens), otherwise, subject, span=span)  # type: ignore[arg-type]


@makes("when")
def when(_: Builder, __: Span, condition: n.Expr, value: n.Expr) -> tuple[n.Expr, n.Expr]:
    """``WHEN a THEN b``."""
    return condition, value


@makes("expressions")
def expressions(_: Builder, __: Span, *items: n.Expr) -> tuple[n.Expr, ...]:
    """Expressions between commas."""
    return items
