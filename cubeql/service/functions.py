"""The functions that may be called at a place."""

from __future__ import annotations

from collections.abc import Iterator

from cubeql.functions import FUNCTIONS, Function
from cubeql.service.places import Place

_AGGREGATES_IN = frozenset(("SELECT", "HAVING", "QUALIFY", "ORDER"))
_WINDOWS_IN = frozenset(("SELECT", "QUALIFY", "ORDER"))


def functions_at(place: Place) -> Iterator[Function]:
    """The functions that may be called at a place, by name."""
    for name in sorted(FUNCTIONS):
        if _fits(FUNCTIONS[name], place):
            yield FUNCTIONS[name]


def _fits(function: Function, place: Place) -> bool:
    if function.kind == "scalar":
        return True
    if place.in_aggregate:
        return False
    if function.kind == "window":
        return place.clause in _WINDOWS_IN and not place.in_window
    return place.clause in _AGGREGATES_IN
