"""Conditions on cells as tests of what is stored of whole tiles: least and greatest value, classes.

A test that fails says that no cell of the tile fulfils the condition: it may keep too much, never too little. Values
are stored values; a file is tested by the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import floor
from typing import Any

from cubeql.analyze.bound import Apply, Bound, Column, Constant, Convert, OneOf, Parameter, walk
from cubeql.catalog import Band
from cubeql.plan.nodes import Scan
from cubeql.plan.thresholds import Chain, Number, decoded, extremes, is_usable, stored_ends
from cubeql.values.slotted import dataclass


@dataclass(frozen=True, slots=True)
class TileTest:
    """Root of tests of tiles."""


@dataclass(frozen=True, slots=True)
class HasValue(TileTest):
    """Some value of a band may lie between two stored values, both included; None is open."""

    band: str
    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, slots=True)
class HasClass(TileTest):
    """Some cell has one of these classes, or (``others``) one that is none of these."""

    band: str
    codes: tuple[int, ...]
    others: bool = False


@dataclass(frozen=True, slots=True)
class Every(TileTest):
    """All of these tests hold."""

    tests: tuple[TileTest, ...]


@dataclass(frozen=True, slots=True)
class Some(TileTest):
    """One of these tests holds; of none, none does."""

    tests: tuple[TileTest, ...]


NEVER = Some(())
"""No cell of any tile fulfils the condition."""

Values = Mapping[str, Any]
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "<>", "<>": "="}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def tile_test(condition: Bound, scan: Scan, values: Values | None) -> TileTest | None:
    """What a tile row of a scan must pass to hold a cell for which a condition is true; None where nothing is known.

    Args:
        condition: maybe of other layers' columns, too, of which nothing is known.
        scan: it reads decoded bands as they are stored, not brought to another grid.
        values: of parameters; None where they are not known yet, which tests less.
    """
    if not any(isinstance(p, Column) and p.source == scan.source for p in walk(condition)):
        return None
    return _Tests(scan, values).possible(condition, True)


def doubt_test(condition: Bound, scan: Scan, values: Values | None) -> TileTest | None:
    """What a tile row of a scan must pass to hold a cell for which a condition is not true, where every band that the
    condition reads has a value at every cell that has a row; None where nothing is known.

    The arguments are those of :func:`tile_test`.
    """
    parts = list(walk(condition))
    # What NULL makes of a condition is neither true nor false, of whatever values.
    if any(_is_null(p) for p in parts) or not any(isinstance(p, Column) and p.source == scan.source for p in parts):
        return None
    return _Tests(scan, values, whole=True).possible(condition, False)


def may_fail(test: TileTest) -> bool:
    """Whether some tile row that has values in all bands could fail a test."""
    match test:
        case HasValue(low=None, high=None):
            return False
        case Every(tests=tests):
            return any(map(may_fail, tests))
        case Some(tests=tests):
            return all(map(may_fail, tests))
    return True


def every(tests: Iterable[TileTest | None]) -> TileTest | None:
    """All of some tests that are known."""
    known = tuple(dict.fromkeys(t for t in tests if t is not None))
    if NEVER in known:
        return NEVER
    return known[0] if len(known) == 1 else Every(known) if known else None


def some(tests: Iterable[TileTest | None]) -> TileTest | None:
    """One of some tests; None where one of them is not known."""
    found = tuple(dict.fromkeys(t for t in tests if t != NEVER))
    if None in found:
        return None
    known = tuple(t for t in found if t is not None)
    return known[0] if len(known) == 1 else Some(known)


@dataclass(frozen=True, slots=True)
class _Tests:
    """Tests of one scan's tiles; ``whole`` ones, where every band has a value at every cell that has a row."""

    scan: Scan
    values: Values | None
    whole: bool = False

    def possible(self, expr: Bound, outcome: bool) -> TileTest | None:
        """What a tile must pass for an expression to be true, or false, at one of its cells."""
        match expr:
            case Constant(value=value):
                return None if value is outcome else NEVER
            case OneOf():
                return self._one_of(expr, outcome)
            case Apply(args=(operand,)) if expr.function.name == "not":
                return self.possible(operand, not outcome)
            case Apply(args=(operand,)) if expr.function.name in ("is null", "is not null"):
                return self._valid(operand, outcome == (expr.function.name == "is not null"))
            case Apply(args=(left, right)):
                return self._of_two(expr.function.name, left, right, outcome)
        return None

    def _of_two(self, name: str, left: Bound, right: Bound, outcome: bool) -> TileTest | None:
        if name in ("and", "or"):
            together = every if (name == "and") == outcome else some
            return together(self.possible(e, outcome) for e in (left, right))
        if name == "is not distinct from" and outcome and not _is_null(left) and not _is_null(right):
            name = "="
        if name not in _OPPOSITE:
            return None
        comparison = name if outcome else _OPPOSITE[name]
        if self._chain(left) is None:
            left, right, comparison = right, left, _TURNED.get(comparison, comparison)
        return self._compared(left, comparison, (right,))

    def _one_of(self, expr: OneOf, outcome: bool) -> TileTest | None:
        if expr.negated != outcome:
            return self._compared(expr.operand, "=", tuple(i for i in expr.items if not _is_null(i)))
        return self._compared(expr.operand, "<>", expr.items)

    def _valid(self, operand: Bound, valid: bool) -> TileTest | None:
        """A value that is not NULL needs the bands that it is computed of, and has one where they have."""
        chain = self._chain(operand)
        if chain is None:
            return None
        if not valid:
            return NEVER if self.whole else None
        return HasValue(chain.band.name)

    def _compared(self, operand: Bound, comparison: str, others: tuple[Bound, ...]) -> TileTest | None:
        """Of an operand that equals one of some constants, or compares so with each of them."""
        chain = self._chain(operand)
        if chain is None:
            return None
        if any(_is_null(o) for o in others):
            return NEVER
        numbers = [self._number(o) for o in others]
        known = [n for n in numbers if n is not None and is_usable(n)]
        if len(known) < len(others):
            return HasValue(chain.band.name)
        if any(isinstance(n, float) for n in known):  # of a list of both the engine makes floats of all
            known = [float(n) for n in known]
        if chain.band.kind == "categorical" and not chain.steps and comparison in ("=", "<>"):
            return _of_classes(chain.band, known, comparison == "<>")
        together = some if comparison == "=" else every
        return together(_between(chain, comparison, n) for n in known)

    def _chain(self, expr: Bound) -> Chain | None:
        """A band of the scan and what is computed of it, where that is monotone."""
        match expr:
            case Column(source=source, name=name) if source == self.scan.source:
                band = self.scan.layer.band(name)
                return None if band is None else decoded(band)
            case Convert(operand=operand, sql_type="DOUBLE"):
                chain = self._chain(operand)
                return None if chain is None else chain.then(float)
            case Apply(args=(operand,)) if expr.function.name in _UNARY:
                return _stepped(self._chain(operand), expr.function.name)
            case Apply(args=(operand, factor, shift)) if expr.function.name == "convert":
                scaled = self._moved(self._chain(operand), "*", self._number(factor))
                return self._moved(scaled, "+", self._number(shift))
            case Apply(args=(left, right)) if expr.function.name in _BINARY:
                chain = self._chain(left)
                if chain is not None:
                    return self._moved(chain, expr.function.name, self._number(right))
                return self._turned(self._chain(right), expr.function.name, self._number(left))
        return None

    def _moved(self, chain: Chain | None, name: str, number: Number | None) -> Chain | None:
        """A chain with arithmetic by a constant on its right."""
        if chain is None or number is None or not is_usable(number):
            return None
        if name in ("*", "/") and number == 0:
            return None
        step = _BINARY[name]
        whole = chain.is_whole and isinstance(number, int) and name != "/"
        return chain.then(lambda x: step(x, number), rises=name in ("+", "-") or number > 0, whole=whole)

    def _turned(self, chain: Chain | None, name: str, number: Number | None) -> Chain | None:
        """A chain with a constant on its left."""
        if name in ("+", "*"):
            return self._moved(chain, name, number)
        if name != "-" or chain is None or number is None or not is_usable(number):
            return None
        return chain.then(lambda x: number - x, rises=False, whole=chain.is_whole and isinstance(number, int))

    def _number(self, expr: Bound) -> Number | None:
        """The value of a constant expression; None where it is none, or not known."""
        match expr:
            case Constant(value=value) if not isinstance(value, bool) and isinstance(value, (int, float)):
                return value
            case Parameter(name=name, type=kind) if self.values is not None and kind.name in ("integer", "number"):
                value = self.values.get(name)
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    return None
                return int(value) if kind.name == "integer" else float(value)
            case Apply(args=(operand,)) if expr.function.name == "negate":
                value = self._number(operand)
                return None if value is None else -value
        return None


