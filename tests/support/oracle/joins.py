"""Joins in space and time, cell by cell and row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.oracle import expressions, regions, time_windows, times
from tests.support.oracle.faults import RefusedError, UncoveredError
from tests.support.oracle.relations import Record, Relation, to_grid
from tests.support.oracle.tables import PLACE, cell_of_place

_DEFAULT = nodes.TimeMatch("equal")


@dataclass(frozen=True)
class _Side:
    """The joined side: its relation, its rows by its own cell, whether they are points, how instants meet."""

    relation: Relation
    by_cell: dict[int, list[Record]]
    points: bool
    match: nodes.TimeMatch
    count: int
    within: times.Duration | None
    named: tuple[str, ...]
    over: Relation | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.relation.role("dimension"))

    @property
    def timed(self) -> bool:
        return bool(self.relation.role("time"))


def join(
    rows: list[expressions.Joined],
    scope: expressions.Scope,
    clause: nodes.Join,
    other: tuple[str | None, Relation],
    grid: int | None,
    named: tuple[str, ...],
) -> tuple[list[expressions.Joined], expressions.Scope]:
    """Rows and scope after one JOIN clause.

    Args:
        rows: the rows so far.
        scope: their scope.
        clause: the clause.
        other: alias and relation of what is joined.
        grid: resolution of the query; None if it has no rows.
        named: folded names of the joined columns that the query names (for VALID).
    """
    side = _side(clause, other[1], scope, grid, named)
    wide = replace(scope, sources=(*scope.sources, (other[0], side.relation)))
    joined: list[expressions.Joined] = []
    for row in rows:
        found = _at_cell(row, scope, side)
        if clause.on is not None:
            envs = [expressions.Env(wide, (*row, record)) for record in found]
            found = [r for r, env in zip(found, envs) if expressions.value(clause.on, env) is True]
        if side.timed and _clocked(scope):
            found = _in_time(_query_value("time", row, scope), found, side)
        joined += _kept(clause.kind, row, [(*row, record) for record in found])
    if side.over is not None:
        wide = replace(scope, sources=(*scope.sources, (other[0], side.over)))
    return joined, wide if clause.kind in ("inner", "left") else scope


def _side(
    clause: nodes.Join, relation: Relation, scope: expressions.Scope, grid: int | None, named: tuple[str, ...]
) -> _Side:
    if not relation.role("cell") and relation.rows:
        raise RefusedError("a relation without a cell cannot be joined")
    match = clause.time or _DEFAULT
    if clause.time is not None and not relation.role("time") and relation.rows:
        raise RefusedError("ON TIME with a relation that has no time")
    methods = {u.band.casefold() if u.band else "*": u.method.casefold() for u in clause.using}
    windowed = match.kind in time_windows.KINDS
    points = any(PLACE in record for record in relation.rows)
    brought = relation if grid is None or points else to_grid(relation, grid, {} if windowed else methods)
    by_cell: dict[int, list[Record]] = {}
    for record in brought.rows:
        cell = cell_of_place(record[PLACE], grid) if points and grid is not None else record["cell"]
        by_cell.setdefault(cell, []).append(record)
    env = expressions.Env(scope, ())
    count = 1 if match.count is None else expressions.value(match.count, env)
    within = None if match.interval is None else expressions.value(match.interval, env)
    return _Side(
        brought, by_cell, points, match, count, times.duration(within) if isinstance(within, str) else within, named,
        time_windows.relation(brought, methods) if windowed else None,
    )  # fmt: skip


def _kept(kind: str, row: expressions.Joined, matches: list[expressions.Joined]) -> list[expressions.Joined]:
    match kind:
        case "inner":
            return matches
        case "left":
            return matches or [(*row, None)]
        case "semi":
            return [row] if matches else []
        case "anti":
            return [] if matches else [row]
    raise UncoveredError(f"{kind} JOIN")


def _clocked(scope: expressions.Scope) -> bool:
    return any(relation.role("time") for _, relation in scope.sources)


def _at_cell(row: expressions.Joined, scope: expressions.Scope, side: _Side) -> list[Record]:
    """The joined rows at the cell of a row: its own, its ancestor's, or the one that holds its point."""
    cell = _query_value("cell", row, scope)
    if cell is None or side.relation.resolution is None:
        return []
    if not isinstance(cell, Cell):
        raise RefusedError("a query without a cell cannot be joined")
    if side.points:
        return side.by_cell.get(cell, [])
    place = (row[0] or {}).get(PLACE)
    level = side.relation.resolution
    above = regions.ancestor(cell, level) if place is None else cell_of_place(place, level)
    return [record | {"cell": cell} for record in side.by_cell.get(above, [])]


def _query_value(name: str, row: expressions.Joined, scope: expressions.Scope) -> Any:
    found = scope.find(nodes.Name((name,)))
    if found is None:
        raise RefusedError(f"the query has no {name}")
    record = row[found[0]]
    return None if record is None else record[found[1].name]


def _in_time(time: datetime | None, candidates: list[Record], side: _Side) -> list[Record]:
    """The candidates that an instant meets; each combination of dimension values is a series of its own."""
    if side.match.kind == "any":
        return candidates
    if time is None:
        return []
    if side.match.valid:
        candidates = [r for r in candidates if all(_folded(r, n) is not None for n in side.named)]
    series: dict[tuple[Any, ...], list[Record]] = {}
    for record in candidates:
        series.setdefault(tuple(record[d] for d in side.dimensions), []).append(record)
    return [record for one in series.values() for record in _chosen(time, one, side)]


def _folded(record: Record, name: str) -> Any:
    return next((v for k, v in record.items() if k.casefold() == name), None)


def _chosen(time: datetime, series: list[Record], side: _Side) -> list[Record]:
    stamp = side.relation.role("time")[0].name
    if side.over is not None:
        assert side.within is not None
        held = [r for r in series if time_windows.holds(side.match.kind, side.within, time, r[stamp])]
        return [time_windows.one_row(held, stamp, side.over)] if held else []
    match side.match.kind:
        case "equal":
            return [r for r in series if r[stamp] == time]
        case "same":
            unit = side.match.unit or ""
            return [r for r in series if times.bucket(unit, r[stamp]) == times.bucket(unit, time)]
        case "during":
            if any(r.get(" end") is None for r in series):
                raise RefusedError("DURING the steps of a layer that has none")
            return [r for r in series if r[stamp] <= time < r[" end"]]
    return _closest(time, series, side, stamp)


def _closest(time: datetime, series: list[Record], side: _Side, stamp: str) -> list[Record]:
    """AS OF, NEXT and NEAREST: the rows of the closest instants within reach, the earlier of two as close."""
    match side.match.kind:
        case "as_of":
            reach = [r for r in series if r[stamp] <= time]
        case "next":
            reach = [r for r in series if r[stamp] >= time]
        case "nearest":
            reach = list(series)
        case kind:
            raise UncoveredError(f"ON TIME {kind.upper()}")
    if side.within is not None:
        early, late = times.add(time, side.within, -1), times.add(time, side.within)
        reach = [r for r in reach if early <= r[stamp] <= late]
    instants = sorted({r[stamp] for r in reach}, key=lambda t: (abs(t - time), t))[: side.count]
    return [r for r in reach if r[stamp] in instants]
