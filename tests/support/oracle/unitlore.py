"""Units: what convert() gives, one conversion a row, as a textbook has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cubeql.lang import nodes
from tests.support.oracle import expressions
from tests.support.oracle.faults import RefusedError, UncoveredError

_KEEPS = frozenset({"avg", "mean", "min", "max", "sum", "median", "mode", "latest", "earliest", "abs"})
_ROWS: dict[tuple[str, str], Callable[[float], float]] = {
    ("K", "degC"): lambda x: x - 273.15,
    ("degC", "K"): lambda x: x + 273.15,
    ("degC", "degF"): lambda x: x * 9 / 5 + 32,
    ("K", "kelvin"): lambda x: x,
    ("mm", "m"): lambda x: x / 1000,
    ("mm", "kg m-2 m3 kg-1"): lambda x: x / 1000,
    ("m", "km"): lambda x: x / 1000,
    ("m", "ft"): lambda x: x / 0.3048,
    ("m s-1", "m/s"): lambda x: x,
    ("m s-1", "meter second-1"): lambda x: x,
    ("m s-1", "km/h"): lambda x: x * 3.6,
    ("m s-1", "knot"): lambda x: x * 3600 / 1852,
    ("percent", "1"): lambda x: x / 100,
    ("1", "%"): lambda x: x * 100,
    ("mm km2", "m3"): lambda x: x * 1000,
}


def converted(expr: nodes.Call, env: expressions.Env) -> float | None:
    """The value of ``convert(x, 'unit')``."""
    source, target = unit_of(expr.args[0], env.scope), expressions.value(expr.args[1], env)
    if source is None:
        raise RefusedError("a value without a unit is converted")
    if (source, target) not in _ROWS:
        raise UncoveredError(f"the conversion from {source} to {target}")
    value = expressions.value(expr.args[0], env)
    return None if value is None else float(_ROWS[source, target](value))


def unit_of(expr: Any, scope: expressions.Scope) -> str | None:
    """The unit of an expression."""
    match expr:
        case nodes.Name():
            found = scope.find(expr)
            return found[1].unit if found else None
        case nodes.Call(name="cell_area" | "area"):
            return "km2"
        case nodes.Call(name="convert", args=(_, nodes.String(value=unit))):
            return str(unit)
        case nodes.Call(name=name, args=args) if name in _KEEPS and args:
            return unit_of(args[0], scope)
        case nodes.Binary(operator="*", left=left, right=right):
            parts = [u for u in (unit_of(left, scope), unit_of(right, scope)) if u is not None]
            return " ".join(parts) or None
    return None
