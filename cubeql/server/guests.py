"""Who is there: each login is a guest, with a session on the one engine that sees what the user may see."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pyarrow.flight import FlightDataStream

from cubeql.catalog.rights import Who
from cubeql.flight.told import tail_bytes
from cubeql.server.calls import Caller, caller
from cubeql.server.desk import Asked, Desk
from cubeql.server.settings import Limits
from cubeql.server.shapes import Prepared
from cubeql.server.tickets import Tickets
from cubeql.session import Parameters, Session
from cubeql.storage.tokens import Shown

PREPARED_S = 1800.0
"""How long a prepared statement is kept that nobody runs: a client that died does not close its own."""
COMPRESSIONS = ("none", "lz4", "zstd")
"""How the bodies of batches can be pressed together; it pays on slow links alone."""


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
        key: by which :class:`~cubeql.server.guestbook.Guests` knows him.
        shown: the token he came with; None of somebody who showed none.
        seen: when he asked for something the last time, by the clock of the book.
    """

    who: Who
    session: Session
    desk: Desk
    limits: Limits
    tickets: Tickets[Asked] = field(init=False)
    prepared: Tickets[Prepared] = field(init=False)
    compression: str = COMPRESSIONS[0]
    key: str = field(default="", repr=False)
    shown: Shown | None = None
    seen: float = 0.0

    def __post_init__(self) -> None:
        most, seconds = self.limits.ready_per_guest, self.limits.ready_s
        self.tickets = Tickets("statements whose rows wait to be fetched", most, seconds, self.desk.unfetched)
        most = self.limits.prepared_per_guest
        self.prepared = Tickets("prepared statements", most, PREPARED_S, lambda prepared: None)

    def asks(
        self, text: str, params: Parameters = None, timeout_s: float | None = None, number: bytes | None = None
    ) -> Asked:
        """A statement of his, made ready; see :meth:`cubeql.server.desk.Desk.ready`."""
        return self.desk.ready(self.who, self.session, text, params, self._call(), timeout_s, number)

    def fetches(self, asked: Asked, handle: bytes) -> FlightDataStream:
        """The rows of a statement that is ready; see :meth:`cubeql.server.desk.Desk.rows`."""
        call = self._call()
        said = (lambda: tail_bytes(asked.stats, asked.progress)) if call.own else None
        return self.desk.rows(asked, handle, call, said, self.compression)

    def _call(self) -> Caller:
        """The call that is answered, with the token that he came with."""
        return replace(caller(), token="" if self.shown is None else self.shown.id)

    def stops(self, handle: bytes) -> bool:
        """Stop a statement of his that is ready, or whose rows are fetched; gives whether there was one."""
        if self.tickets.drop(handle):
            return True
        found = self.desk.find(self.who, handle)
        if found is not None:
            found.stop()
        return found is not None

    @property
    def at_work(self) -> bool:
        """Whether a statement of his runs."""
        return self.session.progress() is not None

    def expire(self) -> None:
        """Free what he did not come for in time."""
        self.tickets.expire()
        self.prepared.expire()

    def leave(self) -> None:
        """Free all that the guest has here."""
        self.tickets.close()
        self.prepared.close()
        self.session.close()

