"""``baseline``, ``anomaly`` and ``standardized_anomaly``: all rows of the value's relation, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cubeql.lang import nodes
from tests.support.oracle import aggregates, expressions, regions, times
from tests.support.oracle.expressions import Env
from tests.support.oracle.faults import RefusedError, UncoveredError
from tests.support.oracle.relations import Record, Relation

NAMES = frozenset({"baseline", "anomaly", "standardized_anomaly"})


def call(expr: nodes.Call, env: Env) -> Any:
    """The value of a call on one row."""
    if env.row is None:
        raise RefusedError(f"{expr.name} of what is neither grouped nor aggregated")
    source, relation = _read(expr, env)
    record = env.row[source]
    if record is None:
        return None
    sample = _sample(expr, env, source, relation, record)
    mean = aggregates.mean(sample)
    if expr.name == "baseline" or mean is None:
        return mean
    x = expressions.value(expr.args[0], env)
    if x is None:
        return None
    if expr.name == "anomaly":
        return x - mean
    deviation = aggregates.ONE["stddev"](sample)
    return None if not deviation else (x - mean) / deviation


def _read(expr: nodes.Call, env: Env) -> tuple[int, Relation]:
    """The one source that the value reads."""
    names = [n for n in expressions.walk(expr.args[0]) if isinstance(n, nodes.Name)]
    found = {f[0] for n in names if (f := env.scope.find(n)) is not None}
    if len(found) != 1 or any(isinstance(n, nodes.Call) and n.name in NAMES for n in expressions.walk(expr.args)):
        raise RefusedError(f"{expr.name} needs values of one source")
    (source,) = found
    relation = env.scope.sources[source][1]
    if not relation.role("time"):
        raise RefusedError(f"{expr.name} of a source without time")
    return source, relation


def _sample(expr: nodes.Call, env: Env, source: int, relation: Relation, record: Record) -> list[Any]:
    """The valid values at the record's cell and dimensions in the period, and in the record's bucket."""
    period = times.parse_range(expressions.value(expr.args[1], env))
    here = _key(relation, record)
    stamp = relation.role("time")[0].name
    found = []
    for other in _by_key(expr, env, relation).get(here, []):
        alike = expr.by is None or _bucket(expr.by, other[stamp]) == _bucket(expr.by, record[stamp])
        if alike and times.holds(period, other[stamp]):
            row = tuple(other if n == source else None for n in range(len(env.row or ())))
            found.append(expressions.value(expr.args[0], replace(env, row=row)))
    return [v for v in found if v is not None]


def _by_key(expr: nodes.Call, env: Env, relation: Relation) -> dict[Any, list[Record]]:
    """Rows by cell and dimensions, sorted out once."""
    if id(expr) not in env.scope.memo:
        found: dict[Any, list[Record]] = {}
        for row in relation.rows:
            found.setdefault(_key(relation, row), []).append(row)
        env.scope.memo[id(expr)] = found
    return env.scope.memo[id(expr)]  # type: ignore[no-any-return]


def _key(relation: Relation, record: Record) -> Any:
    """Cell, in the relation's own resolution, and dimensions."""
    cell = record[relation.role("cell")[0].name]
    assert relation.resolution is not None
    series = (c for c in relation.role("dimension") if not relation.is_instant(c))
    return regions.ancestor(cell, relation.resolution), *(record[c.name] for c in series)


def _bucket(word: str, time: datetime) -> Any:
    """What two instants of the same part of the calendar share, whatever their year."""
    match word:
        case "hour":
            return time.hour
        case "day" | "doy":
            return time.timetuple().tm_yday
        case "dekad":
            return times.dekad(time)
        case "week":
            return time.isocalendar()[1]
        case "month":
            return time.month
        case "season":
            return times.season(time)
        case "year":
            return time.year
    raise UncoveredError(f"BY {word}")
