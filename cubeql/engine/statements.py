"""Statements, each kind its handler: a table of kinds, not a chain of branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from cubeql.analyze import Context
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.compiler import CompiledQuery, compile_query
from cubeql.engine import listing
from cubeql.engine.execute import execute, prepare, stream, work_stats
from cubeql.engine.explain import Explanation, explain
from cubeql.engine.geometry import GeometryCache
from cubeql.engine.layers import target_of, write_layer
from cubeql.engine.result import Result, done, rows
from cubeql.engine.running import Running
from cubeql.errors import QueryError, diagnose
from cubeql.lang import nodes
from cubeql.plan import RULES, Rule
from cubeql.storage import Snapshot, Store
from cubeql.storage.names import is_layer_name

_LAYER_FACTS = ("title", "licence", "citation")


class Engine:
    """Runs statements on one store.

    Args:
        database: DuckDB, set up.
        store: the store.
        rules: optimiser rules to apply.
        settings: shown by SHOW SETTINGS.
        started: told of every statement that starts and ends, so that it can be cancelled.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        store: Store,
        rules: tuple[Rule, ...] = RULES,
        settings: Mapping[str, object] | None = None,
        started: Callable[[Running], None] = lambda running: None,
    ) -> None:
        self.database = database
        self.store = store
        self.rules = rules
        self.settings = settings or {}
        self.started = started
        self.geometry = GeometryCache()

    def close(self) -> None:
        """Free the database; statements that still run keep what they need until they end."""
        self.database.close()

    def run(
        self, statement: nodes.Statement, text: str, values: Mapping[str, Any], timeout_s: float | None = None
    ) -> Result:
        """Run a statement of any kind.

        Raises:
            QueryError: the statement is at fault.
            StoreError: the store is.
        """
        call = Call(self, text, values, timeout_s)
        handler = _HANDLERS.get(type(statement))
        if handler is None:
            raise call.refuse("not_supported", statement, construct=type(statement).__name__.upper(), suggestion="")
        return handler(call, statement)

    def compile(self, query: nodes.Query, text: str, values: Mapping[str, Any]) -> CompiledQuery:
        """Compile a query for this store."""
        return compile_query(query, self.store, values, text, self.rules)

    def explain(
        self,
        query: nodes.Query,
        text: str,
        values: Mapping[str, Any],
        analyze: bool,
        timeout_s: float | None = None,
    ) -> Explanation:
        """What a query will do, or (``analyze``) did."""
        return Call(self, text, values, timeout_s).explanation(query, analyze)


class Call:
    """One statement at work."""

    def __init__(self, engine: Engine, text: str, values: Mapping[str, Any], timeout_s: float | None) -> None:
        self.engine = engine
        self.store = engine.store
        self.text = text
        self.values = values
        self.timeout_s = timeout_s

    def refuse(self, code: str, node: nodes.Node, **facts: Any) -> QueryError:
        """The error of one fault."""
        return QueryError([diagnose(code, node.span, **facts)], self.text)

    def running(self) -> Running:
        """A connection for this statement."""
        running = Running(self.engine.database.cursor(), self.text, self.timeout_s)
        self.engine.started(running)
        return running

    def query(self, query: nodes.Query, ordered_by: tuple[str, ...] = ()) -> Result:
        """Run a query."""
        compiled = self.engine.compile(query, self.text, self.values)
        return self.execute(replace(compiled, ordered_by=ordered_by))

    def execute(self, compiled: CompiledQuery) -> Result:
        """Run a compiled query."""
        return execute(compiled, self.store, self.running(), self.engine.geometry)

    def explanation(self, query: nodes.Query, analyze: bool) -> Explanation:
        """What a query will do, or did."""
        compiled = self.engine.compile(query, self.text, self.values)
        running = self.running()
        prepared = prepare(compiled, self.store, running, self.engine.geometry)
        actual: dict[str, float] = {}
        if analyze:
            result = stream(prepared, running)
            for _ in result:
                pass
            wanted = ("rows", "prepare_seconds", "seconds")
            actual = {k: round(float(result.stats[k]), 4) for k in wanted}
        with running.faults():
            found = explain(prepared, actual)
        running.close()
        return found

    def snapshot(self, name: tuple[str, ...], node: nodes.Node) -> Snapshot:
        """The layer that a statement names."""
        written = ".".join(name)
        if self.store.layer(written) is None:
            context = Context(self.store, {})
            context.unknown("unknown_layer", node.span, written, self.store.layer_names())
            raise QueryError(context.faults, self.text)
        return self.store.snapshot(written)

    def options(self, options: tuple[nodes.Option, ...]) -> dict[str, Any]:
        """Values of WITH (…)."""
        context = Context(self.store, self.values)
        found = {}
        for option in options:
            try:
                found[option.name.casefold()] = value_of(context, option.value)
            except NotConstant:
                raise self.refuse("not_a_constant", option.value, what=f"the option {option.name}") from None
        return found


