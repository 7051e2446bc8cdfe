"""A query: its clauses bound in the order they take effect."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import (
    Bound,
    BoundJoin,
    BoundQuery,
    BoundSelect,
    BoundSetOperation,
    Column,
    Constant,
    Focal,
    Item,
    LayerRef,
    OutputColumn,
    SortBy,
    Window,
    conjuncts,
    walk,
)
from cubeql.analyze.checks import check_units
from cubeql.analyze.constants import percentage, whole_number
from cubeql.analyze.context import Context
from cubeql.analyze.expressions import Binder
from cubeql.analyze.grouping import Groups, has_aggregate
from cubeql.analyze.origins import drawn_as, origin_of
from cubeql.analyze.scope import Scope, source_columns
from cubeql.analyze.shipped import Shipped
from cubeql.analyze.shipping import form_of, sent
from cubeql.analyze.sources import bind_join, bind_source, check_alias, grid_of, on_grid
from cubeql.lang import nodes, print_expr
from cubeql.values.types import ANY, common


def bind_query(context: Context, query: nodes.Query) -> BoundQuery:
    """The bound query; where it is at fault the faults are noted and some query is given."""
    outer, forms, unsent = dict(context.named), dict(context.forms), len(context.unsent)
    for cte in query.ctes if isinstance(query, (nodes.Select, nodes.SetOperation)) else ():
        form = form_of(context, cte.query)
        context.named[cte.name.casefold()] = bind_query(context, cte.query)
        context.forms[cte.name.casefold()] = form
    try:
        found = sent(context, query, _bound(context, query))
    finally:
        context.named.clear()
        context.named.update(outer)
        context.forms.clear()
        context.forms.update(forms)
    if isinstance(found, Shipped):
        del context.unsent[unsent:]
    return found


def bind_whole(context: Context, query: nodes.Query) -> BoundQuery:
    """The bound query of a statement; what it reads itself of attached servers is a fault."""
    found = bind_query(context, query)
    if any(f.severity == "error" for f in context.faults):
        return found  # with other faults nothing could be sent
    for name, span in context.unsent:
        context.fault("not_sent", span, name=name)
    return found


def _bound(context: Context, query: nodes.Query) -> BoundQuery:
    if isinstance(query, nodes.SetOperation):
        return _set_operation(context, query)
    assert isinstance(query, nodes.Select)
    return _Select(context, query).bind()


def _set_operation(context: Context, query: nodes.SetOperation) -> BoundQuery:
    left, right = bind_query(context, query.left), bind_query(context, query.right)
    if len(left.columns) != len(right.columns):
        context.fault("columns_differ", query.span, operator=query.operator.upper(), left=len(left.columns),
                      right=len(right.columns))  # fmt: skip
    columns = _together(context, query, (left, right))
    scope = Scope(context, aliases={
        c.name.casefold(): Column(c.type, 0, c.name) for c in columns
    }, aliases_first=True)  # fmt: skip
    binder = Binder(context, scope, lambda q: bind_query(context, q), clause="ORDER BY")
    order = tuple(binder.sort_key(k) for k in query.order_by)
    limit, offset = _count(context, query.limit, "LIMIT"), _count(context, query.offset, "OFFSET")
    return BoundSetOperation(columns, query.operator, left, right, order, limit, offset)


def _count(context: Context, expr: nodes.Expr | None, what: str) -> int | None:
    return None if expr is None else whole_number(context, expr, what, 0)


def _together(context: Context, query: nodes.SetOperation, sides: tuple[BoundQuery, BoundQuery]) -> tuple[
    OutputColumn, ...
]:
    """Columns of two queries combined: names of the left one, types that both share."""
    found = []
    for left, right in zip(sides[0].columns, sides[1].columns, strict=False):
        kind = common((left.type, right.type))
        if kind is None:
            context.fault("no_common_type", query.span, types=f"{left.type}, {right.type} in column '{left.name}'")
        check_units(context, (Column(left.type, 0, left.name), Column(right.type, 1, right.name)), query.span)
        found.append(OutputColumn(left.name, kind or ANY))
    return tuple(found)


class _Select:
    """Binds one SELECT."""

    def __init__(self, context: Context, query: nodes.Select) -> None:
        self.context = context
        self.query = query
        self.scope = Scope(context)
        self.binder = Binder(context, self.scope, lambda q: bind_query(context, q))

    def bind(self) -> BoundQuery:
        query, context = self.query, self.context
        assert query.source is not None, "a query without FROM is no statement"
        source = bind_source(context, query.source, self.binder.bind_query)
        if source is None:
            return self._without_source()
        self.scope.sources.append(source)
        self.scope.resolution = grid_of(context, source, query.resolution)
        self.scope.sources[0] = on_grid(source, self.scope.resolution)
        joins = self._joins()
        filters = tuple(c for f in query.filters for c in conjuncts(self.binder.within(clause="FILTER").condition(f)))
        keys = self._keys()
        items = self._items()
        return self._finish(joins, filters, keys, items)

    def _without_source(self) -> BoundQuery:
        """The other faults of a query whose driving layer is unknown."""
        self.scope.incomplete = True
        for part in (
            *self.query.filters,
            *(i.expr for i in self.query.items if not isinstance(i.expr, nodes.Star)),
        ):
            self.binder.within(aggregates=True, windows=True).bind(part)
        return BoundQuery(())

    def _joins(self) -> tuple[BoundJoin, ...]:
        joins = []
        for join in self.query.joins:
            source = bind_source(self.context, join.source, self.binder.bind_query, joined=True)
            if source is None:
                self.scope.incomplete = True
                continue
            check_alias(self.context, self.scope, source, join.source)
            joins.append(bind_join(self.binder, join, source))
            if join.kind in ("semi", "anti"):
                self.scope.hidden[joins[-1].source] = join.kind
        return tuple(joins)

    def _keys(self) -> list[Bound]:
        binder = self.binder.within(clause="GROUP BY")
        by_alias = {i.alias.casefold(): i.expr for i in self.query.items if i.alias}
        keys: list[Bound] = []
        for key in self.query.group_by:
            bound = binder.bind(self._aliased(key.expr, by_alias))
            keys.append(bound)
            if key.alias:
                self.scope.aliases[key.alias.casefold()] = bound
        self._name_cell_key(keys)
        self.scope.keys = tuple(keys)
        self.scope.aliases_first = True
        return keys

    def _name_cell_key(self, keys: list[Bound]) -> None:
        """Where the only cell key is CELL(n), the groups' cell is that one: SELECT cell means it."""
        cells = [k for k in keys if k.type.name == "cell" and not isinstance(k, Column)]
        if len(cells) == 1 and not any(isinstance(k, Column) and k.type.name == "cell" for k in keys):
            self.scope.aliases.setdefault("cell", cells[0])

    def _aliased(self, expr: nodes.Expr, by_alias: dict[str, nodes.Expr]) -> nodes.Expr:
        """The SELECT item that a bare name in GROUP BY means, where it is no column."""
        if not isinstance(expr, nodes.Name) or len(expr.parts) != 1:
            return expr
        name = expr.parts[0].casefold()
        known = {n.casefold() for n in self.scope.known_names()}
        return by_alias[name] if name in by_alias and name not in known else expr

    # -------------------------------------------------------------- SELECT

    def _items(self) -> list[Item]:
        binder = self.binder.within(clause="SELECT", aggregates=True, windows=True)
        items: list[Item] = []
        taken: set[str] = set()  # capitals make no other name
        for item in self.query.items:
            if isinstance(item.expr, nodes.Star):
                found = self._star(item.expr)
                items += found
                taken |= {i.name.casefold() for i in found}
                continue
            expr = binder.bind(item.expr)
            name = item.alias or self._name(item.expr, expr)
            if item.alias is None and name.casefold() in taken and isinstance(item.expr, nodes.Name):
                name = ".".join(item.expr.parts)
            if name.casefold() in taken:
                self.context.fault("duplicate_column", item.span, name=name)
            items.append(Item(name, expr))
            taken.add(name.casefold())
        return items

    def _name(self, node: nodes.Expr, bound: Bound) -> str:
        if isinstance(bound, Column) and isinstance(node, nodes.Name):
            return bound.name if node.parts[-1].casefold() == bound.name.casefold() else node.parts[-1]
        return node.parts[-1] if isinstance(node, nodes.Name) else print_expr(node)

    def _star(self, star: nodes.Star) -> list[Item]:
        scope = self.scope
        if self.query.group_by:
            self.context.fault("star_with_group", star.span)
            return []
        wanted = scope.source_number(star.qualifier) if star.qualifier else None
        if star.qualifier and wanted is None:
            self.context.unknown(
                "unknown_source", star.span, ".".join(star.qualifier), [s.alias for s in scope.sources], "{}.*"
            )
            return []
        found: dict[str, Bound] = {}
        if isinstance(scope.sources[0], LayerRef) and wanted in (None, 0):
            cell = scope.grid_cell(star.span)
            found["cell"] = cell or Constant(ANY, None)
            time = scope.time_column(star.span)
            if time is not None and wanted is None:
                found["time"] = time
        for number, source in enumerate(scope.sources):
            if number not in scope.hidden and wanted in (None, number):
                self._add_columns(found, number, source.alias, star)
        return [Item(name, expr) for name, expr in found.items()]

    def _add_columns(self, found: dict[str, Bound], number: int, alias: str, star: nodes.Star) -> None:
        for name, kind in source_columns(self.scope.sources[number]).items():
            column = Column(kind, number, name, span=star.span)
            if column in found.values() or (number and name == "cell" and kind.name == "cell"):
                continue
            found[f"{alias}.{name}" if name in found else name] = column

    # -------------------------------------------------------------- the rest

    def _finish(
        self, joins: tuple[BoundJoin, ...], filters: tuple[Bound, ...], keys: list[Bound], items: list[Item]
    ) -> BoundSelect:
        query, scope = self.query, self.scope
        scope.aliases |= (
            {i.alias.casefold(): item.expr for i, item in zip(query.items, items, strict=False) if i.alias}
            if not any(isinstance(i.expr, nodes.Star) for i in query.items)
            else {i.name.casefold(): i.expr for i in items}
        )
        later = self.binder.within(aggregates=True, windows=True)
        having = later.within(clause="HAVING", windows=False).condition(query.having) if query.having else None
        qualify = later.within(clause="QUALIFY").condition(query.qualify) if query.qualify else None
        if qualify is not None and not any(isinstance(e, Window) for e in walk(qualify)):
            self.context.fault("qualify_without_window", query.qualify.span if query.qualify else None)
        order = [self._sort(later.within(clause="ORDER BY"), k, items) for k in query.order_by]
        if query.distinct:
            self._check_distinct(items, order)
        exprs = [*(i.expr for i in items), *(s.expr for s in order), *([having] if having else [])]
        grouped = bool(query.group_by) or any(has_aggregate(e) for e in exprs)
        if having is not None and not grouped:
            self.context.fault("having_without_group", query.having.span if query.having else None)
        origins = [(origin_of(i.expr, scope.sources), drawn_as(i.expr, scope.sources)) for i in items]
        group_by = None
        if grouped and not self._has_disks([*exprs, *([qualify] if qualify else [])]):
            groups = Groups(self.context, tuple(keys))
            items = [replace(i, expr=groups.regroup(i.expr)) for i in items]
            having = groups.regroup(having) if having else None
            qualify = groups.regroup(qualify) if qualify else None
            order = [replace(s, expr=groups.regroup(s.expr)) for s in order]
            group_by = tuple(groups.keys)
        baselines = tuple(b.joined(scope) for b in scope.baselines)
        return BoundSelect(
            columns=tuple(OutputColumn(i.name, i.expr.type, *o) for i, o in zip(items, origins, strict=True)),
            sources=(*scope.sources, *(source for source, _ in baselines)),
            joins=(*joins, *(join for _, join in baselines)),
            resolution=scope.resolution,
            filters=filters,
            group_by=group_by,
            items=tuple(items),
            having=having,
            qualify=qualify,
            distinct=query.distinct,
            order_by=tuple(order),
            limit=_count(self.context, query.limit, "LIMIT"),
            offset=_count(self.context, query.offset, "OFFSET"),
            sample=self._sample(group_by),
        )

    def _sample(self, group_by: tuple[Bound, ...] | None) -> float | None:
        """Percent of the rows that are taken; None takes all."""
        written = self.query.sample
        if written is None:
            return None
        if group_by == ():
            self.context.fault("sample_of_one_row", written.span)
            return None
        percent = percentage(self.context, written)
        return percent if percent is not None and percent < 100 else None

    def _has_disks(self, exprs: list[Bound]) -> bool:
        """Whether something is taken around the cells of rows, where there are groups; then the fault is noted."""
        found = [p for e in exprs for p in walk(e) if isinstance(p, Focal)]
        for disk in found:
            self.context.fault("disk_in_groups", disk.span)
        return bool(found)

    def _check_distinct(self, items: list[Item], order: list[SortBy]) -> None:
        """DISTINCT rows have no one value of what is not among their columns."""
        shown = [i.expr for i in items]
        for key, sort in zip(self.query.order_by, order, strict=True):
            if sort.expr not in shown and sort.expr.type != ANY:
                self.context.fault("distinct_order", key.span)

    def _sort(self, binder: Binder, key: nodes.SortKey, items: list[Item]) -> SortBy:
        """An ORDER BY entry; a bare number names a result column by its place, a bare name by its name."""
        if isinstance(key.expr, nodes.Number) and isinstance(key.expr.value, int) and 1 <= key.expr.value <= len(items):
            return SortBy(items[key.expr.value - 1].expr, key.descending, key.nulls == "first")
        if isinstance(key.expr, nodes.Name) and len(key.expr.parts) == 1:
            named = [i for i in items if i.name.casefold() == key.expr.parts[0].casefold()]
            if len(named) == 1:
                return SortBy(named[0].expr, key.descending, key.nulls == "first")
        return binder.sort_key(key)
