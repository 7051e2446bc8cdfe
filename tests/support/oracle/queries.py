"""Queries: from the syntax tree to rows, one clause after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Any

from cubeql.lang import nodes, parse_query
from tests.support.answers import Answer, Row
from tests.support.cube import TinyLayer, at_version
from tests.support.oracle import expressions, groups, joins, kinds, relations, tables, times, windows, zones
from tests.support.oracle.expressions import Env, Joined, Key, Scope
from tests.support.oracle.faults import RefusedError, UncoveredError, UndeterminedError
from tests.support.oracle.relations import Column, Relation
from tests.support.rows import TinyRows
from tests.support.zones import TinyZones


@dataclass(frozen=True)
class World:
    """What a query can see: layers, parameters, texts of views, sets of cells, results of WITH."""

    layers: Mapping[str, TinyLayer | TinyRows | TinyZones]
    params: dict[str, Any]
    views: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, tuple[int, list[int]]] = field(default_factory=dict)
    ctes: dict[str, Relation] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Rows with what they are sorted by."""

    columns: tuple[Column, ...]
    names: tuple[str | None, ...]
    rows: list[Row]
    order: list[Row] | None
    choice: list[Row] | None = None

    def relation(self) -> Relation:
        """The result as a relation that other clauses can read."""
        if self.choice is not None:
            raise UndeterminedError("LIMIT without ORDER BY in a subquery")
        names = [c.name for c in self.columns]
        if len({n.casefold() for n in names}) < len(names):
            raise RefusedError("two columns of one name in a subquery")
        return relations.of_rows(self.columns, [dict(zip(names, row)) for row in self.rows])

    def answer(self) -> Answer:
        """The result as an answer."""
        return Answer(
            self.names, tuple(self.rows), None if self.order is None else tuple(self.order),
            tuple(c.exact for c in self.columns), None if self.choice is None else tuple(self.choice),
        )  # fmt: skip


def run(query: nodes.Query, world: World) -> Result:
    """The result of a query."""
    for cte in getattr(query, "ctes", ()):
        made = run(cte.query, world).relation()
        world = replace(world, ctes=world.ctes | {cte.name.casefold(): made})
    if isinstance(query, nodes.SetOperation):
        return _set_operation(query, world)
    if isinstance(query, nodes.Select):
        return _select(query, world)
    raise UncoveredError(type(query).__name__)


# ------------------------------------------------------------------ FROM, JOIN, FILTER


def _scope(sources: tuple[tuple[str | None, Relation], ...], world: World) -> Scope:
    return Scope(sources, world.params, lambda query: run(query, world).relation())


def _source(source: nodes.Source, world: World) -> tuple[str | None, Relation]:
    if isinstance(source, nodes.QuerySource):
        alias = None if source.alias is None else source.alias.casefold()
        return alias, run(source.query, world).relation()
    if not isinstance(source, nodes.LayerSource):
        raise UncoveredError(type(source).__name__)
    if source.version_at is not None:
        raise UncoveredError("VERSION AT")
    name = ".".join(source.name).casefold()
    alias = (source.alias or name).casefold()
    if name in world.ctes and source.at is None and source.version is None:
        return alias, world.ctes[name]
    kept = _kept(name, world)
    if kept is not None:
        return alias, kept
    if name not in world.layers:
        raise RefusedError(f"there is no layer {name}")
    at = None if source.at is None else expressions.value(source.at, Env(_scope((), world), ()))
    layer = world.layers[name]
    if isinstance(layer, TinyRows):
        if at is not None or source.version is not None:
            raise UncoveredError("points and zones of other times or versions")
        return alias, tables.of_table(layer)
    if source.version is not None:
        layer = at_version(layer, expressions.value(source.version, Env(_scope((), world), ())))
    return alias, relations.of_layer(layer, times.instant(at) if isinstance(at, str) else at)


def _kept(name: str, world: World) -> Relation | None:
    """What a view or a set of cells of this name gives."""
    if name in world.views:
        return run(parse_query(world.views[name]), replace(world, params={}, ctes={})).relation()
    return relations.of_cells(*world.cells[name]) if name in world.cells else None


