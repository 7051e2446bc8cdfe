"""pack(x): a dictionary of the group's cells, read in the order of the places below the key."""

from __future__ import annotations

from typing import Any

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.cube import slot_of
from tests.support.oracle import expressions, regions
from tests.support.oracle.faults import RefusedError


def packed(call: nodes.Call, rows: list[expressions.Env], env: expressions.Env) -> tuple[Any, ...]:
    """The values of a group, a place for every index that digits can spell."""
    cells = [key.value for key in env.keys if isinstance(key.value, Cell)]
    if not cells:
        raise RefusedError("pack without a cell among the keys")
    key = max(cells, key=regions.resolution)
    found: dict[int, Any] = {}
    for row in rows:
        cell = expressions.value(nodes.Name(("cell",)), row)
        if cell in found:
            raise RefusedError(f"pack meets {cell!r} twice")
        found[cell] = expressions.value(call.args[0], row)
    depth = _grid(env) - regions.resolution(key)
    places = {slot_of(cell, key): value for cell, value in found.items()}
    return tuple(places.get(n) for n in range(7**depth))


def _grid(env: expressions.Env) -> int:
    resolution = env.scope.sources[0][1].resolution
    assert resolution is not None
    return resolution
