"""Aggregates over plain lists: of the valid values of one argument, or of pairs valid in both."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.oracle import moments
from tests.support.oracle.faults import RefusedError, UndeterminedError

Values = Sequence[Any]


def total(values: Values) -> Any:
    """Sum, None of nothing; of integers an integer."""
    if not values:
        return None
    return math.fsum(values) if any(isinstance(v, float) for v in values) else sum(values)


def mean(values: Values) -> float | None:
    """Arithmetic mean."""
    return math.fsum(values) / len(values) if values else None


def weighed(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Mean of (value, weight) pairs."""
    if not pairs:
        return None
    return math.fsum(v * w for v, w in pairs) / math.fsum(w for _, w in pairs)


def variance(values: Values) -> float | None:
    """Sample variance; None of fewer than two values."""
    if len(values) < 2:
        return None
    middle = math.fsum(values) / len(values)
    return math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1)


def stddev(values: Values) -> float | None:
    """Sample standard deviation; None of fewer than two values."""
    spread = variance(values)
    return None if spread is None else math.sqrt(spread)


def quantile(values: Values, q: float) -> float | None:
    """Quantile, linear between the two nearest values."""
    if not 0 <= q <= 1:
        raise RefusedError(f"a quantile lies between 0 and 1, not at {q}")
    if not values:
        return None
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def mode(values: Values) -> Any:
    """The most frequent value; of several the smallest."""
    if not values:
        return None
    counts = Counter(values)
    most = max(counts.values())
    return min(v for v, n in counts.items() if n == most)


def smallest(values: Values) -> Any:
    """Minimum."""
    return min(values, default=None)


def largest(values: Values) -> Any:
    """Maximum."""
    return max(values, default=None)


def chosen(pairs: Sequence[tuple[Any, Any]], best: Callable[..., Any]) -> Any:
    """The value at the best (min or max) key of (value, key) pairs valid in both."""
    if not pairs:
        return None
    key = best(k for _, k in pairs)
    found = {v for v, k in pairs if k == key}
    if len(found) > 1:
        raise UndeterminedError(f"several values stand at the key {key}")
    return found.pop()


def covar(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Sample covariance; None of fewer than two pairs."""
    return None if len(pairs) < 2 else _sxy(pairs) / (len(pairs) - 1)


def _sxy(pairs: Sequence[tuple[float, float]]) -> float:
    ys, xs = [y for y, _ in pairs], [x for _, x in pairs]
    my, mx = math.fsum(ys) / len(ys), math.fsum(xs) / len(xs)
    return math.fsum((y - my) * (x - mx) for y, x in pairs)


def _sxx(values: Values) -> float:
    return _sxy([(v, v) for v in values])


def corr(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None where either side does not vary."""
    if not pairs:
        return None
    spread = _sxx([y for y, _ in pairs]) * _sxx([x for _, x in pairs])
    return None if spread == 0 else _sxy(pairs) / math.sqrt(spread)


def slope(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Slope of the least-squares line of (y, x) pairs; None where x does not vary."""
    if not pairs:
        return None
    spread = _sxx([x for _, x in pairs])
    return None if spread == 0 else _sxy(pairs) / spread


def intercept(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Intercept of the least-squares line."""
    steep = slope(pairs)
    if steep is None:
        return None
    return math.fsum(y for y, _ in pairs) / len(pairs) - steep * math.fsum(x for _, x in pairs) / len(pairs)


def r2(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Coefficient of determination; None where x does not vary, 1 where only y does not."""
    if not pairs or _sxx([x for _, x in pairs]) == 0:
        return None
    if _sxx([y for y, _ in pairs]) == 0:
        return 1.0
    related = corr(pairs)
    return None if related is None else related**2


ONE: dict[str, Callable[[Values], Any]] = {
    "count": len, "sum": total, "avg": mean, "mean": mean, "min": smallest, "max": largest,
    "stddev": stddev, "stddev_samp": stddev, "variance": variance, "var_samp": variance,
    "median": lambda values: quantile(values, 0.5), "mode": mode,
    "bool_and": lambda values: all(values) if values else None,
    "bool_or": lambda values: any(values) if values else None,
    **moments.ONE,
}  # fmt: skip
TWO: dict[str, Callable[[Any], Any]] = {
    "corr": corr, "covar": covar, "covar_samp": covar, "regr_slope": slope, "regr_intercept": intercept,
    "regr_r2": r2, "arg_min": lambda pairs: chosen(pairs, min), "arg_max": lambda pairs: chosen(pairs, max),
    "first": lambda pairs: chosen(pairs, min), "last": lambda pairs: chosen(pairs, max),
    **moments.TWO,
}  # fmt: skip
OTHER = frozenset(
    {
        "quantile", "area", "area_mean", "fraction", "latest", "earliest", "any_value", "histogram", "list",
        "approx_count_distinct", "pack",
    }
)  # fmt: skip
UNCOVERED = frozenset({"string_agg"})
NAMES = frozenset(ONE) | frozenset(TWO) | OTHER | UNCOVERED

# ------------------------------------------------------------------ bringing a finer layer to a cell


def _first(values: Values) -> Any:
    return values[0] if values else None


def _last(values: Values) -> Any:
    return values[-1] if values else None


def _any(values: Values) -> bool | None:
    return any(v != 0 for v in values) if values else None


def _all(values: Values) -> bool | None:
    return all(v != 0 for v in values) if values else None


METHODS: dict[str, Callable[[Values], Any]] = {
    "mean": mean, "min": smallest, "max": largest, "sum": total, "count": len, "mode": mode, "first": _first,
    "last": _last, "median": ONE["median"], "stddev": stddev, "any": _any, "all": _all,
}  # fmt: skip
EXACT_METHODS = frozenset({"min", "max", "count", "mode", "first", "last", "any", "all"})
