"""What runs statements on one store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from cubeql.catalog import Catalog
from cubeql.catalog.rights import KEEPER, Who
from cubeql.compiler import CompiledQuery, compile_query
from cubeql.engine.attachments import Attachments
from cubeql.engine.caches import Caches
from cubeql.engine.explanation import Explanation
from cubeql.engine.inplace import MOST_CELLS, InPlace, Rasters
from cubeql.engine.ready import Ready, ended
from cubeql.engine.result import Result
from cubeql.engine.running import Halt, Running, left_alone
from cubeql.engine.stac import collection
from cubeql.engine.statements.call import Call
from cubeql.engine.statements.handlers import handler_of
from cubeql.engine.statements.listings import held
from cubeql.engine.zonefunctions import provide_zone_functions
from cubeql.errors import NotAllowed, QueryError
from cubeql.lang import nodes
from cubeql.plan import RULES, Rule
from cubeql.storage import Store
from cubeql.storage.reach import ANYWHERE, Reach

if TYPE_CHECKING:
    from cubeql.engine.remote import Remote


def _remote(database: duckdb.DuckDBPyConnection, store: Store) -> Remote | None:
    if store.address.scheme != "s3":
        return None
    from cubeql.engine.remote import Remote  # loads what only S3 needs

    return Remote(database, store.address)


class Engine:
    """Runs statements on one store.

    Args:
        database: DuckDB, set up.
        store: the store.
        rules: optimiser rules to apply.
        settings: shown by SHOW SETTINGS.
        started: told of every statement that starts and ends, so that it can be cancelled.
        change: gives a setting another value, or raises a ConfigError.
        rasters: what reads rasters in place; None where that is not allowed.
        who: for whom statements run; what he may not read is absent.
        beside: an engine on the same database and store, whose caches it shares.
        reach: which files statements may name.
        attached: the servers that are attached; without it none can be.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        store: Store,
        rules: tuple[Rule, ...] = RULES,
        settings: Mapping[str, object] | None = None,
        started: Callable[[Running], None] = lambda running: None,
        change: Callable[[str, Any], None] = lambda name, value: None,
        rasters: Rasters | None = None,
        who: Who = KEEPER,
        beside: Engine | None = None,
        reach: Reach = ANYWHERE,
        attached: Attachments | None = None,
    ) -> None:
        self.database = database
        self.store = store
        self.who: Who = who
        self.seen = store if who is KEEPER else store.seen_by(who)
        """The store as statements see it; what a compiled query reads is read from the store itself."""
        self.rules = rules
        self.settings: Mapping[str, object] = settings or {}
        self.told: tuple[str, ...] = tuple(self.settings)
        """The settings that statements can see."""
        self.reach = reach
        self.started = started
        self.change = change
        self.rasters = rasters
        self.attached = Attachments() if attached is None else attached
        self._beside = beside
        self.caches: Caches = Caches() if beside is None else beside.caches
        self.remote: Remote | None = _remote(database, store) if beside is None else beside.remote
        if beside is None:
            provide_zone_functions(database, self.caches.zones)

    def in_place(self, text: str) -> InPlace:
        """The rasters that one statement reads in place."""
        most = self.settings.get("in_place_cells")
        return InPlace(self.rasters, most if isinstance(most, int) else MOST_CELLS, self.store, text)

    @property
    def catalog(self) -> Catalog:
        """What statements can name: the store, and what lies on attached servers."""
        return self.attached.mounted(self.seen)

    def close(self) -> None:
        """Free the database, unless it is another's; statements that still run keep what they need until they end."""
        self.attached.close()
        if self._beside is not None:
            return
        if left_alone():  # closing waits for what the engine still works on
            threading.Thread(target=self.database.close).start()
            return
        self.database.close()

    def run(
        self, statement: nodes.Statement, text: str, values: Mapping[str, Any], timeout_s: float | None = None
    ) -> Result:
        """Run a statement of any kind.

        Raises:
            QueryError: the statement is at fault.
            StoreError: the store is.
        """
        return self._run(Call(self, text, values, timeout_s), statement)

    def _run(self, call: Call, statement: nodes.Statement) -> Result:
        handler = handler_of(statement)
        if handler is None:
            raise call.refuse("not_supported", statement, construct=type(statement).__name__.upper(), suggestion="")
        try:
            return handler(call, statement)
        except NotAllowed as refused:  # a right that was lost while the statement ran
            raise QueryError([replace(refused.diagnostics[0], span=statement.span)], call.text) from refused

    def ready(
        self,
        statement: nodes.Statement,
        text: str,
        values: Mapping[str, Any],
        timeout_s: float | None = None,
        bind_s: float | None = None,
        halt: Halt | None = None,
    ) -> Ready:
        """A query made ready to run, within ``bind_s``; a statement of another kind is run, and its result waits.

        Raises:
            QueryError: the statement is at fault.
            StoreError: the store is.
        """
        if isinstance(statement, nodes.QueryStatement):
            return Call(self, text, values, bind_s, halt).ready(statement.query, timeout_s)
        call = Call(self, text, values, timeout_s, halt)
        return replace(ended(self._run(call, statement)), reads=call.reads)

    def compile(self, query: nodes.Query, text: str, values: Mapping[str, Any]) -> CompiledQuery:
        """Compile a query for this store."""
        return compile_query(query, self.catalog, values, text, self.rules)

    def collection(self, name: str) -> dict[str, Any]:
        """The STAC Collection of a layer."""
        snapshot = self.seen.snapshot(name)
        return collection(snapshot.layer, held(Call(self, f"DESCRIBE {name}", {}, None), snapshot))

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
