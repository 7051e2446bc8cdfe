"""Expressions: from syntax to bound tree, with types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cubeql.analyze import calls, regions, timetests
from cubeql.analyze.bound import (
    Apply,
    Bound,
    BoundQuery,
    Choice,
    Constant,
    Convert,
    InRegion,
    InSubquery,
    OneOf,
    SortBy,
)
from cubeql.analyze.checks import check_arguments, check_comparable, check_units, meet, want_boolean
from cubeql.analyze.constants import list_items, literal
from cubeql.analyze.context import Context
from cubeql.errors import Span
from cubeql.functions.registry import operator
from cubeql.lang import nodes
from cubeql.values.types import ANY, BOOLEAN, INTEGER, INTERVAL, NUMBER, TEXT, TIMESTAMP, Type, common

if TYPE_CHECKING:
    from cubeql.analyze.scope import Scope

_COMPARISONS = {"=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"}
CASTS: dict[str, tuple[Type, str]] = {
    **dict.fromkeys(("integer", "int", "bigint", "smallint", "int64", "int32"), (INTEGER, "BIGINT")),
    **dict.fromkeys(("number", "double", "float", "real", "double precision", "numeric"), (NUMBER, "DOUBLE")),
    **dict.fromkeys(("text", "varchar", "string"), (TEXT, "VARCHAR")),
    **dict.fromkeys(("boolean", "bool"), (BOOLEAN, "BOOLEAN")),
    **dict.fromkeys(("timestamp", "datetime", "date"), (TIMESTAMP, "TIMESTAMP")),
    "interval": (INTERVAL, "INTERVAL"),
}


@dataclass(slots=True)
class Binder:
    """Binds the expressions of one clause.

    Attributes:
        clause: how faults name the clause.
        aggregates: whether aggregates may stand here.
        windows: whether window functions may stand here.
        bind_query: binds a subquery.
    """

    context: Context
    scope: Scope
    bind_query: Callable[[nodes.Query], BoundQuery]
    clause: str = "SELECT"
    aggregates: bool = False
    windows: bool = False
    inside_aggregate: str | None = field(default=None)

    def within(self, **changes: Any) -> Binder:
        """The same binder for another place."""
        return replace(self, **changes)

    def bind(self, expr: nodes.Expr) -> Bound:
        """The bound expression; where it is at fault, a NULL of type ``any`` with the fault noted."""
        return _HANDLERS[type(expr)](self, expr)

    def condition(self, expr: nodes.Expr) -> Bound:
        """A bound condition."""
        return want_boolean(self.context, self.bind(expr))

    def sort_key(self, key: nodes.SortKey) -> SortBy:
        """A bound ORDER BY entry: NULLs come last unless told."""
        return SortBy(self.bind(key.expr), key.descending, key.nulls == "first")

    def apply(self, name: str, args: tuple[Bound, ...], span: Span) -> Bound:
        """An operator on bound arguments, checked."""
        function = operator(name)
        if not check_arguments(self.context, function, args, span):
            return missing(span)
        if function.same_unit:
            check_units(self.context, args, span)
        return Apply(function.result_type(tuple(a.type for a in args)), function, args, span=span)

    def compare(self, name: str, left: Bound, right: Bound, span: Span) -> Bound:
        """A comparison, texts turned into what the other side calls for."""
        return self.apply(name, meet(self.context, (left, right), span), span)


def missing(span: Span) -> Bound:
    """What stands for an expression that is at fault."""
    return Constant(ANY, None, span=span)


def _name(binder: Binder, expr: nodes.Name) -> Bound:
    found = binder.scope.resolve(expr.parts, expr.span, binder.inside_aggregate is not None)
    return found or missing(expr.span)


def _literal(binder: Binder, expr: nodes.Expr) -> Bound:
    return literal(binder.context, expr)


def _star(binder: Binder, expr: nodes.Star) -> Bound:
    binder.context.fault("star_misplaced", expr.span)
    return missing(expr.span)


def _unary(binder: Binder, expr: nodes.Unary) -> Bound:
    operand = binder.bind(expr.operand)
    if expr.operator == "not":
        return binder.apply("not", (operand,), expr.span)
    if expr.operator == "+":
        return operand
    if isinstance(operand, Constant) and isinstance(operand.value, (int, float)):
        return replace(operand, value=-operand.value, span=expr.span)
    return binder.apply("negate", (operand,), expr.span)


def _binary(binder: Binder, expr: nodes.Binary) -> Bound:
    left, right = binder.bind(expr.left), binder.bind(expr.right)
    name = expr.operator
    if name in _COMPARISONS:
        return binder.compare(name, left, right, expr.span)
    kinds = {left.type.name, right.type.name}
    if name in "+-" and kinds & {"timestamp", "interval"}:
        return _time_arithmetic(binder, name, left, right, expr.span)
    if name == "//" and "number" in kinds:
        name = "// number"
    return binder.apply(name, (left, right), expr.span)


def _time_arithmetic(binder: Binder, name: str, left: Bound, right: Bound, span: Span) -> Bound:
    kinds = (left.type.name, right.type.name)
    if name == "+" and sorted(kinds) == ["interval", "timestamp"]:
        return binder.apply("time plus", (left, right), span)
    if kinds == ("timestamp", "interval"):
        return binder.apply("time minus", (left, right), span)
    if name == "-" and kinds == ("timestamp", "timestamp"):
        return binder.apply("time difference", (left, right), span)
    binder.context.fault("not_comparable", span, left=kinds[0], right=kinds[1])
    return missing(span)


def _between(binder: Binder, expr: nodes.Between) -> Bound:
    operand = binder.bind(expr.operand)
    low = binder.compare(">=", operand, binder.bind(expr.low), expr.span)
    high = binder.compare("<=", operand, binder.bind(expr.high), expr.span)
    both = binder.apply("and", (low, high), expr.span)
    return binder.apply("not", (both,), expr.span) if expr.negated else both


def _in_list(binder: Binder, expr: nodes.InList) -> Bound:
    operand = binder.bind(expr.operand)
    items = tuple(i for item in expr.items for i in _item(binder, item))
    operand, *rest = meet(binder.context, (operand, *items), expr.span)
    return OneOf(BOOLEAN, operand, tuple(rest), expr.negated, span=expr.span)


def _item(binder: Binder, item: nodes.Expr) -> tuple[Bound, ...]:
    bound = binder.bind(item)
    if bound.type.name != "list" or not isinstance(item, nodes.Parameter):
        return (bound,)
    return list_items(binder.context, item)


def _in_query(binder: Binder, expr: nodes.InQuery) -> Bound:
    operand = binder.bind(expr.operand)
    query = binder.bind_query(expr.query)
    if len(query.columns) != 1:
        binder.context.fault("wrong_argument_count", expr.query.span, name="IN (query)", wanted="one column",
                             given=len(query.columns), signature="x IN (SELECT y FROM …)")  # fmt: skip
    elif query.columns:
        both = (operand, Constant(query.columns[0].type, None, span=expr.query.span))
        check_comparable(binder.context, both, expr.span)
    return InSubquery(BOOLEAN, operand, query, expr.negated, span=expr.span)


def _like(binder: Binder, expr: nodes.Like) -> Bound:
    name = "ilike" if expr.ignore_case else "like"
    like = binder.apply(name, (binder.bind(expr.operand), binder.bind(expr.pattern)), expr.span)
    return binder.apply("not", (like,), expr.span) if expr.negated else like


def _is_null(binder: Binder, expr: nodes.IsNull) -> Bound:
    name = "is not null" if expr.negated else "is null"
    return binder.apply(name, (binder.bind(expr.operand),), expr.span)


def _case(binder: Binder, expr: nodes.Case) -> Bound:
    subject = binder.bind(expr.subject) if expr.subject is not None else None
    whens = []
    for condition, value in expr.whens:
        if subject is None:
            test = binder.condition(condition)
        else:
            test = binder.compare("=", subject, binder.bind(condition), condition.span)
        whens.append((test, binder.bind(value)))
    otherwise = binder.bind(expr.otherwise) if expr.otherwise is not None else None
    values = [v for _, v in whens] + ([otherwise] if otherwise else [])
    kind = common(tuple(v.type for v in values))
    if kind is None:
        types = ", ".join(dict.fromkeys(str(v.type) for v in values))
        binder.context.fault("no_common_type", expr.span, types=types)
        kind = ANY
    return Choice(kind, tuple(whens), otherwise, span=expr.span)


def _cast(binder: Binder, expr: nodes.Cast) -> Bound:
    operand = binder.bind(expr.operand)
    found = CASTS.get(expr.type_name)
    if found is None:
        binder.context.fault("unknown_type", expr.span, name=expr.type_name)
        return missing(expr.span)
    kind, sql_type = found
    unit = operand.type.unit if kind.is_numeric else None
    return Convert(kind.with_unit(unit), operand, sql_type, span=expr.span)


def _within(binder: Binder, expr: nodes.Within) -> Bound:
    operand = binder.bind(expr.operand)
    if operand.type.name not in ("cell", "any"):
        binder.context.fault("within_needs_cell", expr.operand.span, given=operand.type)
    elif operand.type.name == "cell" and operand.type.resolution is None:
        binder.context.fault("cell_of_any_resolution", expr.operand.span, what="WITHIN")
    region = regions.bind_region(binder.context, expr.region)
    if region is None:
        return missing(expr.span)
    return InRegion(BOOLEAN, operand, region, expr.negated, span=expr.span)


def _list(binder: Binder, expr: nodes.ListOf) -> Bound:
    binder.context.fault("not_supported", expr.span, construct="a list", suggestion="write IN (…) with its values")
    return missing(expr.span)


def _call(binder: Binder, expr: nodes.Call) -> Bound:
    return calls.bind_call(binder, expr)


def _time_test(binder: Binder, expr: nodes.TimeTest) -> Bound:
    return timetests.bind_time_test(binder, expr)


_HANDLERS: dict[type[nodes.Expr], Callable[[Binder, Any], Bound]] = {
    nodes.Name: _name,
    nodes.Star: _star,
    nodes.Number: _literal,
    nodes.String: _literal,
    nodes.Boolean: _literal,
    nodes.Null: _literal,
    nodes.TypedString: _literal,
    nodes.Parameter: _literal,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Between: _between,
    nodes.InList: _in_list,
    nodes.InQuery: _in_query,
    nodes.Like: _like,
    nodes.IsNull: _is_null,
    nodes.Case: _case,
    nodes.Cast: _cast,
    nodes.Call: _call,
    nodes.Within: _within,
    nodes.TimeTest: _time_test,
    nodes.ListOf: _list,
}
