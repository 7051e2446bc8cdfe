"""Calls of functions: arguments, FILTER and windows."""

from __future__ import annotations

from dataclasses import dataclass

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes
from cubeql.lang.tokens import Token

Bound = tuple[str, n.Expr | None]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands between a call's parentheses."""

    args: tuple[n.Expr, ...] = ()
    distinct: bool = False
    by: str | None = None
    order_by: tuple[n.SortKey, ...] = ()


@makes("call")
def call(
    _: Builder,
    span: Span,
    function: n.Name,
    arguments: Arguments | None,
    condition: n.Expr | None,
    over: n.Over | None,
) -> n.Call:
    """A call with all that may follow it."""
    given = arguments or Arguments()
    return n.Call(
        function.parts[0],
        given.args,
        given.distinct,
        given.order_by,
        condition,
        over,
        given.by,
        name_span=function.span,
        span=span,
    )


@makes("function_name")
def function_name(_: Builder, span: Span, token: Token) -> n.Name:
    """The name in lower case, with its place."""
    return n.Name((lower(token),), span=span)


@makes("star_argument")
def star_argument(_: Builder, __: Span, star: n.Star) -> Arguments:
    """``count(*)``."""
    return Arguments((star,))


@makes("plain_arguments")
def plain_arguments(
    _: Builder, __: Span, distinct: Token | None, *parts: n.Expr | str | tuple[n.SortKey, ...] | None
) -> Arguments:
    """``[DISTINCT] a, b [, BY word] [ORDER BY …]``."""
    *args, by, order_by = parts
    return Arguments(tuple(args), distinct is not None, by, order_by or ())  # type: ignore[arg-type]


@makes("by_word")
def by_word(_: Builder, __: Span, token: Token) -> str:
    """``BY month``."""
    return lower(token)


@makes("call_filter")
def call_filter(_: Builder, __: Span, ___: Token, condition: n.Expr) -> n.Expr:
    """``FILTER (WHERE condition)``."""
    return condition


@makes("over")
def over(
    _: Builder,
    span: Span,
    partition_by: tuple[n.Expr, ...] | None,
    order_by: tuple[n.SortKey, ...] | None,
    frame: n.Frame | None,
) -> n.Over:
    """``OVER (…)``."""
    return n.Over(partition_by or (), order_by or (), frame, span=span)


@makes("over_time")
def over_time(_: Builder, span: Span, frame: n.Frame | None) -> n.Over:
    """``OVER TIME [frame]``."""
    return n.Over(frame=frame, time=True, span=span)


@makes("partition_by")
def partition_by(_: Builder, __: Span, keys: tuple[n.Expr, ...]) -> tuple[n.Expr, ...]:
    """``PARTITION BY a, b``."""
    return keys


@makes("frame")
def frame(builder: Builder, span: Span, unit: Token, start: Bound, end: Bound | None = None) -> n.Frame:
    """``ROWS|RANGE start``, or ``BETWEEN start AND end``; a single bound ends at the current row."""
    made = n.Frame(lower(unit), _edge(start, "start"), _edge(end or ("current", None), "end"), span=span)  # type: ignore[arg-type]
    if _rank(start) > _rank(end or ("current", None)) or start[0] == "unbounded following":
        builder.report("frame_backwards", span)
    return made


def _edge(bound: Bound, edge: str) -> Bound:
    return ("unbounded", None) if bound[0].startswith("unbounded") else bound


def _rank(bound: Bound) -> int:
    order = ("unbounded preceding", "preceding", "current", "following", "unbounded following")
    return order.index(bound[0])


@makes("bound_unbounded")
def bound_unbounded(_: Builder, __: Span, side: Token) -> Bound:
    """``UNBOUNDED PRECEDING|FOLLOWING``; the side is kept for the check of the frame."""
    return f"unbounded {lower(side)}", None


@makes("bound_current")
def bound_current(_: Builder, __: Span) -> Bound:
    """``CURRENT ROW``."""
    return "current", None


@makes("bound_by")
def bound_by(_: Builder, __: Span, value: n.Expr, side: Token) -> Bound:
    """``3 PRECEDING``."""
    return lower(side), value
