"""Which stored values a comparison can be true of, to the last bit.

A band is decoded and computed with step by step (``stored * scale + offset``, ``convert``, ``+ 1``). Every step is
monotone even after rounding, so the whole is; where it crosses a constant is looked for among the values that the
storage type has, with the arithmetic that the engine tests cells with.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from cubeql.catalog import Band

Number = int | float
Step = Callable[[Number], Number]
Ends = tuple[Number | None, Number | None]
"""Least and greatest stored value, both included; None is open."""

_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_FLOATS = {"float32": ("<f", "<i", 0x7F800000), "float64": ("<d", "<q", 0x7FF0000000000000)}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Chain:
    """A monotone function of one band's stored value.

    Attributes:
        band: the band.
        steps: what is done, first step first.
        rises: whether it grows with the stored value; else it falls.
        is_whole: whether its values are integers.
    """

    band: Band
    steps: tuple[Step, ...] = ()
    rises: bool = True
    is_whole: bool = False

    def value(self, stored: Number) -> Number:
        """What it makes of a stored value."""
        for step in self.steps:
            stored = step(stored)
        return stored

    def then(self, step: Step, *, rises: bool = True, whole: bool = False) -> Chain:
        """The chain with one step more, which rises or falls itself."""
        return replace(self, steps=(*self.steps, step), rises=self.rises == rises, is_whole=whole)


def decoded(band: Band) -> Chain | None:
    """The band's value of its stored one, as expressions see it; None where that is not monotone."""
    if band.scale is None and band.offset is None:
        chain = Chain(band, is_whole=band.storage.startswith("int"))
        return chain if chain.is_whole else chain.then(float)
    chain = Chain(band).then(float)
    if band.scale is not None:
        if not is_usable(band.scale) or band.scale == 0:
            return None
        scale = float(band.scale)
        chain = chain.then(lambda x: x * scale, rises=scale > 0)
    if band.offset is not None:
        if not is_usable(band.offset):
            return None
        offset = float(band.offset)
        chain = chain.then(lambda x: x + offset)
    return chain


def is_usable(number: Number) -> bool:
    """Whether arithmetic with a constant is monotone, and the engine's own: no infinity, no NaN, 64 bits."""
    return abs(number) < 2**63 if isinstance(number, int) else math.isfinite(number)


def stored_ends(chain: Chain, comparison: str, constant: Number) -> Ends | None:
    """Between which stored values a comparison ``< <= > >=`` with a constant holds; None where of none."""
    if not chain.rises:
        mirrored = replace(chain, steps=(*chain.steps, lambda x: -x), rises=True)
        return stored_ends(mirrored, _TURNED[comparison], -constant)
    if not chain.is_whole:
        constant = float(constant)

    def reached(stored: Number, strictly: bool) -> bool:
        value = chain.value(stored)
        value = float(value) if isinstance(constant, float) else value
        return value > constant if strictly else value >= constant

    lowest, highest = _range(chain.band.storage)
    least = _first(lowest, highest, lambda n: reached(_stored(chain.band.storage, n), comparison in (">", "<=")))
    if comparison in (">", ">="):
        return None if least is None else (_stored(chain.band.storage, least), None)
    last = highest if least is None else least - 1
    return None if last < lowest else (None, _stored(chain.band.storage, last))


def extremes(storage: str) -> tuple[Number, Number]:
    """The least and greatest value of a storage type."""
    low, high = _range(storage)
    return _stored(storage, low), _stored(storage, high)


def _range(storage: str) -> tuple[int, int]:
    """Numbers of the least and greatest value of a storage type, in the order of the values."""
    if storage in _BITS:
        half = 1 << (_BITS[storage] - 1)
        return -half, half - 1
    infinity = _FLOATS[storage][2]
    return -infinity, infinity


def _stored(storage: str, number: int) -> Number:
    """The value of a number: of floats, whose bits count them upwards from 0, in the order of the values."""
    if storage in _BITS:
        return number
    floating, whole, _ = _FLOATS[storage]
    value: float = struct.unpack(floating, struct.pack(whole, abs(number)))[0]
    return -value if number < 0 else value


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The first number of a range for which something holds that then holds for all; None where for none."""
    if not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
