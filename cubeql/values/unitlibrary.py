"""Units that a library parses: loaded only when a query brings together or converts what is not plain to see."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cubeql.values.units import Unit

# UDUNITS writes powers without a sign: kg m-2.
_POWER = re.compile(r"(?<=[A-Za-z)])(?=-?\d)")
_LONGEST = 100
_TOWER = re.compile(r"\*\*[-+(\s]*[0-9.]+[)\s]*\*\*|[0-9]{4}")  # powers of powers would never end
_MIDDLE_DOT = re.compile(r"(?<=[A-Za-z0-9)])[.·](?=[A-Za-z(])")
_SPELLINGS = (("^", "**"), ("%", " percent "), ("°C", "degC"), ("°F", "degF"), ("°", "degree"), ("²", "2"), ("³", "3"))
# A month has no length in days, so months and years are counted in months.
_CALENDAR = ("calendar_month = [calendar]", "calendar_year = 12 * calendar_month")
_WORDS = (
    (re.compile(r"\b(months?|mo)(?![a-z])"), "calendar_month"),
    (re.compile(r"\b(years?|yr)(?![a-z])"), "calendar_year"),
)
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![0-9.])\s*")


def asked(text: str) -> Unit | None:
    """What the library says of a unit, None where it knows none of that spelling."""
    return _asked(text.strip())


@lru_cache(maxsize=1024)
def _asked(text: str) -> Unit | None:
    from cubeql.values.units import Unit

    registry = _registry()
    number = _NUMBER.match(text)
    times, rest = (float(number[1]), text[number.end() :]) if number else (1.0, text)
    if len(rest) > _LONGEST or _TOWER.search(rest.replace("^", "**")):
        return None
    try:
        unit = registry.parse_units(_spelled(rest)) if rest else registry.dimensionless
        found = [registry.Quantity(float(n), unit).to_base_units() for n in (0, 1, 2)]
    except Exception:  # whatever it stumbles over, the text is no unit it knows
        return None
    zero, one, two = (float(f.magnitude) for f in found)
    if not math.isclose(two - zero, 2 * (one - zero), rel_tol=1e-9):  # decibels and other logarithms
        return None
    factor = (one - zero) * times
    return Unit(text, str(found[1].units), factor, zero) if math.isfinite(factor) and factor > 0 else None


def _spelled(text: str) -> str:
    for old, new in _SPELLINGS:
        text = text.replace(old, new)
    for word, ours in _WORDS:
        text = word.sub(ours, text)
    return _POWER.sub("**", _MIDDLE_DOT.sub(" ", text)).strip()


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry()
    for line in _CALENDAR:
        registry.define(line)
    return registry
