"""Methods that make one value of several cells of a finer layer, or of several instants, as SQL."""

from __future__ import annotations

from cubeql.sql.tree import Aggregated, Sql, Value

NO_AREA = Value(None)

_METHODS = {
    "mean": "avg({0})",
    "area_mean": "(sum({0} * {2}) / sum(CASE WHEN {0} IS NOT NULL THEN {2} END))",
    "min": "min({0})",
    "max": "max({0})",
    "sum": "sum({0})",
    "count": "count({0})",
    "mode": "mode({0} ORDER BY {0})",
    "median": "median({0})",
    "stddev": "stddev_samp({0})",
    "first": "arg_min({0}, {1})",
    "last": "arg_max({0}, {1})",
    "any": "bool_or({0} <> 0)",
    "all": "bool_and({0} <> 0)",
}


def by_method(method: str, value: Sql, order: Sql, whole: bool, area: Sql = NO_AREA) -> Sql:
    """One value of several; ``order`` says which is first, ``area`` how much each weighs, ``whole`` whether the values
    are integers."""
    template = f"({_METHODS[method]})::BIGINT" if whole and method == "sum" else _METHODS[method]
    return Aggregated(template, (value, order, area))
