"""The pipeline on one page: text -> syntax tree -> bound tree -> plan -> SQL.

::

    parse_statement  text                 -> nodes.Statement
    bind             nodes.Query, catalog -> bound.BoundQuery
    plan             bound.BoundQuery     -> plan.Node          (rules applied in order)
    render           plan.Node            -> sql.Statement      (SQL tree and what it needs)

Each rung is a function of its own; :func:`compile_query` climbs them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cubeql.analyze import Context, bind_whole
from cubeql.analyze.bound import BoundQuery, OutputColumn
from cubeql.catalog import Catalog, Layer
from cubeql.errors import Diagnostic, QueryError, diagnose
from cubeql.lang import nodes, parse_query, parse_statement
from cubeql.plan import RULES, Builder, Node, Rule
from cubeql.plan import build as build_plan
from cubeql.plan.outline import plan_lines
from cubeql.sql import Statement, StatementBuilder, Values, print_query
from cubeql.sql.known import NOTHING, Known
from cubeql.sql.tree import Ident, Order, Select, Sub


@dataclass(frozen=True, slots=True)
class Reads:
    """What a query reads, as far as whoever asks may know.

    Attributes:
        hidden: views that hide what lies beneath, each with the layers there.
        open: name and version (None is the latest) of all other layers.
    """

    hidden: tuple[tuple[str, tuple[Layer, ...]], ...] = ()
    open: frozenset[tuple[str, int | None]] = frozenset()

    @property
    def views(self) -> tuple[str, ...]:
        """The views that hide what lies beneath."""
        return tuple(name for name, _ in self.hidden)

    def shows(self, layer: Layer, version: int | None) -> bool:
        """Whether a layer that is read may be told."""
        return not self.hidden or (layer.name, version) in self.open


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query ready to run.

    Attributes:
        text: the statement it came from.
        columns: shape of the result.
        plan: what will be done.
        statement: SQL tree, and the scans, regions and areas it needs.
        warnings: what analysis found that does not stop it.
        rules: the rules that were applied.
        parameters: values given beside the text.
        ordered_by: result columns that the rows come ordered by, beside what the query itself orders.
        reads: what the query reads, and what of it views hide.
    """

    text: str
    columns: tuple[OutputColumn, ...]
    plan: Node
    statement: Statement
    warnings: tuple[Diagnostic, ...]
    rules: tuple[Rule, ...]
    parameters: Mapping[str, Any]
    ordered_by: tuple[str, ...] = ()
    reads: Reads = Reads()

    @property
    def sql(self) -> str:
        """The SQL text; its scans and masks are relations that the engine provides."""
        query = self.statement.query
        if self.ordered_by:
            order = tuple(Order(Ident(n)) for n in self.ordered_by)
            query = Select((), Sub(query, "rows"), order_by=order)
        return print_query(query)

    @property
    def optimized(self) -> str:
        """The plan in words, rules applied."""
        return "\n".join(plan_lines(self.plan))

    def knowing(self, known: Known) -> CompiledQuery:
        """The same query, its SQL without the tests that what is known makes needless."""
        return replace(self, statement=render(self.plan, self.parameters, self.rules, known))


def bind(
    query: nodes.Query, catalog: Catalog, parameters: Mapping[str, Any] | None = None, text: str = ""
) -> tuple[BoundQuery, tuple[Diagnostic, ...]]:
    """The meaning of a query, and warnings.

    Raises:
        QueryError: with all faults of the query.
    """
    context = Context(catalog, parameters or {})
    return _bound(context, query, text), tuple(context.faults)


def _bound(context: Context, query: nodes.Query, text: str) -> BoundQuery:
    bound = bind_whole(context, query)
    errors = [d for d in context.faults if d.severity == "error"]
    if errors:
        raise QueryError(errors, text)
    return bound


def closed_plan(
    query: nodes.Query, catalog: Catalog, parameters: Mapping[str, Any], rules: tuple[Rule, ...] = ()
) -> Node:
    """The plan of a query as EXPLAIN may tell it: views that hide what lies beneath stay closed. It cannot be run.

    Raises:
        QueryError: with all faults of the query.
    """
    return build_plan(_bound(Context(catalog, parameters, closed=True), query, ""), rules)


def render(
    plan: Node, parameters: Mapping[str, Any], rules: tuple[Rule, ...], known: Known = NOTHING
) -> Statement:
    """The SQL tree of a plan."""
    builder = Builder(prefix="in")
    values = Values(dict(parameters))
    return StatementBuilder(values, lambda q: build_plan(q, rules, builder), known).build(plan)


def compile_query(
    query: nodes.Query | str,
    catalog: Catalog,
    parameters: Mapping[str, Any] | None = None,
    text: str = "",
    rules: tuple[Rule, ...] = RULES,
) -> CompiledQuery:
    """A query compiled for a catalog.

    Raises:
        QueryError: with all faults of the query.
    """
    if isinstance(query, str):
        text = query
        query = parse_query(query)
    parameters = parameters or {}
    context = Context(catalog, parameters)
    bound = _bound(context, query, text)
    reads = Reads(tuple((v, tuple(found.values())) for v, found in context.beneath.items()), frozenset(context.open))
    plan = build_plan(bound, rules)
    statement = render(plan, parameters, rules)
    return CompiledQuery(text, bound.columns, plan, statement, tuple(context.faults), rules, parameters,
                         reads=reads)  # fmt: skip


def query_of(text: str) -> nodes.Query:
    """The query that a text is, or that it asks to explain.

    Raises:
        QueryError: it is another statement.
    """
    statement = parse_statement(text)
    if isinstance(statement, (nodes.QueryStatement, nodes.Explain)):
        return statement.query
    raise QueryError([diagnose("not_a_query", statement.span, construct=type(statement).__name__)], text)
