"""Windows: the rows beside a row, which of them its frame holds, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from cubeql.lang import nodes
from tests.support.oracle import aggregates, expressions, groups, times
from tests.support.oracle.faults import RefusedError, UncoveredError, UndeterminedError

RANKS = frozenset({"row_number", "rank", "dense_rank"})
MOVES = frozenset({"lag", "lead"})
EDGES = frozenset({"first_value", "last_value", "nth_value"})
SHARES = frozenset({"percent_rank", "cume_dist", "ntile"})
NAMES = RANKS | MOVES | EDGES | SHARES
WHOLE = nodes.Frame("range", ("unbounded", None), ("unbounded", None))
SO_FAR = nodes.Frame("range", ("unbounded", None), ("current", None))


@dataclass
class Stage:
    """All rows (or groups) that windows of a query see, and what was worked out on them."""

    envs: list[expressions.Env] = field(default_factory=list)
    memo: dict[int, list[Any]] = field(default_factory=dict)


class Outputs(Mapping[str, Any]):
    """The columns of SELECT by alias, each worked out when it is asked for."""

    def __init__(self, items: list[nodes.SelectItem], env: expressions.Env) -> None:
        self.exprs = {i.alias.casefold(): i.expr for i in items if i.alias is not None}
        self.env = env

    def __getitem__(self, name: str) -> Any:
        return expressions.value(self.exprs[name], self.env)

    def __iter__(self) -> Iterator[str]:
        return iter(self.exprs)

    def __len__(self) -> int:
        return len(self.exprs)


def staged(envs: list[expressions.Env]) -> list[expressions.Env]:
    """The rows of a query, each knowing all of them and its place among them."""
    stage = Stage()
    stage.envs = [replace(env, stage=stage, place=n) for n, env in enumerate(envs)]
    return stage.envs


def window(call: nodes.Call, env: expressions.Env) -> Any:
    """The value of ``call OVER …`` at a row."""
    if env.stage is None:
        raise RefusedError(f"the window {call.name} stands where no window may stand")
    values = env.stage.memo.get(id(call))
    if values is None:
        values = env.stage.memo[id(call)] = _everywhere(call, env.stage.envs)
    return values[env.place]


def _everywhere(call: nodes.Call, envs: list[expressions.Env]) -> list[Any]:
    """The window's value at each row, in the order of the rows."""
    over = call.over
    assert over is not None
    if over.time:
        order: tuple[nodes.SortKey, ...] = (nodes.SortKey(nodes.Name(("time",))),)
        over = replace(over, partition_by=(nodes.Name(("cell",)), *series(envs)), order_by=order)
    parts: dict[tuple[Any, ...], list[int]] = {}
    for place, env in enumerate(envs):
        parts.setdefault(tuple(expressions.value(e, env) for e in over.partition_by), []).append(place)
    found: list[Any] = [None] * len(envs)
    for places in parts.values():
        part = _part(over, [envs[p] for p in places])
        for rank, original in enumerate(part.original):
            found[places[original]] = _value(call, over, part, rank)
    return found


def series(envs: list[expressions.Env]) -> Iterator[nodes.Name]:
    """The dimensions that tell series apart: all that the query sees, of groups those that are keys."""
    if not envs:
        return
    env = envs[0]
    for alias, relation in env.scope.sources:
        for column in relation.series():
            name = nodes.Name((column.name,) if alias is None else (alias, column.name))
            if env.group is None or expressions.shape(name, env.scope) in [k.shape for k in env.keys]:
                yield name


@dataclass(frozen=True)
class _Part:
    """One partition in its order: rows, sort values, first and last place of each row's peers; values by frame."""

    rows: list[expressions.Env]
    keys: list[tuple[Any, ...]]
    original: list[int]
    peers: list[tuple[int, int]]
    tied: bool
    known: dict[tuple[int, int], Any] = field(default_factory=dict)


def _part(over: nodes.Over, envs: list[expressions.Env]) -> _Part:
    from tests.support.oracle.queries import compare_keys

    keys = [tuple(expressions.value(k.expr, env) for k in over.order_by) for env in envs]
    compare = cmp_to_key(lambda a, b: compare_keys(over.order_by, keys[a], keys[b]))
    original = sorted(range(len(envs)), key=compare)
    ordered = [keys[n] for n in original]
    first = {key: n for n, key in reversed(list(enumerate(ordered)))}
    last = {key: n for n, key in enumerate(ordered)}
    peers = [(first[key], last[key]) for key in ordered]
    tied = any(first != last for first, last in peers)
    return _Part([envs[n] for n in original], ordered, original, peers, tied)


def _value(call: nodes.Call, over: nodes.Over, part: _Part, rank: int) -> Any:
    if call.name in RANKS:
        return _rank(call.name, part, rank)
    if call.name in SHARES:
        return _share(call, part, rank)
    if call.name in MOVES:
        return _moved(call, part, rank)
    start, end = _frame(over, part, rank)
    rows = part.rows[start : end + 1]
    if call.name in EDGES:
        return _edge(call, rows, part)
    if call.name not in aggregates.NAMES:
        raise UncoveredError(f"the window {call.name}")
    _no_free_rows(over, part, rows)
    if (start, end) not in part.known:
        part.known[start, end] = groups.over_rows(replace(call, over=None), rows, part.rows[rank])
    return part.known[start, end]


