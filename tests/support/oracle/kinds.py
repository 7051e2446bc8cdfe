"""Whether an expression gives floats: where integers and floats meet in one column, all become floats."""

from __future__ import annotations

from typing import Any

from cubeql.lang import nodes
from tests.support.oracle import moments, scalars
from tests.support.oracle.expressions import Scope

_FLOATS = frozenset(
    {
        "avg", "mean", "stddev", "variance", "median", "quantile", "corr", "covar", "regr_slope", "area",
        "area_mean", "fraction",
        "regr_intercept", "regr_r2", "cell_to_lat", "cell_to_lng", "cell_area", "great_circle_distance", "convert",
        *moments.FLOATS, "percent_rank",
        "cume_dist",
    }
)  # fmt: skip
_FIRST = frozenset(
    {
        "abs", "sum", "min", "max", "mode", "first", "last", "arg_min", "arg_max", "latest", "earliest",
        "nullif", "any_value", "lag", "lead", "first_value", "last_value",
    }
)  # fmt: skip
_WHOLE = frozenset({"sign", "gcd", "lcm", "bit_test", "bit_extract"})
_SHARED = frozenset({"mod", "clamp", "coalesce", "greatest", "least"})


def is_real(expr: Any, scope: Scope) -> bool:
    """Whether the numbers that an expression gives are floats."""
    match expr:
        case nodes.Number(value=value):
            return isinstance(value, float)
        case nodes.Parameter(name=name):
            return isinstance(scope.params.get(name), float)
        case nodes.Name():
            found = scope.find(expr)
            return found is not None and found[1].real
        case nodes.Unary(operand=operand):
            return is_real(operand, scope)
        case nodes.Binary(operator=operator, left=left, right=right):
            return operator in ("/", "^") or is_real(left, scope) or is_real(right, scope)
        case nodes.Case():
            return any(is_real(e, scope) for e in (*(then for _, then in expr.whens), expr.otherwise))
        case nodes.Cast(type_name=name):
            return name in ("double", "float", "number", "real")
        case nodes.Call():
            return _call_is_real(expr, scope)
    return False


def _call_is_real(call: nodes.Call, scope: Scope) -> bool:
    if call.name in _FLOATS:
        return True
    if call.name in _FIRST:
        return is_real(call.args[0], scope)
    if call.name in _SHARED:
        return any(is_real(a, scope) for a in call.args)
    return call.name in (scalars.MATHEMATICS | scalars.SPECTRAL) and call.name not in _WHOLE


def widened(value: Any, expr: Any, scope: Scope) -> Any:
    """An integer as a float where other branches of its expression give floats."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and is_real(expr, scope) else value
