"""Comparisons of a band with a constant, as comparisons of its stored values: nothing is decoded for them."""

from __future__ import annotations

from collections.abc import Callable

from cubeql.analyze.bound import Apply, Bound, Column, Constant, Convert
from cubeql.catalog import Band
from cubeql.plan.thresholds import Chain, Ends, Number, decoded, is_usable, stored_ends
from cubeql.sql.printer import literal
from cubeql.sql.tree import Fill, Sql

_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}

Stored = Callable[[int, str], tuple[Sql, Band] | None]


def stored_comparison(expr: Apply, stored: Stored) -> Sql | None:
    """A comparison that holds of the same stored values, and is NULL of NULL as well; None where none is found."""
    if expr.function.name not in _TURNED or len(expr.args) != 2:
        return None
    left, right = expr.args
    for operand, comparison, other in ((left, expr.function.name, right), (right, _TURNED[expr.function.name], left)):
        found, constant = _band(operand, stored), _number(other)
        if found is not None and constant is not None:
            value, chain = found
            ends = _ends(chain, comparison, constant)
            return None if ends is None else _between(value, ends, chain.band)
    return None


def _band(expr: Bound, stored: Stored) -> tuple[Sql, Chain] | None:
    """A band's stored value and what it stands for, where that grows with it: as NaN does, which is above all."""
    if isinstance(expr, Convert) and expr.sql_type == "DOUBLE":
        inner = _band(expr.operand, stored)
        return None if inner is None else (inner[0], inner[1].then(float))
    found = stored(expr.source, expr.name) if isinstance(expr, Column) else None
    chain = decoded(found[1]) if found is not None else None
    return (found[0], chain) if found is not None and chain is not None and chain.rises else None


def _number(expr: Bound) -> Number | None:
    value = expr.value if isinstance(expr, Constant) else None
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and is_usable(value)
    return value if known else None


def _ends(chain: Chain, comparison: str, constant: Number) -> Ends | None:
    """The least and greatest stored value of which a comparison holds; None where of none or of all."""
    asked = (">=", "<=") if comparison == "=" else (comparison,)
    found = [stored_ends(chain, c, constant) for c in asked]
    low = next((e[0] for e in found if e is not None and e[0] is not None), None)
    high = next((e[1] for e in found if e is not None and e[1] is not None), None)
    some = None not in found and not (low is None and high is None)
    return (low, high) if some and (low is None or high is None or low <= high) else None


def _between(value: Sql, ends: Ends, band: Band) -> Sql:
    if ends[0] == ends[1]:
        return Fill(f"({{0}} = {_constant(ends[0], band)})", (value,))
    tests = [f"{{0}} {sign} {_constant(e, band)}" for sign, e in zip((">=", "<="), ends, strict=True) if e is not None]
    return Fill(f"({' AND '.join(tests)})", (value,))


def _constant(number: Number | None, band: Band) -> str:
    return f"{literal(number)}::FLOAT" if band.storage == "float32" else literal(number)