def _query(call: Call, statement: nodes.QueryStatement) -> Result:
    return call.query(statement.query)


def _explain(call: Call, statement: nodes.Explain) -> Result:
    found = call.explanation(statement.query, statement.analyze)
    result = rows(found.to_arrow(), call.text)
    result.stats |= work_stats(list(found.scans))
    return result


def _show(call: Call, statement: nodes.Show) -> Result:
    shower = _SHOWN.get(statement.what)
    if shower is None:
        raise call.refuse("not_supported", statement, construct=f"SHOW {statement.what.upper()}", suggestion="")
    return rows(shower(call, statement), call.text)


def _times(call: Call, statement: nodes.Show) -> Any:
    running = call.running()
    with running.faults(), running.engine():
        table = listing.times(call.snapshot(statement.name, statement), running.cursor)
    running.close()
    return table


_SHOWN: dict[str, Callable[[Call, nodes.Show], Any]] = {
    "layers": lambda c, s: listing.layers(c.store, s.like),
    "bands": lambda c, s: listing.bands(c.snapshot(s.name, s).layer),
    "times": _times,
    "versions": lambda c, s: listing.versions(c.store, c.snapshot(s.name, s).layer.name),
    "functions": lambda c, s: listing.functions(s.like),
    "settings": lambda c, s: listing.settings(c.engine.settings),
}


def _describe(call: Call, statement: nodes.Describe) -> Result:
    if statement.query is not None:
        return rows(
            listing.describe_query(call.engine.compile(statement.query, call.text, call.values).columns),
            call.text,
        )
    return rows(listing.describe_layer(call.snapshot(statement.name, statement)), call.text)


def _create(call: Call, statement: nodes.Create) -> Result:
    if statement.kind != "layer":
        raise call.refuse("not_supported", statement, construct=f"CREATE {statement.kind.upper()}",
                          suggestion="use WITH inside the query")  # fmt: skip
    name = ".".join(statement.name)
    if not is_layer_name(name):
        raise call.refuse("layer_name", statement, name=name)
    if call.store.layer(name) is not None and not statement.replace:
        raise call.refuse("layer_exists", statement, name=name)
    facts = call.options(statement.options)
    for option in statement.options:
        if option.name.casefold() not in _LAYER_FACTS:
            raise call.refuse("unknown_option", option, statement="CREATE LAYER", name=option.name,
                              known=", ".join(_LAYER_FACTS))  # fmt: skip
    compiled = call.engine.compile(statement.query, call.text, call.values)
    target = target_of(name, compiled.columns, {k: str(v) for k, v in facts.items()}, call.text)
    order = (target.cell, *((target.time,) if target.time else ()))
    with call.execute(replace(compiled, ordered_by=order)) as result:
        tiles, cells = write_layer(call.store, target, result, statement.replace, call.text)
    return done(f"layer {name}: {cells:,} cells in {tiles:,} tile rows", call.text, cells=cells, tiles=tiles)


def _drop(call: Call, statement: nodes.Drop) -> Result:
    if statement.kind != "layer":
        raise call.refuse("not_supported", statement, construct=f"DROP {statement.kind.upper()}", suggestion="")
    name = ".".join(statement.name)
    if statement.if_exists and call.store.layer(name) is None:
        return done(f"there was no layer {name}", call.text)
    call.store.drop(call.snapshot(statement.name, statement).layer.name)
    return done(f"layer {name} dropped", call.text)


def _copy(call: Call, statement: nodes.Copy) -> Result:
    from cubeql.engine.copying import check_target, copy_to  # loads what only writing needs

    context = Context(call.store, call.values)
    try:
        path = Path(str(value_of(context, statement.path)))
    except NotConstant:
        raise call.refuse("not_a_constant", statement.path, what="the path") from None
    options = call.options(statement.options)
    check_target(path, options, call.text, statement.path.span)
    with call.query(statement.query) as result:
        count = copy_to(result, path, options, call.text)
    return done(f"{path}: {count:,} rows", call.text, rows=count)


_HANDLERS: dict[type[nodes.Statement], Callable[[Call, Any], Result]] = {
    nodes.QueryStatement: _query,
    nodes.Explain: _explain,
    nodes.Show: _show,
    nodes.Describe: _describe,
    nodes.Create: _create,
    nodes.Drop: _drop,
    nodes.Copy: _copy,
}
