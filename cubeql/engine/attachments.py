"""The servers that a session has attached, and what it asks them.

What goes wrong there is told with the server's name as it is known here, and with nothing of the token.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Catalog, Mounted
from cubeql.errors import CubeQLError, QueryError, QueryTimeout, diagnose
from cubeql.flight.address import FlightAddress
from cubeql.flight.catalog import ACTION, RemoteCatalog

if TYPE_CHECKING:
    from cubeql.flight.calling import Connection, ServerFault

Allowed = bool | tuple[str, ...]
"""Whether servers may be attached, or which (``host:port``)."""
Way = Callable[[str], tuple[str | None, Mapping[str, bytes]]]
_FRESH_S = 10.0
_FAULTS = {"token": "server_token", "gone": "server_gone", "refused": "server_refuses", "timeout": "server_slow"}


class Attachment:
    """An attached server.

    Attributes:
        name: what it is called here.
        connection: the way to it.
        catalog: what it holds.
        recent: the same, as it was some seconds ago.
    """

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.connection = connection
        self.catalog = RemoteCatalog(self._ask)
        self.recent = _Remembered(self._ask)

    def _ask(self, question: Any) -> Any:
        with self.faults():
            return self.connection.ask(ACTION, question)

    @contextmanager
    def faults(self, text: str = "") -> Iterator[None]:
        """Tell faults of the server as such of a statement here.

        Raises:
            QueryError: the server refuses what it is asked, or does not answer.
        """
        from cubeql.flight.calling import ServerFault

        try:
            yield
        except ServerFault as fault:
            raise self.fault(fault, text) from fault

    def fault(self, fault: ServerFault, text: str = "") -> QueryError:
        """The error here for a fault there."""
        told = fault.fault
        reason = told.diagnostics[0].message if isinstance(told, QueryError) else fault.reason.split("\n")[0]
        code = "server_slow" if isinstance(told, QueryTimeout) else _FAULTS.get(fault.kind, "server_fails")
        return QueryError([diagnose(code, None, server=self.name, reason=reason)], text)


class Attachments:
    """The attached servers of one session. Safe to share between threads.

    Args:
        allowed: which may be attached.
        way: gives the token for a server (``host:port``) and the certificates; see
            :class:`cubeql.flight.calling.Connection`.
    """

    def __init__(self, allowed: Allowed = False, way: Way = lambda place: (None, {})) -> None:
        self._allowed, self._way = allowed, way
        self._lock = threading.Lock()
        self._there: dict[str, Attachment] = {}

    def __bool__(self) -> bool:
        return bool(self._there)

    def all(self) -> tuple[Attachment, ...]:
        """All of them, by name."""
        with self._lock:
            return tuple(self._there[name] for name in sorted(self._there))

    def of(self, name: str) -> Attachment | None:
        """The server that a name of two parts or more belongs to."""
        first, dot, _ = name.partition(".")
        return self._there.get(first.casefold()) if dot else None

    def named(self, name: str) -> Attachment | None:
        """The server of a name."""
        return self._there.get(name.casefold())

    # -------------------------------------------------------------- coming and going

    def allows(self, address: FlightAddress) -> bool:
        """Whether a server may be attached."""
        return self._allowed if isinstance(self._allowed, bool) else address.place in self._allowed

    def add(self, name: str, address: FlightAddress) -> int:
        """Attach a server; one of the same name is let go.

        Returns:
            How many layers it has.

        Raises:
            QueryError: it does not answer, or lets nobody in.
            ConfigError: a file of the token or the certificates cannot be read.
        """
        from cubeql.flight.calling import Connection  # loads what only servers need

        found = Attachment(name, Connection(address, *self._way(address.place)))
        try:
            layers = len(found.catalog.layer_names())
        except CubeQLError:
            found.connection.close()
            raise
        with self._lock:
            before = self._there.get(name.casefold())
            self._there[name.casefold()] = found
        if before is not None:
            before.connection.close()
        return layers

    def follow(self, other: Attachments) -> None:
        """Attach what another session has attached, by ways of one's own."""
        from cubeql.flight.calling import Connection

        made = {a.name.casefold(): Attachment(a.name, Connection(*a.connection.way)) for a in other.all()}
        with self._lock:
            self._there |= made

    def remove(self, name: str) -> bool:
        """Let a server go; whether there was one."""
        with self._lock:
            found = self._there.pop(name.casefold(), None)
        if found is not None:
            found.connection.close()
        return found is not None

    def close(self) -> None:
        """Let all go."""
        for one in self.all():
            self.remove(one.name)

    # -------------------------------------------------------------- what analysis asks

    def mounted(self, own: Catalog) -> Catalog:
        """A catalog with the servers' layers in it."""
        return Mounted(own, lambda: {one.name: one.catalog for one in self.all()}, self)

    def typed(self, own: Catalog) -> Catalog:
        """The same for whoever is typing: what is known of servers may be some seconds old."""
        return Mounted(own, lambda: {one.name: one.recent for one in self.all()}, self)

    def server(self, name: str) -> str | None:
        """See :class:`cubeql.analyze.context.Away`."""
        found = self.of(name)
        return found.name if found is not None else None

    def view(self, name: str) -> tuple[tuple[OutputColumn, ...], str | None] | None:
        """See :class:`cubeql.analyze.context.Away`."""
        found = self.of(name)
        view = found.catalog.remote_view(name.partition(".")[2]) if found is not None else None
        return (view.columns, view.reason) if view is not None else None


class _Remembered(RemoteCatalog):
    """A server's catalog whose answers are kept for a few seconds: words are completed as they are typed."""

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        super().__init__(self._recent)
        self._afresh = ask
        self._answers: dict[str, tuple[float, Any]] = {}

    def _recent(self, question: Mapping[str, Any]) -> Any:
        key, now = repr(sorted(question.items())), time.monotonic()
        found = self._answers.get(key)
        if found is None or now - found[0] > _FRESH_S:
            self._answers = {k: a for k, a in self._answers.items() if now - a[0] <= _FRESH_S}
            found = self._answers[key] = now, self._afresh(question)
        return found[1]
