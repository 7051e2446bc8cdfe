"""Units of measure: spelling, what they measure, and conversion factors (UDUNITS names)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: value in base units = value * factor + shift.

    Attributes:
        name: canonical spelling.
        measures: the quantity; only units of one quantity convert into each other.
        factor: see above.
        shift: see above.
    """

    name: str
    measures: str
    factor: float = 1.0
    shift: float = 0.0


_ROWS: tuple[tuple[Unit, tuple[str, ...]], ...] = (
    (Unit("1", "ratio"), ("1", "", "-", "dimensionless", "fraction", "unitless")),
    (Unit("%", "ratio", 0.01), ("%", "percent", "percentage")),
    (Unit("K", "temperature"), ("k", "kelvin")),
    (
        Unit("degC", "temperature", 1.0, 273.15),
        ("degc", "°c", "celsius", "deg c", "c", "degree_celsius", "degrees_celsius"),
    ),
    (Unit("degF", "temperature", 5 / 9, 459.67 * 5 / 9), ("degf", "°f", "fahrenheit")),
    (Unit("m", "length"), ("m", "meter", "metre", "meters", "metres")),
    (Unit("km", "length", 1000.0), ("km", "kilometer", "kilometre")),
    (Unit("cm", "length", 0.01), ("cm",)),
    (Unit("mm", "length", 0.001), ("mm", "millimeter", "millimetre")),
    (Unit("m2", "area"), ("m2", "m^2", "m²")),
    (Unit("km2", "area", 1e6), ("km2", "km^2", "km²")),
    (Unit("ha", "area", 1e4), ("ha", "hectare")),
    (Unit("m s-1", "speed"), ("m s-1", "m/s", "m s**-1")),
    (Unit("km h-1", "speed", 1 / 3.6), ("km h-1", "km/h")),
    (Unit("Pa", "pressure"), ("pa", "pascal")),
    (Unit("hPa", "pressure", 100.0), ("hpa", "mbar", "millibar")),
    (Unit("degree", "angle"), ("degree", "degrees", "deg", "°")),
)
_BY_SPELLING = {spelling: unit for unit, spellings in _ROWS for spelling in spellings}


def lookup(text: str | None) -> Unit | None:
    """The unit a text spells, None where it is not a known one."""
    return None if text is None else _BY_SPELLING.get(text.strip().casefold())


def same(left: str | None, right: str | None) -> bool:
    """Whether two unit texts mean one unit; unknown spellings are compared as text."""
    a, b = lookup(left), lookup(right)
    return a == b if a and b else left == right


def conversion(source: str, target: str) -> tuple[float, float] | None:
    """(factor, shift) with target = source * factor + shift, None where they do not convert."""
    a, b = lookup(source), lookup(target)
    if a is None or b is None or a.measures != b.measures:
        return None
    return a.factor / b.factor, (a.shift - b.shift) / b.factor
