"""Aggregates of statistics, from their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Values = Sequence[Any]


def _moment(values: Values, power: int) -> float:
    """Mean of the distances from the mean to a power."""
    middle = math.fsum(values) / len(values)
    return math.fsum((v - middle) ** power for v in values) / len(values)


def _var_pop(values: Values) -> float | None:
    return _moment(values, 2) if values else None


def _stddev_pop(values: Values) -> float | None:
    return math.sqrt(_moment(values, 2)) if values else None


def _skewness(values: Values) -> float | None:
    n = len(values)
    if n < 3 or _moment(values, 2) == 0:
        return None
    return math.sqrt(n * (n - 1)) / (n - 2) * _moment(values, 3) / _moment(values, 2) ** 1.5


def _kurtosis(values: Values) -> float | None:
    n = len(values)
    if n < 4 or _moment(values, 2) == 0:
        return None
    excess = _moment(values, 4) / _moment(values, 2) ** 2
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess - 3 * (n - 1))


def _middle(values: Values) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return float(ordered[half]) if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _mad(values: Values) -> float | None:
    return _middle([abs(v - _middle(values)) for v in values]) if values else None


def _product(values: Values) -> float | None:
    return float(math.prod(values)) if values else None


def _covar_pop(pairs: Sequence[tuple[float, float]]) -> float | None:
    if not pairs:
        return None
    my, mx = (math.fsum(side) / len(pairs) for side in zip(*pairs))
    return math.fsum((y - my) * (x - mx) for y, x in pairs) / len(pairs)


ONE: dict[str, Callable[[Values], Any]] = {
    "var_pop": _var_pop, "stddev_pop": _stddev_pop, "skewness": _skewness, "kurtosis": _kurtosis, "mad": _mad,
    "product": _product, "count_if": lambda values: sum(1 for v in values if v),
}  # fmt: skip
TWO: dict[str, Callable[[Any], Any]] = {"covar_pop": _covar_pop, "regr_count": len}
FLOATS = frozenset({"var_pop", "stddev_pop", "skewness", "kurtosis", "mad", "product", "covar_pop"})
