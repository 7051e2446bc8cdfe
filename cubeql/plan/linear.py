"""Expressions that are a line over one band: of such, aggregates follow from those of the band itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cubeql.analyze.bound import Apply, Bound, Column, Constant, Convert
from cubeql.catalog import Band
from cubeql.plan.nodes import Scan

Number = int | float


@dataclass(frozen=True, slots=True)
class Line:
    """``factor * band + shift`` of decoded values; ``is_whole`` where it maps integers to integers, exactly."""

    band: Band
    factor: Number
    shift: Number
    is_whole: bool

    @property
    def is_plain(self) -> bool:
        """Whether it is the band itself."""
        return (self.factor, self.shift) == (1, 0)


def line_of(expr: Bound, scan: Scan) -> Line | None:
    """The line over one band of a scan that an expression is; None where it is anything else."""
    match expr:
        case Column(source=source, name=name) if source == scan.source:
            band = scan.layer.band(name)
            return None if band is None else Line(band, 1, 0, band.is_integer)
        case Convert(operand=operand, sql_type="DOUBLE"):
            line = line_of(operand, scan)
            return None if line is None else replace(line, is_whole=False)
        case Apply(args=(operand,)) if expr.function.name == "negate":
            return _times(line_of(operand, scan), -1)
        case Apply(args=(operand, factor, shift)) if expr.function.name == "convert":
            return _plus(_times(line_of(operand, scan), _number(factor)), _number(shift))
        case Apply(args=(left, right)):
            return _of_two(expr.function.name, left, right, scan)
    return None


def _of_two(name: str, left: Bound, right: Bound, scan: Scan) -> Line | None:
    first, second = line_of(left, scan), line_of(right, scan)
    constant = _number(right) if first is not None else _number(left)
    if (first is None) == (second is None) or constant is None:
        return None
    match name:
        case "+":
            return _plus(first or second, constant)
        case "*":
            return _times(first or second, constant)
        case "-":
            return _plus(first, -constant) if first is not None else _plus(_times(second, -1), constant)
        case "/" if first is not None and constant != 0:
            return _times(replace(first, is_whole=False), 1 / constant)
    return None


def _times(line: Line | None, number: Number | None) -> Line | None:
    if line is None or number is None or number == 0:
        return None
    whole = line.is_whole and isinstance(number, int)
    return replace(line, factor=line.factor * number, shift=line.shift * number, is_whole=whole)


def _plus(line: Line | None, number: Number | None) -> Line | None:
    if line is None or number is None:
        return None
    return replace(line, shift=line.shift + number, is_whole=line.is_whole and isinstance(number, int))


def _number(expr: Bound) -> Number | None:
    """The value of a constant; None where it is none, or too large to compute with exactly."""
    match expr:
        case Constant(value=bool()):
            return None
        case Constant(value=int() | float() as value) if abs(value) < 2**53:
            return value
        case Apply(args=(operand,)) if expr.function.name == "negate":
            number = _number(operand)
            return None if number is None else -number
    return None
