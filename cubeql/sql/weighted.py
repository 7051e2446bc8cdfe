"""Aggregates of rows that stand for several cells which are alike, as many as their column ``rows`` says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cubeql.analyze.bound import Aggregate
from cubeql.errors import InternalError
from cubeql.sql.expressions import Place, translate
from cubeql.sql.tree import Aggregated, Ident, Sql, fill

_ROWS = Ident("rows")
_Maker = Callable[[Aggregate, Sql, Sql | None], Sql]


def weighted(call: Aggregate, place: Place) -> Sql:
    """An aggregate over such rows; ``place`` gives the columns in which they are alike."""
    place = replace(place, aggregate=None)
    condition = translate(call.filter, place) if call.filter is not None else None
    if call.star:
        return _counted(condition)
    make = _MAKERS.get(call.function.name)
    if make is None:
        raise InternalError(f"no weighted {call.function.name}")
    if call.distinct:
        return translate(call, place)
    return make(call, translate(call.args[0], place), condition)


def both(first: Sql, second: Sql | None) -> Sql:
    """A condition, and another one where there is one."""
    return first if second is None else fill("({0} AND {1})", first, second)


def _counted(condition: Sql | None) -> Sql:
    return fill("coalesce({0}, 0)::BIGINT", Aggregated("sum({0})", (_ROWS,), filter=condition))


def _count(call: Aggregate, value: Sql, condition: Sql | None) -> Sql:
    return _counted(both(fill("{0} IS NOT NULL", value), condition))


def _count_if(call: Aggregate, value: Sql, condition: Sql | None) -> Sql:
    return _counted(both(value, condition))


def _sum(call: Aggregate, value: Sql, condition: Sql | None) -> Sql:
    total = Aggregated("sum({0} * {1})", (value, _ROWS), filter=condition)
    return fill("({0})::BIGINT" if call.type.name == "integer" else "{0}", total)


def _mean(call: Aggregate, value: Sql, condition: Sql | None) -> Sql:
    total = Aggregated("sum({0} * {1})", (value, _ROWS), filter=condition)
    count = Aggregated("sum({0})", (_ROWS,), filter=both(fill("{0} IS NOT NULL", value), condition))
    return fill("({0}::DOUBLE / {1})", total, count)


def _plain(template: str) -> _Maker:
    return lambda call, value, condition: Aggregated(template, (value,), filter=condition)


def _mode(call: Aggregate, value: Sql, condition: Sql | None) -> Sql:
    """The heaviest value, the smallest of those that tie; each value stands in one row."""
    there = both(fill("{0} IS NOT NULL", value), condition)
    return Aggregated("arg_min({0}, [- {1}, {0}])", (value, _ROWS), filter=there)


_MAKERS: dict[str, _Maker] = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _mean,
    "mean": _mean,
    "min": _plain("min({0})"),
    "max": _plain("max({0})"),
    "bool_and": _plain("bool_and({0})"),
    "bool_or": _plain("bool_or({0})"),
    "mode": _mode,
}