def _from(query: nodes.Select, world: World) -> tuple[list[Joined], Scope]:
    if query.source is None:
        return [()], _scope((), world)
    alias, relation = _source(query.source, world)
    if query.resolution is not None:
        resolution = expressions.value(query.resolution, Env(_scope((), world), ()))
        relation = relations.spread(relations.to_grid(relation, resolution, {}), resolution)
    rows: list[Joined] = [(record,) for record in relation.rows]
    scope = _scope(((alias, relation),), world)
    for clause in query.joins:
        held = _zones(clause.source, world)
        if held is not None:
            rows, scope = zones.join(rows, scope, clause, *held)
            continue
        other = _source(clause.source, world)
        rows, scope = joins.join(rows, scope, clause, other, relation.resolution, _named(query, other))
    return rows, scope


def _zones(source: nodes.Source, world: World) -> tuple[str, TinyZones] | None:
    """Alias and layer where a source is a layer of zones."""
    if not isinstance(source, nodes.LayerSource) or ".".join(source.name).casefold() in world.ctes:
        return None
    given = world.layers.get(".".join(source.name).casefold())
    layer = given if isinstance(given, TinyZones) else zones.layer_of(source.name)
    return None if layer is None else ((source.alias or ".".join(source.name)).casefold(), layer)


def _named(query: nodes.Select, other: tuple[str | None, Relation]) -> tuple[str, ...]:
    """Names of the value columns of a joined relation that a query mentions."""
    alias, relation = other
    own = {c.name.casefold() for c in relation.role("value")}
    parts = (query.items, query.filters, query.group_by, query.having, query.order_by, query.joins)
    names = [n for part in parts for n in expressions.walk(part) if isinstance(n, nodes.Name)]
    mine = [n for n in names if len(n.parts) == 1 or n.parts[0].casefold() == alias]
    return tuple(sorted({n.parts[-1].casefold() for n in mine} & own))


# ------------------------------------------------------------------ SELECT


def _select(query: nodes.Select, world: World) -> Result:
    if query.sample is not None and expressions.value(query.sample, Env(_scope((), world), ())) != 100:
        raise UncoveredError("SAMPLE")
    rows, scope = _from(query, world)
    for condition in query.filters:
        rows = [row for row in rows if expressions.value(condition, Env(scope, row)) is True]
    items = _expanded(query.items, scope)
    heads = (*items, query.having, query.qualify, query.order_by)
    if query.group_by or query.having is not None or any(groups.has_aggregate(h) for h in _trees(heads)):
        envs = _grouped(query, items, rows, scope)
    else:
        envs = [Env(scope, row) for row in rows]
    envs = _qualified(query, items, windows.staged(envs))
    columns = tuple(_column(item, n, scope) for n, item in enumerate(items))
    names = tuple(_output_name(item, scope) for item in items)
    made = [(later, tuple(_plain(expressions.value(i.expr, env)) for i in items)) for env, later in envs]
    if query.distinct:
        made = list({row: (env, row) for env, row in made}.values())
    keyed = [(_sort_values(query.order_by, env, names, row), row) for env, row in made]
    return _finish(columns, names, keyed, query, world)


def _qualified(query: nodes.Select, items: list[nodes.SelectItem], envs: list[Env]) -> list[tuple[Env, Env]]:
    """Rows that QUALIFY lets pass: as SELECT sees them, and as later clauses do, that know its aliases."""
    later = windows.staged([replace(env, outputs=windows.Outputs(items, env)) for env in envs])
    pairs = list(zip(envs, later))
    if query.qualify is None:
        return pairs
    return [(env, after) for env, after in pairs if expressions.value(query.qualify, after) is True]


def _trees(heads: tuple[Any, ...]) -> list[Any]:
    return [h for h in heads if h is not None]


def _plain(value: Any) -> Any:
    if isinstance(value, times.Duration):
        if value.months:
            raise UncoveredError("an interval of months as a result")
        return value.rest
    return value


