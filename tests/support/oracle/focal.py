"""disk(agg(x), k): the rows at the cells around a row, gathered cell by cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import h3

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.oracle import expressions, groups, regions, windows
from tests.support.oracle.faults import RefusedError


def disk(call: nodes.Call, env: expressions.Env) -> Any:
    """The value of a disk at a row."""
    if env.stage is None or env.group is not None:
        raise RefusedError("a disk where there are no rows")
    values = env.stage.memo.get(id(call))
    if values is None:
        values = env.stage.memo[id(call)] = _everywhere(call, env.stage.envs)
    return values[env.place]


def _everywhere(call: nodes.Call, envs: list[expressions.Env]) -> list[Any]:
    steps = expressions.value(call.args[1], envs[0]) if envs else 0
    keys = [_partition(call, env) for env in envs]
    cells = [expressions.value(nodes.Name(("cell",)), env) for env in envs]
    there: dict[Any, list[expressions.Env]] = {}
    for key, cell, env in zip(keys, cells, envs):
        there.setdefault((key, cell), []).append(replace(env, stage=None, outputs=None))
    found = []
    for key, cell, env in zip(keys, cells, envs):
        around = [Cell(h3.str_to_int(c)) for c in h3.grid_disk(regions.text_of(cell), steps)]
        rows = [row for near in around for row in there.get((key, near), [])]
        aggregate = call.args[0]
        assert isinstance(aggregate, nodes.Call)
        found.append(groups.over_rows(aggregate, rows, env))
    return found


def _partition(call: nodes.Call, env: expressions.Env) -> tuple[Any, ...]:
    if call.over is not None:
        return tuple(expressions.value(e, env) for e in call.over.partition_by)
    time = nodes.Name(("time",))
    names = [time] if env.scope.find(time) is not None else []
    return tuple(expressions.value(n, env) for n in (*names, *windows.series([env])))
