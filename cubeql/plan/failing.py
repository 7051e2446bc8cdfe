"""Which expressions surely give a value: those that may be computed on rows that whoever asks does not see."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from cubeql.analyze.bound import Apply, Bound, Choice, Column, Constant, Convert, InRegion, Key, OneOf, Parameter, walk

_SURE = frozenset(
    ("=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from", "and", "or", "not", "is null",
     "is not null", "like", "ilike", "year", "month", "day", "hour", "season")
)  # fmt: skip
_SURE_OF_NUMBERS = frozenset(("+", "-", "*", "/", "negate"))
"""With fractions; whole numbers may be too large for what they are kept in."""


def is_sure(expr: Bound, also: AbstractSet[str] = frozenset()) -> bool:
    """Whether an expression has a value, be it NULL, whatever its columns hold.

    Functions in ``also`` have one of what these columns can hold.
    """
    return all(_is_sure(part, also) for part in walk(expr))


def _is_sure(part: Bound, also: AbstractSet[str]) -> bool:
    match part:
        case Apply(function=function):
            whole = part.type.name != "number"
            return function.name in _SURE | also or (function.name in _SURE_OF_NUMBERS and not whole)
        case Column() | Constant() | Parameter() | Key() | OneOf() | InRegion() | Choice() | Convert():
            return True
    return False
