"""A session on a served store, with the methods of :class:`cubeql.session.Session`."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cubeql.catalog import Layer
from cubeql.catalog.card import card_of
from cubeql.client.calls import RemoteCall
from cubeql.client.catalog import RemoteStore
from cubeql.client.connection import Connection
from cubeql.client.faults import ServerGone
from cubeql.client.ownsettings import is_ours, set_ours
from cubeql.client.settings import RemoteSettings
from cubeql.compiler import CompiledQuery, compile_query, query_of
from cubeql.engine.explanation import EXPLANATION, Explanation
from cubeql.engine.progress import Progress
from cubeql.engine.ready import Ready
from cubeql.engine.result import Result
from cubeql.errors import ConfigError, Diagnostic, QueryError, StoreError
from cubeql.flight.address import FlightAddress
from cubeql.flight.told import object_bytes, object_of
from cubeql.flight.values import params_text
from cubeql.lang import nodes, parse, parse_statement, split_statements
from cubeql.parameters import Parameters, values_of

if TYPE_CHECKING:
    from datetime import timedelta

    from cubeql.ingest.report import IngestReport
    from cubeql.storage.compactor import CompactReport
    from cubeql.storage.vacuum import VacuumReport


_READ = (nodes.QueryStatement, nodes.Explain, nodes.Show, nodes.Describe)
_ASKING_S = 60.0


class RemoteSession:
    """Statements on a store that is served elsewhere.

    Queries may run in several threads at once; :meth:`cancel` may be called from any. The server is asked when there is
    something to ask: one that is away when the session is made may be there when a statement is run.

    Args:
        address: ``flight://host:port``.
        token: what the server knows the user by, see :class:`cubeql.client.settings.RemoteSettings`.
        **settings: the others of these.
    """

    def __init__(self, address: str, token: str | None = None, **settings: Any) -> None:
        place = FlightAddress.of(address)
        self._begin(place, RemoteSettings.of({"token": token, **settings}).at(place))

    def _begin(self, address: FlightAddress, settings: RemoteSettings) -> None:
        self.settings = settings
        self._connection = Connection(address, settings)
        self.store = RemoteStore(self._connection)
        self._running: weakref.WeakSet[RemoteCall] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def catalog(self) -> RemoteStore:
        """What statements can name: what the server's store holds."""
        return self.store

    def another(self) -> RemoteSession:
        """A session on the same server, which can be cancelled and closed by itself."""
        found = RemoteSession.__new__(RemoteSession)
        found._begin(self._connection.address, self.settings)
        return found

    def set(self, name: str, value: Any) -> None:
        """Give ``timeout_s`` another value; None takes it away. Other settings are the server's.

        Raises:
            ConfigError: it is another one, or the value means nothing.
        """
        if name in ("token", "tls_ca", "tls_cert", "tls_key"):
            raise ConfigError(f"{name} is given when the session is opened, and stays")
        RemoteSettings.of({name: value})
        self.settings = replace(self.settings, timeout_s=value)

    # -------------------------------------------------------------- statements

    def query(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Result:
        """Run one statement at the server; its rows stream from there.

        Args:
            text: the statement.
            params: values of ``$name`` (a mapping) or ``?`` (a sequence); geometries, dates and lists can be given.
            timeout_s: time limit in seconds.

        Raises:
            QueryError: the statement is at fault; ``diagnostics`` has all faults, with places.
            StoreError: the store is, or the server cannot be reached.
        """
        return self.ready(text, params, timeout_s).start()

    def ready(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Ready:
        """Have one statement made ready to run: its schema is known, and its rows can be asked for later.

        Statements that change something are run at once; see :meth:`query`.
        """
        statement, given = parse_statement(text), values_of(params)
        if is_ours(statement):
            return set_ours(statement, text, given, self.store, self.set)
        values = params_text(given)
        try:
            found = self._asked(statement, text, values, timeout_s)
            return self._copied(found) if isinstance(statement, nodes.Copy) else found
        finally:
            if not isinstance(statement, _READ):
                self.store.stale()

    def _asked(self, statement: nodes.Statement, text: str, values: str | None, timeout_s: float | None) -> Ready:
        """A statement made ready. One that only reads is asked again where the connection broke; no other ever is."""
        try:
            return self._started(text, timeout_s).ready(values)
        except ServerGone as gone:
            if not gone.sent:
                raise
            if not isinstance(statement, _READ):
                hint = "look before you run it again"
                raise StoreError(f"{gone}: the statement may have been run, or not\n  hint: {hint}") from None
        return self._started(text, timeout_s).ready(values)

    def _copied(self, found: Ready) -> Ready:
        """A copy that was made: its file lies there, not here."""
        said = f"{found.message}, at the server {self._connection.address.place}"

        def start() -> Result:
            result = found.start()
            result.message = said
            return result

        return replace(found, message=said, start=start)

    def run(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Iterator[Result]:
        """Run the statements of a script one after the other; nothing is run where any cannot be read.

        A statement runs when its result is asked for; read a result before asking for the next.
        """
        parse(text)
        for part, _ in split_statements(text):
            yield self.query(part, params, timeout_s)

    def compile(self, text: str, params: Parameters = None) -> CompiledQuery:
        """The plan and SQL of a query, made here of what the server tells of its layers; nothing is run."""
        return compile_query(query_of(text), self.store, values_of(params), text)

    def explain(
        self, text: str, params: Parameters = None, analyze: bool = False, timeout_s: float | None = None
    ) -> Explanation:
        """What a query will read at the server; with ``analyze`` it is run, and what it did is added."""
        at = query_of(text).span.start
        head = "EXPLAIN ANALYZE " if analyze else "EXPLAIN "
        try:
            with self.query(head + text[at:], params, timeout_s) as found:
                told = (found.schema.metadata or {}).get(EXPLANATION)
        except QueryError as fault:
            moved = [_moved(d, at - len(head)) for d in fault.diagnostics]
            raise type(fault)(moved, text) from None
        if told is None:
            raise StoreError(f"{self._connection.address.place} does not explain in a way that this CubeQL can read")
        return Explanation.from_dict(json.loads(told))

    # -------------------------------------------------------------- layers

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be read, by name; ``SHOW LAYERS`` has the others too."""
        return self.store.layers()

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
        """All that is told of a layer, as plain values for JSON.

        Raises:
            StoreError: there is no layer of this name.
        """
        return card_of(self.layer(name))

    def stac(self, name: str) -> dict[str, Any]:
        """A layer as a STAC 1.1 Collection, plain values for JSON.

        Raises:
            StoreError: there is no layer of this name.
        """
        asked = object_bytes({"layer": self.layer(name).name})
        return object_of(self._connection.act("cubeql.stac", asked, timeout_s=_ASKING_S))

    def drop(self, name: str) -> None:
        """Remove a layer with all its versions.

        Raises:
            StoreError: there is no layer of this name.
            QueryError: it may not be removed by this user.
        """
        with self.query(f"DROP LAYER {_quoted(self.layer(name).name)}"):
            pass

    def edit_card(self, name: str, card: Any) -> int | None:
        """Not done through a server: ``ALTER LAYER name SET (…)`` changes what is told of a layer there.

        Raises:
            ConfigError: always.
        """
        raise self._refused("cards are edited where the store lies; ALTER LAYER … SET (…) works from here")

    def ingest(self, sources: Any, layer: str, **options: Any) -> IngestReport:
        """Not done through a server: files are read where the store lies.

        Raises:
            ConfigError: always.
        """
        raise self._refused("files are ingested where the store lies; rows of Arrow can be sent by ADBC")

    def compact(self, *layers: str, dry_run: bool = False, **how: Any) -> tuple[CompactReport, ...]:
        """Not done through a server.

        Raises:
            ConfigError: always.
        """
        raise self._refused("files are put in order where the store lies")

    def vacuum(
        self,
        *layers: str,
        keep_versions: int | None = None,
        keep_days: float | None = None,
        older_than: timedelta | None = None,
        dry_run: bool = False,
    ) -> VacuumReport:
        """Not done through a server.

        Raises:
            ConfigError: always.
        """
        raise self._refused("files are removed where the store lies")

    def _refused(self, why: str) -> ConfigError:
        return ConfigError(f"{self._connection.address.place} serves the store to others: {why}")

    def _started(self, text: str, timeout_s: float | None) -> RemoteCall:
        limit = timeout_s if timeout_s is not None else self.settings.timeout_s
        call = RemoteCall(self._connection, text, limit)
        with self._lock:
            if self._closed:
                raise ConfigError("this session is closed; connect again")
            self._running.add(call)
        return call

    def _at_work(self) -> list[RemoteCall]:
        with self._lock:
            return [call for call in self._running if call.at_work]

    # -------------------------------------------------------------- control

    def cancel(self) -> None:
        """Stop all statements that run; readers of their results get :class:`~cubeql.errors.QueryCancelled`."""
        for one in self._at_work():
            one.cancel()

    def progress(self) -> Progress | None:
        """How far the statement that runs is, of several the newest; None where none does. Any thread may ask."""
        at_work = self._at_work()
        return max(at_work, key=lambda one: one.began).progress() if at_work else None

    def close(self) -> None:
        """Stop what runs and leave the server; more than once does no harm."""
        with self._lock:
            self._closed = True
        self.cancel()
        self._connection.close()

    def __enter__(self) -> RemoteSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RemoteSession on {self._connection.address}>"


def _quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _moved(found: Diagnostic, by: int) -> Diagnostic:
    return found if found.span is None else replace(found, span=found.span.shifted(by))
