"""Scalar functions: NULL if any argument is NULL, but for the few in :data:`LENIENT`."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.support.oracle import times
from tests.support.oracle.cells import CELLS


def rounded(x: float, digits: int = 0) -> float:
    """Round half away from zero."""
    if isinstance(x, int):
        return x
    factor = 10.0**digits
    return math.copysign(math.floor(abs(x) * factor + 0.5), x) / factor


def _ratio(a: float, b: float) -> float | None:
    return None if b == 0 else a / b


def _difference_index(a: float, b: float) -> float | None:
    return _ratio(a - b, a + b)


def _evi(nir: float, red: float, blue: float) -> float | None:
    return _ratio(2.5 * (nir - red), nir + 6.0 * red - 7.5 * blue + 1.0)


def _savi(nir: float, red: float, soil: float = 0.5) -> float | None:
    return _ratio((1.0 + soil) * (nir - red), nir + red + soil)


def _bin(x: float, width: float) -> float | None:
    if width == 0:
        return None
    return math.floor(x / width) * float(width)


def _power(base: float, exponent: float) -> float | None:
    if (base < 0 and exponent != math.floor(exponent)) or (base == 0 and exponent < 0):
        return None
    return float(base) ** exponent


def _mod(x: float, divisor: float) -> float | None:
    if divisor == 0:
        return None
    whole = isinstance(x, int) and isinstance(divisor, int)
    return int(math.copysign(abs(x) % abs(divisor), x)) if whole else math.fmod(x, divisor)


def _where(allowed: Callable[[float], bool], function: Callable[[float], float]) -> Callable[[float], Any]:
    """A function that is NULL where it is not defined."""
    return lambda x: function(x) if allowed(x) else None


def _substring(text: str, start: int, length: int | None = None) -> str:
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


MATHEMATICS: dict[str, Callable[..., Any]] = {
    "abs": abs, "sign": lambda x: (x > 0) - (x < 0), "trunc": lambda x: float(math.trunc(x)),
    "floor": lambda x: float(math.floor(x)), "ceil": lambda x: float(math.ceil(x)), "round": rounded,
    "sqrt": _where(lambda x: x >= 0, math.sqrt), "cbrt": math.cbrt, "exp": math.exp,
    "ln": _where(lambda x: x > 0, math.log), "log10": _where(lambda x: x > 0, math.log10),
    "log2": _where(lambda x: x > 0, math.log2), "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": _where(lambda x: abs(x) <= 1, math.asin), "acos": _where(lambda x: abs(x) <= 1, math.acos),
    "atan": math.atan, "atan2": math.atan2, "radians": math.radians, "degrees": math.degrees,
    "cot": lambda x: _ratio(1.0, math.tan(x)), "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
    "asinh": math.asinh, "acosh": _where(lambda x: x >= 1, math.acosh),
    "atanh": _where(lambda x: abs(x) < 1, math.atanh),
    "mod": _mod, "gcd": math.gcd, "lcm": math.lcm,
    "clamp": lambda x, low, high: low if x < low else high if x > high else x,
    "bit_test": lambda flags, bit: flags // 2**bit % 2 == 1,
    "bit_extract": lambda flags, first, count: flags // 2**first % 2**count,
    "pi": lambda: math.pi, "pow": _power, "power": _power, "bin": _bin,
}  # fmt: skip
TEXTS: dict[str, Callable[..., Any]] = {
    "lower": str.lower, "upper": str.upper, "length": len, "trim": str.strip, "replace": str.replace,
    "ltrim": str.lstrip, "rtrim": str.rstrip, "left": lambda x, n: x[:n], "right": lambda x, n: x[len(x) - n :],
    "lpad": lambda x, n, fill: (fill * n)[: max(0, n - len(x))] + x[:n],
    "rpad": lambda x, n, fill: x[:n] + (fill * n)[: max(0, n - len(x))], "reverse": lambda x: x[::-1],
    "strpos": lambda x, y: x.find(y) + 1, "ends_with": str.endswith,
    "split_part": lambda x, mark, n: dict(enumerate(x.split(mark), 1)).get(n, ""),
    "substring": _substring, "contains": lambda x, y: y in x, "starts_with": str.startswith,
}  # fmt: skip
SPECTRAL: dict[str, Callable[..., Any]] = {
    "ndvi": _difference_index, "ndwi": _difference_index, "nbr": _difference_index,
    "ndmi": _difference_index, "ndbi": _difference_index, "evi": _evi, "savi": _savi,
}  # fmt: skip
TIMES: dict[str, Callable[..., Any]] = {
    "year": lambda t: t.year, "month": lambda t: t.month, "day": lambda t: t.day, "hour": lambda t: t.hour,
    "minute": lambda t: t.minute, "second": lambda t: t.second, "quarter": lambda t: (t.month + 2) // 3,
    "week": lambda t: t.isocalendar()[1], "doy": lambda t: t.timetuple().tm_yday, "season": times.season,
    "isoyear": lambda t: t.isocalendar()[0],
    "days_in_month": lambda t: calendar.monthrange(t.year, t.month)[1], "date_diff": times.boundaries,
    "iso_weekday": lambda t: t.isoweekday(),
    "to_timestamp": lambda s: times.EPOCH + timedelta(microseconds=round(s * 1e6)),
    "dekad": times.dekad, "date_trunc": times.trunc, "epoch": lambda t: (t - times.EPOCH) // times.SECOND,
}  # fmt: skip
STRICT = MATHEMATICS | TEXTS | SPECTRAL | TIMES | CELLS


def _coalesce(*args: Any) -> Any:
    return next((a for a in args if a is not None), None)


def _best(pick: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: pick((a for a in args if a is not None), default=None)


LENIENT: dict[str, Callable[..., Any]] = {
    "coalesce": _coalesce, "greatest": _best(max), "least": _best(min),
    "nullif": lambda a, b: None if a is not None and a == b else a,
}  # fmt: skip
