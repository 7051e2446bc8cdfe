"""One statement at work: its text and values, and what every kind of statement needs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cubeql.analyze import Context
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.catalog.rights import Deed
from cubeql.compiler import CompiledQuery, closed_plan
from cubeql.engine.execute import Measured, prepare, ready, stream, versions_read
from cubeql.engine.explain import cost, explain, explain_closed
from cubeql.engine.explanation import Explanation
from cubeql.engine.prepared import Prepared
from cubeql.engine.ready import Ready
from cubeql.engine.result import Result
from cubeql.engine.running import Halt, Running
from cubeql.errors import NotAllowed, QueryError, diagnose
from cubeql.lang import nodes
from cubeql.storage import Snapshot, Store
from cubeql.storage.names import is_layer_name
from cubeql.storage.traffic import Meter

if TYPE_CHECKING:
    from cubeql.engine.statements.engine import Engine

Named = nodes.Create | nodes.CreateRaster | nodes.Alter
_ACTUAL = ("rows", "prepare_seconds", "seconds", "requests", "bytes_network")


class Call:
    """One statement at work.

    Args:
        engine: what runs it.
        text: the statement.
        values: of its parameters, by name.
        timeout_s: its time limit.
        halt: stops it; None where only the session does.
    """

    def __init__(
        self,
        engine: Engine,
        text: str,
        values: Mapping[str, Any],
        timeout_s: float | None,
        halt: Halt | None = None,
    ) -> None:
        self.engine = engine
        self.store: Store = engine.seen
        self.text = text
        self.values = values
        self.timeout_s = timeout_s
        self._halt = halt
        self.reads: dict[str, int | None] = {}
        """The versions of the layers that were read for it, by name."""
        self._meter = Meter()

    @property
    def temp_folder(self) -> str | None:
        """Where files are written that go elsewhere in the end; None means the system's own."""
        folder = self.engine.settings.get("temp_folder")
        return None if folder is None else str(folder)

    def refuse(self, code: str, node: nodes.Node, **facts: Any) -> QueryError:
        """The error of one fault."""
        return QueryError([diagnose(code, node.span, **facts)], self.text)

    def unknown(self, code: str, node: nodes.Node, name: str, known: tuple[str, ...]) -> QueryError:
        """The error of a name that is not among those known."""
        context = Context(self.store, {})
        context.unknown(code, node.span, name, known, mends=False)
        return QueryError(context.faults, self.text)

    def allow(self, deed: Deed, node: nodes.Node, name: str = "") -> None:
        """Refuse what the user has no right to do, before anything is done.

        Raises:
            QueryError: he has not.
        """
        try:
            self.store.allow(deed, name)
        except NotAllowed as refused:
            raise QueryError([replace(refused.diagnostics[0], span=node.span)], self.text) from refused

    def running(self, compiled: CompiledQuery | None = None) -> Running:
        """A connection for this statement, or for a query of it."""
        remote = self.engine.remote
        if remote is not None:
            remote.renew()
        running = Running(self.engine.database.cursor(), self.text, self.timeout_s, remote, self._meter)
        running.views = compiled.reads.views if compiled is not None else ()
        self.engine.started(running)
        if self._halt is not None:
            self._halt.begun(running)
        return running

    def compile(self, query: nodes.Query) -> CompiledQuery:
        """Compile a query of this statement."""
        if self.engine.remote is None and not self.engine.attached:
            return self.engine.compile(query, self.text, self.values)
        running = self.running()  # the catalog is far too, and may not answer
        with running.faults():
            found = running.work(lambda: self.engine.compile(query, self.text, self.values))
        running.close()
        return found

    def query(self, query: nodes.Query, ordered_by: tuple[str, ...] = ()) -> Result:
        """Run a query."""
        return self.execute(replace(self.compile(query), ordered_by=ordered_by))

    def execute(self, compiled: CompiledQuery) -> Result:
        """Run a compiled query."""
        running = self.running(compiled)
        return stream(self._prepared(compiled, running), running)

    def ready(self, query: nodes.Query, run_s: float | None) -> Ready:
        """A query ready to run, within ``run_s`` seconds once it is started."""
        compiled = self.compile(query)
        running = self.running(compiled)
        return ready(self._prepared(compiled, running), running, run_s)

    def _prepared(self, compiled: CompiledQuery, running: Running) -> Prepared:
        engine = self.engine
        in_place = engine.in_place(self.text)
        prepared = prepare(compiled, engine.store, running, engine.caches, in_place, engine.reach, engine.attached)
        self.reads |= versions_read(prepared)
        return prepared

    def explanation(self, query: nodes.Query, analyze: bool) -> Explanation:
        """What a query will do, or did."""
        compiled = self.compile(query)
        running = self.running(compiled)
        prepared = self._prepared(compiled, running)
        with running.faults():
            to_read = running.work(lambda: cost(prepared, running.cursor))
            for shipment in prepared.shipped.values():
                running.work(shipment.ask_plan)
        actual: dict[str, float] = {}
        measured = Measured() if analyze else None
        if measured is not None:
            result = stream(prepared, running, measured)
            for _ in result:
                pass
            actual = {k: round(float(result.stats[k]), 4) for k in _ACTUAL if k in result.stats}
        running.close()
        if compiled.reads.hidden:
            return self._closed(query, compiled, actual)
        return explain(prepared, to_read, actual, measured)

    def _closed(self, query: nodes.Query, compiled: CompiledQuery, actual: dict[str, float]) -> Explanation:
        """The explanation of a query that reads views which hide what lies beneath."""
        with suppress(QueryError):  # analysis may look into a query that is closed
            plan = closed_plan(query, self.store, self.values)
            return explain_closed(compiled.reads.views, plan, actual)
        return explain_closed(compiled.reads.views, None, actual)

    # -------------------------------------------------------------- names

    def _check_own(self, name: str, node: nodes.Node) -> None:
        """Refuse a name of something on an attached server, which is only read from here."""
        server = self.engine.attached.of(name)
        if server is not None:
            raise self.refuse("only_read_here", node, name=name, server=server.name)

    def snapshot(self, name: tuple[str, ...], node: nodes.Node) -> Snapshot:
        """The layer that a statement names."""
        written = ".".join(name)
        self._check_own(written, node)
        if self.store.layer(written) is None:
            raise self.unknown("unknown_layer", node, written, self.store.layer_names())
        return self.store.snapshot(written)

    def new_name(self, name: tuple[str, ...], node: Named, kind: str, replace: bool = False) -> str:
        """A name that a layer, view or set of cells can take: well formed, and no other's.

        Args:
            name: as written.
            node: the statement.
            kind: ``layer``, ``view`` or ``cells``.
            replace: whether it may be that of one of the same kind.

        Raises:
            QueryError: it cannot.
        """
        written = ".".join(name)
        self._check_own(written, node)
        if not is_layer_name(written):
            raise self.refuse("layer_name", node, name=written)
        self.allow("make", node, written)
        found = self.store.kind_of(written)
        if found is None or (found == kind and replace):
            return written
        if found == kind == "layer":
            raise self.refuse("layer_exists", node, name=written)
        way = f"write CREATE OR REPLACE {kind.upper()}, or choose" if found == kind else "choose"
        raise self.refuse("name_taken", node, name=written, kind=_KINDS[found], way=way)

    # -------------------------------------------------------------- options

    def texts(self, expr: nodes.Expr, what: str) -> list[str]:
        """A text, or a list of them.

        Raises:
            QueryError: it is none.
        """
        try:
            value = _value_of(Context(self.store, self.values), expr)
        except NotConstant:
            value = None
        found = value if isinstance(value, list) else [value]
        if not found or not all(isinstance(text, str) for text in found):
            raise self.refuse("not_a_constant", expr, what=what)
        return found

    def options(self, options: tuple[nodes.Option, ...], statement: str, known: tuple[str, ...]) -> dict[str, Any]:
        """Values of WITH (…), all of them known options of the statement."""
        context = Context(self.store, self.values)
        found = {}
        for option in options:
            try:
                found[option.name.casefold()] = _value_of(context, option.value)
            except NotConstant:
                raise self.refuse("not_a_constant", option.value, what=f"the option {option.name}") from None
        for option in options:
            if option.name.casefold() not in known:
                listed = ", ".join(known) or "none"
                raise self.refuse("unknown_option", option, statement=statement, name=option.name, known=listed)
        return found


def _value_of(context: Context, expr: nodes.Expr) -> Any:
    """A constant, or a list of them."""
    if isinstance(expr, nodes.ListOf):
        return [value_of(context, item) for item in expr.items]
    return value_of(context, expr)


_KINDS = {"layer": "a layer", "view": "a view", "cells": "a set of cells"}