def _expanded(items: tuple[nodes.SelectItem, ...], scope: Scope) -> list[nodes.SelectItem]:
    found: list[nodes.SelectItem] = []
    for item in items:
        found += _star(item.expr, scope) if isinstance(item.expr, nodes.Star) else [item]
    return found


def _star(star: nodes.Star, scope: Scope) -> list[nodes.SelectItem]:
    """The query's cell and time, then what else each source has, under its alias where a name is taken."""
    if star.qualifier:
        return _star_of(".".join(star.qualifier).casefold(), scope)
    heads = ["cell", "time"] if scope.sources[0][1].is_layer else []
    heads = [n for n in heads if scope.find(nodes.Name((n,))) is not None]
    items = {n: nodes.SelectItem(nodes.Name((n,))) for n in heads}
    meant = {scope.find(nodes.Name((n,))) for n in heads}
    for source, (alias, relation) in enumerate(scope.sources):
        for column in relation.columns:
            if (source, column) in meant or (source and column.role == "cell"):
                continue
            name = f"{alias}.{column.name}" if column.name in items else column.name
            items[name] = nodes.SelectItem(nodes.Name((*([alias] if alias else []), column.name)), name)
    return list(items.values())


def _star_of(alias: str, scope: Scope) -> list[nodes.SelectItem]:
    """The columns of one source; its cell only where it is the query's own."""
    found = [n for n, (name, _) in enumerate(scope.sources) if name == alias]
    if not found:
        raise RefusedError(f"there is no source {alias}")
    columns = scope.sources[found[0]][1].columns
    kept = [c for c in columns if c.role != "cell" or not found[0]]
    return [nodes.SelectItem(nodes.Name((alias, c.name)), c.name) for c in kept]


def _output_name(item: nodes.SelectItem, scope: Scope) -> str | None:
    if item.alias is not None:
        return item.alias
    if isinstance(item.expr, nodes.Name):
        found = scope.find(item.expr)
        return found[1].name if found else item.expr.parts[-1]
    return "cell" if isinstance(item.expr, nodes.Call) and item.expr.name == "cell" else None


def _column(item: nodes.SelectItem, n: int, scope: Scope) -> Column:
    name = _output_name(item, scope) or f"?{n}"
    classes = expressions.class_codes(item.expr, scope)
    method = "mode" if classes is not None else "mean"
    if isinstance(item.expr, nodes.Name) and (found := scope.find(item.expr)):
        method = found[1].method
    exact, real = groups.exact(item.expr, scope), kinds.is_real(item.expr, scope)
    return Column(name, "value", classes, method, exact, real)


# ------------------------------------------------------------------ GROUP BY, HAVING


def _grouped(query: nodes.Select, items: list[nodes.SelectItem], rows: list[Joined], scope: Scope) -> list[Env]:
    written = [_key_expr(key.expr, items, scope) for key in query.group_by]
    if any(groups.has_aggregate(k) for k in written):
        raise RefusedError("an aggregate in GROUP BY")
    names = [_key_name(key) for key in query.group_by]
    shapes = [expressions.shape(k, scope) for k in written]
    found: dict[Row, list[Joined]] = {} if written else {(): []}
    for row in rows:
        values = tuple(expressions.value(k, Env(scope, row)) for k in written)
        found.setdefault(values, []).append(row)
    envs = []
    for values, group in found.items():
        keys = tuple(Key(s, n, v) for s, n, v in zip(shapes, names, values))
        env = Env(scope, None, group, keys)
        if query.having is None or expressions.value(query.having, _with_outputs(env, items)) is True:
            envs.append(env)
    return envs


def _key_expr(expr: nodes.Expr, items: list[nodes.SelectItem], scope: Scope) -> nodes.Expr:
    """A key, or what an item of SELECT calls by the key's name."""
    if isinstance(expr, nodes.Name) and len(expr.parts) == 1 and scope.find(expr) is None:
        word = expr.parts[0].casefold()
        named = [i.expr for i in items if i.alias is not None and i.alias.casefold() == word]
        if named:
            return named[0]
    return expr


