"""The door for programs: a session on a store.

>>> import cubeql
>>> session = cubeql.connect("store/")                     # doctest: +SKIP
>>> session.query("SELECT cell, elevation FROM dem LIMIT 3").to_pandas()   # doctest: +SKIP
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from cubeql.catalog import Catalog, Layer
from cubeql.catalog.card import card_of, changed
from cubeql.catalog.rights import KEEPER, Who
from cubeql.compiler import CompiledQuery, query_of
from cubeql.engine.attachments import Attachments
from cubeql.engine.connection import (
    EngineSettings,
    array_bytes,
    change_engine,
    lock_engine,
    memory_bytes,
    open_engine,
)
from cubeql.engine.explanation import Explanation as Explanation
from cubeql.engine.inplace import OpenedRaster
from cubeql.engine.progress import Progress as Progress
from cubeql.engine.ready import Ready as Ready
from cubeql.engine.ready import ended as ended
from cubeql.engine.result import Result
from cubeql.engine.running import Halt as Halt
from cubeql.engine.running import Running, newest_progress
from cubeql.engine.statements import Engine
from cubeql.errors import ConfigError, StoreError
from cubeql.lang import nodes, parse, parse_statement, split_statements
from cubeql.parameters import Parameters as Parameters
from cubeql.parameters import values_of
from cubeql.plan.rules import RULES, named
from cubeql.preferences import way_to
from cubeql.settings import OF_GUESTS, reach_of, shown
from cubeql.settings import Settings as Settings
from cubeql.settings import default_store as default_store
from cubeql.storage import Store
from cubeql.storage.committing import LAYERS
from cubeql.storage.views import RasterView

if TYPE_CHECKING:
    from datetime import timedelta

    import duckdb

    from cubeql.ingest.report import IngestReport
    from cubeql.storage.compactor import CompactReport
    from cubeql.storage.vacuum import VacuumReport

_CLOSED = "this session is closed; connect again"
_FIXED = ("create", "in_place", "attach", "rules", "files_from", "copies_to", "file_bytes", "copy_bytes", "locked")


class Session:
    """Statements on one store. Queries may run in several threads at once; :meth:`cancel` may be called from any.

    Args:
        store: the store.
        settings: what the session may use.
        who: for whom statements run.
        beside: a session on the same store, whose engine is shared.
    """

    def __init__(
        self, store: Store, settings: Settings | None = None, *, who: Who = KEEPER, beside: Session | None = None
    ) -> None:
        self._whole, self.who = store, who
        self.store = store if who is KEEPER else store.seen_by(who)
        self.settings = settings or Settings()
        self._beside = beside
        engine = EngineSettings.of(self.settings, store.address)
        self._database: duckdb.DuckDBPyConnection = open_engine(engine) if beside is None else beside._database
        self._running: weakref.WeakSet[Running] = weakref.WeakSet()
        self._closed = False
        self._lock = threading.Lock()
        rules = RULES if self.settings.rules is None else named(self.settings.rules)
        self._engine: Engine = Engine(self._database, store, rules, shown(self.settings), self._started, self.set,
                              _Rasters() if self.settings.in_place else None, who,
                              None if beside is None else beside._engine,
                              reach_of(self.settings, who.name), Attachments(self.settings.attach, way_to))  # fmt: skip
        self._most_s = None if beside is None else self.settings.timeout_s
        if beside is None:
            self._engine.caches.arrays.limit(array_bytes(self._database, engine))
        else:
            self._engine.told = OF_GUESTS
        if beside is None and self.settings.locked:
            lock_engine(self._database, f"{store.address}/{LAYERS}/")

    def for_user(self, who: Who, **settings: Any) -> Session:
        """A session of somebody on the same engine: what he may not read is absent in it.

        Args:
            who: the user.
            **settings: those that are his own, see :class:`Settings`; threads and memory are shared.
        """
        chosen = Settings.of({**shown(self.settings), "attach": False, **settings})
        return Session(self._whole, chosen, who=who, beside=self)

    def another(self) -> Session:
        """A session on the same store and attached servers, which can be cancelled and closed by itself."""
        found = Session(self._whole, self.settings, who=self.who)
        found._engine.attached.follow(self._engine.attached)
        return found

    @staticmethod
    def open(store: str | os.PathLike[str] | None = None, **settings: Any) -> Session:
        """Open a store by its address; see :func:`cubeql.connect`."""
        chosen, address = Settings.of(settings), default_store() if store is None else os.fspath(store)
        return Session(Store.open(address, create=chosen.create), chosen)

    def set(self, name: str, value: Any) -> None:
        """Give a setting another value for the statements that follow; None takes it back to its default.

        Raises:
            ConfigError: there is no such setting, it is given once for all, or the value means nothing.
        """
        if name in _FIXED:
            raise ConfigError(f"{name} is given when the session is opened, and stays")
        if self._beside is not None and name not in OF_GUESTS:
            raise ConfigError(f"{name} is shared with others here, and stays")
        chosen = Settings.of({**shown(self.settings), name: value})
        if name in (f.name for f in fields(EngineSettings)):
            if chosen.locked:
                raise ConfigError(f"{name} was locked when the session was opened, and stays")
            engine = EngineSettings.of(chosen, self._whole.address)
            change_engine(self._database, name, engine)
            self._engine.caches.arrays.limit(array_bytes(self._database, engine))
        if self._most_s is not None and (chosen.timeout_s or math.inf) > self._most_s:
            if value is not None:
                raise ConfigError(f"{name} can be {self._most_s:g} at most here")
            chosen = replace(chosen, timeout_s=self._most_s)
        self.settings = chosen
        self._engine.settings = shown(chosen)

    @property
    def engine(self) -> Engine:
        """What its statements run on, for doors by which more than statements come in."""
        self._check_open()
        return self._engine

    def _at_work(self) -> list[Running]:
        with self._lock:
            return list(self._running)

    def _started(self, running: Running) -> None:
        with self._lock:
            if not self._closed:
                self._running.add(running)
                return
        running.close()
        raise ConfigError(_CLOSED)

    # -------------------------------------------------------------- statements

    def query(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Result:
        """Run one statement.

        Args:
            text: the statement.
            params: values of ``$name`` (a mapping) or ``?`` (a sequence); geometries, dates and lists can be given.
            timeout_s: time limit in seconds.

        Raises:
            QueryError: the statement is at fault; ``diagnostics`` has all faults, with places.
            StoreError: the store is.
        """
        return self._run(parse_statement(text), text, params, timeout_s)

    def ready(
        self,
        text: str,
        params: Parameters = None,
        timeout_s: float | None = None,
        *,
        bind_s: float | None = None,
        halt: Halt | None = None,
    ) -> Ready:
        """Make one statement ready to run: its schema is known, and its rows can be asked for later.

        Statements that change something are run at once; see :meth:`query`.

        Args:
            text: the statement.
            params: values of its parameters.
            timeout_s: time limit of its run in seconds, which counts from its start.
            bind_s: time limit of making it ready; None is the same as ``timeout_s``.
            halt: stops it from another thread while it is made ready, or run.
        """
        self._check_open()
        limit = self._limit(timeout_s)
        bind_s = limit if bind_s is None else bind_s
        return self._engine.ready(parse_statement(text), text, values_of(params), limit, bind_s, halt)

    def run(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Iterator[Result]:
        """Run the statements of a script one after the other; nothing is run where any cannot be read.

        A statement runs when its result is asked for; read a result before asking for the next.
        """
        parse(text)
        for part, _ in split_statements(text):
            yield self._run(parse_statement(part), part, params, timeout_s)

    def _run(self, statement: nodes.Statement, text: str, params: Parameters, timeout_s: float | None) -> Result:
        self._check_open()
        return self._engine.run(statement, text, values_of(params), self._limit(timeout_s))

    def _limit(self, asked_s: float | None) -> float | None:
        """The time limit of a statement; a guest's own can only be shorter than that of the house."""
        limit = asked_s if asked_s is not None else self.settings.timeout_s
        return limit if self._most_s is None else min(limit or math.inf, self._most_s)

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigError(_CLOSED)

    def compile(self, text: str, params: Parameters = None) -> CompiledQuery:
        """The plan and SQL of a query; nothing is read but the catalog."""
        return self._engine.compile(query_of(text), text, values_of(params))

    def explain(
        self, text: str, params: Parameters = None, analyze: bool = False, timeout_s: float | None = None
    ) -> Explanation:
        """What a query will read; with ``analyze`` it is run, and what it did is added."""
        self._check_open()
        return self._engine.explain(query_of(text), text, values_of(params), analyze, self._limit(timeout_s))

    # -------------------------------------------------------------- layers

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be read, by name; ``SHOW LAYERS`` has the others too."""
        return tuple(snapshot.layer for _, snapshot in self.store.snapshots() if snapshot is not None)

    @property
    def catalog(self) -> Catalog:
        """What statements can name, for whoever helps to write them: the store, and layers of attached servers."""
        return self._engine.attached.typed(self.store)

    def layer(self, name: str) -> Layer:
        """One layer.

        Raises:
            StoreError: there is none of this name.
        """
        found = self.store.layer(name)
        if found is None:
            raise StoreError(f"there is no layer {name!r}; layers are {', '.join(self.store.layer_names()) or 'none'}")
        return found

    def card(self, name: str) -> dict[str, Any]:
        """All that is told of a layer, as plain values for JSON that :meth:`edit_card` takes back.

        Raises:
            StoreError: there is no layer of this name.
        """
        return card_of(self.layer(name))

    def edit_card(self, name: str, card: Any) -> int | None:
        """Take an edited card: keys left out stay as they are, None takes a fact away.

        Returns:
            The layer's version that has it; None where nothing changes.

        Raises:
            CardError: what it tells cannot be so; all of it is said.
            StoreError: there is no layer of this name, or it cannot be written.
        """
        layer = self.layer(name)
        changed(layer, card)
        self.store.alter(layer.name, lambda latest: changed(latest, card), "card edited")
        after = self.layer(layer.name).version
        return after if after != layer.version else None

    def stac(self, name: str) -> dict[str, Any]:
        """A layer as a STAC 1.1 Collection, plain values for JSON.

        Raises:
            StoreError: there is no layer of this name.
        """
        self._check_open()
        return self._engine.collection(self.layer(name).name)

    def ingest(self, sources: Any, layer: str, **options: Any) -> IngestReport:
        """Read rasters, points or polygons into a layer: paths, folders, STAC; see :func:`cubeql.ingest.ingest`."""
        from cubeql.ingest import ingest

        return ingest(self.store, sources, layer, **options)

    def compact(self, *layers: str, dry_run: bool = False, **how: Any) -> tuple[CompactReport, ...]:
        """Put the files of layers (all, where none is named) in order; their rows stay as they are.

        Args:
            *layers: their names.
            dry_run: say what would be done, and do nothing.
            **how: ``target_bytes`` of a file, ``memory_bytes``, ``progress``, ``cancel``: see
                :class:`cubeql.storage.compactor.Compactor`.

        Raises:
            StoreError: there is no such layer, a file of it is damaged, or the store cannot be written.
        """
        names = layers or self.store.layer_names()
        return tuple(self.store.compact(name, dry_run=dry_run, **how) for name in names)

    def vacuum(
        self,
        *layers: str,
        keep_versions: int | None = None,
        keep_days: float | None = None,
        older_than: timedelta | None = None,
        dry_run: bool = False,
    ) -> VacuumReport:
        """Remove files that killed writers and drops left behind, and those of versions that are not to be kept.

        Args:
            *layers: whose old versions go; none is all. What is left behind goes in the whole store.
            keep_versions: of each layer keep the last so many versions; with neither this nor ``keep_days`` all stay.
            keep_days: of each layer keep the versions of the last so many days; with both, what either keeps.
            older_than: leave younger files alone, see :meth:`cubeql.storage.Store.vacuum`.
            dry_run: say what would be removed, and remove nothing.

        Raises:
            StoreError: there is no such layer, a log is damaged, or a file cannot be removed.
            ConfigError: versions of named layers are to go, but it is not said which.
        """
        from cubeql.storage.vacuum import VacuumReport

        if layers and keep_versions is None and keep_days is None:
            raise ConfigError("say which versions of the layers to keep, by keep_versions or keep_days")
        if keep_versions is not None and keep_versions < 1:
            raise ConfigError(f"keep_versions must be at least 1, but is {keep_versions}")
        if keep_days is not None and not keep_days > 0:
            raise ConfigError(f"keep_days must be above 0, but is {keep_days}")
        found = self.store.vacuum(
            older_than, remove=not dry_run, keep_versions=keep_versions, keep_days=keep_days, layers=layers
        )
        return VacuumReport(tuple(found), dry_run)

    def drop(self, name: str) -> None:
        """Remove a layer with all its versions."""
        self.store.drop(name)

    # -------------------------------------------------------------- control

    def cancel(self) -> None:
        """Stop all statements that run; readers of their results get :class:`~cubeql.errors.QueryCancelled`."""
        for one in self._at_work():
            one.cancel()

    def progress(self) -> Progress | None:
        """How far the statement that runs is, of several the newest; None where none does. Any thread may ask."""
        return newest_progress(self._at_work())

    def memory_bytes(self) -> int:
        """How much memory the engine holds; those who share it share that."""
        return memory_bytes(self._database) + self._engine.caches.arrays.bytes

    def close(self) -> None:
        """Stop what runs and free the engine; more than once does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.cancel()
        self._engine.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session on {self.store.address}>"


class _Rasters:
    """What reads rasters in place, loaded with the first of them."""

    def described(self, store: Store, name: str, paths: Any, options: Mapping[str, Any], text: str) -> RasterView:
        from cubeql.ingest.inplace import IngestRasters

        return IngestRasters().described(store, name, paths, options, text)

    def opened(self, store: Store, view: RasterView) -> OpenedRaster:
        from cubeql.ingest.inplace import IngestRasters

        return IngestRasters().opened(store, view)