def _of_classes(band: Band, numbers: list[Number], others: bool) -> TileTest:
    least, most = extremes(band.storage)
    codes = tuple(sorted({int(n) for n in numbers if n == int(n) and least <= n <= most}))
    if codes:
        return HasClass(band.name, codes, others)
    return HasValue(band.name) if others else NEVER


def _between(chain: Chain, comparison: str, constant: Number) -> TileTest | None:
    band = chain.band.name
    if comparison == "<>":
        return some((_between(chain, "<", constant), _between(chain, ">", constant)))
    if comparison != "=":
        ends = stored_ends(chain, comparison, constant)
        return NEVER if ends is None else HasValue(band, *ends)
    above, below = (stored_ends(chain, c, constant) for c in (">=", "<="))
    if above is None or below is None:
        return NEVER
    low = next((e for e in (above[0], below[0]) if e is not None), None)
    high = next((e for e in (above[1], below[1]) if e is not None), None)
    return NEVER if low is not None and high is not None and low > high else HasValue(band, low, high)


def _is_null(expr: Bound) -> bool:
    return isinstance(expr, Constant) and expr.value is None


def _divided(left: Number, right: Number) -> float:
    return float(left) / float(right)


_BINARY: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
}
_UNARY = ("negate", "floor")


def _stepped(chain: Chain | None, name: str) -> Chain | None:
    if chain is None:
        return None
    if name == "negate":
        return chain.then(lambda x: -x, rises=False, whole=chain.is_whole)
    return chain.then(_floor, whole=chain.is_whole)


def _floor(value: Number) -> Number:
    return value if isinstance(value, int) or abs(value) >= 2.0**53 else float(floor(value))