def _key_name(key: nodes.GroupKey) -> str | None:
    if key.alias is not None:
        return key.alias.casefold()
    if isinstance(key.expr, nodes.Name):
        return key.expr.parts[-1].casefold()
    return "cell" if isinstance(key.expr, nodes.Call) and key.expr.name == "cell" else None


def _with_outputs(env: Env, items: list[nodes.SelectItem]) -> Env:
    outputs = {i.alias.casefold(): expressions.value(i.expr, env) for i in items if i.alias is not None}
    return replace(env, outputs=outputs)


# ------------------------------------------------------------------ ORDER BY, LIMIT, set operations


def _sort_values(order_by: tuple[nodes.SortKey, ...], env: Env, names: tuple[str | None, ...], row: Row) -> Row:
    outputs = {n.casefold(): v for n, v in zip(names, row) if n is not None}
    return tuple(_sort_value(key.expr, env, outputs, row) for key in order_by)


def _sort_value(expr: nodes.Expr, env: Env, outputs: dict[str, Any], row: Row) -> Any:
    if isinstance(expr, nodes.Number) and isinstance(expr.value, int) and 1 <= expr.value <= len(row):
        return row[expr.value - 1]
    if isinstance(expr, nodes.Name) and len(expr.parts) == 1 and expr.parts[0].casefold() in outputs:
        return outputs[expr.parts[0].casefold()]
    return expressions.value(expr, replace(env, outputs=outputs))


def compare_keys(order_by: tuple[nodes.SortKey, ...], a: Row, b: Row) -> int:
    """Which of two rows of sort values comes first; NULL comes last unless told."""
    for key, x, y in zip(order_by, a, b):
        if x is None or y is None:
            if (x is None) != (y is None):
                return (1 if x is None else -1) * (-1 if key.nulls == "first" else 1)
        elif x != y:
            return (-1 if x < y else 1) * (-1 if key.descending else 1)
    return 0


def _finish(
    columns: tuple[Column, ...],
    names: tuple[str | None, ...],
    keyed: list[tuple[Row, Row]],
    query: nodes.Select | nodes.SetOperation,
    world: World,
) -> Result:
    env = Env(_scope((), world), ())
    limit = None if query.limit is None else expressions.value(query.limit, env)
    offset = 0 if query.offset is None else expressions.value(query.offset, env)
    if query.order_by:
        keyed = sorted(keyed, key=cmp_to_key(lambda a, b: compare_keys(query.order_by, a[0], b[0])))
    kept = keyed[offset:] if limit is None else keyed[offset : offset + limit]
    order = [key for key, _ in kept] if query.order_by else None
    rows = [row for _, row in kept]
    if len(kept) == len(keyed):
        return Result(columns, names, rows, order)
    if not query.order_by:
        return Result(columns, names, rows, None, [row for _, row in keyed])
    _no_cut_tie(keyed, offset)
    if limit is not None:
        _no_cut_tie(keyed, offset + limit)
    return Result(columns, names, rows, order)


def _no_cut_tie(keyed: list[tuple[Row, Row]], place: int) -> None:
    if 0 < place < len(keyed) and keyed[place - 1][0] == keyed[place][0] and keyed[place - 1] != keyed[place]:
        raise UndeterminedError("LIMIT or OFFSET cuts rows that ORDER BY holds equal")


def _set_operation(query: nodes.SetOperation, world: World) -> Result:
    left, right = run(query.left, world), run(query.right, world)
    if len(left.columns) != len(right.columns):
        raise RefusedError("two queries of different width")
    if left.choice is not None or right.choice is not None:
        raise UndeterminedError("LIMIT without ORDER BY below a set operation")
    match query.operator:
        case "union all":
            rows = [*left.rows, *right.rows]
        case "except":
            rows = [r for r in dict.fromkeys(left.rows) if r not in right.rows]
        case "intersect":
            rows = [r for r in dict.fromkeys(left.rows) if r in right.rows]
    exact = [replace(a, exact=a.exact and b.exact) for a, b in zip(left.columns, right.columns)]
    env = Env(_scope((), world), ())
    keyed = [(_sort_values(query.order_by, env, left.names, row), row) for row in rows]
    return _finish(tuple(exact), left.names, keyed, query, world)
