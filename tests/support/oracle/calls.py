"""Calls of functions and aggregates."""

from __future__ import annotations

from typing import Any

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.oracle import (
    baselines,
    expressions,
    focal,
    groups,
    kinds,
    regions,
    scalars,
    times,
    unitlore,
    windows,
)
from tests.support.oracle.expressions import Env
from tests.support.oracle.faults import RefusedError, UncoveredError


def call(expr: nodes.Call, env: Env) -> Any:
    """The value of a function or aggregate call."""
    if expr.name == "disk":
        return focal.disk(expr, env)
    if expr.over is not None:
        return windows.window(expr, env)
    if groups.is_aggregate(expr):
        if env.group is None:
            raise RefusedError(f"the aggregate {expr.name} stands where there is no group")
        return groups.aggregate(expr, env)
    if expr.name in baselines.NAMES:
        return baselines.call(expr, env)
    return unitlore.converted(expr, env) if expr.name == "convert" else _of_values(expr, env)


def _of_values(expr: nodes.Call, env: Env) -> Any:
    args = [expressions.value(a, env) for a in expr.args]
    if expr.name == "cell":
        return _parent_key(args, env)
    if expr.name == "time_bucket":
        width = times.duration(args[0]) if isinstance(args[0], str) else args[0]
        return None if args[1] is None else times.time_bucket(width, args[1])
    if expr.name in scalars.LENIENT:
        return kinds.widened(scalars.LENIENT[expr.name](*args), expr, env.scope)
    if expr.name not in scalars.STRICT:
        raise UncoveredError(f"the function {expr.name}")
    if expr.name in scalars.TEXTS:
        args = [repr(a) if isinstance(a, Cell) else a for a in args]
    return None if None in args else scalars.STRICT[expr.name](*args)


def _parent_key(args: list[Any], env: Env) -> Any:
    cell = expressions.value(nodes.Name(("cell",)), env)
    if cell is None:
        return None
    if args[0] > regions.resolution(cell):
        raise RefusedError(f"CELL({args[0]}) is finer than the grid")
    return Cell(regions.ancestor(cell, args[0]))
