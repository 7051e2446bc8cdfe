"""Units of measure as UDUNITS writes them: which are one, which convert into each other, what products are in.

The common ones are known here, so that a plain query loads nothing for them; all others are asked of a library.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: value in base units = value * factor + shift.

    Attributes:
        name: canonical spelling.
        base: the base units it is made of; only units of one base convert into each other.
        factor: see above.
        shift: see above.
    """

    name: str
    base: str
    factor: float = 1.0
    shift: float = 0.0


_PASCAL = "kilogram / meter / second ** 2"
UNITS: tuple[tuple[Unit, tuple[str, ...]], ...] = (
    (Unit("1", "dimensionless"), ("1", "", "-", "dimensionless", "fraction", "unitless")),
    (Unit("%", "dimensionless", 0.01), ("%", "percent", "percentage")),
    (Unit("K", "kelvin"), ("K", "k", "kelvin")),
    (
        Unit("degC", "kelvin", 1.0, 273.15),
        ("degC", "degc", "°C", "celsius", "deg C", "deg_C", "degree_C", "degrees_C", "C",
         "degree_celsius", "degrees_celsius"),
    ),
    (Unit("degF", "kelvin", 5 / 9, 459.67 * 5 / 9), ("degF", "°F", "fahrenheit")),
    (Unit("m", "meter"), ("m", "meter", "metre", "meters", "metres")),
    (Unit("km", "meter", 1000.0), ("km", "kilometer", "kilometre")),
    (Unit("cm", "meter", 0.01), ("cm", "centimeter", "centimetre")),
    (Unit("mm", "meter", 0.001), ("mm", "millimeter", "millimetre")),
    (Unit("m2", "meter ** 2"), ("m2", "m^2", "m²", "m**2")),
    (Unit("km2", "meter ** 2", 1e6), ("km2", "km^2", "km²", "km**2")),
    (Unit("ha", "meter ** 2", 1e4), ("ha", "hectare")),
    (Unit("m s-1", "meter / second"), ("m s-1", "m/s", "m s**-1", "m s^-1", "m.s-1")),
    (Unit("km h-1", "meter / second", 1 / 3.6), ("km h-1", "km/h")),
    (Unit("Pa", _PASCAL), ("Pa", "pascal")),
    (Unit("hPa", _PASCAL, 100.0), ("hPa", "mbar", "millibar")),
    (Unit("degree", "radian", math.pi / 180), ("degree", "degrees", "deg", "°", "degrees_north", "degrees_south",
      "degrees_east", "degrees_west")),
)  # fmt: skip
_BY_SPELLING = {spelling: unit for unit, spellings in UNITS for spelling in spellings}
_WORD = 4  # Capitals make no other unit of a word, but Mm is not mm.
_TERM = re.compile(r"([A-Za-zµ%]+)(-?\d+)?")


def lookup(text: str | None) -> Unit | None:
    """The unit a text spells, None where it is not a known one."""
    if text is None:
        return None
    text = text.strip()
    known = _BY_SPELLING.get(text) or (_BY_SPELLING.get(text.casefold()) if len(text) >= _WORD else None)
    if known is not None:
        return known
    from cubeql.values.unitlibrary import asked

    return asked(text)


def same(left: str | None, right: str | None) -> bool:
    """Whether two unit texts mean one unit; unknown spellings are compared as text."""
    if left == right:
        return True
    a, b = lookup(left), lookup(right)
    if a is None or b is None or a.base != b.base:
        return False
    return math.isclose(a.factor, b.factor, rel_tol=1e-12) and math.isclose(a.shift, b.shift, abs_tol=1e-9)


def conversion(source: str, target: str) -> tuple[float, float] | None:
    """(factor, shift) with target = source * factor + shift, None where they do not convert."""
    a, b = lookup(source), lookup(target)
    if a is None or b is None or a.base != b.base:
        return None
    return a.factor / b.factor, (a.shift - b.shift) / b.factor


def product(left: str, right: str, sign: int = 1) -> str | None:
    """The unit of values in ``left`` times (``sign`` 1) or by (-1) values in ``right``; None where it is not plain."""
    powers: dict[str, int] = {}
    for text, direction in ((left, 1), (right, sign)):
        terms = _terms(text)
        if terms is None:
            return None
        for symbol, power in terms:
            powers[symbol] = powers.get(symbol, 0) + direction * power
    kept = sorted(((s, p) for s, p in powers.items() if p), key=lambda term: term[1] < 0)
    return " ".join(s if p == 1 else f"{s}{p}" for s, p in kept) or "1"


def _terms(text: str) -> list[tuple[str, int]] | None:
    """Symbols and powers of a unit that is a plain product; degrees above a zero of their own are none."""
    known = _BY_SPELLING.get(text)
    text = known.name if known is not None else text
    if text == "1":
        return []
    found = [_TERM.fullmatch(part) for part in text.split()]
    terms = [(m[1], int(m[2] or 1)) for m in found if m is not None]
    shifted = any(u is not None and u.shift for u in (_BY_SPELLING.get(s) for s, _ in terms))
    return None if shifted or len(terms) < len(found) or not terms else terms
