"""A server from its start to its end."""

from __future__ import annotations

from cubeql.server.audit import opened_book
from cubeql.server.deeds import Deed
from cubeql.server.desk import Desk
from cubeql.server.flight import FlightDoor
from cubeql.server.guests import Guests, Users
from cubeql.server.settings import ServerSettings, host_and_port
from cubeql.session import Session


class Serving:
    """A store that is served, from now until :meth:`stop`.

    Args:
        house: a session of the store's keeper; it stays open when the serving ends.
        users: tells whose a token is.
        settings: what is allowed.

    Attributes:
        guests: who is there.
        door: the Flight SQL server.
        book: the audit, where one is kept.
    """

    def __init__(self, house: Session, users: Users, settings: ServerSettings | None = None) -> None:
        self.settings = settings or ServerSettings()
        self._host, port = host_and_port(self.settings.flight.address)
        self.book = opened_book(self.settings.audit)
        desk = Desk(self.settings.limits, self._ended, lambda: self.book is not None and self.book.full)
        self.guests = Guests(house, users, self.settings.limits, self.settings.folders, desk)
        self.door = FlightDoor(self.guests, f"grpc://{self._shown_host}:{port}")

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"flight://{self._shown_host}:{self.door.port}"

    @property
    def _shown_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    def _ended(self, deed: Deed) -> None:
        if self.book is not None:
            self.book.deed(deed)

    def stop(self, grace_s: float = 0.0) -> None:
        """Let nobody in any more, give what runs some time, then end it."""
        self.guests.desk.drain(grace_s)
        self.door.shutdown()
        if self.book is not None:
            self.book.close()