def _rank(name: str, part: _Part, rank: int) -> int:
    first, _ = part.peers[rank]
    if name == "rank":
        return first + 1
    if name == "dense_rank":
        return len({f for f, _ in part.peers if f <= first})
    _no_tie(part, name)
    return rank + 1


def _share(call: nodes.Call, part: _Part, rank: int) -> Any:
    first, last = part.peers[rank]
    count = len(part.rows)
    if call.name == "percent_rank":
        return first / (count - 1) if count > 1 else 0.0
    if call.name == "cume_dist":
        return (last + 1) / count
    _no_tie(part, call.name)
    pieces = expressions.value(call.args[0], part.rows[rank])
    return next(n + 1 for n in range(pieces) if rank < (n + 1) * (count // pieces) + min(n + 1, count % pieces))


def _moved(call: nodes.Call, part: _Part, rank: int) -> Any:
    _no_tie(part, call.name)
    steps = 1 if len(call.args) < 2 else expressions.value(call.args[1], part.rows[rank])
    if steps is None:
        return None
    place = rank - steps if call.name == "lag" else rank + steps
    return expressions.value(call.args[0], part.rows[place]) if 0 <= place < len(part.rows) else None


def _edge(call: nodes.Call, rows: list[expressions.Env], part: _Part) -> Any:
    _no_tie(part, call.name)
    if call.name == "nth_value":
        number = expressions.value(call.args[1], part.rows[0])
        return expressions.value(call.args[0], rows[number - 1]) if number <= len(rows) else None
    if not rows:
        return None
    return expressions.value(call.args[0], rows[0 if call.name == "first_value" else -1])


def _no_tie(part: _Part, name: str) -> None:
    if part.tied:
        raise UndeterminedError(f"{name} over rows that its ORDER BY holds equal")


def _no_free_rows(over: nodes.Over, part: _Part, rows: list[expressions.Env]) -> None:
    """A frame of ROWS among equal rows holds now these, now those."""
    if over.frame is not None and over.frame.unit == "rows" and part.tied and len(rows) < len(part.rows):
        raise UndeterminedError("a frame of ROWS among rows that ORDER BY holds equal")


# ------------------------------------------------------------------ frames


def _frame(over: nodes.Over, part: _Part, rank: int) -> tuple[int, int]:
    """First and last place of a row's frame; the last before the first where it is empty."""
    frame = over.frame or (SO_FAR if over.order_by else WHOLE)
    bound = _rows_bound if frame.unit == "rows" else _range_bound
    return bound(frame.start, part, rank, over, True), bound(frame.end, part, rank, over, False)


Bound = tuple[str, nodes.Expr | None]


def _distance(bound: Bound, part: _Part, rank: int) -> Any:
    assert bound[1] is not None
    given = expressions.value(bound[1], part.rows[rank])
    return times.duration(given) if isinstance(given, str) else given


def _rows_bound(bound: Bound, part: _Part, rank: int, over: nodes.Over, is_start: bool) -> int:
    last = len(part.rows) - 1
    match bound[0]:
        case "unbounded":
            return 0 if is_start else last
        case "current":
            return rank
    steps = _distance(bound, part, rank)
    place = rank - steps if bound[0] == "preceding" else rank + steps
    return max(place, 0) if is_start else min(place, last)


def _range_bound(bound: Bound, part: _Part, rank: int, over: nodes.Over, is_start: bool) -> int:
    if bound[0] == "unbounded":
        return 0 if is_start else len(part.rows) - 1
    if bound[0] == "current":
        return part.peers[rank][0 if is_start else 1]
    if len(over.order_by) != 1:
        raise RefusedError("RANGE with a distance orders by one expression")
    here = part.keys[rank][0]
    if here is None:
        return part.peers[rank][0 if is_start else 1]
    earlier = (bound[0] == "preceding") is not over.order_by[0].descending
    edge = _shifted(here, _distance(bound, part, rank), -1 if earlier else 1)
    keys = [k[0] for k in part.keys]
    inside = [n for n, k in enumerate(keys) if k is not None and _reached(k, edge, over, is_start)]
    if is_start:
        return min(inside, default=len(keys))
    return max(inside, default=-1)


def _shifted(key: Any, distance: Any, sign: int) -> Any:
    if isinstance(key, datetime):
        return times.add(key, distance, sign)
    return key + sign * distance


def _reached(key: Any, edge: Any, over: nodes.Over, is_start: bool) -> bool:
    """Whether a sort value lies at the edge of a frame or on its inner side."""
    upwards = is_start is not over.order_by[0].descending
    tests: dict[bool, Callable[[Any, Any], bool]] = {True: lambda a, b: a >= b, False: lambda a, b: a <= b}
    return tests[upwards](key, edge)
