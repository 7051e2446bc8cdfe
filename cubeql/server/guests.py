"""Who is there: each login is a guest, with a session on the one engine that sees what the user may see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pyarrow.flight import FlightDataStream

from cubeql.catalog.rights import Who
from cubeql.flight.told import tail_bytes
from cubeql.server.calls import caller
from cubeql.server.desk import Asked, Desk
from cubeql.server.settings import Folders, Limits
from cubeql.server.shapes import Prepared
from cubeql.server.tickets import Tickets
from cubeql.session import Parameters, Session

PREPARED_S = 1800.0
"""How long a prepared statement is kept that nobody runs: a client that died does not close its own."""
COMPRESSIONS = ("none", "lz4", "zstd")
"""How the bodies of batches can be pressed together; it pays on slow links alone."""
Users = Callable[[str], Who | None]
"""Tells whose a token is; None of one that is not good."""


@dataclass(slots=True)
class Guest:
    """A login.

    Attributes:
        who: the user.
        session: his session.
        desk: where his statements are taken.
        limits: of what he may take.
        tickets: of statements that wait for their rows to be fetched.
        prepared: his prepared statements.
        compression: of the rows that he fetches, one of :data:`COMPRESSIONS`.
    """

    who: Who
    session: Session
    desk: Desk
    limits: Limits
    tickets: Tickets[Asked] = field(init=False)
    prepared: Tickets[Prepared] = field(init=False)
    compression: str = COMPRESSIONS[0]

    def __post_init__(self) -> None:
        most, seconds = self.limits.ready_per_guest, self.limits.ready_s
        self.tickets = Tickets("statements whose rows wait to be fetched", most, seconds, Asked.close)
        most = self.limits.prepared_per_guest
        self.prepared = Tickets("prepared statements", most, PREPARED_S, lambda prepared: None)

    def asks(
        self, text: str, params: Parameters = None, timeout_s: float | None = None, number: bytes | None = None
    ) -> Asked:
        """A statement of his, made ready; see :meth:`cubeql.server.desk.Desk.ready`."""
        return self.desk.ready(self.who, self.session, text, params, caller(), timeout_s, number)

    def fetches(self, asked: Asked, handle: bytes) -> FlightDataStream:
        """The rows of a statement that is ready; see :meth:`cubeql.server.desk.Desk.rows`."""
        call = caller()
        said = (lambda: tail_bytes(asked.stats, asked.progress)) if call.own else None
        return self.desk.rows(asked, handle, call, said, self.compression)

    def stops(self, handle: bytes) -> bool:
        """Stop a statement of his that is ready, or whose rows are fetched; gives whether there was one."""
        if self.tickets.drop(handle):
            return True
        found = self.desk.find(self.who, handle)
        if found is not None:
            found.stop()
        return found is not None

    def leave(self) -> None:
        """Free all that the guest has here."""
        self.tickets.close()
        self.prepared.close()
        self.session.close()


class Guests:
    """The guests of a server, one a token. Safe to share between threads."""

    def __init__(
        self,
        house: Session,
        users: Users,
        limits: Limits | None = None,
        folders: Folders | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._house, self._users, self._limits = house, users, limits or Limits()
        self._folders = folders or Folders()
        self.desk = desk or Desk(self._limits)
        self._lock = threading.Lock()
        self._there: dict[str, Guest] = {}

    def of_token(self, token: str) -> Guest | None:
        """The guest of a token; None where it is not good."""
        who = self._users(token)
        if who is None:
            return None
        with self._lock:
            found = self._there.get(token)
            if found is None or found.who != who:
                session = self._session(who)
                found = self._there[token] = Guest(who, session, self.desk, self._limits)
            return found

    def count(self) -> int:
        """How many are there."""
        return len(self._there)

    def _session(self, who: Who) -> Session:
        """A session within the folders and limits of the server."""
        folders = self._folders
        return self._house.for_user(
            who, in_place=False, timeout_s=self._limits.run_s, files_from=folders.files, copies_to=folders.copies,
            file_bytes=folders.file_bytes, copy_bytes=folders.copy_bytes,
        )  # fmt: skip
