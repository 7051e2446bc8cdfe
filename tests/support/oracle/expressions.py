"""The value of an expression on one row, or on a group of rows."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from cubeql.lang import nodes
from tests.support.answers import Cell
from tests.support.oracle import regions, scalars, times
from tests.support.oracle.faults import RefusedError, UncoveredError
from tests.support.oracle.relations import Column, Record, Relation

Joined = tuple[Record | None, ...]


@dataclass(frozen=True)
class Scope:
    """What names mean: sources by alias, the driver first; parameters; how to run a subquery."""

    sources: tuple[tuple[str | None, Relation], ...]
    params: dict[str, Any]
    run: Callable[[nodes.Query], Relation]
    memo: dict[int, Any] = field(default_factory=dict, compare=False)
    found: dict[tuple[str, ...], tuple[int, Column] | None] = field(default_factory=dict, compare=False, init=False)

    def find(self, name: nodes.Name) -> tuple[int, Column] | None:
        """Number of the source and the column a name means; None if it means none."""
        if name.parts not in self.found:
            self.found[name.parts] = self._find(name)
        return self.found[name.parts]

    def _find(self, name: nodes.Name) -> tuple[int, Column] | None:
        *qualifier, last = name.parts
        if qualifier:
            wanted = ".".join(qualifier).casefold()
            found = [n for n, (alias, _) in enumerate(self.sources) if alias is not None and alias == wanted]
        else:
            found = list(range(len(self.sources)))
        hits = [(n, c) for n in found if (c := self.sources[n][1].column(last)) is not None]
        if len(hits) > 1 and (hits[0][1].role in ("cell", "time")):
            return hits[0]
        if len(hits) > 1:
            raise RefusedError(f"{last} is ambiguous")
        return hits[0] if hits else None


@dataclass(frozen=True)
class Key:
    """A GROUP BY key of one group: how it was written, what it is called, its value."""

    shape: Any
    name: str | None
    value: Any


@dataclass(frozen=True)
class Env:
    """Where an expression is evaluated: on ``row``, or on the rows of ``group`` (then row is None).

    ``stage`` are all rows of the query, for windows, and ``place`` is this one's number among them.
    """

    scope: Scope
    row: Joined | None
    group: list[Joined] | None = None
    keys: tuple[Key, ...] = ()
    outputs: Mapping[str, Any] | None = None
    stage: Any = field(default=None, compare=False, repr=False)
    place: int = 0


def shape(node: Any, scope: Scope) -> Any:
    """A tree as nested tuples in which names are what they mean, so that equal things compare equal."""
    if isinstance(node, nodes.Name):
        found = scope.find(node)
        return ("name", *((found[0], found[1].name) if found else (p.casefold() for p in node.parts)))
    if isinstance(node, tuple):
        return tuple(shape(n, scope) for n in node)
    if is_dataclass(node):
        return (
            type(node).__name__,
            *(shape(getattr(node, f.name), scope) for f in fields(node) if not f.name.endswith("span")),
        )
    return node


def walk(node: Any) -> Iterator[Any]:
    """All nodes of an expression, itself first; not those of subqueries."""
    if isinstance(node, tuple):
        for n in node:
            yield from walk(n)
    elif is_dataclass(node) and not isinstance(node, nodes.Query):
        yield node
        for f in fields(node):
            yield from walk(getattr(node, f.name))


def value(expr: Any, env: Env) -> Any:
    """The value of an expression; None is NULL."""
    if env.group is not None:
        written = shape(expr, env.scope)
        for key in env.keys:
            if key.shape == written:
                return key.value
    handler = _HANDLERS.get(type(expr))
    if handler is None:
        raise UncoveredError(type(expr).__name__)
    return handler(expr, env)


def _name(expr: nodes.Name, env: Env) -> Any:
    if len(expr.parts) == 1:
        word = expr.parts[0].casefold()
        for key in env.keys:
            if key.name == word:
                return key.value
        if env.group is not None and env.outputs is not None and word in env.outputs:
            return env.outputs[word]
    found = env.scope.find(expr)
    if found is None:
        if env.outputs is not None and expr.parts[-1].casefold() in env.outputs:
            return env.outputs[expr.parts[-1].casefold()]
        raise RefusedError(f"there is no column {'.'.join(expr.parts)}")
    if env.row is None:
        raise RefusedError(f"{'.'.join(expr.parts)} is neither grouped nor aggregated")
    source, column = found
    record = env.row[source]
    return None if record is None else record[column.name]


def _parameter(expr: nodes.Parameter, env: Env) -> Any:
    if expr.name not in env.scope.params:
        raise RefusedError(f"the parameter {expr.name} has no value")
    return env.scope.params[expr.name]


def _typed_string(expr: nodes.TypedString, env: Env) -> Any:
    return times.duration(expr.value) if expr.kind == "interval" else times.instant(expr.value)


def _unary(expr: nodes.Unary, env: Env) -> Any:
    operand = value(expr.operand, env)
    if operand is None:
        return None
    return not operand if expr.operator == "not" else -operand if expr.operator == "-" else operand


# ------------------------------------------------------------------ comparing and computing


def alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Two values made comparable: a text beside a time is a time, beside a cell a cell."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, str) and not isinstance(other, str):
            made = _read(one, other)
            return (made, b) if one is a else (a, made)
    if isinstance(a, times.Duration) or isinstance(b, times.Duration):
        return _plain(a), _plain(b)
    return a, b


def _read(text: str, beside: Any) -> Any:
    if isinstance(beside, datetime):
        return times.instant(text)
    if isinstance(beside, Cell):
        return scalars.STRICT["string_to_cell"](text)
    if isinstance(beside, timedelta | times.Duration):
        return times.duration(text)
    raise RefusedError(f"the text {text!r} is compared with {beside!r}")


def _plain(value: Any) -> Any:
    if isinstance(value, times.Duration):
        if value.months:
            raise UncoveredError("comparing intervals of months")
        return value.rest
    return value


def _compare(operator: str, a: Any, b: Any) -> bool | None:
    if operator.startswith("is "):
        same = a is None and b is None if a is None or b is None else a == b
        return same if "not" in operator else not same
    if a is None or b is None:
        return None
    a, b = alike(a, b)
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda x, y: x == y, "<>": lambda x, y: x != y, "<": lambda x, y: x < y,
        "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y,
    }  # fmt: skip
    return bool(tests[operator](a, b))


def _add(a: Any, b: Any) -> Any:
    if isinstance(b, datetime):
        a, b = b, a
    return times.add(a, b) if isinstance(a, datetime) else a + b


def _subtract(a: Any, b: Any) -> Any:
    if isinstance(a, datetime) and not isinstance(b, datetime):
        return times.add(a, b, -1)
    return a - b


def _whole_divide(a: Any, b: Any) -> Any:
    if b != 0 and (isinstance(a, float) or isinstance(b, float)):
        return float(math.trunc(a / b))
    return None if b == 0 else int(math.copysign(1, a) * math.copysign(1, b)) * (abs(a) // abs(b))


def _remainder(a: Any, b: Any) -> Any:
    if b == 0:
        return None
    return math.fmod(a, b) if isinstance(a, float) or isinstance(b, float) else a - b * _whole_divide(a, b)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add, "-": _subtract, "*": lambda a, b: a * b, "/": lambda a, b: None if b == 0 else a / b,
    "//": _whole_divide, "%": _remainder, "^": scalars.STRICT["power"],
}  # fmt: skip


def _binary(expr: nodes.Binary, env: Env) -> Any:
    if expr.operator in ("and", "or"):
        return _logic(expr.operator == "and", value(expr.left, env), value(expr.right, env))
    classes = class_codes(expr.left, env.scope) or class_codes(expr.right, env.scope)
    a, b = (_code(value(e, env), classes) for e in (expr.left, expr.right))
    if expr.operator in ("=", "<>", "<", "<=", ">", ">=") or expr.operator.startswith("is "):
        return _compare(expr.operator, a, b)
    if a is None or b is None:
        return None
    if expr.operator == "||":
        return "".join(repr(v) if isinstance(v, Cell) else v for v in (a, b))
    return _ARITHMETIC[expr.operator](a, b)


def _logic(both: bool, a: bool | None, b: bool | None) -> bool | None:
    decisive = not both
    if a is decisive or b is decisive:
        return decisive
    return None if a is None or b is None else both


def _not(negated: bool, found: bool | None) -> bool | None:
    return found if found is None or not negated else not found


def _between(expr: nodes.Between, env: Env) -> Any:
    operand = value(expr.operand, env)
    above = _compare(">=", operand, value(expr.low, env))
    beneath = _compare("<=", operand, value(expr.high, env))
    return _not(expr.negated, _logic(True, above, beneath))


def _member(operand: Any, items: list[Any]) -> bool | None:
    found: bool | None = False
    for item in items:
        found = _logic(False, found, _compare("=", operand, item))
    return found


def _in_list(expr: nodes.InList, env: Env) -> Any:
    classes = class_codes(expr.operand, env.scope)
    items: list[Any] = []
    for item in expr.items:
        found = value(item, env)
        items += found if isinstance(found, list | tuple) else [found]
    return _not(expr.negated, _member(value(expr.operand, env), [_code(i, classes) for i in items]))


def _in_query(expr: nodes.InQuery, env: Env) -> Any:
    if id(expr) not in env.scope.memo:
        relation = env.scope.run(expr.query)
        env.scope.memo[id(expr)] = [row[relation.columns[0].name] for row in relation.rows]
    items = env.scope.memo[id(expr)]
    return _not(expr.negated, _member(value(expr.operand, env), items))


def _like(expr: nodes.Like, env: Env) -> Any:
    text, pattern = value(expr.operand, env), value(expr.pattern, env)
    if text is None or pattern is None:
        return None
    parts = [{"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern]
    flags = re.DOTALL | (re.IGNORECASE if expr.ignore_case else 0)
    return (re.fullmatch("".join(parts), text, flags) is not None) is not expr.negated


def _is_null(expr: nodes.IsNull, env: Env) -> bool:
    return (value(expr.operand, env) is None) is not expr.negated


def _case(expr: nodes.Case, env: Env) -> Any:
    from tests.support.oracle import kinds

    for when, then in expr.whens:
        test = when if expr.subject is None else nodes.Binary("=", expr.subject, when)
        if value(test, env) is True:
            return kinds.widened(value(then, env), expr, env.scope)
    return None if expr.otherwise is None else kinds.widened(value(expr.otherwise, env), expr, env.scope)


def _cast(expr: nodes.Cast, env: Env) -> Any:
    operand = value(expr.operand, env)
    if operand is None:
        return None
    match expr.type_name:
        case "double" | "float" | "number" | "real":
            return float(operand)
        case "integer" | "int" | "bigint":
            return round(operand) if isinstance(operand, float) else int(operand)
        case "text" | "varchar" if not isinstance(operand, float | bool | datetime):
            return repr(operand) if isinstance(operand, Cell) else str(operand)
        case "timestamp":
            return operand if isinstance(operand, datetime) else times.instant(operand)
    raise UncoveredError(f"CAST({type(operand).__name__} AS {expr.type_name})")


# ------------------------------------------------------------------ classes, time, space, calls


def class_codes(expr: Any, scope: Scope) -> dict[str, int] | None:
    """Codes by class name of an expression that gives class codes."""
    if isinstance(expr, nodes.Name):
        found = scope.find(expr)
        return found[1].classes if found else None
    keeps = (
        "mode", "min", "max", "first", "last", "arg_min", "arg_max", "latest", "earliest", "any_value", "lag",
        "lead", "first_value", "last_value",
    )  # fmt: skip
    if isinstance(expr, nodes.Call) and expr.name in keeps and expr.args:
        return class_codes(expr.args[0], scope)
    return None


def _code(value: Any, classes: dict[str, int] | None) -> Any:
    if classes is None or not isinstance(value, str):
        return value
    code = {name.casefold(): code for name, code in classes.items()}.get(value.casefold())
    if code is None:
        raise RefusedError(f"there is no class {value!r}")
    return code


def _time_test(expr: nodes.TimeTest, env: Env) -> Any:
    time, text = value(expr.operand, env), value(expr.value, env)
    if expr.how == "in" and (isinstance(text, list | tuple) or not isinstance(time, datetime | None)):
        items = list(text) if isinstance(text, list | tuple) else [text]
        return _not(expr.negated, _member(time, items))
    if time is None or text is None:
        return None
    if isinstance(text, datetime):
        text = text.isoformat(timespec="microseconds")
    match expr.how:
        case "before":
            found = time < times.period(text)[0]
        case "after":
            found = time >= times.period(text)[1]
        case _:
            found = times.holds(times.parse_range(text), time)
    return found is not expr.negated


def _within(expr: nodes.Within, env: Env) -> Any:
    cell = value(expr.operand, env)
    if cell is None:
        return None
    if not isinstance(cell, Cell):
        raise RefusedError("only a cell lies within a region")
    if id(expr) not in env.scope.memo:
        args = [".".join(a.parts) if isinstance(a, nodes.Name) else value(a, env) for a in expr.region.args]
        env.scope.memo[id(expr)] = functools.cache(regions.region(expr.region.kind, args))
    return env.scope.memo[id(expr)](cell) is not expr.negated


def _call(expr: nodes.Call, env: Env) -> Any:
    from tests.support.oracle import calls

    return calls.call(expr, env)


_HANDLERS: dict[type, Callable[[Any, Env], Any]] = {
    nodes.Name: _name, nodes.Number: lambda e, _: e.value, nodes.String: lambda e, _: e.value,
    nodes.Boolean: lambda e, _: e.value, nodes.Null: lambda e, _: None, nodes.TypedString: _typed_string,
    nodes.Parameter: _parameter, nodes.Unary: _unary, nodes.Binary: _binary, nodes.Between: _between,
    nodes.InList: _in_list, nodes.InQuery: _in_query, nodes.Like: _like, nodes.IsNull: _is_null,
    nodes.Case: _case, nodes.Cast: _cast, nodes.TimeTest: _time_test, nodes.Within: _within,
    nodes.Call: _call, nodes.ListOf: lambda e, env: tuple(value(i, env) for i in e.items),
}  # fmt: skip
